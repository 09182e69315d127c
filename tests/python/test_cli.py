"""The command line, from configuration to scores, as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from diskern import load
from diskern.cli import main

uproot = pytest.importorskip("uproot")

CONFIGURATION = """
job: toy
output: toy.root
report: toy.html
data:
  name: toy_data
  variables: [x, "s := x + y"]
  spectators: [number]
  signal: {source: "input.root:signal"}
  background: {source: "input.root:background", weight: 2.0}
  weight: {Background: "w"}
  cut: "abs(x) < 3"
  prepare: {SplitMode: Random, NormMode: NumEvents}
methods:
  - {type: Fisher, title: Fisher}
  - {type: LD, title: LD, options: "VarTransform=N"}
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)

    def columns(shift, n=400):
        return {
            "x": rng.normal(shift, 1.0, n).astype(np.float32),
            "y": rng.normal(shift, 2.0, n).astype(np.float32),
            "w": rng.uniform(0.5, 1.5, n),
            "number": np.arange(n, dtype=np.int64) + 2**60,
        }

    with uproot.recreate(tmp_path / "input.root") as file:
        for name, shift in (("signal", 0.7), ("background", -0.7)):
            data = columns(shift)
            file.mktree(name, {k: v.dtype for k, v in data.items()}).extend(data)
    (tmp_path / "toy.yaml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_run_report_inspect_apply(job, capsys):
    assert main(["run", "toy.yaml", "--threads", "1"]) == 0
    output = capsys.readouterr().out
    assert "Fisher" in output
    assert (job / "toy.html").stat().st_size > 10_000

    numbers = json.loads((job / "toy.json").read_text())
    rebuilt = job / "again.html"
    assert main(["report", "toy.root", "-o", str(rebuilt)]) == 0
    again = json.loads((job / "again.json").read_text())
    for before, after in zip(numbers["methods"], again["methods"], strict=True):
        assert after["title"] == before["title"]
        assert after["options"] == before["options"]
        assert after["ranking"] == before["ranking"]
        # TestTree stores float32 weights and responses, as TMVA's does
        assert after["metrics"]["roc_integral"] == pytest.approx(before["metrics"]["roc_integral"], abs=1e-4)

    model = "toy_data/weights/toy_Fisher.diskern"
    capsys.readouterr()
    assert main(["inspect", model]) == 0
    assert "s := x + y" in capsys.readouterr().out
    assert main(["inspect", "--json", model]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["Signal", "Background"]

    for ending in (".root", ".npz", ".parquet"):
        scores = job / f"scores{ending}"
        assert main(["apply", model, "input.root:signal", "-o", str(scores), "--keep", "number"]) == 0
    with np.load(job / "scores.npz") as stored:
        scores = {name: stored[name] for name in stored.files}
    np.testing.assert_array_equal(scores["number"], np.arange(400, dtype=np.int64) + 2**60)
    with uproot.open(job / "scores.root") as file:
        tree = file["responses"]
        assert set(tree.keys()) == set(scores)
        for name, column in scores.items():
            np.testing.assert_array_equal(tree[name].array(library="np"), column)
    with uproot.open(job / "input.root") as file:
        x, y = (file["signal"][n].array(library="np").astype(np.float64) for n in "xy")
    expected = load(model).evaluate(np.column_stack([x, x + y]).astype(np.float32))
    (response_name,) = set(scores) - {"number"}
    np.testing.assert_array_equal(scores[response_name], np.asarray(expected).ravel())


def test_check_stops_before_training(job, capsys):
    assert main(["run", "--check", "toy.yaml"]) == 0
    assert "2 variables" in capsys.readouterr().out
    assert not (job / "toy_data").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("VarTransform=N", "VarTransfrom=N", "'VarTransform'"),
        ("SplitMode: Random", "SplitMood: Random", "'SplitMode'"),
        ("{type: LD,", "{type: LDD,", "unknown method 'LDD'"),
        ("job: toy", "job: toy\noptions: {Silnet: true}", "'Silent'"),
        ("title: LD,", "title: Fisher,", "used twice"),
        ('"s := x + y"', '"s := x + yy"', "did you mean 'y'"),
    ],
)
def test_check_finds_mistyped_options(job, capsys, right, wrong, message):
    (job / "toy.yaml").write_text(CONFIGURATION.replace(right, wrong))
    assert main(["run", "--check", "toy.yaml"]) == 2
    assert message in capsys.readouterr().err


