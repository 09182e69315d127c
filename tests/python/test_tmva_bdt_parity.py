"""Forests of the real TMVA 4.2.1, reproduced: the same trees, boost weights and responses.

Most need the stored trainings (``tmva_trained`` of the data folder); ``tests/data/tmva_bdt_parity.npz`` holds a part of
them for machines without. docs/notes/tmva-parity-bdt.md has the figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tmva_reference as reference
from diskern import _core
from diskern.tmva.methods.base import AnalysisType, TrainedMethod, TrainingSample
from diskern.tmva.methods.bdt import BDT
from diskern.tmva.options import parse_options

# The bookings of the stored trainings, as their results.json has them.
VARIANT = "MaxDepth=3:MinNodeSize=2.5%:nCuts=20:"
TUTORIAL = {
    "BDT": "NTrees=850:MinNodeSize=2.5%:MaxDepth=3:BoostType=AdaBoost:AdaBoostBeta=0.5:UseBaggedBoost"
    ":BaggedSampleFraction=0.5:SeparationType=GiniIndex:nCuts=20",
    "BDTG": "NTrees=1000:MinNodeSize=2.5%:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost:BaggedSampleFraction=0.5"
    ":nCuts=20:MaxDepth=2",
    "BDTB": "NTrees=400:BoostType=Bagging:SeparationType=GiniIndex:nCuts=20",
    "BDTF": "NTrees=50:MinNodeSize=2.5%:UseFisherCuts:MaxDepth=3:BoostType=AdaBoost:AdaBoostBeta=0.5"
    ":SeparationType=GiniIndex:nCuts=20",
    "BDTD": "NTrees=400:MinNodeSize=5%:MaxDepth=3:BoostType=AdaBoost:SeparationType=GiniIndex:nCuts=20",
}
VARIANTS = {
    "BDT_1tree": VARIANT + "NTrees=1:BoostType=AdaBoost",
    "BDT_ada": VARIANT + "NTrees=50:BoostType=AdaBoost:AdaBoostBeta=0.5",
    "BDT_defaults": "",
    "BDTG_1": VARIANT + "NTrees=1:BoostType=Grad:Shrinkage=1.0",
    "BDTG_10": VARIANT + "NTrees=10:BoostType=Grad:Shrinkage=0.1",
    "BDTG_100": VARIANT + "NTrees=100:BoostType=Grad:Shrinkage=0.1",
    "BDTG_defaults": "BoostType=Grad",
    "BDT_ada_exact": "NTrees=20:MaxDepth=3:MinNodeSize=2.5%:nCuts=-1:BoostType=AdaBoost:AdaBoostBeta=0.5",
    "BDT_ada_CE": VARIANT + "NTrees=50:SeparationType=CrossEntropy",
    "BDT_ada_MisCl": VARIANT + "NTrees=50:SeparationType=MisClassificationError",
    "BDT_ada_SDiv": VARIANT + "NTrees=50:SeparationType=SDivSqrtSPlusB",
    "BDT_ada_GiniL": VARIANT + "NTrees=50:SeparationType=GiniIndexWithLaplace",
    "BDT_ada_noyn": VARIANT + "NTrees=50:UseYesNoLeaf=F",
    "BDT_real": VARIANT + "NTrees=50:BoostType=RealAdaBoost",
    "BDT_bag": "NTrees=50:MaxDepth=3:nCuts=20:BoostType=Bagging",
    "BDT_grid": VARIANT + "NTrees=50:UseExclusiveVars=T",
    "BDT_pruneCC": "NTrees=20:MaxDepth=6:MinNodeSize=1%:nCuts=20:PruneMethod=CostComplexity:PruneStrength=5",
    "BDT_pruneEE": "NTrees=20:MaxDepth=6:MinNodeSize=1%:nCuts=20:PruneMethod=ExpectedError:PruneStrength=3",
    "BDTG_D": "NTrees=50:MaxDepth=3:nCuts=20:BoostType=Grad:Shrinkage=0.1",
}
RANDOM_FOREST = "NTrees=50:MaxDepth=10:nCuts=20:BoostType=Bagging:UseRandomisedTrees=True:UseNvars=2"
REGRESSION_BDT = (
    "NTrees=100:MinNodeSize=1.0%:BoostType=AdaBoostR2:SeparationType=RegressionVariance:nCuts=20"
    ":PruneMethod=CostComplexity:PruneStrength=30"
)
REGRESSION_BDTG = "NTrees=2000:BoostType=Grad:Shrinkage=0.1:UseBaggedBoost:BaggedSampleFraction=0.5:nCuts=20:MaxDepth=4"
MULTICLASS = "NTrees=1000:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost:BaggedSampleFraction=0.50:nCuts=20:MaxDepth=2"


def train(
    booking: str,
    training: reference.Training,
    analysis: AnalysisType = "Classification",
    classes: tuple[str, ...] = ("Signal", "Background"),
) -> TrainedMethod:
    values, _ = parse_options(booking, BDT.options, _defaults=BDT.defaults(analysis))
    n_variables = training.variables.shape[1]
    sample = TrainingSample(
        training.variables,
        training.class_index,
        training.targets,
        training.weight,
        tuple(f"var{j + 1}" for j in range(n_variables)),
        ("F",) * n_variables,
        classes,
    )
    return BDT("BDT", analysis, values).train(sample)


def decorrelate(training: reference.Training, root: Any) -> None:
    """TMVA's VarTransform=D with the matrix of the weight file (of all classes)."""
    size = training.variables.shape[1]
    text = root.findall("Transformations/Transform/Matrix")[-1].text
    matrix = np.array(text.split(), np.float64).reshape(size, size)
    for name in ("variables", "test_variables"):
        events: NDArray[np.float32] = getattr(training, name)
        moved = np.zeros(events.shape)
        for j in range(size):
            moved += matrix[:, j] * events[:, j : j + 1].astype(np.float64)
        setattr(training, name, moved.astype(np.float32))


