"""HMatrix and Likelihood: TMVA's numbers from TMVA's events, densities, invariances, bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, make_interp_spline

import diskern
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva.booking import own_and_common
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.hmatrix import HMatrix
from diskern.tmva.methods.likelihood import Likelihood
from diskern.tmva.options import parse_options

NAMES = ("Signal", "Background")


def booked(method: type, options: str) -> Any:
    values, _ = parse_options(options, own_and_common(method.options), _defaults=method.defaults("Classification"))
    return method("booked", "Classification", {one.name: values[one.name] for one in method.options})


def sample_of(
    variables: np.ndarray, class_index: np.ndarray, weight: np.ndarray | None = None, transform: str = ""
) -> TrainingSample:
    weight = np.ones(len(variables)) if weight is None else np.asarray(weight, np.float64)
    variables = np.ascontiguousarray(variables, np.float32)
    labels = tuple(f"x{j}" for j in range(variables.shape[1]))
    class_index = np.asarray(class_index, np.int32)
    chain = None
    if transform:
        chain = _core.TransformationChain.fit(transform, variables, 0, weight, class_index, list(NAMES), list(labels))
    return TrainingSample(
        variables,
        class_index,
        np.empty((len(variables), 0), np.float32),
        weight,
        labels,
        ("F",) * len(labels),
        NAMES,
        chain=chain,
    )


TRAININGS = [
    (HMatrix, "class_tut", "HMatrix", "", ""),
    (HMatrix, "class_variants", "HMatrix_D", "", "D"),
    (
        Likelihood,
        "class_tut",
        "Likelihood",
        "TransformOutput:PDFInterpol=Spline2:NSmoothSig[0]=20:NSmoothBkg[0]=20:NSmoothBkg[1]=10:NSmooth=1:"
        "NAvEvtPerBin=50",
        "",
    ),
    (
        Likelihood,
        "class_tut",
        "LikelihoodD",
        "TransformOutput:PDFInterpol=Spline2:NSmoothSig[0]=20:NSmoothBkg[0]=20:NSmooth=5:NAvEvtPerBin=50",
        "D",
    ),
    (
        Likelihood,
        "class_tut",
        "LikelihoodPCA",
        "!TransformOutput:PDFInterpol=Spline2:NSmoothSig[0]=20:NSmoothBkg[0]=20:NSmooth=5:NAvEvtPerBin=50",
        "P",
    ),
    (Likelihood, "class_variants", "Lik_S0", "PDFInterpol=Spline0:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_S1", "PDFInterpol=Spline1:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_S2", "PDFInterpol=Spline2:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_S3", "PDFInterpol=Spline3:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_S5", "PDFInterpol=Spline5:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_smooth5", "PDFInterpol=Spline2:NSmooth=5:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_TO", "TransformOutput:PDFInterpol=Spline2:NAvEvtPerBin=50", ""),
    (Likelihood, "class_variants", "Lik_Nbins", "PDFInterpol=Spline2:Nbins=40", ""),
    (
        Likelihood,
        "class_tut",
        "LikelihoodKDE",
        "PDFInterpol=KDE:KDEtype=Gauss:KDEiter=Adaptive:KDEFineFactor=0.3:KDEborder=None:NAvEvtPerBin=50",
        "",
    ),
    (
        Likelihood,
        "class_tut",
        "LikelihoodMIX",
        "PDFInterpolSig[0]=KDE:PDFInterpolBkg[0]=KDE:PDFInterpolSig[1]=KDE:PDFInterpolBkg[1]=KDE:"
        "PDFInterpolSig[2]=Spline2:PDFInterpolBkg[2]=Spline2:PDFInterpolSig[3]=Spline2:PDFInterpolBkg[3]=Spline2:"
        "KDEtype=Gauss:KDEiter=Nonadaptive:KDEborder=None:NAvEvtPerBin=50",
        "",
    ),
]


@pytest.mark.parametrize(
    ("method", "folder", "title", "options", "transform"), TRAININGS, ids=[t[2] for t in TRAININGS]
)
def test_training_on_the_events_of_tmva_gives_its_responses(
    data_directory: Path, method: type, folder: str, title: str, options: str, transform: str
) -> None:
    training = reference.load(data_directory, folder)
    labels = reference.VARIABLES[folder]
    chain = None
    if transform:
        chain = _core.TransformationChain.fit(
            transform, training.variables, 0, training.weight, training.class_index, list(NAMES), list(labels)
        )
    sample = TrainingSample(
        training.variables,
        training.class_index,
        training.targets,
        training.weight,
        labels,
        ("F",) * 4,
        NAMES,
        chain=chain,
    )
    trained = booked(method, options).train(sample, threads=2)
    response = trained.predictor.evaluate(training.test_variables)[:, 0]
    expected = reference.responses(data_directory, folder, title)
    assert np.abs(response - expected).max() <= 1e-5 * np.ptp(expected)
    if method is Likelihood:
        assert trained.ranking_name == "Delta Separation"
        assert {name for name, _ in trained.ranking} == set(labels)


def toy(n: int = 2000, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    mixing = np.array([[1.0, 0.6, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 1.0]])
    X = generator.normal(size=(n, 3)) @ mixing + (1 - y)[:, None] * np.array([0.8, -0.3, 0.0])
    return X.astype(np.float32), y.astype(np.int32)


def test_hmatrix_is_the_difference_of_the_chi_squared() -> None:
    X, y = toy()
    response = booked(HMatrix, "").train(sample_of(X, y)).predictor.evaluate(X)[:, 0]
    chi = []
    for which in (0, 1):
        part = X[y == which].astype(np.float64)
        distance = X - part.mean(axis=0)
        chi.append(np.einsum("ij,jk,ik->i", distance, np.linalg.inv(np.cov(part.T, bias=True)), distance))
    np.testing.assert_allclose(response, (chi[1] - chi[0]) / (chi[1] + chi[0]), rtol=1e-9, atol=1e-10)
    assert response[y == 0].mean() > response[y == 1].mean()


def test_likelihood_of_one_variable_is_the_ratio_of_the_histograms() -> None:
    X, y = toy(4000)
    trained = booked(Likelihood, "PDFInterpol=Spline0:Nbins=12").train(sample_of(X[:, :1], y))
    low, high = float(X[:, 0].min()), float(X[:, 0].max())
    # The largest value belongs to the last bin.
    bins = np.minimum((12 * (X[:, 0].astype(np.float64) - low) / (high - low)).astype(int), 11)
    s, b = (np.bincount(bins[y == which], minlength=12) / np.sum(y == which) for which in (0, 1))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(
            trained.predictor.evaluate(X[:, :1])[:, 0], (s / (s + b))[bins], rtol=1e-6, atol=1e-300
        )


BOOKINGS = [
    (HMatrix, "", ""),
    (HMatrix, "", "D"),
    (Likelihood, "PDFInterpol=Spline3:NSmooth=2", ""),
    (Likelihood, "PDFInterpol=KDE:KDEiter=Adaptive:KDEborder=Mirror", ""),
    (Likelihood, "PDFInterpol=Spline1:TransformOutput", "D"),
]


@pytest.mark.parametrize(("method", "options", "transform"), BOOKINGS)
def test_invariances(method: type, options: str, transform: str) -> None:
    X, y = toy()
    counts = np.random.default_rng(5).integers(1, 3, len(y))
    booking = booked(method, options)
    one = booking.train(sample_of(X, y, counts, transform), threads=1).predictor
    response = one.evaluate(X)
    np.testing.assert_array_equal(
        booking.train(sample_of(X, y, counts, transform), threads=3).predictor.evaluate(X, threads=3), response
    )
    order = np.random.default_rng(6).permutation(len(y))
    shuffled = booking.train(sample_of(X[order], y[order], counts[order], transform)).predictor
    np.testing.assert_allclose(shuffled.evaluate(X), response, rtol=1e-4, atol=1e-6)
    # Rows one by one are the rows together.
    np.testing.assert_array_equal(one.evaluate(X[17:19]), response[17:19])
    if method is HMatrix:
        repeated = booking.train(sample_of(np.repeat(X, counts, axis=0), np.repeat(y, counts), None, transform))
        np.testing.assert_allclose(repeated.predictor.evaluate(X), response, rtol=1e-5, atol=1e-6)
    # The other class as signal turns the response around.
    turned = booking.train(sample_of(X, 1 - y, counts, transform)).predictor.evaluate(X)
    if "TransformOutput" in options or method is HMatrix:
        # Ratios end 1e-15 below 1, so that the logarithm is uneven far out.
        np.testing.assert_allclose(turned, -response, rtol=1e-6, atol=1e-3)
    else:
        np.testing.assert_allclose(turned, 1 - response, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("method", "options", "transform"), BOOKINGS)
def test_model_files_keep_the_bits(method: type, options: str, transform: str, tmp_path: Path) -> None:
    X, y = toy(600)
    trained = booked(method, options).train(sample_of(X, y, None, transform))
    info = {
        "method": method.type_name,
        "title": "m",
        "variables": [{"expression": f"x{j}", "label": f"x{j}", "internal": f"x{j}"} for j in range(3)],
        "classes": list(NAMES),
    }
    model = diskern.Model(_core.Model(info, None, trained.predictor))
    model.save(tmp_path / "m.diskern")
    again = diskern.load(tmp_path / "m.diskern")
    np.testing.assert_array_equal(again.evaluate(X), trained.predictor.evaluate(X))
    assert again == model
    xml = diskern.Model(model.to_tmva_xml().encode())
    np.testing.assert_array_equal(xml.evaluate(X), model.evaluate(X))
    assert (xml.transformations != "") == (transform != "")
    spoiled = X.copy()
    spoiled[0, 1] = np.nan
    assert np.isnan(model.evaluate(spoiled)[0, 0])
    assert not np.isnan(model.evaluate(spoiled)[1, 0])


# ---- densities


def density(contents: Any, low: float = 0.0, high: float = 1.0, **settings_: Any) -> _core.Density:
    wanted = _core.DensitySettings()
    for name, value in settings_.items():
        setattr(wanted, name, value)
    return _core.Density(wanted, low, high, np.asarray(contents, np.float32))


INTERPOLATION = _core.Interpolation


def test_splines_agree_with_scipy() -> None:
    contents = np.array([5.0, 7.0, 12.0, 9.0, 4.0, 6.0, 8.0, 3.0, 2.0, 2.5])
    centres = (np.arange(10) + 0.5) / 10
    x = np.linspace(0.001, 0.999, 500)
    for interpolation, spline in (
        (INTERPOLATION.Spline3, CubicSpline(centres, contents, bc_type="not-a-knot")),
        (
            INTERPOLATION.Spline5,
            make_interp_spline(centres, contents, k=5, bc_type=([(3, 0.0), (4, 0.0)], [(3, 0.0), (4, 0.0)])),
        ),
    ):
        ours = density(contents, interpolation=interpolation).value(x)
        # Beyond the outer centres the polynomials go on.
        expected = spline(x)
        fine = spline((np.arange(10000) + 0.5) / 10000)
        inside = (x > centres[0]) & (x < centres[-1])
        np.testing.assert_allclose(ours[inside], (expected / fine.mean())[inside], rtol=2e-5)


@pytest.mark.parametrize("interpolation", list(INTERPOLATION.__members__.values()))
@settings(max_examples=15, deadline=None)
@given(
    contents=st.lists(st.integers(0, 1000), min_size=4, max_size=30).filter(lambda c: np.count_nonzero(c) > 2),
    smoothing=st.integers(0, 3),
)
def test_densities_are_densities(interpolation: Any, contents: list[int], smoothing: int) -> None:
    one = density(
        contents, -2.0, 3.0, interpolation=interpolation, minimum_smoothing=smoothing, maximum_smoothing=smoothing
    )
    x = np.linspace(-2, 3, 4001)
    values = one.value(x)
    assert (values[1:-1] >= -1e-9).all()
    cumulative = one.cumulative(x)
    assert (np.diff(cumulative) >= -1e-12).all()
    assert abs(cumulative[-1] - 1) < 1e-9
    assert cumulative[0] == 0


def test_borders_of_kernels() -> None:
    """A flat density is flat up to the border where the border is treated, and falls to about a half where not."""
    flat = np.full(200, 50.0)
    x = np.array([0.0005, 0.5, 0.9995])
    for border in ("Renorm", "Mirror"):
        values = density(
            flat, interpolation=INTERPOLATION.KDE, kernel_border=_core.KernelBorder.__members__[border]
        ).value(x)
        # Renormalised kernels of a flat sample: the integral of phi(x) / Phi(x) from 0 on is ln 2 at the border.
        outer = 1.0 if border == "Mirror" else np.log(2.0)
        np.testing.assert_allclose(values, [outer, 1.0, outer], rtol=0.01)
    untreated = density(flat, interpolation=INTERPOLATION.KDE).value(x)
    assert untreated[0] < 0.6 * untreated[1]


def test_renormalised_kernels_separate_where_those_of_tmva_do_not(data_directory: Path) -> None:
    """TMVA's KDEborder=Renorm gives 1e-294 for every event."""
    path = data_directory / "tmva_trained" / "class_variants" / "weights" / "Lik_KDEren.weights.xml.gz"
    model = diskern.load(path)
    training = reference.load(data_directory, "class_variants")
    response = model.evaluate(training.test_variables)[:, 0]
    other = reference.responses(data_directory, "class_variants", "Lik_KDEnon")
    assert np.corrcoef(response, other)[0, 1] > 0.98


