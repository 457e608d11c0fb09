"""`RNN` runs any cell over the steps of a sequence.

What a step computes is the cell's business; the loop itself is the backend's.
"""

import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import current_scope
from cthulhu.layers.base import Layer
from cthulhu.layers.cell import Cell
from cthulhu.layers.spec import InputSpec, seen_shape
from cthulhu.layers.stacked_cells import (
    StackedRNNCells,
    as_cell,
    output_size,
    state_sizes,
    takes,
)

# Projected inputs of a sequence up to here are no burden: numbers, 32 MiB of float32.
# In one product, 128 rows of 80 steps through LSTM 128 take 0.7 to 0.9 of the time.
_SMALL = 2**23


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
        >>> RNN(LSTMCell(32), return_sequences=True)(Input((5, 8))).shape
        (None, 5, 32)
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
        self.cell = as_cell(cell)
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
            return [None] * len(state_sizes(self.cell))
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
        size = output_size(self.cell)
        output = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        return [output, *((batch, size) for size in state_sizes(self.cell))]

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
        return [(input_shape[0], size) for size in state_sizes(self.cell)]

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
        self._check_batch(inputs, initial_state, mask)
        if len(initial_state) != len(self.states):
            raise ValueError(
                errors.message(
                    f"`{self.name}` got another number of states than it has",
                    received=f"{len(initial_state)} initial states",
                    expected=str(len(self.states)),
                )
            )
        if constants and not takes(self.cell.call, "constants"):
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

    def _check_batch(self, inputs, states, mask):
        """Refuse states of another batch than the inputs, and a mask of other steps."""
        shape = seen_shape(inputs)
        count = K.int_shape(states[0])[0] if states else inputs.shape[0]
        if count not in (inputs.shape[0], 1):
            kept = "keeps" if self.stateful else "was given"
            raise errors.ShapeMismatch(
                errors.message(
                    f"`{self.name}` {kept} states of another batch size",
                    f"a batch of shape {shape}",
                    f"{count} samples, as there are states",
                    f"Give batches of {count}: `batch_size={count}`, and a number of "
                    "samples that it divides"
                    if self.stateful
                    else None,
                )
            )
        if mask is not None and mask.shape[1] != inputs.shape[1]:
            raise errors.wrong_shape(
                f"mask` of `{self.name}", seen_shape(mask), f"{shape[:2]}"
            )

    def _run(self, inputs, initial_state, constants, mask, training):
        cell, count = self.cell, len(constants or [])
        masks = None
        if isinstance(cell, (Cell, StackedRNNCells)):
            masks = cell.draw_masks(inputs[:, 0], training)
        kwargs = {"training": training} if takes(cell.call, "training") else {}

        own = isinstance(cell, Cell) and type(cell).call is Cell.call
        if own and self._projects_by_step(inputs, training):

            def step(x, states):
                return cell.step(cell.project(x, masks[0]), states, masks[1])
        elif own:
            if cell.is_product and masks[1] is None:
                return cell.run_products(
                    inputs,
                    initial_state,
                    masks[0],
                    go_backwards=self.go_backwards,
                    mask=mask,
                    unroll=self.unroll,
                )
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

    def _projects_by_step(self, inputs, training):
        """Whether inputs are projected within the loop: it needs less memory.

        Training keeps what was projected in any case, and a small sequence is faster
        in one product.
        """
        if training or current_scope().training or self.cell.step_rank > 2:
            return False
        count = inputs.shape[0] * inputs.shape[1] * self.cell.units * self.cell.gates
        return count > _SMALL

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
        return [K.tile(column, [1, size]) for size in state_sizes(self.cell)]

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
