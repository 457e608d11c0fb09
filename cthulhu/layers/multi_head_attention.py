"""The layers of transformers: attention with projections, in several heads.

What they have in common stands in `projected_attention`; attention without projections
in `attention`.
"""

from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.projected_attention import ProjectedAttention


class MultiHeadAttention(ProjectedAttention):
    """Attend with several heads, each to its own projections of query and keys.

    Head i finds `softmax(Q K^T / sqrt(key_dim)) V` with `Q = query @ W_i + b_i` and so
    on; all that is found is projected back together.  Called as
    `layer(query, value, key=None)`.

    Args:
        num_heads: Number of heads.
        key_dim: Size of each head's queries and keys.
        value_dim: Size of each head's values; None: `key_dim`.
        output_shape: Sizes of the last axes of the output; None: the query's size.
        attention_axes: Axes of the steps to attend to, counted with the batch axis;
            None: all between the batch and the features.

    The other arguments, and those of a call, are those of `ProjectedAttention`.

    Shapes:
        Query `(batch, T, features)`, value and key `(batch, S, features)`, to
        `(batch, T, features of the query)`.  There may be more axes before the
        features.

    Example:
        >>> x = Input((10, 16))
        >>> MultiHeadAttention(num_heads=2, key_dim=8)(x, x, use_causal_mask=True).shape
        (None, 10, 16)

    See: Vaswani et al., Attention is all you need, 2017, section 3.2.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape=None,
        attention_axes=None,
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
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        self.num_heads = shapes.size(self, "num_heads", num_heads)
        self.key_dim = shapes.size(self, "key_dim", key_dim)
        value_dim = key_dim if value_dim is None else value_dim
        self.value_dim = shapes.size(self, "value_dim", value_dim)
        if isinstance(output_shape, int):
            output_shape = (output_shape,)
        self.partial_output_shape = output_shape and tuple(output_shape)
        if isinstance(attention_axes, int):
            attention_axes = (attention_axes,)
        self.attention_axes = attention_axes and tuple(attention_axes)

    def _heads(self):
        return self.num_heads, self.num_heads, self.key_dim, self.value_dim

    def _axes(self, rank):
        if not self.attention_axes:
            return tuple(range(1, rank - 1))
        axes = tuple(axis % rank for axis in self.attention_axes)
        if not set(axes) <= set(range(1, rank - 1)):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot attend along its axes",
                    f"`attention_axes={self.attention_axes}`, inputs of rank {rank}",
                    f"axes from 1 to {rank - 2}",
                )
            )
        return axes

    def _sample_output_shape(self, query_shape):
        return self.partial_output_shape or (query_shape[-1],)

    def get_config(self):
        return {**super().get_config(), "output_shape": self.partial_output_shape}


class GroupedQueryAttention(ProjectedAttention):
    """Attend with many heads that share keys and values in groups.

    As `MultiHeadAttention`, with fewer heads of keys and values than of queries:
    neighbouring queries share one.  With one head of keys it is multi-query attention.

    Args:
        head_dim: Size of each head's queries, keys and values.
        num_query_heads: Number of heads of the query.
        num_key_value_heads: Number of heads of keys and values; it divides the other.

    The other arguments, and those of a call, are those of `ProjectedAttention`.

    Shapes:
        Query `(batch, T, features)`, value and key `(batch, S, features)`, to
        `(batch, T, features of the query)`.

    Example:
        >>> x, layer = Input((10, 16)), GroupedQueryAttention(8, 4, 2)
        >>> layer(x, x).shape
        (None, 10, 16)

    See: Ainslie et al., GQA, 2023, section 2.2.
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
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
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        self.head_dim = shapes.size(self, "head_dim", head_dim)
        self.num_query_heads = shapes.size(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = shapes.size(
            self, "num_key_value_heads", num_key_value_heads
        )
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot share its heads of keys evenly",
                    f"`num_query_heads={num_query_heads}`, "
                    f"`num_key_value_heads={num_key_value_heads}`",
                    "a number of query heads that is a multiple of the other",
                )
            )

    def _heads(self):
        return (
            self.num_query_heads,
            self.num_key_value_heads,
            self.head_dim,
            self.head_dim,
        )
