"""BatchNormalization: mean 0 and variance 1 of each feature, over a batch.

What looks at each sample by itself stands in `sample_normalization`.
"""

import math

from cthulhu import backend as K
from cthulhu import constraints, errors, initializers, regularizers
from cthulhu.core import is_symbolic
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class BatchNormalization(Layer):
    """Normalize each feature over the batch.

    The output is `gamma * (x - mean) / sqrt(variance + epsilon) + beta`.

    While training, mean and variance are those of the batch, and moving averages of
    them are kept: `moving = momentum * moving + (1 - momentum) * batch`.  The variance
    is averaged with the factor `n / (n - (1 + epsilon))` for `n` values per feature.
    Outside training the moving averages are used.

    Args:
        axis: The axis of the features; 1 behind convolutions with
            `data_format="channels_first"`.
        momentum: Weight of the past in the moving averages, 0 to 1.
        epsilon: Added to the variance, so that it is never zero.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`; not needed before a linear layer or a relu.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        moving_mean_initializer: Initializer of the moving mean.
        moving_variance_initializer: Initializer of the moving variance.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Projection of `beta` after each update.
        gamma_constraint: Projection of `gamma` after each update.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(BatchNormalization())

    See: Ioffe and Szegedy, Batch normalization, 2015, algorithms 1 and 2.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape):
        shapes.positive_axes(self, self.axis, len(input_shape))
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot make its weights",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected=f"a known size of axis {self.axis}",
                )
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(size,),
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=(size,),
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=(size,),
            initializer=self.moving_mean_initializer,
            trainable=False,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=(size,),
            initializer=self.moving_variance_initializer,
            trainable=False,
        )
        self.built = True

    def _itself_keeps_rows_apart(self):
        return False  # `training=True` may be asked of a call

    def call(self, inputs, training=None):
        if training is None:
            training = K.learning_phase()
            if is_symbolic(training) and not is_symbolic(inputs):
                training = 0  # arrays, outside of any training: leave averages alone
        rank = K.ndim(inputs)
        axis = self.axis % rank
        others = [a for a in range(rank) if a != axis]

        def with_moving_averages():
            shape = [1] * rank
            shape[axis] = inputs.shape[axis]
            mean, variance, beta, gamma = (
                w if w is None or axis == rank - 1 else K.reshape(w, shape)
                for w in (self.moving_mean, self.moving_variance, self.beta, self.gamma)
            )
            return K.batch_normalization(
                inputs, mean, variance, beta, gamma, axis=axis, epsilon=self.epsilon
            )

        def with_batch():
            normed, mean, variance = K.normalize_batch_in_training(
                inputs, self.gamma, self.beta, others, epsilon=self.epsilon
            )
            count = math.prod(inputs.shape[a] for a in others)
            variance = variance * (count / (count - (1.0 + self.epsilon)))
            updates = [
                K.moving_average_update(self.moving_mean, mean, self.momentum),
                K.moving_average_update(self.moving_variance, variance, self.momentum),
            ]
            self.add_update(updates, inputs)
            return normed

        return K.in_train_phase(with_batch, with_moving_averages, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape
