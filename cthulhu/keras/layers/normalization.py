"""`keras.layers.normalization`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import BatchNormalization as BatchNormalization
from cthulhu.layers import LayerNormalization as LayerNormalization

__getattr__, __dir__ = vocabulary.face(__name__)
