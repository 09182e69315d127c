"""The transformations of the variables as C++."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import InvalidArgument
from .text import Text, literal


def _set_of(step: dict[str, Any], class_index: int) -> int:
    wanted = int(step["reference_class"]) if class_index < 0 else class_index
    return int(step["sets"]) - 1 if wanted < 0 or wanted >= int(step["sets"]) else wanted


def chain_code(text: Text, chain: dict[str, Any], function: str, class_index: int) -> None:
    """``void function(float* x)``: the transformations of one class, in place."""
    n_variables = int(chain["variables"])
    total = n_variables + int(chain["targets"])
    body = []
    for number, step in enumerate(chain["steps"]):
        columns = [int(c) for c in step["columns"]]
        n, chosen, prefix = len(columns), _set_of(step, class_index), f"{function}_{number}"
        text.array(f"{prefix}_columns", columns, "int")
        body.append(_STEPS[step["name"]](text, step, chosen, n, prefix))
    extra = int(chain["targets"]) > 0
    start = f"  float x[{total}] = {{}};\n  for (int i = 0; i < {n_variables}; ++i) x[i] = given[i];\n" if extra else ""
    end = f"  for (int i = 0; i < {n_variables}; ++i) given[i] = x[i];\n" if extra else ""
    argument = "given" if extra else "x"
    text.add(f"inline void {function}(float* {argument}) {{\n{start}{''.join(body)}{end}}}")


def _ranges(step: dict[str, Any], chosen: int, n: int) -> tuple[Any, Any]:
    """Minimum and scale of every column, float32."""
    ranges = np.asarray(step["ranges"], np.float32).reshape(-1, n, 2)[chosen]
    width = ranges[:, 1] - ranges[:, 0]
    scale = np.array([np.float32(1.0 / float(w)) if w > 0 else np.float32(0) for w in width], np.float32)
    return ranges[:, 0], scale


def _normalize(text: Text, step: dict[str, Any], chosen: int, n: int, prefix: str) -> str:
    minimum, scale = _ranges(step, chosen, n)
    text.array(f"{prefix}_minimum", minimum, "float")
    text.array(f"{prefix}_scale", scale, "float")
    return (
        f"  for (int i = 0; i < {n}; ++i) {{\n    float& v = x[{prefix}_columns[i]];\n"
        f"    v = (v - {prefix}_minimum[i]) * {prefix}_scale[i] * 2 - 1;\n  }}\n"
    )


def _decorrelation(text: Text, step: dict[str, Any], chosen: int, n: int, prefix: str) -> str:
    text.array(f"{prefix}_matrix", np.asarray(step["matrices"]).reshape(-1, n * n)[chosen])
    return (
        f"  {{\n    double result[{n}];\n    for (int i = 0; i < {n}; ++i) {{\n      double sum = 0;\n"
        f"      for (int j = 0; j < {n}; ++j) sum += {prefix}_matrix[i * {n} + j] * "
        f"static_cast<double>(x[{prefix}_columns[j]]);\n      result[i] = sum;\n    }}\n"
        f"    for (int i = 0; i < {n}; ++i) x[{prefix}_columns[i]] = static_cast<float>(result[i]);\n  }}\n"
    )


def _principal_components(text: Text, step: dict[str, Any], chosen: int, n: int, prefix: str) -> str:
    text.array(f"{prefix}_mean", np.asarray(step["means"]).reshape(-1, n)[chosen])
    text.array(f"{prefix}_vectors", np.asarray(step["eigenvectors"]).reshape(-1, n * n)[chosen])
    return (
        f"  {{\n    double result[{n}] = {{}};\n    for (int j = 0; j < {n}; ++j) {{\n"
        f"      const double distance = static_cast<double>(x[{prefix}_columns[j]]) - {prefix}_mean[j];\n"
        f"      for (int i = 0; i < {n}; ++i) result[i] += distance * {prefix}_vectors[j * {n} + i];\n    }}\n"
        f"    for (int i = 0; i < {n}; ++i) x[{prefix}_columns[i]] = static_cast<float>(result[i]);\n  }}\n"
    )


def _cumulative(text: Text, step: dict[str, Any], chosen: int, n: int, prefix: str) -> str:
    text.helper("cumulative")
    gauss = step["name"] == "Gauss"
    if gauss:
        text.helper("inverse_erf")
    bins = [int(b) for b in step["bins"]]
    contents_begin = np.concatenate([[0], np.cumsum(bins)])
    edges_begin = np.concatenate([[0], np.cumsum([b + 1 for b in bins])])
    items = []
    for i in range(n):
        k = chosen * n + i
        text.array(f"{prefix}_edges_{i}", step["edges"][edges_begin[k] : edges_begin[k + 1]])
        text.array(f"{prefix}_contents_{i}", step["contents"][contents_begin[k] : contents_begin[k + 1]], "float")
        items.append(f"{{{prefix}_edges_{i}, {prefix}_contents_{i}, {bins[k]}}}")
    text.add(f"static const Cumulative {prefix}_cumulatives[{n}] = {{\n    " + ",\n    ".join(items) + "};")
    end = "      v = static_cast<float>(u);\n"
    if gauss:
        end = (
            "      const double argument = std::min(std::max(2 * u - 1, -0.99999999), 0.99999999);\n"
            "      v = static_cast<float>(1.414213562 * inverse_erf(argument));\n"
        )
    return (
        f"  for (int i = 0; i < {n}; ++i) {{\n    float& v = x[{prefix}_columns[i]];\n    if (v == v) {{\n"
        f"      const double u = std::min(std::max({prefix}_cumulatives[i].at(static_cast<double>(v)), 1e-9), "
        f"1.0 - 1e-9);\n{end}    }}\n  }}\n"
    )


_STEPS: dict[str, Callable[[Text, dict[str, Any], int, int, str], str]] = {
    "Normalize": _normalize,
    "Decorrelation": _decorrelation,
    "PCA": _principal_components,
    "Gauss": _cumulative,
    "Uniform": _cumulative,
}


def inverse_chain_code(text: Text, chain: dict[str, Any]) -> None:
    """``void invert(double* targets)``: estimates back in the units of the targets, where the steps are N."""
    n_variables, n_targets = int(chain["variables"]), int(chain["targets"])
    body = []
    for number, step in reversed(list(enumerate(chain["steps"]))):
        columns = [int(c) for c in step["columns"]]
        if all(c < n_variables for c in columns):
            continue
        if step["name"] != "Normalize":
            raise InvalidArgument(
                f"the transformation {step['name']} of a regression target cannot be written as a C++ header (N can)"
            )
        minimum, scale = _ranges(step, _set_of(step, -1), len(columns))
        for i, column in enumerate(columns):
            if column < n_variables:
                continue
            low, factor = literal(minimum[i], "float"), literal(scale[i], "float")
            value = f"{low} + (y[{column - n_variables}] + 1) / ({factor} * 2)" if scale[i] > 0 else low
            body.append(f"  y[{column - n_variables}] = {value};  // step {number}\n")
    if not body:
        text.add("inline void invert(double*) {}")
        return
    text.add(
        f"inline void invert(double* targets) {{\n  float y[{n_targets}];\n"
        f"  for (int i = 0; i < {n_targets}; ++i) y[i] = static_cast<float>(targets[i]);\n{''.join(body)}"
        f"  for (int i = 0; i < {n_targets}; ++i) targets[i] = static_cast<double>(y[i]);\n}}"
    )
