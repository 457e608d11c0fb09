"""The face in Keras's words: `from cthulhu import keras`.

Written by scripts/faces.py.
"""

from cthulhu import __version__ as __version__
from cthulhu import vocabulary
from cthulhu.keras import activations as activations
from cthulhu.keras import backend as backend
from cthulhu.keras import callbacks as callbacks
from cthulhu.keras import constraints as constraints
from cthulhu.keras import engine as engine
from cthulhu.keras import initializations as initializations
from cthulhu.keras import initializers as initializers
from cthulhu.keras import layers as layers
from cthulhu.keras import legacy as legacy
from cthulhu.keras import losses as losses
from cthulhu.keras import metrics as metrics
from cthulhu.keras import models as models
from cthulhu.keras import objectives as objectives
from cthulhu.keras import optimizers as optimizers
from cthulhu.keras import regularizers as regularizers
from cthulhu.keras import utils as utils
from cthulhu.keras import wrappers as wrappers
from cthulhu.layers import Input as Input
from cthulhu.models import Model as Model
from cthulhu.models import Sequential as Sequential

__getattr__, __dir__ = vocabulary.face(__name__)
