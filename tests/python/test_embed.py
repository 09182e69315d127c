"""A C++ project that knows only the installed package evaluates what Python saved: tests/embed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import _core

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "tests" / "embed"

cmake = shutil.which("cmake")
pytestmark = [
    pytest.mark.skipif(cmake is None, reason="cmake is not installed"),
    pytest.mark.timeout(900),
]


def run(*command: object, **others: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **others)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of diskernConfig.cmake: of the installed wheel, of a development build, or of one made here."""
    try:
        return Path(diskern.get_cmake_dir())
    except FileNotFoundError:
        pass
    prefix = tmp_path_factory.mktemp("prefix")
    build = REPOSITORY / "build" / "dev"
    if not (build / "cpp" / "libdiskern.a").exists():
        build = tmp_path_factory.mktemp("build")
        run(cmake, "-S", REPOSITORY, "-B", build, "-DDISKERN_PYTHON=OFF", "-DDISKERN_CUDA=OFF")
        run(cmake, "--build", build, "--parallel", os.cpu_count() or 1)
    run(cmake, "--install", build, "--prefix", prefix, "--component", "library")
    return next(prefix.glob("lib*/cmake/diskern"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    run(sys.executable, SOURCE / "make_models.py", folder, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    return folder


def test_a_foreign_project_gives_the_same_bits(package: Path, models: Path, tmp_path: Path) -> None:
    run(cmake, "-S", SOURCE, "-B", tmp_path, f"-Ddiskern_DIR={package}")
    run(cmake, "--build", tmp_path)
    done = run(tmp_path / "embed", models)
    names = (models / "models.txt").read_text().split()
    assert len(names) == 38
    assert "all agree" in done.stdout
    assert all(f"{name}:" in done.stdout for name in names)


def test_the_foreign_project_notices_other_responses(package: Path, models: Path, tmp_path: Path) -> None:
    """The check itself: one changed bit of one response is found."""
    run(cmake, "-S", SOURCE, "-B", tmp_path / "build", f"-Ddiskern_DIR={package}")
    run(cmake, "--build", tmp_path / "build")
    folder = tmp_path / "models"
    folder.mkdir()
    for path in models.glob("logistic.diskern*"):
        shutil.copy(path, folder)
    (folder / "models.txt").write_text("logistic.diskern\n")
    content = bytearray((folder / "logistic.diskern.responses").read_bytes())
    content[8 * 1234] ^= 1
    (folder / "logistic.diskern.responses").write_bytes(bytes(content))
    done = subprocess.run([tmp_path / "build" / "embed", folder], capture_output=True, text=True)
    assert done.returncode == 1
    assert "FAILED logistic.diskern: responses one by one" in done.stdout
    assert "FAILED logistic.diskern: C interface" in done.stdout


def test_clustering_of_events_gives_the_same_labels(package: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    counts = random.integers(0, 1000, 50)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    centres = random.uniform(-3, 3, (20, 3))
    points = centres[random.integers(0, 20, offsets[-1])] + random.normal(0, 0.4, (offsets[-1], 3))
    labels, _, clusters = _core.fit_dbscan_events(points, offsets, 0.4, 5, _core.Metric.euclidean)
    assert clusters.max() > 1
    assert (labels < 0).any()
    points.tofile(tmp_path / "points")
    offsets.tofile(tmp_path / "offsets")
    labels.tofile(tmp_path / "labels")
    run(cmake, "-S", SOURCE, "-B", tmp_path / "build", f"-Ddiskern_DIR={package}")
    run(cmake, "--build", tmp_path / "build", "--target", "embed_clustering")
    assert run(tmp_path / "build" / "embed_clustering", tmp_path).stdout == "50 events agree\n"
    # One changed label is found.
    labels[2000] += 1
    labels.tofile(tmp_path / "labels")
    done = subprocess.run([tmp_path / "build" / "embed_clustering", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "FAILED event" in done.stdout


def test_pkg_config_finds_the_library(package: Path, tmp_path: Path) -> None:
    if shutil.which("pkg-config") is None or shutil.which("c++") is None:
        pytest.skip("pkg-config or c++ is not installed")
    environment = os.environ | {"PKG_CONFIG_PATH": str(package.parents[1] / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "diskern", env=environment).stdout.split()
    program = tmp_path / "program.cpp"
    program.write_text(
        "#include <diskern/diskern.h>\n#include <cstdio>\nint main() { std::puts(diskern_version()); return 0; }\n"
    )
    run("c++", "-std=c++17", program, "-o", tmp_path / "program", *flags)
    assert run(tmp_path / "program").stdout.strip() == diskern.__version__


def test_paths_of_the_package() -> None:
    installed = (Path(diskern.__file__).parent / "lib" / "cmake" / "diskern" / "diskernConfig.cmake").is_file()
    if installed:
        assert (Path(diskern.get_cmake_dir()) / "diskernConfig.cmake").is_file()
        assert (Path(diskern.get_include()) / "diskern" / "model.hpp").is_file()
        return
    with pytest.raises(FileNotFoundError, match="was not installed by pip"):
        diskern.get_cmake_dir()
    with pytest.raises(FileNotFoundError, match="was not installed by pip"):
        diskern.get_include()