def test_smoothing_by_error_goes_from_the_least_to_the_most() -> None:
    generator = np.random.default_rng(1)
    contents = generator.poisson(30 * np.exp(-((np.arange(60) - 30) ** 2) / 200.0))
    rough = [
        np.abs(
            np.diff(
                density(
                    contents, interpolation=INTERPOLATION.Spline0, minimum_smoothing=low, maximum_smoothing=high
                ).value((np.arange(60) + 0.5) / 60),
                2,
            )
        ).sum()
        for low, high in ((0, 0), (1, 1), (1, 20), (20, 20))
    ]
    assert rough[0] > rough[1] > rough[3]
    assert rough[1] >= rough[2]


# ---- bad input


@pytest.mark.parametrize("interpolation", list(INTERPOLATION.__members__.values()))
def test_ranges_that_float32_cannot_hold(interpolation: Any) -> None:
    """Densities per unit of 1e75 are no float32 numbers: an error that names the range, never a response of NaN."""
    contents = np.array([1.0, 5.0, 9.0, 4.0, 2.0, 1.0])
    for low, high in ((0.0, 1e75), (-1e75, 3.0), (-1e308, 1e308), (0.0, 1e-75), (1e308, 1.1e308)):
        if interpolation == INTERPOLATION.Spline0 and np.isfinite(high - low):
            values = density(contents, low, high, interpolation=interpolation).value(np.array([low, high]))
            assert (values > 0).all()  # steps are normalised without the width
            continue
        with pytest.raises(ValueError, match=r"range of the histogram, .* to .* expected a|no width"):
            density(contents, low, high, interpolation=interpolation)
    for low, high in ((-1e6, 1e6), (0.0, 1e-6)):
        x = low + (high - low) * np.array([0.1, 0.5, 0.9])
        unit = density(contents, interpolation=interpolation).value(np.array([0.1, 0.5, 0.9]))
        width = 1.0 if interpolation == INTERPOLATION.Spline0 else high - low
        scaled = density(contents, low, high, interpolation=interpolation).value(x) * width
        np.testing.assert_allclose(scaled, unit, rtol=1e-3)


