"""Attention without projections: means of values, weighted by scores of their keys.

With projections and several heads it stands in `multi_head_attention`; how it is
computed fast is the backend's business.
"""

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer


class Attention(Layer):
    """Look up values by their keys: `softmax(scores(query, key)) @ value`.

    Called on `[query, value]`, where the values are the keys too, or on
    `[query, value, key]`.  Scores are dot products.

    Args:
        use_scale: Whether the scores are multiplied by a trained number; it begins
            at 1.
        score_mode: `"dot"`: `query . key`; `"concat"`:
            `weight * sum(tanh(scale * (query + key)))` with a trained weight.
        dropout: Fraction of the weights to drop while training, 0 to 1.
        seed: Integer that makes this layer's patterns its own.

    Call arguments:
        return_attention_scores: Whether the weights are returned too,
            `(batch, T, S)`.
        use_causal_mask: Whether step t of the query sees the keys up to t alone.

    Shapes:
        `[(batch, T, size), (batch, S, value size), (batch, S, size)]` to
        `(batch, T, value size)`.

    Masking:
        Masked values have no weight; masked queries give 0 and stay masked.

    Example:
        >>> encoded, decoded = Input((10, 16)), Input((7, 16))
        >>> Attention()([decoded, encoded]).shape
        (None, 7, 16)

    See: Luong et al., Effective approaches to attention-based neural machine
    translation, 2015, section 3.
    """

    score_modes = ("dot", "concat")

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.use_scale = use_scale
        if score_mode not in self.score_modes:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot score that way",
                    received=f"`score_mode={score_mode!r}`",
                    expected=" or ".join(f'"{mode}"' for mode in self.score_modes),
                )
            )
        self.score_mode = score_mode
        self.dropout = shapes.rate(self, "dropout", dropout)
        self.seed = seed
        self.supports_masking = True

    def _check_shapes(self, given):
        """Raise a ValueError unless these are shapes of a query, values and keys."""
        many = isinstance(given, list)
        fits = many and len(given) in (2, 3) and all(len(shape) == 3 for shape in given)
        if fits:
            query, value, key = [*given, given[1]][:3]
            pairs = [(query[0], value[0]), (query[0], key[0]), (value[1], key[1])]
            pairs.append((query[2], key[2]))
            fits = all(None in pair or pair[0] == pair[1] for pair in pairs)
        if not fits:
            raise errors.ShapeMismatch(
                errors.message(
                    f"`{self.name}` ({type(self).__name__}) cannot use its inputs",
                    received=f"{len(given) if many else 1} of the shapes {given}",
                    expected="a list: query (batch, T, size), value (batch, S, value "
                    "size) and perhaps key (batch, S, size); without it the values are "
                    "the keys",
                )
            )

    def build(self, input_shape):
        self._check_shapes(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self._make_scale(input_shape[0][-1])
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )
        self.built = True

    def _make_scale(self, size):
        return self.add_weight(name="scale", shape=(), initializer="ones")

    def call(
        self,
        inputs,
        mask=None,
        training=None,
        return_attention_scores=False,
        use_causal_mask=False,
    ):
        self._check_shapes([x.shape for x in inputs])
        query, value, key = [*inputs, inputs[1]][:3]
        query_mask, value_mask = (mask or [None, None])[:2]
        if value_mask is not None:
            value_mask = K.reshape(value_mask, (-1, 1, 1, key.shape[1]))
        how = {
            "mask": value_mask,
            "is_causal": use_causal_mask,
            "dropout": self.dropout,
            "seed": self.seed,
            "training": training,
            "return_weights": return_attention_scores,
        }
        value = K.expand_dims(value, 2)  # one head
        if self.score_mode == "dot":
            query = query * self.scale if self.use_scale else query
            query, key = K.expand_dims(query, 2), K.expand_dims(key, 2)
            output = K.dot_product_attention(query, key, value, scale=1.0, **how)
        else:
            scores = self._scores(K.expand_dims(query, 2), K.expand_dims(key, 1))
            output = K.attend(K.expand_dims(scores, 1), value, **how)
        output, weights = output if return_attention_scores else (output, None)
        output = K.squeeze(output, 2)
        if query_mask is not None:
            output = output * K.cast(K.expand_dims(query_mask), K.dtype(output))
        return [output, K.squeeze(weights, 1)] if return_attention_scores else output

    def _scores(self, query, key):
        """Scores `(batch, T, S)`, of a query and a key that broadcast to that."""
        total = query + key
        total = total * self.scale if self.use_scale else total
        return self.concat_score_weight * K.sum(K.tanh(total), axis=-1)

    def run(self, inputs, masks, kwargs):
        outputs, mask = super().run(inputs, masks, kwargs)
        if isinstance(outputs, list):  # the weights have none
            mask = [mask[0], None]
        return outputs, mask

    def compute_mask(self, inputs, mask=None):
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        self._check_shapes(input_shape)
        query, value = input_shape[:2]
        return (*query[:-1], value[-1])


class AdditiveAttention(Attention):
    """Look up values by scores of a small network: `sum(scale * tanh(query + key))`.

    Called on `[query, value]`, where the values are the keys too, or on
    `[query, value, key]`.

    Args:
        use_scale: Whether each feature of the sum has a trained factor.
        dropout: Fraction of the weights to drop while training, 0 to 1.
        seed: Integer that makes this layer's patterns its own.

    Shapes, masks and the arguments of a call are those of `Attention`.

    Example:
        >>> AdditiveAttention()([Input((7, 16)), Input((10, 16))]).shape
        (None, 7, 16)

    See: Bahdanau et al., Neural machine translation by jointly learning to align and
    translate, 2015.
    """

    score_modes = ("additive",)

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(use_scale, "additive", dropout, seed, **kwargs)

    def _make_scale(self, size):
        return self.add_weight(name="scale", shape=(size,))

    def _scores(self, query, key):
        scores = K.tanh(query + key)
        scores = scores * self.scale if self.use_scale else scores
        return K.sum(scores, axis=-1)
