"""Many callbacks answer as one, in order, and what nobody overrides is not called."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks import Callback, CallbackList


class Recorder(Callback):
    """Writes down every hook that is called on it."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args: self.calls.append((name, *args))
        return super().__getattribute__(name)


def test_callbacks_are_told_in_the_order_of_the_list():
    said = []
    first = callbacks.LambdaCallback(on_epoch_end=lambda e, logs: said.append("first"))
    second = callbacks.LambdaCallback(
        on_epoch_end=lambda e, logs: said.append("second")
    )

    CallbackList([first, [second]]).on_epoch_end(0, {})

    assert said == ["first", "second"]


def test_those_that_lead_are_told_first():
    heard = []

    class Says(callbacks.Callback):
        def __init__(self, name, leads):
            self.name, self.leads = name, leads

        def on_epoch_end(self, epoch, logs=None):
            heard.append(self.name)

        def on_batch_end(self, batch, logs=None):
            heard.append(self.name)

    order = [("a", False), ("b", True), ("c", False), ("d", True)]
    told = callbacks.CallbackList([Says(*one) for one in order])
    told.on_epoch_end(0, {})
    told.on_train_batch_end(0, {})

    assert "bdacbdac" == "".join(heard)
    assert list("abcd") == [callback.name for callback in told]


def test_logs_are_a_dict_even_if_nothing_was_given():
    recorder = Recorder()
    together = CallbackList([recorder])

    together.on_train_begin()
    together.on_test_end(None)
    together.on_epoch_begin(3)
    together.on_predict_batch_end(1)

    assert recorder.calls == [
        ("on_train_begin", {}),
        ("on_test_end", {}),
        ("on_epoch_begin", 3, {}),
        ("on_predict_batch_end", 1, {}),
    ]


def test_all_callbacks_of_a_batch_share_one_dict():
    seen = []
    write = callbacks.LambdaCallback(on_batch_begin=lambda b, logs: logs.update(x=b))
    read = callbacks.LambdaCallback(on_batch_begin=lambda b, logs: seen.append(logs))
    logs = {}

    CallbackList([write, read]).on_train_batch_begin(7, logs)

    assert seen == [{"x": 7}]
    assert seen[0] is logs


def test_a_second_parameter_may_have_any_name():
    seen = []
    together = CallbackList(
        callbacks.LambdaCallback(on_batch_end=lambda b, l: seen.append(b))  # noqa: E741
    )

    together.on_train_batch_end(4, {})

    assert seen == [4]


def test_a_batch_hook_under_its_long_name_replaces_the_short_one():
    class Both(Callback):
        def on_train_batch_end(self, batch, logs=None):
            called.append("long")

        def on_batch_end(self, batch, logs=None):
            called.append("short")

    class WithSuper(Both):
        def on_train_batch_end(self, batch, logs=None):
            Callback.on_train_batch_end(self, batch, logs)

    called = []
    CallbackList([Both(), WithSuper()]).on_train_batch_end(0, {})

    assert called == ["long", "short"]


def test_an_object_with_the_six_old_hooks_is_a_callback(stub):
    class Old:
        def __init__(self):
            self.calls = []

        def on_train_begin(self, logs):
            self.calls.append("train")

        def on_epoch_begin(self, epoch, logs):
            self.calls.append(epoch)

        def on_batch_begin(self, batch, logs):
            pass

        def on_batch_end(self, batch, logs):
            self.calls.append((batch, logs["loss"]))

        def on_epoch_end(self, epoch, logs):
            pass

        def on_train_end(self, logs):
            self.calls.append("end")

    old = Old()
    together = CallbackList(old)
    together.set_model(stub.Model())
    together.set_params(stub.params())

    stub.run(together, epochs=1, batches=2)

    assert old.calls == ["train", 0, (0, 0.0), (1, 0.0), "end"]


def test_a_subclass_needs_no_super_init():
    class Losses(Callback):
        def __init__(self, name):
            self.name = name

        def on_train_begin(self, logs={}):  # noqa: B006 - as old scripts write it
            self.losses = []

    losses = Losses("mine")
    CallbackList([losses]).on_train_begin()

    assert losses.losses == []
    assert losses.model is None
    assert losses.validation_data is None


def test_batches_are_wanted_only_where_a_hook_is_overridden():
    quiet = CallbackList(
        [
            callbacks.History(),
            callbacks.ModelCheckpoint("m.h5"),
            callbacks.EarlyStopping(),
            callbacks.CSVLogger("log.csv"),
            callbacks.ProgbarLogger(),
        ]
    )

    assert not quiet.wants_train_batches
    assert not quiet.wants_test_batches
    assert not quiet.wants_predict_batches

    quiet.append(callbacks.TerminateOnNaN())
    quiet.append(callbacks.LambdaCallback(on_test_batch_end=lambda b, logs: None))

    assert quiet.wants_train_batches
    assert quiet.wants_test_batches
    assert not quiet.wants_predict_batches


def test_a_hook_put_on_an_object_later_is_called():
    callback = Callback()
    together = CallbackList([callback])
    assert not together.wants_train_batches

    seen = []
    callback.on_train_begin = lambda logs: setattr(
        callback, "on_batch_end", lambda batch, logs: seen.append(batch)
    )
    together.on_train_begin()
    together.on_epoch_begin(0)
    together.on_train_batch_end(2)

    assert seen == [2]


def test_one_callback_that_measures_time_is_enough():
    class Clock(Callback):
        realtime = True

    assert not CallbackList([Callback()]).realtime
    assert CallbackList([Callback(), Clock()]).realtime


