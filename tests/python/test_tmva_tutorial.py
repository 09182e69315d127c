"""TMVA's classification tutorial: the script runs, and the ROC integrals are TMVA's on TMVA's own events."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import uproot

import diskern
from diskern import evaluation
from diskern.tmva import DataLoader, Factory, Reader

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "tmva_classification.py"
VARIABLES = ("myvar1", "myvar2", "var3", "var4")


def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("tmva_classification", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_script_on_the_tutorial_file(data_directory: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    events = data_directory / "root_tutorials" / "tmva_class_example.root"
    if not events.is_file():
        pytest.skip(f"no {events}")
    monkeypatch.chdir(tmp_path)
    factory = script().main(str(events), "Fisher,FisherG,LD")
    assert factory.GetROCIntegral("dataset", "Fisher") == pytest.approx(0.92, abs=0.015)  # another random split
    printed = capsys.readouterr().out
    for words in ("Input variables after G,D", "ROC-integral", "Testing efficiency compared to training efficiency"):
        assert words in printed
    with uproot.open(tmp_path / "TMVA.root") as file:
        test = file["dataset/TestTree"]
        assert test.num_entries == 10000
        arrays = test.arrays(["myvar1", "myvar2", "spec1", "Fisher"], library="np")
    np.testing.assert_allclose(arrays["spec1"], arrays["myvar1"] + arrays["myvar2"], atol=1e-5)
    # Application on the file's own columns.
    reader = Reader()
    reader.BookMVA("Fisher", tmp_path / "dataset" / "weights" / "TMVAClassification_Fisher.diskern")
    with uproot.open(events) as file:
        columns = file["TreeS"].arrays(library="np")
    responses = reader.EvaluateMVA(columns, "Fisher")
    assert len(responses) == 6000
    assert np.isin(
        arrays["Fisher"][:50],
        np.concatenate([responses, reader.EvaluateMVA(_background(events), "Fisher")]).astype(np.float32),
    ).all()


def _background(path: Path) -> dict[str, np.ndarray]:
    with uproot.open(path) as file:
        columns: dict[str, np.ndarray] = file["TreeB"].arrays(library="np")
    return columns


def tmva_loader(folder: Path, name: str) -> DataLoader:
    """TMVA's own training and test events, in its order, with its weights."""
    loader = DataLoader(name)
    for variable in VARIABLES:
        loader.AddVariable(variable)
    for file, kind in (("train", "Train"), ("test", "Test")):
        stored = np.load(folder / f"{file}_events.npz")
        loader.AddLabelledTree(
            {key: stored[key] for key in (*VARIABLES, "weight", "classID")},
            "classID",
            {0: "Signal", 1: "Background"},
            tree_type=kind,
        )
    loader.SetWeightExpression("weight")
    loader.PrepareTrainingAndTestTree("", "NormMode=None:MixMode=Input:!V")
    return loader


def compare(data_directory: Path, tmp_path: Path, title: str, type_name: str, tolerance: float | None = None) -> None:
    """Train with the tutorial's booking; the ROC integral is TMVA's to 0.01, the responses to a tolerance if given."""
    folder = data_directory / "tmva_trained" / "class_tut"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    recorded = json.loads((folder / "results.json").read_text())[title]
    loader = tmva_loader(folder, str(tmp_path / "dataset"))
    factory = Factory("tutorial", Silent=True)
    factory.BookMethod(loader, type_name, title, recorded["options"])
    factory.TrainAllMethods()
    factory.TestAllMethods()
    data = loader.dataset
    assert (len(data.training), len(data.test)) == (2000, 10000)
    area = factory.GetROCIntegral(title)
    curve = factory.GetROCCurve(title)
    print(f"{title}: {area:.5f} +- {curve.integral_error:.5f}, TMVA {recorded['auc']:.5f}")
    assert area == pytest.approx(recorded["auc"], abs=0.01)
    if tolerance is not None:
        expected = np.load(folder / "test_responses.npz")[title]
        np.testing.assert_allclose(factory.results().methods[0].response_test[:, 0], expected, rtol=0, atol=tolerance)
    # What was saved gives the same.
    model = diskern.load(factory.model_path(title))
    response = model.evaluate(data.test.variables)[:, 0]
    again = evaluation.roc_curve(data.test.class_index == 0, response, data.test.weight)
    assert again.integral == area


@pytest.mark.parametrize(
    ("title", "type_name", "tolerance"),
    [("Fisher", "Fisher", 1e-6), ("FisherG", "Fisher", 1e-5), ("LD", "LD", 1e-6)],
)
def test_linear_methods(data_directory: Path, tmp_path: Path, title: str, type_name: str, tolerance: float) -> None:
    compare(data_directory, tmp_path, title, type_name, tolerance)
