"""Attention: weighted means of values, by how well their keys suit a query.

`dot_product_attention` chooses how it is computed: products of matrices on a CPU, XLA's
own operation on other devices, and cuDNN's where a GPU has it and takes the arrays.
Projections, and masks that travel beside values, are the layers' business.
"""

import functools
import operator

import jax
import jax.numpy as jnp

from cthulhu import errors
from cthulhu.backend.nn import in_train_phase, learning_phase
from cthulhu.backend.platform import by_platform
from cthulhu.backend.random import dropout as drop
from cthulhu.backend.tensor import as_array
from cthulhu.core import op

# Steps of a query from which on `_by_columns` pays: forward and gradients of 4 heads
# of size 32 take 18 ms instead of 41 for 128 steps, as long as before for 32.
LONG = 64


@op
def dot_product_attention(
    query,
    key,
    value,
    mask=None,
    bias=None,
    scale=None,
    is_causal=False,
    window=None,
    dropout=0.0,
    seed=None,
    training=None,
    return_weights=False,
):
    """`softmax(query @ key.T * scale + bias) @ value`, for each head.

    Args:
        query: Tensor `(batch, T, heads, size)`.
        key: Tensor `(batch, S, key heads, size)`.  The heads are a multiple of the key
            heads; neighbouring heads share one.
        value: Tensor `(batch, S, key heads, value size)`.
        mask: Where a query may look: True, or not 0.  It broadcasts to
            `(batch, heads, T, S)`.  A query that may look nowhere gets the mean of all
            values.
        bias: Added to the scores; broadcasts like the mask.
        scale: Factor of the scores; None: `1 / sqrt(size)`.
        is_causal: Whether query t looks at the keys up to t alone.
        window: A query looks at keys less than so far from it, on either side; None:
            at all of them.
        dropout: Share of the weights to drop while training, 0 to 1.
        seed: Integer that makes the patterns of this call its own.
        training: Whether to drop; None: as the current phase says.
        return_weights: Whether the weights are returned too, `(batch, heads, T, S)`, as
            they are before any is dropped.

    Returns:
        A tensor `(batch, T, heads, value size)`, or a list of that and the weights.

    Raises:
        ValueError: shapes that do not go together.

    See: Vaswani et al., Attention is all you need, 2017, section 3.2.1; Ainslie et al.,
    GQA, 2023, for key heads that are shared.
    """
    query, key, value = _checked(as_array(query), as_array(key), as_array(value))
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    bias = None if bias is None else as_array(bias)
    masks = {"mask": mask, "is_causal": is_causal, "window": window}
    drops = {"dropout": dropout, "seed": seed, "training": training}

    def by_columns(query, key, value):
        return _by_columns(query, key, value, scale, bias, **masks)

    def by_products(query, key, value):
        scores = _scores(query, key, scale)
        scores = scores if bias is None else scores + bias
        return attend(scores, value, **masks, **drops, return_weights=return_weights)

    def by_device(query, key, value):
        simple = mask is None and window is None  # then no array of the mask is made
        shape = query.shape[1], key.shape[1]
        whole = None if simple else _visible(shape, **masks)
        return jax.nn.dot_product_attention(
            query,
            key,
            value,
            _four_axes(bias),
            _four_axes(whole),
            scale=scale,
            is_causal=bool(is_causal and simple),
            implementation="cudnn" if simple and _suits_cudnn(query, bias) else "xla",
        )

    # The devices' own gives no weights, drops none, and wants values like the keys.
    if return_weights or _drops(dropout, training) or key.shape != value.shape:
        return by_products(query, key, value)
    long = query.shape[1] >= LONG
    on_cpu = by_columns if long else by_products
    return by_platform(query, key, value, cpu=on_cpu, default=by_device)


@op
def attend(
    scores,
    value,
    mask=None,
    is_causal=False,
    window=None,
    dropout=0.0,
    seed=None,
    training=None,
    return_weights=False,
):
    """Means of values: `softmax(scores) @ value`, for scores of any kind.

    Args:
        scores: Tensor `(batch, heads, T, S)`.
        value: Tensor `(batch, S, key heads, value size)`.

    The other arguments, and what is returned, are those of `dot_product_attention`.
    """
    scores, value = as_array(scores), as_array(value)
    visible = _visible(scores.shape[2:], mask, is_causal, window)
    weights = kept = attention_weights(scores, visible)
    if dropout:
        kept = in_train_phase(
            lambda: drop(weights, dropout, seed=seed), weights, training
        )
    output = _weighted(kept, value)
    return [output, weights.astype(output.dtype)] if return_weights else output


@op
def attention_weights(scores, mask=None):
    """Softmax over the last axis, of the scores that the mask lets through.

    Args:
        scores: Tensor `(..., S)`.
        mask: True or not 0 where a score counts; broadcasts.  Where none counts, all
            weights are equal.
    """
    scores = as_array(scores)
    if mask is not None:
        scores = jnp.where(as_array(mask) != 0, scores, _least(scores.dtype))
    return jax.nn.softmax(scores, -1)


