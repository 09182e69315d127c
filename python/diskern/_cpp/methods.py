"""The methods as C++: each writes a function ``predict(x, responses)``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import _core
from .text import Text, literal
from .transformations import chain_code


def predict(text: Text, body: str) -> None:
    text.add(f"inline void predict(const float* x, double* responses) {{\n{body}}}")


_ANY_NAN = """  for (int j = 0; j < {n}; ++j) {{
    if (x[j] != x[j]) {{
      responses[0] = std::numeric_limits<double>::quiet_NaN();
      return;
    }}
  }}
"""


# Of linear models: none, logistic, softmax.
_LINKS = (
    "",
    """  for (int k = 0; k < {n}; ++k) {{
    const double e = std::exp(-std::fabs(responses[k]));
    responses[k] = responses[k] >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
  }}
""",
    """  const double largest = *std::max_element(responses, responses + {n});
  double all = 0.0;
  for (int k = 0; k < {n}; ++k) {{
    responses[k] = std::exp(responses[k] - largest);
    all += responses[k];
  }}
  for (int k = 0; k < {n}; ++k) responses[k] /= all;
""",
)


def linear(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n = int(content["n_inputs"])
    text.array("coefficients", content["coefficients"])
    predict(
        text,
        f"  const double* c = coefficients;\n  for (int k = 0; k < {content['n_outputs']}; ++k) {{\n"
        f"    double sum = *c++;\n    for (int j = 0; j < {n}; ++j) sum += *c++ * static_cast<double>(x[j]);\n"
        "    responses[k] = sum;\n  }\n" + _LINKS[int(content.get("link", 0))].format(n=content["n_outputs"]),
    )


def _class_inputs(text: Text, inputs: dict[str, Any]) -> str:
    """Code that makes ``s`` and ``b``: the variables as signal and as background sees them."""
    n = int(inputs["n_variables"])
    chain = inputs.get("transformation")
    if chain is None:
        return "  const float* s = x;\n  const float* b = x;\n"
    chain_code(text, chain, "transform_signal", int(inputs["signal_class"]))
    chain_code(text, chain, "transform_background", int(inputs["background_class"]))
    return (
        f"  float s[{n}];\n  float b[{n}];\n  for (int j = 0; j < {n}; ++j) s[j] = b[j] = x[j];\n"
        "  transform_signal(s);\n  transform_background(b);\n"
    )


def hmatrix(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n = int(content["inputs"]["n_variables"])
    for which in ("signal", "background"):
        text.array(f"{which}_mean", content[which]["mean"])
        text.array(f"{which}_inverse", content[which]["inverse"])
    text.add(
        "inline double chi_squared(const double* mean, const double* row, const float* x) {\n  double sum = 0.0;\n"
        f"  for (int j = 0; j < {n}; ++j, row += {n}) {{\n"
        "    const double distance = static_cast<double>(x[j]) - mean[j];\n    double product = 0.0;\n"
        f"    for (int k = 0; k < {n}; ++k) product += row[k] * (static_cast<double>(x[k]) - mean[k]);\n"
        "    sum += distance * product;\n  }\n  return sum;\n}"
    )
    inputs = _class_inputs(text, content["inputs"])
    predict(
        text,
        f"{inputs}  const double signal = chi_squared(signal_mean, signal_inverse, s);\n"
        "  const double background = chi_squared(background_mean, background_inverse, b);\n"
        "  const double sum = signal + background;\n"
        "  responses[0] = sum == 0.0 ? 0.0 : (background - signal) / sum;\n",
    )


def likelihood(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n = int(content["inputs"]["n_variables"])
    text.helper("density")
    for which in ("signal", "background"):
        items = []
        for j, one in enumerate(content[which]):
            fine, inverse_width, offset, last = _fine(one)
            text.array(f"{which}_{j}", fine, "float")
            numbers = ", ".join(literal(v) for v in (one["minimum"], inverse_width, offset, last))
            items.append(f"{{{which}_{j}, {numbers}}}")
        text.add(f"static const Density {which}[{n}] = {{\n    " + ",\n    ".join(items) + "};")
    text.array("minimum", [one["minimum"] for one in content["signal"]])
    text.array("maximum", [one["maximum"] for one in content["signal"]])
    text.add(
        "inline double product(const Density* densities, const float* x) {\n  double result = 1.0;\n"
        f"  for (int j = 0; j < {n}; ++j) {{\n    if (x[j] != x[j]) return std::numeric_limits<double>::quiet_NaN();\n"
        "    double at = static_cast<double>(x[j]);\n    if (at >= maximum[j]) {\n      at = maximum[j] - 1e-10;\n"
        "    } else if (at < minimum[j]) {\n      at = minimum[j];\n    }\n"
        "    result *= std::max(densities[j].at(at), 1e3 * std::numeric_limits<double>::min());\n  }\n"
        "  return result;\n}"
    )
    inputs = _class_inputs(text, content["inputs"])
    end = "  responses[0] = ratio;\n"
    if content["transform_output"]:
        end = "  if (ratio <= 0.0) ratio = floor;\n  responses[0] = -std::log(1.0 / ratio - 1.0) / 15.0;\n"
    predict(
        text,
        f"{inputs}  const double floor = 1e3 * std::numeric_limits<double>::min();\n"
        "  double f = product(signal, s);\n  double g = product(background, b);\n"
        "  if (f != f || g != g) {\n    responses[0] = std::numeric_limits<double>::quiet_NaN();\n    return;\n  }\n"
        "  f = std::max(f, floor);\n  g = std::max(g, floor);\n  double ratio = f / (f + g);\n"
        f"  if (ratio >= 1.0) ratio = 1.0 - 1e-15;\n{end}",
    )


def _fine(stored: dict[str, Any]) -> tuple[Any, float, float, float]:
    """The table of a density and where its points lie, as ``statistics::Density`` reads it."""
    from ..plotting.densities import _density

    density = _density(stored)
    minimum, maximum = float(stored["minimum"]), float(stored["maximum"])
    steps = int(stored["interpolation"]) == 0
    bins = len(stored["contents"]) if steps else 10000
    inverse_width = bins / (maximum - minimum)
    offset = 0.0 if steps else 0.5
    centres = minimum + (np.arange(bins) + 0.5) / inverse_width
    return density.value(np.ascontiguousarray(centres)), inverse_width, offset, float(bins - 1 if steps else bins - 2)


def cuts(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n, rows = int(content["n_inputs"]), len(content["signal_efficiency"])
    efficiencies = np.asarray(content["signal_efficiency"])
    low = np.asarray(content["minimum"]).reshape(rows, n)
    high = np.asarray(content["maximum"]).reshape(rows, n)
    at = float(content["working_point"])
    if at >= 0.0:  # one set of cuts: pass or not
        row = _core_index_of(at, rows)
        low, high = low[row : row + 1], high[row : row + 1]
    text.array("minimum", low)
    text.array("maximum", high)
    if at < 0.0:
        text.array("signal_efficiency", efficiencies)
    answer = "1.0" if at >= 0.0 else "1.0 - signal_efficiency[i]"
    predict(
        text,
        _ANY_NAN.format(n=n) + f"  responses[0] = 0.0;\n  for (int i = 0; i < {len(low)}; ++i) {{\n"
        "    bool passes = true;\n"
        f"    for (int j = 0; j < {n} && passes; ++j) {{\n      const double v = static_cast<double>(x[j]);\n"
        f"      passes = v > minimum[i * {n} + j] && v <= maximum[i * {n} + j];\n    }}\n"
        f"    if (passes) {{\n      responses[0] = {answer};\n      return;\n    }}\n  }}\n",
    )


def _core_index_of(signal_efficiency: float, rows: int) -> int:
    """The row that belongs to a signal efficiency: the one after its bin, as TMVA applies it."""
    bin_number = math.floor(rows * signal_efficiency)
    width = 1.0 / rows
    if signal_efficiency < bin_number * width:
        bin_number -= 1
    if signal_efficiency >= (bin_number + 1) * width:
        bin_number += 1
    return int(min(max(bin_number + 1, 0), rows - 1))


def kernel_machine(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n, count = int(content["n_inputs"]), len(content["coefficients"])
    text.array("vectors", content["vectors"], "float")
    text.array("coefficients", content["coefficients"])
    kind = int(content["kernel"])
    parts = [int(part) for part in content["parts"]] if kind in (3, 4) else [kind]
    if 1 in parts:
        text.array("gammas", np.asarray(content["gammas"], np.float32))
    sums = {  # of each variable: distance to the support vector, weighted, product with it
        0: "sum += d * d;",
        1: "weighted += gammas[j] * d * d;",
        2: "product += static_cast<double>(v[j]) * static_cast<double>(x[j]);",
    }
    kernels = {
        0: f"std::exp(-{literal(np.float32(content['gamma']))} * sum)",
        1: "std::exp(-weighted)",
        2: f"std::pow(product + {literal(np.float32(content['theta']))}, {int(content['order'])})",
    }
    names = {0: "sum", 1: "weighted", 2: "product"}
    used = sorted(set(parts))
    start = "".join(f"    double {names[part]} = 0.0;\n" for part in used)
    distance = "      const double d = static_cast<double>(v[j]) - static_cast<double>(x[j]);\n"
    term = (distance if 0 in used or 1 in used else "") + "".join(f"      {sums[part]}\n" for part in used)
    value = (" * " if kind != 4 else " + ").join(kernels[part] for part in parts)
    value = f"({value})" if kind == 4 else value
    b = literal(content["b"])
    end = f"total + {b}" if content["regression"] else f"1.0 / (1.0 + std::exp(total - {b}))"
    predict(
        text,
        f"  double total = 0.0;\n  const float* v = vectors;\n  for (int i = 0; i < {count}; ++i, v += {n}) {{\n"
        f"{start}    for (int j = 0; j < {n}; ++j) {{\n{term}    }}\n"
        f"    total += coefficients[i] * {value};\n  }}\n  responses[0] = {end};\n",
    )


def rules(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    n = int(content["n_inputs"])
    text.array("coefficient", content["coefficient"])
    text.array("size", content["size"], "int")
    text.array("rule_variable", content["variable"], "int")
    text.array("minimum", content["minimum"])
    text.array("maximum", content["maximum"])
    coefficient, norm, low, high = np.reshape(content["linear"], (-1, 4)).T
    text.array("linear", np.stack([coefficient * norm, low, high], axis=1).ravel())
    predict(
        text,
        _ANY_NAN.format(n=n) + f"  double sum = {literal(content['offset'])};\n  int k = 0;\n"
        f"  for (int i = 0; i < {len(content['coefficient'])}; ++i) {{\n    bool fulfilled = true;\n"
        "    for (const int end = k + size[i]; k < end; ++k) {\n"
        "      const double v = static_cast<double>(x[rule_variable[k]]);\n"
        "      fulfilled = fulfilled && v > minimum[k] && v < maximum[k];\n    }\n"
        "    if (fulfilled) sum += coefficient[i];\n  }\n"
        f"  for (int j = 0; j < {len(coefficient)}; ++j) {{\n"
        "    const double v = static_cast<double>(x[j]);\n"
        "    sum += linear[3 * j] * std::min(linear[3 * j + 2], std::max(linear[3 * j + 1], v));\n  }\n"
        "  responses[0] = sum;\n",
    )


def network(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    """The core writes the network; here it is put behind the transformations."""
    inner = f"{name}_network"
    alone = _core.Model({**model.info, "targets": [], "analysis_type": "Classification", "classes": []}, None,
                        model.predictor)  # fmt: skip
    text.before = alone.to_header(inner) + "\n"
    predict(
        text,
        f"  {inner}::real values[{inner}::n_outputs];\n  {inner}::evaluate(x, values);\n"
        f"  for (int k = 0; k < {inner}::n_outputs; ++k) responses[k] = static_cast<double>(values[k]);\n",
    )
