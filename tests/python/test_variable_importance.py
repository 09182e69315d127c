"""The importance of variables and variables as classifiers."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from diskern import InvalidArgument
from diskern.evaluation import roc_curve
from diskern.tmva import Factory, MethodError, VariableImportance, VIType
from diskern.tmva.variable_importance import variable_importance
from tmva_events import class_loader, multiclass_loader, regression_loader


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory):
    return class_loader(tmp_path_factory.mktemp("importance") / "dataset", 300, "SplitMode=Random:!V")


def booked(loader, kind="LD"):
    return Factory("job", None, "Silent").BookMethod(loader, kind, kind)


def least_squares(loader, columns) -> float:
    """ROC integral of the test events with a weighted least-squares fit to some of the variables."""
    data = loader.dataset
    training, test = data.training, data.test
    A = np.column_stack([np.ones(len(training)), training.variables[:, columns].astype(np.float64)])
    root = np.sqrt(training.weight)
    coefficients = np.linalg.lstsq(A * root[:, None], (training.class_index == 0) * root, rcond=None)[0]
    response = test.variables[:, columns].astype(np.float64) @ coefficients[1:]
    return roc_curve(test.class_index == 0, response, test.weight).integral


def test_short(loader) -> None:
    result = variable_importance(booked(loader), "kShort")
    full = least_squares(loader, [0, 1, 2])
    assert result.baseline == pytest.approx(full, abs=1e-6)
    for j, name in enumerate(("x", "y", "z")):
        without = least_squares(loader, [i for i in range(3) if i != j])
        assert result.importance[name] == pytest.approx(full - without, abs=2e-6)
    assert result.ranking()[0][0] == "x"
    assert sum(result.percent().values()) == pytest.approx(100.0)
    assert result.Draw() is not None


def test_all_subsets_are_shapley_values(loader) -> None:
    result = variable_importance(booked(loader), VIType.kAll)
    value = {
        subset: least_squares(loader, list(subset)) if subset else 0.5
        for size in range(4)
        for subset in itertools.combinations(range(3), size)
    }
    # The definition: the mean, over the orders of the variables, of what each adds to those before it.
    for j, name in enumerate(("x", "y", "z")):
        gains = []
        for order in itertools.permutations(range(3)):
            before = tuple(sorted(order[: order.index(j)]))
            gains.append(value[tuple(sorted((*before, j)))] - value[before])
        assert result.importance[name] == pytest.approx(np.mean(gains), abs=2e-6)
    assert sum(result.importance.values()) == pytest.approx(result.baseline - 0.5, abs=1e-9)
    assert len(result.subsets) == 7


def test_random_subsets_and_permutations(loader) -> None:
    for kind in (VIType.kRandom, VIType.kPermutation):
        result = variable_importance(booked(loader), kind, seeds=8)
        assert result.ranking()[0][0] == "x"
        assert abs(result.importance["z"]) < 0.02 < result.importance["x"]
        assert all(error >= 0 for error in result.error.values())
        again = variable_importance(booked(loader), kind, seeds=8, threads=1)
        assert again.importance == result.importance


def test_front_ends(loader, capsys) -> None:
    factory = Factory("job", None, "!ROC")
    result = factory.EvaluateImportance(loader, 0, "Fisher", "F", "VarTransform=N")
    assert "Importance of the variables for F (Short)" in capsys.readouterr().out
    assert not factory.HasMethod(loader.name, "F") if factory._booked else True
    importance = VariableImportance(loader, Silent=True)
    importance.BookMethod("Fisher", "F", "VarTransform=N")
    importance.SetType("kshort")
    importance.Evaluate()
    assert importance.GetResults()[0].importance == result.importance


def test_other_analyses(tmp_path: Path) -> None:
    loader = regression_loader(tmp_path / "r", 600)
    loader.PrepareTrainingAndTestTree("", "SplitMode=Random:!V")
    result = variable_importance(booked(loader))
    # The target is 2x - y + 0.1 noise: without x the deviation grows to 2 of a spread of sqrt(5.01).
    assert result.figure == "RMS"
    assert result.importance["x"] == pytest.approx((2.0 - 0.1) / math.sqrt(5.01), rel=0.1)
    assert abs(result.importance["z"]) < 0.01
    loader = multiclass_loader(tmp_path / "m", 200)
    loader.PrepareTrainingAndTestTree("", "SplitMode=Random:!V")
    method = Factory("job", None, "Silent").BookMethod(loader, "BDT", "B", "BoostType=Grad:NTrees=10")
    assert variable_importance(method).ranking()[0][0] == "x"


def test_wrong_use(loader, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="kShort"):
        variable_importance(booked(loader), "short of it")
    with pytest.raises(InvalidArgument, match="seeds"):
        variable_importance(booked(loader), "kRandom", seeds=0)
    importance = VariableImportance(loader, Silent=True)
    with pytest.raises(InvalidArgument, match="no method"):
        importance.Evaluate()
    importance.BookMethod("Fisher", "F", "VarTransform=N(x)")  # a variable that some subsets lack
    with pytest.raises(MethodError, match="with the variables y, z"):
        importance.Evaluate()


def test_variables_as_classifiers(loader, tmp_path: Path) -> None:
    table = Factory("job", None, "Silent").EvaluateAllVariables(loader)
    test = loader.dataset.test
    signal = test.class_index == 0
    rows = {row[0]: row for row in table.rows}
    x, y = test.variables[:, 0].astype(float), test.variables[:, 1].astype(float)
    assert rows["x"][1:3] == [">", f"{roc_curve(signal, x, test.weight).integral:.4f}"]
    assert rows["y"][1:3] == ["<", f"{roc_curve(signal, -y, test.weight).integral:.4f}"]
    transformed = Factory("job", None, "Silent").EvaluateAllVariables(loader, "VarTransform=N")
    assert {row[0]: row[2] for row in transformed.rows} == {row[0]: row[2] for row in table.rows}
    several = multiclass_loader(tmp_path / "m", 100)
    assert len(Factory("job", None, "Silent").EvaluateAllVariables(several).rows) == 9
    with pytest.raises(InvalidArgument, match="regression"):
        Factory("job", None, "Silent").EvaluateAllVariables(regression_loader(tmp_path / "r"))
