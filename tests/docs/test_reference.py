"""What the generator reads: names, arguments and where the words on them come from."""

import griffe
import pytest

from scripts.docs import reference, render

# `_` and `__` of `name_scope` are what TensorFlow 1 took there, and mean nothing.
UNTOLD = {"name_scope"}


def callables(room):
    """Public classes and functions of a room, and what `fit` and its sisters are."""
    for entry in reference.entries(room):
        if entry.home == room and entry.name not in UNTOLD:
            yield entry.name, entry.thing
    if room == "models":
        yield from reference.training_methods().items()


@pytest.mark.parametrize("room", reference.PAGES)
def test_every_argument_is_explained(room):
    silent = {}
    for name, thing in callables(room):
        told = reference.arguments(thing)
        text = thing.docstring.value if thing.docstring else ""
        given = [
            parameter.name
            for parameter in reference.parameters(thing)
            if not parameter.kind.value.startswith("variadic")
        ]
        # What a function of one array does to it, its first sentence says; a short
        # docstring may explain its arguments there too.
        in_text = isinstance(thing, griffe.Function) and not reference.told(thing)
        if in_text and (len(given) == 1 or all(f"`{n}`" in text for n in given)):
            continue
        left = [n for n in given if n not in told and not (in_text and n in text)]
        if left:
            silent[name] = left

    assert silent == {}


@pytest.mark.parametrize("room", reference.PAGES)
def test_no_docstring_explains_an_argument_that_is_not_there(room):
    surplus = {}
    for name, thing in callables(room):
        given = {parameter.name for parameter in reference.parameters(thing)}
        takes_more = any(
            p.kind is griffe.ParameterKind.var_keyword
            for p in reference.parameters(thing)
        )
        left = set(reference.told(thing)) - given
        if left and not takes_more:
            surplus[name] = left

    assert surplus == {}


def test_every_entry_has_a_docstring():
    for entry in reference.public().values():
        assert entry.thing.docstring, entry.thing.path


def test_names_of_one_thing_are_one_entry():
    (entry,) = [
        e for e in reference.entries("losses") if e.name == "mean_squared_error"
    ]

    assert {"mse", "MSE"} == set(entry.also)
    assert ("AvgPool1D",) == reference.index()["AveragePooling1D"].old
    assert {"GlorotUniform"} <= set(reference.index()["glorot_uniform"].also)
    assert "Convolution2D" in reference.index()["Conv2D"].old


def test_a_docstring_that_points_at_another_gets_its_words():
    (lstm,) = [e for e in reference.entries("layers") if e.name == "LSTM"]
    told = reference.arguments(lstm.thing)

    # "The arguments are those of `LSTMCell` and of `RNN`"
    assert told["units"].startswith("Number of units")
    assert "whole sequence" in told["return_sequences"] or told["return_sequences"]
    assert "Penalty on the output." == told["activity_regularizer"]


def test_methods_of_a_base_with_an_entry_are_left_to_it():
    by_name = {e.name: e for e in reference.entries("callbacks")}
    methods = {m.name for m in reference.members(by_name["EarlyStopping"])}

    assert "on_test_begin" in {m.name for m in reference.members(by_name["Callback"])}
    assert not {"on_test_begin", "check_logs"} & methods  # inherited, overridden
    assert "get_monitor_value" in methods
    assert [by_name["Callback"]] == reference.parents(by_name["EarlyStopping"])
    assert "fit" in {m.name for m in reference.members(reference.index()["Model"])}


def test_a_call_is_shown_on_one_line_or_on_one_for_each_argument():
    (thing,) = [
        e.thing for e in reference.entries("callbacks") if e.name == "CSVLogger"
    ]
    parameters = reference.parameters(thing)

    assert "CSVLogger(filename, separator=',', append=False)" == render.call(
        "CSVLogger", parameters
    )
    assert (
        "CSVLogger(\n    filename,\n    separator=',',\n    append=False,\n)"
        == render.call("CSVLogger", parameters, width=40)
    )


def test_arguments_by_keyword_alone_stand_behind_a_star():
    (thing,) = [e.thing for e in reference.entries("optimizers") if e.name == "SGD"]

    line = render.call("SGD", reference.parameters(thing), width=200)

    assert (
        "SGD(learning_rate=0.01, momentum=0.0, nesterov=False, *, decay=0.0, **kwargs)"
        == line
    )
