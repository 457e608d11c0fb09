"""Loops over time and over rows."""

import jax
import numpy as np
import pytest

from cthulhu import backend as K


def by_hand(step, x, states, mask, go_backwards):
    outputs, last = [], np.zeros_like(step(x[:, 0], states)[0])
    times = range(x.shape[1])
    for t in reversed(times) if go_backwards else times:
        output, new = step(x[:, t], states)
        if mask is not None:
            keep = mask[:, t, None]
            output = np.where(keep, output, last)
            new = [np.where(keep, n, s) for n, s in zip(new, states, strict=True)]
        outputs.append(output)
        states, last = new, output
    return last, np.stack(outputs, 1), states


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_rnn_is_the_loop_written_out(unroll, masked, go_backwards):
    x = np.random.randn(4, 6, 5).astype("float32")
    h = np.random.randn(4, 3).astype("float32")
    wx, wh = np.random.randn(5, 3), np.random.randn(3, 3) * 0.3
    mask = np.random.randint(2, size=(4, 6)) if masked else None

    def step(dot, offset=0.0):
        def run(inputs, states):
            h = dot(inputs, wx) + dot(states[0], wh) + offset
            return h * 2, [h]

        return run

    expected = by_hand(step(np.dot), x, [h], mask, go_backwards)
    last, outputs, states = K.rnn(
        step(K.dot), x, [h], go_backwards, mask=mask, unroll=unroll, input_length=6
    )

    assert np.allclose(expected[0], last, atol=1e-4)
    assert np.allclose(expected[1], outputs, atol=1e-4)
    assert np.allclose(expected[2][0], states[0], atol=1e-4)


def test_constants_follow_the_states_and_there_may_be_no_state():
    x = np.ones((2, 3, 1), "float32")

    _, outputs, states = K.rnn(
        lambda x, s: (x + s[0], []), x, [], constants=[np.full((2, 1), 5.0)]
    )

    assert 6 == float(outputs[1, 2, 0]) and states == []


def test_rnn_on_symbols():
    x = K.placeholder((None, 6, 2))
    last, outputs, _ = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [x[:, 0] * 0])

    assert (None, 2) == K.int_shape(last)
    assert (None, 6, 2) == K.int_shape(outputs)
    total = K.function([x], [last])([np.ones((3, 6, 2))])[0]
    assert np.allclose(6, total)


def test_a_loop_can_be_differentiated():
    x = np.ones((1, 3, 1), "float32")

    def total(w):
        step = lambda x, s: (s[0] * w + x, [s[0] * w + x])  # noqa: E731
        return K.sum(K.rnn(step, x, [np.zeros((1, 1), "float32")])[0])

    # w**2 + w + 1 at w = 2
    assert 7 == float(total(2.0))
    assert 5 == float(jax.grad(total)(2.0))


def test_map_and_folds():
    rows = K.variable(np.arange(6.0).reshape(3, 2))

    assert [1, 5, 9] == K.eval(K.map_fn(K.sum, rows)).tolist()
    by_index = K.map_fn(lambda i: K.sum(rows[i]), K.arange(3), dtype="float32")
    assert [1, 5, 9] == K.eval(by_index).tolist()
    assert [6, 9] == K.eval(K.foldl(lambda a, b: a + b, rows)).tolist()
    assert 3.0 == float(K.foldr(lambda a, b: b - a, [1.0, 2.0, 4.0]))
    assert 1.0 == float(K.foldl(lambda a, b: a - b, [1.0, 2.0, 4.0], initializer=8.0))


def a_gated_step(sums, states):
    """A step with two states, the first of which is its output."""
    h = K.tanh(sums[:, :3]) * K.sigmoid(sums[:, 6:]) + 0.5 * states[1]
    return h, [h, h * sums[:, 3:6]]


def by_numpy(sums, states):
    h = np.tanh(sums[:, :3]) / (1 + np.exp(-sums[:, 6:])) + 0.5 * states[1]
    return h, [h, h * sums[:, 3:6]]


# Of nine sums, those whose tanh and whose sigmoid the step takes.
TANH = np.repeat([1.0, 0.0, 0.0], 3)
SIGMOID = np.repeat([0.0, 0.0, 1.0], 3)


def activate(sums):
    rest = 1 - TANH - SIGMOID
    return TANH * K.tanh(sums) + SIGMOID * K.sigmoid(sums) + rest * sums


