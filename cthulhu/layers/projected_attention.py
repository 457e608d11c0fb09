"""Attention with projections, several heads at once: what its layers have in common.

Which heads there are is the layers' business, in `multi_head_attention`; how attention
is computed fast is the backend's.
"""

import math

from cthulhu import backend as K
from cthulhu import constraints, errors, initializers, regularizers
from cthulhu.core import current_scope, is_symbolic, registry
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.einsum import EinsumDense
from cthulhu.layers.spec import seen_shape


class ProjectedAttention(Layer):
    """Project query, keys and values to heads, attend, and project back.

    Called as `layer(query, value, key=None)`; without a key the values are the keys.

    Args:
        dropout: Fraction of the weights to drop while training, 0 to 1.
        use_bias: Whether the projections have biases.
        sliding_window: A query sees keys less than so many steps away; None: all.
        kernel_initializer: Initializer of the projections' kernels.
        bias_initializer: Initializer of their biases.
        kernel_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the biases.
        activity_regularizer: Penalty on the projections' outputs.
        kernel_constraint: Projection of the kernels after each update.
        bias_constraint: Projection of the biases after each update.
        use_gate: Whether what was found is multiplied by a sigmoid of the query.
        seed: Integer that makes this layer's patterns its own.

    Call arguments:
        query_mask, value_mask, key_mask: Masks `(batch, steps)`, in place of those that
            travel beside the inputs.
        attention_mask: What a query may look at, `(batch, T, S)` or with an axis of the
            heads behind the batch.
        return_attention_scores: Whether the weights are returned too,
            `(batch, heads, T, S)`.
        use_causal_mask: Whether step t of the query sees the keys up to t alone.

    Masking:
        Masked values and keys have no weight.  The output has the query's mask.
    """

    def __init__(
        self,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dropout = shapes.rate(self, "dropout", dropout)
        self.use_bias = use_bias
        self.sliding_window = sliding_window
        if sliding_window is not None:
            self.sliding_window = shapes.size(self, "sliding_window", sliding_window)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.projection_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate = use_gate
        self.seed = seed
        self.supports_masking = True

    def _heads(self):
        """The numbers of heads of query and keys, and the sizes of keys and values."""
        raise NotImplementedError

    def _axes(self, rank):
        """The axes of steps, for inputs of a rank."""
        return (1,)

    def _sample_output_shape(self, query_shape):
        """The sizes behind the steps in the output."""
        return (query_shape[-1],)

    # Weights.

    def build(self, input_shape):
        query, value, key = self._shapes(input_shape)
        heads, key_heads, size, value_size = self._heads()
        output = self._sample_output_shape(query)
        self.query_dense = self._projection("query", query, 1, (heads, size))
        self.key_dense = self._projection("key", key, 1, (key_heads, size))
        if self.use_gate:
            self.gate_dense = self._projection(
                "gate", query, 1, (heads, value_size), activation="sigmoid"
            )
        self.value_dense = self._projection("value", value, 1, (key_heads, value_size))
        found = (*query[:-1], heads, value_size)
        self.output_dense = self._projection("attention_output", found, 2, output)
        self.built = True

    def _projection(self, name, input_shape, summed, sizes, **kwargs):
        """A dense connection from the last axes of an input to axes of these sizes."""
        letters = iter("abcdefghijklmnopqrstuvwxyz")
        kept, inner, new = (
            "".join(next(letters) for _ in range(count))
            for count in (len(input_shape) - summed, summed, len(sizes))
        )
        dense = EinsumDense(
            f"{kept}{inner},{inner}{new}->{kept}{new}",
            (*input_shape[1 : len(input_shape) - summed], *sizes),
            bias_axes=new if self.use_bias else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.projection_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype,
            name=name,
            **kwargs,
        )
        dense.build(input_shape)
        for weight in dense.weights:
            weight.name = f"{self.name}/{weight.name}"
        return dense

    def _shapes(self, given):
        """The shapes of query, value and key, if they go together."""
        many = isinstance(given, list) and 2 <= len(given) <= 4
        query, value, key = [*given, given[1]][:3] if many else (given,) * 3
        fits = many and len(query) == len(value) == len(key) >= 3
        if fits:
            pairs = [*zip(value[:-1], key[:-1], strict=True), (query[0], value[0])]
            others = set(range(1, len(query) - 1)) - set(self._axes(len(query)))
            pairs += [(query[axis], value[axis]) for axis in others]
            fits = all(None in pair or pair[0] == pair[1] for pair in pairs)
        if not fits:
            raise errors.ShapeMismatch(
                errors.message(
                    f"`{self.name}` ({type(self).__name__}) cannot use its inputs",
                    received=f"{len(given) if many else 1} of the shapes {given}",
                    expected="query (batch, T, features), value (batch, S, features) "
                    "and perhaps key (batch, S, features)",
                    fix=f"Call `{self.name}(query, value)`; for attention to itself "
                    f"`{self.name}(x, x)`",
                )
            )
        return query, value, key

    # Calling.

    def __call__(
        self,
        query,
        value=None,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        **kwargs,
    ):
        listed = isinstance(query, (list, tuple))
        inputs = list(query) if listed else [query]
        inputs += [x for x in (value, key) if x is not None]
        given = [query_mask, value_mask, key_mask][: len(inputs)]
        if any(mask is not None for mask in given):
            pairs = zip(inputs, given, strict=False)
            kwargs["mask"] = [_mask_of(x) if m is None else m for x, m in pairs]
        if is_symbolic(attention_mask):  # so that a model knows where it comes from
            inputs = [*inputs, *inputs[1:]][:3] + [attention_mask]
        elif attention_mask is not None:
            kwargs["attention_mask"] = attention_mask
        return super().__call__(inputs, **kwargs)

    def call(
        self,
        inputs,
        mask=None,
        training=None,
        attention_mask=None,
        return_attention_scores=False,
        use_causal_mask=False,
    ):
        self._shapes([x.shape for x in inputs])
        query, value, key = [*inputs, inputs[1]][:3]
        if len(inputs) == 4:
            attention_mask = inputs[3]
        axes = self._axes(K.ndim(query))
        gate = self.gate_dense(query) if self.use_gate else None
        query = self.query_dense(query)
        output = K.dot_product_attention(
            _flat(query, axes),
            _flat(self.key_dense(key), axes),
            _flat(self.value_dense(value), axes),
            mask=self._whole_mask(mask, attention_mask, query.shape, key.shape),
            is_causal=use_causal_mask,
            window=self.sliding_window,
            dropout=self.dropout,
            seed=self.seed,
            training=training,
            return_weights=return_attention_scores,
        )
        output, weights = output if return_attention_scores else (output, None)
        output = _unflat(output, axes, query.shape)
        output = output if gate is None else output * gate
        output = self.output_dense(output)
        if weights is None:
            return output
        shape = self._scores_shape(query.shape, key.shape)
        return [output, K.reshape(weights, shape)]

    def _scores_shape(self, query_shape, key_shape):
        """The batch, other axes, heads, steps of the query, steps of the keys."""
        axes = self._axes(len(query_shape) - 1)
        others = [n for axis, n in enumerate(query_shape[:-2]) if axis not in axes]
        steps = [[shape[axis] for axis in axes] for shape in (query_shape, key_shape)]
        return (*others, query_shape[-2], *steps[0], *steps[1])

    def _whole_mask(self, masks, attention_mask, query_shape, key_shape):
        """All masks in one, `(batch, heads, T, S)` or what broadcasts to it; or None.

        Masks of steps count where the first axis has the steps to attend to.
        """
        shape = self._scores_shape(query_shape, key_shape)
        count = len(self._axes(len(query_shape) - 1))  # axes of steps
        parts = [] if attention_mask is None else [attention_mask]
        if masks is not None and self._axes(len(query_shape) - 1) == (1,):
            steps = zip(masks, (2, 1, 1), strict=False)
            parts += [K.expand_dims(m, axis) for m, axis in steps if m is not None]
        whole = None
        for part in parts:
            self._check_mask(part, shape, count)
            part = K.cast(part, "bool")
            while K.ndim(part) < len(shape):  # the axes before the steps
                part = K.expand_dims(part, K.ndim(part) - 2 * count)
            whole = part if whole is None else whole & part
        if whole is None or len(shape) == 4:
            return whole
        whole = K.broadcast_to(whole, shape)
        steps = [math.prod(shape[-2 * count : -count]), math.prod(shape[-count:])]
        return K.reshape(whole, (-1, query_shape[-2], *steps))

    def _check_mask(self, mask, shape, count):
        """Refuse a mask that does not broadcast to the scores."""
        own = K.int_shape(mask)
        lead = own[: len(own) - 2 * count]
        wanted = (*shape[: len(lead)], *shape[len(shape) - 2 * count :])
        fits = 2 * count <= len(own) <= len(shape)
        if not fits or any(a not in (1, b) for a, b in zip(own, wanted, strict=True)):
            raise errors.wrong_shape(
                f"attention_mask` of `{self.name}",
                seen_shape(mask),
                f"(batch, {', '.join(map(str, shape[-2 * count :]))}): steps of the "
                "query, then of the keys",
            )

    def run(self, inputs, masks, kwargs):
        outputs, mask = super().run(inputs, masks, kwargs)
        if isinstance(outputs, list):  # the weights have none
            mask = [mask[0], None]
        return outputs, mask

    def compute_mask(self, inputs, mask=None):
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        query, _, _ = self._shapes(input_shape)
        return (*query[:-1], *self._sample_output_shape(query))

    def get_config(self):
        config = super().get_config()
        config["activity_regularizer"] = registry.plain(self.projection_regularizer)
        return config


def _mask_of(x):
    return x.mask if is_symbolic(x) else current_scope().mask_of(x)


def _order(rank, axes):
    """All axes of projected inputs: others, those of the steps, heads, size."""
    others = [axis for axis in range(rank - 2) if axis not in axes]
    return [*others, *axes, rank - 2, rank - 1]


def _flat(x, axes):
    """`(batch, ..., heads, size)` as `(batch and others, steps, heads, size)`."""
    if K.ndim(x) == 4:
        return x
    steps = math.prod(x.shape[axis] for axis in axes)
    x = K.permute_dimensions(x, _order(K.ndim(x), axes))
    return K.reshape(x, (-1, steps, *x.shape[-2:]))


def _unflat(x, axes, shape):
    """The way back, to a shape that had heads and a size like `shape`."""
    if len(shape) == 4:
        return x
    order = _order(len(shape), axes)
    x = K.reshape(x, (*(shape[axis] for axis in order[:-2]), *x.shape[-2:]))
    return K.permute_dimensions(x, [order.index(axis) for axis in range(len(order))])