def test_the_range_is_named() -> None:
    with pytest.raises(ValueError, match=r"-1e\+75 to 1e\+75; expected a range of the order of one"):
        density(np.ones(8), -1e75, 1e75, interpolation=INTERPOLATION.Spline1)


def test_bad_bookings() -> None:
    X, y = toy(200)
    sample = sample_of(X, y)
    with pytest.raises(InvalidArgument, match=r"NSmoothSig\[3\] was given, there are 3 variables"):
        booked(Likelihood, "NSmoothSig[3]=2").train(sample)
    with pytest.raises(InvalidArgument, match="neither a number of bins nor"):
        booked(Likelihood, "NAvEvtPerBin=0").train(sample)
    with pytest.raises(InvalidArgument, match="would have 0 bins from 100 events"):
        booked(Likelihood, "NAvEvtPerBin=500").train(sample)
    with pytest.raises(InvalidArgument, match="NSmoothSig is -1"):
        booked(Likelihood, "NSmooth=-1").train(sample)
    with pytest.raises(InvalidArgument, match="MaxNSmooth is 2, expected at least the least passes, which are 4"):
        booked(Likelihood, "MinNSmooth=4:MaxNSmooth=2").train(sample)
    with pytest.raises(InvalidArgument, match="fine factor of adaptive kernels is 0"):
        booked(Likelihood, "PDFInterpol=KDE:KDEiter=Adaptive:KDEFineFactor=0").train(sample)
    with pytest.raises(InvalidArgument, match="cannot be 'Spline7'"):
        booked(Likelihood, "PDFInterpol=Spline7")


