"""`keras.callbacks.callbacks`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.callbacks import EMA as EMA
from cthulhu.callbacks import SGDR as SGDR
from cthulhu.callbacks import SWA as SWA
from cthulhu.callbacks import ActivationStatistics as ActivationStatistics
from cthulhu.callbacks import BaseLogger as BaseLogger
from cthulhu.callbacks import Callback as Callback
from cthulhu.callbacks import CallbackList as CallbackList
from cthulhu.callbacks import CosineAnnealing as CosineAnnealing
from cthulhu.callbacks import CSVLogger as CSVLogger
from cthulhu.callbacks import DeviceStats as DeviceStats
from cthulhu.callbacks import EarlyStopping as EarlyStopping
from cthulhu.callbacks import (
    GradientAccumulationScheduler as GradientAccumulationScheduler,
)
from cthulhu.callbacks import GradientNorm as GradientNorm
from cthulhu.callbacks import History as History
from cthulhu.callbacks import LambdaCallback as LambdaCallback
from cthulhu.callbacks import LearningRateFinder as LearningRateFinder
from cthulhu.callbacks import LearningRateScheduler as LearningRateScheduler
from cthulhu.callbacks import LogNames as LogNames
from cthulhu.callbacks import MLflowLogger as MLflowLogger
from cthulhu.callbacks import ModelCheckpoint as ModelCheckpoint
from cthulhu.callbacks import OneCycle as OneCycle
from cthulhu.callbacks import PredictionLogger as PredictionLogger
from cthulhu.callbacks import Progbar as Progbar
from cthulhu.callbacks import ProgbarLogger as ProgbarLogger
from cthulhu.callbacks import ReduceLROnPlateau as ReduceLROnPlateau
from cthulhu.callbacks import RemoteMonitor as RemoteMonitor
from cthulhu.callbacks import SpikeDetection as SpikeDetection
from cthulhu.callbacks import StagedUnfreezing as StagedUnfreezing
from cthulhu.callbacks import StepScheduler as StepScheduler
from cthulhu.callbacks import TensorBoard as TensorBoard
from cthulhu.callbacks import TerminateOnNaN as TerminateOnNaN
from cthulhu.callbacks import Throughput as Throughput
from cthulhu.callbacks import Timer as Timer
from cthulhu.callbacks import WandbLogger as WandbLogger
from cthulhu.callbacks import WarmUp as WarmUp
from cthulhu.callbacks import WeightNorm as WeightNorm

__getattr__, __dir__ = vocabulary.face(__name__)
