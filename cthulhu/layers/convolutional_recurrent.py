"""Recurrent layers whose products are convolutions, for sequences of images.

`ConvLSTMCell`, `ConvRNN` and `ConvLSTM` say it once for every rank; the classes with a
number are its cases.  The plain recurrent layers and their loop are in `cells` and
`rnn`.
"""

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.cells import LSTMCell
from cthulhu.layers.recurrent import CellRNN, shows_its_cell
from cthulhu.layers.rnn import RNN
from cthulhu.layers.spec import InputSpec


class ConvLSTMCell(LSTMCell):
    """A step of a long short-term memory with convolutions in place of products.

    Args:
        filters: Number of filters, the channels of the output and of each state.
        kernel_size: Size of both windows: an integer or one for each axis.
        strides: Distance of the window's positions on the inputs.
        padding: `"valid"` or `"same"`, of the inputs; states keep their size.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
        dilation_rate: Distance of the elements of the window on the inputs.

    The other arguments are those of `LSTMCell`.

    Shapes:
        Inputs `(batch, *sizes, channels)`, output and states
        `(batch, *new_sizes, filters)`.

    See: Shi et al., Convolutional LSTM network, 2015.
    """

    rank: int  # axes of the images

    @property
    def step_rank(self):
        return self.rank + 2

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate=1,
        activation="tanh",
        recurrent_activation="hard_sigmoid",
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
        **kwargs,
    ):
        super().__init__(
            filters,
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
            implementation=1,  # each gate drops its own inputs
            **kwargs,
        )
        self.filters = shapes.size(self, "filters", filters)
        rank = self.rank
        self.kernel_size = shapes.normalize_tuple(kernel_size, rank, "kernel_size")
        self.strides = shapes.normalize_tuple(strides, rank, "strides")
        self.padding = shapes.normalize_padding(padding, ("valid", "same"))
        self.data_format = K.normalize_data_format(data_format)
        self.dilation_rate = shapes.normalize_tuple(
            dilation_rate, rank, "dilation_rate"
        )

    def _kernel_shape(self, channels):
        return (*self.kernel_size, channels, self.gates * self.filters)

    def _channels(self, input_shape):
        return input_shape[shapes.channels_axis(self.data_format)]

    def output_shape_for(self, input_shape):
        """The shape of the output, and of each state, for the inputs of one step."""
        sizes = [
            shapes.conv_output_length(size, window, self.padding, stride, dilation)
            for size, window, stride, dilation in zip(
                shapes.spatial(input_shape, self.data_format),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        return shapes.with_channels(
            input_shape[0], sizes, self.filters, self.data_format
        )

    def zero_state(self, inputs):
        kernel = K.zeros_like(self.kernel[..., : self.filters])
        return K.zeros_like(self._on_inputs(inputs, kernel))

    def _on_inputs(self, x, kernel):
        """Convolve the images of one step, or of a whole sequence at once."""
        axes = self.rank + 1
        lead = x.shape[: K.ndim(x) - axes]
        images = K.reshape(x, (-1, *x.shape[-axes:]))
        output = self._convolve(
            images,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return K.reshape(output, (*lead, *output.shape[1:]))

    def _on_output(self, x, kernel):
        return self._convolve(x, kernel, padding="same", data_format=self.data_format)

    @property
    def _convolve(self):
        return (K.conv1d, K.conv2d, K.conv3d)[self.rank - 1]

    @property
    def gates_axis(self):
        return -self.rank - 1 if self.data_format == "channels_first" else -1

    def _with_bias(self, projected):
        after = [1] * self.rank if self.data_format == "channels_first" else []
        return projected + K.reshape(self.bias, (-1, *after))


class ConvLSTM1DCell(ConvLSTMCell):
    """A step of a convolutional memory for sequences; see `ConvLSTMCell`."""

    rank = 1


class ConvLSTM2DCell(ConvLSTMCell):
    """A step of a convolutional memory for images; see `ConvLSTMCell`."""

    rank = 2


class ConvLSTM3DCell(ConvLSTMCell):
    """A step of a convolutional memory for volumes; see `ConvLSTMCell`."""

    rank = 3


class ConvRNN(RNN):
    """Run a convolutional cell over the steps of a sequence of images.

    Args:
        cell: A cell such as `ConvLSTM2DCell`, with a `rank` and
            `output_shape_for(input_shape)`.

    The other arguments are those of `RNN`.

    Shapes:
        `(batch, steps, *sizes, channels)` to `(batch, *new_sizes, filters)`, with an
        axis of the steps behind the first for `return_sequences=True`.
    """

    def __init__(self, cell, *args, **kwargs):
        if isinstance(cell, (list, tuple)):
            raise TypeError(
                errors.message(
                    "Convolutional cells cannot be stacked in one layer",
                    fix="Put one layer upon the other, with `return_sequences=True`",
                )
            )
        super().__init__(cell, *args, **kwargs)
        self.input_spec = [InputSpec(ndim=self.cell.rank + 3)]

    def build(self, input_shape):
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        if hasattr(self.cell, "strides"):
            shapes.check_strides(self)
        output = self.cell.output_shape_for((first[0], *first[2:]))
        shapes.check_output(self, first, output, "kernel_size")
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        batch, steps, *image = input_shape
        state = self.cell.output_shape_for((batch, *image))
        output = (batch, steps, *state[1:]) if self.return_sequences else state
        return [output, state, state] if self.return_state else output

    def _state_shapes(self, input_shape):
        batch, _, *image = input_shape
        return [self.cell.output_shape_for((batch, *image))] * len(self.states)

    def get_initial_state(self, inputs):
        """Zeros, one image for each sample of the inputs."""
        return [self.cell.zero_state(inputs[:, 0])] * len(self.states)


class ConvRNN2D(ConvRNN):
    """Run a convolutional cell over the steps of a sequence of images; see `ConvRNN`.

    Shapes:
        `(batch, steps, rows, cols, channels)` to
        `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> ConvRNN2D(ConvLSTM2DCell(8, 3))(Input((5, 16, 16, 2))).shape
        (None, 14, 14, 8)
    """


@shows_its_cell
class ConvLSTM(CellRNN, ConvRNN):
    """A layer of long short-term memories for sequences of images.

    The arguments are those of `ConvLSTMCell` and of `RNN`, and
    `activity_regularizer`, a penalty on the output.

    Shapes:
        `(batch, steps, *sizes, channels)` to `(batch, *new_sizes, filters)`, with an
        axis of the steps behind the first for `return_sequences=True`.

    See: Shi et al., Convolutional LSTM network, 2015.
    """

    cell_class: type[ConvLSTMCell] = ConvLSTMCell

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate=1,
        activation="tanh",
        recurrent_activation="hard_sigmoid",
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
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_state: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        cell = self.cell_class(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
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


class ConvLSTM1D(ConvLSTM):
    """Convolutional memories for sequences of sequences; see `ConvLSTM`.

    Shapes:
        `(batch, steps, cols, channels)` to `(batch, new_cols, filters)`.

    Example:
        >>> ConvLSTM1D(8, 3, padding="same")(Input((5, 16, 2))).shape
        (None, 16, 8)
    """

    cell_class = ConvLSTM1DCell


class ConvLSTM2D(ConvLSTM):
    """Convolutional memories for sequences of images; see `ConvLSTM`.

    Shapes:
        `(batch, steps, rows, cols, channels)` to
        `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> ConvLSTM2D(8, 3, return_sequences=True)(Input((5, 16, 16, 2))).shape
        (None, 5, 14, 14, 8)
    """

    cell_class = ConvLSTM2DCell


class ConvLSTM3D(ConvLSTM):
    """Convolutional memories for sequences of volumes; see `ConvLSTM`.

    Shapes:
        `(batch, steps, dim1, dim2, dim3, channels)` to
        `(batch, new_dim1, new_dim2, new_dim3, filters)`.

    Example:
        >>> ConvLSTM3D(4, 2)(Input((5, 6, 6, 6, 1))).shape
        (None, 5, 5, 5, 4)
    """

    cell_class = ConvLSTM3DCell
