"""The plots of what methods look at show the numbers they are given."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from diskern import GradientBoostedTreesClassifier, InvalidArgument, inspection, plotting
from diskern.plotting.tree import tree_text
from diskern.tmva import DataLoader, Factory


@pytest.fixture(scope="module")
def trained():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(800, 4)).astype(np.float32)
    X[generator.random(X.shape) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 1]) + 0.3 * np.nan_to_num(X[:, 3]) > 0.2 * generator.normal(size=800)
    weight = generator.uniform(0.5, 2.0, 800)
    model = GradientBoostedTreesClassifier(n_estimators=12, max_leaf_nodes=6, n_jobs=1).fit(X, y, weight)
    return model, X, y, weight


@pytest.fixture(scope="module")
def shap(trained):
    model, X, _, weight = trained
    return model.shap_values(X, weight, labels=["a", "b", "c", "d"])


def test_importance_bars_have_lengths_and_errors(trained):
    importance = inspection.forest_importance(trained[0], labels=["a", "b", "c", "d"])
    axes = plotting.plot_importance(importance, maximum=3)
    assert [t.get_text() for t in axes.get_yticklabels()] == [name for name, _ in importance.ranking()[:3]]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], np.sort(importance.values)[::-1][:3])
    segments = axes.collections[0].get_segments()
    order = np.argsort(-importance.values)[:3]
    np.testing.assert_allclose([s[1, 0] - s[0, 0] for s in segments], 2 * importance.errors[order])
    assert axes.get_xlabel() == "Share of the gain"


def test_beeswarm_shows_every_event_at_its_value(shap):
    axes = plotting.plot_shap_summary(shap)
    names = [t.get_text() for t in axes.get_yticklabels()]
    assert names == [name for name, _ in shap.importance().ranking()]
    assert names[0] == "b"
    missing, known = axes.collections[0], axes.collections[1]  # of the first variable
    values = shap.of()[:, 1]
    lost = np.isnan(shap.events[:, 1])
    np.testing.assert_allclose(np.sort(missing.get_offsets()[:, 0]), np.sort(values[lost]))
    np.testing.assert_allclose(np.sort(known.get_offsets()[:, 0]), np.sort(values[~lost]))
    assert np.abs(known.get_offsets()[:, 1]).max() <= 0.4
    assert len(plotting.plot_shap_summary(shap, maximum=2).get_yticklabels()) == 2


@pytest.mark.parametrize("maximum", [1, 2, 20])
def test_labels_of_a_beeswarm_are_not_clipped(shap, maximum):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = plotting.plot_shap_summary(shap, maximum=maximum).figure
    FigureCanvasAgg(figure).draw()
    page = figure.bbox
    for axes in figure.axes:
        for label in filter(lambda label: label.get_text(), (axes.xaxis.label, axes.yaxis.label)):
            box = label.get_window_extent()
            assert page.y0 <= box.y0 <= box.y1 <= page.y1, label.get_text()
            assert page.x0 <= box.x0 <= box.x1 <= page.x1, label.get_text()


def test_dependence_plot_shows_values_against_variable(shap):
    axes = plotting.plot_shap_dependence(shap, "b", colour_by="d")
    known = np.isfinite(shap.events[:, 1])
    expected = np.column_stack([shap.events[known, 1], shap.of()[known, 1]])
    np.testing.assert_allclose(axes.collections[0].get_offsets(), expected, rtol=1e-6)
    assert axes.get_ylabel() == "SHAP value of b"
    assert "missing" in axes.get_legend().get_texts()[0].get_text()
    plotting.plot_shap_dependence(shap, 0)
    with pytest.raises(InvalidArgument, match="no variable 'z'"):
        plotting.plot_shap_dependence(shap, "z")
    with pytest.raises(InvalidArgument, match="variable must lie"):
        plotting.plot_shap_dependence(shap, 4)


def test_events_of_no_weight_are_not_drawn(trained):
    model, X, _, weight = trained
    weight = np.where(np.arange(len(weight)) < 10, weight, 0.0)
    axes = plotting.plot_shap_dependence(model.shap_values(X, weight), 0)
    assert len(axes.collections[0].get_offsets()) == np.isfinite(X[:10, 0]).sum()


def test_partial_dependence_plots(trained):
    model, X, _, weight = trained
    one = inspection.partial_dependence(model, X, 1, weight, individual=True, grid_points=15)
    axes = plotting.plot_partial_dependence(one, curves=7)
    assert len(axes.lines) == 8
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), one.average)
    np.testing.assert_allclose(axes.lines[3].get_ydata(), one.individual[3])
    two = inspection.partial_dependence(model, X, [1, 3], weight, grid_points=6)
    axes = plotting.plot_partial_dependence(two)
    np.testing.assert_allclose(axes.collections[0].get_array().reshape(6, 6), two.average.T)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x3")


def test_curve_of_a_metric_marks_its_largest_value(trained):
    model, X, y, weight = trained
    curve = inspection.tree_learning_curve(model, {"training": (X, y, weight), "test": (X[:200], y[:200])})
    axes = plotting.plot_learning_curve(curve)
    texts = [t.get_text() for t in axes.get_legend().get_texts()]
    assert texts == ["Training", "Test", f"Best: {1 + curve.validation.argmax()}"]


def test_trees_say_where_missing_values_go(trained):
    model = trained[0]
    text = tree_text(model, ["a", "b", "c", "d"])
    tree = model.predictor_.tree(0)
    directions = tree["missing_right"][tree["feature"] >= 0]
    assert text.count("missing: yes") == directions.sum()
    assert text.count("missing: no") == (1 - directions).sum()
    axes = plotting.plot_tree(model, ["a", "b", "c", "d"])
    drawn = " ".join(t.get_text() for t in axes.texts)
    assert drawn.count("missing: ") == len(directions)


@pytest.fixture(scope="module")
def factory(trained, tmp_path_factory):
    _, X, y, weight = trained
    X = np.nan_to_num(X)
    factory = Factory("insight", options="Silent:!ModelPersistence:AnalysisType=Classification")
    loader = DataLoader("dataset")
    for j, name in enumerate("abcd"):
        loader.AddVariable(name)
        assert X[:, j].std() > 0
    for label, add in ((True, loader.AddSignalTree), (False, loader.AddBackgroundTree)):
        add({name: X[y == label, j] for j, name in enumerate("abcd")} | {"w": weight[y == label]})
    loader.SetWeightExpression("w")
    loader.PrepareTrainingAndTestTree("", "SplitMode=Random:NormMode=None:!V")
    factory.BookMethod(loader, "GradientBoostedTrees", "Trees", "NTrees=10")
    factory.BookMethod(loader, "BDT", "BDTN", "NTrees=10:MaxDepth=2:VarTransform=N")
    factory.BookMethod(loader, "BDT", "BDTF", "NTrees=5:MaxDepth=2:UseFisherCuts:MinLinCorrForFisher=0")
    factory.BookMethod(loader, "Fisher", "Fisher", "")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    return factory


def test_methods_of_a_factory_can_be_looked_into(factory):
    booked = factory.GetMethod("Trees")
    test = booked.dataset.test
    shap = inspection.shap_values(booked, test.variables, test.weight)
    assert shap.variables == ("a", "b", "c", "d")
    probability = 1 / (1 + np.exp(-shap.scores[:, 0]))
    np.testing.assert_allclose(probability, booked.response_test[:, 0], rtol=1e-12)
    transformed = inspection.shap_values(factory.GetMethod("BDTN"), test.variables)
    assert transformed.variables[0] == "a (transformed)"
    np.testing.assert_allclose(transformed.scores, factory.GetMethod("BDTN").response_test, atol=1e-12)
    assert "a ≥" in tree_text(booked) or "b ≥" in tree_text(booked)
    is_signal = test.class_index == booked.dataset.info.signal_class
    samples = {"training": (test.variables, is_signal, test.weight)}
    curve = inspection.tree_learning_curve(factory.GetMethod("BDTN"), samples)
    assert curve.training[-1] == pytest.approx(factory.GetROCIntegral("BDTN"), abs=1e-12)


def test_the_report_says_what_methods_look_at(factory, tmp_path):
    factory.Report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What the methods look at" in page
    section = page[page.index('<section id="insight">') :]
    for caption in ("Trees: Permutation importance", "Trees: SHAP values", "Trees: the first tree of 10",
                    "BDTN: SHAP values", "Fisher: Permutation importance"):  # fmt: skip
        assert caption in section, caption
    assert "no SHAP values: tree" in section  # Fisher cuts
    methods = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["methods"]
    insight = {method["title"]: method["insight"] for method in methods}
    assert set(insight["Trees"]) == {"gain", "cuts", "permutation", "shap"}
    assert set(insight["Fisher"]) == {"permutation"}
    importance = insight["Trees"]["shap"]["outputs"]["Trees"]
    booked = factory.GetMethod("Trees")
    expected = inspection.shap_values(booked, booked.dataset.test.variables, booked.dataset.test.weight).importance()
    np.testing.assert_allclose(importance["mean_absolute"], expected.values, rtol=1e-12)
