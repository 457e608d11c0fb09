"""The nets in Keras's words, for ours and Keras 3 alike."""

from __future__ import annotations

import importlib

import nets
from nets import Net


def mnist(layers, x):
    """Two convolutions, then two dense layers."""
    x = layers.Conv2D(32, 3, activation="relu", name="conv1")(x)
    x = layers.Conv2D(64, 3, activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", name="dense1")(x)
    return layers.Dense(10, activation="softmax", name="dense2")(x)


def resnet(layers, x):
    """He et al., Deep residual learning, 2015, section 4.2, with n = 3."""

    def convolve(x, name, filters, window=3, stride=1):
        return layers.Conv2D(
            filters,
            window,
            strides=stride,
            padding="same",
            use_bias=False,
            name=name,
        )(x)

    def normalize(x, name):
        return layers.BatchNormalization(name=name)(x)

    x = convolve(x, "conv0", 16)
    x = layers.Activation("relu")(normalize(x, "norm0"))
    for i, filters in enumerate((16, 32, 64)):
        for j in range(3):
            name, stride = f"{i}{j}", 2 if i and not j else 1
            y = convolve(x, f"conv{name}a", filters, 3, stride)
            y = layers.Activation("relu")(normalize(y, f"norm{name}a"))
            y = normalize(convolve(y, f"conv{name}b", filters), f"norm{name}b")
            if stride > 1:
                x = convolve(x, f"short{name}", filters, 1, stride)
            x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(10, activation="softmax", name="dense")(x)


def xception(layers, x):
    """Blocks as in Chollet, Xception, 2016, figure 5, for small images."""

    def separable(x, name, filters):
        x = layers.SeparableConv2D(
            filters, 3, padding="same", use_bias=False, name=name
        )(x)
        return layers.BatchNormalization(name=f"{name}_norm")(x)

    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu")(x)
    for filters in (64, 128, 256):
        short = layers.Conv2D(
            filters,
            1,
            strides=2,
            padding="same",
            use_bias=False,
            name=f"short{filters}",
        )(x)
        short = layers.BatchNormalization(name=f"short{filters}_norm")(short)
        x = separable(x, f"sep{filters}a", filters)
        x = layers.Activation("relu")(x)
        x = separable(x, f"sep{filters}b", filters)
        x = layers.MaxPooling2D(3, 2, "same")(x)
        x = layers.Add()([x, short])
    x = layers.Activation("relu")(separable(x, "sep512", 512))
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(10, activation="softmax", name="dense")(x)


def text(layers, x):
    """Words, three convolutions over them, the largest of each feature."""
    x = layers.Embedding(5000, 50, name="words")(x)
    for i in range(3):
        x = layers.Conv1D(250, 3, activation="relu", name=f"conv{i}")(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(250, activation="relu", name="dense1")(x)
    return layers.Dense(2, activation="softmax", name="dense2")(x)


def video(layers, x):
    """Two ConvLSTM2D, then the mean over the image."""
    how = {"padding": "same", "recurrent_activation": "sigmoid"}
    x = layers.ConvLSTM2D(16, 3, return_sequences=True, name="lstm1", **how)(x)
    x = layers.ConvLSTM2D(16, 3, name="lstm2", **how)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(4, activation="softmax", name="dense")(x)


def imdb(layers, x):
    """Words, and a long short-term memory over them."""
    x = layers.Embedding(20_000, 128, name="words")(x)
    x = layers.LSTM(128, name="lstm")(x)
    return layers.Dense(2, activation="softmax", name="dense")(x)


def gru(layers, x):
    """Words, and gated units over them in both directions."""
    x = layers.Embedding(5000, 128, name="words")(x)
    x = layers.Bidirectional(layers.GRU(64, reset_after=True), name="both")(x)
    return layers.Dense(2, activation="softmax", name="dense")(x)


def stack(layers, x):
    """Words, and two long short-term memories, one upon the other."""
    x = layers.Embedding(5000, 128, name="words")(x)
    x = layers.LSTM(128, return_sequences=True, name="lstm1")(x)
    x = layers.LSTM(128, name="lstm2")(x)
    return layers.Dense(2, activation="softmax", name="dense")(x)


def block(layers, x):
    """Words, and an encoder's layer as in Vaswani et al., 2017, section 3.1."""
    x = layers.Embedding(5000, 128, name="words")(x)
    y = layers.MultiHeadAttention(4, 32, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm1")(layers.Add()([x, y]))
    y = layers.Dense(512, activation="relu", name="inner")(x)
    y = layers.Dense(128, name="outer")(y)
    x = layers.LayerNormalization(name="norm2")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling1D()(x)
    return layers.Dense(2, activation="softmax", name="dense")(x)


BUILDERS = {
    f.__name__: f
    for f in (mnist, resnet, xception, text, imdb, gru, stack, block, video)
}


class Family:
    """What an engine of `keras_family` does with a net.

    Args:
        engine: The engine.
    """

    def __init__(self, engine):
        self.engine = engine

    def settings(self) -> list[dict]:
        """Settings of `compile` worth trying."""
        if self.engine.ours:
            return [{}]
        if self.engine.backend == "torch":
            most = importlib.import_module("torch").get_num_threads()
            return [{"threads": most}]
        compiled = [True, False] if self.engine.backend == "tensorflow" else ["auto"]
        return [{"jit_compile": how} for how in compiled]

    def model(self, net: Net, setting: dict):
        """A compiled model with the first weights."""
        layers, optimizers = self.engine.layers, self.engine.optimizers
        inputs = layers.Input(net.shape, dtype="int32" if net.vocabulary else None)
        outputs = BUILDERS[net.name](layers, inputs)
        model = self.engine.models.Model(inputs, outputs)
        for layer in model.layers:
            layer.set_weights(
                [
                    nets.first(layer.name, i, role(weight), tuple(weight.shape))
                    for i, weight in enumerate(layer.weights)
                ]
            )
        if net.rule == "sgd":
            rule = optimizers.SGD(net.rate, momentum=nets.MOMENTUM)
        else:
            rule = optimizers.Adam(net.rate, epsilon=1e-7)
        how = {} if "threads" in setting else setting
        model.compile(rule, "categorical_crossentropy", **how)
        return model

    def repetition(self, net: Net, part: str, setting: dict):
        """What one repetition does."""
        x, y = nets.data(net, net.steps)
        model = self.model(net, setting)
        if part in ("first", "train"):
            batches = net.batches(part)

            def fit():
                rows = slice(0, next(batches) * net.batch)
                model.fit(x[rows], y[rows], net.batch, verbose=0, shuffle=False)

            return fit
        if part == "many":
            many = x[: net.many]
            return lambda: model.predict(many, batch_size=net.batch, verbose=0)
        rows = x[: int(part)]
        calls = net.calls if part == "1" else nets.LARGE_CALLS
        return lambda: [model.predict_on_batch(rows) for _ in range(calls)]

    def losses(self, net: Net, count: int) -> list[float]:
        """Losses of the first batches, in the order of the rows."""
        x, y = nets.data(net, count)
        model = self.model(net, self.settings()[0])
        losses = []
        for i in range(0, count * net.batch, net.batch):
            rows = slice(i, i + net.batch)
            losses.append(float(model.train_on_batch(x[rows], y[rows])))
            model.reset_metrics()  # Keras 3 would tell the mean of all calls
        return losses


def role(weight) -> str:
    """What a layer calls a weight: the last part of its name."""
    return weight.name.rpartition("/")[-1].partition(":")[0]
