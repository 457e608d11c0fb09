"""`keras.utils.np_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import normalize as normalize
from cthulhu.utils import to_categorical as to_categorical

__getattr__, __dir__ = vocabulary.face(__name__)
