"""`keras.utils.conv_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.legacy import conv_input_length as conv_input_length
from cthulhu.legacy import conv_output_length as conv_output_length
from cthulhu.legacy import deconv_length as deconv_length
from cthulhu.legacy import normalize_padding as normalize_padding
from cthulhu.legacy import normalize_tuple as normalize_tuple
from cthulhu.saving import convert_kernel as convert_kernel

__getattr__, __dir__ = vocabulary.face(__name__)
