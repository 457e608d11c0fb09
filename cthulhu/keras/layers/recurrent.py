"""`keras.layers.recurrent`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import GRU as GRU
from cthulhu.layers import LSTM as LSTM
from cthulhu.layers import RNN as RNN
from cthulhu.layers import GRUCell as GRUCell
from cthulhu.layers import LSTMCell as LSTMCell
from cthulhu.layers import SimpleRNN as SimpleRNN
from cthulhu.layers import SimpleRNNCell as SimpleRNNCell
from cthulhu.layers import StackedRNNCells as StackedRNNCells

__getattr__, __dir__ = vocabulary.face(__name__)
