"""Networks of layers as C++ headers: compiled by themselves they give the responses of the core."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern.networks import (
    Convolution2D,
    Dense,
    DistanceCorrelation,
    Flatten,
    GlobalAveragePooling,
    Graph,
    Input,
    SelfAttention,
)
from network_graphs import CASES, chain
from test_network_onnx import MORE, model_of, pixels, several

compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(compiler is None, reason="no C++ compiler is installed")

FLAGS = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-O1"]
#: Whatever allocates ends the program.
START = """#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
void* operator new(std::size_t) { std::abort(); }
void* operator new[](std::size_t) { std::abort(); }
int main(int, char** arguments) {
"""
RUN = """  if (std::strcmp(arguments[1], "{name}") == 0) {{
    static float x[{name}::n_inputs];
    static double y[{name}::n_outputs];
    while (std::fread(x, sizeof(float), {name}::n_inputs, stdin) == static_cast<std::size_t>({name}::n_inputs)) {{
      {name}::evaluate(x, y);
      std::fwrite(y, sizeof(double), {name}::n_outputs, stdout);
    }}
  }}
"""


def compiled(folder: Path, models: dict[str, diskern.Model], events: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Responses of the headers, compiled into one program."""
    for name, model in models.items():
        model.save_header(folder / f"{name}.hpp", name)
    includes = "".join(f'#include "{name}.hpp"\n#include "{name}.hpp"\n' for name in models)
    (folder / "main.cpp").write_text(includes + START + "".join(RUN.format(name=name) for name in models) + "}\n")
    subprocess.run([str(compiler), *FLAGS, "main.cpp", "-o", "main"], cwd=folder, check=True)
    found = {}
    for name, x in events.items():
        done = subprocess.run([folder / "main", name], input=x.tobytes(), capture_output=True, check=True)
        found[name] = np.frombuffer(done.stdout).reshape(len(x), -1)
    return found


def assert_near(found: np.ndarray, expected: np.ndarray, name: str) -> None:
    assert found.shape == expected.shape, name
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
    scale = max(1.0, float(np.nanmax(np.abs(expected))))
    assert np.nanmax(np.abs(found - expected)) <= 2e-6 * scale, name


@needs_compiler
def test_every_kind_of_layer(tmp_path: Path) -> None:
    names = {f"net_{i}": name for i, name in enumerate([*CASES, *MORE])}
    models, events = {}, {}
    for title, name in names.items():
        models[title], events[title] = model_of((CASES | MORE)[name]())
    for title, found in compiled(tmp_path, models, events).items():
        assert_near(found, models[title].evaluate(events[title]), names[title])


def penalised() -> Graph:
    x = Input((3,), name="x")
    y = Dense(2)(x)
    return Graph(x, [y, DistanceCorrelation()(Dense(1)(x), Dense(1)(x))])


@needs_compiler
def test_outputs_and_their_links(tmp_path: Path) -> None:
    models, events = {}, {}
    for loss in ("cross_entropy", "softmax_cross_entropy", "poisson", "multi_label"):
        graph = Graph.chain(
            [Dense(5, activation="tanh"), Dense(1 if loss in ("cross_entropy", "poisson") else 3)], (4,)
        )
        models[loss], events[loss] = model_of(graph, losses=loss)
    models["several"], events["several"] = model_of(several(), losses=["squared", "softmax_cross_entropy", "squared"])
    models["pixels"], events["pixels"] = model_of(pixels(), losses="softmax_cross_entropy")
    models["penalty"], events["penalty"] = model_of(penalised(), losses=["squared", "value"])
    # More numbers than are put on the stack.
    wide = chain((96, 96, 1), Convolution2D(8, 3, activation="relu"), Convolution2D(2, 3), Flatten(), Dense(2))()
    models["wide"], events["wide"] = model_of(wide)
    assert "static thread_local float memory" in models["wide"].to_header("wide")
    for name, found in compiled(tmp_path, models, events).items():
        assert_near(found, models[name].evaluate(events[name]), name)


def test_memory_is_used_again() -> None:
    deep = chain((100,), *(Dense(100, activation="tanh") for _ in range(20)), Dense(1))()
    assert "  float memory[200];" in model_of(deep)[0].to_header()
    # What attention needs while it computes counts, too.
    large = chain((220, 64), SelfAttention(4), GlobalAveragePooling())()
    assert "static thread_local float memory[" in model_of(large)[0].to_header()
