"""A file is there whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from cthulhu.saving import write
from cthulhu.saving.write import write_bytes


def test_bytes_arrive_and_nothing_else_is_left(tmp_path):
    write_bytes(tmp_path / "a", b"one")
    write_bytes(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("step", ["fsync", "replace", "open"])
@pytest.mark.parametrize("problem", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_the_old_file_survives_any_failure(tmp_path, monkeypatch, step, problem):
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def fail(*args, **kwargs):
        raise problem

    target = write if step == "open" else write.os
    monkeypatch.setattr(target, step, fail, raising=False)
    with pytest.raises(type(problem)):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    script = (
        "import os, signal, sys; from cthulhu.saving import write\n"
        "write.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write.write_bytes(sys.argv[1], b'half')"
    )
    path = tmp_path / "a"
    write_bytes(path, b"old")
    ended = subprocess.run([sys.executable, "-c", script, str(path)])
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old" and len(os.listdir(tmp_path)) == 2
    write_bytes(path, b"new")
    assert os.listdir(tmp_path) == ["a"] and path.read_bytes() == b"new"


def test_a_link_is_followed_and_permissions_stay(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    os.chmod(tmp_path / "real", 0o640)
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path):
    old = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_long_and_strange_names_work(tmp_path):
    for name in ("x" * 255, "mit Leerzeichen und ä"):
        write_bytes(tmp_path / name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="folder"):
        write_bytes(tmp_path, b"x")
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "none" / "a", b"x")
