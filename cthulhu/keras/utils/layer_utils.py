"""`keras.utils.layer_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.saving import (
    convert_dense_weights_data_format as convert_dense_weights_data_format,
)
from cthulhu.utils import convert_all_kernels_in_model as convert_all_kernels_in_model
from cthulhu.utils import count_params as count_params
from cthulhu.utils import get_source_inputs as get_source_inputs
from cthulhu.utils import print_summary as print_summary

__getattr__, __dir__ = vocabulary.face(__name__)
