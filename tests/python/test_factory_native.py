"""DataLoader, Factory, model files and Reader together, with native methods."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import uproot

import diskern
from diskern import _core
from diskern.tmva import DataLoader, Factory, Reader, Types, gConfig
from diskern.tmva.methods.base import Method, TrainedMethod


def events(n: int, seed: int, shift: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(shift, 1.0, n), rng.normal(-shift, 1.0, n)
    columns = {"a": a, "b": b, "c": rng.normal(size=n) + shift * a, "w": rng.uniform(0.2, 2.0, n)}
    columns["n"] = np.arange(n) + 2**55
    return {k: v.astype(np.float32) if v.dtype.kind == "f" else v for k, v in columns.items()}


def make_loader(path: Path, name: str = "dataset", split: str = "") -> DataLoader:
    loader = DataLoader(str(path / name))
    loader.AddVariable("total := a+b")
    loader.AddVariable("c", "Third", "GeV", "F")
    loader.AddVariable("b")
    loader.AddSpectator("n")
    loader.AddSignalTree(events(800, 1, 0.6))
    loader.AddBackgroundTree(events(900, 2, -0.4))
    loader.SetBackgroundWeightExpression("w")
    loader.PrepareTrainingAndTestTree("", f"SplitMode=Random:NormMode=NumEvents:!V{split}")
    return loader


def run(factory: Factory) -> None:
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()


def left_over(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


BOOKINGS = [
    ("Fisher", "Fisher", "H:!V:Fisher:VarTransform=None"),
    ("LD", "LDN", "VarTransform=N"),
    ("Fisher", "FisherG", "VarTransform=G,D"),
    ("GradientBoostedTrees", "GBT", "NTrees=30:MaxLeafNodes=8"),
]


def test_models_persist_and_apply(tmp_path: Path, capsys) -> None:
    loader = make_loader(tmp_path)
    factory = Factory("job", str(tmp_path / "job.root"), "!Silent:AnalysisType=Classification", threads=2)
    for kind, title, options in BOOKINGS:
        factory.BookMethod(loader, kind, title, options)
    run(factory)
    data = loader.dataset
    results = factory.results()
    raw = {"a": None, "b": None}
    for source, n, seed, shift in (("s", 800, 1, 0.6), ("b", 900, 2, -0.4)):
        raw[source] = events(n, seed, shift)
    for method in results.methods:
        path = factory.model_path(method.title)
        assert path == tmp_path / "dataset" / "weights" / f"job_{method.title}.diskern"
        model = diskern.load(path)
        # The persisted file gives the responses of the tables, to the bit, for any number of threads.
        np.testing.assert_array_equal(model.evaluate(data.test.variables), method.response_test)
        np.testing.assert_array_equal(model.evaluate(data.training.variables, threads=2), method.response_training)
        reader = Reader()
        for name in ("total := a+b", "c", "b"):
            reader.AddVariable(name)
        reader.BookMVA(method.title, path)
        index = data.test.entry[data.test.class_index == 0]
        response = reader.EvaluateMVA({k: v[index] for k, v in raw["s"].items()}, method.title)
        np.testing.assert_array_equal(response, method.response_test[data.test.class_index == 0, 0])
        assert model.info["classes"] == ["Signal", "Background"]
        assert model.info["spectators"][0]["label"] == "n"
        assert model.provenance["Job"] == "job"
        assert method.metrics["roc_integral"] > 0.75
        assert method.ranking
    assert diskern.load(factory.model_path("GBT")).options["NTrees"] == "30"
    printed = capsys.readouterr().out
    for words in (
        "Options of Fisher (method 'Fisher')",
        "* Method = Fisher",
        "FisherG: ranking of the variables",
        "coefficients",
        "model file",
    ):
        assert words in printed
    with uproot.open(tmp_path / "job.root") as file:
        tree = file["dataset/TestTree"]
        assert tree.keys() == ["classID", "className", "total", "c", "b", "n", "weight", *(b[1] for b in BOOKINGS)]
        assert tree["n"].array(library="np").min() >= 2**55


def test_own_estimator_objects_have_model_files(tmp_path: Path) -> None:
    loader = make_loader(tmp_path)
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, diskern.GradientBoostedTreesClassifier(n_estimators=15), "object", VarTransform="N")
    factory.BookMethod(loader, "GradientBoostedTrees", "booked", NTrees=15, VarTransform="N")
    run(factory)
    one, other = factory.results().methods
    np.testing.assert_array_equal(one.response_test, other.response_test)
    again = diskern.load(factory.model_path("object")).evaluate(loader.dataset.test.variables)
    np.testing.assert_array_equal(again, one.response_test)


def test_tmva_weight_files(tmp_path: Path, capsys) -> None:
    loader = make_loader(tmp_path)
    stale = tmp_path / "dataset" / "weights" / "job_GBT.weights.xml"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier training")
    factory = Factory("job")
    for kind, title, options in (
        ("BDT", "BDT", "NTrees=20:VarTransform=D"),
        ("MLP", "MLP", "NCycles=5:HiddenLayers=3:VarTransform=N,G"),
        ("LD", "LD", "VarTransform=P"),
        ("GradientBoostedTrees", "GBT", "NTrees=5"),
    ):
        factory.BookMethod(loader, kind, title, options)
    run(factory)
    for method in factory.results().methods:
        booked = factory.GetMethod(method.title)
        if method.title == "GBT":
            assert booked.xml_path is None
            continue
        reader = Reader()
        for name in ("total := a+b", "c", "b"):
            reader.AddVariable(name)
        reader.BookMVA(method.title, booked.xml_path)
        response = reader.EvaluateMVA(loader.dataset.test.variables, method.title)
        np.testing.assert_array_equal(response, method.response_test[:, 0])
    assert not stale.exists()
    assert "no TMVA weight file: " in capsys.readouterr().out


def test_threads_change_nothing(tmp_path: Path) -> None:
    content = []
    for threads in (1, 3):
        loader = make_loader(tmp_path / str(threads))
        factory = Factory("job", Silent=True, threads=threads)
        factory.BookMethod(loader, "Fisher", "Fisher", VarTransform="D")
        factory.BookMethod(loader, "GradientBoostedTrees", "GBT", NTrees=20)
        run(factory)
        content.append([m.response_test for m in factory.results().methods])
    for one, other in zip(*content, strict=True):
        np.testing.assert_array_equal(one, other)


def test_string_and_keywords_train_the_same(tmp_path: Path) -> None:
    loader = make_loader(tmp_path)
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, "GradientBoostedTrees", "text", "NTrees=7:Shrinkage=0.3:VarTransform=P")
    factory.BookMethod(loader, "GradientBoostedTrees", "keywords", NTrees=7, Shrinkage=0.3, VarTransform="P")
    factory.BookMethod(loader, Types.kFisher, "Fisher", "Mahalanobis")
    run(factory)
    text, keywords, fisher = factory.results().methods
    np.testing.assert_array_equal(text.response_test, keywords.response_test)
    assert text.options == keywords.options
    assert fisher.options["Method"] == "Mahalanobis"


def test_without_persistence_nothing_is_written(tmp_path: Path) -> None:
    loader = make_loader(tmp_path)
    factory = Factory("job", "!ModelPersistence:Silent")
    factory.BookMethod(loader, "Fisher", "Fisher")
    run(factory)
    assert factory.model_path("Fisher") is None
    assert list(tmp_path.iterdir()) == []


def test_weight_folder_can_be_moved(tmp_path: Path) -> None:
    names = gConfig().GetIONames()
    names.fWeightFileDir = "elsewhere"
    try:
        factory = Factory("job", Silent=True)
        factory.BookMethod(make_loader(tmp_path), "Fisher", "Fisher")
        factory.TrainAllMethods()
    finally:
        names.fWeightFileDir = "weights"
    assert factory.model_path("Fisher") == tmp_path / "dataset" / "elsewhere" / "job_Fisher.diskern"


def test_methods_without_use_for_a_validation_sample_say_so(tmp_path: Path, capsys) -> None:
    loader = make_loader(tmp_path, split=":ValidationFraction=0.3")
    factory = Factory("job")
    for kind, options in (
        ("Fisher", ""),
        ("DT", ""),
        ("BDT", "NTrees=3"),
        ("GradientBoostedTrees", "NTrees=3"),
        ("MLP", "NCycles=3"),
    ):
        factory.BookMethod(loader, kind, kind, options)
    factory.BookMethod(loader, "BDT", "monitored", "NTrees=3:DoBoostMonitor")
    factory.TrainAllMethods()
    blocks = capsys.readouterr().out.split("Train ")[1:]
    told = [block.split()[0] for block in blocks if "validation events are neither trained nor tested on" in block]
    assert told == ["Fisher", "DT", "BDT"]


def test_validation_sample_serves_early_stopping(tmp_path: Path, capsys) -> None:
    loader = make_loader(tmp_path, split=":ValidationFraction=0.3")
    factory = Factory("job")
    factory.BookMethod(loader, "GradientBoostedTrees", "GBT", NTrees=300, Shrinkage=0.3)
    run(factory)
    curve = factory.results().methods[0].curves[0]
    assert curve.validation is not None
    assert len(curve.iteration) < 300
    assert "iterations kept" in capsys.readouterr().out


def test_regression_with_transformed_target(tmp_path: Path) -> None:
    loader = DataLoader(str(tmp_path / "reg"))
    columns = events(1500, 5, 0.3)
    columns["t"] = (40 * columns["a"] - 10 * columns["b"] + 100).astype(np.float32)
    for name in ("a", "b", "c"):
        loader.AddVariable(name)
    loader.AddTarget("t")
    loader.AddRegressionTree(columns)
    loader.PrepareTrainingAndTestTree("", "nTrain_Regression=1000:!V")
    factory = Factory("reg", tmp_path / "reg.root", Silent=True)
    factory.BookMethod(loader, "LD", "LD")
    factory.BookMethod(loader, "LD", "LDN", "VarTransform=N")
    factory.BookMethod(loader, "GradientBoostedTrees", "GBT", NTrees=200)
    run(factory)
    results = factory.results()
    assert results.analysis_type == "Regression"
    for method in results.methods:
        assert method.metrics["targets"]["t"]["test"]["rms"] < (6.0 if method.title == "GBT" else 1e-3)
        again = diskern.load(factory.model_path(method.title)).evaluate(results.dataset.test.variables)
        np.testing.assert_array_equal(again, method.response_test)
    reader = Reader()
    reader.BookMVA("LDN", factory.model_path("LDN"))
    estimate = reader.EvaluateRegression(0, columns, "LDN")
    np.testing.assert_allclose(estimate, columns["t"], atol=1e-2)


def test_multiclass(tmp_path: Path) -> None:
    loader = DataLoader(str(tmp_path / "multi"))
    for name in ("a", "b", "c"):
        loader.AddVariable(name)
    for index, name in enumerate(("Signal", "bg0", "bg1")):
        loader.AddTree(events(600, index, 1.0 - index), name)
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = Factory("multi", tmp_path / "multi.root", Silent=True)
    factory.BookMethod(loader, "GradientBoostedTrees", "GBT", NTrees=20)
    with pytest.raises(_core.InvalidArgument, match="Fisher does Classification, not Multiclass"):
        factory.BookMethod(loader, "Fisher", "Fisher")
    run(factory)
    (method,) = factory.results().methods
    assert method.metrics["accuracy"] > 0.6
    reader = Reader()
    reader.BookMVA("GBT", factory.model_path("GBT"))
    responses = reader.EvaluateMulticlass(events(50, 9, 1.0), "GBT")
    assert responses.shape == (50, 3)
    np.testing.assert_allclose(responses.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(reader.EvaluateMulticlass(1, events(50, 9, 1.0), "GBT"), responses[:, 1])
    with pytest.raises(_core.InvalidArgument, match="has 3 outputs: call EvaluateMulticlass"):
        reader.EvaluateMVA(events(50, 9, 1.0), "GBT")


def test_report(tmp_path: Path) -> None:
    factory = Factory("job", Silent=True)
    factory.BookMethod(make_loader(tmp_path), "Fisher", "Fisher")
    run(factory)
    factory.Report(tmp_path / "report.html")
    assert "Fisher" in (tmp_path / "report.html").read_text()
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["methods"][0]["metrics"]["roc_integral"] > 0.75


class Slow(Method):
    """Iterates until interrupted, as the native iterative methods do, and then holds what it has."""

    type_name = "Slow"
    options = ()
    analysis_types = frozenset({"Classification"})

    def train(self, sample, validation=None, *, threads=0, progress=None) -> TrainedMethod:
        params = _core.FisherParams()
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        result = _core.fit_fisher(params, sample.variables, sample.class_index, sample.weight, threads=1)
        return TrainedMethod(result.predictor, interrupted=True)


def test_interrupted_method_holds_its_model(tmp_path: Path, monkeypatch, capsys) -> None:
    from diskern.tmva import booking

    monkeypatch.setitem(booking.METHODS, "Slow", f"{__name__}:Slow")
    loader = make_loader(tmp_path)
    factory = Factory("job")
    factory.BookMethod(loader, "Slow", "Slow")
    factory.BookMethod(loader, "Fisher", "Fisher")
    with pytest.raises(KeyboardInterrupt, match="best model so far"):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == ["dataset/weights/job_Slow.diskern", "dataset/weights/job_Slow.weights.xml"]
    assert factory.GetMethod("Fisher").trained is None
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    (method,) = factory.results().methods
    assert method.interrupted
    assert "Interrupted" in diskern.load(factory.model_path("Slow")).provenance
    printed = capsys.readouterr().out
    assert "was interrupted; it holds its best model so far" in printed
    assert "Slow (interrupted)" in printed
    factory.TrainAllMethods()  # goes on with what is left
    assert factory.GetMethod("Fisher").trained is not None


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("GradientBoostedTrees", "NTrees=2000000:MinSamplesLeaf=1"),
        ("BDT", "NTrees=1000000:BoostType=Grad:Shrinkage=0.01"),
        ("MLP", "NCycles=1000000"),
    ],
)
def test_ctrl_c_in_native_training(tmp_path: Path, kind: str, options: str) -> None:
    loader = make_loader(tmp_path)
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, kind, "long", options)
    pressed = []

    def press() -> None:
        time.sleep(0.7)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt, match="best model so far"):
        factory.TrainAllMethods()
    assert time.monotonic() - pressed[0] < 30  # a second on an idle machine; writing the files included
    booked = factory.GetMethod("long")
    assert booked.interrupted
    assert diskern.load(booked.model_path).title == "long"
    assert [name for name in left_over(tmp_path) if not name.endswith((".diskern", ".weights.xml"))] == []


def test_nan_and_infinity(tmp_path: Path) -> None:
    for value, words in ((np.nan, "cannot train on NaN"), (np.inf, "cannot train on infinities")):
        name = f"data{words[-3:]}"
        loader = DataLoader(str(tmp_path / name))
        loader.AddVariable("a")
        loader.AddVariable("c")
        first, second = events(300, 1, 0.5), events(300, 2, -0.5)
        first["c"][::10] = value
        loader.AddSignalTree(first)
        loader.AddBackgroundTree(second)
        loader.PrepareTrainingAndTestTree("", "!V:nan=keep")
        factory = Factory("job", Silent=True)
        factory.BookMethod(loader, "Fisher", "Fisher")
        factory.BookMethod(loader, "GradientBoostedTrees", "GBT", NTrees=5)
        with pytest.raises(_core.InvalidArgument, match=f"training of 'Fisher': Fisher {words}.*'c' \\("):
            factory.TrainAllMethods()
        factory.TestAllMethods()  # the trees take both
        factory.EvaluateAllMethods()
        assert [m.title for m in factory.results().methods] == ["GBT"]
        assert not [n for n in left_over(tmp_path / name) if "Fisher" in n]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("Fisher", "Methd=Fisher", "BookMethod 'M': unknown option 'Methd'; did you mean 'Method'"),
        ("Fischer", "", "unknown method 'Fischer'; did you mean 'Fisher'"),
        ("GradientBoostedTrees", "NTress=4", "did you mean 'NTrees'"),
        ("GradientBoostedTrees", "NTrees=four", "'NTrees' is an integer"),
    ],
)
def test_mistyped_bookings(tmp_path: Path, kind: str, options: str, words: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=words):
        Factory("job", Silent=True).BookMethod(make_loader(tmp_path), kind, "M", options)
    assert left_over(tmp_path) == []


def test_bad_transformation_and_parameters_leave_nothing(tmp_path: Path) -> None:
    factory = Factory("job", Silent=True)
    loader = make_loader(tmp_path)
    factory.BookMethod(loader, "Fisher", "bad", "VarTransform=Q")
    with pytest.raises(_core.InvalidArgument, match="training of 'bad'"):
        factory.TrainAllMethods()
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, "GradientBoostedTrees", "bad", "NTrees=-4")
    with pytest.raises(_core.InvalidArgument, match="training of 'bad'"):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == []


def test_model_file_that_cannot_be_written(tmp_path: Path) -> None:
    factory = Factory("job", Silent=True)
    factory.BookMethod(make_loader(tmp_path), "Fisher", "Fisher")
    (tmp_path / "dataset" / "weights" / "job_Fisher.diskern").mkdir(parents=True)  # a folder is in the way
    with pytest.raises((_core.Error, OSError), match=r"job_Fisher\.diskern"):
        factory.TrainAllMethods()
    assert left_over(tmp_path) == []


def test_missing_input(tmp_path: Path) -> None:
    loader = DataLoader(str(tmp_path / "dataset"))
    loader.AddVariable("a")
    with pytest.raises(FileNotFoundError, match=r"nothing\.root"):
        loader.AddSignalTree(str(tmp_path / "nothing.root") + ":tree")
    loader = make_loader(tmp_path)
    loader.AddVariable("missing_column")
    with pytest.raises(_core.InvalidArgument, match="missing_column"):
        Factory("job", Silent=True).BookMethod(loader, "Fisher", "Fisher")
    assert left_over(tmp_path) == []
