"""Making, reading and shaping tensors."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.core import Scope, Symbol, Variable


@pytest.mark.parametrize(
    "x", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]), "jax", "variable"]
)
def test_an_operation_takes_lists_arrays_and_variables(x):
    values = [[1.0, 2.0], [3.0, 4.0]]
    x = {"jax": jnp.array(values), "variable": K.variable(values)}.get(str(x), x)

    assert [3.0, 7.0] == K.eval(K.sum(x, axis=1)).tolist()


def test_an_operation_on_a_symbol_is_a_symbol_with_the_known_sizes():
    y = K.reshape(K.placeholder((None, 4)), (-1, 2, 2))

    assert isinstance(y, Symbol)
    assert (None, 2, 2) == K.int_shape(y)


def test_a_variable_is_floatx_unless_a_dtype_is_given():
    assert "float32" == K.dtype(K.variable(np.arange(3)))
    assert "int16" == K.dtype(K.variable(1, dtype="int16"))
    assert "bool" == K.dtype(K.variable(False, dtype="bool"))


def test_64_bits_are_given_when_they_are_asked_for():
    assert "float64" == K.dtype(K.variable(0.1, dtype="float64"))
    assert 0.1 == K.get_value(K.variable(0.1, dtype="float64"))
    assert "int64" == K.dtype(K.arange(3, dtype="int64"))


def test_floatx_of_64_bits_lets_jax_compute_with_64_bits():
    K.set_floatx("float64")
    try:
        assert jnp.zeros(1).dtype == "float64"
        assert "float64" == K.dtype(K.variable([1]) * 2)
    finally:
        K.set_floatx("float32")
    assert jnp.zeros(1).dtype == "float32"


def test_an_unknown_dtype_is_a_type_error():
    with pytest.raises(TypeError):
        K.variable("", dtype="unsupported")


def test_values_are_copied_into_a_variable():
    values = np.ones(3, "float32")
    v = K.variable(values)
    values[:] = 7

    assert [1, 1, 1] == K.get_value(v).tolist()


def test_sparse_matrices_are_stored_dense():
    sparse = pytest.importorskip("scipy.sparse")

    v = K.variable(sparse.csr_matrix([[0, 2], [3, 0]]))

    assert [[0, 2], [3, 0]] == K.get_value(v).tolist()
    assert not K.is_sparse(v)


def test_zeros_are_a_variable_outside_a_call_and_an_array_inside():
    assert isinstance(K.zeros((2, 3)), Variable)
    with Scope():
        assert isinstance(K.ones((2, 3)), jax.Array)


def test_a_numpy_array_is_no_keras_tensor():
    with pytest.raises(ValueError, match="Unexpectedly found an instance"):
        K.is_keras_tensor(np.ones(2))
    assert K.is_keras_tensor(K.variable([1])) is False
    assert K.is_keras_tensor(K.placeholder((2, 4))) is False


def test_updates_are_done_at_once_and_can_be_reverted():
    v = K.variable([1.0, 2.0])

    first = K.update_add(v, 1)
    assert [2, 3] == K.eval(v).tolist()
    assert first[0] is v and [2, 3] == K.eval(first).tolist()
    K.update_sub(v, [1, 1])
    K.moving_average_update(v, [11.0, 12.0], 0.9)
    assert np.allclose([2, 3], K.eval(v))
    K.update(v, [0, 0])
    assert [0, 0] == K.eval(v).tolist()
    first.revert()
    assert [1, 2] == K.eval(v).tolist()


def test_an_update_inside_a_scope_is_written_to_the_scope_alone():
    v = K.variable([1.0])

    with Scope({v: v.value}) as scope:
        K.update_add(v, 1)

    assert 1 == K.get_value(v)[0] and 2 == scope.values[v][0]


def test_a_shape_inside_a_compiled_function_can_size_another_tensor():
    @jax.jit
    def f(x):
        rows = K.shape(x)[0]
        flat = K.reshape(x, K.stack([rows, K.prod(K.shape(x)[1:])]))
        return flat + K.random_normal((rows, 1), stddev=0.0)

    assert (2, 12) == f(jnp.ones((2, 3, 4))).shape


def test_slices_and_tiles():
    x = np.arange(10).reshape(2, 5)

    assert [[6, 7]] == K.eval(K.slice(x, (1, 1), (1, 2))).tolist()
    assert [[2, 3, 4], [7, 8, 9]] == K.eval(K.slice(x, (0, 2), (-1, -1))).tolist()
    assert (2, 15) == K.tile(x, 3).shape
    assert (4, 5) == K.tile(x, (2, 1)).shape
    with pytest.raises(ValueError, match="should match"):
        K.slice(x, (1, 0, 0), (1, 2))


def test_repetitions():
    assert [0, 0, 1, 1] == K.eval(K.repeat_elements([0, 1], 2, 0)).tolist()
    assert (4, 3, 2) == K.repeat(np.ones((4, 2)), 3).shape
    assert [4] == list(
        K.resize_images([[[[0.0]], [[1.0]]]], 2, 2, "channels_last")[0, :, 0, 0].shape
    )


def test_bilinear_resizing_blends_neighbours_and_repeats_the_border():
    x = np.array([0.0, 1.0]).reshape(1, 1, 2, 1)

    y = K.resize_images(x, 1, 2, "channels_last", "bilinear")

    assert [0.0, 0.5, 1.0, 1.0] == K.eval(y).ravel().tolist()


def test_padding_before_and_after_in_both_layouts():
    x = np.ones((1, 2, 3, 4))

    assert (1, 5, 6, 4) == K.spatial_2d_padding(x, ((1, 2), (0, 3))).shape
    first = K.spatial_2d_padding(x, ((1, 2), (0, 3)), "channels_first")
    assert (1, 2, 6, 7) == first.shape
    assert (1, 4, 2) == K.temporal_padding(np.ones((1, 2, 2)), (0, 2)).shape
    with pytest.raises(ValueError, match="channels_middle"):
        K.spatial_2d_padding(x, data_format="channels_middle")


def test_rows_are_gathered_and_classes_made_one_hot():
    table = np.arange(6.0).reshape(3, 2)

    assert [[4, 5], [0, 1]] == K.eval(K.gather(table, [2, 0])).tolist()
    assert [[0, 1], [1, 0]] == K.eval(K.one_hot([1, 0], 2)).tolist()


def test_arange_begins_at_0_and_takes_tensors():
    assert [0, 1, 2] == K.eval(K.arange(3)).tolist()
    assert [] == K.eval(K.arange(-20)).tolist()
    assert [1, 3] == K.eval(K.arange(1, 5, 2)).tolist()
    assert 1 == len(K.eval(K.arange(K.constant(1, dtype="int32"))))
    assert "int32" == K.dtype(K.arange(3))


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        K.cast(K.constant(1.5), "float64")
        K.constant(np.ones(2), dtype="int64")
