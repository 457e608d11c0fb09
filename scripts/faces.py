"""Write the faces: real files that list each public name of the rooms, in each tongue.

`python scripts/faces.py` after a public name came or went.  What a room offers is read
from its source without running it; words come from `cthulhu.vocabulary`.  The paths at
which Keras kept things are the table PARTS; a name that no room has yet is left out.
A module of Keras that is in `history.ABSENT` says so when it is imported.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cthulhu import vocabulary  # noqa: E402 - of this checkout, not an installed one
from cthulhu.vocabulary import history  # noqa: E402

HOUSE = ROOT / "cthulhu"

# Rooms that Keras has under the same name, whole.
ROOMS = """activations applications backend callbacks constraints datasets initializers
    layers losses metrics models optimizers preprocessing regularizers utils
    wrappers""".split()

# Historic path below `keras` -> room and the names that stand there ("*": all).
PARTS = {
    "initializers": "initializers *; initializers _compute_fans",
    "objectives": "losses *",
    "initializations": "initializers *",
    "callbacks.callbacks": "callbacks *",
    "layers.core": "layers Masking Dropout SpatialDropout1D SpatialDropout2D "
    "SpatialDropout3D Activation Reshape Permute Flatten RepeatVector Lambda Dense "
    "ActivityRegularization",
    "layers": "layers *; layers.historic Merge",
    "layers.merge": "layers Add Subtract Multiply Average Maximum Minimum Concatenate "
    "Dot add subtract multiply average maximum minimum concatenate dot",
    "layers.convolutional": "layers Conv1D Conv2D Conv3D Conv2DTranspose "
    "Conv3DTranspose SeparableConv1D SeparableConv2D DepthwiseConv2D "
    "UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D "
    "ZeroPadding3D Cropping1D Cropping2D Cropping3D MaxPooling1D "
    "MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D",
    "layers.pooling": "layers MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D "
    "AveragePooling2D AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
    "GlobalAveragePooling3D",
    "layers.local": "layers LocallyConnected1D LocallyConnected2D",
    "layers.recurrent": "layers RNN SimpleRNN GRU LSTM SimpleRNNCell GRUCell LSTMCell "
    "StackedRNNCells",
    "layers.cudnn_recurrent": "layers CuDNNGRU CuDNNLSTM",
    "layers.convolutional_recurrent": "layers ConvLSTM2D ConvLSTM2DCell ConvRNN2D",
    "layers.normalization": "layers BatchNormalization LayerNormalization",
    "layers.embeddings": "layers Embedding",
    "layers.noise": "layers GaussianNoise GaussianDropout AlphaDropout",
    "layers.advanced_activations": "layers LeakyReLU PReLU ELU ThresholdedReLU Softmax "
    "ReLU",
    "layers.wrappers": "layers Wrapper Bidirectional TimeDistributed",
    "models": "models *; layers.historic Merge",
    "engine": "layers Input InputLayer InputSpec Layer; layers.historic Merge merge; "
    "models Model Network "
    "get_source_inputs",
    "engine.base_layer": "layers Layer InputSpec Node",
    "engine.input_layer": "layers Input InputLayer",
    "engine.topology": "layers Input InputLayer InputSpec Layer Node; models Model "
    "Network get_source_inputs; layers.historic Merge merge",
    "engine.network": "models Network get_source_inputs",
    "engine.sequential": "models Sequential",
    "engine.training": "models Model",
    "engine.training_utils": "legacy check_array_length_consistency "
    "check_loss_and_target_compatibility make_batches standardize_weights "
    "weighted_masked_objective",
    "engine.saving": "models save_model load_model model_from_config model_from_json "
    "model_from_yaml; saving preprocess_weights_for_loading save_weights_to_hdf5_group "
    "load_weights_from_hdf5_group load_weights_from_hdf5_group_by_name",
    "utils.np_utils": "utils to_categorical normalize",
    "utils.data_utils": "utils get_file Sequence SequenceEnqueuer OrderedEnqueuer "
    "GeneratorEnqueuer",
    "utils.generic_utils": "utils CustomObjectScope custom_object_scope "
    "get_custom_objects serialize_keras_object deserialize_keras_object Progbar; "
    "legacy func_dump func_load has_arg is_all_none object_list_uid slice_arrays "
    "to_list unpack_singleton",
    "utils.io_utils": "utils H5Dict HDF5Matrix ask_to_proceed_with_overwrite "
    "load_from_binary_h5py save_to_binary_h5py",
    "utils.layer_utils": "utils print_summary get_source_inputs count_params "
    "convert_all_kernels_in_model; saving convert_dense_weights_data_format",
    "utils.conv_utils": "legacy conv_input_length conv_output_length deconv_length "
    "normalize_padding normalize_tuple; saving convert_kernel",
    "utils.losses_utils": "losses Reduction squeeze_or_expand_dimensions "
    "reduce_weighted_loss broadcast_weights compute_weighted_loss",
    "utils.metrics_utils": "metrics AUCCurve AUCSummationMethod ConfusionMatrix "
    "Reduction",
    "utils.vis_utils": "utils plot_model model_to_dot",
    "utils.visualize_util": "utils plot_model model_to_dot",
    "legacy.layers": "layers Highway MaxoutDense; layers.historic Merge merge",
    "wrappers.scikit_learn": "wrappers KerasClassifier KerasRegressor",
}

# A module that was a function of the same name before -> where that function is.
FUNCTIONS = {"layers.merge": ("layers.historic", "merge")}

# What stands at the top of `keras` itself.
TOP = "layers Input; models Model Sequential"

HOOKS = "__getattr__, __dir__ = vocabulary.face(__name__)\n"

# The text of a module that Keras has and no room stands for.
ABSENT = '''"""`keras.{path}`, which is not part of Cthulhu: importing it says so.

