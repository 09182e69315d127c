"""The plots draw what they are given: checked on the artists, not on pixels."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from diskern import plotting
from diskern.evaluation import roc_curve
from diskern.plotting.style import common_edges, density, histogram
from diskern.tmva.methods.base import LearningCurve


@pytest.fixture
def curve():
    x = np.linspace(0, 1, 3001)
    return SimpleNamespace(
        signal_efficiency=x,
        background_efficiency=x**3,
        background_efficiency_error=0.01 * np.ones_like(x),
        integral=0.75,
        integral_error=0.01,
    )


def test_histogram_counts_and_errors():
    counts, errors = histogram([0.5, 0.5, 1.5, 9.0], [1.0, 2.0, -3.0, 1.0], np.array([0.0, 1.0, 2.0]))
    assert counts.tolist() == [3.0, -3.0]
    np.testing.assert_allclose(errors, [np.sqrt(5.0), 3.0])


def test_density_has_unit_area():
    edges = np.array([0.0, 1.0, 3.0])
    counts, _ = density(np.array([2.0, 4.0]), np.array([1.0, 1.0]), edges)
    assert np.sum(counts * np.diff(edges)) == pytest.approx(1.0)


def test_edges_of_flags_constants_and_nothing():
    np.testing.assert_allclose(common_edges([0, 1, 1, 0]), [-0.5, 0.5, 1.5])
    edges = common_edges([7.0, 7.0])
    assert edges[0] < 7.0 < edges[-1]
    assert np.all(np.diff(common_edges([])) > 0)
    assert np.all(np.isfinite(common_edges([np.nan, np.inf, 1.0, 2.0])))


def test_roc_linear_draws_rejection(curve):
    axes = plotting.plot_roc({"BDT": curve})
    line = axes.lines[0]
    np.testing.assert_allclose(line.get_ydata(), 1 - line.get_xdata() ** 3, atol=1e-12)
    assert line.get_xdata()[0] == 0.0
    assert line.get_xdata()[-1] == 1.0
    assert "0.750 ± 0.010" in axes.get_legend().get_texts()[0].get_text()


def test_roc_log_leaves_out_zero_background(curve):
    axes = plotting.plot_roc({"BDT": curve}, scale="log")
    assert axes.get_yscale() == "log"
    assert np.all(np.isfinite(axes.lines[0].get_ydata()))


def test_roc_thins_long_curves_but_keeps_the_shape():
    x = np.linspace(0, 1, 200_000)
    long = SimpleNamespace(
        signal_efficiency=x,
        background_efficiency=x**8,
        background_efficiency_error=np.zeros_like(x),
        integral=0.9,
        integral_error=0.0,
    )
    line = plotting.plot_roc({"a": long}).lines[0]
    assert len(line.get_xdata()) < 1000
    interpolated = np.interp(x, line.get_xdata(), line.get_ydata())
    assert np.max(np.abs(interpolated - (1 - x**8))) < 2e-3


def test_response_overlays_training_points():
    rng = np.random.default_rng(1)
    response = rng.normal(size=400)
    classes = np.repeat([0, 1], 200)
    axes = plotting.plot_response(response, classes, np.ones(400), response, classes, np.ones(400))
    labels = [t.get_text() for t in axes.get_legend().get_texts()]
    assert labels == ["Signal (test)", "Background (test)", "Signal (training)", "Background (training)"]


def test_response_with_negative_weights_and_an_empty_class():
    axes = plotting.plot_response([0.1, 0.2, 0.3], [0, 0, 0], [1.0, -0.5, 1.0])
    assert len(axes.get_legend().get_texts()) == 1


def test_variable_states_missing_values():
    upper, lower = plotting.plot_variable([1.0, np.nan, 2.0, 3.0], [0, 0, 1, 1], np.ones(4), label="x")
    assert "1 missing" in upper.get_title()
    assert lower.get_yscale() == "log"


def test_inputs_refuses_wrong_labels():
    with pytest.raises(ValueError, match="one column per label"):
        plotting.plot_inputs(np.zeros((4, 2)), [0, 0, 1, 1], np.ones(4), ["only one"])


def test_inputs_draws_every_variable():
    rng = np.random.default_rng(2)
    figure = plotting.plot_inputs(rng.normal(size=(50, 4)), rng.integers(0, 2, 50), np.ones(50), list("abcd"))
    assert [f.axes[1].get_xlabel() for f in figure.subfigs[:4]] == list("abcd")


def test_correlation_is_annotated_in_percent():
    axes = plotting.plot_correlation_matrix([[1.0, -0.25], [-0.25, 1.0]], ["x", "y"])
    assert sorted(t.get_text() for t in axes.texts) == ["-25", "-25", "100", "100"]


def test_confusion_rows_are_normalised():
    axes = plotting.plot_confusion_matrix([[30.0, 10.0], [0.0, 0.0]], ["S", "B"])
    assert sorted(t.get_text() for t in axes.texts) == ["0.000", "0.000", "0.250", "0.750"]


def test_significance_marks_the_maximum():
    cut = np.linspace(0, 1, 11)
    scan = SimpleNamespace(
        cut=cut,
        signal_efficiency=1 - cut,
        background_efficiency=(1 - cut) ** 2,
        purity=cut,
        significance=-((cut - 0.3) ** 2) + 1,
        asimov=np.full(11, np.nan),
        asimov_with_uncertainty=cut,
        background_uncertainty=0.1,
        expected_signal=10.0,
        expected_background=100.0,
    )
    axes = plotting.plot_significance(scan)
    assert "at 0.3" in axes.get_legend().get_texts()[0].get_text()
    assert len(axes.get_legend().get_texts()) == 2  # the figure of merit that is NaN everywhere is not drawn
    axes = plotting.plot_efficiencies(scan)
    assert len(axes.lines) == 3


def test_learning_curve_marks_the_best_iteration():
    curve = LearningCurve("loss", np.arange(5.0), np.arange(5.0)[::-1], np.array([3.0, 2.0, 1.0, 2.0, 3.0]))
    axes = plotting.plot_learning_curve(curve)
    assert "Best: 2" in axes.get_legend().get_texts()[2].get_text()


def test_ranking_keeps_the_order():
    axes = plotting.plot_ranking([("a", 0.7), ("b", 0.3)])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert axes.yaxis_inverted()


def test_regression_profile_follows_the_bias():
    rng = np.random.default_rng(3)
    target = rng.uniform(0, 10, 5000)
    axes = plotting.plot_estimate(target + 1.5, target, np.ones(5000))
    np.testing.assert_allclose(axes.containers[0].lines[0].get_ydata(), 1.5, atol=1e-9)
    axes = plotting.plot_deviation(target + rng.normal(size=5000), target, np.ones(5000), label="E")
    assert axes.get_xlabel().startswith("E")


def test_no_global_figure_is_left_behind(curve):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plotting.plot_roc({"a": curve})
    assert plt.get_fignums() == before


def test_many_curves_do_not_hide_under_their_names() -> None:
    generator = np.random.default_rng(1)
    signal = np.arange(400) % 2 == 0
    curves = {f"method {i}": roc_curve(signal, generator.normal(size=400) + signal, np.ones(400)) for i in range(12)}
    axes = plotting.plot_roc(curves)
    axes.figure.draw_without_rendering()
    legend = axes.get_legend().get_window_extent()
    assert legend.x0 >= axes.get_window_extent().x1 - 2
    assert len(plotting.plot_roc({"one": curves["method 1"]}).get_legend().get_texts()) == 1


def test_one_class_has_no_ratio() -> None:
    x = np.random.default_rng(2).normal(size=300)
    upper, lower = plotting.plot_variable(x, np.zeros(300, int), np.ones(300), class_names=("events",), label="x")
    assert not lower.get_visible()
    assert upper.get_xlabel() == "x"
    upper, lower = plotting.plot_variable(x, np.arange(300) % 2, np.ones(300), label="x")
    assert lower.get_visible()


def test_few_iterations_are_points() -> None:
    curve = LearningCurve("loss", np.array([3.0]), np.array([0.5]), np.array([0.6]))
    lines = plotting.plot_learning_curve(curve).get_lines()
    assert [line.get_marker() for line in lines[:2]] == ["o", "o"]
    axes = Figure().add_subplot()
    other = axes.plot([0.0, 1.0], [0.0, 1.0])[0]
    plotting.plot_learning_curve(curve, axes=axes)
    assert other.get_marker() == "None"
    assert [line.get_marker() for line in axes.get_lines()[1:3]] == ["o", "o"]
    long = np.arange(50.0)
    assert plotting.plot_learning_curve(LearningCurve("loss", long, long)).get_lines()[0].get_marker() == "None"