def _checked(query, key, value):
    """The three in one dtype, if their shapes go together."""
    shapes = query.shape, key.shape, value.shape
    fits = (
        all(len(shape) == 4 for shape in shapes)
        and query.shape[0] == key.shape[0] == value.shape[0]
        and key.shape[1:3] == value.shape[1:3]
        and query.shape[3] == key.shape[3]
        and query.shape[2] % key.shape[2] == 0
    )
    if not fits:
        raise errors.ShapeMismatch(
            errors.message(
                "`dot_product_attention` got shapes that do not go together",
                f"query {shapes[0]}, key {shapes[1]}, value {shapes[2]}",
                "(batch, T, heads, size), (batch, S, key heads, size) and "
                "(batch, S, key heads, value size), heads a multiple of key heads",
            )
        )
    dtype = jnp.result_type(query, key, value)
    return query.astype(dtype), key.astype(dtype), value.astype(dtype)


def _least(dtype):
    """A score far enough for a weight of 0, near enough to stay finite in sums."""
    return -0.7 * float(jnp.finfo(dtype).max)


def _drops(rate, training):
    """Whether weights may be dropped in this call."""
    phase = learning_phase() if training is None else training
    return bool(rate) and not (isinstance(phase, (bool, int)) and not phase)


def _visible(shape, mask, is_causal, window):
    """The mask with what `is_causal` and `window` add to it; None: all is visible."""
    parts = [] if mask is None else [as_array(mask) != 0]
    t, s = (jax.lax.broadcasted_iota("int32", shape, axis) for axis in (0, 1))
    if is_causal:
        parts.append(s <= t)
    if window is not None:
        parts.append(jnp.abs(t - s) < window)
    return functools.reduce(operator.and_, parts) if parts else None


def _scores(query, key, scale):
    """Dot products `(batch, heads, T, S)`, in float32 at least."""
    batch, length, heads, size = query.shape
    exact = jnp.promote_types(query.dtype, "float32")
    query = query.reshape(batch, length, key.shape[2], -1, size)
    scores = jnp.einsum("btkgh,bskh->bkgts", query, key, preferred_element_type=exact)
    return scores.reshape(batch, heads, length, key.shape[1]) * scale


def _weighted(weights, value):
    """The sums of values: `(batch, T, heads, value size)`."""
    batch, heads, length, _ = weights.shape
    weights = weights.astype(value.dtype)
    weights = weights.reshape(batch, value.shape[2], -1, *weights.shape[2:])
    output = jnp.einsum("bkgts,bskh->btkgh", weights, value)
    return output.reshape(batch, length, heads, value.shape[-1])


def _by_columns(query, key, value, scale, bias, **masks):
    """The whole on a CPU, each query a column of the scores.

    So the largest score and the sum of each query are taken along the axis that numbers
    are not side by side in, which XLA does in vectors, and no product, its gradients
    among them, needs another layout of the scores.  They are divided by their sums
    after the last product, where there are fewer numbers.
    """
    (batch, length, heads, size), (keys, shared) = query.shape, key.shape[1:3]
    exact = jnp.promote_types(query.dtype, "float32")
    columns = (query * scale).reshape(batch, length, shared, -1, size)
    columns = columns.transpose(0, 2, 4, 3, 1).reshape(batch, shared, size, -1)
    scores = jnp.matmul(
        key.transpose(0, 2, 1, 3), columns, preferred_element_type=exact
    )
    scores = scores.reshape(batch, shared, keys, -1, length)
    if bias is not None:
        scores = scores + _as_columns(bias, shared)
    visible = _visible((length, keys), **masks)
    if visible is not None:
        scores = jnp.where(_as_columns(visible, shared), scores, _least(scores.dtype))
    largest = jax.lax.stop_gradient(jnp.max(scores, 2, keepdims=True))
    parts = jnp.exp(scores - largest)
    sums = jnp.sum(parts, 2, keepdims=True)
    parts = parts.astype(value.dtype).reshape(batch, shared, keys, -1)
    output = jnp.matmul(value.transpose(0, 2, 3, 1), parts)
    output = output.reshape(batch, shared, -1, heads // shared, length)
    output = output / sums.astype(output.dtype)
    return output.transpose(0, 4, 1, 3, 2).reshape(batch, length, heads, -1)


def _as_columns(x, shared):
    """What broadcasts to `(batch, heads, T, S)`, as `(batch, shared, S, others, T)`."""
    x = _four_axes(x)
    heads = (1, 1) if x.shape[1] == 1 else (shared, -1)
    x = x.reshape(x.shape[0], *heads, *x.shape[2:])
    return x.transpose(0, 1, 4, 2, 3)


def _four_axes(x):
    return None if x is None else x.reshape((1,) * (4 - x.ndim) + x.shape)


def _suits_cudnn(query, bias):
    """Whether cuDNN's attention takes such arrays, on this machine."""
    return (
        bias is None
        and query.dtype in (jnp.float16, jnp.bfloat16)
        and query.shape[-1] % 8 == 0
        and query.shape[-1] <= 128
        and jax.default_backend() == "gpu"
        and "cuda" in jax.devices()[0].client.platform_version
    )
