"""`keras.metrics`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.metrics import AUC as AUC
from cthulhu.metrics import KLD as KLD
from cthulhu.metrics import MAE as MAE
from cthulhu.metrics import MAPE as MAPE
from cthulhu.metrics import MSE as MSE
from cthulhu.metrics import MSLE as MSLE
from cthulhu.metrics import Accuracy as Accuracy
from cthulhu.metrics import AUCCurve as AUCCurve
from cthulhu.metrics import AUCSummationMethod as AUCSummationMethod
from cthulhu.metrics import BinaryAccuracy as BinaryAccuracy
from cthulhu.metrics import BinaryCrossentropy as BinaryCrossentropy
from cthulhu.metrics import CategoricalAccuracy as CategoricalAccuracy
from cthulhu.metrics import CategoricalCrossentropy as CategoricalCrossentropy
from cthulhu.metrics import CategoricalHinge as CategoricalHinge
from cthulhu.metrics import ConfusionMatrix as ConfusionMatrix
from cthulhu.metrics import CosineSimilarity as CosineSimilarity
from cthulhu.metrics import FalseNegatives as FalseNegatives
from cthulhu.metrics import FalsePositives as FalsePositives
from cthulhu.metrics import Hinge as Hinge
from cthulhu.metrics import KLDivergence as KLDivergence
from cthulhu.metrics import LogCoshError as LogCoshError
from cthulhu.metrics import Mean as Mean
from cthulhu.metrics import MeanAbsoluteError as MeanAbsoluteError
from cthulhu.metrics import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from cthulhu.metrics import MeanIoU as MeanIoU
from cthulhu.metrics import MeanMetricWrapper as MeanMetricWrapper
from cthulhu.metrics import MeanSquaredError as MeanSquaredError
from cthulhu.metrics import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from cthulhu.metrics import Metric as Metric
from cthulhu.metrics import Poisson as Poisson
from cthulhu.metrics import Precision as Precision
from cthulhu.metrics import Recall as Recall
from cthulhu.metrics import Reduce as Reduce
from cthulhu.metrics import Reduction as Reduction
from cthulhu.metrics import RootMeanSquaredError as RootMeanSquaredError
from cthulhu.metrics import SensitivityAtSpecificity as SensitivityAtSpecificity
from cthulhu.metrics import SensitivitySpecificityBase as SensitivitySpecificityBase
from cthulhu.metrics import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from cthulhu.metrics import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from cthulhu.metrics import (
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
)
from cthulhu.metrics import SpecificityAtSensitivity as SpecificityAtSensitivity
from cthulhu.metrics import SquaredHinge as SquaredHinge
from cthulhu.metrics import StatefulMetric as StatefulMetric
from cthulhu.metrics import Sum as Sum
from cthulhu.metrics import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from cthulhu.metrics import TrueNegatives as TrueNegatives
from cthulhu.metrics import TruePositives as TruePositives
from cthulhu.metrics import accuracy as accuracy
from cthulhu.metrics import binary_accuracy as binary_accuracy
from cthulhu.metrics import binary_crossentropy as binary_crossentropy
from cthulhu.metrics import categorical_accuracy as categorical_accuracy
from cthulhu.metrics import categorical_crossentropy as categorical_crossentropy
from cthulhu.metrics import categorical_hinge as categorical_hinge
from cthulhu.metrics import clone_metric as clone_metric
from cthulhu.metrics import clone_metrics as clone_metrics
from cthulhu.metrics import cosine as cosine
from cthulhu.metrics import cosine_proximity as cosine_proximity
from cthulhu.metrics import cosine_similarity as cosine_similarity
from cthulhu.metrics import deserialize as deserialize
from cthulhu.metrics import direction as direction
from cthulhu.metrics import get as get
from cthulhu.metrics import hinge as hinge
from cthulhu.metrics import huber_loss as huber_loss
from cthulhu.metrics import kld as kld
from cthulhu.metrics import kullback_leibler_divergence as kullback_leibler_divergence
from cthulhu.metrics import logcosh as logcosh
from cthulhu.metrics import mae as mae
from cthulhu.metrics import mape as mape
from cthulhu.metrics import mean_absolute_error as mean_absolute_error
from cthulhu.metrics import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from cthulhu.metrics import mean_squared_error as mean_squared_error
from cthulhu.metrics import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from cthulhu.metrics import mse as mse
from cthulhu.metrics import msle as msle
from cthulhu.metrics import poisson as poisson
from cthulhu.metrics import resolve as resolve
from cthulhu.metrics import serialize as serialize
from cthulhu.metrics import sparse_categorical_accuracy as sparse_categorical_accuracy
from cthulhu.metrics import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from cthulhu.metrics import (
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
)
from cthulhu.metrics import squared_hinge as squared_hinge
from cthulhu.metrics import top_k_categorical_accuracy as top_k_categorical_accuracy

__getattr__, __dir__ = vocabulary.face(__name__)
