"""What a layer keeps: variables that are set on it, and metrics by name."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import metrics
from cthulhu.layers import Dense, Layer
from cthulhu.models import Model


class Scaled(Layer):
    def __init__(self):
        super().__init__()
        self.inner = Dense(1, kernel_initializer="ones")
        self.factor = K.variable(3.0)

    def build(self, input_shape):
        self.shift = K.variable(1.0)
        self.count = self.add_weight("count", (), trainable=False, initializer="zeros")

    def call(self, inputs):
        return self.inner(inputs) * self.factor + self.shift


def test_variables_that_are_set_on_a_layer_are_its_weights():
    layer = Scaled()
    assert K.eval(layer(K.constant([[2.0]]))).tolist() == [[7]]
    assert layer._trainable_weights == [layer.factor, layer.shift]
    assert layer._non_trainable_weights == [layer.count]
    assert len(layer.weights) == 5  # a kernel and a bias as well


def test_they_are_trained():
    class Scaling(Model):
        def __init__(self):
            super().__init__()
            self.factor = K.variable(3.0)

        def call(self, inputs):
            return inputs * self.factor

    model = Scaling()
    model.compile("sgd", "mse")  # lr 0.01
    assert model.train_on_batch(np.ones((1, 1)), np.ones((1, 1))) == 4
    assert K.get_value(model.factor) == pytest.approx(3 - 0.01 * 4)


def test_a_weight_of_another_layer_is_not_kept_twice():
    layer, inner = Layer(), Dense(2)
    inner.build((None, 3))
    layer.inner = inner
    layer.kernel = inner.kernel
    assert [w.shape for w in layer.weights] == [(3, 2), (2,)]


def test_weights_change_sides_where_a_script_says_so():
    layer = Layer()
    layer.a, layer.b = K.variable(1.0), K.variable(2.0)
    layer.non_trainable_weights = [layer.b]
    assert (layer.trainable_weights, layer.weights) == ([layer.a], [layer.a, layer.b])
    layer.trainable_weights = [layer.b]
    assert (layer.trainable_weights, layer.weights) == ([layer.b], [layer.b])


def test_two_metrics_of_one_name_are_refused():
    class Twice(Model):
        def __init__(self):
            super().__init__()
            self.one = metrics.Mean(name="same")
            self.other = metrics.Mean(name="same")

        def call(self, inputs):
            self.add_metric(self.one(inputs), name="same")
            return inputs

    model = Twice()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="2 metrics of the name `same`"):
        model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)


def test_masks_of_a_call_are_none_where_there_are_none():
    layer = Dense(2)
    layer(K.placeholder((None, 3)))
    assert layer.output_mask is None
    assert layer.get_output_mask_at(0) is None
