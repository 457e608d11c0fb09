"""`keras.layers.noise`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import AlphaDropout as AlphaDropout
from cthulhu.layers import GaussianDropout as GaussianDropout
from cthulhu.layers import GaussianNoise as GaussianNoise

__getattr__, __dir__ = vocabulary.face(__name__)
