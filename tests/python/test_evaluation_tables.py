"""Tables and JSON of whole comparisons, from TMVA's stored responses and from small samples by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diskern import _core, evaluation
from diskern.data.sample import DataSet, DataSetInfo, Sample, VariableInfo
from diskern.tmva.methods.base import LearningCurve
from diskern.tmva.results import FactoryResults, MethodResult


def make_sample(variables, class_index, weight, targets=None) -> Sample:
    n = len(class_index)
    return Sample(
        np.ascontiguousarray(variables, np.float32),
        np.asarray(class_index, np.int32),
        np.asarray(weight, np.float64),
        np.asarray(weight, np.float64),
        np.empty((n, 0), np.float32) if targets is None else np.asarray(targets, np.float32),
    )


def make_info(variables, classes, targets=()) -> DataSetInfo:
    def described(names):
        return tuple(VariableInfo(name, name, name) for name in names)

    return DataSetInfo(described(variables), (), described(targets), tuple(classes))


def from_tmva(folder: Path, variables, classes, analysis_type, titles, targets=()) -> FactoryResults:
    samples, responses = {}, {}
    for name in ("train", "test"):
        events = np.load(folder / f"{name}_events.npz")
        stored = np.load(folder / f"{name}_responses.npz")
        x = np.stack([events[v] for v in variables], axis=1)
        t = np.stack([events[v] for v in targets], axis=1) if targets else None
        samples[name] = make_sample(x, events["classID"], events["weight"], t)
        for title in titles:
            names = [f"{title}.{c}" for c in classes] if analysis_type == "Multiclass" else [title]
            responses[title, name] = np.stack([stored[n] for n in names], axis=1).astype(np.float64)
    data = DataSet("dataset", make_info(variables, classes, targets), samples["train"], samples["test"])
    methods = [
        MethodResult(
            title, "BDT", {"NTrees": 5}, analysis_type, responses[title, "train"], responses[title, "test"], 2, 1
        )
        for title in titles
    ]
    return FactoryResults("job", analysis_type, data, methods)


@pytest.fixture
def trained(data_directory: Path) -> Path:
    folder = data_directory / "tmva_trained"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


def test_classification(trained: Path) -> None:
    results = from_tmva(
        trained / "class_tut",
        ["myvar1", "myvar2", "var3", "var4"],
        ["Signal", "Background"],
        "Classification",
        ["BDT", "Fisher"],
    )
    results.methods[0].curves = [LearningCurve("loss", np.arange(3.0), np.array([1.0, np.nan, 0.5]))]
    evaluation.evaluate(results)
    fisher = results.methods[1].metrics
    assert fisher["roc_integral"] == pytest.approx(0.91897516, abs=1e-6)
    assert fisher["efficiency_at_background"]["0.30"]["test"] == pytest.approx(0.922, abs=0.002)
    assert fisher["class_weights"]["Background"]["training"]["sum_of_weights"] == pytest.approx(1000, rel=1e-5)
    bdt = results.methods[0].metrics
    assert bdt["overtraining"]["background"]["p_value"] < 0.01 < fisher["overtraining"]["background"]["p_value"]
    assert np.sum(fisher["confusion_matrix"]) == pytest.approx(results.dataset.test.weight.sum())
    # The cut was found on the training sample: efficiencies balance there, and roughly on the test sample.
    assert fisher["sensitivity"] == pytest.approx(fisher["specificity"], abs=0.04)
    built = {table.title.split(",")[0]: table for table in evaluation.tables(results)}
    first = built["Evaluation results ranked by best signal efficiency and purity (area)"]
    assert [row[0] for row in first.rows] == ["Fisher", "BDT"]
    assert first.rows[0][1] == "0.9190"
    assert first.rows[1][4].startswith("0.640 (0.00")
    assert all(len(row) == len(table.columns) for table in built.values() for row in table.rows)
    assert [row[1] for row in evaluation.input_tables(results)[-1].rows] == ["var4", "var3", "myvar1", "myvar2"]
    text = json.dumps(evaluation.results_to_json(results), allow_nan=False)
    content = json.loads(text)
    assert content["methods"][0]["curves"][0]["training"] == [1.0, None, 0.5]
    assert len(content["methods"][1]["metrics"]["roc"]["signal_efficiency"]) == 201
    assert content["dataset"]["classes"] == ["Signal", "Background"]


def test_multiclass(trained: Path) -> None:
    classes = ["Signal", "bg0", "bg1", "bg2"]
    results = from_tmva(trained / "multiclass", ["var1", "var2", "var3", "var4"], classes, "Multiclass", ["BDTG"])
    evaluation.evaluate(results)
    expected = json.loads((trained / "multiclass" / "results.json").read_text())["BDTG"]
    metrics = results.methods[0].metrics
    assert metrics["accuracy"] == pytest.approx(expected["accuracy"])
    for name in classes:
        assert metrics["classes"][name]["roc_integral"] == pytest.approx(expected["auc_ovr"][name], abs=1e-6)
    assert metrics["pairwise"]["0.10"][0][0] is None
    assert metrics["pairwise"]["0.10"][0][2] > 0.9
    text = "\n".join(str(table) for table in evaluation.tables(results))
    assert "Confusion matrix of BDTG" in text
    json.dumps(evaluation.results_to_json(results), allow_nan=False)


def test_regression(trained: Path) -> None:
    results = from_tmva(trained / "reg", ["var1", "var2"], ["Regression"], "Regression", ["LD", "BDTG"], ["fvalue"])
    evaluation.evaluate(results)
    test, training = evaluation.tables(results)[:2]
    assert [row[0] for row in test.rows] == ["BDTG", "LD"]
    assert test.rows[1][1:5] == ["-0.08322", "1.614", "19.75", "17.85"]
    assert "training" in training.title
    inputs = evaluation.input_tables(results)[-1]
    assert [row[1] for row in inputs.rows] == ["var2", "var1"]
    # TMVA's log says 0.742 and 0.600, from its histograms.
    np.testing.assert_allclose([float(row[2]) for row in inputs.rows], [0.742, 0.600], atol=0.02)
    json.dumps(evaluation.results_to_json(results), allow_nan=False)


def small(response_test, weight_test, response_training=None) -> FactoryResults:
    training = make_sample([[0.0], [1.0], [2.0], [3.0]], [1, 1, 0, 0], [1.0, 1.0, 1.0, 1.0])
    test = make_sample(np.zeros((len(weight_test), 1)), [0, 1, 0, 1][: len(weight_test)], weight_test)
    data = DataSet("dataset", make_info(["x"], ["Signal", "Background"]), training, test)
    response_training = [[0.0], [1.0], [2.0], [3.0]] if response_training is None else response_training
    method = MethodResult(
        "M", "BDT", {}, "Classification", np.array(response_training), np.array(response_test).reshape(-1, 1), 0.0, 0.0
    )
    return FactoryResults("job", "Classification", data, [method])


def test_perfect_and_constant_responses_have_finite_tables() -> None:
    for response in ([1.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.5]):
        results = small(response, [1.0, 1.0, 2.0, 1.0])
        evaluation.evaluate(results)
        assert "nan" not in "\n".join(str(table) for table in evaluation.tables(results)).lower()
        json.dumps(evaluation.results_to_json(results), allow_nan=False)


def test_the_cut_of_the_method_is_used() -> None:
    results = small([0.9, 0.2, 0.3, 0.1], [1.0, 1.0, 1.0, 1.0])
    results.methods[0].signal_cut = 0.5
    evaluation.evaluate(results)
    assert results.methods[0].metrics["cut"] == 0.5
    assert results.methods[0].metrics["confusion_matrix"] == [[1.0, 1.0], [0.0, 2.0]]


def test_metrics_are_computed_once() -> None:
    results = small([0.9, 0.2, 0.3, 0.1], [1.0, 1.0, 1.0, 1.0])
    evaluation.evaluate(results)
    first = results.methods[0].metrics
    evaluation.evaluate(results)
    assert results.methods[0].metrics is first


def test_errors() -> None:
    with pytest.raises(_core.InvalidArgument, match="test sample is empty"):
        evaluation.evaluate(small([], []))
    with pytest.raises(_core.InvalidArgument, match="'M' cannot be evaluated: all 2 weights of the background"):
        evaluation.evaluate(small([0.9, 0.2, 0.3, 0.1], [1.0, 0.0, 1.0, 0.0]))
    with pytest.raises(_core.InvalidArgument, match="'M' has 3 responses for 4 training"):
        evaluation.evaluate(small([0.9, 0.2, 0.3, 0.1], [1.0] * 4, [[0.0], [1.0], [2.0]]))
    assert evaluation.tables(FactoryResults("job", "Classification", small([1.0], [1.0]).dataset, [])) == []
