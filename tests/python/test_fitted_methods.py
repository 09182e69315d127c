"""Cuts and FDA: TMVA's weight files, quality beside TMVA's, minimisers, invariances, bad input."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

import diskern
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva import Reader
from diskern.tmva.booking import own_and_common
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.cuts import Cuts
from diskern.tmva.methods.fda import FDA
from diskern.tmva.methods.likelihood import Likelihood
from diskern.tmva.options import parse_options


def booked(method: type, options: str, analysis_type: str = "Classification") -> Any:
    values, _ = parse_options(options, own_and_common(method.options), _defaults=method.defaults(analysis_type))
    return method("booked", analysis_type, {one.name: values[one.name] for one in method.options})


def tmva_sample(data_directory: Path, folder: str) -> tuple[TrainingSample, reference.Training]:
    training = reference.load(data_directory, folder)
    labels = reference.VARIABLES[folder]
    names = ("Signal", "bg0", "bg1", "bg2") if folder == "multiclass" else ("Signal", "Background")
    return (
        TrainingSample(
            training.variables,
            training.class_index,
            training.targets,
            training.weight,
            labels,
            ("F",) * len(labels),
            names,
        ),
        training,
    )


def toy(n: int = 1500, seed: int = 2) -> TrainingSample:
    generator = np.random.default_rng(seed)
    y = (np.arange(n) % 2).astype(np.int32)
    X = generator.normal(size=(n, 3)) + (1 - y)[:, None] * np.array([1.0, -0.7, 0.0])
    return TrainingSample(
        X.astype(np.float32),
        y,
        np.empty((n, 0), np.float32),
        np.ones(n),
        ("a", "b", "c"),
        ("F",) * 3,
        ("Signal", "Background"),
    )


# ---- cuts


@pytest.mark.parametrize("title", ["Cuts", "CutsD", "CutsPCA", "CutsGA", "CutsSA"])
def test_the_same_events_pass_as_in_tmva(data_directory: Path, title: str) -> None:
    folder = data_directory / "tmva_trained" / "class_tut"
    stored = np.load(folder / "cuts_pass_flags.npz")
    _, training = tmva_sample(data_directory, "class_tut")
    flags = np.unpackbits(stored[f"{title}_passed_packbits"], axis=1)[:, : len(training.test_variables)]
    model = diskern.load(folder / "weights" / f"{title}.weights.xml.gz")
    for row, efficiency in zip(flags, stored["effS"], strict=True):
        passed = model.at_signal_efficiency(efficiency).evaluate(training.test_variables)[:, 0]
        np.testing.assert_array_equal(passed, row, err_msg=f"at {efficiency}")
    assert np.ptp(flags.mean(axis=1)) > 0.7


def background_at(model: Any, training: reference.Training, efficiency: float) -> float:
    """Background efficiency at the threshold on the response that keeps a part of the signal."""
    response = model.evaluate(training.test_variables)[:, 0]
    signal = training.test_class_index == 0
    order = np.argsort(-response, kind="stable")
    kept = np.cumsum((training.test_weight * signal)[order]) / training.test_weight[signal].sum()
    last = int(np.searchsorted(kept, efficiency))
    threshold = response[order][last]
    passed = response >= threshold
    return float((training.test_weight * passed)[~signal].sum() / training.test_weight[~signal].sum())


CUTS = [
    ("Cuts", "FitMethod=MC:EffSel:SampleSize=100000:VarProp=FSmart"),
    (
        "CutsGA",
        "FitMethod=GA:CutRangeMin[0]=-10:CutRangeMax[0]=10:VarProp[1]=FMax:EffSel:Steps=30:Cycles=3:PopSize=400:"
        "SC_steps=10:SC_rate=5:SC_factor=0.95",
    ),
    (
        "CutsSA",
        "FitMethod=SA:EffSel:MaxCalls=150000:KernelTemp=IncAdaptive:InitialTemp=1e+6:MinTemp=1e-6:Eps=1e-10:"
        "UseDefaultScale",
    ),
    ("CutsSA", "FitMethod=MCEvents:SampleSize=20000:VarProp=FSmart"),
    ("CutsSA", "FitMethod=MINUIT:VarProp=FSmart"),
]


@pytest.mark.parametrize(("title", "options"), CUTS)
def test_cuts_are_as_good_as_those_of_tmva(data_directory: Path, title: str, options: str) -> None:
    sample, training = tmva_sample(data_directory, "class_tut")
    trained = booked(Cuts, options).train(sample, threads=2)
    folder = data_directory / "tmva_trained" / "class_tut"
    theirs = np.load(folder / "cuts_pass_flags.npz")[f"{title}_passed_packbits"]
    flags = np.unpackbits(theirs, axis=1)[:, : len(training.test_variables)]
    signal = training.test_class_index == 0
    weight = training.test_weight
    for efficiency in (0.3, 0.5, 0.7, 0.9):
        row = flags[round(100 * efficiency) - 1]
        their_signal, their_background = (
            float((weight * row)[part].sum() / weight[part].sum()) for part in (signal, ~signal)
        )
        point = trained.predictor.at_efficiency(efficiency).evaluate(training.test_variables)[:, 0]
        ours_signal, ours_background = (
            float((weight * point)[part].sum() / weight[part].sum()) for part in (signal, ~signal)
        )
        assert abs(ours_signal - efficiency) < 0.05
        # Compare at the same signal efficiency, along the slope of a random cut at most.
        assert ours_background - their_background < 0.02 + 1.2 * max(0.0, ours_signal - their_signal)
    signal_efficiency, background_efficiency, lower, upper = trained.predictor.table
    np.testing.assert_allclose(signal_efficiency, np.arange(100) / 100)
    assert (np.diff(background_efficiency) >= 0).all()
    assert (lower < upper).all()
    if "VarProp=FSmart" in options:
        assert ((lower == -1e30) ^ (upper == 1e30) | (lower == -1e30) & (upper == 1e30)).all()
    assert any("50%" in line for line in trained.notes)


def test_the_response_orders_events_by_the_cuts_they_pass(data_directory: Path) -> None:
    sample, training = tmva_sample(data_directory, "class_tut")
    predictor = booked(Cuts, "FitMethod=MC:SampleSize=30000:VarProp=FSmart").train(sample).predictor
    assert background_at(predictor, training, 0.5) < 0.16
    signal_efficiency, _, lower, upper = predictor.table
    X = training.test_variables[:200].astype(np.float64)
    passes = ((X[:, None, :] > lower) & (X[:, None, :] <= upper)).all(axis=2)
    expected = np.where(passes.any(axis=1), 1 - signal_efficiency[passes.argmax(axis=1)], 0.0)
    np.testing.assert_array_equal(predictor.evaluate(training.test_variables[:200])[:, 0], expected)
    minimum, maximum = predictor.cuts_at(0.305)
    np.testing.assert_array_equal(minimum, lower[31])
    np.testing.assert_array_equal(maximum, upper[31])


def test_sides_and_ranges_of_cuts_are_kept() -> None:
    sample = toy()
    options = (
        "FitMethod=GA:PopSize=60:Steps=5:Cycles=1:VarProp[0]=FMin:VarProp[1]=FMax:CutRangeMin[0]=0:CutRangeMax[0]=2:"
        "CutRangeMin[2]=-1:CutRangeMax[2]=1"
    )
    _, background, lower, upper = booked(Cuts, options).train(sample).predictor.table
    found = background < 1
    found &= lower[:, 0] > -1e30
    assert found.sum() > 20
    assert (upper[:, 0] == 1e30).all()
    assert (lower[:, 1] == -1e30).all()
    assert ((lower[found, 0] >= 0) & (lower[found, 0] <= 2)).all()
    assert ((lower[found, 2] >= -1) & (lower[found, 2] <= 1)).all()


def test_efficiencies_in_the_table_are_those_of_the_sample() -> None:
    sample = toy()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(sample.weight))
    weight[::50] *= -1
    sample.weight = weight
    predictor = booked(Cuts, "FitMethod=MC:SampleSize=5000").train(sample).predictor
    signal_efficiency, background_efficiency, lower, upper = predictor.table
    X = sample.variables.astype(np.float64)
    for i in range(20, 100, 10):
        passed = ((lower[i] < X) & (upper[i] >= X)).all(axis=1)
        sums = [(weight * passed)[sample.class_index == which].sum() for which in (0, 1)]
        totals = [weight[sample.class_index == which].sum() for which in (0, 1)]
        assert sums[0] / totals[0] >= signal_efficiency[i] - 1e-12
        assert max(0.0, sums[1] / totals[1]) == pytest.approx(background_efficiency[i], abs=1e-12)


def test_efficiencies_from_densities() -> None:
    """Of independent variables the product of the efficiencies is the efficiency."""
    counted, products = (
        booked(Cuts, f"FitMethod=MC:SampleSize=20000:VarProp=FSmart:{method}").train(toy(6000)).predictor.table[1]
        for method in ("EffSel", "EffPDF")
    )
    np.testing.assert_allclose(products[10:95], counted[10:95], atol=0.03)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (Cuts, "FitMethod=GA:PopSize=50:Steps=5:Cycles=2"),
        (Cuts, "FitMethod=SA:MaxCalls=2000"),
        (
            FDA,
            "Formula=(0)+(1)*exp(x0*(2)):ParRanges=(-1,1);(-1,1);(-1,1):FitMethod=GA:Converger=MINUIT:PopSize=30:Steps=5",
        ),
        (FDA, "Formula=(0)+(1)*x0:ParRanges=(-1,1);(-1,1):FitMethod=MC:SampleSize=2000:Sigma=0.1"),
    ],
)
def test_fits_do_not_depend_on_threads_and_follow_the_seed(method: type, options: str) -> None:
    sample = toy(600)
    one, three, other = (
        booked(method, booking).train(sample, threads=threads).predictor
        for booking, threads in ((options, 1), (options, 3), (options + ":Seed=7", 1))
    )
    response = one.evaluate(sample.variables)
    np.testing.assert_array_equal(three.evaluate(sample.variables, threads=3), response)
    assert not np.array_equal(other.evaluate(sample.variables), response)


def model_of(predictor: Any, method: str) -> diskern.Model:
    info = {
        "method": method,
        "title": "m",
        "variables": [{"expression": name, "label": name, "internal": name} for name in "abc"],
        "classes": ["Signal", "Background"],
    }
    return diskern.Model(_core.Model(info, None, predictor))


def test_cuts_in_the_reader(tmp_path: Path) -> None:
    sample = toy()
    predictor = booked(Cuts, "FitMethod=MC:SampleSize=3000").train(sample).predictor
    model = model_of(predictor, "Cuts")
    model.save(tmp_path / "cuts.diskern")
    model.save_tmva_xml(tmp_path / "cuts.weights.xml")
    assert diskern.load(tmp_path / "cuts.diskern") == model
    for name in ("cuts.diskern", "cuts.weights.xml"):
        reader = Reader("Silent")
        values = [array("f", [0]) for _ in "abc"]
        for label, value in zip("abc", values, strict=True):
            reader.AddVariable(label, value)
        reader.BookMVA("Cuts", tmp_path / name)
        many = reader.EvaluateMVA(sample.variables, "Cuts", 0.7)
        assert set(np.unique(many)) == {0.0, 1.0}
        assert many[sample.class_index == 0].mean() >= 0.7
        np.testing.assert_array_equal(many, reader.EvaluateMVA("Cuts", sample.variables, 0.7))
        for i in range(20):
            for j, value in enumerate(values):
                value[0] = sample.variables[i, j]
            assert reader.EvaluateMVA("Cuts", 0.7) == many[i]
        minimum, maximum = np.array(list(reader.GetCuts("Cuts", 0.7).values())).T
        inside = ((sample.variables > minimum) & (sample.variables <= maximum)).all(axis=1)
        np.testing.assert_array_equal(many, inside)
        with pytest.raises(InvalidArgument, match="expected 0 to 1"):
            reader.EvaluateMVA("Cuts", 1.5)
    with pytest.raises(InvalidArgument, match="working point"):
        model.at_signal_efficiency(0.5).to_tmva_xml()
    fisher = diskern.Model(
        _core.Model({**model.info, "method": "Fisher"}, None, _core.Linear(np.array([[0.0, 1.0, 1.0, 1.0]])))
    )
    with pytest.raises(InvalidArgument, match="models of Cuts"):
        fisher.at_signal_efficiency(0.5)


# ---- FDA

LINEAR = "Formula=(0)+(1)*x0+(2)*x1+(3)*x2+(4)*x3:ParRanges=(-1,1);(-10,10);(-10,10);(-10,10);(-10,10)"
FORMULAS = [
    ("FDA_MC", "FitMethod=MC:SampleSize=100000:Sigma=0.1"),
    ("FDA_GA", "FitMethod=GA:PopSize=100:Cycles=2:Steps=5:Trim=True:SaveBestGen=1"),
    (
        "FDA_SA",
        "FitMethod=SA:MaxCalls=15000:KernelTemp=IncAdaptive:InitialTemp=1e+6:MinTemp=1e-6:Eps=1e-10:UseDefaultScale",
    ),
    ("FDA_MT", "FitMethod=MINUIT:ErrorLevel=1:PrintLevel=-1:FitStrategy=2:UseImprove:UseMinos:SetBatch"),
    ("FDA_GAMT", "FitMethod=GA:Converger=MINUIT:FitStrategy=0:!UseImprove:!UseMinos:Cycles=1:PopSize=5:Steps=5:Trim"),
    ("FDA_MCMT", "FitMethod=MC:Converger=MINUIT:FitStrategy=0:!UseImprove:!UseMinos:SampleSize=20"),
]


@pytest.mark.parametrize(("title", "options"), FORMULAS)
def test_formulas_are_fitted_as_well_as_by_tmva(data_directory: Path, title: str, options: str) -> None:
    sample, training = tmva_sample(data_directory, "class_tut")
    trained = booked(FDA, f"{LINEAR}:{options}").train(sample, threads=2)
    area = roc_auc_score(
        training.test_class_index == 0,
        trained.predictor.evaluate(training.test_variables)[:, 0],
        sample_weight=training.test_weight,
    )
    results = json.loads((data_directory / "tmva_trained" / "class_tut" / "results.json").read_text())
    assert area >= results[title]["auc"] - 0.01
    if "MINUIT" in options:  # the minimum of a quadratic form
        assert area >= 0.917
        weight = np.where(
            sample.class_index == 0,
            sample.weight / sample.weight[sample.class_index == 0].sum(),
            sample.weight / sample.weight[sample.class_index == 1].sum(),
        )
        exact = LinearRegression().fit(sample.variables, sample.class_index == 0, weight)
        np.testing.assert_allclose(trained.predictor.parameters[0][1:], exact.coef_, atol=1e-4)
        np.testing.assert_allclose(trained.predictor.parameters[0][0], exact.intercept_, atol=1e-4)


@pytest.mark.parametrize(
    ("title", "options", "transform"),
    [
        ("FDA_MC", "FitMethod=MC:SampleSize=100000:Sigma=0.1", ""),
        ("FDA_GA", "FitMethod=GA:PopSize=100:Cycles=3:Steps=30:Trim=True:SaveBestGen=1", ""),
        ("FDA_MT", "FitMethod=MINUIT", ""),
    ],
)
def test_formulas_in_regression(data_directory: Path, title: str, options: str, transform: str) -> None:
    sample, training = tmva_sample(data_directory, "reg")
    booking = f"Formula=(0)+(1)*x0+(2)*x1:ParRanges=(-100,100);(-100,100);(-100,100);(-10,10):{options}"
    trained = booked(FDA, booking, "Regression").train(sample, threads=2)
    deviation = trained.predictor.evaluate(training.test_variables)[:, 0] - training.test_targets[:, 0]
    results = json.loads((data_directory / "tmva_trained" / "reg" / "results.json").read_text())
    assert np.sqrt(np.mean(deviation**2)) <= 1.05 * results[title]["rmse"]
    assert any("ranges of parameters that the formula does not have: [3]" in line for line in trained.notes)


def test_formulas_of_several_classes_learn(data_directory: Path) -> None:
    """TMVA's answers are worse than guessing."""
    sample, training = tmva_sample(data_directory, "multiclass")
    trained = booked(FDA, f"{LINEAR}:FitMethod=MINUIT:FitStrategy=0", "Multiclass").train(sample, threads=2)
    response = trained.predictor.evaluate(training.test_variables)
    np.testing.assert_allclose(response.sum(axis=1), 1.0, rtol=1e-12)
    exact = LogisticRegression(C=1e6, max_iter=2000).fit(sample.variables, sample.class_index, sample.weight)
    best = log_loss(training.test_class_index, exact.predict_proba(training.test_variables))
    assert log_loss(training.test_class_index, response) < best + 0.005
    assert np.mean(response.argmax(axis=1) == training.test_class_index) > 0.6


