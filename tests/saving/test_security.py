"""What a file of a stranger may not do; beside each refusal stands what is allowed."""

import json
import resource
import subprocess
import sys

import h5py
import numpy as np
import pytest

from cthulhu import saving
from cthulhu.saving import DamagedFile, RefusedFile, configs
from tests.saving.stand_ins import CUSTOM, Chain, Plain, chain

KERNEL = "dense_1/dense_1/kernel:0"


@pytest.fixture
def path(tmp_path):
    saving.save_weights(chain(), tmp_path / "w.h5")
    return tmp_path / "w.h5"


def spoil(path, change):
    with h5py.File(path, "r+") as file:
        for name in ("dense_1", "dense_2"):
            file[name].attrs.pop("sha256", None)
        change(file)


def replace(file, **kwargs):
    del file[KERNEL]
    file.create_dataset(KERNEL, **kwargs)


def refused(path, error=RefusedFile, match=None):
    model = chain()
    before = model.get_weights()
    for by_name in (False, True):
        with pytest.raises(error, match=match):
            saving.load_weights(model, path, by_name=by_name)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_file_loads_if_nothing_is_wrong_with_it(path):
    spoil(path, lambda file: None)
    saving.load_weights(chain(), path)


@pytest.mark.parametrize("filters", [{"compression": "gzip"}, {"compression": "lzf"}])
def test_compressed_weights_load(path, filters):
    spoil(
        path, lambda f: replace(f, data=np.ones((3, 2), "f4"), chunks=True, **filters)
    )
    model = chain()
    saving.load_weights(model, path)
    assert model.get_weights()[0].sum() == 6


@pytest.mark.parametrize("dtype", [">f4", "f8", "f2", "i4"])
def test_other_numbers_load(path, dtype):
    spoil(path, lambda f: replace(f, data=np.full((3, 2), 2, dtype)))
    model = chain()
    saving.load_weights(model, path)
    assert model.get_weights()[0].tolist() == [[2, 2]] * 3
    assert model.get_weights()[0].dtype == "float32"


