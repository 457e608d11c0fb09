"""`keras.utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.keras.utils import conv_utils as conv_utils
from cthulhu.keras.utils import data_utils as data_utils
from cthulhu.keras.utils import generic_utils as generic_utils
from cthulhu.keras.utils import io_utils as io_utils
from cthulhu.keras.utils import layer_utils as layer_utils
from cthulhu.keras.utils import losses_utils as losses_utils
from cthulhu.keras.utils import metrics_utils as metrics_utils
from cthulhu.keras.utils import np_utils as np_utils
from cthulhu.keras.utils import vis_utils as vis_utils
from cthulhu.keras.utils import visualize_util as visualize_util
from cthulhu.utils import CustomObjectScope as CustomObjectScope
from cthulhu.utils import GeneratorEnqueuer as GeneratorEnqueuer
from cthulhu.utils import H5Dict as H5Dict
from cthulhu.utils import HDF5Matrix as HDF5Matrix
from cthulhu.utils import OrderedEnqueuer as OrderedEnqueuer
from cthulhu.utils import Progbar as Progbar
from cthulhu.utils import Sequence as Sequence
from cthulhu.utils import SequenceEnqueuer as SequenceEnqueuer
from cthulhu.utils import ask_to_proceed_with_overwrite as ask_to_proceed_with_overwrite
from cthulhu.utils import convert_all_kernels_in_model as convert_all_kernels_in_model
from cthulhu.utils import count_params as count_params
from cthulhu.utils import custom_object_scope as custom_object_scope
from cthulhu.utils import deserialize_keras_object as deserialize_keras_object
from cthulhu.utils import get_custom_objects as get_custom_objects
from cthulhu.utils import get_source_inputs as get_source_inputs
from cthulhu.utils import load_from_binary_h5py as load_from_binary_h5py
from cthulhu.utils import model_to_dot as model_to_dot
from cthulhu.utils import normalize as normalize
from cthulhu.utils import plot_model as plot_model
from cthulhu.utils import print_summary as print_summary
from cthulhu.utils import save_to_binary_h5py as save_to_binary_h5py
from cthulhu.utils import serialize_keras_object as serialize_keras_object
from cthulhu.utils import to_categorical as to_categorical

__getattr__, __dir__ = vocabulary.face(__name__)
