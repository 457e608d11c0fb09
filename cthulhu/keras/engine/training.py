"""`keras.engine.training`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.models import Model as Model

__getattr__, __dir__ = vocabulary.face(__name__)
