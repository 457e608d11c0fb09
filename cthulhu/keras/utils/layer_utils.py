"""`keras.utils.layer_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import count_params as count_params
from cthulhu.utils import print_summary as print_summary

__getattr__, __dir__ = vocabulary.face(__name__)
