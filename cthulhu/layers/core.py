"""The everyday layers: dense connections, dropout, reshaping, masking, any function.

Layers of one subject have their own files: `merge`, `embeddings`, `normalization`,
`noise`, `advanced_activations`, `convolutional`, `pooling`, `recurrent`, `wrappers`.
What a layer is, and what happens when one is called, is `base`'s business.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.core import Node, Symbol, current_scope, infer
from cthulhu.layers import functions_as_data, shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Dense(Layer):
    """Connect all inputs with all units: `activation(inputs @ kernel + bias)`.

    Inputs of more than two dimensions keep all axes but the last.

    Args:
        units: Number of units, the size of the last axis of the output; at least 1.
        activation: Name or function applied to the result; None: nothing is applied.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, of shape `(features, units)`.
        bias_initializer: Initializer of the bias, of shape `(units,)`.
        kernel_regularizer: Penalty on the kernel, added to the loss.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Shapes:
        `(batch, ..., features)` to `(batch, ..., units)`.

    Example:
        >>> model.add(Dense(10, activation="softmax", input_shape=(784,)))
    """

    def __init__(
        self,
        units: int,
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = shapes.size(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot make its kernel",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="a last axis of known size",
                    fix="Give the number of features in `input_shape`",
                )
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self.built = True

    def call(self, inputs):
        output = K.dot(inputs, self.kernel)
        if self.use_bias:
            output = K.bias_add(output, self.bias, data_format="channels_last")
        return self.activation(output)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:-1]) + (self.units,)


class Activation(Layer):
    """Apply an activation function to each element (or, for softmax, to each row).

    Args:
        activation: Name of an activation, or a function of one array.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(Activation("relu"))
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape


