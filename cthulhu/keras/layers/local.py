"""`keras.layers.local`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import LocallyConnected1D as LocallyConnected1D
from cthulhu.layers import LocallyConnected2D as LocallyConnected2D

__getattr__, __dir__ = vocabulary.face(__name__)
