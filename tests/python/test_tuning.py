"""The search for options: ranges, searches, figures of merit, and what it leaves untouched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diskern import InvalidArgument
from diskern.tmva import Factory, HyperParameterOptimisation, MethodError
from diskern.tmva.tuning import FIGURES, SEARCHES, Range, default_ranges, tune
from diskern.tmva.tuning.figures import figure_of_merit
from diskern.tmva.tuning.gaussian_process import GaussianProcess
from tmva_events import class_loader, multiclass_loader, regression_loader


def booked(tmp_path: Path, kind: str = "KNN", options: str = "", n: int = 200):
    factory = Factory("job", None, "Silent")
    loader = class_loader(tmp_path / "dataset", n, "SplitMode=Random:!V")
    return factory, factory.BookMethod(loader, kind, kind, options)


# -- ranges ------------------------------------------------------------------------------------------------------------


def test_values_of_ranges() -> None:
    assert [Range(10, 1000, 5, integer=True).value(u) for u in Range(10, 1000, 5).scan()] == [109, 307, 505, 703, 901]
    logarithmic = Range(1, 16, 2, logarithmic=True)
    assert [logarithmic.value(u) for u in logarithmic.scan()] == [2.0, 8.0]
    assert [Range(choices=("a", "b", "c")).value(u) for u in (0.0, 0.5, 1.0)] == ["a", "b", "c"]
    integer = Range(2, 4, 3, integer=True)
    assert {integer.value(u) for u in np.linspace(0, 1, 50)} == {2, 3, 4}
    for wrong in ((1, 1), (2, 1), (0, np.inf)):
        with pytest.raises(InvalidArgument):
            Range(*wrong)
    with pytest.raises(InvalidArgument, match="positive"):
        Range(0, 1, logarithmic=True)


def test_ranges_of_tmva(tmp_path: Path) -> None:
    # tmva.md 1.2: NTrees 10..1000 in 5, MaxDepth 2..4 in 3, MinNodeSize 1..30 log in 30, AdaBoostBeta 0.2..1 in 5.
    _, bdt = booked(tmp_path, "BDT")
    ranges = default_ranges(bdt)
    assert list(ranges) == ["NTrees", "MaxDepth", "MinNodeSize", "AdaBoostBeta"]
    assert (ranges["NTrees"].minimum, ranges["NTrees"].maximum, ranges["NTrees"].points) == (10, 1000, 5)
    assert ranges["MinNodeSize"].logarithmic
    _, bdt = booked(tmp_path / "grad", "BDT", "BoostType=Grad")
    assert default_ranges(bdt)["Shrinkage"] == Range(0.05, 0.5, 5)
    _, svm = booked(tmp_path / "svm", "SVM", "Tune=Gamma[0.01;1.0;100],C")
    ranges = default_ranges(svm)
    assert ranges["Gamma"] == Range(0.01, 1.0, 100)
    assert list(ranges) == ["Gamma", "C"]
    _, fisher = booked(tmp_path / "fisher", "Fisher")
    assert default_ranges(fisher) == {}


# -- searches, on a function that is known -----------------------------------------------------------------------------


def best_of(search: str, trials: int = 60, seed: int = 1) -> tuple[float, int]:
    """Largest value found of a hill at (0.3, 0.7), whose height is 0, and the number of points."""
    ranges = [Range(0, 1, 9), Range(0, 1, 9)]
    running = SEARCHES[search](ranges, trials, np.random.Generator(np.random.Philox(seed)))
    best, count = -np.inf, 0
    try:
        positions, _ = next(running)
        while True:
            assert ((positions >= 0) & (positions <= 1)).all()
            figures = -((positions[:, 0] - 0.3) ** 2) - 2.0 * (positions[:, 1] - 0.7) ** 2
            count += len(positions)
            best = max(best, float(figures.max()))
            positions, _ = running.send(figures)
    except StopIteration:
        return best, count


def test_searches_find_the_hill() -> None:
    results = {name: best_of(name) for name in SEARCHES if name != "Optuna"}
    assert results["Scan"] == (pytest.approx(-((5 / 18 - 0.3) ** 2) - 2 * (13 / 18 - 0.7) ** 2), 81)
    for name, worst in (("Random", -0.03), ("FitGA", -0.01), ("Minuit", -0.001), ("Bayesian", -0.0005)):
        assert results[name][0] > worst, name
        assert results[name][1] <= 60
    assert np.mean([best_of("Bayesian", 24, seed)[0] for seed in range(5)]) > np.mean(
        [best_of("Random", 24, seed)[0] for seed in range(5)]
    )


def test_searches_go_on_after_failures() -> None:
    for name in SEARCHES:
        if name == "Optuna":
            continue
        running = SEARCHES[name]([Range(0, 1, 5)], 12, np.random.Generator(np.random.Philox(3)))
        positions, _ = next(running)
        try:
            while True:
                figures = np.where(positions[:, 0] < 0.5, np.nan, positions[:, 0])
                positions, _ = running.send(figures)
        except StopIteration:
            pass


def test_optuna_or_what_to_install(tmp_path: Path) -> None:
    _, method = booked(tmp_path)
    try:
        import optuna  # noqa: F401
    except ImportError:
        with pytest.raises(InvalidArgument, match=r"diskern\[hpo\]"):
            tune(method, search="Optuna", trials=4, folds=2)
        return
    assert tune(method, search="Optuna", trials=6, folds=2).best.mean > 0.7


def test_gaussian_process_as_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern, WhiteKernel

    generator = np.random.default_rng(5)
    X = generator.random((30, 2))
    y = np.sin(5 * X[:, 0]) + X[:, 1]
    mine = GaussianProcess(X, y)
    points = generator.random((50, 2))
    mean, deviation = mine.predict(points)
    kernel = Matern(mine.length, "fixed", nu=2.5) + WhiteKernel(1e-4, "fixed")
    scaled = (y - y.mean()) / y.std()
    other = GaussianProcessRegressor(kernel, optimizer=None).fit(X, scaled)
    expected, spread = other.predict(points, return_std=True)
    np.testing.assert_allclose(mean, y.mean() + y.std() * expected, atol=1e-6)
    # scikit-learn's spread has the noise and a variance of one; ours the best variance and no noise.
    shape = np.sqrt(np.maximum(spread**2 - 1e-4, 0))
    ratio = deviation[shape > 0.02] / shape[shape > 0.02]
    assert np.ptp(ratio) < 1e-3 * ratio.mean()
    improvement = mine.expected_improvement(points, float(y.max()))
    draws = mean[:, None] + deviation[:, None] * generator.normal(size=(50, 40_000))
    np.testing.assert_allclose(improvement, np.maximum(draws - y.max(), 0).mean(axis=1), atol=0.02 * deviation.max())


# -- tuning ------------------------------------------------------------------------------------------------------------


def test_figures_by_hand(tmp_path: Path) -> None:
    data = class_loader(tmp_path / "dataset", 100).dataset
    sample = data.training
    sample.weight = np.ones(len(sample))
    response = sample.variables[:, :1].astype(np.float64)
    signal, background = response[sample.class_index == 0, 0], response[sample.class_index == 1, 0]
    pairs = (signal[:, None] > background[None, :]).mean()

    def figure(name: str) -> float:
        return figure_of_merit(name, "Classification", data.info, sample, response)

    assert figure("ROCIntegral") == pytest.approx(pairs)
    cut = np.sort(background)[::-1][int(0.1 * len(background))]
    assert figure("SigEffAtBkgEff01") == pytest.approx((signal > cut).mean(), abs=0.03)
    assert figure("BkgRejAtSigEff05") == pytest.approx((background < np.median(signal)).mean(), abs=0.03)
    assert figure("BkgEffAtSigEff05") == pytest.approx(figure("BkgRejAtSigEff05") - 1.0)
    assert 0 < figure("Separation") < 1
    assert len(FIGURES) == 8


def test_the_best_is_the_best_of_all_trials(tmp_path: Path) -> None:
    _, method = booked(tmp_path, n=300)
    result = tune(method, search="Scan", folds=3, ranges={"nknn": [2, 10, 30]})
    assert [trial.parameters for trial in result.trials] == [{"nkNN": 2}, {"nkNN": 10}, {"nkNN": 30}]
    means = [np.mean(trial.figures) for trial in result.trials]
    assert result.parameters == result.trials[int(np.argmax(means))].parameters
    assert means[0] < max(means)  # two neighbours are too few
    assert all(len(trial.figures) == 3 for trial in result.trials)
    assert len(result.fold_parameters) == 3
    assert method.options["nkNN"] == 20  # the handle is not changed
    assert "best of 3 trials" in str(result.table())


def test_results_do_not_depend_on_threads(tmp_path: Path) -> None:
    _, method = booked(tmp_path, "BDT", "NTrees=10")
    found = [
        tune(method, search="Bayesian", trials=12, folds=2, ranges={"MaxDepth": (1, 5)}, threads=threads)
        for threads in (1, 2, 3)
    ]
    for other in found[1:]:
        assert [t.figures for t in other.trials] == [t.figures for t in found[0].trials]


def test_successive_halving_uses_few_events_first(tmp_path: Path) -> None:
    _, method = booked(tmp_path, n=600)
    result = tune(method, search="SuccessiveHalving", trials=9, folds=2)
    shares = [trial.share for trial in result.trials]
    assert shares == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]
    assert result.best.share == 1.0


def test_regression_and_several_classes(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent")
    method = factory.BookMethod(regression_loader(tmp_path / "r"), "KNN", "KNN")
    result = tune(method, search="Scan", folds=2, ranges={"nkNN": [5, 200]})
    assert result.figure == "RMS"
    assert result.parameters == {"nkNN": 5}
    factory = Factory("job", None, "Silent")
    method = factory.BookMethod(multiclass_loader(tmp_path / "m", 150), "BDT", "BDTG", "BoostType=Grad")
    assert tune(method, search="Random", trials=2, folds=2, ranges={"NTrees": (2, 6)}).best.mean > 0.8


def test_a_factory_books_the_best(tmp_path: Path, capsys) -> None:
    factory, knn = booked(tmp_path)
    factory.options["Silent"] = False
    expected = tune(knn, search="Scan", ranges={"nkNN": [3, 150]}, folds=2).parameters
    found = factory.OptimizeAllMethods("ROCIntegral", "Scan", ranges={"KNN": {"nkNN": [3, 150]}}, folds=2)
    assert found == {"KNN": expected}
    assert knn.options["nkNN"] == expected["nkNN"] != 20
    assert "Scan for ROCIntegral" in capsys.readouterr().out
    factory.TrainAllMethods()
    assert dict(knn.model.info["options"])["nkNN"] == str(expected["nkNN"])
    factory.OptimizeAllMethods()
    assert "trained already" in capsys.readouterr().out
    with pytest.raises(InvalidArgument, match="did you mean 'KNN'"):
        factory.OptimizeAllMethods(ranges={"KN": {}})


def test_options_of_the_booking_stay(tmp_path: Path) -> None:
    factory, bdt = booked(tmp_path, "BDT", "NTrees=7:MaxDepth=1:!UseYesNoLeaf:VarTransform=N")
    factory.OptimizeAllMethods(fitType="Scan", ranges={"BDT": {"MaxDepth": [2]}}, folds=2)
    assert (bdt.options["NTrees"], bdt.options["MaxDepth"], bdt.options["UseYesNoLeaf"]) == (7, 2, False)
    assert bdt.common["VarTransform"] == "N"


def test_estimator_objects(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    factory = Factory("job", None, "Silent")
    loader = class_loader(tmp_path / "dataset", 200, "SplitMode=Random:!V")
    estimator = LogisticRegression()
    factory.BookMethod(loader, estimator, "LR")
    found = factory.OptimizeAllMethods(fitType="Scan", ranges={"LR": {"C": [1e-6, 1.0]}}, folds=2)
    assert found["LR"]["C"] in (1e-6, 1.0)
    assert estimator.C == 1.0


def test_hyper_parameter_optimisation(tmp_path: Path, capsys) -> None:
    hpo = HyperParameterOptimisation(class_loader(tmp_path / "dataset", 200))
    hpo.BookMethod("KNN", "KNN")
    hpo.BookMethod("Fisher", "Fisher")
    hpo.SetNumFolds(2)
    hpo.SetFitter("random")
    hpo.SetFOMType("separation")
    hpo.SetNumTrials(3)
    hpo.SetSplit(SplitType="Random", SplitKey="eventID")
    hpo.SetRanges("KNN", nkNN=(5, 50))
    with pytest.raises(MethodError, match="no options to tune"):
        hpo.Evaluate()
    (result,) = hpo.GetResults()
    assert (result.title, result.figure, result.search, len(result.trials)) == ("KNN", "Separation", "Random", 3)
    assert "best of 3 trials" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"figure": "ROCIntgral"}, "did you mean 'ROCIntegral'"),
        ({"figure": "RMS"}, "RMS is a figure of regressions"),
        ({"search": "Bayes"}, "did you mean 'Bayesian'"),
        ({"ranges": {"nkN": (1, 2)}}, "did you mean 'nkNN'"),
        ({"ranges": {"nkNN": 7}}, "expected"),
        ({"ranges": {"nkNN": []}}, "empty"),
        ({"trials": 0}, "trials"),
        ({"folds": 1}, "NumFolds"),
        ({"search": "Scan", "ranges": {"ScaleFrac": (0.0, 0.9, 200), "SigmaFact": (0.5, 2.0, 100)}}, "20000 points"),
        ({"ranges": {"nkNN": [-1]}, "search": "Scan"}, "no trial succeeded"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict, message: str) -> None:
    _, method = booked(tmp_path)
    with pytest.raises(InvalidArgument, match=message):
        tune(method, **arguments)
