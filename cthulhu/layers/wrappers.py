"""Layers around a layer: the same layer at each step, or both ways along a sequence."""

import copy

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import Scope, current_scope, op, registry
from cthulhu.layers.base import Layer
from cthulhu.layers.rnn import name_weights, standardize_args
from cthulhu.layers.spec import InputSpec
from cthulhu.layers.stacked_cells import takes

# What `Bidirectional` asks of the layer that it runs both ways.
_RECURRENT = ("go_backwards", "return_sequences", "return_state", "stateful")


class Wrapper(Layer):
    """A layer that applies another one; a base for such layers.

    Args:
        layer: The layer, or its config.
    """

    def __init__(self, layer, **kwargs):
        if isinstance(layer, dict):
            layer = registry.deserialize("layer", layer)
        if not isinstance(layer, Layer):
            kind = type(self).__name__
            made = isinstance(layer, type) and issubclass(layer, Layer)
            raise TypeError(
                errors.message(
                    f"`{kind}` needs a layer to wrap",
                    f"the class `{layer.__name__}`"
                    if made
                    else f"{layer!r} of type {type(layer).__name__}",
                    "a layer that is made, as `Dense(8)` is",
                    f"Make it first: `{kind}({layer.__name__}(...))`" if made else None,
                )
            )
        self.layer = layer
        kwargs.setdefault("trainable", layer.trainable)
        super().__init__(**kwargs)

    @property
    def trainable(self):
        """Whether training changes the weights; the inner layer's too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = value
        for layer in self._layers:
            layer.trainable = value


class TimeDistributed(Wrapper):
    """Apply the same layer to each step of a sequence.

    Args:
        layer: The layer; it sees all steps of all samples as one batch.

    Shapes:
        `(batch, steps, ...)` to `(batch, steps, *output_of_the_layer)`.

    Example:
        >>> model.add(TimeDistributed(Dense(8), input_shape=(10, 16)))
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(
                errors.message(
                    f"`{self.name}` needs a sequence for each sample",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="at least 3 axes: batch, steps, features",
                )
            )
        self.input_spec = InputSpec(shape=(None, None, *input_shape[2:]))
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))
            self.layer.built = True
            name_weights(self.layer.weights, self.name)
        self.built = True

    def call(self, inputs, training=None, mask=None):
        steps_mask = None if mask is None else _all_steps(mask)
        if not self.layer.supports_masking:
            steps_mask = None
        kwargs = {}
        if training is not None and takes(self.layer.call, "training"):
            kwargs["training"] = training
        output, _ = self.layer.run(_all_steps(inputs), steps_mask, kwargs)
        return _by_sample(output, inputs)

    def compute_output_shape(self, input_shape):
        batch, steps = input_shape[:2]
        inner = self.layer.compute_output_shape((batch, *input_shape[2:]))
        return (inner[0], steps, *inner[1:])

    def compute_mask(self, inputs, mask=None):
        return op(self._compute_mask)(inputs, mask)

    def _compute_mask(self, inputs, mask):
        inner = None if mask is None else _all_steps(mask)
        # A model runs to find its mask: what it writes meanwhile is not kept.
        scope = current_scope()
        with Scope(getattr(scope, "values", None), scope.training, scope.key):
            output = self.layer.compute_mask(_all_steps(inputs), inner)
        if output is not None:
            return _by_sample(output, inputs)
        # The layer knows nothing of masks: a step counts if anything in it does.
        while mask is not None and K.ndim(mask) > 2:
            mask = K.any(mask, axis=-1)
        return mask


