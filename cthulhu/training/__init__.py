"""Training: what compile resolved, the compiled step, the loop, and their arguments."""

from cthulhu.training.trainer import Trainer as Trainer
