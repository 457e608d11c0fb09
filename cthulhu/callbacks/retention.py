"""Which files of many stay: the best few and the last; and a link to the last.

Only files that were handed in are ever removed.  What is in them is the business of
those who write.
"""

import os
import secrets
import warnings
from typing import Any

import numpy as np

from cthulhu import errors


def retain(
    written: list[list], path: str, value: Any, most: int, sign: int
) -> list[list]:
    """Take a file in, and remove those that are neither among the best nor the last.

    Args:
        written: Pairs of a path and a value, in the order of writing.
        path: The file that was written now; it takes its own place if it is in there.
        value: How good it is; None if nobody knows, which is worse than any number.
            Of files without a value the newer ones are better, of equals the older.
        most: How many of the best to keep.
        sign: 1 where less is better, -1 where more is.

    Returns:
        Pairs of those that are still there.
    """
    number = None if value is None else float(np.asarray(value).item())
    written = [pair for pair in written if pair[0] != path] + [[path, number]]

    def rank(i: int) -> tuple:
        value = written[i][1]
        if value is None:
            return 2, -i
        return (1, i) if np.isnan(value) else (0, sign * value, i)

    best = set(sorted(range(len(written)), key=rank)[:most])
    stay = best | {len(written) - 1}
    for i, (old, _) in enumerate(written):
        if i not in stay:
            _remove(old)
    return [pair for i, pair in enumerate(written) if i in stay]


def check_link(link: str, who: str) -> None:
    """Refuse a place for a link that a file or a folder has.

    Raises:
        FileExistsError: Something else than a link is there.
    """
    if os.path.lexists(link) and not os.path.islink(link):
        raise FileExistsError(
            errors.message(
                f"{who} cannot put a link at `{link}`",
                "a file or folder that is there",
                fix="Move it away, or give `latest` another name",
            )
        )


def point(link: str, path: str) -> None:
    """Let a symbolic link point to a file, in one step.

    Args:
        link: Where the link is; replaced if it is there.
        path: The file.

    Raises:
        OSError: where there are no symbolic links.
        ValueError: The link would replace the file itself.
    """
    if os.path.abspath(link) == os.path.abspath(path):
        raise ValueError(
            errors.message(f"A link `{link}` to the file itself would hide the file")
        )
    folder = os.path.dirname(os.path.abspath(link))
    target = os.path.relpath(os.path.abspath(path), folder)
    fresh = os.path.join(folder, f".{secrets.token_hex(6)}.tmp")
    os.symlink(target, fresh)
    try:
        os.replace(fresh, link)
    except OSError:
        os.unlink(fresh)
        raise


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass  # somebody was faster
    except OSError as error:
        warnings.warn(
            errors.message(f"`{path}` is not needed any more, but stays", error),
            RuntimeWarning,
            stacklevel=4,
        )
