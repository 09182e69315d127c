"""Trees discern as well as XGBoost's and LightGBM's at equal settings, on public data and the generator."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")
pytest.importorskip("xgboost", reason="XGBoost, whose quality is compared, is not installed")
pytest.importorskip("lightgbm", reason="LightGBM, whose quality is compared, is not installed")

PROGRAMS = Path(__file__).resolve().parents[2] / "benchmarks" / "python"


@pytest.fixture(scope="module")
def quality() -> ModuleType:
    """benchmarks/python/trees_quality.py: the comparison is the same as in the recorded table."""
    path = PROGRAMS / "trees_quality.py"
    if not path.is_file():
        pytest.skip(f"{path} is not there: tests run from an installed package")
    sys.path.insert(0, str(PROGRAMS))
    try:
        specification = importlib.util.spec_from_file_location("trees_quality", path)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(PROGRAMS))
    return module


@pytest.mark.slow
@pytest.mark.parametrize("growth", ["level-wise", "leaf-wise"])
@pytest.mark.parametrize("name", ["magic", "higgsml", "higgs"])
def test_small_samples(quality: ModuleType, data_directory: Path, name: str, growth: str) -> None:
    """Not below the better peer by more than two standard errors of the mean difference over 20 random splits."""
    make, splits, trees, tested = quality.SAMPLES[name]
    assert splits == 20
    found = quality.compare(make(data_directory), growth, splits, trees, tested, 2)
    assert found["difference"] >= -2 * found["standard error"], found


@pytest.mark.slow
@pytest.mark.parametrize("growth", ["level-wise", "leaf-wise"])
def test_quark_and_gluon_jets(quality: ModuleType, data_directory: Path, growth: str) -> None:
    found = quality.compare(quality.quark_gluon(data_directory), growth, 2, 60, 0.2, 2)
    assert found["difference"] >= -0.001, found


@pytest.mark.slow
@pytest.mark.parametrize("growth", ["level-wise", "leaf-wise"])
def test_generator(quality: ModuleType, growth: str) -> None:
    """Fewer events than the recorded million, so that the test stays short."""
    found = quality.compare(quality.generator(200_000)(Path()), growth, 2, 60, 0.5, 2)
    assert found["difference"] >= -0.001, found


def test_the_comparison_sees_a_worse_model(quality: ModuleType) -> None:
    """With one tree against many of the peer the difference is far below zero."""
    sample = quality.generator(4_000)(Path())
    peers, shape = quality.GROWTHS["level-wise"]
    ours = next(peer for peer in peers if peer[0] == "diskern")
    weak = (*ours[:3], lambda x, y, _, threads: ours[3](x, y, shape(1), threads))
    quality.GROWTHS["weak"] = ((weak, *(peer for peer in peers if peer is not ours)), shape)
    try:
        found = quality.compare(sample, "weak", 3, 30, 0.5, 1)
    finally:
        del quality.GROWTHS["weak"]
    assert found["difference"] < -0.01
    assert found["difference"] < -2 * found["standard error"]
