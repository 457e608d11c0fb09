"""Models: networks of layers that are trained, saved, cloned and shown."""

from cthulhu import vocabulary
from cthulhu.layers.input import Input as Input
from cthulhu.layers.input import InputLayer as InputLayer
from cthulhu.models.cloning import clone_model as clone_model
from cthulhu.models.cloning import model_from_config as model_from_config
from cthulhu.models.cloning import model_from_json as model_from_json
from cthulhu.models.cloning import model_from_yaml as model_from_yaml
from cthulhu.models.model import Model as Model
from cthulhu.models.network import Network as Network
from cthulhu.models.network import get_source_inputs as get_source_inputs
from cthulhu.models.plot import model_to_dot as model_to_dot
from cthulhu.models.plot import plot_model as plot_model
from cthulhu.models.sequential import Sequential as Sequential
from cthulhu.saving import load_model as load_model
from cthulhu.saving import save_model as save_model

__getattr__, __dir__ = vocabulary.face(__name__)
