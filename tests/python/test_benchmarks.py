"""The benchmark programs run: every case in its quick form, with the table, the JSON and the plot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).resolve().parents[2] / "benchmarks" / "python"
if not PROGRAMS.is_dir():
    pytest.skip(f"{PROGRAMS} is not there: tests run from an installed package", allow_module_level=True)


def run(program: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAMS / program), "--output", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


def records(folder: Path, name: str) -> dict[str, Any]:
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return {record["case"]: record for record in content["cases"]}


@pytest.mark.slow
@pytest.mark.parametrize("program", ["trees_training", "trees_evaluation", "networks_training", "networks_evaluation"])
def test_every_case(tmp_path: Path, program: str) -> None:
    names = run(f"{program}.py", tmp_path, "--list").stdout.split()
    done = run(f"{program}.py", tmp_path, "--all", "--quick")
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, program)
    assert list(found) == names
    for record in found.values():
        assert record["measured"]["quick"]
        assert record["measured"]["diskern"]
        for row in record.get("rows", ()):
            if "absent" in row:
                continue
            assert row["seconds"]["median"] > 0, row
            if program == "networks_evaluation":
                assert row["auc"] == 1, row  # all agree
            else:
                # One epoch on a few events teaches a network next to nothing.
                assert (0.5 if program.startswith("trees") else 0.3) < row["auc"] < 1, row
    assert (tmp_path / f"{program}.png").stat().st_size < 300_000
    assert "QUICK FORM" in (tmp_path / f"{program}.md").read_text(encoding="utf-8")


def test_uniformity_in_its_quick_form(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    done = run("trees_uniformity.py", tmp_path, "--quick", "--case", "generated-neighbours", "--case", "dalitz-uboost")
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, "trees_uniformity")
    assert list(found) == ["dalitz-uboost", "generated-neighbours"]
    for record in found.values():
        assert record["measured"]["quick"]
        rows = {row["name"]: row for row in record["uniformity"]}
        assert rows["diskern, 1 thread"]["seconds"]["median"] > 0
        # Threads change neither separation nor flatness.
        for key in ("auc", "efficiency deviation", "Cramer-von-Mises"):
            assert rows["diskern, 1 thread"][key] == rows["diskern, 2 threads"][key]
            assert 0 <= rows["without uniformity"][key] < 1
    assert "QUICK FORM" in (tmp_path / "trees_uniformity.md").read_text(encoding="utf-8")
    assert run("trees_uniformity.py", tmp_path, "--case", "dalitz-bins").returncode == 2  # no data


@pytest.mark.slow
def test_kmeans(tmp_path: Path) -> None:
    done = run("clustering_kmeans.py", tmp_path, "--all", "--quick")
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, "clustering_kmeans")
    assert list(found) == run("clustering_kmeans.py", tmp_path, "--list").stdout.split()
    for record in found.values():
        for row in record.get("rows", ()):
            assert "absent" in row or row["seconds"]["median"] > 0, row
            if "iterations" in record["title"] and "absent" not in row:
                assert abs(row["relative inertia"] - 1) < 1e-3, row
    assert "QUICK FORM" in (tmp_path / "clustering_kmeans.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("program", ["clustering_dbscan", "projection_pca"])
def test_every_case_of_answers_that_are_compared(tmp_path: Path, program: str) -> None:
    names = run(f"{program}.py", tmp_path, "--list").stdout.split()
    done = run(f"{program}.py", tmp_path, "--all", "--quick")
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, program)
    assert list(found) == names
    for record in found.values():
        for row in record.get("rows", ()):
            assert "absent" in row or (row["seconds"]["median"] > 0 and row["agreement"]), row
            if row["name"] == "scikit-learn" and program == "clustering_dbscan" and "absent" not in row:
                assert row["agreement"] == "labels identical"
    assert "QUICK FORM" in (tmp_path / f"{program}.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_one_case_and_the_records_of_others_stay(tmp_path: Path) -> None:
    for case in ("20k-850-trees", "memory"):
        done = run("trees_training.py", tmp_path, "--case", case, "--quick")
        assert done.returncode == 0, done.stderr
    found = records(tmp_path, "trees_training")
    assert list(found) == ["20k-850-trees", "memory"]
    rows = {row["name"]: row for row in found["20k-850-trees"]["rows"]}
    assert rows["diskern"]["speed-up of diskern"]["median"] == 1
    assert "of it binning" in rows["diskern"]
    memory = {(row["name"], row["growth"]): row for row in found["memory"]["memory"]}
    assert 0 < memory["diskern", "leaf-wise"]["MiB"] < 1000


@pytest.mark.slow
def test_tmva_shapes(tmp_path: Path) -> None:
    names = ["100k_BDTG", "100k_BDTA", "1M_BDTG"]
    scaling = tmp_path / "scaling.json"
    scaling.write_text(json.dumps({name: {"train_cpu_s": 10.0, "auc_fresh": 0.8} for name in names}), encoding="utf-8")
    done = run("trees_tmva_shapes.py", tmp_path, "--all", "--quick", "--scaling", str(scaling))
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, "trees_tmva_shapes")
    assert list(found) == names
    for record in found.values():
        assert record["measured"]["quick"]
        assert len(record["rows"]) == 2
        for row in record["rows"]:
            assert row["speed-up over TMVA"] == pytest.approx(10.0 / row["seconds"]["median"])
            assert 0.55 < row["auc"] < 1
    assert "QUICK FORM" in (tmp_path / "trees_tmva_shapes.md").read_text(encoding="utf-8")
    assert run("trees_tmva_shapes.py", tmp_path, "--all", "--quick").returncode == 2


def test_wrong_use_is_told(tmp_path: Path) -> None:
    assert run("trees_training.py", tmp_path).returncode == 2
    done = run("trees_training.py", tmp_path, "--case", "nothing")
    assert done.returncode == 2
    assert "1m-63-leaves" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_networks_of_layers(tmp_path: Path) -> None:
    cases = ("cnn-16", "lstm-32", "maximum-pooling")
    options = [option for case in cases for option in ("--case", case)]
    done = run("networks_layers.py", tmp_path, "--quick", *options)
    assert done.returncode == 0, done.stderr
    found = records(tmp_path, "networks_layers")
    assert list(found) == list(cases)
    for record in found.values():
        assert {row["threads"] for row in record["layers"]} == {1, 2}
        for row in record["layers"]:
            assert "absent" in row or row["seconds"]["median"] > 0
    assert "training loss" in found["cnn-16"]["layers"][0]
    assert "QUICK FORM" in (tmp_path / "networks_layers.md").read_text(encoding="utf-8")