def test_formulas_that_are_not_linear() -> None:
    sample = toy(800)
    truth = 0.8 * np.exp(-0.5 * sample.variables[:, 0]) + 0.3
    sample.targets = truth[:, None].astype(np.float32)
    booking = "Formula=(0)*exp((1)*x0)+(2):ParRanges=(-3,3);(-2,2);(-2,2):FitMethod=GA:Converger=MINUIT:PopSize=60"
    trained = booked(FDA, booking, "Regression").train(sample, threads=2)
    assert not trained.predictor.is_linear
    np.testing.assert_allclose(trained.predictor.parameters[0], [0.8, -0.5, 0.3], atol=1e-3)
    model = model_of(trained.predictor, "FDA")
    assert diskern.Model(model.to_bytes()) == model
    np.testing.assert_array_equal(
        np.concatenate([model.evaluate(sample.variables[i : i + 1]) for i in range(30)]),
        model.evaluate(sample.variables)[:30],
    )


@pytest.mark.parametrize(
    ("formula", "linear"),
    [
        ("(0)+(1)*x0/2-(2)*sin(x1)", True),
        ("(0)*(1)", False),
        ("x0/(0)", False),
        ("exp((0))", False),
        ("-(0)*x0^2 + 3", True),
        ("abs((0))", False),
        ("x0 > 0 ? (0) : (1)", False),
    ],
)
def test_which_formulas_are_linear(formula: str, linear: bool) -> None:
    n = formula.count("(0)") and max(int(k) for k in "012" if f"({k})" in formula) + 1
    ranges = ";".join(["(0.5,1)"] * n)
    sample = toy(100)
    booking = booked(FDA, f"ParRanges={ranges}:FitMethod=MC:SampleSize=10")
    booking.values["Formula"] = formula  # a colon would end a booking option
    assert booking.train(sample).predictor.is_linear == linear