def test_check_finds_files_that_are_not_there(job, capsys):
    (job / "toy.yaml").write_text(CONFIGURATION.replace("input.root:signal", "inputs.root:signal"))
    assert main(["run", "--check", "toy.yaml"]) == 3
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--check"], ["--threads", "2"]])
def test_options_of_configurations_do_not_run_a_script(tmp_path, capsys, option):
    script = tmp_path / "booking.py"
    script.write_text("raise RuntimeError('was run')\n")
    assert main(["run", *option, str(script)]) == 2
    assert f"{option[0]} is for configurations" in capsys.readouterr().err


def test_a_script_is_run_with_its_arguments(tmp_path, capsys):
    script = tmp_path / "booking.py"
    script.write_text("import sys\nprint('arguments', sys.argv[1:])\n")
    assert main(["run", str(script), "--", "a", "-b"]) == 0
    assert "arguments ['a', '-b']" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "absent.yaml"], 3, "no configuration file"),
        (["inspect", "absent.diskern"], 3, "no model file"),
        (["inspect", "damaged.diskern"], 3, "damaged.diskern"),
        (["apply", "absent.diskern", "x", "-o", "a.root"], 3, "no model file"),
        (["apply", "damaged.diskern", "x", "-o", "a.txt"], 2, ".root, .parquet or .npz"),
        (["report", "absent.root"], 3, "no file"),
        (["bench", "--case", "nothing"], 2, "unknown nothing"),
        (["bench", "--rounds", "0", "--case", "bdt-training"], 2, "--rounds"),
        (["run", "--threads", "-1", "toy.yaml"], 2, "--threads"),
    ],
)
def test_exit_codes(job, capsys, arguments, code, message):
    (job / "damaged.diskern").write_bytes(b"\x00" * 100)
    before = sorted(p.name for p in job.iterdir())
    assert main(arguments) == code
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in job.iterdir()) == before


def test_mistyped_option_is_a_usage_error(job, capsys):
    (job / "toy.yaml").write_text(CONFIGURATION.replace("VarTransform=N", "VarTransfrom=N"))
    assert main(["run", "toy.yaml"]) == 2
    assert "VarTransform" in capsys.readouterr().err


def test_missing_column_is_named(job, capsys):
    assert main(["run", "toy.yaml"]) == 0
    (job / "events.csv").write_text("x,z\n1.0,2.0\n")
    assert main(["apply", "toy_data/weights/toy_Fisher.diskern", "events.csv", "-o", "a.npz"]) in (1, 2)
    assert "'y'" in capsys.readouterr().err
    assert not (job / "a.npz").exists()


def test_bench_says_that_the_machine_is_loaded(monkeypatch, capsys, tmp_path):
    from diskern import bench

    monkeypatch.setattr(bench, "cases", lambda: ())
    for processes, expected in ((3.2, True), (0.1, False)):
        monkeypatch.setattr(bench, "machine_load", lambda processes=processes: processes)
        assert main(["bench", "--output", str(tmp_path)]) == 0
        printed = capsys.readouterr()
        assert ("3.2 processes ran or waited" in printed.err) is expected
        assert ("the machine is loaded" in (tmp_path / "benchmark.md").read_text()) is expected
    assert bench.load_warning(None) is None


def test_bench_lists_its_cases(capsys):
    assert main(["bench", "--list"]) == 0
    assert "bdt-training" in capsys.readouterr().out


def test_the_installed_command_runs():
    command = [sys.executable, "-c", "import sys; from diskern.cli import main; sys.exit(main(['--version']))"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert result.stdout.startswith("diskern ")