def stored_tree(node: Any, n_variables: int) -> list[tuple[Any, ...]]:
    """Pre-order, right branch last: ("cut", variable, cut, cType) and ("leaf", nType, purity, res)."""
    children = node.findall("Node")
    if not children:
        return [("leaf", int(node.get("nType")), np.float32(node.get("purity")), np.float32(node.get("res")))]
    left, right = sorted(children, key=lambda child: child.get("pos"))
    variable = int(node.get("IVar"))
    coefficients = float(node.get("NCoef")) and [float(node.get(f"fC{j}")) for j in range(n_variables + 1)]
    cut = float(node.get("Cut")) - (coefficients[n_variables] if coefficients else 0.0)
    own = ("cut", variable, cut, int(node.get("cType")), tuple(coefficients[:-1]) if coefficients else ())
    return [own, *stored_tree(left, n_variables), *stored_tree(right, n_variables)]


def our_tree(forest: _core.Forest, index: int, regression: bool) -> list[tuple[Any, ...]]:
    tree = forest.tree(index)
    n_variables = forest.input_count

    def walk(node: int) -> list[tuple[Any, ...]]:
        if tree["feature"][node] == -1:
            response = np.float32(tree["value"][node]) if regression else np.float32(-99)
            return [("leaf", int(tree["node_type"][node]), np.float32(tree["purity"][node]), response)]
        swapped = bool(tree["swapped"][node])
        left, right = (tree["left"], tree["right"]) if not swapped else (tree["right"], tree["left"])
        feature = int(tree["feature"][node])
        coefficients: tuple[float, ...] = ()
        if feature < 0:
            begin = tree["linear_begin"][node]
            coefficients = tuple(tree["linear_coefficients"][begin : begin + n_variables].tolist())
            feature = n_variables
        own = ("cut", feature, float(tree["threshold"][node]), 0 if swapped else 1, coefficients)
        return [own, *walk(int(left[node])), *walk(int(right[node]))]

    return walk(0)


