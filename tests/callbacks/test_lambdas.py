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
