"""`keras.wrappers.scikit_learn`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.wrappers import KerasClassifier as KerasClassifier
from cthulhu.wrappers import KerasRegressor as KerasRegressor

__getattr__, __dir__ = vocabulary.face(__name__)
