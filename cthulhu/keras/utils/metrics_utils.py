"""`keras.utils.metrics_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.metrics import AUCCurve as AUCCurve
from cthulhu.metrics import AUCSummationMethod as AUCSummationMethod
from cthulhu.metrics import ConfusionMatrix as ConfusionMatrix
from cthulhu.metrics import Reduction as Reduction

__getattr__, __dir__ = vocabulary.face(__name__)