@pytest.mark.parametrize("method", [HMatrix, Likelihood])
def test_bad_samples(method: type) -> None:
    X, y = toy(400)
    booking = booked(method, "")
    with pytest.raises(InvalidArgument, match="signal"):
        booking.train(sample_of(X, np.ones_like(y)))
    constant = X.copy()
    constant[:, 1] = 2.5
    with pytest.raises(InvalidArgument, match="'x1'"):
        booking.train(sample_of(constant, y))
    with pytest.raises(InvalidArgument):
        booking.train(sample_of(X, y, np.where(y == 1, -1.0, 1.0)))
    spoiled = X.copy()
    spoiled[5, 2] = np.inf
    with pytest.raises(InvalidArgument, match=r"infinity|finite"):
        booking.train(sample_of(spoiled, y))


def test_linear_combinations_have_no_inverse() -> None:
    X, y = toy(400)
    X[:, 2] = 2 * X[:, 0] - X[:, 1]
    with pytest.raises(InvalidArgument, match="singular"):
        booked(HMatrix, "").train(sample_of(X, y))


def test_integers_that_reach_too_far() -> None:
    X, y = toy(400)
    X[:, 1] *= np.float32(1e30)  # more bins of width 1 than an integer can count
    sample = replace(sample_of(X, y), variable_types=("F", "I", "F"))
    with pytest.raises(InvalidArgument, match=r"'x1' of type 'I' reaches from .* declare it as 'F'"):
        booked(Likelihood, "").train(sample)
