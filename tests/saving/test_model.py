"""Models and weights go into files and come back the same."""

import io
import os

import h5py
import numpy as np
import pytest

from cthulhu import optimizers, saving
from cthulhu.saving import hdf5
from cthulhu.saving import model as model_module
from tests.saving.stand_ins import CUSTOM, Chain, Empty, Plain, chain


def load(place, **kwargs):
    return saving.load_model(place, custom_objects=CUSTOM, **kwargs)


def same(a, b):
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_compiled_model_comes_back_with_its_optimizer(tmp_path):
    model = chain(compiled=True)
    saving.save_model(model, tmp_path / "m.h5")
    twin = load(tmp_path / "m.h5")
    same(twin.get_weights(), model.get_weights())
    same(twin.optimizer.get_weights(), model.optimizer.get_weights())
    assert int(twin.optimizer.iterations) == 1
    assert twin._compile_arguments["loss"] == "mse"
    assert twin._compile_arguments["metrics"] == ["mae"]
    assert twin.optimizer.get_config() == model.optimizer.get_config()


def test_every_kind_of_place_works(tmp_path):
    model = chain(compiled=True)
    stream = io.BytesIO()
    saving.save_model(model, stream)
    stream.seek(0)
    same(load(stream).get_weights(), model.get_weights())
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for place in (file, file.create_group("inside/here")):
            for _ in range(2):  # a second time replaces
                saving.save_model(model, place)
            same(load(place).get_weights(), model.get_weights())
    same(load(str(tmp_path / "f.h5")).get_weights(), model.get_weights())
    with open(tmp_path / "raw", "wb") as raw:
        saving.save_model(model, raw)
    with open(tmp_path / "raw", "rb") as raw:
        same(load(raw).get_weights(), model.get_weights())
    for put in (saving.save_model, saving.save_weights):
        with pytest.raises(ValueError, match="`filepath` cannot be used"):
            put(model, 5)
    with pytest.raises(ValueError, match="`filepath` cannot be used"):
        load(None)


def test_an_uncompiled_model_is_loaded_with_a_warning(tmp_path):
    saving.save_model(chain(), tmp_path / "m.h5")
    with pytest.warns(UserWarning, match="not compiled"):
        assert load(tmp_path / "m.h5").optimizer is None
    assert load(tmp_path / "m.h5", compile=False).optimizer is None


def test_the_optimizer_can_be_left_out(tmp_path):
    saving.save_model(chain(compiled=True), tmp_path / "m.h5", include_optimizer=False)
    assert load(tmp_path / "m.h5", compile=False).optimizer is None
    with h5py.File(tmp_path / "m.h5") as file:
        assert "training_config" not in file.attrs and "optimizer_weights" not in file


def test_the_layout_is_that_of_keras(tmp_path):
    saving.save_model(chain(compiled=True), tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["keras_version"] == "2.3.1"
        for text in ("keras_version", "backend", "model_config", "training_config"):
            stored = h5py.check_string_dtype(file.attrs.get_id(text).dtype)
            assert stored.encoding == "ascii" and stored.length is None
        group = file["model_weights"]
        assert group.attrs["layer_names"].tolist() == [
            b"dense_1",
            b"nothing",
            b"dense_2",
        ]
        assert group["dense_1"].attrs["weight_names"].tolist() == [
            b"dense_1/kernel:0",
            b"dense_1/bias:0",
        ]
        assert group["dense_1/dense_1/kernel:0"].shape == (3, 2)
        assert group["nothing"].attrs["weight_names"].tolist() == []
        assert len(file["optimizer_weights"].attrs["weight_names"]) > 1


def test_an_optimizer_without_a_config_is_left_out_with_a_warning(tmp_path):
    import optax

    model = chain()
    model.compile(optimizers.TransformOptimizer(optax.sgd(0.1)), loss="mse")
    with pytest.warns(UserWarning, match="not saved"):
        saving.save_model(model, tmp_path / "m.h5")
    load(tmp_path / "m.h5", compile=False)


def test_losses_and_metrics_come_back_as_functions_and_objects(tmp_path):
    def my_loss(y_true, y_pred):
        return y_true

    from cthulhu.losses import MeanSquaredError

    model = chain()
    model.compile(
        "sgd", loss={"a": my_loss, "b": MeanSquaredError()}, metrics={"a": "mae"}
    )
    saving.save_model(model, tmp_path / "m.h5")
    twin = saving.load_model(tmp_path / "m.h5", {**CUSTOM, "my_loss": my_loss})
    loss = twin._compile_arguments["loss"]
    assert loss["a"] is my_loss and isinstance(loss["b"], MeanSquaredError)
    assert twin._compile_arguments["metrics"] == {"a": "mae"}


def test_weights_are_loaded_in_order(tmp_path):
    model, other = chain(), chain()
    saving.save_weights(model, tmp_path / "w.h5")
    saving.load_weights(other, tmp_path / "w.h5")
    same(other.get_weights(), model.get_weights())


def test_weights_are_loaded_from_a_whole_model(tmp_path):
    model, other = chain(), chain()
    saving.save_model(model, tmp_path / "m.h5")
    saving.load_weights(other, tmp_path / "m.h5")
    same(other.get_weights(), model.get_weights())


def test_weights_are_loaded_by_name(tmp_path):
    model = chain()
    saving.save_weights(model, tmp_path / "w.h5")
    other = Chain([Plain("new"), Plain("dense_2", 2, 4), Plain("dense_1")])
    new = other.layers[0].weights[0].numpy()
    saving.load_weights(other, tmp_path / "w.h5", by_name=True)
    same(other.get_weights()[2:], [*model.get_weights()[2:], *model.get_weights()[:2]])
    same([other.layers[0].weights[0].numpy()], [new])


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    "layer, words",
    [
        (Plain("dense_2", 2, 5), "has shape .2, 5., but the saved .* shape .2, 4."),
        (
            Plain("dense_2", 2, 4, use_bias=False),
            "expects 1 weights, but the saved .* 2",
        ),
    ],
)
def test_weights_that_do_not_fit_change_nothing(tmp_path, by_name, layer, words):
    saving.save_weights(chain(), tmp_path / "w.h5")
    other = Chain([Plain("dense_1"), layer])
    before = other.get_weights()
    with pytest.raises(ValueError, match=words):
        saving.load_weights(other, tmp_path / "w.h5", by_name=by_name)
    same(other.get_weights(), before)


