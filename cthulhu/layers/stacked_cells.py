"""Several cells as one, and what may be asked of any cell, built in or a user's own."""

import inspect

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import registry
from cthulhu.layers.base import Layer
from cthulhu.layers.cell import Cell


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
        self.cells = [as_cell(cell) for cell in cells]
        self.reverse_state_order = reverse_state_order

    def _in_state_order(self, items):
        return items[::-1] if self.reverse_state_order else items

    @property
    def state_size(self):
        """The sizes of all states, those of the first cell first."""
        cells = self._in_state_order(self.cells)
        return tuple(size for cell in cells for size in state_sizes(cell))

    @property
    def output_size(self):
        return output_size(self.cells[-1])

    def build(self, input_shape):
        constants = []
        if isinstance(input_shape, list):
            input_shape, *constants = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                takes_them = constants and takes(cell.call, "constants")
                cell.build([input_shape, *constants] if takes_them else input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))
        self.built = True

    def draw_masks(self, inputs, training=None):
        """What each cell drops."""
        masks = []
        for cell in self.cells:
            draws = isinstance(cell, (Cell, StackedRNNCells))
            masks.append(cell.draw_masks(inputs, training) if draws else None)
            inputs = K.tile(inputs[:, :1], [1, output_size(cell)])
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
            count = len(state_sizes(cell))
            own_states.append(states[:count])
            states = states[count:]
        new_states = []
        for cell, own in zip(self.cells, self._in_state_order(own_states), strict=True):
            kwargs = {"constants": constants, "training": training}
            kwargs = {k: v for k, v in kwargs.items() if takes(cell.call, k)}
            inputs, own = cell.call(inputs, own, **kwargs)
            new_states.append(list(own))
        new_states = self._in_state_order(new_states)
        return inputs, [state for own in new_states for state in own]

    def get_config(self):
        config = super().get_config()
        if not self.reverse_state_order:
            del config["reverse_state_order"]
        return config


def as_cell(cell):
    """The cell, made from its config if need be, and checked."""
    if isinstance(cell, dict):
        cell = registry.deserialize("layer", cell)
    if isinstance(cell, type):
        raise TypeError(
            errors.message(
                "A recurrent layer needs a cell that is made",
                f"the class `{cell.__name__}`",
                "an object, as `LSTMCell(16)` is",
                f"Make it first: `{cell.__name__}(...)`",
            )
        )
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


def state_sizes(cell):
    """The sizes of a cell's states, as a tuple."""
    size = cell.state_size
    return tuple(size) if hasattr(size, "__len__") else (size,)


def output_size(cell):
    """The size of a cell's output: of the first state unless it says another."""
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size


def takes(function, argument):
    """Whether a function has an argument of that name."""
    return argument in inspect.signature(function).parameters
