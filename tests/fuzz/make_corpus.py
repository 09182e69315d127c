"""Small valid files for the fuzzers to start from: python make_corpus.py FOLDER"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import diskern
from diskern import _core
from diskern.networks import (
    GRU,
    LSTM,
    BatchNormalisation,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Graph,
    LayerNormalisation,
    MaximumPooling2D,
    Permute,
    Recurrent,
    Reshape,
    SelfAttention,
    Softmax,
    TransposedConvolution2D,
    Upsampling2D,
)
from diskern.tmva import DataLoader, Factory

# What TMVA has no weight file for.
NOT_OF_TMVA = ("median", "votes", "graph", "kernels", "logistic", "committee")

WEIGHT_FILES = Path(__file__).resolve().parents[1] / "data" / "tmva"

FOREIGN_FILES = WEIGHT_FILES.parent / "foreign"


def shortened(text: str, trees: int = 2) -> str:
    """A weight file with its first trees only."""
    blocks = re.findall(r"<BinaryTree.*?</BinaryTree>", text, re.S)
    for block in blocks[trees:]:
        text = text.replace(block, "", 1)
    text = re.sub(r"\n\s*\n", "\n", text)
    return re.sub(r'NTrees="\d+"', f'NTrees="{trees}"', text) if blocks else text


def small_models() -> dict[str, Any]:
    tree = {
        "feature": [0, -1, 1, -1, -1],
        "threshold": [0.5, 0, 1.5, 0, 0],
        "left": [1, -1, 3, -1, -1],
        "right": [2, -1, 4, -1, -1],
        "missing_right": [1, 0, 0, 0, 0],
        "value": [0, 1.0, 0, 2.0, 3.0],
    }
    linear = {
        "feature": [-2, -1, -1],
        "threshold": [0.5, 0, 0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [0, 0, 0],
        "value": [0, -1.0, 1.0],
        "linear_begin": [0, 0, 0],
        "linear_coefficients": [1.0, 2.0],
    }
    variables = [{"expression": "x*y", "label": "a"}, {"expression": "y", "label": "b"}]
    info = {"method": "BDT", "title": "t", "variables": variables}
    generator = np.random.default_rng(0)
    columns = generator.normal(size=(60, 2)).astype(np.float32)
    classes = generator.integers(2, size=60).astype(np.int32)
    forest = _core.Forest(2, [tree, linear], aggregation=_core.Aggregation.weighted_mean)
    models: dict[str, Any] = {"forest": _core.Model(info, None, forest)}
    median = _core.Forest(2, [tree, tree], aggregation=_core.Aggregation.weighted_median)
    models["median"] = _core.Model(info | {"analysis_type": "Regression"}, None, median)
    for definition in ("N", "D", "P", "U", "G"):
        chain = _core.TransformationChain.fit(
            definition, columns, 0, np.ones(60), classes, ["Signal", "Background"], ["a", "b"]
        )
        models[f"chain_{definition}"] = _core.Model(info | {"classes": ["Signal", "Background"]}, chain, forest)
    for name, rule in (
        ("folds_hash", _core.FoldRule.hash(2, 1, ["k", "l"], [0, 1, 1])),
        ("folds_expression", _core.FoldRule.expression(2, "int(k) % 2")),
    ):
        models[name] = _core.Model(info, None, _core.FoldsPredictor(rule, [forest, forest], [chain, None]))
    few = _core.UBoostParams()
    few.n_estimators, few.efficiency_steps, few.n_neighbors, few.max_depth = 2, 2, 5, 2
    votes = _core.fit_uboost(few, columns, np.ones(60), classes, columns[:, :1].astype(np.float64)).predictor
    models["votes"] = _core.Model(info, None, votes)
    return models | booked_models(columns) | deep_models()


def booked_models(columns: np.ndarray) -> dict[str, Any]:
    """Methods that are quickest had by booking them."""
    loader = DataLoader("corpus")
    for name in ("a", "b"):
        loader.AddVariable(name)
    for name, shift in (("Signal", 1.0), ("Background", 0.0)):
        loader.AddTree({"a": columns[:, 0] + shift, "b": columns[:, 1]}, name)
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = Factory("corpus", Silent=True, ModelPersistence=False)
    booked = {
        "rules": factory.BookMethod(loader, "RuleFit", "Rules", "nTrees=2:GDNSteps=50:GDTau=0.5"),
        "densities": factory.BookMethod(loader, "Fisher", "Densities", "CreateMVAPdfs:NbinsMVAPdf=5"),
        "kernels": factory.BookMethod(loader, "SVM", "Sum", "Kernel=Sum:KernelList=RBF+MultiGauss:GammaList=1,2"),
        "logistic": factory.BookMethod(loader, "LogisticRegression", "Logistic", ""),
        "committee": factory.BookMethod(loader, "Committee", "Mean", "Members=Rules,Logistic:Average=Rank"),
    }
    factory.TrainAllMethods()
    return {name: one.model for name, one in booked.items()}


def deep_models() -> dict[str, Any]:
    """Networks of the layers that TMVA's DL has, and of the others."""
    layers = {
        "deep_image": [
            Reshape((1, 4, 4)), Permute((1, 2, 0)), Convolution2D(2, 3, padding=1, activation="relu"),
            BatchNormalisation(), MaximumPooling2D(2), Permute((2, 0, 1)), Flatten(), Dense(1),
        ],
        "deep_series": [
            Reshape((4, 4)), LSTM(2, sequences=True), Recurrent(2, sequences=True), GRU(2, reset_after=False), Dense(1),
        ],
        "graph": [
            Reshape((4, 4)), SelfAttention(2), LayerNormalisation(), Reshape((4, 4, 1)),
            TransposedConvolution2D(2, 2, stride=2), Upsampling2D(2), GlobalAveragePooling(), Dropout(0.5), Softmax(),
        ],
    }  # fmt: skip
    models: dict[str, Any] = {}
    for name, chain in layers.items():
        graph = Graph.chain(chain, (16,)).core(["sigmoid"])
        parameters = np.linspace(-1, 1, graph.parameter_count, dtype=np.float32)
        for one in graph.parameters:
            if one["name"] == "running_variance":
                parameters[one["offset"] : one["offset"] + int(np.prod(one["shape"]))] = 1.0
        info = {"method": "DL", "title": name, "variables": [{"expression": f"v{i}", "label": ""} for i in range(16)]}
        models[name] = _core.Model(info, None, _core.GraphPredictor(graph, parameters))
    return models


def main() -> None:
    folder = Path(sys.argv[1])
    for kind in ("model", "xml", "foreign"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, model in small_models().items():
        (folder / "model" / name).write_bytes(model.to_bytes())
        if name not in NOT_OF_TMVA and not name.startswith("folds"):
            (folder / "xml" / name).write_text(model.to_tmva_xml())
    for path in sorted(WEIGHT_FILES.glob("*.weights.xml.gz")):
        text = shortened(gzip.decompress(path.read_bytes()).decode())
        if len(text) > 60_000:
            continue
        name = path.name.removesuffix(".weights.xml.gz")
        (folder / "xml" / name).write_text(text)
        (folder / "model" / name).write_bytes(diskern.Model(text.encode()).to_bytes())
    for path in sorted(FOREIGN_FILES.glob("*.gz")):
        content = gzip.decompress(path.read_bytes())
        if len(content) < 20_000:
            (folder / "foreign" / path.name.removesuffix(".gz")).write_bytes(content)


if __name__ == "__main__":
    main()
