"""`keras.optimizers`, in Keras's words.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary
from cthulhu.optimizers import SGD as SGD
from cthulhu.optimizers import Adadelta as Adadelta
from cthulhu.optimizers import Adagrad as Adagrad
from cthulhu.optimizers import Adam as Adam
from cthulhu.optimizers import Adamax as Adamax
from cthulhu.optimizers import AdamW as AdamW
from cthulhu.optimizers import Companion as Companion
from cthulhu.optimizers import Hyperparameter as Hyperparameter
from cthulhu.optimizers import Lamb as Lamb
from cthulhu.optimizers import Lion as Lion
from cthulhu.optimizers import Nadam as Nadam
from cthulhu.optimizers import Optimizer as Optimizer
from cthulhu.optimizers import RMSprop as RMSprop
from cthulhu.optimizers import TransformOptimizer as TransformOptimizer
from cthulhu.optimizers import adadelta as adadelta
from cthulhu.optimizers import adagrad as adagrad
from cthulhu.optimizers import adam as adam
from cthulhu.optimizers import adamax as adamax
from cthulhu.optimizers import clip_norm as clip_norm
from cthulhu.optimizers import deserialize as deserialize
from cthulhu.optimizers import get as get
from cthulhu.optimizers import nadam as nadam
from cthulhu.optimizers import rmsprop as rmsprop
from cthulhu.optimizers import schedules as schedules
from cthulhu.optimizers import serialize as serialize
from cthulhu.optimizers import sgd as sgd

__getattr__, __dir__ = vocabulary.face(__name__)