class Dropout(Layer):
    """Set a random part of the inputs to zero while training, and scale up the rest.

    What is kept is multiplied by `1 / (1 - rate)`, so the expected sum stays the same.
    Outside training the layer does nothing.

    Args:
        rate: Fraction of the inputs to drop, 0 to 1.  At exactly 0 or 1 nothing
            is dropped, as in Keras.
        noise_shape: Shape of the random pattern, with 1 where all elements along an
            axis share their fate and None for the input's size; None: the input's.
        seed: Integer that makes this layer's patterns its own.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(Dropout(0.5))

    See: Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting, 2014.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.rate = shapes.rate(self, "rate", rate)
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _get_noise_shape(self, inputs):
        """The shape of the random pattern for these inputs; None: the same shape."""
        if self.noise_shape is None:
            return None
        shape, noise_shape = inputs.shape, list(self.noise_shape)
        if getattr(current_scope(), "inferring", False):
            noise_shape[0] = None  # a batch of unknown size cannot fit a fixed one
        return tuple(
            shape[axis] if size is None else size
            for axis, size in enumerate(noise_shape)
        )

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0:
            return inputs

        def dropped():
            noise_shape = self._get_noise_shape(inputs)
            return K.dropout(inputs, self.rate, noise_shape, seed=self.seed)

        return K.in_train_phase(dropped, inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


class SpatialDropout(Dropout):
    """Dropout of whole feature maps: what all spatial dropouts have in common.

    Neighbouring positions of a feature map are alike, so dropping single elements
    regularizes little; here a channel is dropped at all positions, or at none.

    Args:
        rate: Fraction of the channels to drop, 0 to 1.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
        seed: Integer that makes this layer's patterns its own.

    See: Tompson et al., Efficient object localization using convolutional networks,
    2015.
    """

    rank: int

    def __init__(self, rate, data_format=None, noise_shape=None, seed=None, **kwargs):
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _get_noise_shape(self, inputs):
        shape, ones = inputs.shape, (1,) * self.rank
        if self.data_format == "channels_first":
            return (*shape[:2], *ones)
        return (shape[0], *ones, shape[-1])

    def get_config(self):
        config = super().get_config()
        # Keras leaves it out; without it a `channels_first` layer would be lost.
        if config["data_format"] == "channels_last":
            del config["data_format"]
        return config


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of a sequence, `(batch, steps, channels)`.

    Args:
        rate: Fraction of the channels to drop, 0 to 1.
        seed: Integer that makes this layer's patterns its own.

    Example:
        >>> model.add(SpatialDropout1D(0.2))

    See: Tompson et al., Efficient object localization using convolutional networks,
    2015.
    """

    rank = 1

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        kwargs["data_format"] = "channels_last"
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)

    def get_config(self):
        config = Dropout.get_config(self)
        config.pop("data_format", None)
        return config


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images; see `SpatialDropout` for the arguments.

    Shapes:
        `(batch, rows, cols, channels)`, or `(batch, channels, rows, cols)` for
        `data_format="channels_first"`; the output has the input's.

    Example:
        >>> model.add(SpatialDropout2D(0.5))
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes; see `SpatialDropout` for the arguments.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)`, or `(batch, channels, dim1, dim2, dim3)`
        for `data_format="channels_first"`; the output has the input's.

    Example:
        >>> model.add(SpatialDropout3D(0.5))
    """

    rank = 3


class Flatten(Layer):
    """Flatten everything but the batch axis.

    Args:
        data_format: Where the channels are in the inputs; `"channels_first"` moves them
            last before flattening, so that weights fit either ordering.  None: the
            configured one.

    Shapes:
        `(batch, a, b, ...)`, at least 3 dimensions, to `(batch, a * b * ...)`.

    Example:
        >>> model.add(Flatten(input_shape=(28, 28)))  # output: (None, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=3)

    def _advice(self, spec, shape):
        return "It is flat already: leave this layer out"

    def call(self, inputs):
        if self.data_format == "channels_first":
            axes = [0, *range(2, len(inputs.shape)), 1]
            inputs = K.permute_dimensions(inputs, axes)
        return K.batch_flatten(inputs)

    def compute_output_shape(self, input_shape):
        if None in input_shape[1:]:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot know the size of its output",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="known sizes on all axes but the first",
                    fix="Give a complete `input_shape` to the first layer",
                )
            )
        return (input_shape[0], math.prod(input_shape[1:]))


class Reshape(Layer):
    """Give each sample another shape.

    Args:
        target_shape: The shape of one sample, without the batch axis; one size may be
            -1 and is then found from the others.

    Shapes:
        `(batch, ...)` to `(batch, *target_shape)`.

    Raises:
        ValueError: If the sizes do not multiply to the same number.

    Example:
        >>> model.add(Reshape((-1, 2), input_shape=(12,)))  # output: (None, 6, 2)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` can find only one size by itself",
                    received=f"`target_shape={self.target_shape}`",
                    expected="at most one -1",
                )
            )

    def call(self, inputs):
        return K.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        batch, *sizes = input_shape
        if None in sizes:
            return (batch, *(None if s == -1 else s for s in self.target_shape))
        total = math.prod(sizes)
        known = math.prod(s for s in self.target_shape if s != -1)
        fits = total == known
        if -1 in self.target_shape:
            fits = known > 0 and total % known == 0
        if not fits:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot reshape its inputs: the total size must "
                    "stay the same",
                    received=f"samples of shape {tuple(sizes)}, {total} values",
                    expected=f"`target_shape={self.target_shape}`, {known} values"
                    + (" or a multiple" if -1 in self.target_shape else ""),
                )
            )
        return (batch, *(total // known if s == -1 else s for s in self.target_shape))


class Permute(Layer):
    """Reorder the axes of each sample.

    Args:
        dims: The old number of each new axis, counted from 1; the batch axis, 0, is
            not named and stays first.

    Shapes:
        `(batch, ...)` to the same sizes, reordered.

    Example:
        >>> model.add(Permute((2, 1), input_shape=(10, 64)))  # output: (None, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                errors.message(
                    f"`{self.name}` needs an order of the axes",
                    received=f"`dims={self.dims}`",
                    expected=f"each of 1 to {len(self.dims)} once",
                )
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs):
        return K.permute_dimensions(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


class RepeatVector(Layer):
    """Repeat each row `n` times, as a sequence of equal steps.

    Args:
        n: Number of repetitions, at least 1.

    Shapes:
        `(batch, features)` to `(batch, n, features)`.

    Example:
        >>> model.add(RepeatVector(3, input_shape=(32,)))  # output: (None, 3, 32)
    """

    def __init__(self, n: int, **kwargs):
        super().__init__(**kwargs)
        self.n = shapes.size(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs):
        return K.repeat(inputs, self.n)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n, input_shape[1])


class ActivityRegularization(Layer):
    """Pass the inputs on, and add `l1 * sum |x| + l2 * sum x**2` to the loss.

    Args:
        l1: Factor of the sum of absolute values, 0 or more.
        l2: Factor of the sum of squares, 0 or more.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(ActivityRegularization(l2=0.01))
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2
        self.activity_regularizer = regularizers.L1L2(l1=l1, l2=l2)

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


class Masking(Layer):
    """Mark the time steps to be skipped: those where all features equal `mask_value`.

    The marked steps are also set to zero.  Layers that follow and know masks skip the
    steps; one that does not raises an error.

    Args:
        mask_value: The value that marks a missing step.

    Shapes:
        `(batch, steps, ..., features)`; the output has the input's, its mask all axes
        but the last.

    Example:
        >>> model.add(Masking(mask_value=0.0, input_shape=(20, 8)))
    """

    def __init__(self, mask_value: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = mask_value

    def compute_mask(self, inputs, mask=None):
        return K.any(K.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        kept = K.any(K.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * K.cast(kept, K.dtype(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape


class Lambda(Layer):
    """Make a layer of any function.

    A function that has a name is saved by that name, and found again through
    `custom_objects`.  The code of a lambda expression is saved too, but code that
    comes from a file is run only if the loader is told `safe_mode=False`.

    Args:
        function: Function of the inputs (an array, or a list of arrays), made of K
            functions, `jax.numpy` or arithmetic.  If it has a parameter `mask`, it
            gets the inputs' mask.
        output_shape: The shape of one sample of the output, or a function of the
            input shape that gives the whole output shape; None: found by tracing.
        mask: The output's mask, or a function of `(inputs, mask)`; None: no mask.
        arguments: Further keyword arguments of the function, as a dict.

    Shapes:
        Any, as the function makes them.

    Example:
        >>> model.add(Lambda(lambda x: x**2))
        >>> model.add(Lambda(lambda x, k: x * k, arguments={"k": 3}))
    """

    def __init__(
        self,
        function: Callable,
        output_shape=None,
        mask=None,
        arguments: dict[str, Any] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        if isinstance(output_shape, (tuple, list)):
            output_shape = tuple(output_shape)
        elif output_shape is not None and not callable(output_shape):
            raise TypeError(
                errors.message(
                    f"`{self.name}` cannot use its `output_shape`",
                    received=repr(output_shape),
                    expected="a tuple, a list or a function of the input shape",
                )
            )
        self._output_shape = output_shape
        self._input_dtypes = None
        # These four are not plain data: `get_config` writes them in its own way.
        special = ("function", "output_shape", "mask", "arguments")
        self._arguments = {k: v for k, v in self._arguments.items() if k not in special}

    def call(self, inputs, mask=None):
        dtypes = [K.dtype(x) for x in _as_list(inputs)]
        self._input_dtypes = dtypes if isinstance(inputs, list) else dtypes[0]
        arguments = dict(self.arguments)
        if "mask" in _parameters(self.function):
            arguments["mask"] = mask
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs, mask=None):
        if callable(self.mask):
            return self.mask(inputs, mask)
        return self.mask

    def compute_output_shape(self, input_shape):
        if self._output_shape is None:
            return self._traced_output_shape(input_shape)
        if isinstance(self._output_shape, tuple):
            first = input_shape[0] if isinstance(input_shape, list) else input_shape
            return (first[0] if first else None, *self._output_shape)
        shape = self._output_shape(input_shape)
        if not isinstance(shape, (list, tuple)):
            raise ValueError(
                errors.message(
                    f"The `output_shape` function of `{self.name}` gave no shape",
                    received=repr(shape),
                    expected="a tuple, or a list of tuples",
                )
            )
        if isinstance(shape, list) and (shape[0] is None or isinstance(shape[0], int)):
            return tuple(shape)
        return shape

    def _itself_keeps_rows_apart(self):
        return False

    def _traced_output_shape(self, input_shape):
        """The shape that the function really gives; unknown sizes stay unknown."""
        many = isinstance(input_shape, list)
        shapes = input_shape if many else [input_shape]
        dtypes = self._input_dtypes or self.dtype
        dtypes = dtypes if isinstance(dtypes, list) else [dtypes] * len(shapes)
        symbols = [
            Symbol(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)
        ]
        outputs = infer(Node(self.call, (symbols if many else symbols[0],), {}))
        if isinstance(outputs, (list, tuple)):
            return [tuple(output.shape) for output in outputs]
        return tuple(outputs.shape)

    def get_config(self):
        config = super().get_config()
        function, function_type = functions_as_data.to_data(self.function)
        output_shape, output_shape_type = self._output_shape, "raw"
        if callable(output_shape):
            output_shape, output_shape_type = functions_as_data.to_data(output_shape)
        config.update(
            function=function,
            function_type=function_type,
            output_shape=output_shape,
            output_shape_type=output_shape_type,
            arguments={
                name: _array_as_json(value) for name, value in self.arguments.items()
            },
        )
        if callable(self.mask):  # Keras loses it
            config["mask"] = functions_as_data.to_data(self.mask)[0]
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None, safe_mode=True):
        """The layer that `get_config` described.

        Args:
            config: What `get_config` gave, or what was read from a file.
            custom_objects: Functions by name.
            safe_mode: Whether Python code that is not of this process is refused.

        Raises:
            ValueError: If the config holds code and `safe_mode` is True, or names an
                unknown function.
        """
        config = dict(config)
        where = f"The `Lambda` layer `{config.get('name', '')}`"

        def revive(data, kind):
            return functions_as_data.from_data(
                data, kind, where, custom_objects, safe_mode
            )

        config["function"] = revive(config["function"], config.pop("function_type"))
        kind = config.pop("output_shape_type", "raw")
        if kind != "raw":
            config["output_shape"] = revive(config["output_shape"], kind)
        mask = config.get("mask")
        if mask is not None:
            kind = "function" if isinstance(mask, str) else "lambda"
            config["mask"] = revive(mask, kind)
        config["arguments"] = {
            name: _array_from_json(value)
            for name, value in (config.get("arguments") or {}).items()
        }
        return cls(**config)


def _as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _parameters(function):
    """The names of a function's parameters; none where Python cannot tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _array_as_json(value):
    """An array argument is saved as `{"type": "ndarray", "value": list}`."""
    if isinstance(value, np.ndarray):
        return {"type": "ndarray", "value": value.tolist()}
    return value


def _array_from_json(value):
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return np.asarray(value["value"])
    return value
