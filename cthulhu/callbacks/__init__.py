"""What happens between the steps of training: watching, stopping, saving, telling.

A callback talks to `self.model` only, whatever that is.  When its hooks are called is
the loop's business; what must happen inside a compiled step is an optimizer's.
"""

from cthulhu import vocabulary
from cthulhu.callbacks.accumulation import (
    GradientAccumulationScheduler as GradientAccumulationScheduler,
)
from cthulhu.callbacks.activations import ActivationStatistics as ActivationStatistics
from cthulhu.callbacks.averages import EMA as EMA
from cthulhu.callbacks.averages import SWA as SWA
from cthulhu.callbacks.base import Callback as Callback
from cthulhu.callbacks.checkpoint import ModelCheckpoint as ModelCheckpoint
from cthulhu.callbacks.container import CallbackList as CallbackList
from cthulhu.callbacks.cycles import SGDR as SGDR
from cthulhu.callbacks.cycles import CosineAnnealing as CosineAnnealing
from cthulhu.callbacks.cycles import OneCycle as OneCycle
from cthulhu.callbacks.cycles import StepScheduler as StepScheduler
from cthulhu.callbacks.cycles import WarmUp as WarmUp
from cthulhu.callbacks.finder import LearningRateFinder as LearningRateFinder
from cthulhu.callbacks.lambdas import LambdaCallback as LambdaCallback
from cthulhu.callbacks.logging import BaseLogger as BaseLogger
from cthulhu.callbacks.logging import CSVLogger as CSVLogger
from cthulhu.callbacks.logging import History as History
from cthulhu.callbacks.measuring import DeviceStats as DeviceStats
from cthulhu.callbacks.measuring import Throughput as Throughput
from cthulhu.callbacks.measuring import Timer as Timer
from cthulhu.callbacks.monitored import LogNames as LogNames
from cthulhu.callbacks.norms import GradientNorm as GradientNorm
from cthulhu.callbacks.norms import WeightNorm as WeightNorm
from cthulhu.callbacks.progress import Progbar as Progbar
from cthulhu.callbacks.progress import ProgbarLogger as ProgbarLogger
from cthulhu.callbacks.remote import RemoteMonitor as RemoteMonitor
from cthulhu.callbacks.runlogs import MLflowLogger as MLflowLogger
from cthulhu.callbacks.runlogs import WandbLogger as WandbLogger
from cthulhu.callbacks.schedule import LearningRateScheduler as LearningRateScheduler
from cthulhu.callbacks.schedule import ReduceLROnPlateau as ReduceLROnPlateau
from cthulhu.callbacks.spikes import SpikeDetection as SpikeDetection
from cthulhu.callbacks.stopping import EarlyStopping as EarlyStopping
from cthulhu.callbacks.stopping import TerminateOnNaN as TerminateOnNaN
from cthulhu.callbacks.tensorboard import PredictionLogger as PredictionLogger
from cthulhu.callbacks.tensorboard import TensorBoard as TensorBoard
from cthulhu.callbacks.unfreezing import StagedUnfreezing as StagedUnfreezing

__getattr__, __dir__ = vocabulary.face(__name__)
