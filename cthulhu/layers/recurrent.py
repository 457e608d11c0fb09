"""Recurrent layers: a cell that makes one step, and `RNN` that runs it over a sequence.

`Cell` holds what SimpleRNN, GRU and LSTM cells have in common: `project` is what a step
does with its input, and `step` the rest, so that `RNN` can project a whole sequence in
one product before it loops.  The loop itself is the backend's business.
"""

import inspect
from collections.abc import Callable

import numpy as np

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.core import current_scope, registry
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


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
        """The part of the bias that belongs to the inputs."""
        return self.bias

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

    def _product(self, x, kernel, masks, product=K.dot, axis=-1):
        """`x @ kernel`, with the dropped part of `x` at zero.

        Args:
            x: Inputs of one step, or of a whole sequence; or an output.
            kernel: As wide as there are gates, along its last axis.
            masks: None, one mask, or one for each gate.
            product: What multiplies.
            axis: Where the gates are in the product.
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
            axis=axis,
        )

    def recur(self, before, masks=None):
        """What the step does with the output of the step before alone."""
        return self._product(before, self.recurrent_kernel, masks)

    def project(self, inputs, input_masks=None):
        """What the step does with its inputs alone; also for a whole sequence."""
        projected = self._product(inputs, self.kernel, input_masks)
        if self.use_bias:
            bias = self._input_bias()
            projected = K.bias_add(projected, bias, data_format="channels_last")
        return projected

    def step(self, projected, states, recurrent_masks=None):
        """The step, from projected inputs and states: `(output, new_states)`."""
        raise NotImplementedError

    def call(self, inputs, states, training=None):
        masks = self._masks or self.draw_masks(inputs, training)
        return self.step(self.project(inputs, masks[0]), states, masks[1])

    def _split(self, x):
        """One part per gate, along the last axis."""
        parts = x.shape[-1] // self.units
        return [x[..., i * self.units : (i + 1) * self.units] for i in range(parts)]


class SimpleRNNCell(Cell):
    """A step that feeds its output back: `h = activation(x @ W + h_before @ U + b)`.

    The arguments are those of `Cell`.

    See: Elman, Finding structure in time, 1990.
    """

    def step(self, projected, states, recurrent_masks=None):
        recurrent = self.recur(states[0], recurrent_masks)
        output = self.activation(projected + recurrent)
        return output, [output]


class GatedCell(Cell):
    """A cell with gates: the arguments that GRU and LSTM cells share.

    Args:
        recurrent_activation: Name or function applied to the gates.
        implementation: How dropout treats the gates: 1 drops different inputs for each,
            2 the same for all.  The sums are the same.
    """

    def __init__(
        self,
        units: int,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        *,
        implementation: int = 2,
        **kwargs,
    ):
        super().__init__(units, activation, use_bias, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.implementation = implementation or 1  # 0 is an old name of 1


class GRUCell(GatedCell):
    """A step of a gated recurrent unit.

    `z` and `r` are `recurrent_activation(x @ W + h_before @ U + b)`, the candidate is
    `activation(x @ W + (r * h_before) @ U + b)`, and
    `h = z * h_before + (1 - z) * candidate`.

    Args:
        units: Number of units.
        activation: Name or function applied to the candidate.
        recurrent_activation: Name or function applied to the gates.
        reset_after: Whether `r` multiplies `h_before @ U + b_U`, with a bias of its
            own, instead of `h_before`; this is how CuDNN computes it.
        implementation: See `GatedCell`.  The other arguments are those of `Cell`.

    See: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation="tanh",
        recurrent_activation="sigmoid",
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
        implementation: int = 2,
        reset_after: bool = False,
        **kwargs,
    ):
        super().__init__(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
            **kwargs,
        )
        self.reset_after = reset_after

    def _bias_shape(self):
        width = self.gates * self.units
        return (2, width) if self.reset_after else (width,)

    def _input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def step(self, projected, states, recurrent_masks=None):
        before = states[0]
        masks = recurrent_masks
        x_z, x_r, x_h = self._split(projected)
        if self.reset_after:
            inner = self.recur(before, masks)
            if self.use_bias:
                inner = inner + self.bias[1]
            h_z, h_r, h_h = self._split(inner)
        else:
            gates = self.recurrent_kernel[:, : 2 * self.units]
            h_z, h_r = self._split(self._product(before, gates, masks and masks[:2]))
        z = self.recurrent_activation(x_z + h_z)
        r = self.recurrent_activation(x_r + h_r)
        if self.reset_after:
            h_h = r * h_h
        else:
            kernel = self.recurrent_kernel[:, 2 * self.units :]
            h_h = self._product(r * before, kernel, masks and masks[-1:])
        output = z * before + (1 - z) * self.activation(x_h + h_h)
        return output, [output]


