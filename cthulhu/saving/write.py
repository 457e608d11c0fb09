"""Files that are there whole or not at all.

Bytes go to a temporary file in the same folder, to the disk, and then under their name
in one step.  Whatever goes wrong on the way - a full disk, a signal, an exception - the
old file stays as it was and the temporary one is removed; one that a killed process
left behind is removed by the next write to the same name.
"""

import contextlib
import hashlib
import os
import secrets
import socket
from pathlib import Path


def write_bytes(path: str | os.PathLike, data: bytes | memoryview) -> None:
    """Put `data` under the name `path`, replacing what was there.

    A link is followed; the permissions of a file that is replaced are kept.

    Args:
        path: Where to; its folder must exist.
        data: All bytes of the file.

    Raises:
        OSError: If they cannot be written; what was there is untouched.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"`{path}` cannot be written: there is no folder `{target.parent}`."
        )
    if target.is_dir():
        raise IsADirectoryError(f"`{path}` is a folder. Expected: the name of a file.")
    _remove_leftovers(target)
    name = f"{_mark(target)}{os.getpid()}-{secrets.token_hex(4)}.tmp"
    temporary = target.parent / name
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)


def _mark(target: Path) -> str:
    # Short, since the target's own name may have as many bytes as a name can have.
    place = f"{socket.gethostname()}/{target.name}".encode(errors="surrogateescape")
    return f".{hashlib.sha256(place).hexdigest()[:12]}-"


def _remove_leftovers(target: Path) -> None:
    """Remove what writers of this name left that were killed on this machine."""
    with contextlib.suppress(OSError):
        for found in target.parent.glob(f"{_mark(target)}*.tmp"):
            process = found.name.split("-")[1]
            if process.isdigit() and not _is_alive(int(process)):
                found.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


def _sync_folder(folder: Path) -> None:
    # Not every file system can; the file is whole in any case.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
