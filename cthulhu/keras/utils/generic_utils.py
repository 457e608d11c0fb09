"""`keras.utils.generic_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import CustomObjectScope as CustomObjectScope
from cthulhu.utils import Progbar as Progbar
from cthulhu.utils import custom_object_scope as custom_object_scope
from cthulhu.utils import get_custom_objects as get_custom_objects
from cthulhu.utils import serialize_keras_object as serialize_keras_object

__getattr__, __dir__ = vocabulary.face(__name__)