def equal_trees(stored: list[tuple[Any, ...]], ours: list[tuple[Any, ...]]) -> bool:
    if len(stored) != len(ours):
        return False
    for a, b in zip(stored, ours, strict=True):
        if a[0] != b[0] or a[1] != b[1]:
            return False
        if a[0] == "leaf":
            if not np.allclose(a[2:], b[2:], rtol=1e-5, atol=1e-6):
                return False
        elif a[3] != b[3] or not np.allclose(a[4], b[4], rtol=1e-9) or not np.isclose(a[2], b[2], rtol=1e-7, atol=1e-9):
            return False
    return True


def count_equal_trees(forest: _core.Forest, root: Any, regression: bool = False) -> int:
    """How many trees agree, from the first one on."""
    stored = root.find("Weights").findall("BinaryTree")
    for index, element in enumerate(stored):
        if index >= forest.tree_count:
            return index
        if not equal_trees(stored_tree(element.find("Node"), forest.input_count), our_tree(forest, index, regression)):
            return index
    return len(stored)


def boost_weights(root: Any) -> NDArray[np.float64]:
    return np.array([float(tree.get("boostWeight")) for tree in root.find("Weights").findall("BinaryTree")])


CASES = [("class_variants", name, booking) for name, booking in VARIANTS.items()]
CASES += [("class_tut", name, booking) for name, booking in TUTORIAL.items()]
DECORRELATED = ("BDTD", "BDTG_D")
SMALL = [case for case in CASES if case[1] not in DECORRELATED]


@pytest.mark.parametrize(("folder", "name", "booking"), CASES, ids=[f"{folder}-{name}" for folder, name, _ in CASES])
def test_every_tree_and_every_response_is_tmvas(data_directory: Path, folder: str, name: str, booking: str) -> None:
    training = reference.load(data_directory, folder)
    root = reference.weight_file(data_directory, folder, name)
    if root.findall("Transformations/Transform"):
        decorrelate(training, root)
    trained = train(booking, training)
    forest = trained.predictor
    assert isinstance(forest, _core.Forest)
    stored = boost_weights(root)
    regression = "BoostType=Grad" in booking
    assert count_equal_trees(forest, root, regression) == forest.tree_count == len(stored)
    assert np.abs(forest.tree_weight - stored).max() <= 1e-12
    difference = forest.evaluate(training.test_variables)[:, 0] - reference.responses(data_directory, folder, name)
    assert np.abs(difference).max() < 1e-6


@pytest.mark.parametrize(("folder", "name", "booking"), SMALL, ids=[f"{folder}-{name}" for folder, name, _ in SMALL])
def test_responses_without_the_shared_data(folder: str, name: str, booking: str) -> None:
    with np.load(Path(__file__).parents[1] / "data" / "tmva_bdt_parity.npz") as stored:
        variables, class_index = stored[f"{folder}/variables"], stored[f"{folder}/class_index"].astype(np.int32)
        test, expected = stored[f"{folder}/test_variables"], stored[f"{folder}/{name}"]
        weight = stored[f"{folder}/weight"]
    none = np.empty((len(weight), 0), np.float32)
    training = reference.Training(variables, class_index, weight, none, test, class_index, weight, none)
    ours = train(booking, training).predictor.evaluate(test)[:, 0]
    assert np.abs(ours - expected).max() < 1e-6


