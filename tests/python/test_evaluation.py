"""Metrics of weighted events: identities, invariances, other people's implementations, TMVA's own numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from diskern import _core, evaluation


def sample(seed: int, n: int, *, signed: bool = False, ties: bool = False):
    rng = np.random.default_rng(seed)
    signal = rng.random(n) < 0.5
    signal[:2] = True, False
    response = rng.normal(size=n) + signal
    if ties:
        response = np.round(response)
    weight = rng.uniform(0.1, 2.0, n)
    if signed:
        weight *= np.where(rng.random(n) < 0.15, -1.0, 1.0)
    return signal, response, weight


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 80)
properties = settings(max_examples=80, deadline=None)


def roc_or_refusal(signal, response, weight):
    """The curve, or None where negative weights leave a class without a positive sum."""
    if min(weight[signal].sum(), weight[~signal].sum()) <= 1e-9:
        with pytest.raises(_core.InvalidArgument, match="sum"):
            evaluation.roc_curve(signal, response, weight)
        return None
    return evaluation.roc_curve(signal, response, weight)


@properties
@given(seeds, sizes, st.booleans())
def test_roc_integral_against_sklearn(seed: int, n: int, ties: bool) -> None:
    signal, response, weight = sample(seed, n, ties=ties)
    expected = metrics.roc_auc_score(signal, response, sample_weight=weight)
    assert evaluation.roc_curve(signal, response, weight).integral == pytest.approx(expected, abs=1e-12)


@properties
@given(seeds, sizes, st.booleans())
def test_roc_integral_is_the_pair_sum(seed: int, n: int, ties: bool) -> None:
    signal, response, weight = sample(seed, n, signed=True, ties=ties)
    curve = roc_or_refusal(signal, response, weight)
    assume(curve is not None)
    s, b = weight[signal], weight[~signal]
    difference = response[signal][:, None] - response[~signal][None, :]
    kernel = (difference > 0) + 0.5 * (difference == 0)
    expected = s @ kernel @ b / (s.sum() * b.sum())
    scale = np.abs(s).sum() * np.abs(b).sum() / (s.sum() * b.sum())
    assert curve.integral == pytest.approx(expected, abs=1e-12 * scale)
    assert curve.signal_efficiency[[0, -1]].tolist() == [0.0, 1.0]
    assert curve.background_efficiency[[0, -1]].tolist() == [0.0, 1.0]
    above = s @ kernel / s.sum()
    below = kernel @ b / b.sum()
    variance = (
        np.sum((s * (below - expected)) ** 2) / s.sum() ** 2 + np.sum((b * (above - expected)) ** 2) / b.sum() ** 2
    )
    assert curve.integral_error == pytest.approx(np.sqrt(variance), rel=1e-9, abs=1e-9)


@properties
@given(seeds, sizes, st.booleans(), st.booleans())
def test_order_of_events_does_not_matter(seed: int, n: int, signed: bool, ties: bool) -> None:
    signal, response, weight = sample(seed, n, signed=signed, ties=ties)
    order = np.random.default_rng(seed + 1).permutation(n)
    first = roc_or_refusal(signal, response, weight)
    assume(first is not None)
    second = evaluation.roc_curve(signal[order], response[order], weight[order])
    assume(min(weight[signal].sum(), weight[~signal].sum()) > 0.05)
    np.testing.assert_allclose(first.signal_efficiency, second.signal_efficiency, atol=1e-10)
    assert first.integral == pytest.approx(second.integral, abs=1e-9)
    a = evaluation.separation(signal, response, weight)
    assert a == pytest.approx(evaluation.separation(signal[order], response[order], weight[order]), rel=1e-6, abs=1e-9)


@properties
@given(seeds, sizes, st.booleans())
def test_integer_weight_is_repetition(seed: int, n: int, ties: bool) -> None:
    signal, response, _ = sample(seed, n, ties=ties)
    weight = np.random.default_rng(seed).integers(1, 4, n)
    again = np.repeat(np.arange(n), weight)
    repeated = signal[again], response[again]
    weighted = evaluation.roc_curve(signal, response, weight)
    plain = evaluation.roc_curve(*repeated)
    assert weighted.integral == pytest.approx(plain.integral, abs=1e-12)
    np.testing.assert_allclose(weighted.background_efficiency, plain.background_efficiency, atol=1e-12)
    assert evaluation.separation(signal, response, weight) == pytest.approx(evaluation.separation(*repeated), abs=1e-9)
    one, two = evaluation.significance(signal, response, weight), evaluation.significance(*repeated)
    assert one == pytest.approx(two, rel=1e-6, nan_ok=True)
    scores = evaluation.classification_scores(signal, response, weight, 0.3)
    again_scores = evaluation.classification_scores(*repeated, cut=0.3)
    np.testing.assert_allclose(scores.pop("confusion"), again_scores.pop("confusion"))
    assert scores == pytest.approx(again_scores, nan_ok=True)
    scan = evaluation.cut_scan(signal, response, weight)
    np.testing.assert_allclose(scan.significance, evaluation.cut_scan(*repeated).significance, rtol=1e-9, atol=1e-9)
    x = np.random.default_rng(seed).normal(size=(n, 3))
    np.testing.assert_allclose(
        evaluation.correlation_matrix(x, weight), evaluation.correlation_matrix(x[again]), atol=1e-9
    )


@properties
@given(seeds, sizes, st.booleans())
def test_monotone_transform_of_the_response(seed: int, n: int, signed: bool) -> None:
    signal, response, weight = sample(seed, n, signed=signed)
    curve = roc_or_refusal(signal, response, weight)
    assume(curve is not None)
    squeezed = evaluation.roc_curve(signal, np.arctan(response) * 3 + 100, weight)
    np.testing.assert_array_equal(curve.signal_efficiency, squeezed.signal_efficiency)
    assert curve.integral == squeezed.integral
    assert curve.integral_error == squeezed.integral_error
    flipped = evaluation.roc_curve(signal, -response, weight)
    assert flipped.integral == pytest.approx(1 - curve.integral, abs=1e-9 * (1 + abs(curve.integral)))


@properties
@given(seeds, sizes)
def test_constant_response(seed: int, n: int) -> None:
    signal, _, weight = sample(seed, n)
    constant = np.full(n, 0.25)
    curve = evaluation.roc_curve(signal, constant, weight)
    assert curve.integral == pytest.approx(0.5, abs=1e-15)
    assert curve.integral_error == pytest.approx(0.0, abs=1e-15)
    assert evaluation.separation(signal, constant, weight) == 0.0
    assert np.isnan(evaluation.significance(signal, constant, weight))
    assert evaluation.efficiency_at_background(signal, constant, weight, [0.01, 0.3])[0] == pytest.approx([0.01, 0.3])
    assert np.isfinite(evaluation.reference_cut(signal, constant, weight))


@properties
@given(seeds, sizes)
def test_negative_weights_never_crash(seed: int, n: int) -> None:
    signal, response, weight = sample(seed, n, signed=True)
    assume(min(weight[signal].sum(), weight[~signal].sum()) > 1e-9)
    values, errors = evaluation.efficiency_at_background(signal, response, weight, [0.0, 0.01, 0.1, 0.3, 1.0])
    assert np.isfinite(values).all()
    assert np.isfinite(errors).all()
    assert np.isfinite(evaluation.separation(signal, response, weight))
    evaluation.significance(signal, response, weight)
    evaluation.cut_scan(signal, response, weight).best()
    assert np.isfinite(evaluation.reference_cut(signal, response, weight))
    assert (
        0 <= evaluation.weighted_ks(response[signal], response[~signal], weight[signal], weight[~signal]).p_value <= 1
    )


def test_error_of_the_integral_against_the_bootstrap() -> None:
    signal, response, weight = sample(3, 400, signed=True)
    curve = evaluation.roc_curve(signal, response, weight)
    rng = np.random.default_rng(1)
    # Poisson bootstrap: every event is repeated a Poisson(1) number of times.
    areas = [evaluation.roc_curve(signal, response, weight * rng.poisson(1.0, 400)).integral for _ in range(1500)]
    assert curve.integral_error == pytest.approx(np.std(areas), rel=0.06)


def test_efficiency_error_against_the_bootstrap() -> None:
    signal, response, weight = sample(4, 500, signed=True)
    curve = evaluation.roc_curve(signal, response, weight)
    index = int(np.searchsorted(-curve.threshold, -0.5))
    threshold = curve.threshold[index]
    rng = np.random.default_rng(2)
    passed = response[signal] >= threshold
    w = weight[signal] * rng.poisson(1.0, (3000, signal.sum()))
    efficiencies = (w * passed).sum(axis=1) / w.sum(axis=1)
    assert curve.signal_efficiency[index] == pytest.approx(weight[signal][passed].sum() / weight[signal].sum())
    assert curve.signal_efficiency_error[index] == pytest.approx(np.std(efficiencies), rel=0.06)


def test_unit_weight_errors_are_binomial() -> None:
    signal, response, _ = sample(5, 300)
    curve = evaluation.roc_curve(signal, response)
    e, n = curve.signal_efficiency, signal.sum()
    np.testing.assert_allclose(curve.signal_efficiency_error, np.sqrt(e * (1 - e) / n), atol=1e-12)


@pytest.mark.parametrize(
    ("signal", "response", "weight", "words"),
    [
        ([True, False], [1.0, 0.0], [0.0, 0.0], "all 1 weights of the signal events are zero"),
        ([True, False], [1.0, 0.0], [1.0, 0.0], "weights of the background events are zero"),
        ([True, True], [1.0, 0.0], None, "no background events"),
        ([False, False], [1.0, 0.0], None, "no signal events"),
        ([], [], None, "no signal events"),
        ([True, True, False], [1.0, 0.0, 1.0], [1.0, -1.0, 1.0], "expected a positive sum"),
        ([True, False], [np.nan, 0.0], None, "response holds 1 NaN, the first at event 0"),
        ([True, False], [1.0, 0.0], [1.0, np.inf], "weight holds infinities"),
        ([True, False], [1.0, 0.0, 3.0], None, "response has 3 entries, expected 2"),
        ([True, False], [1.0, 0.0], [1.0], "weight has 1 entries"),
        ([2, 0], [1.0, 0.0], None, "is_signal must be boolean"),
        ([True, False], ["a", "b"], None, "response must hold numbers"),
        ([True, False], [[1.0, 0.0], [1.0, 0.0]], None, "one-dimensional"),
    ],
)
def test_bad_input(signal, response, weight, words: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=words):
        evaluation.roc_curve(signal, response, weight)
    with pytest.raises(_core.InvalidArgument):
        evaluation.separation(signal, response, weight)
    with pytest.raises(_core.InvalidArgument):
        evaluation.significance(signal, response, weight)
    with pytest.raises(_core.InvalidArgument):
        evaluation.cut_scan(signal, response, weight)


def test_infinite_responses_are_values() -> None:
    curve = evaluation.roc_curve([True, True, False, False], [np.inf, 1.0, 0.0, -np.inf])
    assert curve.integral == 1.0
    assert evaluation.separation([True, True, False, False], [np.inf, 1.0, 0.0, -np.inf]) == 1.0


def test_efficiency_at_background_by_hand() -> None:
    signal = np.array([True, True, False, True, False])
    response = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    values, _ = evaluation.efficiency_at_background(signal, response, None, [0.0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(values, [2 / 3, 2 / 3, 2 / 3, 1.0, 1.0])
    with pytest.raises(_core.InvalidArgument, match="must lie in"):
        evaluation.efficiency_at_background(signal, response, None, 1.5)


@properties
@given(seeds, sizes, sizes, st.booleans())
def test_ks_distance_against_scipy(seed: int, n: int, m: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=n), rng.normal(0.3, 1, m)
    if ties:
        first, second = np.round(first), np.round(second)
    result = evaluation.weighted_ks(first, second)
    assert result.distance == pytest.approx(stats.ks_2samp(first, second, method="asymp").statistic, abs=1e-12)
    assert result.effective_first == pytest.approx(n)
    repeated = evaluation.weighted_ks(first, second, np.full(n, 3.0))
    assert repeated.distance == pytest.approx(result.distance, abs=1e-12)
    assert repeated.p_value == pytest.approx(result.p_value, abs=1e-9)  # a common factor is no statistics


def test_ks_probability() -> None:
    for z in (0.2, 0.5, 0.9, 0.999999, 1.0, 1.5, 3.0):
        assert evaluation.kolmogorov_probability(z) == pytest.approx(stats.kstwobign.sf(z), abs=1e-12)
    assert evaluation.kolmogorov_probability(0.0) == 1.0


def test_ks_p_values_are_flat_for_equal_distributions() -> None:
    rng = np.random.default_rng(11)
    values = []
    for _ in range(400):
        first, second = rng.normal(size=150), rng.normal(size=250)
        w1, w2 = rng.uniform(0.2, 3, 150), rng.choice([1.0, 1.0, 1.0, -0.3], 250)
        values.append(evaluation.weighted_ks(first, second, w1, w2).p_value)
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_ks_refuses_empty_and_zero() -> None:
    with pytest.raises(_core.InvalidArgument, match="no first sample's events"):
        evaluation.weighted_ks([], [1.0])
    with pytest.raises(_core.InvalidArgument, match="are zero"):
        evaluation.weighted_ks([1.0], [1.0], None, [0.0])


@properties
@given(seeds, st.integers(3, 60))
def test_scores_against_sklearn(seed: int, n: int) -> None:
    signal, response, weight = sample(seed, n)
    scores = evaluation.classification_scores(signal, response, weight, 0.5)
    predicted = response > 0.5
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(signal, predicted, sample_weight=weight))
    assert scores["sensitivity"] == pytest.approx(metrics.recall_score(signal, predicted, sample_weight=weight))
    if predicted.any():
        assert scores["precision"] == pytest.approx(metrics.precision_score(signal, predicted, sample_weight=weight))
    else:
        assert np.isnan(scores["precision"])
    assert scores["specificity"] == pytest.approx(metrics.recall_score(~signal, ~predicted, sample_weight=weight))
    expected = metrics.confusion_matrix(~signal, ~predicted, sample_weight=weight)
    np.testing.assert_allclose(scores["confusion"], expected)


def test_confusion_matrix_of_classes() -> None:
    matrix = evaluation.confusion_matrix([0, 1, 2, 2], [0, 2, 2, 1], [1.0, -2.0, 3.0, 0.5], 4)
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 0, -2, 0], [0, 0.5, 3, 0], [0, 0, 0, 0]]
    with pytest.raises(_core.InvalidArgument, match=r"0\.\.1"):
        evaluation.confusion_matrix([0, 2], [0, 1], n_classes=2)
    with pytest.raises(_core.InvalidArgument, match="integers"):
        evaluation.confusion_matrix([0.0], [0])


def test_asimov_significance() -> None:
    # s = 10, b = 100: sqrt(2 (110 ln 1.1 - 10)).
    assert evaluation.asimov_significance(10, 100) == pytest.approx(np.sqrt(2 * (110 * np.log(1.1) - 10)))
    # Small signal: s / sqrt(b) and s / sqrt(b + sigma^2).
    assert evaluation.asimov_significance(1e-3, 100) == pytest.approx(1e-4, rel=1e-3)
    assert evaluation.asimov_significance(1e-2, 100, 0.2) == pytest.approx(1e-2 / np.sqrt(100 + 400), rel=1e-3)
    # A tiny uncertainty is none.
    assert evaluation.asimov_significance(10, 100, 1e-5) == pytest.approx(
        evaluation.asimov_significance(10, 100), rel=1e-6
    )
    np.testing.assert_array_equal(evaluation.asimov_significance([0, -1, 1], [5, 5, 0]), [0, 0, np.nan])
    with pytest.raises(_core.InvalidArgument, match="background_uncertainty"):
        evaluation.asimov_significance(1, 1, -0.1)


def test_cut_scan() -> None:
    signal, response, weight = sample(8, 500)
    scan = evaluation.cut_scan(signal, response, weight, 100.0, 1000.0, 0.05)
    assert (np.diff(scan.cut) > 0).all()
    index = 90
    passed = response > scan.cut[index]
    efficiency = weight[signal & passed].sum() / weight[signal].sum()
    assert scan.signal_efficiency[index] == pytest.approx(efficiency)
    s = 100 * efficiency
    b = 1000 * weight[~signal & passed].sum() / weight[~signal].sum()
    assert scan.purity[index] == pytest.approx(s / (s + b))
    assert scan.significance[index] == pytest.approx(s / np.sqrt(s + b))
    assert scan.asimov_with_uncertainty[index] < scan.asimov[index]
    cut, best = scan.best("significance")
    assert best == np.nanmax(scan.significance)
    assert cut in scan.cut
    assert np.isnan(scan.purity[-1])  # nothing passes the largest response
    listed = evaluation.cut_scan(signal, response, weight, cuts=[1.0, 0.0])
    assert listed.cut.tolist() == [0.0, 1.0]
    with pytest.raises(_core.InvalidArgument, match="expected_signal"):
        evaluation.cut_scan(signal, response, weight, -1.0)
    with pytest.raises(_core.InvalidArgument, match="cuts"):
        evaluation.cut_scan(signal, response, weight, cuts=1)


def test_correlation_matrix() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3))
    np.testing.assert_allclose(evaluation.correlation_matrix(x), np.corrcoef(x.T), atol=1e-12)
    weight = rng.uniform(0, 1, 200)
    covariance = np.cov(x.T, aweights=weight)
    expected = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(evaluation.correlation_matrix(x, weight), expected, atol=1e-12)
    x[:, 1] = 0.1
    constant = evaluation.correlation_matrix(x)
    assert np.isnan(constant[0, 1])
    assert constant[1, 1] == 1.0
    assert constant[0, 2] == pytest.approx(expected[0, 2], abs=0.3)
    x[0, 0] = np.nan
    assert np.isfinite(evaluation.correlation_matrix(x)[0, 2])
    with pytest.raises(_core.InvalidArgument, match="two-dimensional"):
        evaluation.correlation_matrix(x[:, 0])


def test_regression_metrics_by_hand() -> None:
    target = np.array([1.0, 2.0, 3.0, 4.0])
    result = evaluation.regression_metrics(target, target + np.array([0.0, 1.0, 0.0, 1.0]), [1.0, 1.0, 1.0, 1.0])
    assert result["bias"] == 0.5
    assert result["rms"] == 0.5
    assert result["rmse"] == pytest.approx(np.sqrt(0.5))
    perfect = evaluation.regression_metrics(target, target)
    assert perfect["rms"] == 0.0
    assert perfect["mutual_information"] == pytest.approx(np.log(4))
    assert evaluation.correlation_ratio(target, target**2) == pytest.approx(1.0)
    assert evaluation.mutual_information(target, 1000 * target) == pytest.approx(np.log(4))
    assert evaluation.mutual_information(target, np.ones(4)) == 0.0
    constant = evaluation.regression_metrics(target, np.full(4, 2.5))
    assert np.isnan(constant["correlation"])
    with pytest.raises(_core.InvalidArgument, match="infinities"):
        evaluation.regression_metrics(target, [1.0, 2.0, np.inf, 4.0])
    with pytest.raises(_core.InvalidArgument, match="no given events"):
        evaluation.regression_metrics([], [])


@pytest.fixture(scope="session")
def tmva_trained(data_directory: Path) -> Path:
    folder = data_directory / "tmva_trained"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


@pytest.mark.parametrize("method", ["BDT", "BDTG", "Fisher", "LD", "MLP", "Likelihood", "KNN", "SVM"])
def test_tmva_own_numbers_for_its_own_responses(tmva_trained: Path, method: str) -> None:
    folder = tmva_trained / "class_tut"
    expected = json.loads((folder / "results.json").read_text())[method]
    events = np.load(folder / "test_events.npz")
    arguments = events["classID"] == 0, np.load(folder / "test_responses.npz")[method], events["weight"]
    curve = evaluation.roc_curve(*arguments)
    assert curve.integral == pytest.approx(expected["auc"], abs=1e-9)
    table = expected["tmva_table"]
    assert evaluation.separation(*arguments) == pytest.approx(float(table["separation"]), abs=0.006)
    assert evaluation.significance(*arguments) == pytest.approx(float(table["significance"]), abs=0.001)
    for point in ("0.01", "0.10", "0.30"):  # TMVA reads them from a binned curve
        value, error = curve.signal_efficiency_at(float(point))
        assert value == pytest.approx(table[f"eff@B={point}"], abs=max(0.005, error))


def test_tmva_own_input_ranking_and_correlations(tmva_trained: Path) -> None:
    events = np.load(tmva_trained / "class_tut" / "train_events.npz")
    names = ("myvar1", "myvar2", "var3", "var4")
    x = np.stack([events[name] for name in names], axis=1)
    ranking = evaluation.variable_ranking(x, events["classID"] == 0, events["weight"], names)
    assert [name for name, _ in ranking] == ["var4", "var3", "myvar1", "myvar2"]
    np.testing.assert_allclose([value for _, value in ranking], [0.2790, 0.1458, 0.08452, 0.02852], atol=0.005)
    background = events["classID"] == 1
    matrix = evaluation.correlation_matrix(x[background], events["weight"][background])
    # From TMVA's log, three digits.
    np.testing.assert_allclose(matrix[0], [1.0, 0.032, 0.784, 0.931], atol=6e-4)


def test_tmva_own_regression_table(tmva_trained: Path) -> None:
    folder = tmva_trained / "reg"
    events = np.load(folder / "test_events.npz")
    result = evaluation.regression_metrics(
        events["fvalue"], np.load(folder / "test_responses.npz")["LD"], events["weight"]
    )
    expected = {"bias": -0.0832, "bias_T": 1.61, "rms": 19.7, "rms_T": 17.9}  # TMVA's log, three digits
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, abs=0.06 if abs(value) > 2 else 0.006)
    assert result["mutual_information"] == pytest.approx(1.987, abs=0.005)
    assert result["mutual_information_T"] == pytest.approx(1.981, abs=0.005)
