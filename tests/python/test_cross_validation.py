"""CrossValidation: who saw what, what the model file answers, TMVA's options, errors."""

from __future__ import annotations

import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
import pytest
import uproot

import diskern
from diskern import InvalidArgument, evaluation
from diskern.data.sample import DataSet
from diskern.tmva import CrossValidation, Factory, MethodError, Reader, Types
from diskern.tmva.folds import assign_folds, formula_text
from tmva_events import class_loader, multiclass_loader, regression_loader

EXPRESSION = "NumFolds=3:SplitType=Deterministic:SplitExpr=int(fabs([eventID]))%int([NumFolds])"


def validated(loader, options: str, methods=("Fisher",), **others) -> CrossValidation:
    cv = CrossValidation("job", loader, others.pop("output", None), f"Silent:{options}", **others)
    for method in methods:
        cv.BookMethod(method, method)
    cv.Evaluate()
    return cv


def test_every_event_is_judged_by_a_model_that_did_not_see_it(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset")
    cv = CrossValidation("job", loader, None, f"Silent:{EXPRESSION}")
    cv.BookMethod(Types.kFisher, "Fisher", "VarTransform=D")
    cv.BookMethod("BDT", "BDT", "NTrees=8:MaxDepth=2")
    cv.Evaluate()
    sample = loader.dataset.training
    fold = sample.spectators["eventID"] % 3
    fisher, forest = cv.GetResults()
    np.testing.assert_array_equal(fisher.fold, fold)
    for f in range(3):
        # The same training by hand: a Factory whose training events are the other folds.

        data = DataSet(
            str(tmp_path / f"hand{f}"), loader.dataset.info, sample.select(fold != f), sample.select(fold == f)
        )

        class Prepared:
            name = data.name
            dataset = data

            def prepare(self, *, verbose=None):
                return self.dataset

        factory = Factory("hand", None, "Silent:!ModelPersistence")
        factory.BookMethod(Prepared(), "Fisher", "Fisher", "VarTransform=D")
        factory.BookMethod(Prepared(), "BDT", "BDT", "NTrees=8:MaxDepth=2")
        factory.TrainAllMethods()
        factory.TestAllMethods()
        for result, title in ((fisher, "Fisher"), (forest, "BDT")):
            np.testing.assert_array_equal(result.response[fold == f], factory.GetMethod(title).response_test)
            mine = fold == f
            curve = evaluation.roc_curve(
                sample.class_index[mine] == 0, result.response[mine, 0], sample.original_weight[mine]
            )
            assert result.GetROCValues()[f] == curve.integral
            assert result.GetEff10Values()[f] == curve.signal_efficiency_at(0.1)[0]
    values = np.array(fisher.GetROCValues())
    assert fisher.GetROCAverage() == pytest.approx(values.mean(), rel=1e-14)
    assert fisher.GetROCStandardDeviation() == pytest.approx(np.sqrt(((values - values.mean()) ** 2).sum() / 2))
    # The training response of an event comes from a model that was trained on it.
    results = cv.results()
    assert not (results.methods[1].response_training == results.methods[1].response_test).all()
    assert results.methods[1].metrics["roc_integral_training"] > results.methods[1].metrics["roc_integral"]


@pytest.mark.parametrize(
    "options",
    [
        EXPRESSION,
        "NumFolds=3:SplitType=Random:SplitKey=run,eventID",
        "NumFolds=4:SplitType=RandomStratified:SplitKey=eventID",
    ],
)
def test_the_model_file_chooses_the_fold(tmp_path: Path, options: str) -> None:
    loader = class_loader(tmp_path / "dataset")
    cv = validated(loader, options, ("HMatrix",))
    response = cv.GetResults()[0].response[:, 0]
    sample = loader.dataset.training
    path = tmp_path / "dataset" / "weights" / "job_HMatrix.diskern"
    model = diskern.load(path)
    columns = dict(zip(("x", "y", "z"), sample.variables.T, strict=True))
    key = {name: sample.spectators[name] for name in model.key_columns}
    np.testing.assert_array_equal(model.evaluate(sample.variables, key=key)[:, 0], response)
    np.testing.assert_array_equal(model.evaluate_inputs({**columns, **key})[:, 0], response)
    reader = Reader("Silent")
    held = {name: array("f", [0]) for name in columns} | {name: array("d", [0]) for name in key}
    for name in columns:
        reader.AddVariable(name, held[name])
    for name in key:
        reader.AddSpectator(name, held[name])
    reader.BookMVA("HMatrix", path)
    for i in range(0, len(sample), 97):
        for name, values in {**columns, **key}.items():
            held[name][0] = values[i]
        assert reader.EvaluateMVA("HMatrix") == response[i]
    np.testing.assert_array_equal(reader.EvaluateMVA({**columns, **key}, "HMatrix"), response)


def test_the_mean_of_the_folds(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset")
    cv = validated(loader, "NumFolds=3:OutputEnsembling=Avg", ("Fisher", "KNN"))
    weights = tmp_path / "dataset" / "weights"
    X = loader.dataset.training.variables[:200]
    for title in ("Fisher", "KNN"):
        folds = [diskern.load(weights / f"job_{title}_fold{i}.diskern").evaluate(X) for i in (1, 2, 3)]
        model = diskern.load(weights / f"job_{title}.diskern")
        assert model.key_columns == ()
        np.testing.assert_allclose(model.evaluate(X), np.mean(folds, axis=0), rtol=1e-14)
        one_by_one = np.vstack([model.evaluate(X[i : i + 1]) for i in range(20)])
        np.testing.assert_array_equal(one_by_one, model.evaluate(X)[:20])
        np.testing.assert_array_equal(model.evaluate(X, threads=2), model.evaluate(X))
        again = diskern.Model(model.to_bytes())
        np.testing.assert_array_equal(again.evaluate(X), model.evaluate(X))
        with pytest.raises(InvalidArgument, match="no folds"):
            model.evaluate(X, key=np.arange(200))
    assert cv.results().methods[0].model is not None


def test_a_random_split_without_key_has_no_rule_for_new_events(tmp_path: Path, capsys) -> None:
    loader = class_loader(tmp_path / "dataset")
    stale = tmp_path / "dataset" / "weights" / "job_Fisher.diskern"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of an earlier job")
    cv = CrossValidation("job", loader, NumFolds=2, SplitType="Random")
    cv.BookMethod("Fisher", "Fisher")
    cv.Evaluate()
    assert "SplitExpr or SplitKey" in capsys.readouterr().out
    assert sorted(p.name for p in stale.parent.iterdir()) == ["job_Fisher_fold1.diskern", "job_Fisher_fold2.diskern"]


@pytest.mark.parametrize("kind", ["Random", "RandomStratified", "Deterministic"])
def test_folds_without_key(tmp_path: Path, kind: str) -> None:
    data = class_loader(tmp_path / "dataset", 250).dataset
    options = {"NumFolds": 4, "SplitType": kind, "SplitExpr": "", "SplitKey": "", "SplitSeed": 100}
    folds = assign_folds(data, options)
    assert np.ptp(np.bincount(folds.index)) <= 1
    if kind == "RandomStratified":
        for c in (0, 1):
            assert np.ptp(np.bincount(folds.index[data.training.class_index == c])) <= 1
    if kind == "Deterministic":
        np.testing.assert_array_equal(folds.index, np.arange(len(data.training)) % 4)
    else:
        assert (assign_folds(data, {**options, "SplitSeed": 7}).index != folds.index).any()
        np.testing.assert_array_equal(assign_folds(data, options).index, folds.index)


def test_expression_of_tmva() -> None:
    assert formula_text("int(fabs([eventID]))%int([NumFolds])", 5) == "int(fabs(eventID))%int(5)"
    assert formula_text("int([eventID])%[numFolds]", 3) == "int(eventID)%3"
    assert formula_text("id[0]%numFolds", 2) == "id[0]%2"


def test_results_do_not_depend_on_threads_nor_on_workers(tmp_path: Path) -> None:
    responses = []
    for number, (threads, workers) in enumerate(((1, 0), (2, 2), (3, 1), (4, 0))):
        loader = class_loader(tmp_path / f"dataset{number}")
        cv = validated(loader, f"{EXPRESSION}:NumWorkerProcs={workers}", ("BDT", "MLP"), threads=threads)
        responses.append([result.response for result in cv.GetResults()])
    for other in responses[1:]:
        for first, second in zip(responses[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_regression_and_multiclass(tmp_path: Path, capsys) -> None:
    loader = regression_loader(tmp_path / "regression")
    cv = validated(loader, "NumFolds=3:SplitKey=eventID", ("LD",))
    result = cv.GetResults()[0]
    target = loader.dataset.training.targets[:, 0]
    assert np.std(result.response[:, 0] - target) == pytest.approx(0.1, rel=0.1)  # the noise of the target
    assert "RMS of t" in str(result.table())
    with pytest.raises(InvalidArgument, match="regression"):
        result.GetROCValues()
    loader = multiclass_loader(tmp_path / "multiclass")
    cv = CrossValidation("job", loader, NumFolds=3, SplitKey="eventID", Silent=True)
    cv.BookMethod("BDT", "BDTG", "BoostType=Grad:NTrees=20")
    cv.Evaluate()
    result = cv.GetResults()[0]
    assert result.response.shape == (len(loader.dataset.training), 3)
    assert 0.8 < result.GetROCAverage() < 1.0
    result.Print()
    assert "Accuracy" in capsys.readouterr().out


def test_files_plots_and_report(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset")
    cv = validated(loader, f"{EXPRESSION}:FoldFileOutput", ("Fisher", "LD"), output=str(tmp_path / "out.root"))
    with uproot.open(tmp_path / "out.root") as file:
        tree = file["dataset/TestTree"].arrays(library="np")
        np.testing.assert_array_equal(tree["Fisher"], cv.GetResults()[0].response[:, 0].astype(np.float32))
        np.testing.assert_array_equal(tree["eventID"], loader.dataset.training.spectators["eventID"])
    names = sorted(p.name for p in tmp_path.glob("*_fold*.root"))
    assert names == [f"{title}_fold{i}.root" for title in ("Fisher", "LD") for i in (1, 2, 3)]
    with uproot.open(tmp_path / "LD_fold2.root") as file:
        assert set(file["dataset/TestTree"]["eventID"].array(library="np") % 3) == {1}
    result = cv.GetResults()[0]
    mean = result.GetAvgROCCurve(101)
    assert mean.integral == pytest.approx(result.GetROCAverage(), abs=0.002)
    assert result.Draw().get_title() == "Fisher"
    assert "±" in result.DrawAvgROCCurve(True).get_legend().get_texts()[0].get_text()
    cv.Report(tmp_path / "report.html")
    assert (tmp_path / "report.json").is_file()


def test_a_method_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    class Broken(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            raise RuntimeError("no luck")

    loader = class_loader(tmp_path / "dataset")
    cv = CrossValidation("job", loader, Silent=True)
    cv.BookMethod(Broken(), "Broken")
    cv.BookMethod(LogisticRegression(), "Logistic")
    with pytest.raises(MethodError, match="no luck"):
        cv.Evaluate()
    assert [result.title for result in cv.GetResults()] == ["Logistic"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("NumFolds=1", "NumFolds is 1"),
        ("NumFolds=3:SplitExpr=int(eventID)%3", "SplitType=Deterministic"),
        ("SplitType=Deterministic:SplitKey=eventID", "SplitKey goes with"),
        ("SplitType=Deterministic:SplitExpr=int(eventId)%2", "did you mean 'eventID'"),
        ("SplitType=Deterministic:SplitExpr=int(x)%2", "no spectator"),
        ("SplitType=Deterministic:SplitExpr=int(eventID)%3", "has no fold"),
        ("SplitType=Deterministic:SplitExpr=0*int(eventID)", "fold 1 of 2 has no events"),
        ("SplitType=Deterministic:SplitExpr=int(eventID)>=100000", "of class"),
        ("NumFolds=900", "only 798 training events"),
        ("SplitSeed=-1", "SplitSeed is -1"),
    ],
)
def test_wrong_splits(tmp_path: Path, options: str, message: str) -> None:
    cv = CrossValidation("job", class_loader(tmp_path / "dataset"), None, f"Silent:{options}")
    cv.BookMethod("Fisher", "Fisher")
    with pytest.raises(InvalidArgument, match=message):
        cv.Evaluate()
    assert not list((tmp_path / "dataset").rglob("*.diskern"))


def test_wrong_use(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset")
    with pytest.raises(InvalidArgument, match="did you mean 'NumFolds'"):
        CrossValidation("job", loader, NumFold=3)
    with pytest.raises(InvalidArgument, match="FoldFileOutput"):
        CrossValidation("job", loader, FoldFileOutput=True)
    with pytest.raises(InvalidArgument, match="NumWorkerProcs"):
        CrossValidation("job", loader, NumWorkerProcs=-1)
    with pytest.raises(InvalidArgument, match="DataLoader"):
        CrossValidation("job", "loader")
    cv = CrossValidation("job", loader, Silent=True)
    with pytest.raises(InvalidArgument, match="no method is booked"):
        cv.Evaluate()
    with pytest.raises(InvalidArgument, match="Evaluate first"):
        cv.GetResults()
    with pytest.raises(InvalidArgument, match="NTrees"):
        cv.BookMethod("BDT", "BDT", "NTree=3")
    cv.BookMethod("Fisher", "Fisher")
    with pytest.raises(InvalidArgument, match="unique"):
        cv.BookMethod("LD", "Fisher")


SCRIPT = """
import os, signal, sys, threading, time
sys.path.insert(0, {folder!r})
from tmva_events import class_loader
from diskern.tmva import CrossValidation
cv = CrossValidation("job", class_loader("dataset", 20000), Silent=True, NumFolds=4, threads={threads})
cv.BookMethod("BDT", "BDT", "NTrees=100000:BoostType=Grad")
sent = []
def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(1.0, interrupt).start()
try:
    cv.Evaluate()
except KeyboardInterrupt:
    print(time.monotonic() - sent[0])
    sys.exit(0)
sys.exit("ended by itself")
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_ends_all_folds(tmp_path: Path, threads: int) -> None:
    code = SCRIPT.format(folder=str(Path(__file__).parent), threads=threads)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 2.0
    assert not list(tmp_path.rglob("*.diskern"))