class LSTMCell(GatedCell):
    """A step of a long short-term memory.

    The gates `i`, `f`, `o` are `recurrent_activation(x @ W + h_before @ U + b)`, the
    candidate `activation(...)` of such a sum, `c = f * c_before + i * candidate`, and
    `h = o * activation(c)`.

    Args:
        units: Number of units.
        activation: Name or function applied to the candidate and to the memory.
        recurrent_activation: Name or function applied to the gates.
        unit_forget_bias: Whether the bias of the forget gate begins at 1.
        implementation: See `GatedCell`.  The other arguments are those of `Cell`.

    See: Hochreiter and Schmidhuber, Long short-term memory, 1997; Jozefowicz et al., An
    empirical exploration of recurrent network architectures, 2015, for the bias.
    """

    gates = 4
    states_count = 2

    def __init__(
        self,
        units: int,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 2,
        **kwargs,
    ):
        super().__init__(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
            **kwargs,
        )
        self.unit_forget_bias = unit_forget_bias

    def _bias_initializer(self):
        if not self.unit_forget_bias:
            return self.bias_initializer

        def with_open_forget_gate(shape, dtype=None):
            parts = [
                self.bias_initializer((self.units,), dtype=dtype),
                np.ones((self.units,)),
                self.bias_initializer((2 * self.units,), dtype=dtype),
            ]
            return np.concatenate([np.asarray(part) for part in parts])

        return with_open_forget_gate

    def step(self, projected, states, recurrent_masks=None):
        before, memory = states
        recurrent = self.recur(before, recurrent_masks)
        z_i, z_f, z_c, z_o = self._split(projected + recurrent)
        i = self.recurrent_activation(z_i)
        f = self.recurrent_activation(z_f)
        memory = f * memory + i * self.activation(z_c)
        output = self.recurrent_activation(z_o) * self.activation(memory)
        return output, [output, memory]


