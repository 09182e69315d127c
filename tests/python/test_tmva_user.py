"""What a user of TMVA tries: calls of its scripts beyond the tutorials, and what a script prints on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern
import diskern.ROOT as ROOT
from diskern import InvalidArgument
from diskern.tmva import CrossValidation, DataLoader, Factory, gTools
from tmva_events import VARIABLES, class_loader, events, regression_loader


def test_an_empty_file_name_is_no_file(tmp_path: Path) -> None:
    for arguments in (("s", ""), ("s", "", "Silent"), ("s", None, "Silent")):
        assert Factory(*arguments).output is None
    assert ROOT.TMVA.Factory("s", "", "!V").output is None
    assert CrossValidation("s", class_loader(tmp_path / "d"), "", "NumFolds=3").output is None


def test_tools() -> None:
    tools = gTools()
    assert tools is ROOT.TMVA.Tools.Instance()
    assert tools is ROOT.TMVA.gTools()
    assert tools.SplitString("a:b", ":") == ["a", "b"]
    assert tools.Color("bold") == ""
    assert tools.GetSeparation([1, 1, 0], [0, 2, 2]) == pytest.approx(0.5 * (0.5 + 0 + 0.5))
    assert tools.GetSeparation(np.array([2.0, 2.0]), np.array([5.0, 5.0])) == 0.0
    with pytest.raises(InvalidArgument, match="2 and 3 bins"):
        tools.GetSeparation([1, 1], [1, 1, 1])


def test_versions_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    gTools().TMVAWelcomeMessage()
    gTools().TMVAVersionMessage()
    assert capsys.readouterr().out.count(f"Diskern {diskern.__version__}") == 2


def test_files_know_the_ranges_of_the_training_events(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", options="SplitMode=Random:!V")
    factory = Factory("job", None, "Silent")
    factory.BookMethod(loader, "Fisher", "Fisher", "VarTransform=N")
    factory.TrainAllMethods()
    sample = loader.dataset.training
    for name in ("job_Fisher.diskern", "job_Fisher.weights.xml"):
        info = diskern.load(tmp_path / "dataset" / "weights" / name).info
        for column, variable in zip(sample.variables.T, info["variables"], strict=True):
            assert (variable["minimum"], variable["maximum"]) == (column.min(), column.max())
        (events,) = (s for s in info["spectators"] if s["label"] == "eventID")
        assert (events["minimum"], events["maximum"]) == (
            sample.spectators["eventID"].min(),
            sample.spectators["eventID"].max(),
        )


def test_given_ranges_are_kept(tmp_path: Path) -> None:
    loader = regression_loader(tmp_path / "dataset")
    loader.AddVariable("x2 := x*y", "product", "mm", "F", -50, 50)
    factory = Factory("job", None, "Silent")
    factory.BookMethod(loader, "LD", "LD")
    factory.TrainAllMethods()
    info = diskern.load(tmp_path / "dataset" / "weights" / "job_LD.diskern").info
    assert (info["variables"][3]["minimum"], info["variables"][3]["maximum"]) == (-50.0, 50.0)
    (target,) = info["targets"]
    assert target["minimum"] == loader.dataset.training.targets.min()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    loader = class_loader(tmp_path_factory.mktemp("user") / "dataset", 300, "SplitMode=Random:!V")
    factory = ROOT.TMVA.Factory("job", "!V:Silent")
    factory.BookMethod(loader, ROOT.TMVA.Types.kFisher, "Fisher", "VarTransform=N")
    factory.BookMethod(loader, "Cuts", "Cuts", "FitMethod=MC:SampleSize=500")
    factory.BookMethod(loader, "KNN", "KNN")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    return loader, factory


def test_handles_say_who_they_are(trained) -> None:
    loader, factory = trained
    assert repr(factory.GetMethod("Fisher")) == (
        f"<Fisher 'Fisher' on dataset {loader.name!r}, Classification, trained>"
    )
    assert "300 training and 300 test events, 3 variables (x, y, z)" in repr(loader.dataset)
    assert repr(loader.dataset.training).startswith("<Sample of 300 events, 3 variables")
    fresh = Factory("other", None, "Silent").BookMethod(loader, "LD", "LD")
    assert repr(fresh).endswith("not trained>")
    assert fresh.GetName() == "LD"
    with pytest.raises(InvalidArgument, match="no cut between signal and background yet"):
        fresh.GetSignalReferenceCut()
    cut = factory.GetMethod("Fisher").GetSignalReferenceCut()
    assert cut == factory.GetMethod("Fisher").metrics["cut"]


def test_weight_files_join_the_comparison(trained, tmp_path: Path) -> None:
    loader, factory = trained
    weights = Path(loader.name) / "weights"
    again = Factory("again", None, "Silent")
    copy = again.BookMethodWeightfile(loader, "Fisher", weights / "job_Fisher.weights.xml", "copy")
    again.BookMethodWeightfile(loader, ROOT.TMVA.Types.kKNN, weights / "job_KNN.diskern")
    again.BookMethod(loader, "LD", "LD")
    again.TrainAllMethods()
    again.TestAllMethods()
    again.EvaluateAllMethods()
    np.testing.assert_allclose(copy.response_test, factory.GetMethod("Fisher").response_test, rtol=0, atol=1e-9)
    for title in ("copy", "KNN"):
        assert again.GetROCIntegral(title) == factory.GetROCIntegral(loader, title.replace("copy", "Fisher"))
    again.Report(tmp_path / "report.html")
    for arguments, message in (
        ((loader, "BDT", weights / "job_Fisher.weights.xml", "x"), "holds a Fisher, the booking says BDT"),
        ((loader, "Fisher", weights / "job_Fisher.weights.xml", "LD"), "already booked"),
        (
            (regression_loader(tmp_path / "r"), "Fisher", weights / "job_Fisher.weights.xml"),
            "the analysis of the model",
        ),
    ):
        with pytest.raises(InvalidArgument, match=message):
            again.BookMethodWeightfile(*arguments)
    with pytest.raises(FileNotFoundError):
        again.BookMethodWeightfile(loader, "Fisher", tmp_path / "none.xml")


def test_weight_files_of_other_targets(tmp_path: Path) -> None:
    loader = regression_loader(tmp_path / "one")
    factory = Factory("job", None, "Silent")
    booked = factory.BookMethod(loader, "LD", "LD")
    factory.TrainAllMethods()
    assert booked.model_path is not None
    again = Factory("again", None, "Silent")
    again.BookMethodWeightfile(loader, "LD", booked.model_path)
    other = DataLoader(str(tmp_path / "other"))
    for name in VARIABLES:
        other.AddVariable(name)
    other.AddTarget("t * 2")
    other.AddRegressionTree(events(100, 3, 0.0))
    other.PrepareTrainingAndTestTree("", "nTest_Regression=1:!V")
    with pytest.raises(InvalidArgument, match=r"the targets of the model: \('t',\); of the dataset:"):
        again.BookMethodWeightfile(other, "LD", booked.model_path)


def test_cpp_of_the_methods(trained, capsys: pytest.CaptureFixture[str]) -> None:
    loader, factory = trained
    (fisher,) = factory.MakeClass(loader, "Fisher")
    assert fisher == Path(loader.name) / "weights" / "job_Fisher.class.hpp"
    assert fisher.read_text() == diskern.load(fisher.with_name("job_Fisher.diskern")).to_header("Fisher")
    written = {path.name for path in factory.MakeClass(loader)}
    assert written >= {"job_Fisher.class.hpp", "job_Cuts.class.hpp"}
    assert factory.MakeClass("Fisher") == [fisher]
    empty = Factory("empty", None, "Silent")
    empty.BookMethod(loader, "LD", "LD")
    with pytest.raises(InvalidArgument, match="no method with a model is trained"):
        empty.MakeClass(loader)


def test_curves_of_root(trained) -> None:
    loader, factory = trained
    curve = factory.GetROC(loader, "Fisher")
    assert curve.GetROCIntegral() == factory.GetROCIntegral(loader, "Fisher") == curve.integral
    graph = curve.GetROCCurve()
    assert graph.GetN() > 10
    assert curve.GetEffSForEffB(1.0) == 1.0
    matrix = loader.GetCorrelationMatrix("Signal")
    assert matrix.shape == (3, 3)
    assert matrix[0, 0] == pytest.approx(1.0)
    with pytest.raises(InvalidArgument, match="did you mean 'Signal'"):
        loader.GetCorrelationMatrix("signal")
    info = loader.GetDataSetInfo()
    assert (info.GetNVariables(), info.GetNClasses(), info.GetListOfVariables()) == (3, 2, ["x", "y", "z"])


def test_application_of_the_tutorial(trained) -> None:
    loader, _ = trained
    weights = Path(loader.name) / "weights"
    for reader in (
        ROOT.TMVA.Reader(["x", "y", "z"], "Silent"),
        ROOT.TMVA.Reader("x:y:z", "Silent"),
        ROOT.TMVA.Reader("Silent"),
        ROOT.TMVA.Reader("Silent", 0),
    ):
        reader.BookMVA("Cuts", weights / "job_Cuts.weights.xml")
        cuts = reader.FindCutsMVA("Cuts")
        low, high = [1.0], []
        cuts.GetCuts(0.7, low, high)
        assert list(zip(low, high, strict=True)) == list(reader.GetCuts("Cuts", 0.7).values()) == cuts.GetCuts(0.7)
        assert (cuts.GetNvar(), cuts.GetInputVar(1)) == (3, "y")
    reader.BookMVA("Fisher", weights / "job_Fisher.weights.xml")
    with pytest.raises(InvalidArgument, match="Fisher, which has no cuts"):
        reader.FindCutsMVA("Fisher")
    with pytest.raises(InvalidArgument, match=r"expected \(options\)"):
        ROOT.TMVA.Reader(1.5)
    with pytest.raises(InvalidArgument, match="other variables or in another order"):
        ROOT.TMVA.Reader(["y", "x", "z"]).BookMVA("Fisher", weights / "job_Fisher.weights.xml")


def test_names_of_methods() -> None:
    types = ROOT.TMVA.Types.Instance()
    assert types.GetMethodName(types.kBDT) == "BDT"
    assert types.GetMethodType("PDERS") == types.kPDERS
    with pytest.raises(InvalidArgument, match="BDT"):
        types.GetMethodType("BTD")


def test_dnn_is_served_by_dl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loader = class_loader(tmp_path / "dataset", 100, "SplitMode=Random:!V")
    factory = ROOT.TMVA.Factory("job", "!V")
    booked = factory.BookMethod(
        loader,
        ROOT.TMVA.Types.kDNN,
        "DNN",
        "Layout=TANH|8,LINEAR:TrainingStrategy=LearningRate=1e-2,MaxEpochs=2,BatchSize=32:Architecture=CPU",
    )
    factory.TrainAllMethods()
    # By a method of its own, where there is one; else a note says by which.
    assert booked.type_name in ("DL", "DNN")
    assert ("Note: DNN: DNN is served by DL" in capsys.readouterr().out) == (booked.type_name == "DL")


def test_a_script_sees_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loader = class_loader(tmp_path / "dataset", 100, "SplitMode=Random:NormMode=NumEvents:V")
    factory = Factory("job", None, "V")
    booked = factory.BookMethod(loader, "BDT", "BDT", "H:NTrees=7:VarTransform=D")
    factory.BookMethod(loader, "Fisher", "Fisher", "!H")
    factory.TrainAllMethods()
    out = capsys.readouterr().out
    # Every option with its default, and which ones the booking set.
    for name, value in booked.options.items():
        assert f" {name} = {value}" in out
    assert " * NTrees = 7" in out
    assert "   MaxDepth = 3" in out
    # What became of the events and their weights.
    assert "Events of" in out
    assert "NumEvents" in out or "training" in out
    # The transformations, with their numbers.
    for line in booked.model.chain.describe().strip().splitlines():
        assert line in out
    # On request only.
    factory = Factory("quiet", None, "!V")
    factory.BookMethod(loader, "LD", "LD", "VarTransform=D")
    factory.TrainAllMethods()
    out = capsys.readouterr().out
    assert "variables transformed by D" in out
    assert "Options of LD" not in out
    factory.PrintHelpMessage("LD")
    assert "VarTransform = D" in capsys.readouterr().out


def test_an_event_without_a_key_of_categories_is_told_so(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 100, "SplitMode=Random:!V")
    factory = Factory("job", None, "Silent")
    booked = factory.BookMethod(loader, "Category", "Cat", "")
    booked.AddMethod("run < 3", "x:y", "Fisher", "low", "")
    booked.AddMethod("run >= 3", "x:y:z", "Fisher", "high", "")
    factory.TrainAllMethods()
    model = diskern.load(booked.model_path)
    for key, message in (
        (np.array([1.0, np.nan]), "first at event 1; an event without a key has no category"),
        (None, "run of every event, which tells the category that it belongs to"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            model.evaluate(np.zeros((2, 3)), key=key)
