"""diskern convert: what was written is compared with the model before it takes the name of the output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern.cli import main
from diskern.model import Model

pytest.importorskip("sklearn", reason="estimators need scikit-learn")


def save_axes(path: Path, widest: int) -> Model:
    """Principal axes of integers about exactly 0, of which one column is the widest."""
    half = np.random.default_rng(1).integers(-5, 6, size=(200, 3))
    half[:, widest] *= 10
    diskern.PCA(n_components=2).fit(np.concatenate([half, -half]).astype(np.float64)).save(path)
    return diskern.load(path)


def test_another_model_of_an_estimator_is_noticed_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, other, output = (tmp_path / name for name in ("source.dsk", "other.dsk", "output.dsk"))
    model, wrong = save_axes(source, 0), save_axes(other, 1)
    # Estimators do not know the ranges of their variables; zeros in their place would not tell these two apart.
    zeros = np.zeros((1, 3), np.float32)
    np.testing.assert_array_equal(model.evaluate(zeros), wrong.evaluate(zeros))
    output.write_bytes(b"a file of the user")
    before = source.read_bytes()
    content = sorted(tmp_path.iterdir())

    with monkeypatch.context() as patch:
        patch.setattr(Model, "save", lambda self, path: Path(path).write_bytes(other.read_bytes()))
        for target in (output, source):
            assert main(["convert", str(source), str(target), "--force"]) != 0
            said = capsys.readouterr()
            assert "does not respond as the model does" in said.err
            assert "bit for bit" not in said.out
    assert output.read_bytes() == b"a file of the user"
    assert source.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == content

    for target in (output, source):
        capsys.readouterr()
        assert main(["convert", str(source), str(target), "--force"]) == 0
        assert "the same responses to 1000 events, bit for bit" in capsys.readouterr().out
        assert target.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == content


def test_a_format_that_cannot_hold_the_model_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    source, output = tmp_path / "pca.dsk", tmp_path / "pca.json"
    save_axes(source, 0)
    output.write_text("{}")
    assert main(["convert", str(source), str(output), "--force"]) == 2
    assert output.read_text() == "{}"
    assert sorted(tmp_path.iterdir()) == [source, output]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "axes.dsk"
    save_axes(source, 0)
    assert main(["convert", str(source), str(tmp_path / "nowhere" / "axes.dsk")]) == 3
    assert f"the folder {str(tmp_path / 'nowhere')!r} does not exist" in capsys.readouterr().err
