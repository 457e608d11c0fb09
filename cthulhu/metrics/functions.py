"""Metrics as plain functions: one number per sample, no state.

Those that are losses too are found in `losses`; here is what counts hits.

Args:
    y_true: Targets; the first axis is that of the samples.
    y_pred: Predictions: probabilities or scores, one for each class.
    axis: Axis of the features.
"""

from cthulhu import backend as K
from cthulhu import losses
from cthulhu.core import registry
from cthulhu.losses import tensor


@registry.register("metric")
def binary_accuracy(y_true, y_pred, threshold=0.5):
    """Share of the last axis where prediction, cut at `threshold`, is the target.

    Args:
        y_true: Targets 0 and 1.
        y_pred: Probabilities of the same shape.
        threshold: Above it counts as 1; between 0 and 1.

    Example:
        >>> binary_accuracy([[0, 1]], [[0.4, 0.4]]).tolist()
        [0.5]
    """
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    if threshold != 0.5:
        y_pred = K.cast(K.greater(y_pred, threshold), K.floatx())
    hits = K.equal(K.cast(y_true, K.floatx()), K.round(K.cast(y_pred, K.floatx())))
    return K.mean(K.cast(hits, K.floatx()), axis=-1)


@registry.register("metric")
def categorical_accuracy(y_true, y_pred):
    """1 where the largest prediction is at the one of the one-hot target, else 0.

    Example:
        >>> categorical_accuracy([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]]).tolist()
        [1.0, 0.0]
    """
    hits = K.equal(K.argmax(tensor(y_true), axis=-1), K.argmax(tensor(y_pred), axis=-1))
    return K.cast(hits, K.floatx())


@registry.register("metric")
def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the largest prediction is at the target's class number, else 0.

    Example:
        >>> sparse_categorical_accuracy([[1], [1]], [[0.1, 0.9], [0.8, 0.2]]).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    if K.ndim(y_true) == K.ndim(y_pred):
        y_true = K.squeeze(y_true, -1)
    labels = K.cast(K.argmax(y_pred, axis=-1), K.floatx())
    return K.cast(K.equal(K.cast(y_true, K.floatx()), labels), K.floatx())


@registry.register("metric")
def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where the class of the one-hot target is among the `k` largest predictions.

    Example:
        >>> hit = top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2)
        >>> hit.tolist()
        [1.0]
    """
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    return K.cast(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), K.floatx())


@registry.register("metric")
def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where the target's class number is among the `k` largest predictions."""
    labels = K.cast(K.flatten(tensor(y_true)), "int32")
    return K.cast(K.in_top_k(tensor(y_pred), labels, k), K.floatx())


@registry.register("metric")
def accuracy(y_true, y_pred):
    """1 for each element where prediction and target are equal, else 0."""
    y_pred = tensor(y_pred)
    y_true = K.cast(tensor(y_true), K.dtype(y_pred))
    return K.cast(K.equal(y_true, y_pred), K.floatx())


@registry.register("metric", "cosine", "cosine_similarity")
def cosine_proximity(y_true, y_pred, axis=-1):
    """Cosine of the angle between target and prediction: 1 is best.

    (The loss of the same name has the other sign.)
    """
    return -losses.cosine_proximity(y_true, y_pred, axis=axis)


cosine = cosine_similarity = cosine_proximity

# Losses that serve as metrics under their own names.
for _function, _names in {
    losses.mean_squared_error: ("mse", "MSE"),
    losses.mean_absolute_error: ("mae", "MAE"),
    losses.mean_absolute_percentage_error: ("mape", "MAPE"),
    losses.mean_squared_logarithmic_error: ("msle", "MSLE"),
    losses.kullback_leibler_divergence: ("kld", "KLD"),
    losses.hinge: (),
    losses.squared_hinge: (),
    losses.categorical_hinge: (),
    losses.logcosh: (),
    losses.huber_loss: (),
    losses.poisson: (),
    losses.categorical_crossentropy: (),
    losses.sparse_categorical_crossentropy: (),
    losses.binary_crossentropy: (),
}.items():
    registry.register("metric", *_names)(_function)
