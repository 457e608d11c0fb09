"""Saving: models and weights in Keras's HDF5 files, read without trust."""

from cthulhu import vocabulary
from cthulhu.saving.configs import model_from_config, model_from_json
from cthulhu.saving.hdf5 import DamagedFile, RefusedFile
from cthulhu.saving.model import (
    ask_to_proceed_with_overwrite,
    load_model,
    load_weights,
    model_from_bytes,
    model_to_bytes,
    model_to_json,
    save_model,
    save_weights,
)
from cthulhu.saving.write import write_bytes

__all__ = [
    "DamagedFile",
    "RefusedFile",
    "ask_to_proceed_with_overwrite",
    "load_model",
    "load_weights",
    "model_from_bytes",
    "model_from_config",
    "model_from_json",
    "model_to_bytes",
    "model_to_json",
    "save_model",
    "save_weights",
    "write_bytes",
]

__getattr__, __dir__ = vocabulary.face(__name__)
