"""Data with rows: which slot gets what, and which data is refused."""

import pathlib
import re

import h5py
import jax.numpy as jnp
import numpy as np
import pandas
import pytest

from cthulhu import config, data
from cthulhu.data import HDF5Matrix, arrays
from cthulhu.data import entrance as entrance_module


def adapt(x, y=None, *args, **kwargs):
    kwargs = {"input_names": ["x"], "output_names": ["y"], **kwargs}
    return data.adapt(x, y, *args, **kwargs)


def refused(*args, **kwargs):
    with pytest.raises(ValueError) as caught:
        adapt(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    "x",
    [
        np.arange(6.0).reshape(3, 2),
        [[0.0, 1], [2, 3], [4, 5]],
        [np.arange(6.0).reshape(3, 2)],
        {"x": np.arange(6.0).reshape(3, 2), "unused": np.zeros(3)},
        jnp.arange(6.0).reshape(3, 2),
        pandas.DataFrame({"a": [0.0, 2, 4], "b": [1.0, 3, 5]}),
    ],
)
def test_every_kind_of_table_becomes_the_same_rows(x):
    rows = adapt(x, [0, 1, 0])
    np.testing.assert_array_equal(rows.xs[0], [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(rows.ys[0], [[0], [1], [0]])
    assert rows.sws == [None]
    assert rows.rows == 3


def test_a_jax_array_stays_where_it_is():
    x = jnp.zeros((3, 2))
    assert adapt(x, [1, 2, 3]).xs[0] is x


def test_arrays_are_not_copied_but_float64_is_stored_as_floatx():
    small, large = np.zeros((3, 2), "float32"), np.zeros((3, 2), "float64")
    assert adapt(small, [1, 2, 3]).xs[0] is small
    assert adapt(large, [1, 2, 3]).xs[0].dtype == config.floatx()
    assert adapt(np.zeros((3, 2), "uint8"), [1, 2, 3]).xs[0].dtype == "uint8"


@pytest.mark.parametrize("dtype", [">f4", ">i4", ">u2", ">f8"])
def test_bytes_come_into_the_order_of_this_machine(dtype):
    big_endian = np.array([[1, 256], [3, 4]], dtype)

    (x,) = adapt(big_endian, [1, 2]).xs

    assert x.dtype.isnative
    assert [[1, 256], [3, 4]] == x.tolist()


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_matrices_and_masked_arrays_the_numbers_are_taken(dtype):
    numbers = np.array([[1, 2], [3, 4]], dtype)
    for given in (np.asmatrix(numbers), np.ma.masked_array(numbers, False)):
        (x,) = adapt(given, [1, 2]).xs

        assert type(x) is np.ndarray
        assert [[1, 2], [3, 4]] == x.tolist()


def test_a_series_is_a_column():
    assert adapt(pandas.Series([1.0, 2.0]), [0, 1]).xs[0].shape == (2, 1)


def test_dicts_are_put_in_the_order_of_the_names():
    rows = data.adapt(
        {"b": np.ones((2, 3)), "a": np.zeros((2, 4))},
        {"v": [5, 6], "u": [7, 8]},
        input_names=["a", "b"],
        output_names=["u", "v"],
    )
    assert [x.shape for x in rows.xs] == [(2, 4), (2, 3)]
    assert [y[0, 0] for y in rows.ys] == [7, 5]


def test_an_output_may_have_no_targets():
    rows = data.adapt(
        np.ones((2, 3)), [None, [1, 2]], input_names=["x"], output_names=["u", "v"]
    )
    assert rows.ys[0] is None and rows.take(slice(0, 1))[1][0] is None


def test_unknown_names_mean_that_any_number_of_arrays_fits():
    rows = data.adapt([np.ones((2, 3)), np.ones((2, 1))], [1, 2])
    assert len(rows.xs) == 2


def test_rows_are_taken_by_slice_or_number():
    rows = adapt(np.arange(5.0), np.arange(5), np.arange(5.0))
    xs, ys, sws = rows.take(np.array([3, 0]))
    assert xs[0].tolist() == [[3], [0]] and ys[0].tolist() == [[3], [0]]
    assert sws[0].tolist() == [3, 0]
    assert rows.take(slice(1, 3))[0][0].tolist() == [[1], [2]]


def test_nbytes_counts_every_slot():
    rows = adapt(np.zeros((4, 2), "float32"), np.zeros((4, 1), "uint8"))
    assert rows.nbytes == 4 * 2 * 4 + 4


def test_different_numbers_of_rows_are_named():
    message = refused(np.zeros((5, 2)), [0, 1])
    assert "`x` has 5" in message and "`y` has 2" in message


def test_a_missing_key_is_named_with_the_nearest_there_is():
    message = refused({"xx": np.zeros((2, 2))}, [0, 1])
    assert "`x`" in message and "Is `xx` meant" in message


def test_a_wrong_number_of_arrays_is_counted():
    message = refused([np.zeros((2, 2)), np.zeros((2, 2))], [0, 1])
    assert "1 input" in message and "2 arrays" in message


@pytest.mark.parametrize(
    "x, words",
    [
        ([["a"], ["b"]], "array of numbers"),
        (np.array([object(), 1]), "array of numbers"),
        (np.zeros((0, 2)), "empty"),
        (None, "no data"),
        (3.0, "single number"),
        ([[1.0, 2.0], [3.0]], "different lengths"),
        ([[1.0, np.nan], [0, 0]], "`x` contains NaN, first in row 0"),
    ],
)
def test_data_that_cannot_be_used_is_refused(x, words):
    assert words in refused(x, [0, 1])


def test_infinity_is_a_number_even_if_the_sum_is_not():
    adapt(np.array([np.inf, -np.inf]), [0, 1])


def test_nan_in_targets_is_refused_and_can_be_allowed():
    assert "`y` contains NaN" in refused([[1.0], [2.0]], [np.nan, 0.0])
    adapt([[1.0], [2.0]], [np.nan, 0.0], check_nan=False)


def test_missing_targets_are_an_error_unless_none_are_wanted():
    assert "no targets" in refused(np.zeros((2, 2)))
    assert adapt(np.zeros((2, 2)), targets=False).ys == []


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True, "32"])
def test_a_batch_size_is_a_positive_whole_number(batch_size):
    message = refused(np.zeros((2, 2)), [0, 1], batch_size=batch_size)
    assert repr(batch_size) in message


