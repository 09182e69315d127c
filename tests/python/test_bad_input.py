"""Bad input by the list of what must be tested, for every estimator and every method of the Factory.

Each ends in an error that names what is wrong, and leaves nothing behind: no attribute of a model, no file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument
from diskern.cli import main
from diskern.report import write_report
from diskern.tmva import DataLoader, Factory
from diskern.tmva.methods import METHODS

pytest.importorskip("sklearn")

CLASSIFIERS = (
    "GradientBoostedTreesClassifier",
    "FlatGradientBoostedTreesClassifier",
    "UBoostClassifier",
    "KFoldClassifier",
    "AdaBoostTreesClassifier",
    "DecisionTreeClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "BaggingTreesClassifier",
    "NetworkClassifier",
    "FisherClassifier",
    "LinearDiscriminantClassifier",
    "RuleFitClassifier",
)
REGRESSORS = (
    "GradientBoostedTreesRegressor",
    "KFoldRegressor",
    "AdaBoostTreesRegressor",
    "DecisionTreeRegressor",
    "RandomForestRegressor",
    "ExtraTreesRegressor",
    "BaggingTreesRegressor",
    "NetworkRegressor",
    "LinearDiscriminantRegressor",
)
MISSING_IS_A_VALUE = (
    "GradientBoostedTreesClassifier",
    "GradientBoostedTreesRegressor",
    "FlatGradientBoostedTreesClassifier",
    "UBoostClassifier",
    "KFoldClassifier",  # of gradient boosted trees, see estimator()
    "KFoldRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "BaggingTreesClassifier",
    "BaggingTreesRegressor",
)
SMALL = {"n_estimators": 3, "max_iter": 5, "n_bins": 2, "n_neighbors": 10}  # the last two: of protected variables


# Their fit takes no weights, and bad input is refused in scikit-learn's words: see test_neighbours.
AS_SCIKIT_LEARN = ("KNeighborsClassifier", "KNeighborsRegressor")


def test_no_estimator_is_left_out() -> None:
    exported = {name for name in diskern.__all__ if name.endswith(("Classifier", "Regressor"))}
    assert exported == {*CLASSIFIERS, *REGRESSORS, *AS_SCIKIT_LEARN}


def estimator(name: str, **parameters: Any) -> Any:
    made = getattr(diskern, name)()
    if name.startswith("KFold"):
        made.set_params(estimator=estimator(name.replace("KFold", "GradientBoostedTrees")), n_folds=2)
    small = {key: value for key, value in SMALL.items() if key in made.get_params()}
    return made.set_params(**small, **parameters)


def fit(made: Any, events: Any, answer: Any, weight: Any = None) -> Any:
    """Fit, with good values of what the estimator needs beside events and answers."""
    more: dict[str, Any] = {}
    if "KFold" in type(made).__name__:
        more["key"] = np.arange(len(events))
    elif type(made).__name__ in ("FlatGradientBoostedTreesClassifier", "UBoostClassifier"):
        more["protected"] = np.random.default_rng(6).normal(size=len(events))
    return made.fit(events, answer, sample_weight=weight, **more)


def predict(made: Any, events: Any) -> Any:
    return made.predict(events, **({"key": np.arange(len(events))} if "KFold" in type(made).__name__ else {}))


def sample(name: str) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    events = generator.normal(size=(80, 3)).astype(np.float32)
    answer = events[:, 0] + generator.normal(size=80)
    return events, answer > 0 if name in CLASSIFIERS else answer


def set_at(events: np.ndarray, value: float) -> np.ndarray:
    changed = events.astype(np.float64)
    changed[7, 1] = value
    return changed


# What is wrong -> (events, answer, weight) from good ones, and words of the message.
CASES: dict[str, tuple[Any, str]] = {
    "empty": (lambda X, y: (X[:0], y[:0], None), r"X: found array with 0 sample"),
    "no variables": (lambda X, y: (X[:, :0], y, None), r"0 feature"),
    "zero weights": (lambda X, y: (X, y, np.zeros(80)), "all weights are zero"),
    "NaN weight": (lambda X, y: (X, y, np.where(np.arange(80) == 3, np.nan, 1.0)), "sample_weight.*event 3"),
    "infinite weight": (lambda X, y: (X, y, np.where(np.arange(80) == 3, np.inf, 1.0)), "sample_weight.*event 3"),
    "negative sum": (lambda X, y: (X, y, -np.ones(80)), "weight"),
    "too few weights": (lambda X, y: (X, y, np.ones(79)), "sample_weight"),
    "NaN": (lambda X, y: (set_at(X, np.nan), y, None), "NaN.*event 7, variable 1"),
    "infinity": (lambda X, y: (set_at(X, -np.inf), y, None), "infinity.*event 7, variable 1"),
    "beyond float32": (lambda X, y: (set_at(X, 1e300), y, None), "too large.*event 7, variable 1"),
    "too few answers": (lambda X, y: (X, y[:-1], None), "y has 79"),
    "one dimension": (lambda X, y: (X[:, 0], y, None), "2D array"),
    "text": (lambda X, y: (np.full((80, 3), "a"), y, None), "numbers only"),
    "no answers": (lambda X, y: (X, None, None), "y is None"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_events_that_cannot_be_fitted(name: str, case: str) -> None:
    spoil, words = CASES[case]
    if case in ("NaN", "infinity") and name in MISSING_IS_A_VALUE:
        pytest.skip("a value for these trees")
    made = estimator(name)
    events, answer, weight = spoil(*sample(name))
    with pytest.raises(InvalidArgument, match=words):
        fit(made, events, answer, weight)
    assert not hasattr(made, "predictor_")
    with pytest.raises(ValueError, match="not fitted"):
        predict(made, sample(name)[0])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_one_class(name: str) -> None:
    events, answer = sample(name)
    with pytest.raises(InvalidArgument, match=r"1 class \(True\)"):
        fit(estimator(name), events, np.ones(80, dtype=bool))
    with pytest.raises(InvalidArgument, match="one class only"):
        fit(estimator(name), events, answer, answer.astype(float))


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_targets_that_are_no_numbers(name: str, value: float) -> None:
    events, answer = sample(name)
    answer[11] = value
    with pytest.raises(InvalidArgument, match=r"y contains.*event 11"):
        fit(estimator(name), events, answer)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_a_constant_variable_does_no_harm(name: str) -> None:
    """Estimators go on: a constant tells nothing. The linear ones warn, and can be told to refuse."""
    events, answer = sample(name)
    events[:, 2] = 4
    made = estimator(name)
    if "singular" in made.get_params():
        with pytest.warns(UserWarning, match=r"number 2 |variable"):
            fit(made, events, answer)
        with pytest.raises(InvalidArgument, match=r"number 2 |variable"):
            fit(estimator(name, singular="error"), events, answer)
    else:
        fit(made, events, answer)
    assert np.isfinite(predict(made, events).astype(float)).all()


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_wrong_columns_and_parameters(name: str) -> None:
    events, answer = sample(name)
    fitted = fit(estimator(name), events, answer)
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        predict(fitted, events[:, :2])
    with pytest.raises(TypeError, match="nothing_like_it"):
        getattr(diskern, name)(nothing_like_it=1)
    with pytest.raises(TypeError, match="'n_job'; did you mean 'n_jobs'"):
        getattr(diskern, name)(n_job=1)
    for parameter, value in (("n_jobs", -5), ("n_jobs", "two"), ("verbose", "loud"), ("random_state", "seed")):
        made = estimator(name)
        if parameter in made.get_params():
            with pytest.raises(InvalidArgument, match=parameter):
                fit(made.set_params(**{parameter: value}), events, answer)


# The Factory


def columns(n: int, shift: float, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    variables = {"x": generator.normal(shift, 1, n), "y": generator.normal(0, 1, n)}
    return {**variables, "w": np.ones(n), "p": generator.normal(0, 1, n)}


def booked(path: Path, method: str, options: str = "", spoil: Any = None, split: str = "") -> Factory:
    signal, background = columns(100, 1, 1), columns(100, 0, 2)
    if spoil is not None:
        spoil(signal, background)
    loader = DataLoader(str(path / "dataset"))
    loader.AddVariable("x")
    loader.AddVariable("y")
    loader.AddSignalTree(signal)
    loader.AddBackgroundTree(background)
    if method in ("FlatGradientBoostedTrees", "UBoost"):
        loader.AddSpectator("p")
        options = ":".join(filter(None, (options, "ProtectedVariables=p")))
    if method == "UBoost":
        options += ":NNeighbours=10:NTrees=3"
    loader.SetWeightExpression("w")
    loader.PrepareTrainingAndTestTree("", "!V" + split)
    factory = Factory("job", str(path / "out.root"), Silent=True)
    factory.BookMethod(loader, method, "title", options)
    return factory


def files(path: Path) -> list[str]:
    return sorted(p.name for p in path.rglob("*") if p.is_file())


def empty(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    for name in signal:
        signal[name] = signal[name][:0]


def constant(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    signal["y"][:] = background["y"][:] = 2.5


def zero_weights(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    background["w"][:] = 0


def infinite(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    signal["x"][::5] = np.inf


def missing(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    signal["x"][::5] = np.nan


def infinite_weight(signal: dict[str, np.ndarray], background: dict[str, np.ndarray]) -> None:
    signal["w"][4] = np.inf


@pytest.mark.parametrize(
    ("spoil", "split", "words"),
    [
        (empty, "", "class 'Signal' has no events"),
        (constant, "", r"variable 'y' is constant in the training sample \(2.5\)"),
        (zero_weights, "", "class 'Background': the weights of all 100 events are zero"),
        (infinite_weight, "", "weight"),
        (infinite, "", "infinities.*'x'"),
        (missing, ":nan=keep", "NaN.*'x'"),
        (missing, ":nan=error", "NaN"),
    ],
)
@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("Boost", "Category", "Committee")])
def test_events_that_no_method_can_train_on(tmp_path: Path, method: str, spoil: Any, split: str, words: str) -> None:
    takes_them = (
        "AdaBoost",
        "ExtraTrees",
        "FlatGradientBoostedTrees",
        "GradientBoostedTrees",
        "RandomForest",
        "UBoost",
    )
    if method in takes_them and spoil in (infinite, missing) and "error" not in split:
        pytest.skip("a value for these trees")
    with pytest.raises(InvalidArgument, match=words):
        booked(tmp_path, method, spoil=spoil, split=split).TrainAllMethods()
    assert files(tmp_path) == []


@pytest.mark.parametrize("method", [name for name in METHODS if name != "Boost"])
def test_mistyped_options(tmp_path: Path, method: str) -> None:
    with pytest.raises(InvalidArgument, match="unknown option 'VarTransfrom'; did you mean 'VarTransform'"):
        booked(tmp_path, method, "VarTransfrom=N")
    with pytest.raises(InvalidArgument, match=r"unknown option 'Qqqq' \(options: .*VarTransform") as error:
        booked(tmp_path, method, "Qqqq=3")
    assert "MVAPdf" not in str(error.value).replace("CreateMVAPdfs", "")
    assert files(tmp_path) == []


# Folders that cannot be written


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """As root, who may write everywhere, this process becomes nobody; imports must have happened before."""
    root = os.getuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """A folder that everybody may write to, and one that nobody may; both readable."""
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        outer.chmod(0o755)
        free, locked = outer / "free", outer / "locked"
        free.mkdir()
        free.chmod(0o777)
        locked.mkdir()
        locked.chmod(0o555)
        yield free, locked
        assert list(locked.iterdir()) == []
        locked.chmod(0o755)


def test_factory_says_so_before_training(folders: tuple[Path, Path]) -> None:
    free, locked = folders
    bookings = []
    for folder in (free, locked):
        loader = DataLoader(str(folder / "dataset"))
        loader.AddVariable("x")
        loader.AddSignalTree(columns(50, 1, 1))
        loader.AddBackgroundTree(columns(50, 0, 2))
        loader.PrepareTrainingAndTestTree("", "!V")
        factory = Factory("job", Silent=True)
        bookings.append((factory, factory.BookMethod(loader, "Fisher", "Fisher")))
    bookings[0][0].TrainAllMethods()
    assert files(free) == ["job_Fisher.diskern", "job_Fisher.weights.xml"]
    with unprivileged():
        with pytest.raises(PermissionError, match="read-only"):
            Factory("job", str(locked / "out.root"))
        with pytest.raises(PermissionError, match="folder of model files"):
            bookings[1][0].TrainAllMethods()
    assert bookings[1][1].trained is None


def test_models_reports_and_responses(tmp_path: Path, folders: tuple[Path, Path], capsys: Any) -> None:
    factory = booked(tmp_path, "Fisher")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    results = factory.results()
    fitted = estimator("FisherClassifier").fit(*sample("FisherClassifier"))
    model = diskern.load(factory.model_path("title"))
    free, locked = folders
    model.save(free / "model.diskern")
    (free / "events.csv").write_text("x,y\n1.0,2.0\n")

    def write(what: str, folder: Path) -> None:
        if what == "estimator":
            fitted.save(folder / "estimator.diskern")
        elif what == "model":
            model.save(folder / "copy.diskern")
        elif what == "xml":
            model.save_tmva_xml(folder / "model.weights.xml")
        elif what == "report":
            write_report(results, folder / "report.html")
        else:
            arguments = ["apply", str(free / "model.diskern"), str(free / "events.csv"), "-o", str(folder / what)]
            code = main(arguments)
            message = capsys.readouterr().err
            if code:
                assert code == 3
                raise PermissionError(message)

    for what in ("estimator", "model", "xml", "report", "out.root", "out.parquet", "out.npz"):
        write(what, free)  # it works where it may, and has imported what it needs
        with unprivileged(), pytest.raises((InvalidArgument, PermissionError), match="Permission denied"):
            write(what, locked)
    assert len(files(free)) == 10


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (-np.inf, "infinity")])
@pytest.mark.parametrize(
    "name", ["CLUE", "DBSCAN", "KNeighborsClassifier", "KNeighborsRegressor", "NearestNeighbors", "PCA"]
)
def test_points_that_are_not_finite(name: str, value: float, word: str, table: bool) -> None:
    """Estimators of points, which take float64: the message is that of the others, with the column of a table."""
    events = sample("")[0]
    points: Any = set_at(events, value)
    answer = np.arange(80) % 2
    where = "event 7, variable 1"
    if table:
        points = pytest.importorskip("pandas").DataFrame(points, columns=["x", "mass", "z"])
        where += r" \(mass\)"
    made = getattr(diskern, name)()
    with pytest.raises(InvalidArgument, match=f"Input X contains {word}.*{where}"):
        made.fit(points, answer)
    if name in ("PCA", "NearestNeighbors"):
        made.fit(events)
        with pytest.raises(InvalidArgument, match=f"Input X contains {word}.*event 7, variable 1"):
            (made.transform if name == "PCA" else made.kneighbors)(np.asarray(points))
