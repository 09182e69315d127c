"""The scripts of examples/root run as they are, and by ROOT itself where it is installed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import uproot

SCRIPTS = Path(__file__).resolve().parents[2] / "examples" / "root"
IMPORT = "import diskern.ROOT as ROOT  # import ROOT"
QUICK = ("regression", "multiclass", "cross_validation", "higgs", "cnn_images", "rnn_time_series")


def run(script: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripts run, with the files of events.py."""
    place = tmp_path_factory.mktemp("root")
    run(SCRIPTS / "events.py", place, "400")
    return place


def test_every_script_is_tested() -> None:
    others = {"events", "classification", "application", "category"}
    assert {p.stem for p in SCRIPTS.glob("*.py")} == set(QUICK) | others
    for script in SCRIPTS.glob("*.py"):
        assert script.read_text().count(IMPORT) == 1, script


def test_classification_and_application(folder: Path) -> None:
    output = run(SCRIPTS / "classification.py", folder, "quick")
    assert float(output.split("Fisher: ")[-1].split()[0]) > 0.9  # the optimal classifier of these events is linear
    assert (folder / "roc.png").stat().st_size > 10_000
    with uproot.open(folder / "TMVAC.root") as file:
        branches = file["dataset/TestTree"].keys()
        assert {"Cuts", "Likelihood", "PDERS", "KNN", "FDA_MC", "DL", "SVM", "BDTG"} <= set(branches)
    output = run(SCRIPTS / "application.py", folder)
    kept = float(re.search(r"Cuts keep (\S+)", output)[1])
    assert kept == pytest.approx(0.7, abs=0.1)
    with uproot.open(folder / "TMVApp.root") as file:
        assert file["MVA_BDT"].values().sum() == 400
    assert (folder / "application.png").is_file()


@pytest.mark.parametrize("name", QUICK)
def test_script(folder: Path, name: str) -> None:
    output = run(SCRIPTS / f"{name}.py", folder, "quick")
    if name == "cross_validation":
        assert (folder / "folds.png").is_file()
        assert float(output.split("ROC integral ")[1].split()[0]) > 0.85
        assert float(output.split("mean response to signal: ")[1].split()[0]) > 0.2
    if name == "rnn_time_series":
        assert float(output.split("LSTM: ")[-1].split()[0]) > 0.6


def test_category(folder: Path) -> None:
    output = run(SCRIPTS / "category.py", folder)
    table = output.split("Evaluation results")[-1]
    assert "FisherCat" in table
    assert "Fisher " in table


@pytest.mark.slow
@pytest.mark.parametrize("name", ["events", "classification", "application", *QUICK, "category"])
def test_by_root_itself(folder: Path, name: str) -> None:
    if importlib.util.find_spec("ROOT") is None:
        pytest.skip("ROOT is not installed")
    script = folder / f"{name}_by_root.py"
    script.write_text((SCRIPTS / f"{name}.py").read_text().replace(IMPORT, "import ROOT"))
    run(script, folder, *(["400"] if name == "events" else ["quick"]))