def slope(values):
    return 1 - SIGMOID - TANH * values**2 + SIGMOID * values * (1 - values)


def a_step_of_gates(values, states):
    """`a_gated_step`, of what `activate` has made of the sums."""
    h = values[:, :3] * values[:, 6:] + 0.5 * states[1]
    return h, [h, h * values[:, 3:6]]


def a_step_of_two(pair, states):
    """A step that needs what it would add apart."""
    x, product = pair
    h = K.tanh(x[:, :3]) * product[:, :3] + x[:, 3:6] * K.sigmoid(product[:, 6:])
    return h, [h, h * states[1]]


def two_by_numpy(x, product, states):
    h = np.tanh(x[:, :3]) * product[:, :3]
    h = h + x[:, 3:6] / (1 + np.exp(-product[:, 6:]))
    return h, [h, h * states[1]]


ALL_WAYS = pytest.mark.parametrize(
    "how",
    [
        {},
        {"unroll": True},
        {"go_backwards": True},
        {"mask": True},
        {"mask": True, "go_backwards": True, "unroll": True},
        {"mask": True, "apart": True},
        {"apart": True, "go_backwards": True},
        {"prefetch": True},
        {"prefetch": True, "mask": True, "go_backwards": True},
        {"prefetch": True, "apart": True},
        {"activate": True},
        {"activate": True, "mask": True, "go_backwards": True},
    ],
    ids=lambda how: " ".join(how) or "plain",
)


def draw_products(how):
    """Inputs, two states, kernel and bias; a step, and what tells of the loop."""
    draw = np.random.RandomState(3)
    arrays = [
        draw.randn(2, 4, 9),
        draw.randn(2, 3),
        draw.randn(2, 3),
        0.4 * draw.randn(3, 9),
        draw.randn(9),
    ]
    finish = a_step_of_two if how.get("apart") else a_gated_step
    if how.get("mask"):
        how = how | {"mask": np.array([[0, 1, 1, 0], [1, 0, 1, 1]])}
    if how.get("activate"):
        finish = a_step_of_gates
        how = how | {"activate": (activate, slope)}
    return arrays, finish, how


@ALL_WAYS
@pytest.mark.parametrize("time_major", [False, True])
def test_a_loop_of_products_is_the_loop_written_out(how, time_major):
    (x, h, c, kernel, bias), finish, how = draw_products(how)

    def step(now, states):
        product = states[0] @ kernel + bias
        if how.get("apart"):
            return two_by_numpy(now, product, states)
        return by_numpy(now + product, states)

    mask = how.get("mask")
    mask = None if mask is None else mask.astype(bool)
    expected = by_hand(step, x, [h, c], mask, how.get("go_backwards", False))
    x = x.swapaxes(0, 1) if time_major else x
    last, outputs, states = K.rnn_of_products(
        finish, x.astype("float32"), [h, c], kernel, bias, time_major=time_major, **how
    )

    assert np.allclose(expected[0], last, atol=1e-5)
    assert np.allclose(expected[1], outputs, atol=1e-5)
    assert np.allclose(expected[2], states, atol=1e-5)


@ALL_WAYS
def test_gradients_of_a_loop_of_products_first_and_second(how):
    arrays, finish, how = draw_products(how)

    def loss(x, h, c, kernel, bias):
        last, outputs, states = K.rnn_of_products(
            finish, x, [h, c], kernel, bias, **how
        )
        return (last**2).sum() + (outputs[:, ::2] ** 3).sum() + states[1].sum()

    def length(*arrays):  # of the gradient: its own gradient is a second derivative
        gradients = jax.grad(loss, (0, 1, 2, 3, 4))(*arrays)
        return sum((g**2).sum() for g in gradients)

    with jax.enable_x64(True):
        arrays = [jax.numpy.asarray(a, "float64") for a in arrays]
        for function in (loss, length):
            found = jax.jit(jax.grad(function, (0, 1, 2, 3)))(*arrays)
            value = jax.jit(function)
            for i, gradient in enumerate(found):
                for at in list(np.ndindex(gradient.shape))[::7]:
                    ends = []
                    for shift in (1e-6, -1e-6):
                        moved = list(arrays)
                        moved[i] = arrays[i].at[at].add(shift)
                        ends.append(float(value(*moved)))
                    slope = (ends[0] - ends[1]) / 2e-6
                    expected = float(gradient[at])
                    assert slope == pytest.approx(expected, rel=1e-5, abs=1e-6)
