"""`keras.layers.merge`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Add as Add
from cthulhu.layers import Average as Average
from cthulhu.layers import Concatenate as Concatenate
from cthulhu.layers import Dot as Dot
from cthulhu.layers import Maximum as Maximum
from cthulhu.layers import Minimum as Minimum
from cthulhu.layers import Multiply as Multiply
from cthulhu.layers import Subtract as Subtract
from cthulhu.layers import add as add
from cthulhu.layers import average as average
from cthulhu.layers import concatenate as concatenate
from cthulhu.layers import dot as dot
from cthulhu.layers import maximum as maximum
from cthulhu.layers import minimum as minimum
from cthulhu.layers import multiply as multiply
from cthulhu.layers import subtract as subtract
from cthulhu.layers.historic import merge as _merge

__getattr__, __dir__ = vocabulary.face(__name__, _merge)
