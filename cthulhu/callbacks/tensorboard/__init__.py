"""What TensorBoard shows, written without TensorFlow.

`callback` says when what is written; the other modules make it.  Nothing here imports
the tensorboard package before it is needed.
"""

from cthulhu.callbacks.tensorboard.callback import TensorBoard as TensorBoard
from cthulhu.callbacks.tensorboard.predictions import (
    PredictionLogger as PredictionLogger,
)
