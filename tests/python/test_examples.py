"""Every example runs as a user runs it, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PIECES = {
    "anomaly_search.py": ["--events", "2000", "--epochs", "12"],
    "decorrelated_tagging.py": ["--events", "10000"],
    "handwritten_digits.py": ["--events", "1500", "--epochs", "4"],
    "air_showers.py": ["--showers", "1200", "--epochs", "6"],
    "galaxies.py": ["--events", "800", "--epochs", "4"],
    "higgs.py": ["--events", "20000", "--epochs", "2"],
    "neutrino_views.py": ["--events", "1200", "--epochs", "4"],
    "particle_sets.py": ["--events", "3000", "--epochs", "4"],
    "shower_generation.py": ["--events", "1500", "--epochs", "4"],
    "time_series.py": ["--events", "2000", "--epochs", "8"],
    "jet_images.py": ["--events", "3000", "--epochs", "10"],
    "calorimeter_showers.py": ["--showers", "60"],
    "detector_segmentation.py": ["--events", "600", "--epochs", "50"],
    "detector_hits.py": ["--most", "9600"],
    "gamma_ray_sources.py": ["--photons", "30000"],
    "jets_of_w_pairs.py": ["--events", "60"],
    "regression.py": ["--events", "2000"],
    "estimators.py": ["--events", "4000"],
    "demo.py": ["--quick"],
    "understanding.py": ["--events", "4000"],
    "uniform_response.py": ["--events", "20000"],
}


def run(arguments, folder):
    result = subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MPLBACKEND": "agg"},
        timeout=280,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def test_every_example_is_tested():
    elsewhere = {"tmva_classification.py"}  # test_tmva_tutorial.py
    assert {p.name for p in EXAMPLES.glob("*.py")} == set(PIECES) | elsewhere


def test_regression(tmp_path):
    output = run([EXAMPLES / "regression.py", *PIECES["regression.py"]], tmp_path)
    assert output.count("estimated") == 5
    assert (tmp_path / "regression-output" / "report.html").is_file()


def test_calorimeter_showers(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "calorimeter_showers.py", *PIECES["calorimeter_showers.py"]], tmp_path)
    clue, dbscan = (float(part.split(",")[0]) for part in output.split("adjusted Rand index ")[1:])
    assert clue > 0.7
    assert clue > dbscan
    assert (tmp_path / "showers.png").is_file()


def test_detector_hits(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "detector_hits.py", *PIECES["detector_hits.py"]], tmp_path)
    pointing = output.split("in direction: ")[1]
    assert 400 < int(pointing.split()[0]) < 900  # of 800 tracks, some of which share a direction
    assert "of 10 hits in the middle" in pointing
    assert (tmp_path / "hits.png").is_file()


def test_hits_of_an_event_of_trackml(tmp_path):
    pytest.importorskip("sklearn")
    path = Path(os.environ.get("DISKERN_DATA", "")) / "trackml_hits" / "event000001005-hits.csv.gz"
    if not os.environ.get("DISKERN_DATA") or not path.is_file():
        pytest.skip("DISKERN_DATA has no trackml_hits")
    output = run([EXAMPLES / "detector_hits.py", "--hits", path], tmp_path)
    # What scikit-learn found in this event (README of the data).
    assert "within 5 mm: 4021 clusters" in output


def test_estimators(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "estimators.py", *PIECES["estimators.py"]], tmp_path)
    integral = float(output.split("weighted ROC integral:")[1].split()[0])
    assert integral > 0.6


def test_understanding(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "understanding.py", *PIECES["understanding.py"]], tmp_path)
    within = float(output.split("add up to their scores within")[1].split()[0])
    assert within < 1e-10
    assert "m_bb" in output.split("when shuffled")[1].splitlines()[2]  # the mass peak is found
    assert len(list((tmp_path / "understanding-output").glob("*.png"))) == 7


def test_anomaly_search(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "anomaly_search.py", *PIECES["anomaly_search.py"]], tmp_path)
    areas = [float(line.split("score")[1].split()[0]) for line in output.splitlines() if "ROC integral" in line]
    assert len(areas) == 2
    assert min(areas) > 0.6
    assert (tmp_path / "anomaly-output" / "latent.png").is_file()


def test_gamma_ray_sources(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "gamma_ray_sources.py", *PIECES["gamma_ray_sources.py"]], tmp_path)
    found, of = (int(word) for word in output.split("found ")[1].split(" sources")[0].split(" of "))
    assert found >= 0.7 * of
    assert int(output.split("sources, ")[1].split()[0]) <= 0.1 * of  # clusters that are no source
    assert "next to the pole: True" in output
    assert (tmp_path / "sky.png").is_file()


def test_jets_of_w_pairs(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "jets_of_w_pairs.py", *PIECES["jets_of_w_pairs.py"]], tmp_path)
    assert float(output.split("W mass ")[1].split()[0]) == pytest.approx(80.4, abs=1.5)
    assert float(output.split("events, ")[1].split("%")[0]) > 95
    assert {"elbow.png", "jets.png"} <= {path.name for path in tmp_path.iterdir()}


def test_decorrelated_tagging(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "decorrelated_tagging.py", *PIECES["decorrelated_tagging.py"]], tmp_path)
    lines = [line for line in output.splitlines() if "ROC integral" in line]
    before = float(lines[0].split("background ")[1].split()[0])
    plain, correlation, adversary = (float(line.split("signal ")[-1]) - before for line in lines)
    assert plain > 0.1
    assert abs(correlation) < 0.6 * plain
    assert abs(adversary) < 0.85 * plain


def test_handwritten_digits(tmp_path, data_directory):
    pytest.importorskip("sklearn")
    folder = data_directory / "mnist"
    output = run([EXAMPLES / "handwritten_digits.py", folder, *PIECES["handwritten_digits.py"]], tmp_path)
    assert float(output.split("accuracy")[1].split()[0]) > 0.95


def test_jet_images(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "jet_images.py", *PIECES["jet_images.py"]], tmp_path)
    network, trees = (float(line.split("integral")[1]) for line in output.splitlines() if "integral" in line)
    assert network > 0.83
    assert network > trees


def test_air_showers(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("h5py")
    output = run([EXAMPLES / "air_showers.py", *PIECES["air_showers.py"]], tmp_path)
    zenith, energy = map(float, output.split("EV ")[1].split()[:2])
    # At this size there is little to win yet, but nothing must be lost.
    assert zenith > -0.2
    assert energy > 0.0
    assert (tmp_path / "air-showers-output" / "resolution.png").is_file()


def test_galaxies(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "galaxies.py", *PIECES["galaxies.py"]], tmp_path)
    errors = [float(line.split(": ")[1].split(";")[0]) for line in output.splitlines()]
    assert len(errors) == 3
    assert max(errors[1:]) < 0.8 * errors[0]
    assert (tmp_path / "galaxies-output" / "saliency.png").is_file()


def test_higgs(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "higgs.py", *PIECES["higgs.py"]], tmp_path)
    areas = [[float(part.split()[1]) for part in line[24:].split("  ")] for line in output.splitlines()[1:]]
    assert len(areas) == 3
    assert min(min(row) for row in areas) > 0.5
    _, trees_on_masses, _ = areas[2]
    assert trees_on_masses > areas[2][0]  # masses help trees


def test_higgs_of_the_paper(tmp_path, data_directory):
    pytest.importorskip("sklearn")
    arguments = [EXAMPLES / "higgs.py", data_directory / "higgs_uci", "--events", "4000", "--epochs", "1"]
    output = run(arguments, tmp_path)
    trees = output.splitlines()[-1]
    assert 0.74 < float(trees.split("both ")[1].split()[0]) < 0.82  # XGBoost: 0.782 (README of the data)


def test_neutrino_views(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "neutrino_views.py", *PIECES["neutrino_views.py"]], tmp_path)
    one, two = (float(line.split(": ")[1].split()[0]) for line in output.splitlines()[:2])
    assert two > 50.0
    assert two > one - 2.0
    assert (tmp_path / "neutrino-output" / "filters.png").is_file()
    assert (tmp_path / "neutrino-output" / "maps.png").is_file()


def test_detector_segmentation(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "detector_segmentation.py", *PIECES["detector_segmentation.py"]], tmp_path)
    assert float(output.split(" % of pixels")[0]) > 97.0
    named = {line.split(":")[0]: float(line.split(": ")[1].split()[0]) for line in output.splitlines()[1:]}
    assert named["network"] > 75.0  # always one kind: 50; so few images are not enough for more than 85
    assert named["boosted trees on 5 x 5 pixels"] > 85.0
    assert (tmp_path / "segmentation-output" / "pixels.png").is_file()


def test_particle_sets(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "particle_sets.py", *PIECES["particle_sets.py"]], tmp_path)
    attention = float(output.split("particles: ROC integral")[1].split()[0])
    assert attention > 0.75
    assert float(output.split("at most")[1]) < 1e-4


def test_shower_generation(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "shower_generation.py", *PIECES["shower_generation.py"]], tmp_path)
    simulated, generated = output.split("energy sum / E: simulated ")[1].split(", generated ", 1)
    assert abs(float(generated.split()[0]) - float(simulated.split()[0])) < 0.4
    assert output.count("between simulated and generated") == 2
    assert (tmp_path / "generation-output" / "quantities.png").is_file()


def test_time_series(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "time_series.py", *PIECES["time_series.py"]], tmp_path)
    areas = {line.split(":")[0]: float(line.split()[-1]) for line in output.splitlines()}
    assert len(areas) == 5
    assert max(areas["LSTM"], areas["GRU"]) > 0.7
    assert (tmp_path / "series-output" / "roc.png").is_file()


def test_uniform_response(tmp_path):
    pytest.importorskip("sklearn")
    output = run([EXAMPLES / "uniform_response.py", *PIECES["uniform_response.py"]], tmp_path)
    deviations = [float(line.split("efficiency")[1].split(";")[0]) for line in output.splitlines() if "ROC" in line]
    assert deviations[1] < 0.6 * deviations[0]
    assert output.count("the same bits") == 2


def test_demo(tmp_path):
    output = run([EXAMPLES / "demo.py", *PIECES["demo.py"]], tmp_path)
    assert "Applying the best native model" in output
    assert "bit for bit" in output or "no CMake found" in output
    assert (tmp_path / "demo-output" / "report.html").stat().st_size > 50_000


def test_configuration(tmp_path):
    # The events are made as the file says.
    lines = (EXAMPLES / "analysis.yaml").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if "python -c" in line)
    command = " ".join(line.lstrip("# ").rstrip("\\ ") for line in lines[start : start + 2])
    code = command.split('"')[1]
    run(["-c", code], tmp_path)
    run(["-m", "diskern", "run", EXAMPLES / "analysis.yaml"], tmp_path)
    assert (tmp_path / "gaussians.html").is_file()
