"""diskern.Model and the model file."""

from __future__ import annotations

import copy
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import _core


def stump(cut: float = 0.5, feature: int = 0) -> dict[str, Any]:
    return {
        "feature": [feature, -1, -1],
        "threshold": [cut, 0.0, 0.0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [1, 0, 0],
        "value": [0.0, -1.0, 1.0],
    }


def variable(label: str, expression: str | None = None, **others: Any) -> dict[str, Any]:
    return {"expression": expression or label, "label": label, "title": label} | others


def info(**changes: Any) -> dict[str, Any]:
    return {
        "method": "BDT",
        "title": "Forest",
        "analysis_type": "Classification",
        "variables": [
            variable("mass", "sqrt(E*E-p*p)", unit="GeV", minimum=0.5, maximum=7.25),
            variable("pt", type="I"),
        ],
        "spectators": [variable("run")],
        "classes": ["Signal", "Background"],
        "options": [["NTrees", "2"], ["MaxDepth", "1"]],
        "provenance": [["date", "2026-11-21"]],
        "outputs": ["response"],
    } | changes


def forest() -> _core.Forest:
    return _core.Forest(2, [stump(0.5, 0), stump(2.0, 1)], tree_weight=[1.0, 0.25])


@pytest.fixture
def model() -> diskern.Model:
    return diskern.Model(_core.Model(info(), None, forest()))


@pytest.fixture
def events() -> np.ndarray:
    return np.random.default_rng(3).normal(1, 1.5, (5000, 2)).astype(np.float32)


def test_info_comes_back_after_saving(model: diskern.Model, events: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "model.diskern"
    model.save(path)
    again = diskern.load(path)
    assert again.info == model.info
    assert again.variables == ("mass", "pt")
    assert again.expressions == ("sqrt(E*E-p*p)", "pt")
    assert again.info["variables"][0]["unit"] == "GeV"
    assert again.info["variables"][0]["maximum"] == 7.25
    assert again.info["variables"][1]["type"] == "I"
    assert again.spectators == ("run",)
    assert again.options == {"NTrees": "2", "MaxDepth": "1"}
    assert again.provenance == {"date": "2026-11-21"}
    assert again.classes == ("Signal", "Background")
    assert again.outputs == ("response",)
    assert again.to_bytes() == model.to_bytes() == path.read_bytes()
    np.testing.assert_array_equal(again.evaluate(events), model.evaluate(events))
    assert "BDT 'Forest'" in repr(again)
    assert [p.name for p in tmp_path.iterdir()] == ["model.diskern"]


def test_responses_are_those_of_the_trees(model: diskern.Model, events: np.ndarray) -> None:
    expected = np.where(events[:, 0] >= 0.5, 1.0, -1.0) + 0.25 * np.where(events[:, 1] >= 2.0, 1.0, -1.0)
    for threads in (1, 2, 0):
        np.testing.assert_array_equal(model.evaluate(events, threads=threads)[:, 0], expected)
    np.testing.assert_array_equal(model.evaluate(events[::-1])[:, 0], expected[::-1])  # strided


def test_columns_are_found_by_name(model: diskern.Model, events: np.ndarray) -> None:
    expected = model.evaluate(events)
    columns = {"other": np.zeros(len(events)), "pt": events[:, 1], "mass": events[:, 0]}
    np.testing.assert_array_equal(model.evaluate(columns), expected)
    by_expression = {"pt": events[:, 1], "sqrt(E*E-p*p)": events[:, 0].astype(np.float64)}
    np.testing.assert_array_equal(model.evaluate(by_expression), expected)
    structured = np.zeros(len(events), [("pt", "f4"), ("mass", "f4")])
    structured["pt"], structured["mass"] = events[:, 1], events[:, 0]
    np.testing.assert_array_equal(model.evaluate(structured), expected)
    pandas = pytest.importorskip("pandas")
    np.testing.assert_array_equal(model.evaluate(pandas.DataFrame(columns)), expected)
    assert model.bind(["pt", "x", "mass"]) == [2, 0]


def test_wrong_columns_are_errors(model: diskern.Model, events: np.ndarray) -> None:
    with pytest.raises(diskern.InvalidArgument, match=r"'mass' is missing.*needs 'mass', 'pt', given were 'pt', 'mas'"):
        model.evaluate({"pt": events[:, 1], "mas": events[:, 0]})
    with pytest.raises(diskern.InvalidArgument, match="given twice"):
        model.bind(["mass", "pt", "sqrt(E*E-p*p)"])
    with pytest.raises(diskern.InvalidArgument, match="one length"):
        model.evaluate({"pt": events[:5, 1], "mass": events[:, 0]})
    with pytest.raises(diskern.InvalidArgument, match="must be numbers"):
        model.evaluate({"pt": np.array(["a"]), "mass": np.array([1.0])})
    with pytest.raises(diskern.InvalidArgument, match="3 columns"):
        model.evaluate(np.zeros((4, 3)))
    with pytest.raises(diskern.InvalidArgument, match="must have shape"):
        model.evaluate(np.zeros(4))


def test_pickle_and_copy_keep_the_bytes(model: diskern.Model) -> None:
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert again == model
        assert hash(again) == hash(model)
    assert model != diskern.Model(_core.Model(info(title="Other"), None, forest()))
    assert model != 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "unknown key 'titel'"),
        ({"variables": [variable("a") | {"units": "GeV"}, variable("b")]}, "unknown key 'units'"),
        ({"analysis_type": "Clustering"}, "expected Classification, Regression or Multiclass"),
        ({"variables": [variable("a")]}, "lists 1 variables, its predictor takes 2"),
        ({"outputs": ["a", "b"]}, "names 2 outputs, its predictor has 1"),
        ({"signal_class": 2}, "signal_class is 2"),
        ({"signal_class": "first"}, "unexpected type"),
        ({"variables": [variable("a", type="FF"), variable("b")]}, "one letter"),
        ({"variables": [variable("a", minimum=float("nan")), variable("b")]}, "not a number"),
        ({"analysis_type": "Regression", "targets": [variable("t"), variable("u")]}, "2 targets and 1 outputs"),
        ({"analysis_type": "Multiclass"}, "2 classes and 1 outputs"),
    ],
)
def test_info_that_does_not_fit_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(diskern.InvalidArgument, match=message):
        _core.Model(info(**changes), None, forest())


