"""Whether a file can be written, asked before training rather than after an epoch.

Nothing stays here of what is tried; writing is the business of those who write.
"""

import os
import tempfile

from cthulhu import errors


def check_writable(path: str | os.PathLike, who: str) -> None:
    """Refuse a path that no file can be written to, as far as can be seen.

    Args:
        path: Where a file will be; folders on the way may still be missing.  A template
            is looked at up to its first field.
        who: The callback's class, for the message.

    Raises:
        IsADirectoryError: There is a folder of that name.
        NotADirectoryError: A file stands where a folder is needed.
        PermissionError: The file that is there is read-only.
        OSError: Nothing can be made in the folder; of the kind that the system gives.
    """
    path = os.fspath(path)
    if "://" in path:
        return
    happened = f"{who} cannot write to `{path}`"
    if "{" in path:
        folder = os.path.dirname(path.partition("{")[0])
    else:
        folder = os.path.dirname(path)
        if os.path.isdir(path):
            raise IsADirectoryError(
                errors.message(happened, "a folder", "the name of a file")
            )
        if os.path.exists(path) and not os.access(path, os.W_OK):
            raise PermissionError(
                errors.message(happened, fix="The file is there, and is read-only")
            )
    folder = os.path.abspath(folder)
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise NotADirectoryError(
            errors.message(happened, f"`{folder}` is a file", "a folder")
        )
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass  # what permissions say need not be so: of root, or on a network
    except OSError as error:
        raise type(error)(
            errors.message(
                happened, fix=f"Nothing can be made in the folder `{folder}`: {error}"
            )
        ) from None