def test_bad_input() -> None:
    sample = toy(200)
    with pytest.raises(InvalidArgument, match="EventScan, which TMVA has for tests only"):
        booked(Cuts, "FitMethod=EventScan")
    with pytest.raises(InvalidArgument, match=r"VarProp\[3\] was given, there are 3 variables"):
        booked(Cuts, "VarProp[3]=FMin").train(sample)
    with pytest.raises(InvalidArgument, match="range of cuts of variable 'b' is 2"):
        booked(Cuts, "CutRangeMin[1]=2:CutRangeMax[1]=1").train(sample)
    with pytest.raises(InvalidArgument, match="PopSize is 0"):
        booked(Cuts, "PopSize=0").train(sample)
    with pytest.raises(InvalidArgument, match="Seed is -1"):
        booked(Cuts, "Seed=-1").train(sample)
    for ranges, message in (
        ("()", "'\\(\\)' is none"),
        ("(1,0)", "two finite numbers in order"),
        ("(0,1);(a,b)", "'\\(a,b\\)' is none"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            booked(FDA, f"Formula=(0):ParRanges={ranges}").train(sample)
    for formula, message in (
        ("(0)+x3", "there is no variable x 3, there are 3"),
        ("(0)+(1)", "there is no parameter 1"),
        ("(0)+pt", "'pt' is not known"),
        ("(0)+*x0", "\\^"),
        ("log((0)*0-1)", "no finite loss"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            booked(FDA, f"Formula={formula}:ParRanges=(0.5,1)").train(sample)
    spoiled = toy(200)
    spoiled.variables[3, 1] = np.nan
    for method, options in ((Cuts, ""), (FDA, "Formula=(0)+x1:ParRanges=(0,1)")):
        with pytest.raises(InvalidArgument, match="event 3 is nan"):
            booked(method, options).train(spoiled)
    one_class = toy(200)
    one_class.class_index[:] = 1
    for method, options in ((Cuts, ""), (FDA, "Formula=(0)+x1:ParRanges=(0,1)")):
        with pytest.raises(InvalidArgument, match="expected a positive number"):
            booked(method, options).train(one_class)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("Nbins=-3", "Nbins is -3, expected 0"),
        ("NbinsSig[1]=-3", r"NbinsSig\[1\] is -3"),
        ("NAvEvtPerBinBkg=-1", "NAvEvtPerBinBkg is -1"),
        ("KDEFineFactor=-1", "KDEFineFactor is -1, expected a positive number"),
        ("KDEFineFactorBkg[0]=-2", r"KDEFineFactorBkg\[0\] is -2"),
    ],
)
def test_likelihood_refuses_numbers_that_make_no_density(options: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        booked(Likelihood, options)
