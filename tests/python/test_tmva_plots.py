"""The plots of TMVA's menu beyond the first ones: checked on the artists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, plotting
from diskern._archive import sections
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


def test_foam(trained, tmp_path: Path) -> None:
    loader, factory = trained
    foams = Factory("foams", None, "Silent:!ModelPersistence")
    booked = foams.BookMethod(loader, "PDEFoam", "Foam", "nActiveCells=30:nSampl=200:Nmin=20:TailCut=0.01")
    separate = foams.BookMethod(loader, "PDEFoam", "Two", "nActiveCells=20:nSampl=200:Nmin=20:SigBgSeparate")
    foams.TrainAllMethods()
    figure = plotting.plot_foam(booked, ["x", "y"])
    one, _, two = figure.axes[0], figure.axes[1], figure.axes[2]
    steps, edges, _ = one.patches[0].get_data()
    mesh = next(c for axes in figure.axes[:-1] for c in axes.collections)
    plane = mesh.get_array().reshape(len(steps), len(steps)).T
    # The mean of the responses to points that fill the box of the foam evenly.
    stored = sections(booked.model.to_bytes())["predictor"]["content"]["foams"][0]
    points = np.random.default_rng(1).uniform(stored["minimum"], stored["maximum"], (400_000, 3)).astype(np.float32)
    response = booked.model.evaluate(points)[:, 0]
    bins = np.linspace(edges[0], edges[-1], 11)
    counts = np.histogram(points[:, 0], bins)[0]
    mean = np.histogram(points[:, 0], bins, weights=response)[0] / counts
    np.testing.assert_allclose(steps.reshape(10, -1).mean(axis=1), mean, atol=0.01)
    # What lies in the plane adds up to what stands on the diagonal.
    np.testing.assert_allclose(plane.mean(axis=1), steps, atol=0.01)  # of edges between pixels
    assert two is not None
    assert len(plotting.plot_foam(separate, foam=1).axes) == 3 + 3 + 1
    with pytest.raises(InvalidArgument, match="has 2"):
        plotting.plot_foam(separate, foam=2)
    with pytest.raises(InvalidArgument, match="no variable 'q'"):
        plotting.plot_foam(booked, ["q"])
    with pytest.raises(InvalidArgument, match="variables is empty"):
        plotting.plot_foam(booked, [])
    with pytest.raises(InvalidArgument, match="PDEFoam"):
        plotting.plot_foam(factory.GetMethod("BDT"))


RULES = """<?xml version="1.0"?>
<MethodSetup Method="RuleFit::RuleFit">
<GeneralInfo><Info name="TMVA Release" value="4.2.1 [262657]"/>
<Info name="AnalysisType" value="Classification"/></GeneralInfo>
<Options/>
<Variables NVar="2">
<Variable VarIndex="0" Expression="a" Label="a" Title="a" Unit="" Internal="a" Type="F" Min="0" Max="1"/>
<Variable VarIndex="1" Expression="b" Label="b" Title="b" Unit="" Internal="b" Type="F" Min="0" Max="1"/>
</Variables>
<Spectators NSpec="0"/>
<Classes NClass="2"><Class Name="Signal" Index="0"/><Class Name="Background" Index="1"/></Classes>
<Transformations NTransformations="0"/>
<MVAPdfs/>
<Weights NRules="2" NLinear="2" LearningModel="0" ImportanceCut="0" LinQuantile="0.025" AverageSupport="0.5"
 AverageRuleSigma="0.5" Offset="0.1">
<Rule Importance="1" Ref="1" Coeff="2" Support="0.25" Sigma="0.4" Norm="1" SSB="0" SSBNeve="0" Nvars="1">
<Cut Selector="0" Min="0.75" Max="0" DoMin="T" DoMax="F"/></Rule>
<Rule Importance="1" Ref="1" Coeff="-1" Support="0.25" Sigma="0.4" Norm="1" SSB="0" SSBNeve="0" Nvars="2">
<Cut Selector="0" Min="0" Max="0.5" DoMin="F" DoMax="T"/>
<Cut Selector="1" Min="0" Max="0.5" DoMin="F" DoMax="T"/></Rule>
<Linear OK="1" Coeff="3" Norm="1" DM="0" DP="0.5" Importance="1"/>
<Linear OK="0" Coeff="3" Norm="1" DM="0" DP="0.5" Importance="1"/>
</Weights>
</MethodSetup>
"""


def test_rules() -> None:
    model = diskern.Model(RULES.encode())
    a = (np.arange(1000) + 0.5) / 1000
    events = np.stack([a, np.random.default_rng(1).permutation(a)], axis=1)
    terms = plotting.rule_importance(model, events)
    importance = {text: value for text, _, value in terms}
    assert importance["0.75 < a"] == pytest.approx(2 * np.sqrt(0.25 * 0.75), abs=1e-9)
    share = np.mean((events < 0.5).all(axis=1))
    assert importance["a < 0.5 and b < 0.5"] == pytest.approx(np.sqrt(share * (1 - share)), abs=1e-9)
    assert importance["a (linear)"] == pytest.approx(3 * np.minimum(a, 0.5).std(), abs=1e-6)
    assert len(terms) == 3
    axes = plotting.plot_rules(model, events, most=2)
    assert [label.get_text() for label in axes.get_yticklabels()] == [text for text, _, _ in terms[:2]]
    assert axes.patches[0].get_width() == 1.0
    with pytest.raises(InvalidArgument, match="positive sum"):
        plotting.plot_rules(model, events, np.zeros(1000))
    with pytest.raises(InvalidArgument, match=r"events have the shape \(1000, 1\), expected \(events, 2\)"):
        plotting.rule_importance(model, events[:, :1])
    with pytest.raises(InvalidArgument, match=r"events have the shape \(1000,\)"):
        plotting.rule_importance(model, a)
    for weight in (1.0, np.ones(999), np.ones((1000, 1))):
        with pytest.raises(InvalidArgument, match=r"weight has the shape .* expected \(1000,\)"):
            plotting.rule_importance(model, events, weight)


def test_methods_of_a_boost(trained) -> None:
    loader, factory = trained
    boosts = Factory("boosts", None, "Silent:!ModelPersistence")
    booked = boosts.BookMethod(loader, "Fisher", "Boosted", "Boost_Num=4:Boost_Transform=log:Boost_AdaBoostBeta=0.5")
    boosts.TrainAllMethods()
    left, right = plotting.plot_boosted_methods(booked).axes
    content = sections(booked.model.to_bytes())["predictor"]["content"]
    np.testing.assert_array_equal(left.get_lines()[0].get_ydata(), content["weight"])
    np.testing.assert_array_equal(right.get_lines()[0].get_ydata(), content["cut"])
    with pytest.raises(InvalidArgument, match="Boost"):
        plotting.plot_boosted_methods(factory.GetMethod("BDT"))


def test_report_draws_foams_and_boosts(trained, tmp_path: Path) -> None:
    loader, _ = trained
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "PDEFoam", "Foam", "nActiveCells=20:nSampl=200:Nmin=20:SigBgSeparate")
    factory.BookMethod(loader, "Fisher", "Boosted", "Boost_Num=3:Boost_Transform=linear")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.Report(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    for words in ("cells of the foam of Signal", "cells of the foam of Background", "weights and cuts of its methods"):
        assert words in text


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
