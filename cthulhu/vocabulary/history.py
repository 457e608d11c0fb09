"""What older generations of Keras called things, as tables: old name, new name, since.

Arguments and their values, classes and functions, module paths, log keys, and the
quirks that a generation brings.  Nothing is called here; `speak` reads the tables.
New code does not know old names: it is written in Keras 2's words only.
"""

from typing import NamedTuple

ANY = object()  # whatever value came


class Gather(NamedTuple):
    """Arguments that came one by one and are one tuple today."""

    new: str
    olds: tuple[str, ...]  # in the order of the tuple
    needed: tuple[str, ...]  # those without which nothing is gathered; else None


class Change(NamedTuple):
    """How the arguments of some classes or functions were called before."""

    where: tuple[str, ...]  # names of classes or of functions and methods
    since: str  # the version that brought the new names
    renamed: dict[str, str | tuple[str, ...]]  # old name -> new name, or several
    values: dict[str, dict] = {}  # old name -> {old value: new value}
    gathered: Gather | None = None  # several arguments that became one
    dropped: dict[str, object] = {}  # old name -> the values that mean nothing today
    positions: tuple[int, int] | None = None  # (first, count) of integers to gather
    after: str | None = None  # a tuple that followed them, and comes by name today
    sides: dict[str, tuple] = {}  # argument -> nested keys of the dict that it could be


_KERNEL = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "W_constraint": "kernel_constraint",
}
_BIAS = {
    "b_regularizer": "bias_regularizer",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_WEIGHTS = _KERNEL | _BIAS
_RECURRENT = {
    "inner_init": "recurrent_initializer",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_GATED = _RECURRENT | {"inner_activation": "recurrent_activation"}
_FORGETFUL = _GATED | {"forget_bias_init": "unit_forget_bias"}
_EFFORT = {"consume_less": {"cpu": 0, "mem": 1, "gpu": 2}}
_FORGET = {"forget_bias_init": {"one": True, "ones": True, "zero": False}}
_LAYOUT = {"dim_ordering": "data_format"}
_LAYOUTS = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None}
}
_CONV = {
    "nb_filter": "filters",
    "subsample": "strides",
    "border_mode": "padding",
    "atrous_rate": "dilation_rate",
    **_LAYOUT,
}
_CONV1D = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "border_mode": "padding",
    "atrous_rate": "dilation_rate",
}
_ROWS_COLS = Gather("kernel_size", ("nb_row", "nb_col"), ("nb_row", "nb_col"))
_DIMS = ("kernel_dim1", "kernel_dim2", "kernel_dim3")
_CUBE = Gather("kernel_size", _DIMS, _DIMS)
_LENGTH_DIM = Gather("input_shape", ("input_length", "input_dim"), ("input_dim",))
_POOL = {"border_mode": "padding", **_LAYOUT}
_POOL1D = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
_LOADING = {
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "max_q_size": "max_queue_size",
}
_SHOWN = {"show_accuracy": (False,)}


def _each(*names: str, rank: tuple[int, ...] = (1, 2, 3)) -> tuple[str, ...]:
    return tuple(f"{name}{n}D" for name in names for n in rank)


