"""`keras.wrappers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.keras.wrappers import scikit_learn as scikit_learn
from cthulhu.wrappers import BaseWrapper as BaseWrapper
from cthulhu.wrappers import KerasClassifier as KerasClassifier
from cthulhu.wrappers import KerasRegressor as KerasRegressor

__getattr__, __dir__ = vocabulary.face(__name__)
