"""H5Dict: the same names and values from a file, a group and a dict."""

import h5py
import numpy as np
import pytest

from cthulhu.saving import H5Dict


@pytest.fixture(params=["path", "text", "dict"])
def place(request, tmp_path):
    path = tmp_path / "file.h5"
    return {"path": path, "text": str(path), "dict": {}}[request.param]


def test_what_was_written_is_read(place):
    array = np.arange(6.0).reshape(2, 3)
    with H5Dict(place, "w") as file:
        file["text"] = "abc"
        file["names"] = [b"kernel", b"bias"]
        file["outer"]["inner"]["array"] = array
        assert file["outer"]["inner"]["array"] is not None
    with H5Dict(place, "r") as file:
        assert (file["text"], file["names"]) == ("abc", [b"kernel", b"bias"])
        assert "outer" in file and "inner" in file["outer"] and "other" not in file
        assert np.array_equal(file["outer"]["inner"]["array"], array)
        assert (file.get("other", 3), file.get("text")) == (3, "abc")


def test_reading_changes_nothing(place):
    with H5Dict(place, "w") as file:
        file["group"]["x"] = 1
    with H5Dict(place, "r") as file:
        for change in (
            lambda: file["new"],
            lambda: file.__setitem__("x", 1),
            lambda: file["group"].__setitem__("x", 2),
        ):
            with pytest.raises(ValueError, match="reading only"):
                change()


def test_a_long_list_of_names_is_spread_over_attributes(tmp_path):
    names = [f"layer_{i:05d}" for i in range(20000)]  # 220 kB
    with h5py.File(tmp_path / "file.h5", "w") as file:
        H5Dict(file)["names"] = names
        assert list(file.attrs) == ["names0", "names1", "names2", "names3"]
        assert H5Dict(file)["names"] == names
        with pytest.raises(RuntimeError, match="too long"):
            H5Dict(file)["long"] = ["x" * 70000]


def test_a_group_is_not_overwritten(tmp_path):
    with H5Dict(tmp_path / "file.h5", "w") as file:
        file["x"]["y"] = 1
        assert list(file) == ["x"] and len(file) == 1
        with pytest.raises(KeyError, match="`x`"):
            file["x"] = 2


def test_other_places_are_refused():
    assert not H5Dict.is_supported_type([])
    with pytest.raises(TypeError, match="a path, an `h5py.Group` or a dict"):
        H5Dict([])
