"""Methods that keep their training events, or cells of them, as C++: KNN, PDEFoam, PDERS."""

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
    elif kernel == 2:  # half way between the centre of the cell and that of the neighbour on the nearer side
        text.add(
            f"inline double cell(const Foam& f, const float* u) {{\n  const int i = find(f, u);\n  return {own};\n}}"
        )
        code += (
            f"  const int i = find(f, u);\n  const double mine = cell(f, u);\n  float moved[{n}];\n"
            f"  for (int j = 0; j < {n}; ++j) moved[j] = u[j];\n  double sum = 0.0;\n"
            f"  for (int j = 0; j < {n}; ++j) {{\n    const double low = f.low[i * {n} + j];\n"
            f"    const double side = f.side[i * {n} + j];\n    const double beside = static_cast<double>(1e-6f);\n"
            "    const double at = (static_cast<double>(u[j]) - low) / side;\n"
            "    const double place = side > 0.0 ? std::min(std::max(at, 0.0), 1.0) : 0.5;\n"
            "    const double distance = std::min(place, 1.0 - place);\n"
            "    moved[j] = static_cast<float>(place < 0.5 ? low - beside : low + side + beside);\n"
            "    sum += mine * (0.5 + distance) + cell(f, moved) * (0.5 - distance);\n    moved[j] = u[j];\n  }\n"
            f"  return sum / {n}.0;\n}}"
        )
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


_MODES = ("Unscaled", "MinMax", "RMS", "Adaptive", "kNN")
_KERNELS = ("Box", "Sphere", "Teepee", "Gauss", "Sinc3", "Sinc5", "Sinc7", "Sinc9", "Sinc11", "Lanczos2", "Lanczos3",
            "Lanczos5", "Lanczos8", "Trim")  # fmt: skip
_ADAPTIVE = """// TMVA's search for a box that holds between two numbers of events.
inline double box_scale(const float* x) {{
  double base = 1.0;
  double before = content(x, base, 0, {count});
  for (int i = 0; before < least && i < 200; ++i) {{
    base *= 1.15;
    before = content(x, base, 0, {count});
  }}
  float now = static_cast<float>(before);
  const float first = now;
  const float wanted = static_cast<float>(0.5 * (least + most));
  const float scale_before = 1.0f;
  float scale_now = static_cast<float>({initial});
  float scale = scale_now;
  float best_scale = scale_now;
  float best = now;
  for (int i = 1; i < {iterations}; ++i) {{
    if (static_cast<double>(now) >= least && static_cast<double>(now) <= most) break;
    now = static_cast<float>(content(x, base * static_cast<double>(scale), 0, {count}));
    if (now > 1.0f && now - first != 0.0f) {{
      scale += scale_now - scale_before != 0.0f ? (scale_now - scale_before) / (now - first) * (wanted - now) : -0.01f;
    }} else {{
      scale += 0.5f;
    }}
    scale_now = scale;
    if (std::fabs(now - wanted) < std::fabs(best - wanted) && (static_cast<double>(now) >= least || best < now)) {{
      best = now;
      best_scale = scale;
    }}
  }}
  return base * static_cast<double>(best_scale);
}}"""
_NEIGHBOURS = """inline double box_scale(const float* x) {{
  double scale = 1.0;
  for (int i = 0; i < {iterations}; ++i) {{
    double now = 0.0;
    for (int e = 0; e < {count}; ++e) now += size_of(x, e) <= scale ? 1.0 : 0.0;
    if (now >= least && now <= most) break;
    scale *= now < least ? 2.0 : 0.1;
  }}
  return scale;
}}"""
_POWER = """inline double sinc(double x) { return std::sin(3.14159265358979323846 * x) / (3.14159265358979323846 * x); }
inline double signed_power(double value, int n) {
  return n % 2 != 0 ? std::pow(value, n) : std::fabs(value) * std::pow(value, n - 1);
}"""


