"""`keras.layers.wrappers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Bidirectional as Bidirectional
from cthulhu.layers import TimeDistributed as TimeDistributed
from cthulhu.layers import Wrapper as Wrapper

__getattr__, __dir__ = vocabulary.face(__name__)
