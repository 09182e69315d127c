"""Methods that keep their training events, or cells of them, as C++: KNN and PDEFoam."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._core import InvalidArgument
from .methods import predict
from .text import Text, literal


def neighbours(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    """All events are looked at; the nearest are kept in order of distance, then of their number."""
    weighting = str(content["weighting"])
    if str(content["metric"]) != "euclidean" or len(content["periods"]):
        raise InvalidArgument("only neighbours in the Euclidean distance without periods are written as a C++ header")
    if weighting == "discriminant":
        raise InvalidArgument("the discriminant of neighbours (UseLDA) cannot be written as a C++ header")
    n, outputs, k = int(content["n_inputs"]), int(content["n_outputs"]), int(content["k"])
    points = np.reshape(content["points"], (-1, n))
    count = len(points)
    tmva = bool(content["tmva"])
    divisor = np.asarray(content["divisor"])
    scaled = points / divisor if len(divisor) else points
    if tmva:
        scaled = scaled.astype(np.float32)
    weight = np.asarray(content["weight"]) if len(content["weight"]) else np.ones(count)
    targets = np.reshape(content["targets"], (count, outputs))
    total = 0.0
    for one in weight:
        total += float(one)
    average = [float(np.add.accumulate(weight * targets[:, o])[-1]) / total if total > 0 else np.nan
               for o in range(outputs)]  # fmt: skip
    fetched = min(k + (2 if tmva else 0), count)
    text.array("points", scaled, "float" if tmva else "double")
    text.array("targets", targets)
    text.array("weights", weight)
    text.array("average", average)
    if len(divisor):
        text.array("divisor", divisor)
    body = f"  double q[{n}];\n  for (int j = 0; j < {n}; ++j) {{\n"
    body += (
        f"    if (!(std::fabs(x[j]) <= std::numeric_limits<float>::max())) {{\n"
        f"      for (int o = 0; o < {outputs}; ++o) responses[o] = std::numeric_limits<double>::quiet_NaN();\n"
        "      return;\n    }\n    q[j] = static_cast<double>(x[j]);\n"
    )
    body += "    q[j] /= divisor[j];\n" if len(divisor) else ""
    body += "    q[j] = static_cast<double>(static_cast<float>(q[j]));\n" if tmva else ""
    body += "  }\n"
    body += f"  double nearest[{fetched}];\n  int index[{fetched}];\n  int found = 0;\n"
    body += (
        f"  for (int i = 0; i < {count}; ++i) {{\n    double distance = 0.0;\n"
        f"    for (int j = 0; j < {n}; ++j) {{\n"
        f"      const double d = static_cast<double>(points[i * {n} + j]) - q[j];\n      distance += d * d;\n    }}\n"
        f"    if (found == {fetched} && !(distance < nearest[found - 1])) continue;\n"
        f"    int place = found < {fetched} ? found++ : found - 1;\n"
        "    for (; place > 0 && nearest[place - 1] > distance; --place) {\n"
        "      nearest[place] = nearest[place - 1];\n      index[place] = index[place - 1];\n    }\n"
        "    nearest[place] = distance;\n    index[place] = i;\n  }\n"
    )
    body += f"  double w[{k}];\n  for (int j = 0; j < {k}; ++j) w[j] = weights[index[j]];\n"
    if weighting == "inverse_distance":
        body += (
            f"  for (int j = 0; j < {k}; ++j) {{\n    w[j] *= nearest[0] == 0.0 ? (nearest[j] == 0.0 ? 1.0 : 0.0) "
            ": 1.0 / std::sqrt(nearest[j]);\n  }\n"
        )
    elif weighting == "polynomial":
        body += (
            f"  double radius = 0.0;\n  for (int j = 0, counted = 0; j < {fetched} && counted < {k}; ++j) {{\n"
            "    if (!(nearest[j] > 0.0)) continue;\n    radius = nearest[j];\n    ++counted;\n  }\n"
            "  const double scale = radius > 0.0 ? 1.0 / std::sqrt(radius) : 0.0;\n"
            f"  for (int j = 0; j < {k}; ++j) {{\n    const double r = std::sqrt(nearest[j]) * scale;\n"
            "    const double base = 1.0 - r * r * r;\n    w[j] *= r > 1.0 ? 0.0 : base * base * base;\n  }\n"
        )
    elif weighting == "gaussian":
        difference = f"static_cast<double>(points[index[j] * {n} + v]) - static_cast<double>(x[v])"
        body += (
            f"  double sigma[{n}] = {{}};\n  int counted = 0;\n"
            f"  for (int j = 0; j < {fetched} && counted < {k}; ++j) {{\n    if (!(nearest[j] > 0.0)) continue;\n"
            f"    for (int v = 0; v < {n}; ++v) {{\n      const double d = {difference};\n"
            "      sigma[v] += d * d;\n    }\n"
            "    ++counted;\n  }\n"
            f"  for (int v = 0; v < {n}; ++v) {{\n    sigma[v] = counted == 0 ? 0.0 : "
            f"{literal(abs(content['sigma_factor']))} * std::sqrt(sigma[v] / counted);\n  }}\n"
            f"  for (int j = 0; j < {k}; ++j) {{\n    double sum = 0.0;\n    for (int v = 0; v < {n}; ++v) {{\n"
            f"      const double d = {difference};\n"
            "      if (sigma[v] > 0.0) sum += d * d / (2.0 * sigma[v] * sigma[v]);\n    }\n"
            "    w[j] *= std::exp(-sum);\n  }\n"
        )
    body += (
        f"  double total = 0.0;\n  for (int j = 0; j < {k}; ++j) total += w[j];\n"
        f"  for (int o = 0; o < {outputs}; ++o) {{\n    double sum = 0.0;\n"
        f"    for (int j = 0; j < {k}; ++j) sum += w[j] * targets[index[j] * {outputs} + o];\n"
        "    responses[o] = total > 0.0 ? sum / total : average[o];\n  }\n"
    )
    predict(text, body)


def foam(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    kind, kernel = int(content["kind"]), int(content["kernel"])
    discriminant, separate, multiclass, target, multi_target = range(5)
    if kind == multi_target:
        raise InvalidArgument("foams of several targets cannot be written as a C++ header")
    if kernel == 2:
        raise InvalidArgument("foams with Kernel=LinNeighbors cannot be written as a C++ header")
    n = int(content["n_inputs"])
    text.add("struct Foam {\n  const double *minimum, *maximum, *edge, *value, *low, *side;\n"
             "  const int *dimension, *left, *right, *leaf;\n  int leaves;\n};")  # fmt: skip
    items = [_foam(text, one, number, n, kind) for number, one in enumerate(content["foams"])]
    text.add(f"static const Foam foams[{len(items)}] = {{\n    " + ",\n    ".join(items) + "};")
    text.add(
        "inline int find(const Foam& f, const float* u) {\n  int i = 0;\n  while (f.left[i] >= 0) {\n"
        "    i = static_cast<double>(u[f.dimension[i]]) <= f.edge[i] ? f.left[i] : f.right[i];\n  }\n  return i;\n}"
    )
    own = "f.value[i]"
    if kind == target:  # a leaf without events says what its neighbours say
        text.add(
            f"inline double neighbours(const Foam& f, const float* u, int i) {{\n  float moved[{n}];\n"
            f"  for (int j = 0; j < {n}; ++j) moved[j] = u[j];\n  double sum = 0.0;\n  double count = 0.0;\n"
            f"  for (int j = 0; j < {n}; ++j) {{\n    for (int side = 0; side < 2; ++side) {{\n"
            f"      const double low = f.low[i * {n} + j];\n      const double beside = static_cast<double>(1e-6f);\n"
            f"      moved[j] = static_cast<float>(side == 0 ? low - beside : low + f.side[i * {n} + j] + beside);\n"
            "      const double value = f.value[find(f, moved)];\n      if (value != value) continue;\n"
            "      sum += value;\n      count += 1.0;\n    }\n    moved[j] = u[j];\n  }\n"
            "  return count > 0.0 ? sum / count : 0.0;\n}"
        )
        own = "(f.value[i] != f.value[i] ? neighbours(f, u, i) : f.value[i])"
    code = (
        f"inline double value(const Foam& f, const float* x) {{\n  float u[{n}];\n  for (int j = 0; j < {n}; ++j) {{\n"
    )
    code += "    const double at = static_cast<double>(x[j]) - f.minimum[j];\n"
    code += "    u[j] = static_cast<float>(at / (f.maximum[j] - f.minimum[j]));\n  }\n"
    if kernel == 0:
        code += f"  const int i = find(f, u);\n  return {own};\n}}"
    else:
        sigma = literal(content["sigma"])
        code += (
            "  double sum = 0.0;\n  double norm = 0.0;\n  for (int l = 0; l < f.leaves; ++l) {\n"
            "    const int i = f.leaf[l];\n    double distance = 0.0;\n"
            f"    for (int j = 0; j < {n}; ++j) {{\n"
            "      const double at = static_cast<double>(u[j] < 0.0f ? 0.0f : (u[j] > 1.0f ? 1.0f : u[j]));\n"
            f"      const double low = f.low[i * {n} + j];\n      const double high = low + f.side[i * {n} + j];\n"
            "      const double d = at - std::min(std::max(at, low), high);\n      distance += d * d;\n    }\n"
            f"    const double weight = std::exp(-0.5 * distance / ({sigma} * {sigma}));\n"
            f"    sum += weight * {own};\n    norm += weight;\n  }}\n  return norm > 0.0 ? sum / norm : 0.0;\n}}"
        )
    text.add(code)
    outputs = model.output_count
    body = (
        f"  for (int j = 0; j < {n}; ++j) {{\n    if (x[j] == x[j]) continue;\n"
        f"    for (int k = 0; k < {outputs}; ++k) responses[k] = std::numeric_limits<double>::quiet_NaN();\n"
        "    return;\n  }\n"
    )
    if kind == multiclass:
        body += (
            f"  double sum = 0.0;\n  for (int k = 0; k < {outputs}; ++k) {{\n"
            "    responses[k] = std::exp(value(foams[k], x));\n    sum += responses[k];\n  }\n"
            f"  for (int k = 0; k < {outputs}; ++k) responses[k] /= sum;\n"
        )
    elif kind == separate:
        body += (
            "  const double signal = value(foams[0], x);\n  const double background = value(foams[1], x);\n"
            "  responses[0] = signal + background > 0.0 ? signal / (signal + background) : 0.5;\n"
        )
    else:
        body += "  responses[0] = value(foams[0], x);\n"
    if content["yes_no"] and kind in (discriminant, separate):
        body += "  responses[0] = responses[0] < 0.5 ? -1.0 : 1.0;\n"
    predict(text, body)


def _foam(text: Text, one: dict[str, Any], number: int, n: int, kind: int) -> str:
    """The arrays of a foam; gives the initialiser of a Foam."""
    left, right = np.asarray(one["left"]), np.asarray(one["right"])
    count = len(left)
    low, side = np.zeros((count, n)), np.ones((count, n))
    volume, edge = np.ones(count), np.zeros(count)
    for i in np.flatnonzero(left >= 0):
        l, r, j, split = left[i], right[i], one["dimension"][i], float(one["split"][i])  # noqa: E741
        low[[l, r]], side[[l, r]] = low[i], side[i]
        side[l, j] = side[i, j] * split
        side[r, j] = side[i, j] * (1.0 - split)
        low[r, j] += side[i, j] * split
        edge[i] = low[l, j] + side[l, j]
        volume[l], volume[r] = volume[i] * split, volume[i] * (1.0 - split)
    value = np.asarray(one["value"], np.float64).copy()
    if kind == 1:  # densities
        value = np.divide(value, volume, out=np.zeros(count), where=volume > 0)
    if kind == 3:
        value[np.asarray(one["error"]) < 0] = np.nan
    leaf = np.flatnonzero(left < 0)
    names = {
        "minimum": one["minimum"],
        "maximum": one["maximum"],
        "edge": edge,
        "value": value,
        "low": low,
        "side": side,
    }
    for key, values in names.items():
        text.array(f"{key}_{number}", values)
    for key, values in (("dimension", one["dimension"]), ("left", left), ("right", right), ("leaf", leaf)):
        text.array(f"{key}_{number}", values, "int")
    arrays = ", ".join(f"{key}_{number}" for key in (*names, "dimension", "left", "right", "leaf"))
    return f"{{{arrays}, {len(leaf)}}}"
