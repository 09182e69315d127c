"""Weight files of CrossValidation in TMVA's manner: one names the folds, one for each fold lies beside it."""

from __future__ import annotations

import re
import shutil
from array import array
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import diskern
from diskern import FormatError
from diskern.cli import main
from diskern.tmva import CrossValidation, Reader
from tmva_events import class_loader, multiclass_loader, regression_loader

SPLIT = "NumFolds=3:SplitType=Deterministic:SplitExpr=int(fabs([eventID]))%int([NumFolds])"


def validated(loader, options: str, booking: tuple[str, str]) -> None:
    cv = CrossValidation("job", loader, f"Silent:{options}")
    cv.BookMethod(booking[0], booking[0], booking[1])
    cv.Evaluate()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a Fisher in three folds."""
    folder = tmp_path_factory.mktemp("folds") / "dataset"
    validated(class_loader(folder), SPLIT, ("Fisher", "VarTransform=D"))
    return folder / "weights"


def test_fold_of_an_event_answers(weights: Path) -> None:
    loader = class_loader("events")
    sample = loader.dataset.training
    model = diskern.load(weights / "job_Fisher.weights.xml")
    folds = [diskern.load(weights / f"job_Fisher_fold{i + 1}.weights.xml") for i in range(3)]
    answers = np.stack([one.evaluate(sample.variables)[:, 0] for one in folds])
    assert np.ptp(answers, axis=0).min() > 0  # no fold's answer is that of another
    number = sample.spectators["eventID"]
    expected = answers[number % 3, np.arange(len(number))]
    np.testing.assert_array_equal(model.evaluate(sample.variables, key={"eventID": number})[:, 0], expected)
    assert (model.method, model.title, model.outputs) == ("Fisher", "Fisher", ("Fisher",))
    # TMVA's way of applying it.
    reader = Reader("Silent")
    values = [array("f", [0.0]) for _ in range(3)]
    event = array("d", [0.0])
    for name, value in zip("xyz", values, strict=True):
        reader.AddVariable(name, value)
    reader.AddSpectator("eventID", event)
    reader.AddSpectator("run", array("i", [1]))
    reader.BookMVA("Fisher", weights / "job_Fisher.weights.xml")
    for i in (0, 7, 100, len(number) - 1):
        for value, x in zip(values, sample.variables[i], strict=True):
            value[0] = x
        event[0] = number[i]
        assert reader.EvaluateMVA("Fisher") == expected[i]


def test_file_is_tmvas(weights: Path) -> None:
    root = ElementTree.parse(weights / "job_Fisher.weights.xml").getroot()
    assert root.get("Method") == "CrossValidation::Fisher"
    assert root.find("Weights").attrib == {
        "JobName": "job",
        "SplitExpr": "int(fabs([eventID]))%int([NumFolds])",
        "NumFolds": "3",
        "EncapsulatedMethodName": "Fisher",
        "EncapsulatedMethodTypeName": "Fisher",
        "OutputEnsembling": "None",
    }
    assert [one.get("Label") for one in root.iter("Spectator")] == ["eventID", "run"]
    fold = ElementTree.parse(weights / "job_Fisher_fold2.weights.xml").getroot()
    assert fold.get("Method") == "Fisher::Fisher_fold2"


def test_mean_and_other_analyses(tmp_path: Path) -> None:
    validated(class_loader(tmp_path / "mean"), "NumFolds=2:OutputEnsembling=Avg", ("LD", ""))
    folder = tmp_path / "mean" / "weights"
    x = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    parts = [diskern.load(folder / f"job_LD_fold{i}.weights.xml").evaluate(x) for i in (1, 2)]
    np.testing.assert_allclose(diskern.load(folder / "job_LD.weights.xml").evaluate(x), np.mean(parts, axis=0), 1e-14)
    for loader, booking in (
        (regression_loader(tmp_path / "regression"), ("LD", "VarTransform=N")),
        (multiclass_loader(tmp_path / "multiclass"), ("BDT", "BoostType=Grad:NTrees=5")),
    ):
        validated(loader, SPLIT, booking)
        base = Path(loader.name) / "weights" / f"job_{booking[0]}"
        ours, theirs = diskern.load(f"{base}.diskern"), diskern.load(f"{base}.weights.xml")
        np.testing.assert_array_equal(theirs.evaluate(x, key=np.arange(50)), ours.evaluate(x, key=np.arange(50)))
        assert theirs.outputs == ours.outputs


def test_no_files_where_nothing_tells_the_fold(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "dataset"
    validated(class_loader(folder), SPLIT, ("Fisher", ""))
    assert (folder / "weights" / "job_Fisher_fold1.weights.xml").exists()
    validated(class_loader(folder), "NumFolds=3", ("Fisher", ""))  # those of the job before are gone
    assert not list((folder / "weights").glob("*.weights.xml"))


def test_conversion_makes_one_file(weights: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.diskern"
    assert main(["convert", str(weights / "job_Fisher.weights.xml"), str(target)]) == 0
    x = np.zeros((5, 3), np.float32)
    key = np.arange(5)
    expected = diskern.load(weights / "job_Fisher.diskern").evaluate(x, key=key)
    np.testing.assert_array_equal(diskern.load(target).evaluate(x, key=key), expected)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ('NumFolds="3"', 'NumFolds="x"', "NumFolds is 'x', expected 2 to 1000"),
        ('NumFolds="3"', 'NumFolds="1001"', "NumFolds is '1001'"),
        ('NumFolds="3"', 'NumFolds="4"', "the weight file of fold 4 of 4 is missing"),
        ('JobName="job"', "", "Weights has no attribute JobName"),
        ('JobName="job"', 'JobName="../job"', "no parts of a file name"),
        ('OutputEnsembling="None"', 'OutputEnsembling="Max"', "OutputEnsembling is 'Max', expected None or Avg"),
        ('SplitExpr="[^"]*"', 'SplitExpr=""', "drawn at random"),
        ('SplitExpr="[^"]*"', 'SplitExpr="int("', "SplitExpr: "),
        ('SplitExpr="[^"]*"', 'SplitExpr="int([other])%3"', "other"),
        ('MethodTypeName="Fisher"', 'MethodTypeName="BDT"', "EncapsulatedMethodTypeName is 'BDT'"),
        ("<Weights .*/>", "", "the section Weights is missing"),
        ("</MethodSetup>", "", "not well-formed"),
        ("<MethodSetup", '<!DOCTYPE x [<!ENTITY a "b">]><MethodSetup', "declarations"),
    ],
)
def test_bad_files_say_where(weights: Path, tmp_path: Path, pattern: str, replacement: str, message: str) -> None:
    for file in weights.glob("*.weights.xml"):
        shutil.copy(file, tmp_path)
    path = tmp_path / "job_Fisher.weights.xml"
    text, count = re.subn(pattern, replacement, path.read_text())
    assert count
    path.write_text(text)
    with pytest.raises(FormatError, match=re.escape(message)) as error:
        diskern.load(path)
    assert "job_Fisher.weights.xml" in str(error.value)


def test_folds_that_do_not_fit(weights: Path, tmp_path: Path) -> None:
    for file in weights.glob("*.weights.xml"):
        shutil.copy(file, tmp_path)
    second = tmp_path / "job_Fisher_fold2.weights.xml"
    good = second.read_text()
    second.write_text(good.replace('Label="y"', 'Label="q"').replace('Expression="y"', 'Expression="q"'))
    with pytest.raises(FormatError, match=r"fold 2 has the variables \['x', 'q', 'z'\], fold 1 \['x', 'y', 'z'\]"):
        diskern.load(tmp_path / "job_Fisher.weights.xml")
    second.write_text(good[: len(good) // 2])
    with pytest.raises(FormatError, match="fold2"):
        diskern.load(tmp_path / "job_Fisher.weights.xml")