def test_randomised_trees_after_the_first(data_directory: Path) -> None:
    """TMVA seeds the choice of variables with the number of the tree, and 0 means "any" to ROOT."""
    training = reference.load(data_directory, "class_variants")
    root = reference.weight_file(data_directory, "class_variants", "BDT_rf")
    forest = train(RANDOM_FOREST, training).predictor
    assert isinstance(forest, _core.Forest)
    stored = root.find("Weights").findall("BinaryTree")
    equal = [
        equal_trees(stored_tree(stored[t].find("Node"), 4), our_tree(forest, t, False)) for t in range(len(stored))
    ]
    assert equal[1:] == [True] * 49


def test_multiclass(data_directory: Path) -> None:
    training = reference.load(data_directory, "multiclass")
    root = reference.weight_file(data_directory, "multiclass", "BDTG")
    classes = ("Signal", "bg0", "bg1", "bg2")
    forest = train(MULTICLASS, training, "Multiclass", classes).predictor
    assert isinstance(forest, _core.Forest)
    assert forest.tree_count == 4000
    assert count_equal_trees(forest, root, regression=True) == 4000
    ours = forest.evaluate(training.test_variables)
    theirs = np.stack([reference.responses(data_directory, "multiclass", f"BDTG.{name}") for name in classes], axis=1)
    assert np.abs(ours - theirs).max() < 1e-6


def regression_training(data_directory: Path) -> reference.Training:
    """Weights in float64, as TMVA had them (weight expression var1, normalised to the number of events)."""
    training = reference.load(data_directory, "reg")
    raw = training.variables[:, 0].astype(np.float64)
    assert np.allclose(training.weight, raw * (len(raw) / raw.sum()), rtol=1e-6)
    training.weight = raw * (len(raw) / raw.sum())
    return training


@pytest.mark.parametrize(("name", "booking"), [("BDT", REGRESSION_BDT), ("BDTG", REGRESSION_BDTG)])
def test_regression(data_directory: Path, name: str, booking: str) -> None:
    training = regression_training(data_directory)
    root = reference.weight_file(data_directory, "reg", name)
    forest = train(booking, training, "Regression", ("Regression",)).predictor
    assert isinstance(forest, _core.Forest)
    stored = boost_weights(root)
    assert count_equal_trees(forest, root, regression=True) == forest.tree_count == len(stored)
    if name == "BDT":
        assert np.array_equal(forest.tree_weight, stored)  # every bit
    else:
        assert forest.base_score[0] == stored[0]  # TMVA keeps the start value there
    theirs = reference.responses(data_directory, "reg", name)
    ours = forest.evaluate(training.test_variables)[:, 0]
    assert np.abs(ours - theirs).max() < 2e-5  # targets up to 391 in float32


@pytest.mark.parametrize(("folder", "name", "booking"), CASES[:2] + CASES[-5:-2])
def test_ranking_is_tmvas(data_directory: Path, folder: str, name: str, booking: str) -> None:
    training = reference.load(data_directory, folder)
    trained = train(booking, training)
    labels = {f"var{j + 1}": label for j, label in enumerate(reference.VARIABLES[folder])}
    ours = [(labels[name], value) for name, value in trained.ranking]
    printed = reference.printed_ranking(data_directory, folder, name)
    assert [label for label, _ in ours] == [label for label, _ in printed]
    assert [value for _, value in ours] == pytest.approx([value for _, value in printed], rel=2e-3)


def test_threads_change_no_bit(data_directory: Path) -> None:
    training = reference.load(data_directory, "class_variants")
    values, _ = parse_options(VARIANTS["BDT_ada"], BDT.options, _defaults=BDT.defaults("Classification"))
    forests = []
    for threads in (1, 2, 4):
        sample = TrainingSample(
            training.variables,
            training.class_index,
            training.targets,
            training.weight,
            ("a", "b", "c", "d"),
            ("F",) * 4,
            ("Signal", "Background"),
        )
        trained = BDT("BDT", "Classification", values).train(sample, threads=threads)
        forests.append(trained.predictor.evaluate(training.test_variables, threads=threads))
    assert np.array_equal(forests[0], forests[1])
    assert np.array_equal(forests[0], forests[2])
