"""CFMlpANN and TMlpANN: TMVA's old networks by their options, served by MLP."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import diskern
from diskern._core import InvalidArgument
from diskern.tmva.booking import book
from test_fitted_methods import tmva_sample, toy


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("CFMlpANN", "NCycles=20:HiddenLayers=N+1,N"),
        ("TMlpANN", "NCycles=60:HiddenLayers=N+1,N:LearningMethod=BFGS:ValidationFraction=0.3"),
        ("TMlpANN", "NCycles=20:HiddenLayers=N+1"),
    ],
)
def test_quality_beside_tmva(data_directory: Path, kind: str, options: str) -> None:
    sample, training = tmva_sample(data_directory, "class_tut")
    trained = book(None, "Classification", kind, "net", options, {}).method.train(sample, threads=1)  # type: ignore[arg-type]
    folder = data_directory / "tmva_trained" / "class_tut"
    with np.load(folder / "test_events.npz") as file:
        label, weight = file["classID"] == 0, file["weight"]
    theirs = np.load(folder / "test_responses.npz")[kind]
    ours = trained.predictor.evaluate(training.test_variables)[:, 0]
    assert roc_auc_score(label, ours, sample_weight=weight) > roc_auc_score(label, theirs, sample_weight=weight) - 0.01
    assert trained.notes[0].startswith(f"{kind} is served by MLP with NCycles=")


def test_events_are_held_out() -> None:
    sample = toy(200)
    method = book(
        None, "Classification", "TMlpANN", "net", "NCycles=5:HiddenLayers=2:ValidationFraction=0.25", {}
    ).method  # type: ignore[arg-type]
    curve = method.train(sample, threads=1).curves[0]
    assert curve.validation is not None
    method.values["ValidationFraction"] = 0.0
    assert method.train(sample, threads=1).curves[0].validation is None


def test_bad_options() -> None:
    with pytest.raises(InvalidArgument, match="ValidationFraction is 1"):
        book(None, "Classification", "TMlpANN", "net", "ValidationFraction=1", {})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="'LearningMethod' cannot be 'BFG'; did you mean 'BFGS'"):
        book(None, "Classification", "TMlpANN", "net", "LearningMethod=BFG", {})  # type: ignore[arg-type]
    method = book(None, "Classification", "CFMlpANN", "net", "HiddenLayers=N-9", {}).method  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="HiddenLayers"):
        method.train(toy(50))


@pytest.mark.parametrize("title", ["CFMlpANN", "TMlpANN"])
def test_weight_files_of_tmva(data_directory: Path, title: str) -> None:
    folder = data_directory / "tmva_trained" / "class_tut"
    model = diskern.load(folder / "weights" / f"{title}.weights.xml.gz")
    for sample in ("test", "train"):
        events = np.load(folder / f"{sample}_events.npz")
        expected = np.load(folder / f"{sample}_responses.npz")[title]
        response = model.evaluate({name: events[name] for name in events.files})[:, 0]
        # The training events were answered before the file was written, which holds six digits of TMlpANN's weights.
        limit = 1e-5 if (title, sample) == ("TMlpANN", "train") else 1e-6
        np.testing.assert_allclose(response, expected, rtol=0, atol=limit)
    # Far outside of the training sample CFMlpANN takes the end of the range, TMlpANN goes on.
    far, end = np.float32([[50, 50, 50, 50]]), np.float32([[7.26972866, 4.02589369, 4.27845287, 4.64035463]])
    assert (title == "CFMlpANN") == np.allclose(model.evaluate(far), model.evaluate(end), rtol=0, atol=1e-9)
    text = gzip.decompress((folder / "weights" / f"{title}.weights.xml.gz").read_bytes()).decode()
    damages = {
        "CFMlpANN": [('NClasses="2"', 'NClasses="3"'), ("<Neuron2>", "<Neuron7>"), ('NNeurons="5"', 'NNeurons="4"')],
        "TMlpANN": [(":5:4:", ":5:5:"), (":type", ":type!"), ("@myvar1,@myvar2,", "@myvar1,"), (":5:4:", ":5:x:")],
    }
    for old, new in damages[title]:
        assert old in text
        with pytest.raises(diskern.FormatError):
            diskern.Model(text.replace(old, new).encode())
