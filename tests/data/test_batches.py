"""Data that gives batches: generators, sequences, loaders, and their workers."""

import threading
import time
import traceback

import numpy as np
import pytest

from cthulhu import data
from cthulhu.data import queue


def batch(value, rows=2):
    return np.full((rows, 3), value, "float32"), np.zeros(rows)


class Numbers(data.Sequence):
    """Four batches; their numbers grow by 10 with every pass."""

    def __init__(self, length=4):
        self.length, self.passes = length, 0

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return batch(index + 10 * self.passes)

    def on_epoch_end(self):
        self.passes += 1


class Faulty(Numbers):
    def __getitem__(self, index):
        if index == 2:
            raise KeyError("no such picture")
        return super().__getitem__(index)


def adapt(x, **kwargs):
    return data.adapt(x, **{"input_names": ["x"], "output_names": ["y"], **kwargs})


def values(batches, n=None):
    got = []
    for xs, _, _ in batches:
        got.append(int(xs[0][0, 0]))
        if len(got) == n:
            break
    return got


def threads():
    return {t for t in threading.enumerate() if t.is_alive()}


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_generator_goes_on_from_epoch_to_epoch(workers):
    with adapt((batch(i) for i in range(6)), steps=2, workers=workers) as batches:
        assert batches.endless and batches.steps == 2
        assert values(batches, 2) == [0, 1]
        assert values(batches, 2) == [2, 3]
        assert values(batches) == [4, 5]
    assert "after 2 of 3 batches" in batches.ran_out(2, 3)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_sequence_gives_its_batches_in_order_once_a_pass(workers):
    with adapt(Numbers(), workers=workers) as batches:
        assert not batches.endless and batches.steps == 4
        assert values(batches) == [0, 1, 2, 3]
        batches.on_epoch_end()
        assert values(batches) == [10, 11, 12, 13]


def test_a_sequence_with_steps_runs_on_and_is_told_of_every_pass():
    with adapt(Numbers(), steps=3) as batches:
        assert batches.endless
        assert values(batches, 3) == [0, 1, 2]
        batches.on_epoch_end()
        assert values(batches, 3) == [3, 10, 11]


def test_a_sequence_may_change_its_length():
    sequence = Numbers()
    with adapt(sequence) as batches:
        values(batches)
        sequence.length = 2
        assert values(batches) == [0, 1] and batches.steps == 2


def test_a_shuffled_sequence_gives_every_batch_and_repeats_with_the_seed():
    orders = []
    for _ in range(2):
        np.random.seed(5)
        with adapt(Numbers(20), shuffle=True) as batches:
            orders.append([values(batches), values(batches)])
    assert orders[0] == orders[1]
    assert sorted(orders[0][0]) == list(range(20)) != orders[0][0]
    assert orders[0][0] != orders[0][1]


def test_the_order_of_a_sequence_can_be_given():
    with adapt(Numbers(), shuffle=lambda n: range(n - 1, -1, -1)) as batches:
        assert values(batches) == [3, 2, 1, 0]


def test_processes_give_the_same_batches_and_see_changes_between_passes():
    with adapt(Numbers(3), workers=2, use_multiprocessing=True) as batches:
        assert values(batches) == [0, 1, 2]
        batches.on_epoch_end()
        assert values(batches) == [10, 11, 12]


def test_the_error_of_a_process_reaches_the_consumer():
    with adapt(Faulty(), use_multiprocessing=True) as batches:
        with pytest.raises(KeyError, match="no such picture"):
            values(batches)


def test_what_cannot_be_sent_to_a_process_stays_in_threads():
    sequence = Numbers()
    sequence.lock = threading.Lock()
    batches = adapt(sequence, use_multiprocessing=True)
    with pytest.warns(UserWarning, match="cannot be sent to another process"):
        assert values(batches) == [0, 1, 2, 3]
    batches.close()


def test_a_generator_is_not_sent_to_processes():
    batches = adapt((batch(i) for i in range(2)), use_multiprocessing=True)
    with pytest.warns(UserWarning, match="One thread is used"):
        assert values(batches) == [0, 1]
    batches.close()


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_workers_error_comes_after_the_batches_before_it_with_its_traceback(workers):
    batches = adapt(Faulty(), workers=workers)
    got = []
    with pytest.raises(KeyError, match="no such picture") as caught:
        for xs, _, _ in batches:
            got.append(int(xs[0][0, 0]))
    batches.close()
    assert got == [0, 1]
    lines = "".join(traceback.format_tb(caught.value.__traceback__))
    assert "__getitem__" in lines


def test_an_error_in_a_generator_reaches_the_consumer():
    def broken():
        yield batch(0)
        raise OSError("disk gone")

    with adapt(broken()) as batches:
        with pytest.raises(OSError, match="disk gone"):
            values(batches)


def test_no_thread_is_left_after_close():
    before = threads()
    batches = adapt(Numbers(100), workers=4)
    values(batches, 3)
    assert threads() - before
    batches.close()
    deadline = time.time() + 5
    while threads() - before and time.time() < deadline:
        time.sleep(0.01)
    assert not threads() - before