def test_links_are_not_followed(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.ones((3, 2))
        file["dense_1/kernel:0"] = np.ones((3, 2))
        file["dense_1/bias:0"] = np.ones(2)

    def link(place, to):
        def change(file):
            del file[place]
            file[place] = to

        return change

    outside = h5py.ExternalLink("other.h5", "kernel")
    spoil(path, link(KERNEL, outside))
    refused(path, match="link to another place")
    spoil(path, link(KERNEL, h5py.SoftLink("/dense_2/dense_2/kernel:0")))
    refused(path, match="link to another place")
    spoil(path, link("dense_1/dense_1", h5py.ExternalLink("other.h5", "dense_1")))
    refused(path, match="link to another place")


def test_data_outside_the_file_is_not_read(path, tmp_path):
    (tmp_path / "secret").write_bytes(b"s" * 24)
    secret = [(str(tmp_path / "secret"), 0, 24)]
    spoil(path, lambda f: replace(f, shape=(3, 2), dtype="f4", external=secret))
    refused(path, match="another file")


def test_virtual_data_is_not_read(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.ones((3, 2), "f4")

    def change(file):
        layout = h5py.VirtualLayout((3, 2), "f4")
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "kernel", (3, 2))
        del file[KERNEL]
        file.create_virtual_dataset(KERNEL, layout)

    spoil(path, change)
    refused(path, match="other files")


@pytest.mark.parametrize(
    "kwargs",
    [
        {"data": ["a"] * 6},
        {"data": np.zeros((3, 2), [("a", "f4"), ("b", "f4")])},
        {"shape": (3, 2), "dtype": h5py.ref_dtype},
        {"shape": (3, 2), "dtype": h5py.vlen_dtype("f4")},
        {"data": np.zeros((3, 2), "longdouble")},
        {"data": np.zeros((3, 2), "c8")},
        {"data": h5py.Empty("f4")},
    ],
)
def test_only_plain_numbers_are_read(path, kwargs):
    spoil(path, lambda f: replace(f, **kwargs))
    refused(path, match="not an array of numbers")


def test_a_group_in_the_place_of_an_array_is_refused(path):
    def change(file):
        del file[KERNEL]
        file.create_group(KERNEL)

    spoil(path, change)
    refused(path, match="not an array")


@pytest.mark.parametrize("name", ["../dense_2", "/dense_2", "dense_2/../dense_2", "."])
def test_names_do_not_lead_out_of_their_group(path, name):
    spoil(
        path, lambda f: f["dense_1"].attrs.__setitem__("weight_names", [name.encode()])
    )
    refused(path, match="no place in a file")


def test_a_name_of_nothing_is_told(path):
    names = np.array([b"dense_1", b"dense_9"])
    spoil(path, lambda f: f.attrs.__setitem__("layer_names", names))
    refused(path, DamagedFile, "no `dense_9`")


def test_an_array_far_too_large_is_not_read(path):
    spoil(
        path,
        lambda f: replace(
            f,
            shape=(400_000, 400_000),
            dtype="f4",
            chunks=(100, 100),
            compression="gzip",
        ),
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, ValueError, "were not read")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 200_000  # kilobytes


def config(layer):
    return {"class_name": "Chain", "config": {"name": "c", "layers": [layer]}}


def test_a_model_of_known_layers_loads():
    layer = {"class_name": "Plain", "config": {"name": "a"}}
    assert saving.model_from_config(config(layer), CUSTOM).layers[0].name == "a"


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "os", "class_name": "system", "config": {"command": "touch canary"}},
        {"class_name": "os.system", "config": "touch canary"},
        {"class_name": "builtins.exec", "config": {}},
        {"class_name": "subprocess.Popen", "config": {"args": "touch canary"}},
        {"class_name": "load_model", "config": {"filepath": "x"}},
        {"class_name": "get_file", "config": {}},
        {"class_name": "numpy.load", "config": {}},
        {"class_name": "__import__", "config": {}},
    ],
)
def test_names_outside_the_registry_stand_for_nothing(layer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="Unknown layer"):
        saving.model_from_json(json.dumps(config(layer)), CUSTOM)
    assert not list(tmp_path.iterdir())


def test_a_class_name_that_is_no_name_is_refused():
    with pytest.raises(RefusedFile, match="no name"):
        saving.model_from_config(config({"class_name": ["a"], "config": {}}), CUSTOM)


@pytest.mark.parametrize("depth", [500, 60_000])
def test_configurations_that_are_nested_too_deep_are_refused(depth):
    with pytest.raises(RefusedFile, match="too deep"):
        configs.parse("[" * depth + "]" * depth)
    assert configs.parse("[" * 100 + "]" * 100)


def test_a_configuration_that_is_no_json_is_damaged():
    with pytest.raises(DamagedFile, match="JSON"):
        configs.parse("{'a': 1}")


LOADER = """
import sys
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and watching:
        opened.append(arguments[0])
watching = False
sys.addaudithook(watch)
from cthulhu import saving
from tests.saving.stand_ins import CUSTOM
saving.load_model(sys.argv[1], CUSTOM)
watching = True
saving.load_model(sys.argv[1], CUSTOM)
print([name for name in opened if name != sys.argv[1]])
"""


def test_loading_opens_no_other_file(tmp_path):
    saving.save_model(chain(compiled=True), tmp_path / "m.h5")
    ran = subprocess.run(
        [sys.executable, "-c", LOADER, str(tmp_path / "m.h5")],
        capture_output=True,
        text=True,
    )
    assert ran.stdout.strip() == "[]", ran.stderr


def test_a_wide_weight_is_compared_before_it_is_read(tmp_path):
    saving.save_weights(Chain([Plain("dense_1", 300, 300)]), tmp_path / "w.h5")
    with pytest.raises(ValueError, match="were not read"):
        saving.load_weights(Chain([Plain("dense_1", 3, 3)]), tmp_path / "w.h5")
