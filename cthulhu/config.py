"""The only global settings: float type, epsilon, image layout, generation of Keras,
where compiled programs are kept, and whether freed memory is.

Set in the program or by environment variables (`CTHULHU_FLOATX`, `CTHULHU_EPSILON`,
`CTHULHU_IMAGE_DATA_FORMAT`, `CTHULHU_GENERATION`, `CTHULHU_COMPILATION_CACHE`,
`CTHULHU_COMPILATION_CACHE_LIMIT`, `CTHULHU_KEEP_MEMORY`) before the first import; no
settings are read from the home folder.  What a generation changes is
`vocabulary.history`'s business; how programs are kept and thrown away is
`core.compilation`'s; how memory is kept is `core.allocator`'s.
"""

import os
import sys

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

    Example:
        >>> set_floatx("float32")
    """
    _settings["floatx"] = _one_of("floatx", floatx, _FLOATX)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite, 1e-7 unless set."""
    return _settings["epsilon"]


def set_epsilon(epsilon: float) -> None:
    """Choose the small number of `epsilon()`, a float above 0.

    Example:
        >>> set_epsilon(1e-6)
        >>> epsilon()
        1e-06
    """
    _settings["epsilon"] = float(epsilon)


def image_data_format() -> str:
    """Where the channels of images stand, `"channels_last"` unless set."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Choose `"channels_last"` (rows, columns, channels) or `"channels_first"`.

    Raises:
        ValueError: for any other name.

    Example:
        >>> set_image_data_format("channels_first")
        >>> image_data_format()
        'channels_first'
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

    Example:
        >>> set_generation("2.1")
        >>> generation()
        '2.1'
    """
    _settings["generation"] = _one_of("generation", generation, GENERATIONS)


def compilation_cache() -> str | None:
    """The folder that compiled programs are kept in, or None where none are.

    Unless set, `cthulhu/compiled` in the user's folder for caches: `XDG_CACHE_HOME` or
    `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
    """
    folder = _settings["compilation_cache"]
    return _cache_folder() if folder is True else folder


def compilation_cache_limit() -> int:
    """How many bytes of compiled programs are kept, 1e9 unless set."""
    return _settings["compilation_cache_limit"]


def set_compilation_cache(
    folder: "bool | str | os.PathLike | None", limit=None
) -> None:
    """Choose where the compiled programs of models are kept for the next start.

    It holds for models that are compiled, and functions made, from here on.  Whoever
    has set JAX's own `jax_compilation_cache_dir` keeps that.

    Args:
        folder: A path; True for the folder of `compilation_cache()`; False or None to
            keep nothing.  What lies in it is run: let nobody else write there.
        limit: Bytes above which those that were used longest ago are thrown away, at
            the next start; None: as it was.

    Raises:
        ValueError: for a limit that is not above 0.

    Example:
        >>> set_compilation_cache(False)
        >>> compilation_cache() is None
        True
    """
    if limit is not None and not limit > 0:
        raise ValueError(
            f"A limit of {limit!r} bytes: expected a number above 0. To keep no "
            "compiled programs, say `set_compilation_cache(False)`."
        )
    chosen = folder if isinstance(folder, bool) or not folder else os.fspath(folder)
    _settings["compilation_cache"] = chosen or None
    if limit is not None:
        _settings["compilation_cache_limit"] = int(limit)


def keep_memory() -> bool:
    """Whether memory that is freed stays with the process, True unless set.

    On Linux, steps on a CPU are up to a third shorter where they find the memory of the
    last step again.  It is given back when the process has half of the machine's.
    """
    return _settings["keep_memory"]


def set_keep_memory(keep: bool) -> None:
    """Choose whether memory that is freed stays with the process.

    Once it is kept it stays so: say False before layers, models or the backend are
    imported, or set `CTHULHU_KEEP_MEMORY=0`.

    Example:
        >>> set_keep_memory(True)
        >>> keep_memory()
        True
    """
    _settings["keep_memory"] = bool(keep)


def _cache_folder() -> str:
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        caches = os.environ.get("LOCALAPPDATA") or os.path.join(
            home, "AppData", "Local"
        )
    elif sys.platform == "darwin":
        caches = os.path.join(home, "Library", "Caches")
    else:
        caches = os.path.join(home, ".cache")
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # the convention: relative ones are to be ignored
        caches = given
    return os.path.join(caches, "cthulhu", "compiled")


_SWITCHES = {"": True, "1": True, "on": True, "0": False, "off": False}

_settings: dict = {}
set_floatx(os.environ.get("CTHULHU_FLOATX", "float32"))
set_epsilon(float(os.environ.get("CTHULHU_EPSILON", "1e-7")))
set_image_data_format(os.environ.get("CTHULHU_IMAGE_DATA_FORMAT", "channels_last"))
set_generation(os.environ.get("CTHULHU_GENERATION", "2.3"))
_given = os.environ.get("CTHULHU_COMPILATION_CACHE", "")
set_compilation_cache(
    _SWITCHES.get(_given.lower(), _given),
    float(os.environ.get("CTHULHU_COMPILATION_CACHE_LIMIT", "1e9")),
)
set_keep_memory(
    bool(_SWITCHES.get(os.environ.get("CTHULHU_KEEP_MEMORY", "").lower(), True))
)
