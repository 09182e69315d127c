"""The plots of TMVA's menu beyond the first ones: checked on the artists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diskern import InvalidArgument, plotting
from diskern.evaluation import correlation_matrix, regression_metrics
from diskern.tmva import Factory
from tmva_events import class_loader, multiclass_loader, regression_loader


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    loader = class_loader(tmp_path_factory.mktemp("plots") / "dataset", 400, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "MLP", "MLP", "NCycles=5:HiddenLayers=30,2")
    factory.BookMethod(loader, "BDT", "BDT", "NTrees=12")
    factory.BookMethod(loader, "Likelihood", "Likelihood", "NAvEvtPerBin=20:NSmooth=1")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    return loader, factory


def test_scatter_profile_follows_the_mean() -> None:
    generator = np.random.default_rng(1)
    x = generator.uniform(-1, 1, 4000)
    y = 3 * x + generator.normal(size=4000)
    axes = plotting.plot_scatter(x, y, np.zeros(4000, int), np.ones(4000), class_names=("a",), labels=("x", "y"))
    profile = axes.containers[0].lines[0]
    np.testing.assert_allclose(profile.get_ydata(), 3 * profile.get_xdata(), atol=0.35)
    assert len(axes.collections[0].get_offsets()) <= 600
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def test_parallel_coordinates() -> None:
    generator = np.random.default_rng(2)
    data = generator.normal(size=(300, 4))
    data[5, 2] = np.nan
    classes = np.arange(300) % 2
    axes = plotting.plot_parallel_coordinates(data, classes, list("abcd"), events=30)
    assert len(axes.get_lines()) == 2 * 30 + 2
    with pytest.raises(ValueError, match="two at least"):
        plotting.plot_parallel_coordinates(data[:, :1], classes, ["a"])


def test_network(trained) -> None:
    _, factory = trained
    method = factory.GetMethod("MLP")
    axes = plotting.plot_network(method)
    texts = [text.get_text() for text in axes.texts]
    assert "hidden 1 (24 of 30)" in texts
    assert {"x", "y", "z", "input", "output"} <= set(texts)
    weights = [np.asarray(layer["weights"]) for layer in method.model.predictor.layers]
    largest = max(np.abs(w).max() for w in weights)
    expected = sum(int((np.abs(w[:24, :24]) > 0.02 * largest).sum()) for w in weights)
    assert len(axes.get_lines()) == expected
    with pytest.raises(InvalidArgument, match="dense network"):
        plotting.plot_network(factory.GetMethod("BDT"))


def test_boosting(trained) -> None:
    _, factory = trained
    left, right = plotting.plot_boosting(factory.GetMethod("BDT")).axes
    forest = factory.GetMethod("BDT").model.predictor
    np.testing.assert_array_equal(left.get_lines()[0].get_ydata(), forest.tree_weight)
    assert len(right.get_lines()[0].get_ydata()) == 12
    with pytest.raises(InvalidArgument, match="forest"):
        plotting.plot_boosting(factory.GetMethod("MLP"))


def test_likelihood(trained) -> None:
    loader, factory = trained
    figure = plotting.plot_likelihood(factory.GetMethod("Likelihood"))
    assert [axes.get_xlabel() for axes in figure.axes] == ["x", "y", "z"]
    # What is drawn is a density of unit area whose mean is that of the class.
    line = figure.axes[0].get_lines()[0]
    x, y = line.get_xdata(), line.get_ydata()
    sample = loader.dataset.training
    signal = sample.class_index == 0
    mean = np.average(sample.variables[signal, 0], weights=sample.weight[signal])
    assert np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2 == pytest.approx(1.0)
    assert np.sum(x * y) / np.sum(y) == pytest.approx(mean, abs=0.1)
    with pytest.raises(InvalidArgument, match="Likelihood"):
        plotting.plot_likelihood(factory.GetMethod("BDT"))


def test_deviations() -> None:
    x = np.linspace(0, 1, 2000)
    axes = plotting.plot_deviation_profile(x, 0.5 * x, np.ones(2000), label="x", target="t")
    profile = axes.containers[0].lines[0]
    np.testing.assert_allclose(profile.get_ydata(), 0.5 * profile.get_xdata(), atol=0.02)
    metrics = regression_metrics(x, x + 0.1, np.ones(2000))
    axes = plotting.plot_deviation_summary({"A": metrics, "B": metrics}, label="t")
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == pytest.approx([metrics[k] for k in ("rms", "rms_T", "bias", "bias_T") for _ in "AB"], abs=1e-12)


def test_report_has_them_and_the_correlations(trained, tmp_path: Path) -> None:
    loader, factory = trained
    factory.Report(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    for words in (
        "weights, blue positive",
        "weights and sizes of the trees",
        "reference densities",
        "against x, training sample",
        "lines over all variables",
        "Kolmogorov-Smirnov signal",
    ):
        assert words in text
    content = json.loads((tmp_path / "report.json").read_text())
    sample = loader.dataset.training
    mask = sample.class_index == 1
    expected = correlation_matrix(sample.variables[mask], sample.weight[mask])
    assert content["correlations"]["variables"] == ["x", "y", "z"]
    np.testing.assert_allclose(content["correlations"]["matrix"]["Background"], expected)


def test_reports_of_other_analyses(tmp_path: Path) -> None:
    for loader, kind, words in (
        (
            regression_loader(tmp_path / "r", 200),
            "LD",
            ("average deviations", "against y, test sample"),
        ),
        (multiclass_loader(tmp_path / "m", 100), "MLP", ("b against one other class",)),
    ):
        loader.PrepareTrainingAndTestTree("", "SplitMode=Random:!V")
        factory = Factory("job", None, "Silent:!ModelPersistence")
        factory.BookMethod(loader, kind, kind, "NCycles=3" if kind == "MLP" else "")
        factory.TrainAllMethods()
        factory.TestAllMethods()
        factory.Report(tmp_path / f"{kind}.html")
        text = (tmp_path / f"{kind}.html").read_text()
        for word in words:
            assert word in text, word
