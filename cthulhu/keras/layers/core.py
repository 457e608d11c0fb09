"""`keras.layers.core`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.layers import Activation as Activation
from cthulhu.layers import ActivityRegularization as ActivityRegularization
from cthulhu.layers import Dense as Dense
from cthulhu.layers import Dense as TimeDistributedDense
from cthulhu.layers import Dropout as Dropout
from cthulhu.layers import Flatten as Flatten
from cthulhu.layers import Lambda as Lambda
from cthulhu.layers import Masking as Masking
from cthulhu.layers import Permute as Permute
from cthulhu.layers import RepeatVector as RepeatVector
from cthulhu.layers import Reshape as Reshape
from cthulhu.layers import SpatialDropout1D as SpatialDropout1D
from cthulhu.layers import SpatialDropout2D as SpatialDropout2D
from cthulhu.layers import SpatialDropout3D as SpatialDropout3D

__getattr__, __dir__ = vocabulary.face(__name__)