ARGUMENTS = (
    Change(("Dense", "MaxoutDense"), "2.0", {"output_dim": "units", **_WEIGHTS}),
    Change(("Highway",), "2.0", _WEIGHTS),
    Change(("Dropout", "SpatialDropout1D", "GaussianDropout"), "2.0", {"p": "rate"}),
    Change(
        _each("SpatialDropout", rank=(2, 3)), "2.0", {"p": "rate", **_LAYOUT}, _LAYOUTS
    ),
    Change(("GaussianNoise",), "2.0", {"sigma": "stddev"}),
    Change(
        ("Embedding",),
        "2.0",
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        dropped={"dropout": (0, 0.0)},
    ),
    Change(("PReLU",), "2.0", {"init": "alpha_initializer"}),
    # Keras 3 has newer words than those that stand in the code, which are Keras 2's.
    Change(("LeakyReLU",), "2.0", {"negative_slope": "alpha"}),
    Change(
        ("MultiHeadAttention", "GroupedQueryAttention"),
        "2.0",
        {},
        dropped={"flash_attention": ANY},  # how fast, not what
    ),
    Change(("MaxNorm",), "2.0", {"m": "max_value"}),
    Change(
        ("BatchNormalization",),
        "2.0",
        {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
        dropped={
            "mode": (0,),
            "fused": ANY,  # how fast, not what
            "renorm": (False,),
            "renorm_clipping": (None,),
            "renorm_momentum": ANY,
            "virtual_batch_size": (None,),
            "adjustment": (None,),
            "synchronized": ANY,  # a batch is one, on however many devices
        },
    ),
    Change(
        ("Conv1D", "LocallyConnected1D"),
        "2.0",
        {**_CONV1D, **_WEIGHTS},
        gathered=_LENGTH_DIM,
    ),
    Change(
        ("Conv2D", "LocallyConnected2D"),
        "2.0",
        {**_CONV, **_WEIGHTS},
        _LAYOUTS,
        _ROWS_COLS,
        positions=(1, 2),
    ),
    Change(
        ("SeparableConv2D",),
        "2.0",
        {
            "init": ("depthwise_initializer", "pointwise_initializer"),
            **_CONV,
            **_BIAS,
        },
        _LAYOUTS,
        _ROWS_COLS,
        positions=(1, 2),
    ),
    Change(
        ("Conv2DTranspose",),
        "2.0",
        {**_CONV, **_WEIGHTS, "output_shape": "target_shape"},
        _LAYOUTS,
        _ROWS_COLS,
        positions=(1, 2),
        after="output_shape",
    ),
    Change(
        ("Conv3D",), "2.0", {**_CONV, **_WEIGHTS}, _LAYOUTS, _CUBE, positions=(1, 3)
    ),
    Change(
        ("SimpleRNN",),
        "2.0",
        {"output_dim": "units", **_WEIGHTS, **_RECURRENT},
        gathered=_LENGTH_DIM,
        dropped={"consume_less": ANY, "implementation": ANY},  # how fast, not what
    ),
    Change(
        ("GRU",),
        "2.0",
        {
            "output_dim": "units",
            "consume_less": "implementation",
            **_WEIGHTS,
            **_GATED,
        },
        _EFFORT,
        _LENGTH_DIM,
    ),
    Change(
        ("LSTM",),
        "2.0",
        {
            "output_dim": "units",
            "consume_less": "implementation",
            **_WEIGHTS,
            **_FORGETFUL,
        },
        _EFFORT | _FORGET,
        _LENGTH_DIM,
    ),
    Change(
        ("ConvLSTM2D",),
        "2.0",
        {**_CONV, **_WEIGHTS, **_FORGETFUL},
        {**_LAYOUTS, **_FORGET},
        _ROWS_COLS,
        positions=(1, 2),
    ),
    Change(_each("MaxPooling", "AveragePooling", rank=(1,)), "2.0", _POOL1D),
    Change(_each("MaxPooling", "AveragePooling", rank=(2, 3)), "2.0", _POOL, _LAYOUTS),
    Change(
        _each(
            "GlobalMaxPooling",
            "GlobalAveragePooling",
            "UpSampling",
            "Cropping",
            rank=(2, 3),
        ),
        "2.0",
        _LAYOUT,
        _LAYOUTS,
    ),
    Change(
        ("ZeroPadding2D",),
        "2.0",
        _LAYOUT,
        _LAYOUTS,
        sides={"padding": (("top_pad", "bottom_pad"), ("left_pad", "right_pad"))},
    ),
    Change(("ZeroPadding3D",), "2.0", _LAYOUT, _LAYOUTS),
    Change(("UpSampling1D",), "2.0", {"length": "size"}),
    Change(("Model", "Network"), "2.0", {"input": "inputs", "output": "outputs"}),
    Change(("InputLayer",), "2.0", {"input_dtype": "dtype"}),
    Change(("fit",), "2.0", {"nb_epoch": "epochs"}, dropped=_SHOWN),
    Change(("evaluate", "train_on_batch", "test_on_batch"), "1.0", {}, dropped=_SHOWN),
    Change(
        ("fit_generator",),
        "2.0",
        {
            "samples_per_epoch": "steps_per_epoch",
            "nb_epoch": "epochs",
            "nb_val_samples": "validation_steps",
            **_LOADING,
        },
    ),
    Change(
        ("evaluate_generator", "predict_generator"),
        "2.0",
        {"val_samples": "steps", **_LOADING},
    ),
    Change(("Optimizer",), "2.3", {"lr": "learning_rate"}),
    Change(("ReduceLROnPlateau",), "2.1.6", {"epsilon": "min_delta"}),
    Change(
        ("ImageDataGenerator", "NumpyArrayIterator", "DirectoryIterator"),
        "2.0",
        _LAYOUT,
        _LAYOUTS,
    ),
    Change(("Tokenizer",), "2.0", {"nb_words": "num_words"}),
    Change(("load_data",), "2.0", {"nb_words": "num_words"}),
    Change(("to_categorical",), "2.0", {"nb_classes": "num_classes"}),
)


_METRICS = ' Give `metrics=["accuracy"]` to `compile`.'

# What to write today for (class or method, argument) that is no more.
INSTEAD = {
    ("Embedding", "dropout"): " Put `SpatialDropout1D(rate)` after the layer.",
    ("fit", "show_accuracy"): _METRICS,
    ("evaluate", "show_accuracy"): _METRICS,
    ("train_on_batch", "show_accuracy"): _METRICS,
    ("test_on_batch", "show_accuracy"): _METRICS,
}


class Order(NamedTuple):
    """Another order in which arguments came one by one, and how it is recognised."""

    at: int  # which argument tells
    kind: type  # by being of this type, which it is not in today's order
    names: tuple[str, ...]


ORDERS = {
    # before there was a `monitor`
    "ModelCheckpoint": Order(1, int, ("filepath", "verbose", "save_best_only")),
    # 1.x had the first four; the line of tf.keras went on from there.
    "TensorBoard": Order(
        2,
        bool,
        (
            "log_dir",
            "histogram_freq",
            "write_graph",
            "write_images",
            "write_steps_per_second",
            "update_freq",
            "profile_batch",
            "embeddings_freq",
            "embeddings_metadata",
        ),
    ),
}

# Counted in samples before 2.0, in batches since: divided by the generator's own
# `batch_size` where it has one.
COUNTED_IN_SAMPLES = ("samples_per_epoch",)

# Old name of a class or function -> (today's, since).
NAMES = {
    **{f"Convolution{n}D": (f"Conv{n}D", "2.0") for n in (1, 2, 3)},
    **{
        f"{old}{n}D": (f"Conv{n}DTranspose", "2.0")
        for old in ("Deconv", "Deconvolution")
        for n in (2, 3)
    },
    **{
        f"{old}{n}D": (f"Conv{n}D", "2.0")
        for old in ("AtrousConv", "AtrousConvolution")
        for n in (1, 2)
    },
    **{f"SeparableConvolution{n}D": (f"SeparableConv{n}D", "2.0") for n in (1, 2)},
    **{
        f"{short}{n}D": (f"{full}{n}D", "2.0")
        for short, full in {
            "MaxPool": "MaxPooling",
            "AvgPool": "AveragePooling",
            "GlobalMaxPool": "GlobalMaxPooling",
            "GlobalAvgPool": "GlobalAveragePooling",
        }.items()
        for n in (1, 2, 3)
    },
    "TimeDistributedDense": ("Dense", "2.0"),
    "GroupQueryAttention": ("GroupedQueryAttention", "2.0"),  # Keras 3 has both
    "L1L2Regularizer": ("L1L2", "2.0"),
    "WeightRegularizer": ("L1L2", "2.0"),
    "ActivityRegularizer": ("L1L2", "2.0"),
    "activity_l1": ("l1", "2.0"),
    "activity_l2": ("l2", "2.0"),
    "activity_l1l2": ("l1_l2", "2.0"),
    "l1l2": ("l1_l2", "2.0"),
    "Container": ("Network", "2.2"),
    "visualize_util": ("vis_utils", "2.0"),
}

# Old path -> (today's, since), below the package.
PATHS = {
    "objectives": ("losses", "2.0"),
    "initializations": ("initializers", "2.0"),
    "engine.topology": ("engine.base_layer", "2.2"),
    "utils.visualize_util": ("utils.vis_utils", "2.0"),
}

_GET_FILE = (
    "`urllib.request.urlretrieve` fetches a file; `pooch.retrieve` of the package "
    "`pooch` checks its hash and keeps it too."
)
_GENERATORS = "`fit` takes NumPy arrays, a generator of batches or a `utils.Sequence`"

# What Keras has at a path and nothing here stands for -> what to use instead.
ABSENT = {
    "preprocessing": f"{_GENERATORS}. In place of `pad_sequences`: `np.pad(row, "
    "(length - len(row), 0))` for each row. `Tokenizer` and `ImageDataGenerator` are "
    "in the package `keras-preprocessing`; its `pad_sequences` needs a NumPy below 2.",
    "datasets": f"{_GENERATORS}; other packages bring data: `sklearn.datasets` "
    "for one.",
    "applications": "Build the network of `layers`; `load_weights` reads its weights "
    "from a file in Keras's HDF5 layout.",
    "utils.get_file": _GET_FILE,
    "utils.data_utils.get_file": _GET_FILE,
    "utils.multi_gpu_model": "Leave the call out: a model trains on one device.",
}

# Keys of `logs` that are one thing: either is understood in a lookup.
LOG_KEYS = (
    ("acc", "accuracy"),
    ("lr", "learning_rate"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("mse", "mean_squared_error"),
    ("msle", "mean_squared_logarithmic_error"),
    ("kld", "kullback_leibler_divergence"),
)

# Before 2.3 the key of a metric was made from its function, whatever was asked for.
_FROM_FUNCTION = {"accuracy": "acc"} | {
    short: long for short, long in LOG_KEYS if short not in ("acc", "lr")
}

_JSON = {"Accept": "application/json", "Content-Type": "application/json"}

# What a generation does otherwise and what changes results.
QUIRKS = {
    "default_epochs": {"1": 10, "2.1": 1, "2.3": 1},
    "first_epoch_number": {"1": 0, "2.1": 1, "2.3": 1},  # in file names and messages
    "extra_patience": {"1": 1, "2.1": 0, "2.3": 0},  # epochs beyond `patience`
    "metric_keys": {"1": _FROM_FUNCTION, "2.1": _FROM_FUNCTION, "2.3": {}},
    # a schedule that can do without the present rate is called without it
    "schedule_knows_rate": {"1": False, "2.1": True, "2.3": True},
    "schedule_logs_rate": {"1": False, "2.1": False, "2.3": True},
    "warns_of_epsilon": {"1": False, "2.1": True, "2.3": True},
    "remote_headers": {"1": _JSON, "2.1": {}, "2.3": {}},  # although the body is a form
    "plain_bar": {"1": True, "2.1": False, "2.3": False},  # no time of a step
    "bar_comes_last": {
        "1": True,
        "2.1": False,
        "2.3": False,
    },  # after what others print
}

_EPOCH = "Epoch {epoch:05d}: "
_BELOW = "\n" + _EPOCH  # below the bar, which has not ended its line

# What callbacks print: today's words, and those of generations that had others.
MESSAGES = {
    "saves": (
        _BELOW + "saving model to {path}",
        {"1": _EPOCH + "saving model to {path}"},
    ),
    "improves": (
        _BELOW + "{monitor} improved from {best:0.5f} to {current:0.5f}, "
        "saving model to {path}",
        {
            "1": _EPOCH + "{monitor} improved from {best:0.5f} to {current:0.5f}, "
            "saving model to {path}",
        },
    ),
    "does_not_improve": (
        _BELOW + "{monitor} did not improve from {best:0.5f}",
        {"1": _EPOCH + "{monitor} did not improve"},
    ),
    "reduces_rate": (
        _BELOW + "ReduceLROnPlateau reducing learning rate to {rate}.",
        {"1": _BELOW + "reducing learning rate to {rate}."},
    ),
    "sets_rate": (
        _BELOW + "LearningRateScheduler setting learning rate to {rate}.",
        dict.fromkeys(
            ("1", "2.1"),
            _BELOW + "LearningRateScheduler reducing learning rate to {rate}.",
        ),
    ),
}
