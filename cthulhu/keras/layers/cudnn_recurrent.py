"""`keras.layers.cudnn_recurrent`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import CuDNNGRU as CuDNNGRU
from cthulhu.layers import CuDNNLSTM as CuDNNLSTM

__getattr__, __dir__ = vocabulary.face(__name__)
