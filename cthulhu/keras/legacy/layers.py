"""`keras.legacy.layers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Highway as Highway
from cthulhu.layers import MaxoutDense as MaxoutDense
from cthulhu.layers.historic import Merge as Merge
from cthulhu.layers.historic import merge as merge

__getattr__, __dir__ = vocabulary.face(__name__)
