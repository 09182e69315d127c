"""The Reader: names, orders, arrays, single events, both kinds of files."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import _core
from diskern.tmva import Reader


def stump(cut: float, feature: int) -> dict[str, Any]:
    return {
        "feature": [feature, -1, -1],
        "threshold": [cut, 0.0, 0.0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [1, 0, 0],
        "value": [0.0, -1.0, 1.0],
    }


def variable(label: str, expression: str | None = None) -> dict[str, Any]:
    return {"expression": expression or label, "label": label, "title": label, "internal": label, "type": "F"}


VARIABLES = [variable("sum", "a+b"), variable("c"), variable("d*d")]


def model(**changes: Any) -> diskern.Model:
    info = {
        "method": "BDT",
        "title": "Forest",
        "analysis_type": "Classification",
        "variables": VARIABLES,
        "spectators": [variable("run")],
        "classes": ["Signal", "Background"],
        "outputs": ["response"],
    } | changes
    trees = [stump(0.0, 0), stump(1.0, 1), stump(2.0, 2)]
    return diskern.Model(_core.Model(info, None, _core.Forest(3, trees, tree_weight=[4.0, 2.0, 1.0])))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    model().save(tmp_path / "model.diskern")
    return tmp_path / "model.diskern"


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=50).astype(np.float32) for name in "abcd"}


def expected(columns: dict[str, np.ndarray]) -> np.ndarray:
    x = np.column_stack([columns["a"] + columns["b"], columns["c"], columns["d"] ** 2]).astype(np.float32)
    return model().evaluate(x)[:, 0]


def test_whole_arrays(path: Path, columns) -> None:
    import pandas

    reader = Reader()
    for name in ("sum := a+b", "c", "d*d"):
        reader.AddVariable(name)
    reader.AddSpectator("run")
    reader.BookMVA("BDT", path)
    want = expected(columns)
    assert len(set(want)) > 3
    by_name = {"sum": columns["a"] + columns["b"], "c": columns["c"], "d*d": columns["d"] ** 2, "other": np.zeros(50)}
    matrix = np.column_stack([by_name[name] for name in ("sum", "c", "d*d")])
    structured = np.rec.fromarrays([by_name["sum"], by_name["c"], by_name["d*d"]], names="sum,c,d*d")
    for events in (by_name, pandas.DataFrame(by_name), matrix, matrix.tolist(), np.asfortranarray(matrix), structured):
        response = reader.EvaluateMVA(events, "BDT")
        np.testing.assert_array_equal(response, want)
        assert response.shape == (50,)
    np.testing.assert_array_equal(reader.EvaluateMVA("BDT", matrix), want)
    np.testing.assert_array_equal(reader.EvaluateMVA(matrix, "BDT", threads=2), want)
    assert reader.EvaluateMVA(np.empty((0, 3)), "BDT").shape == (0,)


def test_expressions_are_evaluated_on_the_columns_they_read(path: Path, columns) -> None:
    reader = Reader()
    reader.BookMVA("BDT", path)  # without declared variables those of the model hold
    np.testing.assert_array_equal(reader.EvaluateMVA(columns, "BDT"), expected(columns))
    mixed = {"a+b": columns["a"] + columns["b"], "c": columns["c"], "d": columns["d"]}
    np.testing.assert_array_equal(reader.EvaluateMVA(mixed, "BDT"), expected(columns))


def test_single_events(path: Path, columns) -> None:
    want = expected(columns)
    total, c, d = array("f", [0]), np.zeros(1, np.float32), array("d", [0])
    reader = Reader("!Color:Silent")
    reader.AddVariable("sum := a+b", total)
    reader.AddVariable("c", c)
    reader.AddVariable("d*d", d)
    reader.BookMVA("BDT", str(path))
    for i in range(5):
        total[0] = columns["a"][i] + columns["b"][i]
        c[0] = columns["c"][i]
        d[0] = columns["d"][i] ** 2
        response = reader.EvaluateMVA("BDT")
        assert isinstance(response, float)
        assert response == want[i]
        assert reader.EvaluateMVA("BDT", 0.9) == want[i]  # TMVA's aux, for cuts
        assert reader.EvaluateMVA([total[0], c[0], d[0]], "BDT") == want[i]
        assert reader.EvaluateMVA({name: columns[name][i] for name in "abcd"}, "BDT") == want[i]


@pytest.mark.parametrize("names", [("sum := a+b", "c", "d*d"), ("sum", "c", "d*d"), ("a + b", "c", "d * d")])
def test_names_that_agree(path: Path, names) -> None:
    reader = Reader()
    for name in names:
        reader.AddVariable(name)
    reader.BookMVA("BDT", path)


@pytest.mark.parametrize(
    "names",
    [
        ("c", "sum := a+b", "d*d"),
        ("sum := a+b", "c"),
        ("sum := a+b", "c", "d*d", "e"),
        ("sum := a-b", "c", "d*d"),
        ("total := a+b", "c", "d*d"),
    ],
)
def test_names_that_do_not_agree(path: Path, names) -> None:
    reader = Reader()
    for name in names:
        reader.AddVariable(name)
    with pytest.raises(_core.InvalidArgument, match="other variables or in another order") as caught:
        reader.BookMVA("BDT", path)
    assert "model:  sum := a+b, c, d*d" in str(caught.value)
    assert f"Reader: {', '.join(names)}" in str(caught.value)
    with pytest.raises(_core.InvalidArgument, match="no model is booked as 'BDT'"):
        reader.EvaluateMVA("BDT")


def test_spectators_are_optional_but_checked(path: Path) -> None:
    reader = Reader()
    reader.AddSpectator("rum", array("f", [0]))
    with pytest.raises(_core.InvalidArgument, match=r"no spectator 'rum'.\n  model:  run\n  Reader: rum"):
        reader.BookMVA("BDT", path)


def test_errors(path: Path, columns) -> None:
    reader = Reader()
    with pytest.raises(_core.InvalidArgument, match="unknown option 'Slient'; did you mean 'Silent'"):
        Reader("Slient")
    with pytest.raises(_core.InvalidArgument, match="element 0 that is a number"):
        reader.AddVariable("c", 3.0)
    with pytest.raises(_core.InvalidArgument, match="expected an expression"):
        reader.AddVariable("")
    with pytest.raises(FileNotFoundError):
        reader.BookMVA("BDT", path.parent / "nothing.diskern")
    (path.parent / "there.diskern").write_bytes(path.read_bytes())
    with pytest.raises(FileNotFoundError, match=r"Diskern's model '.*there\.diskern': book that"):
        reader.BookMVA("BDT", path.parent / "there.weights.xml")
    (path.parent / "truncated.diskern").write_bytes(path.read_bytes()[:-9])
    with pytest.raises(_core.FormatError):
        reader.BookMVA("BDT", path.parent / "truncated.diskern")
    reader.BookMVA("BDT", path)
    with pytest.raises(_core.InvalidArgument, match="already booked as 'BDT'"):
        reader.BookMVA("BDT", path)
    with pytest.raises(_core.InvalidArgument, match="comes after BookMVA"):
        reader.AddVariable("c")
    with pytest.raises(_core.InvalidArgument, match="comes after BookMVA"):
        reader.AddSpectator("run")
    with pytest.raises(_core.InvalidArgument, match="no model is booked as 'BTD'; did you mean 'BDT'"):
        reader.EvaluateMVA(columns, "BTD")
    with pytest.raises(_core.InvalidArgument, match="no variables were declared"):
        reader.EvaluateMVA("BDT")
    with pytest.raises(_core.InvalidArgument, match=r"shape \(events, 3\): sum, c, d\*d; got \(50, 4\)"):
        reader.EvaluateMVA(np.zeros((50, 4)), "BDT")
    with pytest.raises(_core.InvalidArgument, match="a single event must have 3 values"):
        reader.EvaluateMVA(np.zeros(50), "BDT")
    with pytest.raises(_core.InvalidArgument, match=r"missing b; did you mean 'bb'\?|missing b"):
        reader.EvaluateMVA({"a": columns["a"], "c": columns["c"], "d": columns["d"]}, "BDT")
    with pytest.raises(_core.InvalidArgument, match="vectors of one length"):
        reader.EvaluateMVA({**columns, "c": columns["c"][:4]}, "BDT")
    with pytest.raises(_core.InvalidArgument, match="must be numbers"):
        reader.EvaluateMVA([["a", "b", "c"]], "BDT")
    with pytest.raises(_core.InvalidArgument, match=r"expected \(tag\)"):
        reader.EvaluateMVA()
    with pytest.raises(_core.InvalidArgument, match="is a Classification model"):
        reader.EvaluateRegression(columns, "BDT")


def test_values_are_needed_event_by_event(path: Path) -> None:
    reader = Reader()
    reader.AddVariable("sum := a+b", array("f", [0]))
    reader.AddVariable("c")
    reader.AddVariable("d*d")
    with pytest.raises(_core.InvalidArgument, match="'c' is declared twice"):
        reader.AddVariable("c")
    reader.BookMVA("BDT", path)
    with pytest.raises(_core.InvalidArgument, match=r"c, d\*d declared without a value"):
        reader.EvaluateMVA("BDT")


def test_regression(tmp_path: Path, columns) -> None:
    target = variable("energy")
    model(analysis_type="Regression", targets=[target], outputs=["energy"], classes=["Regression"]).save(
        tmp_path / "regression.diskern"
    )
    reader = Reader()
    reader.BookMVA("LD", tmp_path / "regression.diskern")
    want = expected(columns)
    np.testing.assert_array_equal(reader.EvaluateRegression(columns, "LD")[:, 0], want)
    np.testing.assert_array_equal(reader.EvaluateRegression(0, columns, "LD"), want)
    np.testing.assert_array_equal(reader.EvaluateMVA(columns, "LD"), want)
    event = {name: values[0] for name, values in columns.items()}
    assert reader.EvaluateRegression(event, "LD") == [want[0]]
    assert reader.EvaluateRegression(0, event, "LD") == want[0]
    with pytest.raises(_core.InvalidArgument, match=r"index 1 is not in 0\.\.0"):
        reader.EvaluateRegression(1, columns, "LD")
    with pytest.raises(_core.InvalidArgument, match="is a Regression model"):
        reader.EvaluateMulticlass(columns, "LD")


def test_booked_model_is_found(path: Path) -> None:
    reader = Reader("V")
    assert reader.BookMVA("BDT", path) is reader.FindMVA("BDT")
