"""Optimizers written as Keras 2 taught it, and updates for K.function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.core import Scope, Variable
from cthulhu.optimizers import SGD, Adam, Optimizer


class Momentum(Optimizer):
    """SGD with momentum and a counter, as a page of 2019 would write it."""

    def __init__(self, lr=0.1, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.momentum = K.variable(momentum, name="momentum")

    @K.symbolic
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        lr = self.lr / (1.0 + K.cast(self.iterations, "float32"))
        moments = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + moments
        for p, g, m in zip(params, grads, moments, strict=True):
            v = self.momentum * m - lr * g
            self.updates.append((m, v))
            new_p = p + v
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {
            "lr": float(K.get_value(self.lr)),
            "momentum": float(K.get_value(self.momentum)),
        }
        base_config = super().get_config()
        return dict(list(base_config.items()) + list(config.items()))


ones = [np.ones(2, "float32"), np.ones(1, "float32")]


def pair():
    return [Variable(np.float32([1.0, 2.0])), Variable(np.float32([3.0]))]


def test_a_subclass_of_keras_style_trains_eagerly():
    optimizer, variables = Momentum(lr=1.0, momentum=0.5), pair()
    for _ in range(2):
        optimizer.apply_gradients(zip(ones, variables, strict=True))

    # v = -1, then -0.5 - 1/2: the second step is divided by 1 + 1.
    np.testing.assert_allclose(variables[0], [-1.0, 0.0])
    np.testing.assert_allclose(optimizer.get_weights()[1], [-1.0, -1.0])
    assert 2 == int(optimizer.iterations)


def test_a_subclass_of_keras_style_trains_compiled():
    optimizer, variables = Momentum(lr=1.0, momentum=0.5, clipvalue=1.0), pair()
    everything = [*variables, *optimizer.build(variables)]

    @jax.jit
    def advance(values, grads):
        with Scope(dict(zip(everything, values, strict=True))) as scope:
            optimizer.apply_gradients(zip(grads, variables, strict=True))
        assert not scope.strangers
        return [scope.values[v] for v in everything]

    for _ in range(2):
        new = advance([v.value for v in everything], [9 * ones[0], ones[1]])
        for variable, value in zip(everything, new, strict=True):
            variable.assign(value)

    np.testing.assert_allclose(variables[0], [-1.0, 0.0])
    np.testing.assert_allclose(optimizer.get_weights()[1], [-1.0, -1.0])


def test_its_state_is_saved_and_its_configuration_makes_a_twin():
    optimizer, variables = Momentum(lr=0.5), pair()
    optimizer.build(variables)
    optimizer.set_weights([np.array(3), np.full(2, 0.25), np.zeros(1)])

    assert 3 == int(optimizer.iterations) and 3 == len(optimizer.weights)
    config = Momentum.from_config(optimizer.get_config()).get_config()
    assert config == optimizer.get_config() and 0.5 == config["lr"]


def test_a_subclass_may_add_to_the_updates_of_its_base():
    class Shrinking(SGD):
        def get_updates(self, loss, params):
            updates = super().get_updates(loss, params)
            return [(v, new * 0.5 if v in params else new) for v, new in updates]

    optimizer, variables = Shrinking(1.0), pair()
    optimizer.apply_gradients(zip(ones, variables, strict=True))

    np.testing.assert_allclose(variables[0], [0.0, 0.5])
    assert 3 == len(optimizer.weights) and 1 == int(optimizer.iterations)


def test_averages_need_a_rule():
    with pytest.raises(ValueError, match="Define `rule`"):
        Momentum(ema=0.9).build(pair())


@pytest.mark.parametrize("cls", [SGD, Adam])
def test_updates_make_a_step_in_a_k_function(cls):
    kernel = K.variable([[1.0], [2.0]])
    x = K.placeholder((None, 2))
    loss = K.mean(K.square(K.dot(x, kernel)))
    optimizer = cls(lr=0.1, clipvalue=2.0)
    train = K.function([x], [loss], updates=optimizer.get_updates(loss, [kernel]))
    twin, twins = cls(lr=0.1, clipvalue=2.0), [K.variable([[1.0], [2.0]])]

    for _ in range(2):
        data = np.float32([[1.0, 0.5]])
        (value,) = train([data])
        product = data @ twins[0].numpy()
        twin.apply_gradients([(jnp.asarray(2 * data.T @ product), twins[0])])
        np.testing.assert_allclose(value, product.item() ** 2, rtol=1e-5)

    np.testing.assert_allclose(kernel, twins[0], rtol=1e-5)
    assert 2 == int(optimizer.iterations)
