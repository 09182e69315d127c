"""Forests as C++."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import _core
from .._core import InvalidArgument
from .methods import predict
from .text import Text, literal

_LINKS = {
    "identity": "",
    "tmva_gradient": "    responses[k] = 2.0 / (1.0 + std::exp(-2.0 * responses[k])) - 1.0;\n",
    "logistic": "    responses[k] = responses[k] >= 0.0 ? 1.0 / (1.0 + std::exp(-responses[k]))\n"
    "                                        : std::exp(responses[k]) / (1.0 + std::exp(responses[k]));\n",
    "exponential": "    responses[k] = std::exp(responses[k]);\n",
}


def forest(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    predict(text, _evaluation(text, model.predictor))


def votes(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    """uBoost: the mean of what the outputs of a forest say."""
    predictor: Any = model.predictor
    voters = predictor.voters
    if list(voters.preselection):
        raise InvalidArgument("votes of a forest with a preselection cannot be written as a C++ header")
    count = voters.output_count
    body = f"  double votes[{count}];\n" + _evaluation(text, voters, "votes")
    body += f"  double sum_of_votes = 0.0;\n  for (int k = 0; k < {count}; ++k) sum_of_votes += votes[k];\n"
    predict(text, body + f"  responses[0] = sum_of_votes / {count}.0;\n")


def _evaluation(text: Text, trees: Any, answers: str = "responses") -> str:
    """Code that fills the array ``answers`` from the variables x; the numbers of the trees go to ``text``."""
    aggregation, link = trees.aggregation.name, trees.link.name
    count, outputs, n = trees.tree_count, trees.output_count, trees.input_count
    median = aggregation in ("weighted_median", "median_leaf")
    arrays: dict[str, list[Any]] = {name: [] for name in ("feature", "threshold", "left", "right", "missing", "value")}
    coefficients: list[float] = []
    begin = []
    for t in range(count):
        tree = trees.tree(t)
        start = len(arrays["feature"])
        begin.append(start)
        feature = np.array(tree["feature"])
        inner = feature != -1
        value = np.asarray(tree["value"], np.float64).copy()
        if not median:
            value[~inner] *= trees.tree_weight[t]
        left, right = np.array(tree["left"], np.int64), np.array(tree["right"], np.int64)
        left[inner] += start
        right[inner] += start
        for node in np.flatnonzero(feature == -2):  # a cut on a linear combination: its place among the coefficients
            first = tree["linear_begin"][node]
            feature[node] = -2 - len(coefficients) // n
            coefficients += list(tree["linear_coefficients"][first : first + n])
        for key, values in (
            ("feature", feature),
            ("threshold", tree["threshold"]),
            ("left", left),
            ("right", right),
            ("missing", tree["missing_right"]),
            ("value", value),
        ):
            arrays[key] += list(values)
    for key, values in arrays.items():
        text.array(key, values, "double" if key in ("threshold", "value") else "int")
    text.array("tree_begin", begin, "int")
    text.array("base_score", trees.base_score)
    linear = ""
    if coefficients:
        text.array("linear_coefficients", coefficients)
        linear = (
            f"    if (f <= -2) {{\n      const double* c = linear_coefficients + (-2 - f) * {n};\n"
            "      double sum = 0.0;\n"
            f"      for (int j = 0; j < {n}; ++j) {{\n"
            "        if (c[j] != 0.0) sum += c[j] * static_cast<double>(x[j]);\n      }\n"
            "      node = sum != sum ? (missing[node] ? right[node] : left[node])\n"
            "                        : sum > threshold[node] ? right[node] : left[node];\n      continue;\n    }\n"
        )
    text.add(
        "inline double leaf(int node, const float* x) {\n  for (;;) {\n    const int f = feature[node];\n"
        f"    if (f == -1) return value[node];\n{linear}    const float v = x[f];\n"
        "    if (v != v) {\n      node = missing[node] ? right[node] : left[node];\n    } else {\n"
        "      node = static_cast<double>(v) >= threshold[node] ? right[node] : left[node];\n    }\n  }\n}"
    )
    if median:
        body = "".join(_preselection(trees)) + _median(text, trees)
        if link != "identity":
            body += "  const int k = 0;\n" + _LINKS[link]
        return body.replace("responses", answers)
    mean = aggregation == "weighted_mean"
    norms = [float(sum(trees.tree_weight[k::outputs])) for k in range(outputs)]
    initial = "0.0" if mean else "base_score[k]"
    body = "".join(_preselection(trees))
    body += f"  for (int k = 0; k < {outputs}; ++k) {{\n    double sum = {initial};\n"
    body += f"    for (int t = k; t < {count}; t += {outputs}) sum += leaf(tree_begin[t], x);\n"
    if mean:
        text.array("norm", norms)
        body += (
            "    responses[k] = base_score[k] + (norm[k] > std::numeric_limits<double>::epsilon() ? sum / norm[k] : "
            "0.0);\n"
        )
    else:
        body += "    responses[k] = sum;\n"
    if link in ("softmax", "normalised_logistic"):
        if link == "normalised_logistic":
            body += "    const double s = -responses[k];\n"
            body += "    responses[k] = -(std::max(s, 0.0) + std::log1p(std::exp(-std::fabs(s))));\n"
        body += (
            f"  }}\n  const double largest = *std::max_element(responses, responses + {outputs});\n"
            "  double all = 0.0;\n"
            f"  for (int k = 0; k < {outputs}; ++k) {{\n    responses[k] = std::exp(responses[k] - largest);\n"
            f"    all += responses[k];\n  }}\n  for (int k = 0; k < {outputs}; ++k) responses[k] /= all;\n"
        )
    else:
        body += _LINKS[link] + "  }\n"
    return body.replace("responses", answers)


def _median(text: Text, trees: Any) -> str:
    """Of AdaBoostR2: TMVA's mean of the leaves around the middle of the weights, or the leaf there."""
    n = trees.tree_count
    text.array("tree_weight", trees.tree_weight)
    total = 0.0
    for one in trees.tree_weight:
        total += float(one)
    text.array("total", [total])
    body = (
        f"  double leaves[{max(n, 1)}];\n  int order[{max(n, 1)}];\n  for (int t = 0; t < {n}; ++t) {{\n"
        "    const double value = leaf(tree_begin[t], x);\n    int place = t;\n"
        "    for (; place > 0 && leaves[place - 1] > value; --place) {\n      leaves[place] = leaves[place - 1];\n"
        "      order[place] = order[place - 1];\n    }\n    leaves[place] = value;\n    order[place] = t;\n  }\n"
        "  int t = 0;\n  double sum = 0.0;\n"
    )
    if trees.aggregation.name == "median_leaf":
        return body + (
            f"  while (t + 1 < {n} && sum + tree_weight[order[t]] < 0.5 * total[0]) sum += tree_weight[order[t++]];\n"
            f"  responses[0] = base_score[0] + {'leaves[t]' if n else '0.0'};\n"
        )
    return body + (
        f"  while (t < {n} && sum <= total[0] / 2) sum += tree_weight[order[t++]];\n"
        f"  const int begin = t > {n // 6} ? t - {n // 6 + 1} : 0;\n  const int end = std::min({n}, t + {n // 6});\n"
        "  double mean = 0.0;\n  for (int i = begin; i < end; ++i) mean += leaves[i];\n"
        "  responses[0] = base_score[0] + (begin < end ? mean / (end - begin) : 0.0);\n"
    )


def _preselection(forest: Any) -> Iterable[str]:
    cuts = list(forest.preselection)
    if not cuts:
        return
    yield "  double decided = 0.0;\n"
    for feature, value, below, signal in cuts:
        sign, answer = "<" if below else ">", "1.0" if signal else "-1.0"
        yield f"  if (static_cast<double>(x[{feature}]) {sign} {literal(value)}) decided = {answer};\n"
    yield "  if (decided != 0.0) {\n    responses[0] = decided;\n    return;\n  }\n"