def test_text_that_is_no_utf8_cannot_be_written() -> None:
    with pytest.raises((diskern.InvalidArgument, UnicodeEncodeError)):
        _core.Model(info(title="\udcff"), None, forest()).to_bytes()


def test_outputs_are_named_when_nobody_does() -> None:
    model = _core.Model(info(outputs=[]), None, forest())
    assert model.info["outputs"] == ["Forest"]
    target = [variable("energy")]
    model = _core.Model(info(outputs=[], analysis_type="Regression", targets=target, classes=[]), None, forest())
    assert model.info["outputs"] == ["energy"]


def test_files_that_are_no_models(tmp_path: Path, model: diskern.Model) -> None:
    with pytest.raises(FileNotFoundError):
        diskern.load(tmp_path / "absent.diskern")
    with pytest.raises(IsADirectoryError):
        diskern.load(tmp_path)
    with pytest.raises(diskern.InvalidArgument, match="No such file"):
        _core.load_model(str(tmp_path / "absent.diskern"))
    path = tmp_path / "model.diskern"
    for content, message in (
        (b"", "neither"),
        (b"PK\x03\x04 something else", "neither"),
        (model.to_bytes()[:-1], "cut off"),
        (model.to_bytes() + b"x", "appended"),
        (b"\x1f\x8b broken", "gzip"),
    ):
        path.write_bytes(content)
        with pytest.raises(diskern.FormatError, match=message) as error:
            diskern.load(path)
        assert str(path) in str(error.value)


