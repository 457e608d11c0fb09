"""`keras.models`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers.historic import Merge as Merge
from cthulhu.models import Input as Input
from cthulhu.models import InputLayer as InputLayer
from cthulhu.models import Model as Model
from cthulhu.models import Network as Container
from cthulhu.models import Network as Network
from cthulhu.models import Sequential as Sequential
from cthulhu.models import clone_model as clone_model
from cthulhu.models import get_source_inputs as get_source_inputs
from cthulhu.models import load_model as load_model
from cthulhu.models import model_from_config as model_from_config
from cthulhu.models import model_from_json as model_from_json
from cthulhu.models import model_from_yaml as model_from_yaml
from cthulhu.models import model_to_dot as model_to_dot
from cthulhu.models import plot_model as plot_model
from cthulhu.models import save_model as save_model

__getattr__, __dir__ = vocabulary.face(__name__)