@pytest.mark.parametrize(
    "x, words",
    [
        (object(), "not data"),
        ("table.csv", "Read the file first"),
        (pathlib.Path("table.csv"), "Read the file first"),
        (refused, r"Call the function: `refused\(\)`"),
    ],
)
def test_something_that_is_no_data_is_a_type_error(x, words):
    with pytest.raises(TypeError, match=words):
        adapt(x, [1])


@pytest.mark.parametrize(
    "x, words",
    [
        (pandas.DataFrame({"age": [1, 2], "name": ["a", "b"]}), "with `name` among"),
        (np.array([[1 + 1j], [2]]), "np.abs"),
        (np.array([np.ones(2), np.ones(3)], dtype=object), "np.stack"),
        (np.array([["3"], ["4"]]), "for example '3'.*astype"),
        (np.array([[None], [1.0]]), "astype"),
        ((np.zeros((2, 2)), np.zeros(2)), r"`fit\(x, y\)`"),
    ],
)
def test_what_is_wrong_with_data_is_said_with_what_helps(x, words):
    assert re.search(words, refused(x, [0, 1]))


def test_one_array_is_x_and_several_have_names():
    message = refused(
        [np.zeros((5, 2)), np.zeros((4, 2))], np.zeros(5), input_names=["a", "b"]
    )
    assert "input `a` has 5, input `b` has 4, `y` has 5" in message


def test_nan_is_found_in_arrays_of_the_device_too():
    assert "`x` contains NaN, first in row 1" in refused(
        jnp.array([[1.0], [jnp.nan]]), [0, 1]
    )
    adapt(jnp.array([[jnp.inf], [-jnp.inf]]), [0, 1])


@pytest.mark.parametrize("steps, whole", [(None, None), (3, 3), (62.5, 63), (4.0, 4)])
def test_a_fraction_of_a_batch_counts_as_one(steps, whole):
    assert data.check_steps(steps) == whole


@pytest.mark.parametrize("steps", [0, -1, -0.5])
def test_a_pass_has_at_least_one_batch(steps):
    with pytest.raises(ValueError, match="`validation_steps` cannot be used"):
        data.check_steps(steps, "validation_steps")
    with pytest.raises(TypeError, match="without quotation marks"):
        data.check_steps("3")


