"""Placeholders, functions and gradients."""

import numpy as np
import pytest

from cthulhu import backend as K


def test_a_function_computes_its_outputs_from_its_inputs():
    x, y = K.placeholder((None, 2)), K.placeholder((2, None))
    f = K.function([x, y], [K.dot(x, y), K.sum(x) + 1.0])

    product, total = f([[[1, 2]], [[3], [4]]])

    assert [[11.0]] == product.tolist() and 4.0 == total


def test_a_function_reads_variables_at_each_call():
    v, x = K.variable([2.0]), K.placeholder((None,))
    f = K.function([x], [x * v, v])

    assert [6.0] == f([[3.0]])[0].tolist()
    K.set_value(v, [5.0])
    assert [15.0] == f([[3.0]])[0].tolist()
    assert [5.0] == f([[3.0]])[1].tolist()


def test_a_function_writes_its_updates():
    v, x = K.variable([1.0]), K.placeholder((1,))
    f = K.function([x], [x + v], updates=[(v, v + x), K.update(v, x * 0 + v * 2)])
    assert [1.0] == K.get_value(v).tolist()

    assert [4.0] == f([[3.0]])[0].tolist()
    assert [2.0] == K.get_value(v).tolist()


def test_a_function_refuses_what_does_not_fit():
    x = K.placeholder((None, 2), name="rows")
    f = K.function([x], [x])

    with pytest.raises(ValueError, match="`rows` was fed an array of shape"):
        f([np.ones((2, 3))])
    with pytest.raises(ValueError, match="1 inputs was called with 2"):
        f([np.ones((2, 2)), 1])
    with pytest.raises(ValueError, match="feed_dict"):
        K.function([x], [x], feed_dict={})


def test_gradients_of_inputs_variables_and_symbols_on_the_way():
    x, v = K.placeholder((None, 2)), K.variable([3.0, 4.0])
    other = K.placeholder((1,))
    middle = x * v
    loss = K.sum(K.square(middle))

    by_x, by_v, by_middle, by_other = K.gradients(loss, [x, v, middle, other])

    assert by_other is None
    found = K.function([x], [by_x, by_v, by_middle])([[[1.0, 2.0]]])
    assert [[18.0, 64.0]] == found[0].tolist()  # 2 x v**2
    assert [6.0, 32.0] == found[1].tolist()  # 2 x**2 v
    assert [[6.0, 16.0]] == found[2].tolist()  # 2 x v


def test_a_stopped_gradient_is_a_constant():
    x = K.placeholder((1,))
    loss = K.sum(x * K.stop_gradient(x))

    (gradient,) = K.gradients(loss, x)

    assert [3.0] == K.function([x], [gradient])([[3.0]])[0].tolist()
    assert 2 == len(K.stop_gradient([K.variable([1.0]), K.constant(1.0)]))


def test_gradients_of_an_array_are_refused():
    with pytest.raises(ValueError, match="which is an array already"):
        K.gradients(K.sum(K.variable([1.0])), [])


def test_eval_needs_no_feeding_where_nothing_depends_on_a_placeholder():
    assert [2.0] == K.eval(K.constant([1.0]) + 1).tolist()
    assert 0 == K.eval(K.learning_phase())
    with pytest.raises(ValueError, match="fed"):
        K.eval(K.placeholder((1,)))


def test_print_tensor_prints_and_returns(capsys):
    x = K.placeholder((1, 1))

    assert [[1.0]] == K.eval(K.print_tensor(K.constant([[1.0]]), "now")).tolist()
    K.function([x], [K.print_tensor(x, "later")])([[[2.0]]])

    assert "now [[1.]]\nlater [[2.]]\n" == capsys.readouterr().out


def test_names_are_counted_until_reset():
    first = K.get_uid("thing")

    assert first + 1 == K.get_uid("thing")
    K.reset_uids()
    assert 1 == K.get_uid("thing")


def test_words_of_sessions_are_accepted_where_they_can_mean_something():
    assert "jax" == K.backend()
    with K.name_scope("block"), K.control_dependencies([]):
        K.manual_variable_initialization(False)
    assert 3 == K.eager(K.symbolic(lambda: 3))()
    with pytest.raises(RuntimeError, match="no sessions"):
        K.get_session()


def test_a_size_that_a_weight_fixes_is_found_for_a_placeholder_that_leaves_it_open():
    open_ended = K.placeholder(ndim=2)

    assert (None, 5) == K.int_shape(K.dot(open_ended, np.ones((3, 5))))
    assert (4, 2) == K.int_shape(K.variable(np.ones((4, 2))) + open_ended)
    assert (None, None) == K.int_shape(K.dot(open_ended, open_ended))
    with pytest.raises(TypeError):
        K.dot(K.placeholder((None, 2)), np.ones((3, 5)))


def test_a_size_that_is_a_stand_in_by_chance_is_a_size_like_another():
    x = K.placeholder((None, 3))
    assert K.int_shape(x + K.ones((240, 3))) == (240, 3)
