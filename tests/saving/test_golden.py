"""Files that Keras 1.2.2, 2.1.6 and 2.3.1 wrote: loaded, they do what Keras does.

Each file of `tests/golden/models` holds one model file of a release (`h5`), inputs `x*`
and predictions `y*`, a batch `bx*`, `by*`, what `test_on_batch` and `train_on_batch`
returned (`test0`, `train0`, `test1`) and the weights after that step (`after*`).
"""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import models, saving
from cthulhu.layers import Dense, Lambda

FOLDER = Path(__file__).parents[1] / "golden" / "models"
CASES = sorted(path.stem for path in FOLDER.glob("*.npz"))

# Keras 1's BatchNormalization(mode=2), which used the batch's statistics in prediction,
# is no more.
GONE = {"1.2.2_batchnorm_variants"}

# 2.1.6 did not store hidden counters of BatchNormalization, so its own first step after
# loading overwrote the averages; 1.2.2 averaged the biased variance.
OTHER_STEP = {"2.1.6_batchnorm_variants", "1.2.2_nested_sequential"}


def scaled_error(y_true, y_pred):
    return K.mean(3 * K.square(y_pred - y_true) + K.abs(y_pred - y_true), axis=-1)


CUSTOM = {
    "scaled_error": scaled_error,
    "lambda_1": lambda x, k=2.0: x * k + 1.0,
}


def case(name):
    return dict(np.load(FOLDER / f"{name}.npz", allow_pickle=False))


def slots(arrays, prefix):
    found = []
    while f"{prefix}{len(found)}" in arrays:
        found.append(arrays[f"{prefix}{len(found)}"])
    return found


def load(arrays, key="h5", **kwargs):
    return saving.load_model(io.BytesIO(arrays[key].tobytes()), CUSTOM, **kwargs)


def values(result):
    return list(np.atleast_1d(result))


def close(got, wanted, rtol=2e-4, atol=2e-6):
    got = got if isinstance(got, list) else [got]
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def in_one_order(name, model, after):
    """Our weights and the release's, which Keras 1 gave out in other orders."""
    ours = model.get_weights()
    if not name.startswith("1."):
        return ours, after
    if "channels_first" in name:
        after = [a.transpose(2, 3, 1, 0) if a.ndim == 4 else a for a in after]

    def by_content(weights):
        return sorted(weights, key=lambda w: (w.shape, np.round(w.sum(), 4)))

    return by_content(ours), by_content(after)


@pytest.mark.parametrize("name", [name for name in CASES if name not in GONE])
def test_a_file_of_keras_predicts_and_trains_on(name):
    arrays = case(name)
    model = load(arrays)
    close(model.predict(slots(arrays, "x")), slots(arrays, "y"))
    batch = slots(arrays, "bx"), slots(arrays, "by")
    if "test0" not in arrays:
        return
    wanted = list(arrays["metrics_names"])
    assert len(model.metrics_names) == len(wanted)
    close(values(model.test_on_batch(*batch)), list(arrays["test0"]))
    if "train0" not in arrays or name in OTHER_STEP:
        return
    close(values(model.train_on_batch(*batch)), list(arrays["train0"]))
    # Weights whose true gradient is 0 before a normalization move with rounding errors.
    noise = 3e-5 if "batchnorm" in name else 2e-6
    close(*in_one_order(name, model, slots(arrays, "after")), atol=noise)
    close(values(model.test_on_batch(*batch)), list(arrays["test1"]))


@pytest.mark.parametrize("name", [name for name in CASES if name not in GONE])
def test_what_is_saved_again_is_the_same_model(name):
    model = load(case(name))
    stream = io.BytesIO()
    model.save(stream)
    stream.seek(0)
    twin = saving.load_model(stream, CUSTOM)
    close(twin.get_weights(), model.get_weights(), 0, 0)
    close(twin.optimizer.get_weights(), model.optimizer.get_weights(), 0, 0)
    assert twin.to_json() == model.to_json()


@pytest.mark.parametrize("name", sorted(GONE))
def test_what_is_no_more_is_told(name):
    with pytest.raises((ValueError, TypeError), match="mode"):
        load(case(name))


def test_code_in_a_file_is_not_run():
    stream = io.BytesIO(case("1.2.2_lambda_marshal")["h5"].tobytes())
    with pytest.raises(ValueError, match="`lambda_1`.*safe_mode"):
        saving.load_model(stream)


@pytest.mark.parametrize("name", [n for n in CASES if "weights_h5" in case(n)])
def test_weights_of_keras_are_loaded_into_the_model(name):
    arrays = case(name)
    model = load(arrays)
    wanted = model.get_weights()
    model.set_weights([np.zeros_like(w) for w in wanted])
    model.load_weights(io.BytesIO(arrays["weights_h5"].tobytes()))
    close(model.get_weights(), wanted, 0, 0)


def test_code_is_run_only_if_the_caller_says_so(tmp_path):
    canary = tmp_path / "canary"
    model = models.Sequential()
    model.add(Dense(2, input_shape=(3,)))
    source = f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]"
    model.add(Lambda(eval(source), name="spy"))
    model.save(tmp_path / "m.h5")
    canary.unlink()
    script = (
        "import sys; from cthulhu import models\n"
        "models.load_model(sys.argv[1], compile=False, safe_mode=sys.argv[2] == 'safe')"
    )

    def run(mode):
        arguments = [sys.executable, "-c", script, str(tmp_path / "m.h5"), mode]
        return subprocess.run(arguments, capture_output=True, text=True)

    refused = run("safe")
    assert "`spy`" in refused.stderr and "safe_mode=False" in refused.stderr
    assert not canary.exists()
    trusted = run("trusting")
    assert trusted.returncode == 0, trusted.stderr
    assert canary.exists()
