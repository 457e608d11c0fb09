"""What the cells of recurrent layers have in common: `Cell`.

A cell is one step of a recurrent layer, from inputs and states to output and states.
`project` is what a step does with its input, and `step` the rest, so that a layer can
project a whole sequence in one product before it loops.  The built-in cells are in
`cells`; running a cell over a sequence is `rnn`'s business.
"""

from collections.abc import Callable

import numpy as np

from cthulhu import activations, constraints, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer


def _is_built_in(method):
    return method.__module__.rpartition(".")[0] == __package__


class Cell(Layer):
    """One step of a recurrent layer: what the built-in cells have in common.

    Args:
        units: Number of units, the size of the output and of each state.
        activation: Name or function applied to what becomes the output.
        use_bias: Whether biases are added.
        kernel_initializer: Initializer of the kernel, `(features, gates * units)`.
        recurrent_initializer: Initializer of the recurrent kernel,
            `(units, gates * units)`.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Penalty on the kernel.
        recurrent_regularizer: Penalty on the recurrent kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Projection of the kernel after each update.
        recurrent_constraint: Projection of the recurrent kernel after each update.
        bias_constraint: Projection of the bias after each update.
        dropout: Fraction of the inputs to drop while training, 0 to 1; the same ones at
            all steps.
        recurrent_dropout: Fraction of the output of the step before to drop.

    Shapes:
        Inputs `(batch, features)`, states `(batch, units)`, output `(batch, units)`.
    """

    gates = 1  # how many times `units` a kernel is wide
    states_count = 1
    step_rank = 2  # axes of the inputs of one step

    def __init__(
        self,
        units: int,
        activation="tanh",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = shapes.size(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = shapes.rate(self, "dropout", dropout)
        self.recurrent_dropout = shapes.rate(
            self, "recurrent_dropout", recurrent_dropout
        )
        self._masks = None

    @property
    def state_size(self):
        """The size of the state, or a tuple of the sizes of several."""
        if self.states_count == 1:
            return self.units
        return (self.units,) * self.states_count

    @property
    def output_size(self):
        return self.units

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=self._kernel_shape(self._channels(input_shape)),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=self._kernel_shape(self.units),
            initializer=self._recurrent_initializer(),
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(),
                initializer=self._bias_initializer(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def _kernel_shape(self, features):
        return (features, self.gates * self.units)

    def _channels(self, input_shape):
        return input_shape[-1]

    def _recurrent_initializer(self) -> Callable:
        """An identity is meant for each gate, not for the whole kernel."""
        initializer = self.recurrent_initializer
        if self.gates == 1 or not isinstance(initializer, initializers.Identity):
            return initializer

        def identity_per_gate(shape, dtype=None):
            eye = initializer((self.units, self.units), dtype=dtype)
            return np.concatenate([np.asarray(eye)] * self.gates, axis=1)

        return identity_per_gate

    def _bias_shape(self):
        return (self.gates * self.units,)

    def _bias_initializer(self) -> Callable:
        return self.bias_initializer

    def _input_bias(self):
        """The part of the bias that belongs to the inputs, or None."""
        return self.bias

    def _recurrent_bias(self):
        """The part of the bias that belongs to the output of the step before."""
        return None

    def draw_masks(self, inputs, training=None):
        """What to drop, of the inputs `(batch, features)` and of the output before.

        Lists of arrays like the inputs, one for all gates or (`implementation=1`) one
        for each; None where nothing is dropped.
        """
        count = self.gates if getattr(self, "implementation", 2) == 1 else 1

        def draw(ones, rate):
            if not 0.0 < rate < 1.0:
                return None
            return [
                K.in_train_phase(lambda: K.dropout(ones, rate), ones, training=training)
                for _ in range(count)
            ]

        return (
            draw(K.ones_like(inputs), self.dropout),
            draw(K.ones_like(self.zero_state(inputs)), self.recurrent_dropout),
        )

    def zero_state(self, inputs):
        """Zeros in the shape of a state, for the inputs of one step."""
        return K.zeros_like(K.tile(inputs[:, :1], [1, self.units]))

    def _on_inputs(self, x, kernel):
        """What a kernel does with inputs, of one step or of a whole sequence."""
        return K.dot(x, kernel)

    def _on_output(self, x, kernel):
        """What a recurrent kernel does with an output."""
        return K.dot(x, kernel)

    def _product(self, x, kernel, masks, product):
        """`x @ kernel`, with the dropped part of `x` at zero.

        Args:
            x: Inputs of one step, or of a whole sequence; or an output.
            kernel: As wide as there are gates, along its last axis.
            masks: None, one mask, or one for each gate.
            product: What multiplies.
        """
        if masks is None:
            return product(x, kernel)
        if K.ndim(x) > self.step_rank:  # a sequence: the same is dropped at all steps
            masks = [K.expand_dims(mask, 1) for mask in masks]
        if len(masks) == 1:
            return product(x * masks[0], kernel)
        return K.concatenate(
            [
                product(x * mask, kernel[..., i * self.units : (i + 1) * self.units])
                for i, mask in enumerate(masks)
            ],
            axis=self.gates_axis,
        )

    def recur(self, before, masks=None):
        """What the step does with the output of the step before alone."""
        return self._product(before, self.recurrent_kernel, masks, self._on_output)

    def project(self, inputs, input_masks=None):
        """What the step does with its inputs alone; also for a whole sequence."""
        projected = self._product(inputs, self.kernel, input_masks, self._on_inputs)
        return self._with_bias(projected) if self.use_bias else projected

    def _with_bias(self, projected):
        return K.bias_add(projected, self._input_bias(), data_format="channels_last")

    def step(self, projected, states, recurrent_masks=None):
        """The step, from projected inputs and states: `(output, new_states)`."""
        return self.finish(projected + self.recur(states[0], recurrent_masks), states)

    def finish(self, sums, states):
        """The step from `project(inputs) + recur(states[0])` on: as `step`."""
        raise NotImplementedError

    @property
    def is_product(self):
        """Whether the step is `finish` of a sum with one product, and nothing more.

        A subclass with a step or activations of its own may need gradients that
        `K.rnn_of_products` does not give.
        """
        kind = type(self)
        functions = [self.activation, getattr(self, "recurrent_activation", None)]
        return (
            _is_built_in(kind.step)
            and kind.recur is Cell.recur
            and kind.call is Cell.call
            and _is_built_in(kind.finish)
            and all(
                f is None or getattr(f, "__module__", None) == activations.__name__
                for f in functions
            )
        )

    def finish_and_activate(self):
        """How `run_products` goes on from the sums; see `K.rnn_of_products`."""
        return self.finish, None

    adds_apart = False  # whether `finish` takes the two that it would add as a pair

    # Whether `finish` takes its row into parts without a pass over all of it before.
    divides = False

    def run_products(self, inputs, initial_states, input_masks=None, **how):
        """The step over a whole sequence, of a cell that `is_product`: as `K.rnn`."""
        if input_masks is None:  # what is narrower is turned round
            inputs = K.permute_dimensions(inputs, (1, 0, *range(2, K.ndim(inputs))))
        bias = self._recurrent_bias()
        if self.adds_apart or self.gates_axis != -1:
            projected = self.project(inputs, input_masks)
        else:  # the sum is the same, and one pass over all steps less
            projected = self._product(inputs, self.kernel, input_masks, self._on_inputs)
            bias = self._input_bias()
        finish, activate = self.finish_and_activate()
        return K.rnn_of_products(
            finish,
            projected,
            initial_states,
            self.recurrent_kernel,
            bias=bias,
            apart=self.adds_apart,
            time_major=input_masks is None,
            multiply=self._on_output if self.step_rank > 2 else None,
            prefetch=self.divides,
            activate=activate,
            **how,
        )

    def call(self, inputs, states, training=None):
        masks = self._masks or self.draw_masks(inputs, training)
        return self.step(self.project(inputs, masks[0]), states, masks[1])

    gates_axis = -1  # where the gates are in a product

    def _split(self, x, parts):
        """One part per gate."""
        return K.split(x, parts, axis=self.gates_axis)
