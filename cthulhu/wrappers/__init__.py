"""Wrappers: models as parts of other libraries."""

from cthulhu import vocabulary
from cthulhu.wrappers.scikit_learn import BaseWrapper as BaseWrapper
from cthulhu.wrappers.scikit_learn import KerasClassifier as KerasClassifier
from cthulhu.wrappers.scikit_learn import KerasRegressor as KerasRegressor

__getattr__, __dir__ = vocabulary.face(__name__)
