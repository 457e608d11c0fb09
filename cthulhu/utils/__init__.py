"""Keras's public helper names, from the rooms that hold them.

No code of its own: a helper lives in the room whose business it is.
"""

from cthulhu import vocabulary
from cthulhu.callbacks import Progbar as Progbar
from cthulhu.core.registry import custom_object_scope as CustomObjectScope
from cthulhu.core.registry import custom_object_scope as custom_object_scope
from cthulhu.core.registry import (
    deserialize_keras_object as deserialize_keras_object,
)
from cthulhu.core.registry import get_custom_objects as get_custom_objects
from cthulhu.core.registry import serialize as serialize_keras_object
from cthulhu.data import GeneratorEnqueuer as GeneratorEnqueuer
from cthulhu.data import HDF5Matrix as HDF5Matrix
from cthulhu.data import OrderedEnqueuer as OrderedEnqueuer
from cthulhu.data import Sequence as Sequence
from cthulhu.data import SequenceEnqueuer as SequenceEnqueuer
from cthulhu.data import normalize as normalize
from cthulhu.data import to_categorical as to_categorical
from cthulhu.models import get_source_inputs as get_source_inputs
from cthulhu.models import model_to_dot as model_to_dot
from cthulhu.models import plot_model as plot_model
from cthulhu.models.summary import count_params as count_params
from cthulhu.models.summary import print_summary as print_summary
from cthulhu.saving import H5Dict as H5Dict
from cthulhu.saving import (
    ask_to_proceed_with_overwrite as ask_to_proceed_with_overwrite,
)
from cthulhu.saving import (
    convert_all_kernels_in_model as convert_all_kernels_in_model,
)
from cthulhu.saving import load_from_binary_h5py as load_from_binary_h5py
from cthulhu.saving import save_to_binary_h5py as save_to_binary_h5py

__getattr__, __dir__ = vocabulary.face(__name__)
