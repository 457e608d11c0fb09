"""Metrics: numbers that are gathered over batches, by name, function or object."""

from cthulhu import vocabulary
from cthulhu.losses import KLD as KLD
from cthulhu.losses import MAE as MAE
from cthulhu.losses import MAPE as MAPE
from cthulhu.losses import MSE as MSE
from cthulhu.losses import MSLE as MSLE
from cthulhu.losses import binary_crossentropy as binary_crossentropy
from cthulhu.losses import categorical_crossentropy as categorical_crossentropy
from cthulhu.losses import categorical_hinge as categorical_hinge
from cthulhu.losses import hinge as hinge
from cthulhu.losses import huber_loss as huber_loss
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
from cthulhu.losses import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from cthulhu.losses import squared_hinge as squared_hinge
from cthulhu.metrics.base import Mean as Mean
from cthulhu.metrics.base import MeanMetricWrapper as MeanMetricWrapper
from cthulhu.metrics.base import Metric as Metric
from cthulhu.metrics.base import Reduce as Reduce
from cthulhu.metrics.base import Reduction as Reduction
from cthulhu.metrics.base import Sum as Sum
from cthulhu.metrics.confusion import AUC as AUC
from cthulhu.metrics.confusion import AUCCurve as AUCCurve
from cthulhu.metrics.confusion import AUCSummationMethod as AUCSummationMethod
from cthulhu.metrics.confusion import ConfusionMatrix as ConfusionMatrix
from cthulhu.metrics.confusion import FalseNegatives as FalseNegatives
from cthulhu.metrics.confusion import FalsePositives as FalsePositives
from cthulhu.metrics.confusion import MeanIoU as MeanIoU
from cthulhu.metrics.confusion import Precision as Precision
from cthulhu.metrics.confusion import Recall as Recall
from cthulhu.metrics.confusion import (
    SensitivityAtSpecificity as SensitivityAtSpecificity,
)
from cthulhu.metrics.confusion import (
    SensitivitySpecificityBase as SensitivitySpecificityBase,
)
from cthulhu.metrics.confusion import (
    SpecificityAtSensitivity as SpecificityAtSensitivity,
)
from cthulhu.metrics.confusion import TrueNegatives as TrueNegatives
from cthulhu.metrics.confusion import TruePositives as TruePositives
from cthulhu.metrics.directions import direction as direction
from cthulhu.metrics.functions import accuracy as accuracy
from cthulhu.metrics.functions import binary_accuracy as binary_accuracy
from cthulhu.metrics.functions import categorical_accuracy as categorical_accuracy
from cthulhu.metrics.functions import cosine as cosine
from cthulhu.metrics.functions import cosine_proximity as cosine_proximity
from cthulhu.metrics.functions import cosine_similarity as cosine_similarity
from cthulhu.metrics.functions import (
    sparse_categorical_accuracy as sparse_categorical_accuracy,
)
from cthulhu.metrics.functions import (
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
)
from cthulhu.metrics.functions import (
    top_k_categorical_accuracy as top_k_categorical_accuracy,
)
from cthulhu.metrics.lookup import StatefulMetric as StatefulMetric
from cthulhu.metrics.lookup import clone_metric as clone_metric
from cthulhu.metrics.lookup import clone_metrics as clone_metrics
from cthulhu.metrics.lookup import deserialize as deserialize
from cthulhu.metrics.lookup import get as get
from cthulhu.metrics.lookup import resolve as resolve
from cthulhu.metrics.lookup import serialize as serialize
from cthulhu.metrics.means import Accuracy as Accuracy
from cthulhu.metrics.means import BinaryAccuracy as BinaryAccuracy
from cthulhu.metrics.means import BinaryCrossentropy as BinaryCrossentropy
from cthulhu.metrics.means import CategoricalAccuracy as CategoricalAccuracy
from cthulhu.metrics.means import CategoricalCrossentropy as CategoricalCrossentropy
from cthulhu.metrics.means import CategoricalHinge as CategoricalHinge
from cthulhu.metrics.means import CosineSimilarity as CosineSimilarity
from cthulhu.metrics.means import Hinge as Hinge
from cthulhu.metrics.means import KLDivergence as KLDivergence
from cthulhu.metrics.means import LogCoshError as LogCoshError
from cthulhu.metrics.means import MeanAbsoluteError as MeanAbsoluteError
from cthulhu.metrics.means import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from cthulhu.metrics.means import MeanSquaredError as MeanSquaredError
from cthulhu.metrics.means import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from cthulhu.metrics.means import Poisson as Poisson
from cthulhu.metrics.means import RootMeanSquaredError as RootMeanSquaredError
from cthulhu.metrics.means import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from cthulhu.metrics.means import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from cthulhu.metrics.means import (
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
)
from cthulhu.metrics.means import SquaredHinge as SquaredHinge
from cthulhu.metrics.means import TopKCategoricalAccuracy as TopKCategoricalAccuracy

__getattr__, __dir__ = vocabulary.face(__name__)
