"""`keras.utils.generic_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.legacy import func_dump as func_dump
from cthulhu.legacy import func_load as func_load
from cthulhu.legacy import has_arg as has_arg
from cthulhu.legacy import is_all_none as is_all_none
from cthulhu.legacy import object_list_uid as object_list_uid
from cthulhu.legacy import slice_arrays as slice_arrays
from cthulhu.legacy import to_list as to_list
from cthulhu.legacy import unpack_singleton as unpack_singleton
from cthulhu.utils import CustomObjectScope as CustomObjectScope
from cthulhu.utils import Progbar as Progbar
from cthulhu.utils import custom_object_scope as custom_object_scope
from cthulhu.utils import deserialize_keras_object as deserialize_keras_object
from cthulhu.utils import get_custom_objects as get_custom_objects
from cthulhu.utils import serialize_keras_object as serialize_keras_object

__getattr__, __dir__ = vocabulary.face(__name__)
