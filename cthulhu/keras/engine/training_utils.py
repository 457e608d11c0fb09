"""`keras.engine.training_utils`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.legacy import (
    check_array_length_consistency as check_array_length_consistency,
)
from cthulhu.legacy import (
    check_loss_and_target_compatibility as check_loss_and_target_compatibility,
)
from cthulhu.legacy import make_batches as make_batches
from cthulhu.legacy import standardize_weights as standardize_weights
from cthulhu.legacy import weighted_masked_objective as weighted_masked_objective

__getattr__, __dir__ = vocabulary.face(__name__)
