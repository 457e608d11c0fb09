"""Connectionist temporal classification against sums over all paths."""

import itertools

import jax
import numpy as np

from cthulhu import backend as K


def collapsed(path, blank):
    merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
    return tuple(c for c in merged if c != blank)


def probabilities(p):
    """The probability of each sequence of labels: the sum over its paths."""
    found: dict[tuple, float] = {}
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        labels = collapsed(path, p.shape[1] - 1)
        found[labels] = found.get(labels, 0.0) + np.prod(p[range(len(p)), path])
    return found


def random_probabilities(steps, classes):
    p = np.random.rand(steps, classes) ** 3 + 0.01
    return p / p.sum(1, keepdims=True)


def test_the_cost_sums_over_all_ways_to_place_the_labels():
    long, short = random_probabilities(5, 3), random_probabilities(5, 3)
    labels = np.array([[0, 1, 1], [1, -1, -1]])

    cost = K.ctc_batch_cost(labels, np.stack([long, short]), [[5], [4]], [[3], [1]])

    expected = [probabilities(long)[0, 1, 1], probabilities(short[:4])[1,]]
    assert (2, 1) == cost.shape
    assert np.allclose(-np.log(expected), cost[:, 0], atol=1e-4)


def test_the_cost_has_finite_gradients():
    p = random_probabilities(4, 3)[None].astype("float32")

    slope = jax.grad(lambda p: K.sum(K.ctc_batch_cost([[0, 0]], p, [[4]], [[2]])))(p)

    assert np.isfinite(slope).all()


def test_a_wide_beam_finds_the_most_probable_labels():
    p = random_probabilities(5, 3)
    ranked = sorted(probabilities(p).items(), key=lambda pair: -pair[1])[:2]

    labels, scores = K.ctc_decode(p[None], [5], greedy=False, top_paths=2)

    for i, (sequence, probability) in enumerate(ranked):
        assert list(sequence) == K.eval(labels[i])[0].tolist()
        assert np.isclose(np.log(probability), scores[0, i], atol=1e-4)


def test_the_greedy_way_takes_the_best_class_of_each_step():
    best = [[0, 0, 2, 0, 1, 2], [1, 2, 2, 2, 2, 0]]
    p = np.eye(3)[best] * 0.8 + 0.05

    labels, score = K.ctc_decode(p, [6, 5])

    assert [[0, 0, 1], [1, -1, -1]] == K.eval(labels[0]).tolist()
    assert np.allclose([[-6 * np.log(0.85)], [-5 * np.log(0.85)]], score, atol=1e-5)


def test_decoding_in_a_graph_fills_up_to_the_number_of_steps():
    p = K.placeholder((None, 3, 3))
    labels, _ = K.ctc_decode(p, [3])

    found = K.function([p], labels)([np.eye(3)[[[0, 2, 0]]]])[0]

    assert [[0, 0, -1]] == found.tolist()
