"""Data: from anything a user passes to batches and rows that the loop takes."""

from cthulhu import vocabulary
from cthulhu.data.arrays import (
    Arrays,
    Batch,
    Rows,
    RowSource,
    check_batch_size,
    check_steps,
    labels,
    signature,
    split_validation,
)
from cthulhu.data.batches import Batches
from cthulhu.data.entrance import adapt
from cthulhu.data.hdf5 import HDF5Matrix
from cthulhu.data.labels import normalize, to_categorical
from cthulhu.data.queue import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer
from cthulhu.data.read_ahead import ReadAhead
from cthulhu.data.sequence import Sequence, is_sequence

__all__ = [
    "Arrays",
    "Batch",
    "Batches",
    "GeneratorEnqueuer",
    "HDF5Matrix",
    "OrderedEnqueuer",
    "ReadAhead",
    "RowSource",
    "Rows",
    "Sequence",
    "SequenceEnqueuer",
    "adapt",
    "check_batch_size",
    "check_steps",
    "is_sequence",
    "labels",
    "normalize",
    "signature",
    "split_validation",
    "to_categorical",
]

__getattr__, __dir__ = vocabulary.face(__name__)
