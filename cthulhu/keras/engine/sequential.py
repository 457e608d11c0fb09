"""`keras.engine.sequential`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.models import Sequential as Sequential

__getattr__, __dir__ = vocabulary.face(__name__)
