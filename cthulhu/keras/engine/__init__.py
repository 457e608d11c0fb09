"""`keras.engine`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Input as Input
from cthulhu.layers import InputLayer as InputLayer
from cthulhu.layers import InputSpec as InputSpec
from cthulhu.layers import Layer as Layer
from cthulhu.models import Model as Model

__getattr__, __dir__ = vocabulary.face(__name__)
