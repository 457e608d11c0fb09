"""`keras.utils.io_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import H5Dict as H5Dict
from cthulhu.utils import HDF5Matrix as HDF5Matrix
from cthulhu.utils import ask_to_proceed_with_overwrite as ask_to_proceed_with_overwrite
from cthulhu.utils import load_from_binary_h5py as load_from_binary_h5py
from cthulhu.utils import save_to_binary_h5py as save_to_binary_h5py

__getattr__, __dir__ = vocabulary.face(__name__)
