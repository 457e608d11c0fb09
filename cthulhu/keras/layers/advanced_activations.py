"""`keras.layers.advanced_activations`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import ELU as ELU
from cthulhu.layers import LeakyReLU as LeakyReLU
from cthulhu.layers import PReLU as PReLU
from cthulhu.layers import ReLU as ReLU
from cthulhu.layers import Softmax as Softmax
from cthulhu.layers import ThresholdedReLU as ThresholdedReLU

__getattr__, __dir__ = vocabulary.face(__name__)
