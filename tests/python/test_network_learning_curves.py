"""Networks learn as PyTorch's do: losses on events apart after every epoch, over five seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")

PROGRAMS = Path(__file__).resolve().parents[2] / "benchmarks" / "python"
if not PROGRAMS.is_dir():
    pytest.skip(f"{PROGRAMS} is not there: tests run from an installed package", allow_module_level=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense", "images", "series"])
def test_loss_curves_are_equal_within_the_spread_of_seeds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.syspath_prepend(str(PROGRAMS))
    import networks_learning_curves as program

    curve = next(one for one in program.CURVES if one.name == name)
    record = program.compare(curve, quick=False, seeds=5)
    one, other = (np.array(values) for values in record["curves"].values())
    assert one.shape == other.shape == (5, curve.epochs)
    # Both learn.
    assert one.mean(axis=0)[-1] < 0.95 * one.mean(axis=0)[0] or one.mean(axis=0)[-1] < 0.6
    # At the end, where nothing depends on the first weights any more: the means differ by no more than the seeds do.
    spread = max(np.ptp(one[:, -1]), np.ptp(other[:, -1]), 1e-3)
    assert abs(one[:, -1].mean() - other[:, -1].mean()) < spread, record["difference"]
    # On the way: nowhere by more than five standard errors and a hundredth of the loss.
    difference, errors = np.abs(record["difference"]), np.abs(record["in standard errors"])
    assert not ((errors > 5.0) & (difference > 0.01 * other.mean(axis=0))).any(), record["difference"]
