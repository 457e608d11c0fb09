"""Connectionist temporal classification: labels without their places in time.

The blank is the last class.

See: Graves et al., Connectionist Temporal Classification, 2006.
"""

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.backend.tensor import as_array
from cthulhu.core import op

_NEVER = -1e30  # the logarithm of a probability of 0


@op
def ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """`-log` of the probability of the labels, over all ways to place them in time.

    Args:
        y_true: Labels `(samples, most labels)`; the rest is ignored.
        y_pred: Probabilities of the classes `(samples, time, classes)`.
        input_length: Steps of each sample, `(samples, 1)`.
        label_length: Labels of each sample, `(samples, 1)`.

    Returns:
        A tensor `(samples, 1)`.
    """
    log_p = jax.nn.log_softmax(_log(y_pred), -1)
    labels = as_array(y_true).astype("int32")
    steps = as_array(input_length).reshape(-1)
    lengths = as_array(label_length).reshape(-1).astype("int32")
    samples, most = labels.shape
    blank = log_p.shape[-1] - 1
    # blank, first label, blank, second label, ..., blank
    path = jnp.full((samples, 2 * most + 1), blank, "int32")
    path = path.at[:, 1::2].set(jnp.clip(labels, 0, blank))
    # A blank may be left out between two labels that differ.
    before = jnp.pad(path, ((0, 0), (2, 0)), constant_values=blank)[:, :-2]
    may_skip = (path != blank) & (path != before)

    def advance(alpha, now):
        t, log_p = now
        later = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=_NEVER)
        ways = [alpha, later[:, 1:-1], jnp.where(may_skip, later[:, :-2], _NEVER)]
        new = jax.nn.logsumexp(jnp.stack(ways), 0)
        new = jnp.maximum(new, _NEVER) + jnp.take_along_axis(log_p, path, 1)
        return jnp.where((t < steps)[:, None], new, alpha), None

    first = jnp.take_along_axis(log_p[:, 0], path, 1)
    alpha = jnp.where(jnp.arange(path.shape[1]) < 2, first, _NEVER)
    times = jnp.arange(1, log_p.shape[1])
    alpha, _ = jax.lax.scan(advance, alpha, (times, jnp.swapaxes(log_p, 0, 1)[1:]))
    # The path ends on the last label or on the blank behind it.
    last = 2 * lengths[:, None] - jnp.array([[0, 1]])
    ends = jnp.take_along_axis(alpha, jnp.maximum(last, 0), 1)
    ends = ends.at[:, 1].set(jnp.where(lengths > 0, ends[:, 1], _NEVER))
    return -jax.nn.logsumexp(ends, 1)[:, None]


def _log(y_pred):
    return jnp.log(as_array(y_pred) + config.epsilon())


@op
def ctc_decode(
    y_pred,
    input_length,
    greedy=True,
    beam_width=100,
    top_paths=1,
    merge_repeated=False,
):
    """The most probable labels.

    Args:
        y_pred: Probabilities of the classes `(samples, time, classes)`.
        input_length: Steps of each sample, `(samples,)`.
        greedy: Whether to take the best class at each step; else a beam search.
        beam_width: How many beginnings the search keeps.
        top_paths: How many sequences of labels it gives.
        merge_repeated: Whether it merges equal labels that follow each other.

    Returns:
        `(labels, score)`: a list of `(samples, most labels)` for each path, filled up
        with -1 (to the number of steps inside compiled code), and the scores `(samples,
        paths)`: logarithms of probabilities; for the greedy way, minus that of the best
        path through time.
    """
    paths = 1 if greedy else top_paths
    log_p, lengths = _log(y_pred), as_array(input_length).reshape(-1)

    def decode(log_p, lengths):
        rows = [np.asarray(p)[: int(n)] for p, n in zip(log_p, lengths, strict=True)]
        if greedy:
            found = [[_best_path(row)] for row in rows]
        else:
            found = [_search(row, beam_width, paths, merge_repeated) for row in rows]
        labels = np.full((paths, *log_p.shape[:2]), -1, "int32")
        scores = np.full((len(rows), paths), -np.inf, "float32")
        for i, sequences in enumerate(found):
            for j, (sequence, score) in enumerate(sequences):
                labels[j, i, : len(sequence)] = sequence
                scores[i, j] = score
        return labels, scores

    if isinstance(log_p, jax.core.Tracer) or isinstance(lengths, jax.core.Tracer):
        shapes = (
            jax.ShapeDtypeStruct((paths, *log_p.shape[:2]), "int32"),
            jax.ShapeDtypeStruct((log_p.shape[0], paths), "float32"),
        )
        labels, scores = jax.pure_callback(decode, shapes, log_p, lengths)
        return list(labels), scores
    labels, scores = decode(log_p, lengths)
    most = [int((path >= 0).sum(1).max()) for path in labels]
    labels = [jnp.asarray(p[:, :n]) for p, n in zip(labels, most, strict=True)]
    return labels, jnp.asarray(scores)


def _merged(classes):
    return [c for i, c in enumerate(classes) if i == 0 or c != classes[i - 1]]


def _best_path(log_p):
    classes = log_p.argmax(-1)
    score = -log_p[np.arange(len(classes)), classes].sum()
    blank = log_p.shape[-1] - 1
    return [c for c in _merged(list(classes)) if c != blank], score


def _search(log_p, width, paths, merge_repeated):
    log_p = log_p - np.logaddexp.reduce(log_p, -1, keepdims=True)
    blank = log_p.shape[-1] - 1
    beams = {(): (0.0, -np.inf)}  # labels -> log p of (ending in blank, in its label)
    for now in log_p:
        grown: dict[tuple, list[float]] = {}

        def add(labels, place, value, grown=grown):
            held = grown.setdefault(labels, [-np.inf, -np.inf])
            held[place] = np.logaddexp(held[place], value)

        for labels, (on_blank, on_label) in beams.items():
            both = np.logaddexp(on_blank, on_label)
            add(labels, 0, both + now[blank])
            if labels:
                add(labels, 1, on_label + now[labels[-1]])
            for c in range(blank):
                repeats = bool(labels) and labels[-1] == c
                add((*labels, c), 1, (on_blank if repeats else both) + now[c])
        best = sorted(grown, key=lambda key: -np.logaddexp(*grown[key]))[:width]
        beams = {labels: tuple(grown[labels]) for labels in best}
    scored = [(labels, np.logaddexp(*p)) for labels, p in beams.items()][:paths]
    return [(_merged(s) if merge_repeated else list(s), score) for s, score in scored]
