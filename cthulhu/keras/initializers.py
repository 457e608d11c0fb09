"""`keras.initializers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.initializers import Constant as Constant
from cthulhu.initializers import GlorotNormal as GlorotNormal
from cthulhu.initializers import GlorotUniform as GlorotUniform
from cthulhu.initializers import HeNormal as HeNormal
from cthulhu.initializers import HeUniform as HeUniform
from cthulhu.initializers import Identity as Identity
from cthulhu.initializers import Initializer as Initializer
from cthulhu.initializers import LecunNormal as LecunNormal
from cthulhu.initializers import LecunUniform as LecunUniform
from cthulhu.initializers import Ones as Ones
from cthulhu.initializers import Orthogonal as Orthogonal
from cthulhu.initializers import RandomInitializer as RandomInitializer
from cthulhu.initializers import RandomNormal as RandomNormal
from cthulhu.initializers import RandomUniform as RandomUniform
from cthulhu.initializers import TruncatedNormal as TruncatedNormal
from cthulhu.initializers import VarianceScaling as VarianceScaling
from cthulhu.initializers import Zeros as Zeros
from cthulhu.initializers import constant as constant
from cthulhu.initializers import deserialize as deserialize
from cthulhu.initializers import get as get
from cthulhu.initializers import glorot_normal as glorot_normal
from cthulhu.initializers import glorot_uniform as glorot_uniform
from cthulhu.initializers import he_normal as he_normal
from cthulhu.initializers import he_uniform as he_uniform
from cthulhu.initializers import identity as identity
from cthulhu.initializers import lecun_normal as lecun_normal
from cthulhu.initializers import lecun_uniform as lecun_uniform
from cthulhu.initializers import normal as normal
from cthulhu.initializers import one as one
from cthulhu.initializers import ones as ones
from cthulhu.initializers import orthogonal as orthogonal
from cthulhu.initializers import random_normal as random_normal
from cthulhu.initializers import random_uniform as random_uniform
from cthulhu.initializers import serialize as serialize
from cthulhu.initializers import truncated_normal as truncated_normal
from cthulhu.initializers import uniform as uniform
from cthulhu.initializers import zero as zero
from cthulhu.initializers import zeros as zeros
from cthulhu.initializers import _compute_fans as _compute_fans

__getattr__, __dir__ = vocabulary.face(__name__)
