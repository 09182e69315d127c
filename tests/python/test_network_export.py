"""Dense networks as ONNX in ONNX Runtime, and as a C++ header by a compiler."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import _core
from test_xgboost import native, tree

ACTIVATIONS = list(_core.Activation.__members__)


def network(activation: str, input_function: str = "sum", outputs: int = 1, single: bool = False) -> Any:
    generator = np.random.default_rng(3)
    sizes = [5, 9, 7, outputs]
    layers = []
    for inputs, size in itertools.pairwise(sizes):
        last = size == outputs
        layers.append(
            {
                # Small enough for an exponential of an exponential.
                "weights": generator.normal(size=(size, inputs))
                / (inputs if activation == "exponential" else inputs**0.5),
                "biases": generator.normal(size=size) / 4,
                "activation": _core.Activation.__members__["linear" if last else activation],
                "input_function": _core.InputFunction.__members__[input_function],
            }
        )
    arguments: dict[str, Any] = {}
    if single:
        arguments = {
            "arithmetic": _core.NetworkArithmetic.float32,
            "input_shift": [0.1, 0.2, -0.3, 0.0, 1.0],
            "input_scale": [1.0, 2.0, 0.5, 1.5, 1.0],
        }
    output = _core.NetworkOutput.softmax if outputs > 1 else _core.NetworkOutput.identity
    return _core.Network(layers, output, **arguments)


def model_of(predictor: Any, outputs: int = 1) -> diskern.Model:
    info: dict[str, Any] = {
        "method": "MLP",
        "title": "Exported",
        "variables": [{"expression": f"x{j}", "label": f'x "{j}"'} for j in range(5)],
        "analysis_type": "Regression",
        "classes": [],
        "signal_class": 0,
    }
    if outputs > 1:
        info |= {"analysis_type": "Multiclass", "classes": [f"c{k}" for k in range(outputs)]}
    return diskern.Model(_core.Model(info, None, predictor))


CASES = [(name, "sum", 1, False) for name in ACTIVATIONS]
CASES += [(name, "sum", 3, True) for name in ACTIVATIONS if name != "tmva_tanh"]
CASES += [("sigmoid", "sum_of_squares", 1, False), ("sigmoid", "sum_of_absolutes", 3, False)]


def events(n: int = 200) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(n, 5)).astype(np.float32)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_onnx_runtime_gives_the_responses(case: tuple[str, str, int, bool]) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    activation, input_function, outputs, single = case
    model = model_of(network(activation, input_function, outputs, single), outputs)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.to_onnx(), options)
    x = events()
    found = session.run(["responses"], {"variables": x})[0]
    expected = model.evaluate(x)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_the_onnx_file_is_valid() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    file = onnx.load_from_string(model_of(network("gelu", outputs=3, single=True), 3).to_onnx())
    onnx.checker.check_model(file, full_check=True)
    assert {one.domain: one.version for one in file.opset_import} == {"": 9}
    assert [node.op_type for node in file.graph.node][:3] == ["Sub", "Mul", "Gemm"]
    assert file.graph.node[-1].op_type == "Softmax"


@pytest.mark.parametrize("single", [False, True])
def test_the_header_gives_the_responses(tmp_path: Path, single: bool) -> None:
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    x = events(20)
    names = [name for name in ACTIVATIONS if not (single and name == "tmva_tanh")]
    models = {
        name: model_of(network(name, outputs=1 + k % 2 * 2, single=single), 1 + k % 2 * 2)
        for k, name in enumerate(names)
    }
    if not single:
        models["squares"] = model_of(network("sigmoid", "sum_of_squares"))
        models["absolutes"] = model_of(network("sigmoid", "sum_of_absolutes"))
    source = "#include <cstdio>\n"
    for name, model in models.items():
        model.save_header(tmp_path / f"{name}.hpp", f"net_{name}")
        source += f'#include "{name}.hpp"\n#include "{name}.hpp"\n'
    source += "static const float events[20][5] = {\n"
    source += "".join("{" + ", ".join(f"{float(value)!r}f" for value in row) + "},\n" for row in x)
    source += "};\nint main() {\n"
    for name in models:
        space = f"net_{name}"
        source += (
            f"  for (int i = 0; i < 20; ++i) {{ {space}::real y[{space}::n_outputs]; {space}::evaluate(events[i], y);\n"
            f'    for (int k = 0; k < {space}::n_outputs; ++k) std::printf("%.17g\\n", (double)y[k]); }}\n'
        )
    source += '  std::printf("%s %d\\n", net_relu::variable(4), net_relu::n_inputs);\n}\n'
    (tmp_path / "main.cpp").write_text(source)
    program = tmp_path / "main"
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([compiler, *flags, "main.cpp", "-o", str(program)], check=True, cwd=tmp_path)
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[-1] == 'x "4" 5'
    found = np.array(lines[:-1], dtype=np.float64)
    expected = np.concatenate([model.evaluate(x).ravel() for model in models.values()])
    np.testing.assert_allclose(found, expected, rtol=3e-6 if single else 1e-13, atol=1e-6 if single else 1e-14)


def test_what_cannot_be_written_is_refused() -> None:
    model = model_of(network("relu"))
    for name in ("", "1x", "a b", "a::b"):
        with pytest.raises(diskern.InvalidArgument, match="identifier"):
            model.to_header(name)
    for name in ("class", "std", "not_eq", "co_await", "a__b", "_Net"):
        with pytest.raises(diskern.InvalidArgument, match="keeps for itself"):
            model.to_header(name)
    assert "namespace _net" in model.to_header("_net")
    large = _core.Network(
        [
            {
                "weights": np.full((1, 5), 1e300),
                "biases": np.zeros(1),
                "activation": _core.Activation.linear,
                "input_function": _core.InputFunction.sum,
            }
        ]
    )
    with pytest.raises(diskern.InvalidArgument, match="too large for float32"):
        model_of(large).to_onnx()
    forest = native(_core.Forest(2, [tree(0.1)]))
    assert "namespace trees {" in forest.to_header("trees")  # other methods: test_cpp_export.py
