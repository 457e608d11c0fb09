"""One wording for all messages."""

import numpy as np
import pytest

from cthulhu import errors


def test_a_message_tells_what_happened_what_came_what_was_expected_and_what_to_do():
    assert (
        "`d` cannot be built. Received: (3,). Expected: rank 2. Add an axis."
        == errors.message("`d` cannot be built", (3,), "rank 2", "Add an axis")
    )


def test_what_is_not_known_is_left_out():
    assert "It broke." == errors.message("It broke")
    assert "It broke. Why?" == errors.message("It broke.", fix="Why?")
    assert "It broke. Received: 0." == errors.message("It broke", received=0)


def test_an_unknown_name_is_a_value_error_with_the_nearest():
    error = errors.unknown_name("loss", "msee", ["mse", "mae"])

    assert isinstance(error, ValueError)
    assert "Unknown loss `msee`. Did you mean `mse`?" == str(error)


def test_an_unknown_name_that_is_near_to_nothing_shows_what_there_is():
    error = errors.unknown_name("loss", "zzz", [f"a{i:02}" for i in range(14)])

    assert "`a00`, `a01`" in str(error)
    assert "`a11` and 2 more" in str(error)
    assert "a12" not in str(error)


@pytest.mark.parametrize(
    "error, base",
    [
        (errors.UnknownName, ValueError),
        (errors.ShapeMismatch, ValueError),
        (errors.DataError, ValueError),
        (errors.NotReady, RuntimeError),
        (errors.MissingExtra, ImportError),
    ],
)
def test_each_error_is_the_builtin_one_would_expect(error, base):
    assert issubclass(error, base)
    assert error.__name__ in errors.__doc__


def test_a_wrong_shape_names_the_layer_and_both_shapes():
    error = errors.wrong_shape("dense_1", (32, 3), (None, 4))

    assert "`dense_1`" in str(error)
    assert "(32, 3)" in str(error) and "(None, 4)" in str(error)


def test_a_missing_library_is_met_with_the_extra_that_brings_it():
    error = errors.missing_extra("pydot", "plot", "`plot_model`")

    assert "pip install 'cthulhu[plot]'" in str(error)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_passes(value):
    number = errors.check_whole("epochs", value, 3)

    assert 3 == number and int is type(number)


@pytest.mark.parametrize(
    "value, error, words",
    [
        (2, ValueError, "`epochs` cannot be used. Received: 2. Expected: a whole"),
        (3.0, TypeError, "Received: 3.0. .* at least 3. Divide with `//`"),
        ("10", TypeError, "Write 10 without quotation marks"),
        ("ten", TypeError, "Received: 'ten'"),
        (True, TypeError, "Received: True"),
        (None, TypeError, "Received: None"),
        ([3], TypeError, r"Received: \[3\]"),
    ],
)
def test_what_is_no_whole_number_is_refused(value, error, words):
    with pytest.raises(error, match=words):
        errors.check_whole("epochs", value, 3)


def test_an_error_may_tell_where_it_was_met():
    with pytest.raises(errors.DataError, match="^In `validation_data`: Rows differ"):
        with errors.within("`validation_data`"):
            raise errors.DataError("Rows differ.")
    with pytest.raises(KeyError, match="^'x'$"), errors.within("`validation_data`"):
        raise KeyError("x")


def test_an_unknown_name_may_come_with_further_advice():
    near = errors.unknown_name("layer", "Dens", ["Dense"], "Give it a class")
    far = errors.unknown_name("layer", "Mine", ["Dense"], "Give it a class")

    assert "Unknown layer `Dens`. Did you mean `Dense`? Give it a class." == str(near)
    assert str(far).endswith("one of `Dense`. Give it a class.")


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.25), np.int64(0)])
def test_a_number_in_its_range_comes_back_as_it_is(value):
    assert errors.check_number("factor", value, 0, 1) is value
    assert errors.check_number("patience", np.inf, 0) == np.inf


@pytest.mark.parametrize(
    "value, error, expected",
    [
        ("0.5", TypeError, "a number of at least 0 and below 1"),
        (True, TypeError, "a number of at least 0 and below 1"),
        (None, TypeError, "a number of at least 0 and below 1"),
        (-1, ValueError, "a number of at least 0 and below 1"),
        (1, ValueError, "a number of at least 0 and below 1"),
        (np.nan, ValueError, "a number of at least 0 and below 1"),
    ],
)
def test_a_number_out_of_its_range_is_refused(value, error, expected):
    with pytest.raises(error) as told:
        errors.check_number("factor", value, 0, 1, of="Plateau")

    assert str(told.value) == (
        f"`factor` of `Plateau` cannot be used. Received: {value!r}. "
        f"Expected: {expected}."
    )
