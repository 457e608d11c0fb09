"""`keras.engine.topology`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Input as Input
from cthulhu.layers import InputLayer as InputLayer
from cthulhu.layers import InputSpec as InputSpec
from cthulhu.layers import Layer as Layer
from cthulhu.layers.historic import Merge as Merge
from cthulhu.layers.historic import merge as merge
from cthulhu.models import Model as Model
from cthulhu.models import Network as Container
from cthulhu.models import Network as Network
from cthulhu.models import get_source_inputs as get_source_inputs

__getattr__, __dir__ = vocabulary.face(__name__)
