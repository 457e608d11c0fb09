"""`keras.layers.convolutional_recurrent`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import ConvLSTM2D as ConvLSTM2D
from cthulhu.layers import ConvLSTM2DCell as ConvLSTM2DCell
from cthulhu.layers import ConvRNN2D as ConvRNN2D

__getattr__, __dir__ = vocabulary.face(__name__)
