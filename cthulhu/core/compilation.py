"""Compiling with JAX, and keeping what was compiled for the next start.

`config` says where programs are kept.  How they are read and written is the business of
JAX's own cache, whose key holds the program, the versions, the flags and the features
of the processor; here it is told its folder, and the folder is swept.  What XLA is
asked for is told with each program, never by the environment.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Callable
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache
from jaxlib.version import __version__ as xla_version

from cthulhu import config

# Reading takes a few milliseconds, so what compiles faster is not worth a file.
_WORTH_KEEPING = 0.05  # seconds

_JAX_FLAGS = {  # ours, and what JAX has where nobody chose
    "jax_persistent_cache_min_compile_time_secs": (_WORTH_KEEPING, 1.0),
    "jax_persistent_cache_min_entry_size_bytes": (-1, 0),
}

_told: str | None = None  # the folder that JAX was told of here


# On a CPU, XLA hands convolutions to a library that computes them in one thread.
# Without it they use all threads; products stay with that library.
_CPU_OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"
}


def jit(function: Callable[..., Any], **kwargs: Any) -> Any:
    """`jax.jit(function, **kwargs)`, with programs kept as `config` says."""
    keep_programs()
    return jax.jit(function, compiler_options=compiler_options(), **kwargs)


def compiler_options() -> dict[str, str]:
    """What XLA is asked for: nothing off a CPU, nor what `XLA_FLAGS` decides."""
    if jax.default_backend() != "cpu":
        return {}
    flags = os.environ.get("XLA_FLAGS", "")
    return {k: v for k, v in _CPU_OPTIONS.items() if k not in flags and _known(k, v)}


@functools.cache
def _known(option: str, value: str) -> bool:
    """Whether this version of XLA has an option; noted beside the programs if so."""
    note = _told and os.path.join(_told, f"{option}-{value}-{xla_version}")
    if note and os.path.exists(note):
        return True
    try:
        jax.jit(lambda: 0, compiler_options={option: value}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    if note:
        with contextlib.suppress(OSError):  # then it is asked at each start
            open(note, "w").close()
    return True


def keep_programs() -> None:
    """Tell JAX the folder for compiled programs, unless somebody else did."""
    global _told
    now = jax.config.values  # what users set by any of JAX's ways
    if now["jax_compilation_cache_dir"] != _told:
        return  # set by the user, to a folder or to none
    folder = config.compilation_cache()
    if folder == _told or not now["jax_enable_compilation_cache"]:
        return
    if folder is not None and not _fit_for_use(
        folder, config.compilation_cache_limit()
    ):
        folder = None
    if folder == _told:
        return
    jax.config.update("jax_compilation_cache_dir", folder)
    for name, (ours, default) in _JAX_FLAGS.items():
        if folder is not None and getattr(jax.config, name) == default:
            jax.config.update(name, ours)
    compilation_cache.reset_cache()  # it may be open on another folder
    _told = folder


def _fit_for_use(folder: str, limit: int) -> bool:
    """Make the folder and sweep it; whether programs can be written to and trusted."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and os.stat(folder).st_uid != os.getuid():
            return False  # programs are run: not those of somebody else
        sweep(folder, limit)
        # Of a full disk JAX would tell at each program.
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2**26
    except OSError:
        return False


def sweep(folder: str, limit: int) -> None:
    """Throw away the programs used longest ago, until the others fit into the limit.

    Args:
        folder: Where they are.
        limit: How many bytes may stay.
    """
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith("-cache"):
                with contextlib.suppress(FileNotFoundError):  # others sweep as well
                    state = entry.stat()
                    used = max(state.st_atime, state.st_mtime)
                    found.append((used, state.st_size, entry.path))
    room = limit
    for _, size, path in sorted(found, reverse=True):
        room -= size
        if room < 0 or size == 0:  # empty: the disk was full
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
