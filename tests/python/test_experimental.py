"""TMVA.Experimental on arrays: RReader, RBDT, RStandardScaler, Compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import FormatError, InvalidArgument
from diskern.tmva import CrossValidation, Experimental, Factory
from tmva_events import class_loader


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("experimental") / "dataset"
    loader = class_loader(folder, 200, "!V")
    factory = Factory("job", None, "Silent")
    factory.BookMethod(loader, "BDT", "BDT", "NTrees=10")
    factory.BookMethod(loader, "Fisher", "Fisher")
    factory.TrainAllMethods()
    return folder / "weights", loader.dataset.test.variables[:50]


def test_reader(models) -> None:
    weights, X = models
    for ending in ("diskern", "weights.xml"):
        reader = Experimental.RReader(weights / f"job_BDT.{ending}")
        expected = diskern.load(weights / f"job_BDT.{ending}").evaluate(X)[:, 0]
        np.testing.assert_array_equal(reader.Compute(X), expected)
        assert reader.Compute(X[3].tolist()) == [expected[3]]
        np.testing.assert_array_equal(reader.Compute(dict(zip("xyz", X.T, strict=True))), expected)
        with_spectators = np.column_stack([X, np.arange(50), np.ones(50)])
        np.testing.assert_array_equal(reader.Compute(with_spectators), expected)
        assert (reader.GetVariableNames(), reader.GetSpectatorNames()) == (["x", "y", "z"], ["eventID", "run"])
        with pytest.raises(InvalidArgument):
            reader.Compute(X[:, :2])


def test_reader_of_folds(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 100)
    cv = CrossValidation("job", loader, Silent=True, SplitKey="eventID")
    cv.BookMethod("Fisher", "Fisher")
    cv.Evaluate()
    sample = loader.dataset.training
    reader = Experimental.RReader(tmp_path / "dataset" / "weights" / "job_Fisher.diskern")
    both = np.column_stack([sample.variables, sample.spectators["eventID"], sample.spectators["run"]])
    np.testing.assert_array_equal(reader.Compute(both), cv.GetResults()[0].response[:, 0])


def test_forests(models, tmp_path: Path) -> None:
    weights, X = models
    forest = Experimental.RBDT(weights / "job_BDT.diskern")
    expected = diskern.load(weights / "job_BDT.diskern").evaluate(X)
    np.testing.assert_array_equal(forest.Compute(X), expected)
    assert forest.Compute(X[0]) == expected[0].tolist()
    with pytest.raises(InvalidArgument, match="takes forests"):
        Experimental.RBDT(weights / "job_Fisher.diskern")
    with pytest.raises(InvalidArgument, match="LoadXGBoost"):
        Experimental.RBDT.LoadText("model.txt")
    with pytest.raises(InvalidArgument, match="JSON"):
        Experimental.RBDT("key", "file.root")
    xgboost = pytest.importorskip("xgboost")
    classifier = xgboost.XGBClassifier(n_estimators=5, max_depth=2).fit(X, X[:, 0] > 0.5)
    classifier.save_model(tmp_path / "model.json")
    read = Experimental.RBDT.LoadXGBoost(tmp_path / "model.json")
    np.testing.assert_allclose(read.Compute(X)[:, 0], classifier.predict_proba(X)[:, 1], rtol=1e-6)


def test_scaler(tmp_path: Path) -> None:
    X = np.random.default_rng(1).normal(3, 2, (100, 2))
    scaler = Experimental.RStandardScaler()
    scaled = scaler.FitCompute(X)
    np.testing.assert_allclose(scaled, (X - X.mean(axis=0)) / X.std(axis=0, ddof=1))
    assert scaler.GetStds() == X.std(axis=0, ddof=1).tolist()
    np.testing.assert_array_equal(scaler.Compute(X[0]), scaled[0])
    scaler.Save("first", tmp_path / "scalers.npz")
    scaler.Save("second", tmp_path / "scalers.npz")
    for title in ("first", "second"):
        again = Experimental.RStandardScaler(title, tmp_path / "scalers.npz")
        np.testing.assert_array_equal(again.Compute(X), scaled)
    with pytest.raises(InvalidArgument, match="no scaler"):
        Experimental.RStandardScaler("third", tmp_path / "scalers.npz")
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        Experimental.RStandardScaler("first", tmp_path / "bad.npz")
    with pytest.raises(InvalidArgument, match="npz"):
        scaler.Save("first", tmp_path / "scaler.root")
    for wrong in (X[:1], np.ones((5, 2)), np.full((5, 2), np.nan), X[0]):
        with pytest.raises(InvalidArgument):
            Experimental.RStandardScaler().Fit(wrong)
    with pytest.raises(InvalidArgument, match="Fit first"):
        Experimental.RStandardScaler().Compute(X)
    with pytest.raises(InvalidArgument, match="2 columns"):
        scaler.Compute(np.ones((3, 3)))


def test_compute(models) -> None:
    weights, X = models
    reader = Experimental.RReader(weights / "job_Fisher.diskern")
    expected = reader.Compute(X)
    np.testing.assert_array_equal(Experimental.Compute(reader)(*X.T), expected)
    assert Experimental.Compute[3, "float"](reader)(*X[0].tolist()) == [expected[0]]
    with pytest.raises(InvalidArgument, match="3 variables"):
        Experimental.Compute[4, "float"](reader)
    with pytest.raises(InvalidArgument, match="expected 3"):
        Experimental.Compute(reader)(1.0)
    with pytest.raises(AttributeError, match="LoadXGBoost"):
        _ = Experimental.SaveXGBoost
