"""`keras.activations`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.activations import deserialize as deserialize
from cthulhu.activations import elu as elu
from cthulhu.activations import exponential as exponential
from cthulhu.activations import gelu as gelu
from cthulhu.activations import get as get
from cthulhu.activations import hard_sigmoid as hard_sigmoid
from cthulhu.activations import linear as linear
from cthulhu.activations import mish as mish
from cthulhu.activations import relu as relu
from cthulhu.activations import selu as selu
from cthulhu.activations import serialize as serialize
from cthulhu.activations import sigmoid as sigmoid
from cthulhu.activations import silu as silu
from cthulhu.activations import softmax as softmax
from cthulhu.activations import softplus as softplus
from cthulhu.activations import softsign as softsign
from cthulhu.activations import swish as swish
from cthulhu.activations import tanh as tanh

__getattr__, __dir__ = vocabulary.face(__name__)
