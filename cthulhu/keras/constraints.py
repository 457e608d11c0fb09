"""`keras.constraints`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.constraints import Constraint as Constraint
from cthulhu.constraints import MaxNorm as MaxNorm
from cthulhu.constraints import MinMaxNorm as MinMaxNorm
from cthulhu.constraints import NonNeg as NonNeg
from cthulhu.constraints import UnitNorm as UnitNorm
from cthulhu.constraints import deserialize as deserialize
from cthulhu.constraints import get as get
from cthulhu.constraints import max_norm as max_norm
from cthulhu.constraints import maxnorm as maxnorm
from cthulhu.constraints import min_max_norm as min_max_norm
from cthulhu.constraints import non_neg as non_neg
from cthulhu.constraints import nonneg as nonneg
from cthulhu.constraints import serialize as serialize
from cthulhu.constraints import unit_norm as unit_norm
from cthulhu.constraints import unitnorm as unitnorm

__getattr__, __dir__ = vocabulary.face(__name__)