class StackedRNNCells(Layer):
    """Several cells, one upon the other, as one cell.

    Args:
        cells: Cells: objects with `call(inputs, states)` and `state_size`.
        reverse_state_order: Whether the states of the last cell come first, as they
            did before Keras 2.2.

    Example:
        >>> RNN([LSTMCell(32), LSTMCell(16)])  # makes a StackedRNNCells
    """

    def __init__(self, cells, reverse_state_order: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.cells = [_as_cell(cell) for cell in cells]
        self.reverse_state_order = reverse_state_order

    def _in_state_order(self, items):
        return items[::-1] if self.reverse_state_order else items

    @property
    def state_size(self):
        """The sizes of all states, those of the first cell first."""
        cells = self._in_state_order(self.cells)
        return tuple(size for cell in cells for size in _sizes(cell))

    @property
    def output_size(self):
        return _output_size(self.cells[-1])

    def build(self, input_shape):
        constants = []
        if isinstance(input_shape, list):
            input_shape, *constants = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                takes_them = constants and _takes(cell.call, "constants")
                cell.build([input_shape, *constants] if takes_them else input_shape)
                cell.built = True
            input_shape = (input_shape[0], _output_size(cell))
        self.built = True

    def draw_masks(self, inputs, training=None):
        """What each cell drops."""
        masks = []
        for cell in self.cells:
            draws = isinstance(cell, (Cell, StackedRNNCells))
            masks.append(cell.draw_masks(inputs, training) if draws else None)
            inputs = K.tile(inputs[:, :1], [1, _output_size(cell)])
        return masks

    @property
    def _masks(self):
        return [getattr(cell, "_masks", None) for cell in self.cells]

    @_masks.setter
    def _masks(self, masks):
        for cell, mask in zip(
            self.cells, masks or [None] * len(self.cells), strict=True
        ):
            if isinstance(cell, (Cell, StackedRNNCells)):
                cell._masks = mask

    def call(self, inputs, states, constants=None, training=None):
        states, own_states = list(states), []
        for cell in self._in_state_order(self.cells):
            count = len(_sizes(cell))
            own_states.append(states[:count])
            states = states[count:]
        new_states = []
        for cell, own in zip(self.cells, self._in_state_order(own_states), strict=True):
            kwargs = {"constants": constants, "training": training}
            kwargs = {k: v for k, v in kwargs.items() if _takes(cell.call, k)}
            inputs, own = cell.call(inputs, own, **kwargs)
            new_states.append(list(own))
        new_states = self._in_state_order(new_states)
        return inputs, [state for own in new_states for state in own]

    def get_config(self):
        config = super().get_config()
        if not self.reverse_state_order:
            del config["reverse_state_order"]
        return config


class RNN(Layer):
    """Run a cell over the steps of a sequence.

    Args:
        cell: The cell, or a list of cells that become a `StackedRNNCells`.  A cell has
            `call(inputs, states)`, which gives `(output, new_states)`, and
            `state_size`, an integer or several; `output_size` if the output has
            another size than the first state.
        return_sequences: Whether the outputs of all steps are returned, or the last.
        return_state: Whether the last states are returned too, behind the output.
        go_backwards: Whether the steps are taken from last to first; sequences are
            returned in that order.
        stateful: Whether sample i of a batch goes on with the states that sample i of
            the batch before ended with.  Needs a fixed batch size, and `shuffle=False`.
        unroll: Whether the loop is written out: faster for short sequences.
        num_constants: How many constants come at the end of a list of inputs; found
            out from a call with `constants=`.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`; with `return_state=True` a list of that and the states.

    Masking:
        At masked steps, output and states of the step before stay.

    Example:
        >>> outputs = RNN(LSTMCell(32), return_sequences=True)(inputs)
    """

    def __init__(
        self,
        cell,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        num_constants: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        self.cell = _as_cell(cell)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)]
        self.state_spec = None
        self.constants_spec = None
        self._num_constants = num_constants
        self._states = None

    @property
    def states(self):
        """The kept states of a stateful layer; a list of None before there are any."""
        if self._states is None:
            return [None] * len(_sizes(self.cell))
        return self._states

    @states.setter
    def states(self, states):
        self._states = states

    # Shapes and weights.

    def _advice(self, spec, shape):
        if len(shape) == 2:
            return (
                "It takes (batch, steps, features): give the recurrent layer before "
                "it `return_sequences=True`, or add an axis with `x[..., None]`"
            )
        return super()._advice(spec, shape)

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        batch, steps = input_shape[:2]
        size = _output_size(self.cell)
        output = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        return [output, *((batch, size) for size in _sizes(self.cell))]

    def compute_mask(self, inputs, mask=None):
        if isinstance(mask, list):
            mask = mask[0]
        mask = mask if self.return_sequences else None
        return [mask, *(None for _ in self.states)] if self.return_state else mask

    def build(self, input_shape):
        constants = []
        if self._num_constants:
            constants = list(input_shape[-self._num_constants :])
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        batch = input_shape[0] if self.stateful else None
        self.input_spec[0] = InputSpec(shape=(batch, None, *input_shape[2:]))
        step_shape = (input_shape[0], *input_shape[2:])
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build([step_shape, *constants] if constants else step_shape)
            self.cell.built = True
            name_weights(self.cell.weights, self.name)
        self._check_state_spec(input_shape)
        if self.stateful:
            self.reset_states()
        self.built = True

    def _state_shapes(self, input_shape):
        """The shapes of the states, for an input of that shape."""
        return [(input_shape[0], size) for size in _sizes(self.cell)]

    def _check_state_spec(self, input_shape):
        shapes = self._state_shapes((None, *input_shape[1:]))
        if self.state_spec is None:
            self.state_spec = [InputSpec(shape=shape) for shape in shapes]
        fits = len(self.state_spec) == len(shapes) and not any(
            InputSpec(shape=shape).problem(spec.shape, "")
            for shape, spec in zip(shapes, self.state_spec, strict=True)
        )
        if not fits:
            raise ValueError(
                errors.message(
                    f"`{self.name}` got an `initial_state` that does not fit its cell",
                    received=str([spec.shape for spec in self.state_spec]),
                    expected=str(shapes),
                )
            )

    # Calling.

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        inputs, initial_state, constants = standardize_args(
            inputs, initial_state, constants, self._num_constants
        )
        if initial_state is None and constants is None:
            return super().__call__(inputs, **kwargs)
        further, specs = [], []
        if initial_state is not None:
            self.state_spec = _specs(initial_state)
            further += initial_state
            specs += self.state_spec
        if constants is not None:
            self.constants_spec = _specs(constants)
            self._num_constants = len(constants)
            further += constants
            specs += self.constants_spec
        own_spec, self.input_spec = self.input_spec, [*self.input_spec, *specs]
        try:
            return super().__call__([inputs, *further], **kwargs)
        finally:
            self.input_spec = [self.input_spec[0], *own_spec[1:]]

    def call(
        self, inputs, mask=None, training=None, initial_state=None, constants=None
    ):
        inputs, from_list, more = standardize_args(
            inputs, None, None, self._num_constants
        )
        initial_state = _list_or_none(initial_state) or from_list
        constants = _list_or_none(constants) or more
        if initial_state is None:
            initial_state = (
                [state.value for state in self.states]
                if self.stateful
                else self.get_initial_state(inputs)
            )
        if getattr(current_scope(), "inferring", False):
            # States of a fixed batch size stand beside inputs of an unknown one.
            size = inputs.shape[0]
            initial_state = [K.zeros_like(_rows(x, size)) for x in initial_state]
        if isinstance(mask, list):
            mask = mask[0]
        if len(initial_state) != len(self.states):
            raise ValueError(
                errors.message(
                    f"`{self.name}` got another number of states than it has",
                    received=f"{len(initial_state)} initial states",
                    expected=str(len(self.states)),
                )
            )
        if constants and not _takes(self.cell.call, "constants"):
            raise ValueError(
                errors.message(
                    f"The cell of `{self.name}` does not know constants",
                    fix="Give its `call` an argument `constants`",
                )
            )
        last, outputs, states = self._run(
            inputs, initial_state, constants, mask, training
        )
        if self.stateful:
            pairs = zip(self.states, states, strict=True)
            self.add_update([K.update(old, new) for old, new in pairs], inputs)
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def _run(self, inputs, initial_state, constants, mask, training):
        cell, count = self.cell, len(constants or [])
        masks = None
        if isinstance(cell, (Cell, StackedRNNCells)):
            masks = cell.draw_masks(inputs[:, 0], training)
        kwargs = {"training": training} if _takes(cell.call, "training") else {}

        if isinstance(cell, Cell) and type(cell).call is Cell.call:
            inputs = cell.project(inputs, masks[0])

            def step(x, states):
                return cell.step(x, states, masks[1])
        elif count:

            def step(x, states):
                states, constants = list(states[:-count]), list(states[-count:])
                return cell.call(x, states, constants=constants, **kwargs)
        else:

            def step(x, states):
                return cell.call(x, states, **kwargs)

        if masks is None:
            return self._loop(step, inputs, initial_state, constants, mask)
        cell._masks = masks  # drawn once, outside the loop, for all its steps
        try:
            return self._loop(step, inputs, initial_state, constants, mask)
        finally:
            cell._masks = None

    def _loop(self, step, inputs, initial_state, constants, mask):
        return K.rnn(
            step,
            inputs,
            initial_state,
            constants=constants,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            input_length=inputs.shape[1],
        )

    # States.

    def get_initial_state(self, inputs):
        """Zeros, one row for each sample of the inputs."""
        column = K.zeros_like(inputs[:, 0, :1])
        return [K.tile(column, [1, size]) for size in _sizes(self.cell)]

    def reset_states(self, states=None):
        """Set the kept states to zero, or to given arrays.

        Args:
            states: One array `(batch, size)` per state, or a single one.

        Raises:
            AttributeError: If the layer is not stateful.
            ValueError: If the batch size is unknown, or an array does not fit.
        """
        if not self.stateful:
            raise AttributeError(
                errors.message(
                    f"`{self.name}` keeps no states", fix="Make it with `stateful=True`"
                )
            )
        input_shape = self.input_spec[0].shape or (None, None, None)
        shapes = self._state_shapes(input_shape)
        if any(None in shape for shape in shapes):
            raise ValueError(
                errors.message(
                    f"`{self.name}` is stateful and must know its batch size",
                    fix="Give `batch_input_shape` to the first layer, or `batch_shape` "
                    "to `Input`",
                )
            )
        if self._states is None:
            self._states = [self._make_state(shape) for shape in shapes]
        values = [np.zeros(shape) for shape in shapes]
        if states is not None:
            values = [np.asarray(state) for state in _list_or_none(states)]
        given = [value.shape for value in values]
        if given != shapes:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot set its states",
                    received=f"arrays of the shapes {given}",
                    expected=f"the shapes {shapes}",
                )
            )
        for state, value in zip(self._states, values, strict=True):
            K.set_value(state, value)

    def _make_state(self, shape):
        return K.variable(np.zeros(shape), dtype=self.dtype, name=f"{self.name}/state")

    def get_config(self):
        config = super().get_config()
        config.pop("num_constants", None)
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config