def test_an_exception_is_told_to_those_who_listen():
    recorder = Recorder()
    error = KeyboardInterrupt()

    CallbackList([recorder]).on_exception(error)

    assert recorder.calls == [("on_exception", error)]


def test_a_class_in_the_list_is_an_error_that_says_what_to_write():
    with pytest.raises(TypeError, match=r"Write `History\(\.\.\.\)`"):
        CallbackList([callbacks.History])


def test_something_without_any_hook_is_an_error():
    with pytest.raises(TypeError, match="no hook of a callback. Received: 'history'"):
        CallbackList(["history"])


def stopping(wait):
    one = callbacks.EarlyStopping("loss")
    one.wait = wait
    return one


def test_states_go_by_the_names_of_the_callbacks():
    first, second = stopping(1), stopping(2)
    states = CallbackList([first, Callback(), second]).state_dict()

    assert list(states) == ["EarlyStopping", "Callback", "EarlyStopping#2"]
    fresh, other = callbacks.EarlyStopping("loss"), callbacks.EarlyStopping("loss")
    moved = CallbackList([callbacks.History(), fresh, other, Callback()])
    moved.load_state_dict(states)
    moved.on_train_begin()
    assert (fresh.wait, other.wait) == (1, 2)

    moved.on_train_begin()  # the next fit begins anew
    assert (fresh.wait, fresh.best) == (0, float("inf"))


def test_a_callback_that_is_not_there_any_more_is_missed():
    states = CallbackList([stopping(1), stopping(2), Callback()]).state_dict()
    left = stopping(7)

    with pytest.raises(
        ValueError, match="`EarlyStopping#2` cannot go on. Received: `E"
    ):
        CallbackList(left).load_state_dict(states)
    assert left.wait == 7
    CallbackList([stopping(0), stopping(0)]).load_state_dict(states)


def test_a_function_in_the_list_is_answered_with_what_wraps_it():
    with pytest.raises(TypeError, match=r"wrap it: `LambdaCallback\(on_epoch_end="):
        callbacks.CallbackList([lambda epoch, logs: None])


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: callbacks.EarlyStopping(patence=3), "Did you mean `patience`"),
        (lambda: callbacks.CSVLogger("a", seperator=";"), "Did you mean `separator`"),
        (
            lambda: callbacks.EarlyStopping(patience="3"),
            "`patience` of `EarlyStopping`",
        ),
        (lambda: callbacks.ReduceLROnPlateau(patience=None), "`patience` of `Reduce"),
        (lambda: callbacks.LearningRateScheduler(0.1), "give it to the optimizer"),
        (lambda: callbacks.LambdaCallback(on_epoch_end=3), "Expected: a function"),
    ],
)
def test_an_argument_that_cannot_work_is_refused_when_a_callback_is_made(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_callback_of_ones_own_gets_the_nearest_name_too():
    class Mine(callbacks.Callback):
        def __init__(self, every=1):
            self.every = every

    class Open(callbacks.Callback):
        def __init__(self, **settings):
            self.settings = settings

    assert Mine(every=2).every == 2 and Mine(3).every == 3
    assert Open(evry=2).settings == {"evry": 2}
    with pytest.raises(TypeError, match="`Mine` got an .* `evry`.* mean `every`"):
        Mine(evry=2)


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("on_epochs_end", "on_epoch_end"),
        ("on_train_start_batch", "on_train_batch_end"),
        ("on_Epoch_End", "on_epoch_end"),
        ("on_bach_begin", "on_batch_begin"),
    ],
)
def test_a_method_that_is_almost_a_hook_warns_where_it_is_defined(wrong, right):
    with pytest.warns(UserWarning) as warned:
        type("Mine", (Callback,), {wrong: lambda self, *args: None})

    assert len(warned) == 1
    words = f"`{wrong}` of `Mine` is no hook, so training will not call it. Did you"
    assert words in str(warned[0].message)
    assert warned[0].filename == __file__


def test_methods_of_ones_own_and_true_hooks_warn_of_nothing():
    names = ["on_something", "on_improvement", "on_message", "on_click", "on_save"]
    body = {name: lambda self: None for name in [*names, *callbacks.base.HOOKS]}

    type("Mine", (Callback,), {**body, "on_epochs": 3, "epoch_ends": len})


def test_who_is_told_first_is_as_the_documentation_says(capsys):
    told = []

    class Said(Callback):
        def __init__(self, name, leads=False):
            self.name, self.leads = name, leads

        def on_epoch_end(self, epoch, logs=None):
            told.append((self.name, sorted(logs)))
            logs[self.name] = 1.0

    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    x = np.zeros((2, 1))
    history = model.fit(x, x, callbacks=[Said("a"), Said("b"), Said("c", leads=True)])

    # `c` leads: it comes before the mean of the loss is there.
    assert told == [("c", []), ("a", ["c", "loss"]), ("b", ["a", "c", "loss"])]
    assert set(history.history) == {"a", "b", "c", "loss"}
    assert "a: 1.0000" in capsys.readouterr().out


@pytest.mark.parametrize("stop, validated", [(0, False), (1, True)])
def test_validation_is_left_out_where_an_epoch_ends_early(stop, validated):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    x = np.zeros((2, 1))
    end = callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: setattr(model, "stop_training", batch == stop)
    )

    history = model.fit(
        x, x, 1, 3, verbose=0, callbacks=[end], validation_data=(x, x)
    ).history

    assert len(history["loss"]) == 1 and ("val_loss" in history) == validated