Written by scripts/faces.py.
"""

from cthulhu import vocabulary

raise vocabulary.absent(__name__)
'''


def source_of(room: str) -> Path | None:
    """The file that says what a room offers; None while there is no such room."""
    place = HOUSE.joinpath(*room.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.exists():
            return path
    return None


def names_of(room: str, private: bool = False) -> list[str]:
    """The names of today that a room offers, as `vocabulary.public_names` has them."""
    path = source_of(room)
    if path is None:
        return []
    names = vocabulary.public_names(path.read_text(encoding="utf-8"))
    today = [name for name in names if name not in history.NAMES]
    return [name for name in today if private or not name.startswith("_")]


def in_order(name: str) -> tuple:
    """As import sorters have it: constants, classes, others."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2
    return kind, name.lower(), name


def lines_of(part: str, tongue: str) -> list[str]:
    """An import for each name of a part, in the order of import sorters."""
    lines = []
    for piece in part.split(";"):
        room, *names = piece.split()
        if names == ["*"]:
            names = names_of(room)
        else:
            have = names_of(room, private=True)
            names = [name for name in names if name in have]
        for name in sorted(names, key=in_order):
            for said in sorted(spoken(name, tongue), key=in_order):
                lines.append(line(f"cthulhu.{room}", name, said))
    return lines


def line(module: str, name: str, said: str) -> str:
    """One import, in the shape that formatters give it."""
    text = f"from {module} import {name} as {said}"
    if len(text) > 88:
        text = f"from {module} import (\n    {name} as {said},\n)"
    return f"{text}\n"


def spoken(name: str, tongue: str) -> list[str]:
    """How a name is said in a tongue: Keras's with its old names, or the other's."""
    if tongue == "keras":
        return [name, *(old for old, (new, _) in history.NAMES.items() if new == name)]
    return list(vocabulary.spellings(name)) or [name]


def page(doc: str, lines: list[str], place: str = "", modules: list[str] = ()) -> str:
    """The text of one file of a face; `modules` are those that `place` holds."""
    head = f'"""{doc}\n\nWritten by scripts/faces.py.\n"""\n\n'
    lines = ["from cthulhu import vocabulary\n", *lines]
    lines += [line(place, name, name) for name in modules]
    lines.sort(key=lambda text: (text.split()[1], "vocabulary" in text))
    return f"{head}{''.join(lines)}\n{HOOKS}"


def render() -> dict[Path, str]:
    """Every file of the faces and its text."""
    parts = {room: f"{room} *" for room in ROOMS} | PARTS
    parts = {path: lines_of(part, "keras") for path, part in parts.items()}
    parts = {path: lines for path, lines in parts.items() if lines}
    folders: dict[str, list[str]] = {}
    for path in sorted(parts):
        if "." in path:
            folder, module = path.split(".")
            folders.setdefault(folder, []).append(module)
            parts.setdefault(folder, [])
    files = {}
    for path, lines in parts.items():
        inner = folders.get(path, [])
        name = f"{path}.__init__" if inner else path
        file = HOUSE.joinpath("keras", *name.split(".")).with_suffix(".py")
        doc = f"`keras.{path}`, in Keras's words."
        files[file] = page(doc, lines, f"cthulhu.keras.{path}", inner)
        if path in FUNCTIONS:
            module, function = FUNCTIONS[path]
            files[file] = page(
                doc, [*lines, line(f"cthulhu.{module}", function, f"_{function}")]
            )
            plain, called = "face(__name__)", f"face(__name__, _{function})"
            files[file] = files[file].replace(plain, called)
    files[HOUSE / "keras" / "__init__.py"] = page(
        "The face in Keras's words: `from cthulhu import keras`.",
        lines_of(TOP, "keras") + [line("cthulhu", "__version__", "__version__")],
        "cthulhu.keras",
        sorted(path for path in parts if "." not in path),
    )
    for path in history.ABSENT:
        if "." not in path and path not in parts:
            files[HOUSE / "keras" / f"{path}.py"] = ABSENT.format(path=path)
    for face, room in {"pantheon": "models", "deities": "layers"}.items():
        doc = f"The face in Cthulhu's words: {room}."
        files[HOUSE / f"{face}.py"] = page(doc, lines_of(f"{room} *", "cthulhu"))
    return files


def main() -> None:
    files = render()
    for stale in set((HOUSE / "keras").rglob("*.py")) - set(files):
        stale.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(files)} files")


if __name__ == "__main__":
    main()
