"""One wording for all messages."""

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
