"""Small helpers that prepare labels and rows before training."""

from typing import Any

import numpy as np


def to_categorical(
    y: Any, num_classes: int | None = None, dtype: str = "float32"
) -> np.ndarray:
    """One-hot rows from class numbers.

    Args:
        y: Class numbers from 0, of any shape; a last axis of size 1 is dropped.
        num_classes: The number of classes; one more than the largest number if None.
        dtype: The dtype of the result.

    Returns:
        An array of the shape of `y` with an axis of `num_classes` at the end.

    Raises:
        ValueError: If a class number is negative or not below `num_classes`.

    Example:
        >>> to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """
    y = np.asarray(y).astype("int64")
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    classes = int(num_classes or y.max(initial=-1) + 1)
    if y.size and not 0 <= y.min() <= y.max() < classes:
        raise ValueError(
            f"Class numbers must be from 0 to {classes - 1}. "
            f"Received: {y.min()} to {y.max()}."
        )
    return np.eye(classes, dtype=dtype)[y]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """`x` divided by its norm along an axis; where the norm is 0, `x` itself.

    Args:
        x: The array.
        axis: The axis along which the norm is taken.
        order: The order of the norm: 2 is the Euclidean length.

    Example:
        >>> normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    x = np.asarray(x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
