"""A model of the least kind: what the saving room asks of one, and no more."""

import numpy as np

from cthulhu import optimizers
from cthulhu.core import Configurable, Variable, registry


class Plain(Configurable):
    """A layer with a kernel and a bias."""

    def __init__(self, name, rows=3, columns=2, use_bias=True):
        self.name, self.rows, self.columns = name, rows, columns
        self.use_bias = use_bias
        shapes = {"kernel": (rows, columns)}
        if use_bias:
            shapes["bias"] = (columns,)
        self.weights = [
            Variable(
                np.random.normal(size=shape).astype("float32"), name=f"{name}/{w}:0"
            )
            for w, shape in shapes.items()
        ]
        self.trainable_weights = self.weights


class Empty(Plain):
    """A layer without weights."""

    def __init__(self, name):
        self.name = name
        self.weights = self.trainable_weights = []


class Chain:
    """Layers one after the other, saved and compiled like any model."""

    optimizer = None

    def __init__(self, layers, name="chain"):
        self.layers, self.name = layers, name

    @property
    def trainable_weights(self):
        return [v for layer in self.layers for v in layer.trainable_weights]

    def get_config(self):
        return {
            "name": self.name,
            "layers": [
                {"class_name": type(layer).__name__, "config": layer.get_config()}
                for layer in self.layers
            ],
        }

    @classmethod
    def from_config(cls, config):
        layers = [registry.deserialize("layer", part) for part in config["layers"]]
        return cls(layers, config["name"])

    def compile(self, optimizer, **arguments):
        self.optimizer = optimizers.get(optimizer)
        self._compile_arguments = {"optimizer": optimizer, **arguments}

    def get_weights(self):
        return [v.numpy() for layer in self.layers for v in layer.weights]


CUSTOM = {"Plain": Plain, "Empty": Empty, "Chain": Chain}


def chain(*sizes, compiled=False):
    """A chain of layers `dense_1`, ... with a layer without weights in between."""
    sizes = sizes or (3, 2, 4)
    layers = [
        Plain(f"dense_{i + 1}", rows, columns)
        for i, (rows, columns) in enumerate(zip(sizes, sizes[1:], strict=False))
    ]
    layers.insert(1, Empty("nothing"))
    model = Chain(layers)
    if compiled:
        model.compile(optimizers.Adam(0.01), loss="mse", metrics=["mae"])
        variables = model.trainable_weights
        model.optimizer.build(variables)
        model.optimizer.apply_gradients([(np.ones(v.shape), v) for v in variables])
    return model
