"""The Factory with prepared samples and scikit-learn estimators: booking, steps, results, files, errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import uproot
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diskern import _core, evaluation
from diskern.data.sample import DataSet, DataSetInfo, Sample, VariableInfo
from diskern.tmva import Factory, MethodError, Tools, Types, gConfig
from diskern.tmva.methods.estimator import weight_argument


class Prepared:
    """Stands in for a DataLoader whose samples are ready."""

    def __init__(self, dataset: DataSet) -> None:
        self.name = dataset.name
        self.dataset = dataset

    def prepare(self, *, verbose: bool | None = None) -> DataSet:
        return self.dataset


def gaussians(n: int, seed: int, classes: int = 2, targets: bool = False) -> Sample:
    rng = np.random.default_rng(seed)
    index = rng.integers(0, classes, n).astype(np.int32)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    x[:, 0] += index
    x[:, 1] -= 0.5 * index
    weight = rng.uniform(0.5, 1.5, n)
    target = (2 * x[:, :1] - x[:, 1:2]).astype(np.float32) if targets else np.empty((n, 0), np.float32)
    if targets:
        index[:] = 0
    number = np.arange(n, dtype=np.int64) + 2**60
    return Sample(x, index, weight, weight, target, {"eventNumber": number}, np.arange(n))


def prepared(path: Path, classes: tuple[str, ...] = ("Background", "Signal"), targets: bool = False) -> Prepared:
    info = DataSetInfo(
        tuple(VariableInfo(name, name, name) for name in ("x", "y*y", "z")),
        (VariableInfo("eventNumber", "eventNumber", "eventNumber", type="I"),),
        (VariableInfo("t", "t", "t"),) if targets else (),
        classes,
        classes.index("Signal") if "Signal" in classes else 0,
    )
    samples = [gaussians(n, seed, len(classes), targets) for n, seed in ((400, 1), (300, 2))]
    return Prepared(DataSet(str(path / "dataset"), info, samples[0], samples[1]))


def run(factory: Factory) -> None:
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()


def left_over(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def test_end_to_end(tmp_path: Path, capsys) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", tmp_path / "out.root", "AnalysisType=Classification:Correlations")
    factory.BookMethod(loader, HistGradientBoostingClassifier(max_iter=20, random_state=0), "HistGB")
    handle = factory.BookMethod(loader, LogisticRegression(), "Logistic", "V:!H")
    assert handle is factory.GetMethod(loader, "Logistic")
    assert handle.options["C"] == 1.0
    run(factory)
    results = factory.results()
    assert [m.title for m in results.methods] == ["HistGB", "Logistic"]
    assert all(0.7 < m.metrics["roc_integral"] < 0.9 for m in results.methods)
    data = loader.dataset
    expected = LogisticRegression().fit(data.training.variables, data.training.class_index == 1, data.training.weight)
    response = expected.predict_proba(data.test.variables)[:, 1]
    np.testing.assert_array_equal(results.methods[1].response_test[:, 0], response)
    area = evaluation.roc_curve(data.test.class_index == 1, response, data.test.weight).integral
    assert factory.GetROCIntegral(loader, "Logistic") == area
    assert factory.GetROCIntegral("Logistic") == area
    assert factory.GetROCIntegral(loader.name, "Logistic", 0, Types.kTraining) != area
    assert factory.GetROCCurve(loader, "HistGB").integral == results.methods[0].metrics["roc_integral"]
    printed = capsys.readouterr().out
    for words in (
        "Correlation matrix (Signal)",
        "Separation",
        "ROC-integral",
        "Testing efficiency",
        "Kolmogorov",
        "Accuracy",
        "Timing",
        "Correlation of the responses (Signal)",
        "no model file",
    ):
        assert words in printed
    assert left_over(tmp_path) == ["out.root"]
    json.dumps(evaluation.results_to_json(results), allow_nan=False)
    assert results.provenance["diskern"]
    factory.DeleteAllMethods()
    assert not factory.HasMethod(loader, "HistGB")


def test_output_trees(tmp_path: Path) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", str(tmp_path / "out.root"), Silent=True)
    factory.BookMethod(loader, GaussianNB(), "NB")
    run(factory)
    with uproot.open(tmp_path / "out.root") as file:
        test, training = file["dataset/TestTree"], file["dataset/TrainTree"]
        assert test.keys() == ["classID", "className", "x", "y_T_y", "z", "eventNumber", "weight", "NB"]
        assert (test.num_entries, training.num_entries) == (300, 400)
        arrays = test.arrays(library="np")
    sample = loader.dataset.test
    np.testing.assert_array_equal(arrays["classID"], sample.class_index)
    assert arrays["className"][0] == loader.dataset.info.class_names[sample.class_index[0]]
    np.testing.assert_array_equal(arrays["y_T_y"], sample.variables[:, 1])
    np.testing.assert_array_equal(arrays["eventNumber"], sample.spectators["eventNumber"])  # exact beyond 2^53
    np.testing.assert_array_equal(arrays["NB"], factory.results().methods[0].response_test[:, 0].astype(np.float32))


def test_output_into_an_open_file_and_read_back(tmp_path: Path) -> None:
    from diskern.report import read_results

    with uproot.recreate(tmp_path / "mine.root") as file:
        loader = prepared(tmp_path, ("a", "b", "c"))
        factory = Factory("job", file, Silent=True)
        factory.BookMethod(loader, GaussianNB(), "NB")
        factory.BookMethod(loader, LogisticRegression(), "LR")
        run(factory)
    again = read_results(tmp_path / "mine.root")
    assert again.analysis_type == "Multiclass"
    assert [m.title for m in again.methods] == ["NB", "LR"]
    original = factory.results().methods[1]
    np.testing.assert_array_equal(again.methods[1].response_test, original.response_test.astype(np.float32))
    evaluation.evaluate(again)
    assert again.methods[1].metrics["accuracy"] == pytest.approx(original.metrics["accuracy"], abs=1e-6)


def test_multiclass_and_regression(tmp_path: Path, capsys) -> None:
    loader = prepared(tmp_path, ("a", "b", "c"))
    factory = Factory("job", None)
    factory.BookMethod(loader, LogisticRegression(), "LR")
    run(factory)
    metrics = factory.results().methods[0].metrics
    assert metrics["accuracy"] > 0.4
    assert factory.GetROCIntegral(loader, "LR", 2) == metrics["classes"]["c"]["roc_integral"]
    with pytest.raises(_core.InvalidArgument, match=r"iClass must lie in 0\.\.2"):
        factory.GetROCIntegral(loader, "LR", 3)

    loader = prepared(tmp_path, ("Regression",), targets=True)
    factory = Factory("job", None)
    factory.BookMethod(loader, LinearRegression(), "Linear")
    run(factory)
    assert factory.results().methods[0].metrics["targets"]["t"]["test"]["rms"] < 1e-5
    with pytest.raises(_core.InvalidArgument, match="no ROC curve"):
        factory.GetROCCurve(loader, "Linear")
    assert "ranked by smallest RMS on the test sample" in capsys.readouterr().out


def test_silence(tmp_path: Path, capfd) -> None:
    factory = Factory("job", "Silent:!V")
    factory.BookMethod(prepared(tmp_path), GaussianNB(), "NB", "H:CreateMVAPdfs")
    run(factory)
    assert capfd.readouterr() == ("", "")
    gConfig().SetSilent(True)
    try:
        factory = Factory("job")
        factory.BookMethod(prepared(tmp_path), GaussianNB(), "NB")
        run(factory)
        assert capfd.readouterr() == ("", "")
    finally:
        gConfig().SetSilent(False)


def test_notices(tmp_path: Path, capsys) -> None:
    factory = Factory("job")
    loader = prepared(tmp_path)
    factory.BookMethod(loader, KNeighborsClassifier(), "KNN", "CreateMVAPdfs:NbinsMVAPdf=60:NsmoothMVAPdf=10:H")
    factory.BookMethod(loader, RidgeClassifier(), "Ridge")
    factory.TrainAllMethods()
    printed = capsys.readouterr().out
    assert "NbinsMVAPdf = 60" in printed
    assert "event weights are IGNORED" in printed
    assert "its response is that of decision_function" in printed
    assert "* CreateMVAPdfs = True" in printed  # option H lists the options


@pytest.mark.parametrize(
    ("kind", "options", "notes"),
    [
        ("BDT", "BoostType=Grad:Shrinkage=0.1:MaxDepth=2", []),
        (
            "BDT",
            "BoostType=Grad:AdaBoostBeta=0.3:SeparationType=GiniIndex:UseYesNoLeaf:UseNvars=2:PruneStrength=3",
            [
                "AdaBoostBeta has no effect with BoostType=Grad",
                "SeparationType has no effect with BoostType=Grad",
                "UseYesNoLeaf has no effect with BoostType=Grad",
                "UseNvars has no effect without UseRandomisedTrees",
                "PruneStrength has no effect with PruneMethod=NoPruning",
            ],
        ),
        (
            "BDT",
            "Shrinkage=0.1:BaggedSampleFraction=0.5:HuberQuantile=0.5:Css=2",
            [
                "Shrinkage has no effect with BoostType=AdaBoost",
                "BaggedSampleFraction has no effect without UseBaggedBoost",
                "HuberQuantile has no effect in classification with BoostType=AdaBoost",
                "Css has no effect with BoostType=AdaBoost",
            ],
        ),
        ("BDT", "BoostType=Bagging:BaggedSampleFraction=0.5", []),
        ("DT", "PruningValFraction=0.3", ["PruningValFraction has no effect with PruneMethod=NoPruning"]),
        ("MLP", "NCycles=5:LearningRate=0.1:DecayRate=0.1:BPMode=batch:BatchSize=10", []),
        (
            "MLP",
            "TrainingMethod=BFGS:LearningRate=0.1:DecayRate=0.1:BatchSize=3:Tau=2",
            [
                "LearningRate has no effect with TrainingMethod=BFGS",
                "DecayRate has no effect with TrainingMethod=BFGS",
                "BatchSize has no effect with TrainingMethod=BFGS",
            ],
        ),
        ("MLP", "BatchSize=3:ResetStep=9", ["BatchSize has no effect with BPMode=s", "ResetStep has no effect with T"]),
        ("MLP", "TrainingMethod=Adam:BatchSize=3:DecayRate=0.5", ["DecayRate has no effect with TrainingMethod=Adam"]),
        ("Cuts", "FitMethod=MC:SampleSize=100", []),
        (
            "Cuts",
            "FitMethod=MC:PopSize=7:SetBatch",
            ["PopSize has no effect as GA does not", "SetBatch has no effect (p"],
        ),
        ("Likelihood", "Nbins=20", []),
        ("Likelihood", "KDEiter=Adaptive", ["KDEiter has no effect without PDFInterpol=KDE"]),
        ("KNN", "nkNN=5:Kernel=Poln", ["Kernel has no effect without UseKernel"]),
        ("PDERS", "", []),
        ("SVM", "Order=3", ["Order has no effect with Kernel=RBF"]),
    ],
)
def test_options_without_effect_are_told(tmp_path: Path, capsys, kind: str, options: str, notes: list[str]) -> None:
    factory = Factory("job")
    capsys.readouterr()
    factory.BookMethod(prepared(tmp_path), kind, "title", options)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Note: ")]
    for note in notes:
        assert any(line.startswith(f"Note: title: {note}") for line in printed), note
    assert len(printed) == len(notes)


def test_verbosity_of_a_method(tmp_path: Path, capsys) -> None:
    factory = Factory("job")
    loader = prepared(tmp_path)
    factory.BookMethod(loader, GaussianNB(), "quiet", "VerbosityLevel=Error")
    factory.BookMethod(loader, GaussianNB(), "loud", "V:VerbosityLevel=Error")
    factory.TrainAllMethods()
    printed = capsys.readouterr().out
    assert "Train loud" in printed
    assert "Options of GaussianNB (method 'loud')" in printed
    assert "quiet" not in printed


def test_how_weights_reach_estimators() -> None:
    assert weight_argument(LogisticRegression()) == "sample_weight"
    assert weight_argument(KNeighborsClassifier()) is None
    assert weight_argument(make_pipeline(StandardScaler(), LogisticRegression())) == "logisticregression__sample_weight"
    assert weight_argument(make_pipeline(StandardScaler(), KNeighborsClassifier())) is None
    assert weight_argument(GridSearchCV(LogisticRegression(), {"C": [1, 2]})) == "sample_weight"
    assert weight_argument(GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 2]})) is None


def test_weights_are_used(tmp_path: Path) -> None:
    loader = prepared(tmp_path)
    training = loader.dataset.training
    training.weight[training.class_index == 0] *= 100
    factory = Factory("job", Silent=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    factory.BookMethod(loader, pipeline, "pipeline")
    factory.BookMethod(loader, KNeighborsClassifier(), "KNN")
    factory.TrainAllMethods()
    assert (
        factory.GetMethod("pipeline").response_training.mean() < 0.1 < factory.GetMethod("KNN").response_training.mean()
    )
    assert not hasattr(pipeline[-1], "coef_")  # what was booked stays as it is


def test_boosted_trees_of_others(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    loader = prepared(tmp_path)
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, xgboost.XGBClassifier(n_estimators=20, n_jobs=1), "XGB")
    lightgbm = pytest.importorskip("lightgbm")
    factory.BookMethod(loader, lightgbm.LGBMRegressor(n_estimators=20, n_jobs=1, verbose=-1), "LGBM")
    run(factory)
    for title in ("XGB", "LGBM"):
        assert factory.GetROCIntegral(title) > 0.68
        assert sorted(name for name, _ in factory.GetMethod(title).trained.ranking) == ["x", "y*y", "z"]


def test_early_stopping_sees_the_validation_sample(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    loader = prepared(tmp_path)
    loader.dataset.validation = gaussians(200, 5)
    factory = Factory("job", Silent=True)
    booked = xgboost.XGBClassifier(n_estimators=400, n_jobs=1, early_stopping_rounds=5, learning_rate=0.5)
    factory.BookMethod(loader, booked, "XGB")
    factory.TrainAllMethods()
    assert factory.GetMethod("XGB").trained.predictor.estimator.best_iteration < 100


def test_ignore_negative_weights(tmp_path: Path, capsys) -> None:
    loader = prepared(tmp_path)
    training = loader.dataset.training
    training.weight[::7] *= -1
    negative = int((training.weight < 0).sum())
    factory = Factory("job")
    factory.BookMethod(loader, GaussianNB(), "NB", "IgnoreNegWeightsInTraining")
    run(factory)
    assert f"{negative} of 400 training events have a negative weight" in capsys.readouterr().out
    kept = training.weight > 0
    expected = GaussianNB().fit(training.variables[kept], training.class_index[kept] == 1, training.weight[kept])
    np.testing.assert_array_equal(
        factory.results().methods[0].response_test[:, 0], expected.predict_proba(loader.dataset.test.variables)[:, 1]
    )


class Failing:
    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("the matrix is not a matrix")

    def predict(self, X):
        return X[:, 0]


class NotANumber(Failing):
    def fit(self, X, y, sample_weight=None):
        return self

    def predict(self, X):
        return np.full(len(X), np.nan)


class Interrupted(Failing):
    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


def test_a_failing_method_does_not_lose_the_others(tmp_path: Path, capsys) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", tmp_path / "out.root")
    factory.BookMethod(loader, Failing(), "bad")
    factory.BookMethod(loader, GaussianNB(), "good")
    factory.BookMethod(loader, NotANumber(), "nan")
    with pytest.raises(MethodError, match="2 methods failed in training") as caught:
        factory.TrainAllMethods()
    assert "bad: RuntimeError: the matrix is not a matrix" in str(caught.value)
    assert "nan: InvalidArgument: method 'nan' gives NaN for 400 of 400 events" in str(caught.value)
    assert set(caught.value.errors) == set(factory.errors) == {"bad", "nan"}
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    assert [m.title for m in factory.results().methods] == ["good"]
    assert "Not in the tables: bad failed (the matrix is not a matrix)" in capsys.readouterr().out
    with uproot.open(tmp_path / "out.root") as file:
        assert file["dataset/TestTree"].keys()[-1] == "good"


def test_one_failing_method_raises_its_own_error(tmp_path: Path) -> None:
    factory = Factory("job", Silent=True)
    factory.BookMethod(prepared(tmp_path), NotANumber(), "nan")
    with pytest.raises(_core.InvalidArgument, match="training of 'nan': method 'nan' gives NaN"):
        factory.TrainAllMethods()


def test_interrupt_stops_and_holds_what_there_is(tmp_path: Path) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", Silent=True)
    for title, estimator in (("first", GaussianNB()), ("stopped", Interrupted()), ("last", GaussianNB())):
        factory.BookMethod(loader, estimator, title)
    with pytest.raises(KeyboardInterrupt):
        factory.TrainAllMethods()
    assert factory.GetMethod("stopped").trained is None
    assert factory.GetMethod("last").trained is None
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    assert [m.title for m in factory.results().methods] == ["first"]
    assert left_over(tmp_path) == []


def test_interrupt_after_the_training_holds_nothing_half(tmp_path: Path, monkeypatch) -> None:
    """Ctrl-C while the responses are computed: the model file is gone, and training can be taken up again."""
    from diskern.tmva import training

    factory = Factory("job", Silent=True)
    factory.BookMethod(prepared(tmp_path), "Fisher", "Fisher")

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "respond", interrupted)
        with pytest.raises(KeyboardInterrupt):
            factory.TrainAllMethods()
    assert left_over(tmp_path) == []
    with pytest.raises(_core.InvalidArgument, match="no method is trained"):
        factory.TestAllMethods()
    factory.TrainAllMethods()
    factory.TestAllMethods()
    assert factory.GetROCIntegral("Fisher") > 0.5
    assert left_over(tmp_path) == ["dataset/weights/job_Fisher.diskern", "dataset/weights/job_Fisher.weights.xml"]


@pytest.mark.parametrize(
    ("arguments", "keywords", "words"),
    [
        (("job", None, "AnalysisTyp=Regression"), {}, "unknown option 'AnalysisTyp'; did you mean 'AnalysisType'"),
        (("job", None, ""), {"Silnet": True}, "unknown option 'Silnet'; did you mean 'Silent'"),
        (("job", None, "AnalysisType=Classify"), {}, "cannot be 'Classify'; did you mean 'Classification'"),
        (("job", "out.txt"), {}, "unknown option 'out.txt'"),
        (("job", 7), {}, "output must be the name of a .root file"),
        (("job", Path("out.txt")), {}, r"must end in \.root"),
        (("a/b",), {}, "job must be a name"),
        (("",), {}, "job must be a name"),
        (("job",), {"threads": -1}, "threads must be 0"),
    ],
)
def test_bad_constructor(arguments, keywords, words: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=words):
        Factory(*arguments, **keywords)


def test_bad_output_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        Factory("job", tmp_path / "nowhere" / "out.root")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        Factory("job", tmp_path / "file" / "out.root")
    (tmp_path / "folder.root").mkdir()
    with pytest.raises(IsADirectoryError):
        Factory("job", tmp_path / "folder.root")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_output_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="read-only"):
            Factory("job", tmp_path / "out.root")
    finally:
        tmp_path.chmod(0o700)


def test_read_only_is_noticed_before_training(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="read-only"):
        Factory("job", tmp_path / "out.root")
    factory = Factory("job", Silent=True)
    factory.BookMethod(prepared(tmp_path), GaussianNB(), "NB")
    with pytest.raises(PermissionError, match="model files"):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == []


def test_model_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "dataset").write_text("in the way")
    factory = Factory("job", Silent=True)
    factory.BookMethod(prepared(tmp_path), GaussianNB(), "NB")
    with pytest.raises(OSError, match="model files"):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == ["dataset"]


def test_output_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    factory = Factory("job", tmp_path / "out.root", Silent=True)
    loader = prepared(tmp_path)
    factory.BookMethod(loader, GaussianNB(), "NB")
    factory.TrainAllMethods()
    factory.TestAllMethods()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        factory.EvaluateAllMethods()
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "title", "options", "keywords", "words"),
    [
        ("BTD", "a", "", {}, "unknown method 'BTD'"),
        ("RNSS", "a", "", {}, "unknown method 'RNSS'"),
        (Types.kRXGB, "a", "", {}, "'RXGB' does not exist in this version"),
        (GaussianNB, "a", "", {}, r"is a class; book an object: GaussianNB\("),
        (StandardScaler(), "a", "", {}, "an estimator with fit and predict_proba"),
        (3.5, "a", "", {}, "got float"),
        (GaussianNB(), "", "", {}, "title of a method must be text"),
        (GaussianNB(), "a/b", "", {}, "cannot hold '/'"),
        (GaussianNB(), "a", "VarTransfrom=N", {}, "did you mean 'VarTransform'"),
        (GaussianNB(), "a", "", {"NTrees": 3}, "unknown option 'NTrees'"),
        (GaussianNB(), "a", "!VarTransform", {}, "cannot be negated"),
    ],
)
def test_bad_booking(tmp_path: Path, kind, title, options, keywords, words: str) -> None:
    factory = Factory("job", Silent=True)
    with pytest.raises(_core.InvalidArgument, match=words):
        factory.BookMethod(prepared(tmp_path), kind, title, options, **keywords)
    with pytest.raises(_core.InvalidArgument, match="no method is booked"):
        factory.TrainAllMethods()


def test_titles_are_unique_and_steps_in_order(tmp_path: Path) -> None:
    factory = Factory("job", Silent=True)
    loader = prepared(tmp_path)
    factory.BookMethod(loader, GaussianNB(), "NB")
    with pytest.raises(_core.InvalidArgument, match="'NB' is already booked"):
        factory.BookMethod(loader, GaussianNB(), "NB")
    with pytest.raises(_core.InvalidArgument, match="two DataLoaders are named"):
        factory.BookMethod(prepared(tmp_path), GaussianNB(), "other")
    with pytest.raises(_core.InvalidArgument, match="call TrainAllMethods first"):
        factory.TestAllMethods()
    with pytest.raises(_core.InvalidArgument, match="no method is tested"):
        factory.EvaluateAllMethods()
    with pytest.raises(_core.InvalidArgument, match="no responses on the test sample"):
        factory.GetROCCurve(loader, "NB")
    with pytest.raises(_core.InvalidArgument, match="no method 'NBB'; did you mean 'NB'"):
        factory.GetMethod(loader, "NBB")
    with pytest.raises(_core.InvalidArgument, match="no dataset 'other'"):
        factory.GetMethod("other", "NB")
    factory.TrainAllMethods()
    with pytest.raises(_core.InvalidArgument, match="type must be"):
        factory.GetROCCurve(loader, "NB", 0, "validation")


@pytest.mark.parametrize(
    ("options", "classes", "words"),
    [
        ("", ("Signal",), "classification needs two classes"),
        ("AnalysisType=Classification", ("a", "b", "c"), "3 classes"),
        ("AnalysisType=Regression", ("Signal", "Background"), "needs AddTarget"),
        ("AnalysisType=Multiclass", ("Signal",), "two or more"),
    ],
)
def test_analysis_type_that_does_not_fit(tmp_path: Path, options: str, classes, words: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=words):
        Factory("job", None, options, Silent=True).BookMethod(prepared(tmp_path, classes), GaussianNB(), "NB")


def spoil_empty(data: DataSet) -> None:
    data.training = data.training.select(np.zeros(400, bool))


def spoil_class(data: DataSet) -> None:
    data.training = data.training.select(data.training.class_index == 0)


def spoil_weights(data: DataSet) -> None:
    data.training.weight[data.training.class_index == 1] = 0


def spoil_sum(data: DataSet) -> None:
    data.training.weight[data.training.class_index == 1] *= -1


def spoil_constant(data: DataSet) -> None:
    data.training.variables[:, 1] = 4


def spoil_nan_column(data: DataSet) -> None:
    data.training.variables[:, 1] = np.nan


def spoil_infinite_weight(data: DataSet) -> None:
    data.training.weight[3] = np.inf


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_empty, "no training events"),
        (spoil_class, "no training events of class 'Signal'"),
        (spoil_weights, "training weights of class 'Signal' are zero"),
        (spoil_sum, "training weights of class 'Signal' sum to -"),
        (spoil_constant, r"variable 'y\*y' is constant in the training sample \(4\)"),
        (spoil_nan_column, r"variable 'y\*y' has no value other than NaN"),
        (spoil_infinite_weight, "not finite"),
    ],
)
def test_samples_that_cannot_be_trained_on(tmp_path: Path, spoil, words: str) -> None:
    loader = prepared(tmp_path)
    spoil(loader.dataset)
    factory = Factory("job", tmp_path / "out.root", Silent=True)
    factory.BookMethod(loader, GaussianNB(), "NB")
    with pytest.raises(_core.InvalidArgument, match=words):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == []


def test_samples_that_cannot_be_tested_on(tmp_path: Path) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", tmp_path / "out.root", Silent=True)
    factory.BookMethod(loader, GaussianNB(), "NB")
    factory.TrainAllMethods()
    data = loader.dataset
    full = data.test
    data.test = full.select(np.zeros(300, bool))
    with pytest.raises(_core.InvalidArgument, match="no test events"):
        factory.TestAllMethods()
    data.test = full.select(full.class_index == 0)
    factory.TestAllMethods()
    with pytest.raises(_core.InvalidArgument, match="there are no signal events"):
        factory.EvaluateAllMethods()
    assert left_over(tmp_path) == []


def test_colliding_folders_of_the_output_file(tmp_path: Path) -> None:
    factory = Factory("job", tmp_path / "out.root", Silent=True)
    factory.BookMethod(prepared(tmp_path / "one"), GaussianNB(), "NB")
    with pytest.raises(_core.InvalidArgument, match="would share the folder 'dataset' of the output file"):
        factory.BookMethod(prepared(tmp_path / "two"), GaussianNB(), "NB")
    without = Factory("job", Silent=True)
    for name in ("one", "two"):
        without.BookMethod(prepared(tmp_path / name), GaussianNB(), "NB")


def test_colliding_branches(tmp_path: Path) -> None:
    loader = prepared(tmp_path)
    factory = Factory("job", tmp_path / "out.root", Silent=True)
    factory.BookMethod(loader, GaussianNB(), "x")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    with pytest.raises(_core.InvalidArgument, match="two branches named 'x'"):
        factory.EvaluateAllMethods()
    assert left_over(tmp_path) == []


def test_types_and_tools() -> None:
    assert Types.kBDT == 9
    assert Types.kBDT.type_name == "BDT"
    assert Types.kTraining == 0
    assert Types.kCrossValidation == 32
    assert Tools.Instance() is Tools.Instance()
    assert gConfig().GetIONames().fWeightFileDir == "weights"