def test_saving_where_it_cannot_be_done(tmp_path: Path, model: diskern.Model) -> None:
    with pytest.raises(diskern.InvalidArgument, match=r"cannot write .*No such file"):
        model.save(tmp_path / "no" / "such" / "folder.diskern")
    with pytest.raises(diskern.InvalidArgument, match=r"cannot write .*directory"):
        model.save(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(diskern.InvalidArgument, match=r"cannot write .*Not a directory"):
        model.save(tmp_path / "file" / "model.diskern")
    folder = tmp_path / "readonly"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(diskern.InvalidArgument, match=r"cannot write .*Permission denied"):
            model.save(folder / "model.diskern")
        assert not list(folder.iterdir())
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, model: diskern.Model) -> None:
    path = tmp_path / "model.diskern"
    path.write_bytes(b"old")
    script = f"""
import resource, signal, sys, diskern
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = diskern.Model(bytes.fromhex(sys.stdin.read()))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    model.save({str(path)!r})
except diskern.InvalidArgument as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], input=model.to_bytes().hex(), capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout, done.stderr
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.diskern"]


def test_mode_of_an_existing_file_is_kept(tmp_path: Path, model: diskern.Model) -> None:
    path = tmp_path / "model.diskern"
    path.write_bytes(b"old")
    path.chmod(0o640)
    model.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert diskern.load(path) == model


def test_memory_is_reported(model: diskern.Model) -> None:
    assert len(model.to_bytes()) <= model.memory_bytes < 10 * len(model.to_bytes())


def test_responses_from_the_columns_that_expressions_read(model: diskern.Model) -> None:
    assert model.inputs == ("E", "p", "pt")
    generator = np.random.default_rng(5)
    columns = {name: generator.uniform(0, 5, 200) for name in ("pt", "unused", "p")}
    columns["E"] = np.hypot(columns["p"], generator.uniform(0, 2, 200))
    mass = np.sqrt(columns["E"] * columns["E"] - columns["p"] * columns["p"])
    expected = model.evaluate({"mass": mass, "pt": columns["pt"]})
    np.testing.assert_array_equal(model.evaluate_inputs(columns), expected)
    array = np.column_stack([columns[name] for name in model.inputs])
    np.testing.assert_array_equal(model.evaluate_inputs(array), expected)
    with pytest.raises(diskern.InvalidArgument, match="lacks the columns pt"):
        model.evaluate_inputs({"E": mass, "p": mass})
    with pytest.raises(diskern.InvalidArgument, match="2 columns, the model reads 3"):
        model.evaluate_inputs(array[:, :2])


def test_evaluate_computes_expressions_from_their_columns(model: diskern.Model) -> None:
    generator = np.random.default_rng(6)
    columns = {name: generator.uniform(0, 5, 200) for name in ("pt", "unused", "p")}
    columns["E"] = np.hypot(columns["p"], generator.uniform(0, 2, 200))
    expected = model.evaluate_inputs(columns)
    assert len(np.unique(expected)) > 1
    np.testing.assert_array_equal(model.evaluate(columns), expected)
    structured = np.zeros(200, [(name, "f8") for name in columns])
    for name, values in columns.items():
        structured[name] = values
    np.testing.assert_array_equal(model.evaluate(structured), expected)
    # A column of the variable itself comes first.
    np.testing.assert_array_equal(
        model.evaluate(columns | {"mass": np.zeros(200)}), model.evaluate({"mass": np.zeros(200), "pt": columns["pt"]})
    )
    with pytest.raises(diskern.InvalidArgument, match="'mass' is missing"):
        model.evaluate({"E": columns["E"], "pt": columns["pt"]})
    with pytest.raises(diskern.InvalidArgument, match="column 'E' has 3"):
        model.evaluate(columns | {"E": np.ones(3)})


def test_expressions_that_cannot_be_computed_are_named() -> None:
    variables = [variable("good"), variable("bad", "no_such_function(x) +")]
    model = diskern.Model(_core.Model(info(variables=variables), None, forest()))
    with pytest.raises(diskern.InvalidArgument, match="variable 'bad' cannot be computed"):
        _ = model.inputs
    assert model.evaluate(np.zeros((3, 2))).shape == (3, 1)