class Bidirectional(Wrapper):
    """Run a recurrent layer along a sequence both ways.

    Args:
        layer: The recurrent layer; its twin takes the steps from last to first.
        merge_mode: How the two outputs become one: `"concat"`, `"sum"`, `"mul"`,
            `"ave"` (the mean); None: a list of both.
        weights: Initial weights, those of both layers in one list; None: drawn.
        num_constants: How many of the inputs are constants, handed to every step.
        backward_layer: The layer that takes the steps from last to first; None: a twin
            of `layer` with weights of its own.

    Shapes:
        As the layer; twice as wide for `"concat"`.  With `return_state=True` a list of
        the output, the states of the one and the states of the other.

    Example:
        >>> model.add(Bidirectional(LSTM(16), input_shape=(None, 8)))  # (None, 32)

    See: Schuster and Paliwal, Bidirectional recurrent neural networks, 1997.
    """

    newer_arguments = ("backward_layer",)

    def __init__(
        self,
        layer,
        merge_mode="concat",
        weights=None,
        num_constants=None,
        backward_layer=None,
        **kwargs,
    ):
        super().__init__(layer, weights=weights, **kwargs)
        layer = self.layer
        lacks = [name for name in _RECURRENT if not hasattr(layer, name)]
        if lacks:
            raise TypeError(
                errors.message(
                    f"`{self.name}` runs a recurrent layer both ways",
                    f"`{layer.name}` ({type(layer).__name__}), which has no "
                    + ", ".join(f"`{name}`" for name in lacks),
                    "a recurrent layer, as `LSTM(16)`",
                    "What is not recurrent knows no order: leave `Bidirectional` out",
                )
            )
        if merge_mode not in ("sum", "mul", "ave", "concat", None):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot merge that way",
                    received=f"`merge_mode={merge_mode!r}`",
                    expected='"concat", "sum", "mul", "ave" or None',
                )
            )
        self.merge_mode = merge_mode
        self.forward_layer = copy.copy(layer)
        self.forward_layer.name = f"forward_{layer.name}"
        if backward_layer is None:
            config = layer.get_config()
            config["go_backwards"] = not layer.go_backwards
            config["name"] = f"backward_{layer.name}"
            backward_layer = type(layer).from_config(config)
        elif isinstance(backward_layer, dict):
            backward_layer = registry.deserialize("layer", backward_layer)
        self.backward_layer = backward_layer
        self._check_twins()
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.stateful = layer.stateful
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self.activity_regularizer = layer.activity_regularizer
        self._num_constants = num_constants
        # The layer itself shares its cell with the forward layer: count that one only.
        self._layers = [self.forward_layer, self.backward_layer]

    def _check_twins(self):
        """Refuse two layers that go the same way, or that give different things."""
        same = ("return_sequences", "return_state", "stateful")
        names = [*same, "go_backwards"]
        one, other = (
            {name: getattr(layer, name) for name in names}
            for layer in (self.forward_layer, self.backward_layer)
        )
        fits = one["go_backwards"] != other["go_backwards"]
        if not fits or any(one[name] != other[name] for name in same):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot run its two layers side by side",
                    received=f"`layer` with {one}, `backward_layer` with {other}",
                    expected="the same, but for `go_backwards`",
                )
            )

    def build(self, input_shape):
        for layer in (self.forward_layer, self.backward_layer):
            layer._num_constants = self._num_constants
            if not layer.built:
                layer.build(input_shape)
                layer.built = True
            name_weights(layer.weights, f"{self.name}/{layer.name}")
        self.built = True

    def compute_output_shape(self, input_shape):
        output = self.forward_layer.compute_output_shape(input_shape)
        states = []
        if self.return_state:
            output, *states = output
        if self.merge_mode == "concat":
            other = self.backward_layer.compute_output_shape(input_shape)
            sizes = output[-1], (other[0] if self.return_state else other)[-1]
            output = (*output[:-1], None if None in sizes else sum(sizes))
        outputs = [output] if self.merge_mode else [output, output]
        return _alone([*outputs, *states, *states])

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        inputs, initial_state, constants = standardize_args(
            inputs, initial_state, constants, self._num_constants
        )
        further = (initial_state or []) + (constants or [])
        if not further:
            return super().__call__(inputs, **kwargs)
        if initial_state and len(initial_state) % 2:
            raise ValueError(
                errors.message(
                    f"`{self.name}` needs as many states forwards as backwards",
                    received=f"{len(initial_state)} initial states",
                    expected="an even number",
                )
            )
        if constants is not None:
            self._num_constants = len(constants)
        own_spec = self.input_spec
        specs = [InputSpec(shape=K.int_shape(x)) for x in further]
        self.input_spec = [*own_spec, *specs]
        try:
            return super().__call__([inputs, *further], **kwargs)
        finally:
            self.input_spec = own_spec

    def call(
        self, inputs, mask=None, training=None, initial_state=None, constants=None
    ):
        inputs, from_list, more = standardize_args(
            inputs, None, None, self._num_constants
        )
        states = initial_state or from_list
        constants = constants or more
        half = len(states) // 2 if states else 0
        outputs, last_states = [], []
        for layer, state in (
            (self.forward_layer, states and states[:half]),
            (self.backward_layer, states and states[half:]),
        ):
            given = {
                "mask": mask,
                "training": training,
                "initial_state": state,
                "constants": constants,
            }
            given = {k: v for k, v in given.items() if takes(layer.call, k)}
            output = layer.call(inputs, **given)
            if self.return_state:
                output, *state = output
                last_states += state
            outputs.append(output)
        if self.return_sequences:
            outputs[1] = K.reverse(outputs[1], 1)
        return _alone([*self._merged(*outputs), *last_states])

    def _merged(self, forward, backward):
        if self.merge_mode is None:
            return [forward, backward]
        if self.merge_mode == "concat":
            return [K.concatenate([forward, backward])]
        if self.merge_mode == "mul":
            return [forward * backward]
        total = forward + backward
        return [total / 2 if self.merge_mode == "ave" else total]

    def compute_mask(self, inputs, mask=None):
        if isinstance(mask, list):
            mask = mask[0]
        mask = mask if self.return_sequences else None
        masks = [mask] if self.merge_mode else [mask, mask]
        if self.return_state:
            masks += [None] * (2 * len(self.forward_layer.states))
        return _alone(masks)

    def reset_states(self):
        """Set the states of both layers to zero."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)
        config.pop("num_constants", None)
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config


def _alone(values):
    return values[0] if len(values) == 1 else values


def _all_steps(x):
    """`(batch, steps, ...)` as `(batch * steps, ...)`."""
    return K.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _by_sample(x, inputs):
    """`(batch * steps, ...)` as `(batch, steps, ...)`, the first two as of `inputs`."""
    return K.reshape(x, (*inputs.shape[:2], *x.shape[1:]))
