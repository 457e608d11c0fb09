"""`keras.utils.losses_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.losses import Reduction as Reduction
from cthulhu.losses import broadcast_weights as broadcast_weights
from cthulhu.losses import compute_weighted_loss as compute_weighted_loss
from cthulhu.losses import reduce_weighted_loss as reduce_weighted_loss
from cthulhu.losses import squeeze_or_expand_dimensions as squeeze_or_expand_dimensions

__getattr__, __dir__ = vocabulary.face(__name__)
