"""Forests written as ONNX, in ONNX Runtime and by the definition of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import _core
from foreign_events import special_events
from test_xgboost import native, tree, written_models


def models() -> dict[str, diskern.Model]:
    trees = [tree(0.1), tree(-0.7, 1), tree(0.7)]
    forest = _core.Forest(2, trees, n_outputs=3, base_score=[0.3, -0.1, 0.0], link=_core.Link.normalised_logistic)
    classes = {"analysis_type": "Multiclass", "classes": ["a", "b", "c"]}
    return written_models() | {"normalised": native(forest, **classes)}


@pytest.mark.parametrize("name", models())
def test_responses_in_onnx_runtime(name: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    model = models()[name]
    path = tmp_path / "model.onnx"
    model.save_onnx(path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(path), options)
    events = special_events(model)
    expected = model.evaluate(events)
    found = session.run(["responses"], {"variables": events})[0]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)
    one = session.run(["responses"], {"variables": events[:1]})[0]
    np.testing.assert_allclose(one, expected[:1], rtol=2e-6, atol=1e-6)


def test_the_file_by_the_onnx_package() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    model = written_models()["softmax"]
    file = onnx.load_from_string(model.to_onnx())
    onnx.checker.check_model(file, full_check=True)
    assert {one.domain: one.version for one in file.opset_import} == {"": 9, "ai.onnx.ml": 1}
    assert [node.op_type for node in file.graph.node] == ["TreeEnsembleRegressor", "Softmax"]
    assert {one.key: one.value for one in file.metadata_props} == {"variables": "x0\nx1", "responses": "a\nb\nc"}
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in file.graph.node[0].attribute}
    assert set(attributes["nodes_modes"]) == {b"BRANCH_LT", b"LEAF"}
    # The smallest float that is not below the float64 0.1.
    assert attributes["nodes_values"][0] == float(np.float32(0.1)) > 0.1
    assert attributes["base_values"] == pytest.approx([0.3, -0.1, 0.0])


def test_what_onnx_cannot_express_is_refused() -> None:
    median = _core.Forest(2, [tree(0.1)], aggregation=_core.Aggregation.weighted_median)
    with pytest.raises(diskern.InvalidArgument, match="ONNX: its response is a median"):
        native(median, analysis_type="Regression").to_onnx()
    with pytest.raises(diskern.InvalidArgument, match="too large for float32"):
        native(_core.Forest(2, [tree(0.1, values=(1e300, 0.0))])).to_onnx()
