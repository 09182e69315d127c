"""Writes models, events and the responses that Python gives: python make_models.py FOLDER

embed.cpp evaluates them and wants the same bits. One model of every kind, with and without transformations.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

import diskern
from diskern import _core
from diskern import networks as layers

WEIGHT_FILES = Path(__file__).resolve().parents[1] / "data" / "tmva"


def native_models() -> dict[str, _core.Model]:
    """Forests and a chain of transformations made here; no training is needed."""
    generator = np.random.default_rng(1)

    def tree() -> dict[str, Any]:
        return {
            "feature": [int(generator.integers(3)), int(generator.integers(3)), -1, -1, -1],
            "threshold": [*generator.normal(size=2), 0.0, 0.0, 0.0],
            "left": [1, 3, -1, -1, -1],
            "right": [2, 4, -1, -1, -1],
            "missing_right": [int(generator.integers(2)), 1, 0, 0, 0],
            "value": list(generator.normal(size=5)),
        }

    def info(**others: Any) -> dict[str, Any]:
        expressions = ["sqrt(px*px + py*py)", "abs(eta) < 1 ? eta : 2*eta", "px"]
        variables = [{"expression": text, "label": f"v{i}"} for i, text in enumerate(expressions)]
        return {"method": "BDT", "title": "test", "variables": variables} | others

    columns = generator.normal(size=(2000, 3)).astype(np.float32)
    class_index = generator.integers(2, size=2000).astype(np.int32)
    chain = _core.TransformationChain.fit(
        "N,D,G,P", columns, 0, np.ones(2000), class_index, ["Signal", "Background"], ["v0", "v1", "v2"]
    )
    logistic = _core.Forest(3, [tree() for _ in range(100)], link=_core.Link.logistic)
    classes = {"analysis_type": "Multiclass", "classes": ["a", "b", "c"]}
    multiclass = _core.Forest(
        3, [tree() for _ in range(30)], n_outputs=3, base_score=[0, 0.1, -1], link=_core.Link.softmax
    )
    median = _core.Forest(
        3,
        [tree() for _ in range(50)],
        tree_weight=list(generator.random(50)),
        aggregation=_core.Aggregation.weighted_median,
    )
    setting = _core.ResponseDensityParams()
    setting.settings, setting.bins = _core.DensitySettings(), 20
    response = generator.normal(0.5 - class_index, 0.5)
    densities = _core.fit_response_densities(setting, setting, response, class_index, 0, np.ones(2000))
    with_chain = _core.Model(info(classes=["Signal", "Background"]), chain, logistic)
    return {
        "logistic.diskern": _core.Model(info(), None, logistic),
        "densities.diskern": with_chain.with_response_densities(densities),
        "chain.diskern": _core.Model(info(classes=["Signal", "Background"]), chain, logistic),
        "multiclass.diskern": _core.Model(info(**classes), None, multiclass),
        "median.diskern": _core.Model(info(analysis_type="Regression"), None, median),
    }


def fold_models() -> dict[str, _core.Model]:
    """Models of k folds, by hash and by expression, with and without transformations."""
    native = native_models()
    forests = [native["logistic.diskern"].predictor, native["chain.diskern"].predictor]
    chain = native["chain.diskern"].chain
    info = native["logistic.diskern"].info
    by_hash = _core.FoldRule.hash(2, 7, ["runNumber", "eventNumber"], [0, 1, 1])
    by_expression = _core.FoldRule.expression(2, "int(abs(eventNumber)) % 2")
    return {
        "folds_hash.diskern": _core.Model(info, None, _core.FoldsPredictor(by_hash, forests, [None, chain])),
        "folds_expression.diskern": _core.Model(info, None, _core.FoldsPredictor(by_expression, forests)),
    }


def network_models() -> dict[str, Any]:
    """Graphs of layers: a generator of images as training leaves it, labels of pixels, series and sets."""
    from diskern import GenerativeAdversarialNetwork, GraphNetwork

    latent, energy = layers.Input((3,), name="latent"), layers.Input((1,), name="energy")
    x = layers.Dense(32, activation="relu")(layers.Concatenate()(latent, energy))
    x = layers.BatchNormalisation()(layers.Reshape((2, 2, 8))(x))
    x = layers.TransposedConvolution2D(1, 4, stride=2, padding="same", activation="relu")(x)
    generator = layers.Graph([latent, energy], x)
    image, energy = layers.Input((4, 4, 1), name="image"), layers.Input((1,), name="energy")
    x = layers.Flatten()(layers.Convolution2D(4, 3, activation="leaky_relu")(image))
    discriminator = layers.Graph([image, energy], layers.Dense(1)(layers.Concatenate()(x, energy)))
    random = np.random.default_rng(3)
    showers = GenerativeAdversarialNetwork(generator, discriminator, gradient_penalty=1.0, max_iter=2, random_state=1)
    showers.fit(random.exponential(size=(200, 4, 4, 1)), random.uniform(size=200))

    image = layers.Input((6, 6, 2), name="image")
    fine = layers.Convolution2D(5, 3, padding="same", activation="relu")(image)
    coarse = layers.Convolution2D(6, 3, padding="same", activation="elu")(layers.MaximumPooling2D(2)(fine))
    x = layers.TransposedConvolution2D(5, 4, stride=2, padding="same", activation="gelu")(coarse)
    pixels = layers.Graph(image, layers.Convolution2D(3, 1)(layers.Concatenate()(x, fine)))

    series, members = layers.Input((7, 3), name="series"), layers.Input((5, 4), name="members")
    x = layers.Concatenate()(
        layers.LSTM(6)(series),
        layers.GRU(5, backwards=True)(series),
        layers.GRU(4, reset_after=False)(series),
        layers.GlobalAveragePooling()(layers.SelfAttention(2)(members)),
    )
    several = layers.Graph([series, members], [layers.Dense(1)(x), layers.Dense(3)(layers.LayerNormalisation()(x))])

    def known(graph: layers.Graph, losses: Any) -> GraphNetwork:
        parameters = _core.start_parameters(graph.core(), seed=5)
        return GraphNetwork.from_parameters(graph, parameters, losses)

    return {
        "network_generator.diskern": showers,
        "network_pixels.diskern": known(pixels, "softmax_cross_entropy"),
        "network_several.diskern": known(several, ["cross_entropy", "poisson"]),
    }


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in (native_models() | fold_models() | network_models()).items():
        model.save(str(folder / name))
    for path in sorted(WEIGHT_FILES.glob("*.weights.xml.gz")):
        title = path.name.removesuffix(".weights.xml.gz")
        model = diskern.load(path)
        model.save(folder / f"{title}.diskern")
        model.save_tmva_xml(folder / f"{title}.xml")
    for path in sys.argv[2:]:  # models trained elsewhere
        shutil.copy(path, folder)

    generator = np.random.default_rng(2)
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".diskern", ".xml"))
    for name in names:
        model = diskern.load(folder / name)
        n = len(model.variables)
        ranges = np.array([[v["minimum"], v["maximum"]] for v in model.info["variables"]])
        ranges[ranges[:, 0] == ranges[:, 1]] = (-2, 2)
        unit = generator.uniform(-0.1, 1.1, (3001, n))
        events = (ranges[:, 0] + (ranges[:, 1] - ranges[:, 0]) * unit).astype(np.float32)
        if model.predictor.kind == "forest" and model.chain is None:
            events[generator.random(events.shape) < 0.05] = np.nan
            events[generator.random(events.shape) < 0.01] = np.inf
        events.tofile(folder / f"{name}.events")
        key = None
        if model.key_columns:
            key = generator.integers(-(2**53), 2**53, (len(events), len(model.key_columns))).astype(np.float64)
            key.tofile(folder / f"{name}.key")
        model.evaluate(events, key=key, threads=2).tofile(folder / f"{name}.responses")
        if model.has_response_densities:
            response = np.linspace(-3, 3, 501)
            both = np.stack([response, model.probability(response, 0.3), model.rarity(response)], axis=1)
            both.tofile(folder / f"{name}.probability")
        inputs = generator.normal(size=(500, len(model.inputs)))
        inputs.tofile(folder / f"{name}.inputs")
        model.evaluate_inputs(inputs).tofile(folder / f"{name}.inputs.responses")
    (folder / "models.txt").write_text("".join(f"{name}\n" for name in names))


if __name__ == "__main__":
    main()
