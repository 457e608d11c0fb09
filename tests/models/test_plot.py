"""Pictures of models: which boxes, which arrows, which files."""

import shutil
import subprocess
import sys

import pytest

from cthulhu.layers import Concatenate, Dense, Input, TimeDistributed
from cthulhu.models import Model, Sequential, model_to_dot, plot_model

pydot = pytest.importorskip("pydot")
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="no Graphviz here")


def branched():
    inner = Input((4,), name="z")
    reader = Model(inner, Dense(3, name="d")(inner), name="reader")
    a, b = Input((3,), name="a"), Input((4,), name="b")
    shared = Dense(5, name="shared")
    merged = Concatenate(name="all")([shared(a), shared(reader(b))])
    return Model([a, b], Dense(1, name="out")(merged), name="m")


def boxes(dot):
    return {n.get_name(): n.get_label().strip('"') for n in dot.get_nodes()[1:]}


def arrows(dot, names):
    edges = dot.get_edges()
    return {(names[e.get_source()], names[e.get_destination()]) for e in edges}


def test_boxes_are_layers_and_arrows_what_flows():
    dot = model_to_dot(branched())
    names = boxes(dot)
    assert set(names.values()) == {
        "a: InputLayer",
        "b: InputLayer",
        "reader: Model",
        "shared: Dense",
        "all: Concatenate",
        "out: Dense",
    }
    assert arrows(dot, {k: v.split(":")[0] for k, v in names.items()}) == {
        ("a", "shared"),
        ("b", "reader"),
        ("reader", "shared"),
        ("shared", "all"),
        ("all", "out"),
    }


def test_a_model_inside_may_be_opened():
    dot = model_to_dot(branched(), expand_nested=True)
    (part,) = dot.get_subgraphs()
    assert part.get_label() == '"reader"'
    inside = {n.get_name(): n.get_label().strip('"') for n in part.get_nodes()}
    assert set(inside.values()) == {"z: InputLayer", "d: Dense"}
    names = {k: v.split(":")[0] for k, v in (boxes(dot) | inside).items()}
    assert {("b", "z"), ("d", "shared")} <= arrows(dot, names)
    assert arrows(part, names) == {("z", "d")}


def test_a_wrapped_layer_is_named_with_its_wrapper():
    model = Sequential(
        [TimeDistributed(Dense(3, name="d"), input_shape=(5, 2), name="t")]
    )
    labels = boxes(model_to_dot(model)).values()
    assert "t(d): TimeDistributed(Dense)" in labels
    model = Sequential([TimeDistributed(branched().layers[2], input_shape=(5, 4))])
    (part,) = model_to_dot(model, expand_nested=True).get_subgraphs()
    assert part.get_label() == '"reader"'


def test_shapes_and_names_are_shown_if_asked_for():
    model = Sequential([Dense(2, input_dim=3, name="d")])
    with_shapes = list(boxes(model_to_dot(model, show_shapes=True)).values())[-1]
    assert with_shapes == r"d: Dense\n|{input:|output:}|{{(None, 3)}|{(None, 2)}}"
    without_names = model_to_dot(model, show_layer_names=False)
    assert list(boxes(without_names).values()) == ["InputLayer", "Dense"]


def test_direction_and_dots_are_told_to_graphviz():
    dot = model_to_dot(Sequential([Dense(2, input_dim=3)]), rankdir="LR", dpi=30)
    assert (dot.get_rankdir(), dot.get_dpi()) == ("LR", "30")


@needs_dot
@pytest.mark.parametrize(
    "ending, start",
    [
        (".png", b"\x89PNG"),
        (".jpg", b"\xff\xd8"),
        (".gif", b"GIF8"),
        (".svg", b"<?xml"),
        (".pdf", b"%PDF"),
        (".dot", b"digraph"),
        ("", b"\x89PNG"),
    ],
)
def test_the_ending_tells_the_format(tmp_path, ending, start):
    path = tmp_path / f"model{ending}"
    branched_model = branched()
    plot_model(branched_model, path, show_shapes=True, expand_nested=True)
    assert path.read_bytes().startswith(start)


@needs_dot
def test_names_with_special_signs_are_drawn(tmp_path):
    model = Sequential([Dense(2, input_dim=3, name='a|b "{c}" <d>')])
    model.plot(to_file=str(tmp_path / "model.svg"))
    assert "a|b &quot;{c}&quot; &lt;d&gt;" in (tmp_path / "model.svg").read_text()


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    model = Sequential([Dense(2, input_dim=3)])
    with pytest.raises(ValueError, match=r"the ending `.docx`"):
        plot_model(model, tmp_path / "model.docx")
    with pytest.raises(ValueError, match="has not been built"):
        model_to_dot(Sequential([Dense(2)]))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="Graphviz"):
        plot_model(model, tmp_path / "model.png")
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(ImportError, match=r"pip install 'cthulhu\[plot\]'"):
        plot_model(model, tmp_path / "model.png")
    assert list(tmp_path.iterdir()) == []


@needs_dot
def test_a_failing_graphviz_is_heard(tmp_path, monkeypatch):
    model = Sequential([Dense(2, input_dim=3)])
    with pytest.raises((AssertionError, OSError, subprocess.SubprocessError)):
        plot_model(model, tmp_path / "no such folder" / "model.png")
