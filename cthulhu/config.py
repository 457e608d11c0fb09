"""The only global settings: float type, epsilon, image layout, generation of Keras.

Set in the program or by environment variables (`CTHULHU_FLOATX`, `CTHULHU_EPSILON`,
`CTHULHU_IMAGE_DATA_FORMAT`, `CTHULHU_GENERATION`) before the first import; no file of
the home folder is read.  What a generation changes is `vocabulary.history`'s business.
"""

import os

GENERATIONS = ("1", "2.1", "2.3")
_FLOATX = ("float16", "bfloat16", "float32", "float64")
_LAYOUTS = ("channels_last", "channels_first")


def _one_of(what, value, choices):
    if value not in choices:
        raise ValueError(f"Unknown {what} {value!r}: expected one of {choices}.")
    return str(value)


def floatx() -> str:
    """The float type of new weights and of data, `"float32"` unless set.

    Example:
        >>> floatx()
        'float32'
    """
    return _settings["floatx"]


def set_floatx(floatx: str) -> None:
    """Choose the float type: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: for any other name.
    """
    _settings["floatx"] = _one_of("floatx", floatx, _FLOATX)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite, 1e-7 unless set."""
    return _settings["epsilon"]


def set_epsilon(epsilon: float) -> None:
    """Choose the small number of `epsilon()`, a float above 0."""
    _settings["epsilon"] = float(epsilon)


def image_data_format() -> str:
    """Where the channels of images stand, `"channels_last"` unless set."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Choose `"channels_last"` (rows, columns, channels) or `"channels_first"`.

    Raises:
        ValueError: for any other name.
    """
    _settings["image_data_format"] = _one_of("data_format", data_format, _LAYOUTS)


def generation() -> str:
    """The generation of Keras whose quirks apply, `"2.3"` unless set."""
    return _settings["generation"]


def set_generation(generation: str) -> None:
    """Ask for the quirks of an older Keras: `"1"`, `"2.1"`, or `"2.3"` for today's.

    Default epochs, the keys of metrics, the epoch number in file names and the counting
    of patience follow it; see `vocabulary.quirk`.

    Raises:
        ValueError: for any other generation.
    """
    _settings["generation"] = _one_of("generation", generation, GENERATIONS)


_settings: dict = {}
set_floatx(os.environ.get("CTHULHU_FLOATX", "float32"))
set_epsilon(float(os.environ.get("CTHULHU_EPSILON", "1e-7")))
set_image_data_format(os.environ.get("CTHULHU_IMAGE_DATA_FORMAT", "channels_last"))
set_generation(os.environ.get("CTHULHU_GENERATION", "2.3"))
