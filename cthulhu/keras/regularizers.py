"""`keras.regularizers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.regularizers import L1L2 as L1L2
from cthulhu.regularizers import L1L2 as ActivityRegularizer
from cthulhu.regularizers import L1L2 as L1L2Regularizer
from cthulhu.regularizers import L1L2 as WeightRegularizer
from cthulhu.regularizers import Regularizer as Regularizer
from cthulhu.regularizers import deserialize as deserialize
from cthulhu.regularizers import get as get
from cthulhu.regularizers import l1 as activity_l1
from cthulhu.regularizers import l1 as l1
from cthulhu.regularizers import l1_l2 as activity_l1l2
from cthulhu.regularizers import l1_l2 as l1_l2
from cthulhu.regularizers import l1_l2 as l1l2
from cthulhu.regularizers import l2 as activity_l2
from cthulhu.regularizers import l2 as l2
from cthulhu.regularizers import serialize as serialize

__getattr__, __dir__ = vocabulary.face(__name__)
