"""`keras.utils.visualize_util`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.utils import model_to_dot as model_to_dot
from cthulhu.utils import plot_model as plot_model

__getattr__, __dir__ = vocabulary.face(__name__)