def test_a_layer_that_does_not_fit_can_be_skipped(tmp_path):
    model = chain()
    saving.save_weights(model, tmp_path / "w.h5")
    other = Chain([Plain("dense_1"), Plain("dense_2", 2, 5)])
    before = other.get_weights()
    with pytest.warns(UserWarning, match="Skipping loading .* due to mismatch"):
        saving.load_weights(other, tmp_path / "w.h5", by_name=True, skip_mismatch=True)
    same(other.get_weights()[:2], model.get_weights()[:2])
    same(other.get_weights()[2:], before[2:])


def test_another_number_of_layers_is_told(tmp_path):
    saving.save_weights(chain(), tmp_path / "w.h5")
    with pytest.raises(ValueError, match="load weights of 2 layers into .* 1 layers"):
        saving.load_weights(Chain([Plain("dense_1")]), tmp_path / "w.h5")
    with pytest.raises(ValueError, match="by_name"):
        saving.load_weights(chain(), tmp_path / "w.h5", skip_mismatch=True)


def test_a_file_of_another_kind_is_told(tmp_path):
    saving.save_weights(chain(), tmp_path / "w.h5")
    with pytest.raises(ValueError, match="no model in the file.*`load_weights`"):
        load(tmp_path / "w.h5")
    with pytest.raises(FileNotFoundError, match="no file"):
        load(tmp_path / "none.h5")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(OSError, match="cannot be read as an HDF5 file"):
        load(tmp_path / "text")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(ValueError, match="no weights of layers"):
        saving.load_weights(chain(), tmp_path / "other.h5")


def test_a_state_of_another_optimizer_is_an_error(tmp_path):
    model = chain(compiled=True)
    saving.save_model(model, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:3]
        del file["optimizer_weights"].attrs["sha256"]
    with pytest.raises(ValueError, match="compile=False"):
        load(tmp_path / "m.h5")


