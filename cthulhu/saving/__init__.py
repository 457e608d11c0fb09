"""Saving: models and weights in Keras's HDF5 files, read without trust."""

from cthulhu import vocabulary
from cthulhu.saving.as_yaml import model_from_yaml, model_to_yaml
from cthulhu.saving.configs import model_from_config, model_from_json
from cthulhu.saving.convert import preprocess_weights_for_loading
from cthulhu.saving.h5dict import H5Dict
from cthulhu.saving.hdf5 import (
    DamagedFile,
    RefusedFile,
    load_from_binary_h5py,
    save_to_binary_h5py,
)
from cthulhu.saving.kernels import (
    convert_all_kernels_in_model,
    convert_dense_weights_data_format,
    convert_kernel,
)
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
from cthulhu.saving.weights import (
    load_weights_from_hdf5_group,
    load_weights_from_hdf5_group_by_name,
    save_weights_to_hdf5_group,
)
from cthulhu.saving.write import write_bytes

__all__ = [
    "DamagedFile",
    "H5Dict",
    "RefusedFile",
    "ask_to_proceed_with_overwrite",
    "convert_all_kernels_in_model",
    "convert_dense_weights_data_format",
    "convert_kernel",
    "load_from_binary_h5py",
    "load_model",
    "load_weights",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "model_from_bytes",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "model_to_bytes",
    "model_to_json",
    "model_to_yaml",
    "preprocess_weights_for_loading",
    "save_model",
    "save_to_binary_h5py",
    "save_weights",
    "save_weights_to_hdf5_group",
    "write_bytes",
]

__getattr__, __dir__ = vocabulary.face(__name__)