def range_search(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    """PDERS: all events are looked at for every box that is tried, signal first."""
    n, targets = int(content["n_inputs"]), int(content["n_targets"])
    mode, kernel = _MODES[int(content["volume_mode"])], _KERNELS[int(content["kernel"])]
    edge, least, most, iterations, initial, sigma = (float(value) for value in content["settings"])
    columns = np.reshape(content["columns"], (n, -1))
    weight, background = np.asarray(content["weight"]), np.asarray(content["is_background"]) == 1
    if targets:
        background = np.zeros(len(weight), bool)
    order = np.argsort(background, kind="stable")
    signals, count = int(np.sum(~background)), len(weight)
    sums = [_total(weight[~background]), _total(weight[background]) if signals < count else 1.0]
    text.array("points", columns[:, order].T, "float")
    text.array("weights", weight[order])
    text.array("inverse", [1.0 / (0.5 * edge * _width(mode, columns[j], content["range"][j], weight, background))
                           for j in range(n)])  # fmt: skip
    text.add(f"static const double least = {literal(least)};\nstatic const double most = {literal(most)};")
    distance = f"(static_cast<double>(points[i * {n} + j]) - static_cast<double>(x[j])) * inverse[j]"
    text.add(
        f"inline double size_of(const float* x, int i) {{\n  double size = 0.0;\n  for (int j = 0; j < {n}; ++j) "
        f"size = std::max(size, std::fabs({distance}));\n  return size;\n}}"
    )
    text.add(
        f"inline double square_of(const float* x, int i) {{\n  double sum = 0.0;\n  for (int j = 0; j < {n}; ++j) {{\n"
        f"    const double d = {distance};\n    sum += d * d;\n  }}\n  return sum;\n}}"
    )
    text.add(
        "inline double content(const float* x, double scale, int begin, int end) {\n  double sum = 0.0;\n"
        "  for (int i = begin; i < end; ++i) {\n    if (size_of(x, i) <= scale) sum += weights[i];\n  }\n"
        "  return sum;\n}"
    )
    if mode in ("Adaptive", "kNN"):
        search = _ADAPTIVE if mode == "Adaptive" else _NEIGHBOURS
        text.add(search.format(count=count, initial=literal(initial), iterations=literal(iterations)))
    text.add(_POWER)
    values = {"Box": "1.0", "Sphere": "1.0", "Teepee": "1.0 - distance"}
    values["Gauss"] = f"std::exp(-0.5 * square / (unit * {literal(sigma)} * {literal(sigma)}))"
    for index, crossings in enumerate((3, 5, 7, 9, 11)):
        at = f"{2.0 + index} * distance"
        values[f"Sinc{crossings}"] = f"{at} < 1e-9 ? 1.0 : signed_power(sinc({at}), {n})"
    for level in (2, 3, 5, 8):
        product = f"sinc(distance) * sinc(distance / {level}.0)"
        values[f"Lanczos{level}"] = f"distance < 1e-9 ? 1.0 : signed_power({product}, {n})"
    values["Trim"] = "cube(largest > 0.0 ? distance / largest : 0.0)"
    text.add("inline double cube(double r) {\n  const double part = 1.0 - r * r * r;\n  return part * part * part;\n}")
    body = (
        f"  for (int j = 0; j < {n}; ++j) {{\n    if (std::fabs(x[j]) <= std::numeric_limits<float>::max()) continue;\n"
        f"    for (int k = 0; k < {max(targets, 1)}; ++k) responses[k] = std::numeric_limits<double>::quiet_NaN();\n"
        "    return;\n  }\n"
    )
    body += f"  const double scale = {'box_scale(x)' if mode in ('Adaptive', 'kNN') else '1.0'};\n"
    body += f"  const double unit = {n}.0 * scale * scale;\n  double sums[2] = {{0.0, 0.0}};\n"
    body += "  double limit = " + ("std::numeric_limits<double>::max()" if kernel == "Box" else "unit") + ";\n"
    body += "  const double largest = " + ("nearest(x, scale, limit);\n" if mode == "kNN" else "0.0;\n")
    if mode == "kNN":
        text.add(
            "// The square of the last of the wanted neighbours becomes the limit; gives its distance.\n"
            "inline double nearest(const float* x, double scale, double& limit) {\n"
            f"  static thread_local double squares[{count}];\n  int found = 0;\n"
            f"  for (int i = 0; i < {count}; ++i) {{\n"
            "    if (size_of(x, i) <= scale) squares[found++] = square_of(x, i);\n  }\n"
            f"  const int wanted = {int(least)};\n  if (found < wanted) {{\n    limit = -1.0;\n    return 0.0;\n  }}\n"
            "  std::nth_element(squares, squares + (wanted - 1), squares + found);\n"
            "  limit = std::min(limit, squares[wanted - 1]);\n"
            f"  return std::sqrt(squares[wanted - 1] / {n}.0) / scale;\n}}"
        )
    if targets:
        text.array("targets", np.reshape(content["targets"], (targets, -1))[:, order].T, "float")
        body += f"  for (int t = 0; t < {targets}; ++t) responses[t] = 0.0;\n"
    body += (
        f"  for (int i = 0; i < {count}; ++i) {{\n    if (!(size_of(x, i) <= scale)) continue;\n"
        "    const double square = square_of(x, i);\n    if (!(square <= limit)) continue;\n"
        f"    const double distance = std::sqrt(square / {n}.0) / scale;\n    (void)distance;\n"
        f"    const double value = ({values[kernel]}) * weights[i];\n    sums[i < {signals} ? 0 : 1] += value;\n"
    )
    if targets:
        body += f"    for (int t = 0; t < {targets}; ++t) {{\n"
        body += f"      responses[t] += value * static_cast<double>(targets[i * {targets} + t]);\n    }}\n"
    body += "  }\n  (void)largest;\n  (void)unit;\n"
    if targets:
        body += f"  for (int t = 0; t < {targets}; ++t) responses[t] = sums[0] == 0.0 ? 0.0 : responses[t] / sums[0];\n"
    else:
        text.array("class_sum", sums)
        body += (
            "  const double signal = std::max(0.0, sums[0]);\n  const double background = std::max(0.0, sums[1]);\n"
            "  if (signal < 1e-20) {\n    responses[0] = background < 1e-20 ? 0.5 : 0.0;\n"
            "  } else if (background < 1e-20) {\n    responses[0] = 1.0;\n  } else {\n"
            "    responses[0] = 1.0 / (1.0 + (background / class_sum[1]) / (signal / class_sum[0]));\n  }\n"
        )
    predict(text, body)


def _total(values: Any) -> float:
    """One after the other, as the core adds."""
    return float(np.add.accumulate(np.asarray(values, np.float64))[-1])


def _width(mode: str, x: Any, extent: float, weight: Any, background: Any) -> float:
    """What the edge of the box of a variable is measured in."""
    if mode == "Unscaled":
        return 1.0
    if mode == "MinMax":
        return float(extent)
    rms = 0.0
    parts = [~background, background] if background.any() else [~background]
    for part in parts:
        values, own = np.asarray(x, np.float64)[part], weight[part]
        total = _total(own)
        mean = _total(own * values) / total
        rms += np.sqrt(max(0.0, _total(own * values * values) / total - mean * mean)) / len(parts)
    return float(np.float32(rms))