def shows_its_cell(layer_class):
    """Class decorator: the cell's arguments are attributes of the layer too."""
    for name, parameter in inspect.signature(layer_class.__init__).parameters.items():
        cells = inspect.signature(layer_class.cell_class.__init__).parameters
        if name in cells and name != "self" and parameter.kind != parameter.VAR_KEYWORD:
            attribute = property(lambda self, name=name: getattr(self.cell, name))
            setattr(layer_class, name, attribute)
    return layer_class


class CellRNN(RNN):
    """An `RNN` of a built-in cell: what SimpleRNN, GRU and LSTM have in common."""

    cell_class: type[Cell]

    def __init__(self, cell, activity_regularizer=None, **kwargs):
        super().__init__(cell, **kwargs)
        self.activity_regularizer = regularizers.get(activity_regularizer)


@shows_its_cell
class SimpleRNN(CellRNN):
    """A recurrent layer that feeds its output back.

    The arguments are those of `Cell` and of `RNN`, and `activity_regularizer`, a
    penalty on the output.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`.

    Example:
        >>> model.add(SimpleRNN(16, input_shape=(None, 8)))

    See: Elman, Finding structure in time, 1990.
    """

    cell_class = SimpleRNNCell

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
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )


@shows_its_cell
class GRU(CellRNN):
    """A layer of gated recurrent units.

    The arguments are those of `GRUCell` and of `RNN`, and `activity_regularizer`, a
    penalty on the output.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`.

    Example:
        >>> model.add(GRU(32, return_sequences=True, input_shape=(None, 8)))

    See: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.
    """

    cell_class = GRUCell

    def __init__(
        self,
        units: int,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 2,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = False,
        **kwargs,
    ):
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
            reset_after=reset_after,
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )


