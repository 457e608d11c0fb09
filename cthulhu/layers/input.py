"""Input and InputLayer: where data enter a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import config, errors
from cthulhu.core import Node, Symbol, is_symbolic, naming
from cthulhu.layers.base import Layer
from cthulhu.layers.call import Call
from cthulhu.layers.spec import checked_shape


class InputLayer(Layer):
    """Where data enter a model.

    Args:
        input_shape: Shape of one sample.
        batch_size: Number of samples in a batch, None for any.
        batch_input_shape: Both in one.
        dtype: Name of the dtype; data are cast to it.
        input_tensor: A symbol or variable to use instead of a placeholder.
        sparse: Taken for old code's sake; data are dense here.
        name: Unique name.
    """

    def __init__(
        self,
        input_shape=None,
        batch_size=None,
        batch_input_shape=None,
        dtype=None,
        input_tensor=None,
        sparse=False,
        name=None,
    ):
        super().__init__(name=name or naming.unique_name("input"), trainable=False)
        self.trainable = False
        self.built = True
        self.sparse = sparse
        if input_shape is not None and batch_input_shape is not None:
            raise ValueError(
                "Only one of `input_shape` and `batch_input_shape` may be given."
            )
        if batch_input_shape is None and input_shape is not None:
            batch_input_shape = (batch_size, *input_shape)
        if batch_input_shape is None and input_tensor is not None:
            batch_input_shape = K.int_shape(input_tensor)
        if batch_input_shape is None:
            raise ValueError(
                f"`{self.name}` needs `input_shape` or `batch_input_shape`."
            )
        self.batch_input_shape = checked_shape(batch_input_shape, "shape", self.name)
        self.supports_masking = True
        self.is_placeholder = input_tensor is None or (
            is_symbolic(input_tensor) and input_tensor.node is None
        )
        self.dtype = dtype or (
            config.floatx() if input_tensor is None else str(input_tensor.dtype)
        )
        if input_tensor is None:
            symbol = Symbol(self.batch_input_shape, self.dtype, self.name)
        elif is_symbolic(input_tensor):
            symbol = input_tensor
        else:
            node = Node(lambda x: x, (input_tensor,), {})
            symbol = Symbol(self.batch_input_shape, self.dtype, self.name, node)
            node.outputs = symbol
        node = Call(self, [], [], {})
        symbol.history = (self, 0, 0)
        node.input_tensors = node.output_tensors = [symbol]
        node.output_masks = [None]
        node.outputs = symbol, None, []
        self._inbound_nodes.append(node)

    @property
    def symbol(self) -> Symbol:
        """The placeholder itself."""
        return self._inbound_nodes[0].output_tensors[0]

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def Input(
    shape=None, batch_shape=None, name=None, dtype=None, sparse=False, tensor=None
) -> Symbol:
    """A placeholder with which a functional model begins.

    Args:
        shape: Shape of one sample, None for sizes that vary.
        batch_shape: The same with the batch size before it.
        name: Unique name; data may be given by it.
        dtype: Name of the dtype, default `floatx`.
        sparse: Taken for old code's sake.
        tensor: A symbol or variable to use instead.

    Raises:
        ValueError: Neither `shape` nor `batch_shape`.

    Example:
        >>> Input((784,)).shape
        (None, 784)
    """
    if shape is None and batch_shape is None and tensor is None:
        raise ValueError(
            errors.message(
                "`Input` got no shape",
                fix="Give `shape=(784,)` (without the batch size) or "
                "`batch_shape=(32, 784)`",
            )
        )
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    if batch_shape is None and shape is not None:
        batch_shape = (None, *shape)
    layer = InputLayer(
        batch_input_shape=batch_shape,
        name=name,
        dtype=dtype,
        sparse=sparse,
        input_tensor=tensor,
    )
    return layer.symbol