def test_validation_rows_are_the_last():
    train, validation = data.split_validation(
        adapt(np.arange(10.0), np.arange(10)), 0.3
    )
    assert train.ys[0][:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert validation.ys[0][:, 0].tolist() == [7, 8, 9]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1e-9, 0.9])
def test_a_validation_split_that_leaves_a_part_empty_is_refused(share):
    with pytest.raises(ValueError, match="validation_split"):
        data.split_validation(adapt(np.zeros((1, 2)), [0]), share)


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as h5:
        h5["x"] = np.arange(20.0).reshape(10, 2)
        h5["y"] = np.arange(10)
        yield h5


def test_a_small_file_is_read_into_memory(file):
    rows = adapt(file["x"], file["y"])
    assert isinstance(rows, data.Arrays)
    assert rows.xs[0].shape == (10, 2) and rows.ys[0].shape == (10, 1)


def test_a_large_file_is_read_by_rows_in_any_order(file, monkeypatch):
    monkeypatch.setattr(entrance_module, "LOAD_BYTES", 10)
    rows = adapt(file["x"], file["y"])
    assert isinstance(rows, data.RowSource)
    xs, ys, _ = rows.take(np.array([7, 2, 2, 9]))
    assert ys[0].tolist() == [[7], [2], [2], [9]]
    assert xs[0][:, 0].tolist() == [14, 4, 4, 18]
    train, validation = data.split_validation(rows, 0.4)
    assert validation.take(slice(0, 2))[1][0].tolist() == [[6], [7]]
    assert validation.take(np.array([3, 1]))[1][0].tolist() == [[9], [7]]
    assert train.rows == 6


def test_a_file_is_never_read_whole_if_it_is_large(monkeypatch):
    class Watched(arrays.RowSlice):
        def __getitem__(self, key):
            rows = super().__getitem__(key)
            assert len(rows) <= 2
            return rows

    monkeypatch.setattr(entrance_module, "LOAD_BYTES", 10)
    watched = Watched(np.arange(100.0).reshape(50, 2), 0, 50)
    rows = adapt(watched, np.zeros(50))
    assert rows.take(slice(4, 6))[0][0].tolist() == [[8, 9], [10, 11]]


def test_hdf5_matrix_acts_like_an_array(file):
    path = file.filename
    file.flush()
    file.close()
    part = HDF5Matrix(path, "x", start=2, end=8)
    assert part.shape == (6, 2) and part.ndim == 2 and part.size == 12
    assert part[0].tolist() == [4, 5]
    assert part[1:3].tolist() == [[6, 7], [8, 9]]
    assert part[[0, 5]].tolist() == [[4, 5], [14, 15]]
    assert part[np.array([1])].tolist() == [[6, 7]]
    for outside in (6, slice(0, 7), [6], range(6, 7), -1):
        with pytest.raises(IndexError):
            part[outside]
    with pytest.raises(TypeError):
        part[None]
    halves = HDF5Matrix(path, "x", normalizer=lambda rows: rows[:, :1] / 2)
    assert halves.shape == (10, 1) and halves[3].tolist() == [3.0]


def test_rows_behind_a_normalizer_are_read_anew_each_time(file):
    path = file.filename
    file.close()
    noisy = HDF5Matrix(path, "x", normalizer=lambda rows: rows)
    assert isinstance(adapt(noisy, np.zeros(10)), data.RowSource)
    plain = HDF5Matrix(path, "x")
    assert isinstance(adapt(plain, np.zeros(10)), data.Arrays)


def test_an_array_that_was_found_clean_is_searched_once(monkeypatch):
    searched = []
    monkeypatch.setattr(arrays, "_least", lambda a: searched.append(a) or a.min())
    x = np.zeros((4, 2), "float32")

    arrays.check_nan(x, "x")
    arrays.check_nan(x, "x")
    assert 1 == len(searched)
    arrays.check_nan(x.copy(), "x")
    assert 2 == len(searched)


@pytest.mark.parametrize("row", [0, 5, 9])
def test_nan_is_found_in_any_part_of_a_large_array(monkeypatch, row):
    monkeypatch.setattr(arrays, "SEARCH_BYTES", 16)  # two rows of two numbers
    x = np.zeros((10, 2), "float32")
    x[row, 1] = np.nan

    with pytest.raises(ValueError, match=f"first in row {row}"):
        arrays.check_nan(x, "x")
