"""SimpleRNN, GRU and LSTM: `RNN` of a built-in cell, with the cell's arguments.

The cells are in `cells`, the running of them in `rnn`.
"""

import inspect

from cthulhu import regularizers
from cthulhu.layers.cell import Cell
from cthulhu.layers.cells import GRUCell, LSTMCell, SimpleRNNCell
from cthulhu.layers.rnn import RNN


def shows_its_cell(layer_class):
    """Class decorator: the cell's arguments are attributes of the layer too."""
    for name, parameter in inspect.signature(layer_class.__init__).parameters.items():
        cells = inspect.signature(layer_class.cell_class.__init__).parameters
        if name in cells and name != "self" and parameter.kind != parameter.VAR_KEYWORD:
            attribute = property(lambda self, name=name: getattr(self.cell, name))
            setattr(layer_class, name, attribute)
    return layer_class


class CellRNN(RNN):
    """An `RNN` of a built-in cell: what SimpleRNN, GRU and LSTM have in common.

    Args:
        cell: The cell.
        activity_regularizer: Penalty on the output.
    """

    cell_class: type[Cell]

    def __init__(self, cell, activity_regularizer=None, **kwargs):
        super().__init__(cell, **kwargs)
        cell.dtype = self.dtype
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