def test_long_names_are_stored_in_parts(tmp_path):
    long = "x" * 2**15
    model = Chain([Plain(long), *(Plain(f"dense_{i}", 2, 2) for i in range(4))])
    saving.save_weights(model, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        assert "layer_names" not in file.attrs and "layer_names0" in file.attrs
    other = Chain([Plain(long), *(Plain(f"dense_{i}", 2, 2) for i in range(4))])
    saving.load_weights(other, tmp_path / "w.h5")
    same(other.get_weights(), model.get_weights())
    with pytest.raises(ValueError, match="too long"):
        saving.save_weights(Chain([Plain("x" * 70_000)]), tmp_path / "v.h5")


@pytest.mark.parametrize("name", ["../x", "/abs", "a//b", "a\0b", "."])
def test_names_that_are_no_place_in_a_file_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be saved"):
        saving.save_weights(Chain([Plain(name)]), tmp_path / "w.h5")
    assert os.listdir(tmp_path) == []


def test_equal_names_of_weights_are_told_apart(tmp_path):
    layer = Plain("dense_1")
    layer.weights[1].name = layer.weights[0].name
    saving.save_weights(Chain([layer]), tmp_path / "w.h5")
    other = Chain([Plain("dense_1")])
    saving.load_weights(other, tmp_path / "w.h5")
    same(other.get_weights(), Chain([layer]).get_weights())


def test_a_file_is_not_replaced_unless_the_user_says_so(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    first, second = chain(), chain()
    saving.save_model(first, path)
    answers = iter(["what", "n", "y"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    saving.save_model(second, path, overwrite=False)
    same(load(path, compile=False).get_weights(), first.get_weights())
    saving.save_model(second, path, overwrite=False)
    same(load(path, compile=False).get_weights(), second.get_weights())


def test_without_a_terminal_a_file_that_exists_is_an_error(tmp_path, monkeypatch):
    def nobody(_):
        raise EOFError("EOF when reading a line")

    path = tmp_path / "m.h5"
    first = chain()
    saving.save_model(first, path)
    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(FileExistsError, match=r"m\.h5` exists.*`overwrite=True`"):
        saving.save_model(chain(), path, overwrite=False)
    same(load(path, compile=False).get_weights(), first.get_weights())


def test_the_old_model_survives_a_failing_save(tmp_path):
    path = tmp_path / "m.h5"
    model = chain()
    saving.save_model(model, path)

    class Broken(Empty):
        @property
        def weights(self):
            raise OSError("device lost")

        @weights.setter
        def weights(self, value):
            pass

    with pytest.raises(OSError, match="device lost"):
        saving.save_model(Chain([*chain().layers, Broken("b")]), path)
    same(load(path, compile=False).get_weights(), model.get_weights())
    assert os.listdir(tmp_path) == ["m.h5"]


def test_a_model_goes_through_bytes():
    model = chain(compiled=True)
    from cthulhu.core import registry

    data = saving.model_to_bytes(model)
    with registry.custom_object_scope(CUSTOM):
        twin = saving.model_from_bytes(data)
        bare = saving.model_from_bytes(saving.model_to_bytes(chain()))
    same(twin.get_weights(), model.get_weights())
    same(twin.optimizer.get_weights(), model.optimizer.get_weights())
    assert bare.optimizer is None


def test_paths_in_other_places_go_through_what_opens_them(monkeypatch):
    stored = {}

    class Storage:
        @staticmethod
        def file_exists(name):
            return name in stored

        class FileIO(io.BytesIO):
            def __init__(self, name, mode):
                super().__init__(stored[name] if mode == "rb" else b"")
                self.name, self.mode = name, mode

            def __exit__(self, *exc_info):
                stored[self.name] = self.getvalue()

    model = chain(compiled=True)
    with pytest.raises(ValueError, match="not on this machine"):
        saving.save_model(model, "gs://bucket/m.h5")
    monkeypatch.setattr(model_module, "tf_file_io", Storage)
    saving.save_model(model, "gs://bucket/m.h5")
    same(load("gs://bucket/m.h5").get_weights(), model.get_weights())


def test_json_holds_the_layers_and_not_the_weights():
    model = chain()
    text = saving.model_to_json(model, indent=1)
    twin = saving.model_from_json(text, CUSTOM)
    assert [layer.name for layer in twin.layers] == ["dense_1", "nothing", "dense_2"]
    with pytest.raises(TypeError, match="Sequential"):
        saving.model_from_config([])


@pytest.fixture
def flipped(tmp_path):
    """A saved model, and a function that flips one byte of it and loads it."""
    model = chain(compiled=True)
    data = saving.model_to_bytes(model)

    def flip(position):
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        return load(bytes(damaged))

    return model, len(data), flip


def test_no_flipped_byte_goes_unnoticed(flipped):
    model, size, flip = flipped
    caught = 0
    for position in range(0, size, max(1, size // 250)):
        try:
            twin = flip(position)
        except Exception:  # any refusal will do: which one depends on the byte
            caught += 1
            continue
        same(twin.get_weights(), model.get_weights())
        same(twin.optimizer.get_weights(), model.optimizer.get_weights())
        assert twin.optimizer.get_config() == model.optimizer.get_config()
    assert caught > 0


def test_a_flipped_weight_is_named(tmp_path):
    path = tmp_path / "w.h5"
    saving.save_weights(chain(), path)
    with h5py.File(path, "r+") as file:
        file["dense_2/dense_2/kernel:0"][0, 0] += 1e-3
    with pytest.raises(saving.DamagedFile, match="dense_2.*checksum differs"):
        saving.load_weights(chain(), path)
    with h5py.File(path, "r+") as file:
        del file["dense_2"].attrs[hdf5.DIGEST]
    saving.load_weights(chain(), path)


def test_a_file_that_was_cut_off_is_not_loaded(tmp_path):
    data = saving.model_to_bytes(chain(compiled=True))
    for part in range(1, 50):
        with pytest.raises((OSError, ValueError, KeyError)):
            load(data[: len(data) * part // 50])


def test_any_content_goes_through_a_stream():
    stream = io.BytesIO()

    def fill(file):
        file["a/b"] = np.arange(3)
        return "done"

    assert saving.save_to_binary_h5py(fill, stream) == "done"
    stream.seek(0)
    read = saving.load_from_binary_h5py(lambda file: file["a/b"][:].tolist(), stream)
    assert read == [0, 1, 2]


def test_a_file_of_weights_is_no_model_and_is_named(tmp_path):
    path = tmp_path / "only_weights.h5"
    saving.save_weights(chain(), path)

    with pytest.raises(ValueError, match="no model in the file `.*only_weights.h5`"):
        saving.load_model(path)
