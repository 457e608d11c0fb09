"""The same steps in JAX alone: a jitted function, called from a loop in Python."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import workloads
from workloads import BATCH, CALLS, DROPOUT, EPSILON, RATE, RHO, SMALL_BATCH


def forward(weights, x, key=None, dropout=DROPOUT):
    """Logits of a batch."""
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    for i, (kernel, bias) in enumerate(layers):
        if i:
            x = jax.nn.relu(x)
            if key is not None and dropout:
                keep = jax.random.bernoulli(
                    jax.random.fold_in(key, i), 1 - dropout, x.shape
                )
                x = jnp.where(keep, x / (1 - dropout), 0)
        x = x @ kernel + bias
    return x


def loss_of(weights, x, y, key=None, dropout=DROPOUT):
    """Categorical cross-entropy, the mean over a batch."""
    logits = forward(weights, x, key, dropout)
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=-1))


def update(state, x, y, dropout=DROPOUT, rate=RATE):
    """One step of RMSprop: new state, loss."""
    weights, squares, key, number = state
    now = jax.random.fold_in(key, number)
    loss, grads = jax.value_and_grad(loss_of)(weights, x, y, now, dropout)
    squares = [RHO * s + (1 - RHO) * g * g for s, g in zip(squares, grads, strict=True)]
    weights = [
        w - rate * g / (jnp.sqrt(s) + EPSILON)
        for w, g, s in zip(weights, grads, squares, strict=True)
    ]
    return (weights, squares, key, number + 1), loss


@functools.partial(jax.jit, donate_argnums=0, static_argnames=("dropout", "rate"))
def step(state, x, y, dropout=DROPOUT, rate=RATE):
    """One step on a batch from the host."""
    return update(state, x, y, dropout, rate)


@functools.partial(jax.jit, donate_argnums=0, static_argnames="size")
def resident_step(state, x, y, order, start, size):
    """One step on rows that live on the device."""
    rows = jax.lax.dynamic_slice_in_dim(order, start, size)
    return update(state, x[rows], y[rows])


@jax.jit
def test_step(weights, x, y):
    """The loss of a batch."""
    return loss_of(weights, x, y)


@jax.jit
def predict_step(weights, x):
    """Probabilities for a batch."""
    return jax.nn.softmax(forward(weights, x))


class Engine:
    """JAX by hand."""

    def __init__(self, name: str):
        del name

    def settings(self, workload: str) -> list[dict]:
        """Where the rows of `fit` live."""
        if workload in ("fit", "mlp"):
            return [{"data": "host"}, {"data": "device"}]
        return [{}]

    def state(self, kind: str):
        """First weights, squares of gradients, a key, the number of the step."""
        weights = [jnp.asarray(w) for w in workloads.weights(kind)]
        return weights, [jnp.zeros_like(w) for w in weights], jax.random.key(0), 0

    def prepare(self, workload: str, setting: dict):
        """A function without arguments: one repetition."""
        x, y = workloads.data(workload)
        state = self.state(workloads.model_of(workload))
        weights = state[0]
        if workload == "evaluate":

            def evaluate():
                pairs = zip(workloads.batches(x), workloads.batches(y), strict=True)
                losses = [test_step(weights, *pair) for pair in pairs]
                sizes = [len(batch) for batch in workloads.batches(x)]
                return np.average(jax.device_get(losses), weights=sizes)

            return evaluate
        if workload == "predict":
            return lambda: np.concatenate(
                jax.device_get(
                    [predict_step(weights, batch) for batch in workloads.batches(x)]
                )
            )
        if workload == "predict one":
            row = x[:1]
            return lambda: [
                np.asarray(predict_step(weights, row)) for _ in range(CALLS)
            ]
        if workload == "train on batch":
            x, y = x[:SMALL_BATCH], y[:SMALL_BATCH]

            def train():
                nonlocal state
                for _ in range(CALLS):
                    state, loss = step(state, x, y)
                    float(loss)

            return train
        draw = np.random.default_rng(2)
        if setting["data"] == "device":
            on_device = jax.device_put((x, y))

        def fit():
            nonlocal state
            order = draw.permutation(len(x))
            losses = []
            if setting["data"] == "host":
                for rows in workloads.batches(order):
                    state, loss = step(state, x[rows], y[rows])
                    losses.append(loss)
            else:
                order = jnp.asarray(order)
                for start in range(0, len(x), BATCH):
                    size = min(BATCH, len(x) - start)
                    state, loss = resident_step(state, *on_device, order, start, size)
                    losses.append(loss)
            return jax.device_get(losses)

        return fit

    def losses(self, kind: str) -> list[float]:
        """Losses of the first batches, in the order of the rows."""
        x, y = workloads.data()
        state, losses = self.state(kind), []
        for i in range(workloads.COMPARED):
            rows = slice(i * BATCH, (i + 1) * BATCH)
            state, loss = step(state, x[rows], y[rows], 0, workloads.COMPARED_RATE)
            losses.append(float(loss))
        return losses
