"""`keras.layers.embeddings`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Embedding as Embedding

__getattr__, __dir__ = vocabulary.face(__name__)
