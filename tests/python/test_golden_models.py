"""Models that earlier releases saved are read by every later one: tests/data/models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern

FOLDER = Path(__file__).resolve().parents[1] / "data" / "models"
FILES = sorted(FOLDER.glob("version*/*.diskern"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_old_models_are_read(path: Path) -> None:
    model = diskern.load(path)
    stored = np.load(path.with_suffix(".npz"))
    # exp and tanh of another machine's C library may differ in the last digit.
    np.testing.assert_allclose(model.evaluate(stored["events"]), stored["responses"], rtol=1e-13, atol=1e-15)
    assert np.ptp(stored["responses"]) > 0
    assert diskern.Model(model.to_bytes()) == model
    assert len(model.info["variables"]) == stored["events"].shape[1]


def test_every_version_is_there() -> None:
    assert {path.parent.name for path in FILES} == {"version1"}
    assert len(FILES) == 11


def test_this_release_writes_the_same_bytes() -> None:
    """Nobody changed the format without a new version."""
    for path in sorted(FOLDER.glob("version1/*.diskern")):
        assert diskern.load(path).to_bytes() == path.read_bytes(), path.name
