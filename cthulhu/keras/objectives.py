"""`keras.objectives`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.losses import KLD as KLD
from cthulhu.losses import MAE as MAE
from cthulhu.losses import MAPE as MAPE
from cthulhu.losses import MSE as MSE
from cthulhu.losses import MSLE as MSLE
from cthulhu.losses import BinaryCrossentropy as BinaryCrossentropy
from cthulhu.losses import CategoricalCrossentropy as CategoricalCrossentropy
from cthulhu.losses import CategoricalHinge as CategoricalHinge
from cthulhu.losses import CosineSimilarity as CosineSimilarity
from cthulhu.losses import Hinge as Hinge
from cthulhu.losses import Huber as Huber
from cthulhu.losses import KLDivergence as KLDivergence
from cthulhu.losses import LogCosh as LogCosh
from cthulhu.losses import Loss as Loss
from cthulhu.losses import LossFunctionWrapper as LossFunctionWrapper
from cthulhu.losses import MeanAbsoluteError as MeanAbsoluteError
from cthulhu.losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from cthulhu.losses import MeanSquaredError as MeanSquaredError
from cthulhu.losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from cthulhu.losses import Poisson as Poisson
from cthulhu.losses import Reduction as Reduction
from cthulhu.losses import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from cthulhu.losses import SquaredHinge as SquaredHinge
from cthulhu.losses import binary_crossentropy as binary_crossentropy
from cthulhu.losses import broadcast_weights as broadcast_weights
from cthulhu.losses import categorical_crossentropy as categorical_crossentropy
from cthulhu.losses import categorical_hinge as categorical_hinge
from cthulhu.losses import check_labels as check_labels
from cthulhu.losses import compute_weighted_loss as compute_weighted_loss
from cthulhu.losses import cosine as cosine
from cthulhu.losses import cosine_proximity as cosine_proximity
from cthulhu.losses import cosine_similarity as cosine_similarity
from cthulhu.losses import deserialize as deserialize
from cthulhu.losses import function_of as function_of
from cthulhu.losses import get as get
from cthulhu.losses import hinge as hinge
from cthulhu.losses import huber_loss as huber_loss
from cthulhu.losses import is_categorical_crossentropy as is_categorical_crossentropy
from cthulhu.losses import kld as kld
from cthulhu.losses import kullback_leibler_divergence as kullback_leibler_divergence
from cthulhu.losses import logcosh as logcosh
from cthulhu.losses import mae as mae
from cthulhu.losses import mape as mape
from cthulhu.losses import mean_absolute_error as mean_absolute_error
from cthulhu.losses import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from cthulhu.losses import mean_squared_error as mean_squared_error
from cthulhu.losses import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from cthulhu.losses import mse as mse
from cthulhu.losses import msle as msle
from cthulhu.losses import poisson as poisson
from cthulhu.losses import reduce_weighted_loss as reduce_weighted_loss
from cthulhu.losses import serialize as serialize
from cthulhu.losses import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from cthulhu.losses import squared_hinge as squared_hinge
from cthulhu.losses import squeeze_or_expand_dimensions as squeeze_or_expand_dimensions
from cthulhu.losses import tensor as tensor

__getattr__, __dir__ = vocabulary.face(__name__)
