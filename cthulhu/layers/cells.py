"""The built-in cells: SimpleRNN, GRU and LSTM, each one step of its layer.

What they have in common is in `cell`.  Running a cell over a sequence is `rnn`'s
business.
"""

import numpy as np

from cthulhu import activations
from cthulhu import backend as K
from cthulhu.layers.cell import Cell


class SimpleRNNCell(Cell):
    """A step that feeds its output back: `h = activation(x @ W + h_before @ U + b)`.

    The arguments are those of `Cell`.

    Example:
        >>> RNN(SimpleRNNCell(4))(Input((5, 3))).shape
        (None, 4)

    See: Elman, Finding structure in time, 1990.
    """

    def finish(self, sums, states):
        output = self.activation(sums)
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

    def _gates(self, sums, parts):
        """`recurrent_activation` of each part of the sums.

        A function of single numbers is applied to all parts in one pass, though one
        may be of no use: XLA would compute narrow ones within what uses them, slowly.
        """
        if self.recurrent_activation in (activations.sigmoid, activations.hard_sigmoid):
            return self._split(self.recurrent_activation(sums), parts)
        return [self.recurrent_activation(part) for part in self._split(sums, parts)]


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

    Example:
        >>> RNN(GRUCell(4))(Input((5, 3))).shape
        (None, 4)

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
        return self.bias[0] if self.use_bias and self.reset_after else self.bias

    def _recurrent_bias(self):
        return self.bias[1] if self.use_bias and self.reset_after else None

    def step(self, projected, states, recurrent_masks=None):
        before = states[0]
        masks = recurrent_masks
        if self.reset_after:
            inner = self.recur(before, masks)
            bias = self._recurrent_bias()
            return self.finish(
                (projected, inner if bias is None else inner + bias), states
            )
        x, x_h = self._gates_and_rest(projected)
        kernel, kernel_h = self._gates_and_rest(self.recurrent_kernel)
        h = self._product(before, kernel, masks and masks[:2], self._on_output)
        z, r = self._gates(x + h, 2)
        h_h = self._product(r * before, kernel_h, masks and masks[-1:], self._on_output)
        return self._mix(z, before, x_h + h_h)

    def finish(self, sums, states):
        """As `Cell.finish`, for `reset_after`: of what it would add, as a pair."""
        (x, x_h), (h, h_h) = (self._gates_and_rest(part) for part in sums)
        z, r = self._gates(x + h, 2)
        return self._mix(z, states[0], x_h + r * h_h)

    def _mix(self, z, before, candidate):
        output = z * before + (1 - z) * self.activation(candidate)
        return output, [output]

    def _gates_and_rest(self, x):
        """The parts of `z` and `r` together, and that of the candidate."""
        return x[..., : 2 * self.units], x[..., 2 * self.units :]

    adds_apart = True  # the reset gate stands between the product and the sum
    divides = True

    @property
    def is_product(self):
        return self.reset_after and super().is_product


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

    Example:
        >>> RNN(LSTMCell(4))(Input((5, 3))).shape
        (None, 4)

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

    @property
    def divides(self):
        # XLA computes what is as cheap as `hard_sigmoid` anew in each of its parts
        return self.recurrent_activation is not activations.sigmoid

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

    def finish(self, sums, states):
        i, f, _, o = self._gates(sums, 4)
        c = self.activation(self._split(sums, 4)[2])
        return self._remember(i, f, c, o, states)

    def _remember(self, i, f, c, o, states):
        memory = f * states[1] + i * c
        output = o * self.activation(memory)
        return output, [output, memory]

    def finish_and_activate(self):
        """Sigmoid and tanh together as one function of all sums, and its slope.

        `sigmoid(x)` is `(1 + tanh(x / 2)) / 2`.  Of both the slope follows from the
        value: `y * (1 - y)` and `1 - y ** 2`.
        """
        functions = self.recurrent_activation, self.activation
        if functions != (activations.sigmoid, activations.tanh):
            return super().finish_and_activate()
        is_gate = np.repeat([True, True, False, True], self.units)
        is_gate = is_gate.reshape(-1, *[1] * (-1 - self.gates_axis))

        def activate(sums):
            gate = K.cast(is_gate, K.dtype(sums))
            scale = 1 - gate / 2
            return scale * K.tanh(scale * sums) + gate / 2

        def slope(values):
            gate = K.cast(is_gate, K.dtype(values))
            return (1 - gate) + values * (gate - values)

        def finish(values, states):
            i, f, c, o = self._split(values, 4)
            return self._remember(i, f, c, o, states)

        return finish, (activate, slope)
