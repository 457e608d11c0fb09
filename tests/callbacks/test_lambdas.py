"""Functions as callbacks."""

import pytest

from cthulhu import callbacks, errors


def test_each_function_is_called_at_its_hook_by_position(stub):
    said = []
    callback = callbacks.LambdaCallback(
        on_train_begin=lambda logs: said.append("begin"),
        on_epoch_begin=lambda i, logs: said.append(i),
        on_batch_end=lambda batch, whatever: said.append(whatever["loss"]),
        on_test_end=lambda logs: said.append("tested"),
    )
    together = callbacks.CallbackList(callback)
    together.set_model(stub.Model())

    stub.run(together, epochs=1, batches=2, validation=True)

    assert said == ["begin", 0, 0.0, 0.0, "tested"]


def test_other_keywords_become_attributes():
    callback = callbacks.LambdaCallback(adds_logs=("f1",), realtime=True)

    assert callback.adds_logs == ("f1",)
    assert callbacks.CallbackList(callback).realtime


def test_a_misspelt_hook_is_refused():
    with pytest.raises(errors.UnknownName, match=r"Did you mean `on_epoch_end`\?"):
        callbacks.LambdaCallback(on_epoch_ends=print)


@pytest.mark.parametrize(
    "hook, function, given",
    [
        ("on_train_end", lambda: 1, "(logs)"),
        ("on_epoch_end", lambda logs: 1, "(epoch, logs)"),
        ("on_batch_end", lambda batch, *, logs: 1, "(batch, logs)"),
        ("on_exception", lambda: 1, "(exception)"),
        ("on_test_batch_end", lambda a, b, c: 1, "(batch, logs)"),
    ],
)
def test_a_function_that_cannot_take_what_its_hook_gets_is_refused_at_once(
    hook, function, given
):
    with pytest.raises(TypeError) as told:
        callbacks.LambdaCallback(**{hook: function})

    assert f"`{hook}` of LambdaCallback" in str(told.value)
    assert f"a function of `{given}`" in str(told.value)


@pytest.mark.parametrize(
    "function", [print, max, lambda *args: 1, lambda e, logs=None, other=1: 1]
)
def test_whatever_takes_two_arguments_by_position_or_may_is_right(function):
    assert callbacks.LambdaCallback(on_epoch_end=function).on_epoch_end is function
