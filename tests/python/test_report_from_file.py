"""Reports of files that ROOT's TMVA wrote, and of files that hold no results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diskern import FormatError, InvalidArgument
from diskern.report import read_results, write_report
from diskern.tmva import Factory, TMVAGui
from tmva_events import class_loader

uproot = pytest.importorskip("uproot")


def trees(path, folders=("dataset",), names=("TestTree", "TrainTree"), drop=()):
    rng = np.random.default_rng(0)
    columns = {
        "classID": np.repeat([0, 1], 50).astype(np.int32),
        "x": rng.normal(size=100).astype(np.float32),
        "weight": np.ones(100, np.float32),
        "BDT": rng.normal(size=100).astype(np.float32),
    }
    with uproot.recreate(path) as file:
        for folder in folders:
            for name in names:
                kept = {k: v for k, v in columns.items() if k not in drop}
                file.mktree(f"{folder}/{name}" if folder else name, {k: v.dtype for k, v in kept.items()}).extend(kept)
    return columns


def test_trees_without_anything_else(tmp_path):
    columns = trees(tmp_path / "a.root")
    results = read_results(tmp_path / "a.root")
    assert results.analysis_type == "Classification"
    assert results.dataset.info.variable_labels == ("x",)
    assert [m.title for m in results.methods] == ["BDT"]
    np.testing.assert_array_equal(results.methods[0].response_test[:, 0], columns["BDT"])
    np.testing.assert_array_equal(results.dataset.test.variables[:, 0], columns["x"])
    write_report(results, tmp_path / "a.html")
    assert "not recorded" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_file_of_an_old_release_without_folder(tmp_path):
    trees(tmp_path / "a.root", folders=("",))
    assert len(read_results(tmp_path / "a.root").dataset.test) == 100


def test_several_datasets_must_be_named(tmp_path):
    trees(tmp_path / "a.root", folders=("one", "two"))
    with pytest.raises(InvalidArgument, match="one, two"):
        read_results(tmp_path / "a.root")
    assert read_results(tmp_path / "a.root", "two").dataset.name == "two"
    with pytest.raises(InvalidArgument, match="'three' is not in"):
        read_results(tmp_path / "a.root", "three")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ("TrainTree",)}, "no TestTree"),
        ({"names": ("TestTree",)}, "no TrainTree"),
        ({"drop": ("weight",)}, "no branch 'weight'"),
        ({"drop": ("BDT",)}, "no method was tested"),
    ],
)
def test_files_without_results(tmp_path, arguments, message):
    trees(tmp_path / "a.root", **arguments)
    with pytest.raises(FormatError, match=message):
        read_results(tmp_path / "a.root")


def test_no_root_file(tmp_path):
    (tmp_path / "a.root").write_bytes(b"not a ROOT file" * 100)
    with pytest.raises(FormatError, match="not a readable ROOT file"):
        read_results(tmp_path / "a.root")
    with pytest.raises(FileNotFoundError):
        read_results(tmp_path / "absent.root")


@pytest.mark.parametrize(
    ("file", "analysis_type", "methods", "events"),
    [
        ("mjongerh_pt16/TMVA.root", "Classification", 6, 3400),
        ("nsonmez_multiclass/TMVAMulticlass.root", "Multiclass", 4, 4000),
        ("nsonmez_regression_noxml/TMVAReg.root", "Regression", 5, 9000),
    ],
)
def test_files_that_tmva_wrote(data_directory, file, analysis_type, methods, events, tmp_path):
    results = read_results(data_directory / "tmva_testtree" / file)
    assert results.analysis_type == analysis_type
    assert len(results.methods) == methods
    assert len(results.dataset.test) == events
    assert all(np.isfinite(method.response_test).all() for method in results.methods)
    results.methods = results.methods[:1]  # drawing is the slow part
    write_report(results, tmp_path / "r.html")
    assert results.methods[0].title in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_the_gui_draws_what_the_models_are_made_of(tmp_path: Path) -> None:
    """TMVA's menu has the network, the trees and the foams; their models lie beside the trees with the responses."""
    loader = class_loader(tmp_path / "dataset", 200, "SplitMode=Random:!V")
    output = tmp_path / "out.root"
    factory = Factory("job", str(output), "Silent")
    factory.BookMethod(loader, "MLP", "MLP", "NCycles=5:HiddenLayers=3")
    factory.BookMethod(loader, "BDT", "BDT", "NTrees=5")
    factory.BookMethod(loader, "Likelihood", "Likelihood", "NAvEvtPerBin=20")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    page = TMVAGui(output)
    assert page == tmp_path / "out.html"
    text = page.read_text()
    for words in ("weights, blue positive", "weights and sizes of the trees", "reference densities", "the first tree"):
        assert words in text
    results = read_results(output)
    assert [method.model is not None for method in results.methods] == [True] * 3
    # A model of another training does not stand in for the one that is gone.
    weights = tmp_path / "dataset" / "weights"
    other = Factory("job", None, "Silent")
    other.BookMethod(loader, "BDT", "BDT", "NTrees=9:AdaBoostBeta=0.2")
    other.TrainAllMethods()
    for path in weights.glob("job_MLP*"):
        path.unlink()
    held = {method.title: method.model is not None for method in read_results(output).methods}
    assert held == {"MLP": False, "BDT": False, "Likelihood": True}
    assert "weights, blue positive" not in TMVAGui(output).read_text()
