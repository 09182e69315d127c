"""Transformations of variables in front of networks and forests: as ONNX and as C++ headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument
from diskern.tmva import Factory
from test_network_header import compiled, needs_compiler
from test_network_onnx import run
from tmva_events import class_loader, multiclass_loader, regression_loader

CHAINS = (
    "I",
    "N",
    "D",
    "P",
    "U",
    "G",
    "G,D",
    "D_Signal,N",
    "U_Background,P,G_Signal,N",
    "N(_V0_,_V2_),G(_V1_)",
    "P,U,N",
)


def events_of(loader: Any) -> np.ndarray:
    """Events of the sample, and some far outside of it."""
    x = loader.dataset.training.variables
    far = np.full((3, x.shape[1]), 60.0, np.float32) * np.float32([[1.0], [-1.0], [0.0]])
    return np.ascontiguousarray(np.vstack([x[:200], far]), np.float32)


def assert_near(found: np.ndarray, expected: np.ndarray, name: str, tolerance: float = 2e-6) -> None:
    assert found.shape == expected.shape, name
    worst = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
    assert worst <= tolerance, (name, worst)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, diskern.Model], np.ndarray]:
    loader = class_loader(tmp_path_factory.mktemp("c") / "dataset", 300, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    for i, chain in enumerate(CHAINS):
        factory.BookMethod(loader, "MLP", f"mlp_{i}", f"NCycles=3:HiddenLayers=4:VarTransform={chain}")
    dl = "Layout=DENSE|5|TANH,DENSE|1|LINEAR:TrainingStrategy=MaxEpochs=2,BatchSize=50,TestRepetitions=1"
    factory.BookMethod(loader, "DL", "dl", f"{dl}:VarTransform=G,N")
    factory.BookMethod(loader, "DL", "dl_subset", f"{dl}:VarTransform=U(_V1_)_Signal,D")
    factory.BookMethod(loader, "BDT", "bdt", "NTrees=10:VarTransform=N")
    factory.TrainAllMethods()
    titles = [f"mlp_{i}" for i in range(len(CHAINS))] + ["dl", "dl_subset", "bdt"]
    return {title: diskern.Model(factory.GetMethod(title).model) for title in titles}, events_of(loader)


def test_onnx_runtime_gives_the_responses(trained: tuple[dict[str, diskern.Model], np.ndarray]) -> None:
    models, x = trained
    for title, model in models.items():
        found = run(model.to_onnx(), {"variables": x})["responses"]
        assert_near(found, model.evaluate(x), title)
    # An event more or less makes no difference.
    one = run(models["mlp_8"].to_onnx(), {"variables": x[:1]})["responses"]
    assert_near(one, models["mlp_8"].evaluate(x[:1]), "one event")


def test_files_are_valid(trained: tuple[dict[str, diskern.Model], np.ndarray]) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    for title, model in trained[0].items():
        file = onnx.load_from_string(model.to_onnx())
        onnx.checker.check_model(file, full_check=True)
        domains = {one.domain: one.version for one in file.opset_import}
        assert domains == {"bdt": {"": 11, "ai.onnx.ml": 1}, "mlp_0": {"": 9}}.get(title, {"": 11})  # 0: as it is


@needs_compiler
def test_headers_give_the_responses(tmp_path: Path, trained: tuple[dict[str, diskern.Model], np.ndarray]) -> None:
    models, x = trained
    found = compiled(tmp_path, models, dict.fromkeys(models, x))
    for title, model in models.items():
        assert_near(found[title], model.evaluate(x), title, 1e-5)  # a float32 step more or less in G


def test_several_classes_and_regression(tmp_path: Path) -> None:
    loader = multiclass_loader(tmp_path / "m", 100)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "MLP", "mlp", "NCycles=3:VarTransform=D,G")
    factory.BookMethod(loader, "BDT", "bdt", "BoostType=Grad:NTrees=5:VarTransform=N")
    factory.TrainAllMethods()
    x = events_of(loader)
    for title in ("mlp", "bdt"):
        model = diskern.Model(factory.GetMethod(title).model)
        assert_near(run(model.to_onnx(), {"variables": x})["responses"], model.evaluate(x), title)
    loader = regression_loader(tmp_path / "r", 200)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "MLP", "mlp", "NCycles=10:VarTransform=N")
    factory.BookMethod(loader, "MLP", "variables", "NCycles=10:VarTransform=G(_V0_)")
    factory.BookMethod(loader, "MLP", "uniform", "NCycles=3:VarTransform=U")
    factory.TrainAllMethods()
    x = events_of(loader)
    for title in ("mlp", "variables"):
        model = diskern.Model(factory.GetMethod(title).model)
        expected = model.evaluate(x)
        assert np.ptp(expected) > 0.0
        assert_near(run(model.to_onnx(), {"variables": x})["responses"], expected, title)
    with pytest.raises(
        InvalidArgument, match="transformation Uniform of a regression target cannot be written as ONNX"
    ):
        diskern.Model(factory.GetMethod("uniform").model).to_onnx()


def test_missing_values_stay_missing(trained: tuple[dict[str, diskern.Model], np.ndarray]) -> None:
    models, x = trained
    x = x[:4].copy()
    x[1, 0] = np.nan
    for title in ("mlp_4", "mlp_5"):  # U and G look their bins up
        found = run(models[title].to_onnx(), {"variables": x})["responses"]
        assert np.isnan(found).ravel().tolist() == [False, True, False, False]
