"""Callbacks take the arguments of every generation of Keras, in 2.3.1's order.

The table is written down from the sources of Keras 1.2.2, 2.1.6, 2.3.1 and 3.15.
"""

import inspect
import warnings

import pytest

import cthulhu
from cthulhu import callbacks, config, vocabulary

NEEDED = object()
VAL = {"monitor": "val_loss"}
SAVE = {"filepath": NEEDED, **VAL, "verbose": 0, "save_best_only": False}
SAVE |= {"save_weights_only": False, "mode": "auto"}
STOP = {**VAL, "min_delta": 0, "patience": 0, "verbose": 0, "mode": "auto"}
REDUCE = {**VAL, "factor": 0.1, "patience": 10, "verbose": 0, "mode": "auto"}
REST = {"cooldown": 0, "min_lr": 0}
POST = {"root": "http://localhost:9000", "path": "/publish/epoch/end/"}
POST |= {"field": "data", "headers": None}
CSV = {"filename": NEEDED, "separator": ",", "append": False}
HOOKS = ("epoch_begin", "epoch_end", "batch_begin", "batch_end")
SIX = {f"on_{name}": None for name in (*HOOKS, "train_begin", "train_end")}
LATER = {f"on_train_{name}": None for name in ("batch_begin", "batch_end")}

BOARD = {"log_dir": "./logs", "histogram_freq": 0, "batch_size": 32}
BOARD |= {"write_graph": True, "write_grads": False, "write_images": False}
BOARD |= {"embeddings_freq": 0, "embeddings_layer_names": None}
BOARD |= {"embeddings_metadata": None}

# class -> version -> arguments in order, with their defaults
FACTS = {
    "Callback": {"1.2.2": {}, "2.1.6": {}, "2.3.1": {}, "3": {}},
    "BaseLogger": {
        "1.2.2": {},
        "2.1.6": {"stateful_metrics": None},
        "2.3.1": {"stateful_metrics": None},
    },
    "TerminateOnNaN": {"2.1.6": {}, "2.3.1": {}, "3": {"raise_error": False}},
    "ProgbarLogger": {
        "1.2.2": {},
        "2.1.6": {"count_mode": "samples", "stateful_metrics": None},
        "2.3.1": {"count_mode": "samples", "stateful_metrics": None},
    },
    "History": {"1.2.2": {}, "2.1.6": {}, "2.3.1": {}, "3": {}},
    "ModelCheckpoint": {
        **dict.fromkeys(("1.2.2", "2.1.6", "2.3.1"), SAVE | {"period": 1}),
        "3": SAVE | {"save_freq": "epoch", "initial_value_threshold": None},
    },
    "EarlyStopping": {
        "1.2.2": STOP,
        "2.1.6": STOP,
        "2.3.1": STOP | {"baseline": None, "restore_best_weights": False},
        "3": STOP
        | {"baseline": None, "restore_best_weights": False, "start_from_epoch": 0},
    },
    "RemoteMonitor": {
        "1.2.2": POST,
        **dict.fromkeys(("2.1.6", "2.3.1", "3"), POST | {"send_as_json": False}),
    },
    "LearningRateScheduler": {
        "1.2.2": {"schedule": NEEDED},
        **dict.fromkeys(
            ("2.1.6", "2.3.1", "3"), {"schedule": NEEDED, "verbose": 0}
        ),
    },
    "ReduceLROnPlateau": {
        "1.2.2": REDUCE | {"epsilon": 1e-4} | REST,
        **dict.fromkeys(("2.1.6", "2.3.1", "3"), REDUCE | {"min_delta": 1e-4} | REST),
    },
    "CSVLogger": dict.fromkeys(("1.2.2", "2.1.6", "2.3.1", "3"), CSV),
    "LambdaCallback": {
        **dict.fromkeys(("1.2.2", "2.1.6", "2.3.1"), SIX),
        "3": SIX | LATER,
    },
    "TensorBoard": {
        "1.2.2": {
            "log_dir": "./logs",
            "histogram_freq": 0,
            "write_graph": True,
            "write_images": False,
        },
        "2.1.6": BOARD,
        "2.3.1": BOARD | {"embeddings_data": None, "update_freq": "epoch"},
        "2.3.1 on TensorFlow 2": BOARD | {"batch_size": None},
        "3": {
            "log_dir": "logs",
            "histogram_freq": 0,
            "write_graph": True,
            "write_images": False,
            "write_steps_per_second": False,
            "update_freq": "epoch",
            "profile_batch": 0,
            "embeddings_freq": 0,
            "embeddings_metadata": None,
        },
    },
}  # fmt: skip
VALUES = {"filepath": "m.h5", "filename": "log.csv", "schedule": float}
ROOMS = {"cthulhu": cthulhu.callbacks, "keras": cthulhu.keras.callbacks}
PAIRS = [(name, version) for name in FACTS for version in FACTS[name]]


def given(arguments):
    return {
        name: VALUES[name] if default is NEEDED else default
        for name, default in arguments.items()
    }


@pytest.mark.parametrize("name", FACTS)
def test_the_order_and_the_defaults_are_those_of_keras_2_3_1(name):
    parameters = inspect.signature(getattr(callbacks, name)).parameters.values()
    ours = {
        p.name: NEEDED if p.default is p.empty else p.default
        for p in parameters
        if p.kind is p.POSITIONAL_OR_KEYWORD
    }
    theirs = FACTS[name]["2.3.1"]

    assert list(ours)[: len(theirs)] == list(theirs)
    assert {argument: ours[argument] for argument in theirs} == theirs
    assert all(ours[later] is not NEEDED for later in list(ours)[len(theirs) :])


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name, version", PAIRS)
def test_every_argument_of_every_version_is_taken_by_name(name, version, room):
    spellings = vocabulary.spellings(name) if room == "cthulhu" else (name,)
    config.set_generation({"1.2.2": "1", "2.1.6": "2.1"}.get(version, "2.3"))

    for spelling in spellings:
        made = getattr(ROOMS[room], spelling)(**given(FACTS[name][version]))
        assert type(made) is getattr(callbacks, name)


@pytest.mark.parametrize(
    "name, version", [pair for pair in PAIRS if pair[1] in ("1.2.2", "2.1.6", "2.3.1")]
)
def test_positions_mean_in_older_versions_what_they_mean_today(name, version):
    arguments = given(FACTS[name][version])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that `epsilon` is an old word
        by_name = getattr(callbacks, name)(**arguments)

    by_position = getattr(callbacks, name)(*arguments.values())

    assert state(by_position) == state(by_name)


def state(callback):
    """Public attributes but for helper objects, which differ by identity."""
    plain = (str, int, float, bool, tuple, list, dict, set, type(None))
    return {
        name: value
        for name, value in vars(callback).items()
        if isinstance(value, plain) and not name.startswith("_")
    }


def test_the_shortest_page_s_checkpoint_has_verbose_in_second_place(tmp_path):
    old = callbacks.ModelCheckpoint("m.h5", 1, True)

    assert (old.monitor, old.verbose, old.save_best_only) == ("val_loss", 1, True)
    assert not callbacks.ModelCheckpoint("m.h5", 0).save_best_only
    assert callbacks.ModelCheckpoint("m.h5", 1, save_best_only=True).save_best_only


def test_a_misspelt_argument_is_told_the_nearest():
    with pytest.raises(TypeError, match="Did you mean `patience`"):
        callbacks.EarlyStopping(patient=3)
