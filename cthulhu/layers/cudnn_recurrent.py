"""CuDNNGRU and CuDNNLSTM: the mathematics of GRU and LSTM, weights as cuDNN has them.

They run on any device.  The layers and cells themselves are in `recurrent` and `cells`.
"""

import numpy as np

from cthulhu import backend as K
from cthulhu.layers.cells import GRUCell, LSTMCell
from cthulhu.layers.recurrent import CellRNN, shows_its_cell


class CuDNNWeights:
    """Keeps the weights of a cell in cuDNN's layout, and shows them as the cell's own.

    The kernel of each gate has the shape of a transposed matrix and the numbers of that
    matrix row by row; there is a bias for the inputs and another one for the output of
    the step before, one behind the other.
    """

    def build(self, input_shape):
        self._features = self._channels(input_shape)
        kernels = self._kernel_shape(self._features), self._kernel_shape(self.units)
        self._kept_kernel = self.add_weight(
            name="kernel",
            shape=kernels[0],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._kept_recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=kernels[1],
            initializer=self._recurrent_initializer(),
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self._kept_bias = self.add_weight(
            name="bias",
            shape=(2 * self.gates * self.units,),
            initializer=self._bias_initializer(),
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        self.built = True

    def _as_matrices(self, kernel, rows):
        width = self.units
        parts = [kernel[:, i * width : (i + 1) * width] for i in range(self.gates)]
        return K.concatenate(
            [K.transpose(K.reshape(part, (width, rows))) for part in parts]
        )

    @property
    def kernel(self):
        """The kernel `(features, gates * units)`, as a product wants it."""
        return self._as_matrices(self._kept_kernel, self._features)

    @property
    def recurrent_kernel(self):
        """The recurrent kernel `(units, gates * units)`, as a product wants it."""
        return self._as_matrices(self._kept_recurrent_kernel, self.units)


class CuDNNLSTMCell(CuDNNWeights, LSTMCell):
    """A step of a `CuDNNLSTM`."""

    @property
    def bias(self):
        """The sum of both biases, `(4 * units,)`."""
        width = self.gates * self.units
        return self._kept_bias[:width] + self._kept_bias[width:]

    def _bias_initializer(self):
        if not self.unit_forget_bias:
            return self.bias_initializer

        def with_open_forget_gate(shape, dtype=None):
            parts = [
                self.bias_initializer((5 * self.units,), dtype=dtype),
                np.ones((self.units,)),
                self.bias_initializer((2 * self.units,), dtype=dtype),
            ]
            return np.concatenate([np.asarray(part) for part in parts])

        return with_open_forget_gate


class CuDNNGRUCell(CuDNNWeights, GRUCell):
    """A step of a `CuDNNGRU`."""

    @property
    def bias(self):
        """Both biases, `(2, 3 * units)`."""
        return K.reshape(self._kept_bias, (2, -1))


@shows_its_cell
class CuDNNLSTM(CellRNN):
    """A layer of long short-term memories, with the weights of cuDNN.

    It computes what `LSTM` does.  Its weights are the kernel and the recurrent kernel,
    each gate's numbers in cuDNN's order, and two biases in one, `(8 * units,)`.

    Args:
        units: Number of units.
        kernel_initializer: Initializer of the kernel.
        recurrent_initializer: Initializer of the recurrent kernel.
        bias_initializer: Initializer of the bias.
        unit_forget_bias: Whether the bias of the forget gate begins at 1.
        kernel_regularizer: Penalty on the kernel.
        recurrent_regularizer: Penalty on the recurrent kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of the kernel after each update.
        recurrent_constraint: Projection of the recurrent kernel after each update.
        bias_constraint: Projection of the bias after each update.

    The other arguments are those of `RNN`.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`.

    Example:
        >>> model.add(CuDNNLSTM(32, input_shape=(None, 8)))

    See: Chetlur et al., cuDNN: efficient primitives for deep learning, 2014.
    """

    cell_class = CuDNNLSTMCell

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        cell = CuDNNLSTMCell(
            units,
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
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            **kwargs,
        )


@shows_its_cell
class CuDNNGRU(CellRNN):
    """A layer of gated recurrent units, with the weights of cuDNN.

    It computes what `GRU` with `reset_after=True` does.  Its weights are the kernel and
    the recurrent kernel, each gate's numbers in cuDNN's order, and two biases in one,
    `(6 * units,)`.

    The arguments are those of `CuDNNLSTM`, without `unit_forget_bias`.

    Shapes:
        `(batch, steps, features)` to `(batch, units)`, or `(batch, steps, units)` for
        `return_sequences=True`.

    Example:
        >>> model.add(CuDNNGRU(32, return_sequences=True, input_shape=(None, 8)))

    See: Chetlur et al., cuDNN: efficient primitives for deep learning, 2014.
    """

    cell_class = CuDNNGRUCell

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        cell = CuDNNGRUCell(
            units,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            reset_after=True,
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            **kwargs,
        )
