"""`keras.engine.network`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.models import Network as Container
from cthulhu.models import Network as Network
from cthulhu.models import get_source_inputs as get_source_inputs

__getattr__, __dir__ = vocabulary.face(__name__)