@shows_its_cell
class LSTM(CellRNN):
    """A layer of long short-term memories.

    The arguments are those of `LSTMCell` and of `RNN`, and `activity_regularizer`, a
    penalty on the output.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`.

    Example:
        >>> model.add(LSTM(32, input_shape=(None, 8)))

    See: Hochreiter and Schmidhuber, Long short-term memory, 1997.
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units: int,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 2,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )


# Small helpers.


def standardize_args(inputs, initial_state, constants, num_constants):
    """Inputs, initial states and constants apart, however they were given.

    Args:
        inputs: An array, or a list of the inputs, the states and the constants.
        initial_state: States, or None.
        constants: Constants, or None.
        num_constants: How many constants stand at the end of a list of inputs.
    """
    if isinstance(inputs, (list, tuple)):
        inputs, *rest = inputs
        if num_constants and rest:
            constants = rest[-num_constants:]
            rest = rest[:-num_constants]
        initial_state = rest or initial_state
    return inputs, _list_or_none(initial_state), _list_or_none(constants)


def name_weights(weights, prefix):
    """Name the weights of an inner layer after the layer that users see, as Keras does.

    Args:
        weights: Variables.
        prefix: The outer layer's name.
    """
    seen: dict[str, int] = {}
    for weight in weights:
        name = weight.name.rpartition("/")[2]
        number = seen[name] = seen.get(name, -1) + 1
        weight.name = f"{prefix}/{name}_{number}" if number else f"{prefix}/{name}"


def _rows(x, count):
    """As many copies of the first row."""
    return K.repeat_elements(x[:1], count, axis=0)


def _list_or_none(value):
    if value is None:
        return None
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _specs(arrays):
    return [InputSpec(shape=K.int_shape(array)) for array in arrays]


def _as_cell(cell):
    """The cell, made from its config if need be, and checked."""
    if isinstance(cell, dict):
        cell = registry.deserialize("layer", cell)
    for needed in ("call", "state_size"):
        if not hasattr(cell, needed):
            raise ValueError(
                errors.message(
                    f"A cell of a recurrent layer has no `{needed}`",
                    received=repr(cell),
                    expected="an object with `call(inputs, states)` and `state_size`",
                )
            )
    return cell


def _sizes(cell):
    size = cell.state_size
    return tuple(size) if hasattr(size, "__len__") else (size,)


def _output_size(cell):
    size = getattr(cell, "output_size", None)
    return _sizes(cell)[0] if size is None else size


def _takes(function, argument):
    return argument in inspect.signature(function).parameters
