"""Layers that make one array of several: sums, products, concatenation, dot products.

Each class has a function of the same name in small letters that makes the layer and
calls it, so that `add([a, b])` is short for `Add()([a, b])`.
"""

from collections.abc import Sequence

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes as shapes_of
from cthulhu.layers.base import Layer


class Merge(Layer):
    """What all merge layers have in common: a list of inputs, broadcast together.

    Shapes broadcast over the axes behind the batch axis as in NumPy.  An input with
    fewer axes gets its missing axes directly behind the batch axis.  A subclass
    defines `_merge_function(inputs)`.
    """

    inputs_needed: int | None = None  # exactly so many; None: two or more

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge_function(self, inputs):
        raise NotImplementedError

    def _check_count(self, shapes) -> None:
        """Raise a ValueError if these are not as many inputs as can be merged."""
        needed = self.inputs_needed
        count = len(shapes) if isinstance(shapes, list) else 1
        if count < 2 or needed not in (None, count):
            raise ValueError(
                errors.message(
                    f"`{self.name}` ({type(self).__name__}) merges several inputs",
                    received=f"{count} with the shapes {shapes}",
                    expected="a list of "
                    + (f"exactly {needed}" if needed else "at least 2")
                    + " inputs",
                )
            )

    def _check_inputs(self, shapes) -> None:
        """Raise a ValueError if these are not shapes of inputs to merge."""
        self._check_count(shapes)
        batch_sizes = {shape[0] for shape in shapes} - {None}
        if len(batch_sizes) > 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` got inputs of different batch sizes",
                    received=f"the shapes {shapes}",
                    expected="the same first axis",
                )
            )

    def build(self, input_shape):
        self._check_inputs(input_shape)
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs):
        if isinstance(inputs, list):
            self._check_count([x.shape for x in inputs])
        else:
            self._check_count(inputs.shape)
        return self._merge_function(self._with_equal_ranks(inputs))

    def _with_equal_ranks(self, inputs):
        rank = max(K.ndim(x) for x in inputs)
        equal = []
        for x in inputs:
            for _ in range(rank - K.ndim(x)):
                x = K.expand_dims(x, 1)
            equal.append(x)
        return equal

    def compute_output_shape(self, input_shape):
        batch_sizes = {shape[0] for shape in input_shape} - {None}
        output = tuple(input_shape[0][1:])
        for shape in input_shape[1:]:
            output = self._broadcast(output, tuple(shape[1:]))
        return (batch_sizes.pop() if len(batch_sizes) == 1 else None, *output)

    def _broadcast(self, one, other):
        """The shape of two shapes broadcast together, None where a size is unknown."""
        if len(one) < len(other):
            one, other = other, one
        lead = len(one) - len(other)
        output = list(one[:lead])
        for i, j in zip(one[lead:], other, strict=True):
            if i is None or j is None:
                output.append(None)
            elif i != j and 1 not in (i, j):
                raise ValueError(
                    errors.message(
                        f"`{self.name}` cannot broadcast its inputs together",
                        received=f"samples of the shapes {one} and {other}",
                        expected="axes of equal size, or of size 1",
                    )
                )
            else:
                output.append(j if i == 1 else i)
        return tuple(output)

    def _given_masks(self, inputs, mask):
        """The masks as a list, checked; None if there are none."""
        if mask is None:
            return None
        lists = isinstance(mask, list) and isinstance(inputs, list)
        if not lists or len(mask) != len(inputs):
            raise ValueError(
                errors.message(
                    f"`{self.name}` needs one mask, or None, for each input",
                    expected="two lists of the same length, `inputs` and `mask`",
                )
            )
        return None if all(m is None for m in mask) else mask

    def compute_mask(self, inputs, mask=None):
        mask = self._given_masks(inputs, mask)
        if mask is None:
            return None
        kept = None
        for m in mask:
            if m is not None:
                m = K.cast(K.cast(m, "bool"), "int32")
                kept = m if kept is None else kept * m
        return K.cast(kept, "bool")


class Add(Merge):
    """Add the inputs, element by element.

    Shapes:
        A list of `(batch, ...)`, broadcast together.

    Example:
        >>> inputs = Input((8,))
        >>> shortcut = Add()([Dense(8)(inputs), inputs])
        >>> shortcut.shape
        (None, 8)
    """

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = output + x
        return output


class Subtract(Merge):
    """Subtract the second input from the first.

    Shapes:
        A list of two `(batch, ...)`, broadcast together.

    Example:
        >>> Subtract()([np.array([[5.0]]), np.array([[2.0]])]).tolist()
        [[3.0]]
    """

    inputs_needed = 2

    def _merge_function(self, inputs):
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """Multiply the inputs, element by element.

    Shapes:
        A list of `(batch, ...)`, broadcast together.

    Example:
        >>> Multiply()([np.array([[5.0]]), np.array([[2.0]])]).tolist()
        [[10.0]]
    """

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = output * x
        return output


class Average(Add):
    """Average the inputs, element by element.

    Shapes:
        A list of `(batch, ...)`, broadcast together.

    Example:
        >>> Average()([np.array([[5.0]]), np.array([[2.0]])]).tolist()
        [[3.5]]
    """

    def _merge_function(self, inputs):
        return super()._merge_function(inputs) / len(inputs)


class Maximum(Merge):
    """Take the largest of the inputs, element by element.

    Shapes:
        A list of `(batch, ...)`, broadcast together.

    Example:
        >>> Maximum()([np.array([[5.0]]), np.array([[2.0]])]).tolist()
        [[5.0]]
    """

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = K.maximum(output, x)
        return output


class Minimum(Merge):
    """Take the smallest of the inputs, element by element.

    Shapes:
        A list of `(batch, ...)`, broadcast together.

    Example:
        >>> Minimum()([np.array([[5.0]]), np.array([[2.0]])]).tolist()
        [[2.0]]
    """

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = K.minimum(output, x)
        return output


class Concatenate(Merge):
    """Join the inputs along one axis.

    Args:
        axis: The axis, counted with the batch axis; negative from the end.

    Shapes:
        A list of arrays that agree on all axes but `axis`.

    Example:
        >>> Concatenate()([Input((8,)), Input((3,))]).shape
        (None, 11)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        self._check_inputs(input_shape)
        for shape in input_shape:
            shapes_of.positive_axes(self, self.axis, len(shape))
        rests = set()
        for shape in input_shape:
            rest = list(shape)
            del rest[self.axis]
            rests.add(tuple(rest))
        if len(rests) > 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot join its inputs along axis {self.axis}",
                    received=f"the shapes {input_shape}",
                    expected="the same sizes on all other axes",
                )
            )
        self.built = True

    def _check_inputs(self, shapes):
        # Along the batch axis, sizes may well differ.
        if isinstance(shapes, list) and shapes and self.axis in (0, -len(shapes[0])):
            shapes = [(None, *shape[1:]) for shape in shapes]
        super()._check_inputs(shapes)

    def _with_equal_ranks(self, inputs):
        return inputs

    def _merge_function(self, inputs):
        return K.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, list):
            self._check_inputs(input_shape)
        sizes = [shape[self.axis] for shape in input_shape]
        output = list(input_shape[0])
        output[self.axis] = None if None in sizes else sum(sizes)
        return tuple(output)

    def compute_mask(self, inputs, mask=None):
        mask = self._given_masks(inputs, mask)
        if mask is None:
            return None
        masks = []
        for x, m in zip(inputs, mask, strict=True):
            # Each as wide as its input, so that the axes of all masks agree.
            if m is None:
                m = K.ones_like(x)
            elif K.ndim(m) < K.ndim(x):
                m = K.ones_like(x) * K.cast(K.expand_dims(m), K.dtype(x))
            masks.append(K.cast(m, "bool"))
        joined = K.concatenate(masks, axis=self.axis)
        return K.all(joined, axis=-1, keepdims=False)


class Dot(Merge):
    """Multiply two inputs and sum over one axis of each, sample by sample.

    Args:
        axes: The axis to sum over, or one for each input; counted with the batch axis.
        normalize: Whether both are scaled to length 1 along it first, so that the
            output is the cosine of their angle.

    Shapes:
        `[(batch, ..., n, ...), (batch, ..., n, ...)]` to the batch axis, the other axes
        of the first and the other axes of the second; `(batch, 1)` if there are none.

    Example:
        >>> Dot(axes=1, normalize=True)([Input((8,)), Input((8,))]).shape
        (None, 1)
    """

    inputs_needed = 2

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs):
        super().__init__(**kwargs)
        self._check_axes(axes)
        self.axes = axes
        self.normalize = normalize

    def _check_axes(self, axes):
        problem = errors.message(
            f"`{self.name}` cannot use its `axes`",
            received=repr(axes),
            expected="an integer, or two of them",
        )
        if isinstance(axes, int):
            return
        if not isinstance(axes, (list, tuple)):
            raise TypeError(problem)
        if len(axes) != 2 or not all(isinstance(axis, int) for axis in axes):
            raise ValueError(problem)

    def _check_ranks(self, shapes):
        """Refuse axes that the inputs do not have, and the batch axis."""
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(axes, shapes, strict=True):
            rank = len(shape)
            if not -rank < axis < rank or axis == 0:
                raise ValueError(
                    errors.message(
                        f"`axes` of `{self.name}` (Dot) cannot be used",
                        f"`axes={self.axes!r}` for inputs of the shapes "
                        + " and ".join(map(str, shapes)),
                        f"an axis from 1 to {rank - 1} (0 is the batch axis) of the "
                        f"shape {shape}",
                    )
                )

    def _positive_axes(self, shapes):
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [axis % len(shape) for axis, shape in zip(axes, shapes, strict=True)]

    def build(self, input_shape):
        self._check_inputs(input_shape)
        self._check_ranks(input_shape)
        one, other = input_shape
        i, j = self._positive_axes(input_shape)
        if one[i] != other[j]:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot sum over axes of different sizes",
                    received=f"{one[i]} and {other[j]}, in inputs of the shapes {one} "
                    f"and {other}",
                    expected=f"equal sizes on axis {i} of the first and {j} of the "
                    "second",
                )
            )
        self.built = True

    def _with_equal_ranks(self, inputs):
        return inputs

    def _merge_function(self, inputs):
        axes = self._positive_axes([x.shape for x in inputs])
        if self.normalize:
            inputs = [
                K.l2_normalize(x, axis=axis)
                for x, axis in zip(inputs, axes, strict=True)
            ]
        return K.batch_dot(*inputs, axes)

    def compute_output_shape(self, input_shape):
        self._check_inputs(input_shape)
        (one, other), (i, j) = map(list, input_shape), self._positive_axes(input_shape)
        del one[i], other[j]
        output = one + other[1:]
        return tuple(output if len(output) > 1 else [*output, 1])

    def compute_mask(self, inputs, mask=None):
        return None


def add(inputs, **kwargs):
    """Add the inputs: `Add(**kwargs)(inputs)`.

    Example:
        >>> add([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """Subtract the second input from the first: `Subtract(**kwargs)(inputs)`.

    Example:
        >>> subtract([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """Multiply the inputs: `Multiply(**kwargs)(inputs)`.

    Example:
        >>> multiply([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """Average the inputs: `Average(**kwargs)(inputs)`.

    Example:
        >>> average([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """Take the largest of the inputs: `Maximum(**kwargs)(inputs)`.

    Example:
        >>> maximum([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """Take the smallest of the inputs: `Minimum(**kwargs)(inputs)`.

    Example:
        >>> minimum([Input((3,)), Input((3,))]).shape
        (None, 3)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis: int = -1, **kwargs):
    """Join the inputs along an axis: `Concatenate(axis, **kwargs)(inputs)`.

    Example:
        >>> concatenate([Input((8,)), Input((3,))]).shape
        (None, 11)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes, normalize: bool = False, **kwargs):
    """Multiply and sum two inputs: `Dot(axes, normalize, **kwargs)(inputs)`.

    Example:
        >>> dot([Input((8,)), Input((8,))], axes=1).shape
        (None, 1)
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
