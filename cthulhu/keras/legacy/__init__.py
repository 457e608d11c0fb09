"""`keras.legacy`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.keras.legacy import layers as layers

__getattr__, __dir__ = vocabulary.face(__name__)
