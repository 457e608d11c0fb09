"""`keras.utils.io_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import HDF5Matrix as HDF5Matrix

__getattr__, __dir__ = vocabulary.face(__name__)