class Loader:
    """Like a PyTorch `DataLoader`: can be iterated again, gives lists of tensors."""

    class Tensor:
        def __init__(self, array):
            self.array = array

        def detach(self):
            return self

        cpu = detach

        def numpy(self):
            return self.array

    def __init__(self, length=3):
        self.length = length

    def __len__(self):
        return self.length

    def __iter__(self):
        for i in range(self.length):
            yield [self.Tensor(part) for part in batch(i)]


def test_a_loader_gives_one_pass_an_epoch():
    with adapt(Loader()) as batches:
        assert batches.steps == 3 and not batches.endless
        assert values(batches) == [0, 1, 2]
        assert values(batches) == [0, 1, 2]


def test_a_loader_with_steps_begins_again_when_it_ends():
    with adapt(Loader(), steps=2) as batches:
        assert values(batches, 2) == [0, 1]
        assert values(batches, 2) == [2, 0]


def test_prediction_reads_only_the_inputs():
    with adapt(Loader(), targets=False) as batches:
        assert [(len(xs), ys, sws) for xs, ys, sws in batches] == [(1, [], [])] * 3
    with adapt(iter([np.zeros((2, 3))]), targets=False) as batches:
        assert next(iter(batches))[0][0].shape == (2, 3)
    two = {"input_names": ["a", "b"], "targets": False}
    with adapt(iter([[np.zeros((2, 3)), np.ones((2, 1))]]), **two) as batches:
        assert [x.shape for x in next(iter(batches))[0]] == [(2, 3), (2, 1)]


def test_batches_may_hold_dicts_and_weights():
    parts = {"x": np.zeros((2, 3))}, {"y": [0, 1]}, np.array([1.0, 2.0])
    with adapt(iter([parts]), class_weight={0: 1.0, 1: 10.0}) as batches:
        _, ys, sws = next(iter(batches))
    assert ys[0].tolist() == [[0], [1]] and sws[0].tolist() == [1, 20]


@pytest.mark.parametrize(
    "item, words",
    [
        (np.zeros((2, 3)), "no targets"),
        ((1, 2, 3, 4), "cannot be read"),
        ((np.zeros((2, 3)), np.zeros(3)), "different numbers of rows"),
    ],
)
def test_a_wrong_batch_is_refused(item, words):
    with adapt(iter([item])) as batches:
        with pytest.raises(ValueError, match=words):
            next(iter(batches))


def test_a_sequence_without_batches_is_refused():
    with pytest.raises(ValueError, match="`Numbers` has no batches.*is 0"):
        adapt(Numbers(0))
    with pytest.raises(TypeError, match="`Numbers.__len__` must give .*np.ceil"):
        adapt(Numbers(2.5))


def test_there_cannot_be_fewer_workers_than_none():
    with pytest.raises(ValueError, match="`workers` cannot be used. Received: -1"):
        adapt(Numbers(), workers=-1)


def test_what_ran_out_is_told_from_what_never_began():
    batches = adapt(Numbers())

    assert "gave no batch, where 5 were asked for" in batches.ran_out(0, 5)
    assert "ran out after 3 of 5 batches" in batches.ran_out(3, 5)


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_targets_come_with_the_batches(name):
    with pytest.raises(ValueError, match=f"`{name}` cannot be passed"):
        adapt(Numbers(), **{name: [1]})


def test_several_workers_need_an_iterator_that_allows_it():
    def slow():
        while True:
            time.sleep(0.01)
            yield 1

    enqueuer = queue.GeneratorEnqueuer(slow())
    enqueuer.start(workers=3)
    with pytest.raises(RuntimeError, match="thread-safe"):
        for _, _ in zip(range(30), enqueuer.get(), strict=False):
            pass
    enqueuer.stop()


def test_an_enqueuer_runs_from_start_to_stop():
    enqueuer = data.OrderedEnqueuer(Numbers())
    assert not enqueuer.is_running()
    enqueuer.start(2, max_queue_size=3)
    items = enqueuer.get()
    first = [int(next(items)[0][0, 0]) for _ in range(6)]
    assert first == [0, 1, 2, 3, 10, 11]
    enqueuer.stop()
    assert not enqueuer.is_running()


def test_a_batch_that_takes_too_long_is_made_by_the_consumer(monkeypatch):
    monkeypatch.setattr(queue, "PATIENCE", 0.05)

    class Slow(Numbers):
        waited = False

        def __getitem__(self, index):
            if not self.waited:
                self.waited = True
                time.sleep(0.5)
            return super().__getitem__(index)

    with adapt(Slow(), workers=3) as batches:
        with pytest.warns(UserWarning, match="The input 0 could not be retrieved"):
            assert values(batches) == [0, 1, 2, 3]


def test_batches_of_one_signature_can_be_stacked():
    a, b = ([np.zeros((2, 3))], [], []), ([np.zeros((1, 3))], [], [])
    assert data.signature(a) == data.signature(a) != data.signature(b)


def test_reading_ahead_keeps_order_and_passes_errors_on():
    def items():
        yield from range(3)
        raise OSError("gone")

    got = []
    with data.ReadAhead(items()) as ahead:
        with pytest.raises(OSError, match="gone"):
            for item in ahead:
                got.append(item)
    assert got == [0, 1, 2]


def test_reading_ahead_stops_when_closed():
    closed = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    before = threads()
    ahead = data.ReadAhead(items(), size=2)
    assert next(ahead) == 1
    ahead.close()
    assert not threads() - before and closed == [True]
