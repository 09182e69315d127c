"""Models made of models as C++: each part is a header of its own, in front of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _core
from .._core import InvalidArgument
from .expression import expression_code
from .methods import predict
from .text import Text

#: Writes the header of a model under a name.
Writer = Callable[[_core.Model, str], str]


def _part(model: _core.Model, predictor: _core.Predictor, chain: Any = None) -> _core.Model:
    """A predictor of a model as a model of its own."""
    info = {**model.info, "targets": [], "analysis_type": "Classification", "classes": []}
    return _core.Model(info, chain, predictor)


def committee(text: Text, model: _core.Model, content: dict[str, Any], name: str, write: Writer) -> None:
    predictor: Any = model.predictor
    scale = predictor.scale.name
    if scale == "probability":
        raise InvalidArgument("a committee of probabilities cannot be written as a C++ header")
    labels = list(content["variables"])
    outputs = model.output_count
    body = f"  double sum[{outputs}] = {{}};\n"
    for index, member in enumerate(content["members"]):
        inner = f"{name}_member{index}"
        part = predictor.model(index)
        text.before += write(part, inner) + "\n"
        columns = part.bind(labels)
        values = ", ".join(f"x[{column}]" for column in columns)
        body += f"  {{\n    const float v[{len(columns)}] = {{{values}}};\n    double y[{outputs}];\n"
        body += f"    {inner}::evaluate(v, y);\n"
        value = "y[k]"
        if scale == "rank":
            text.helper("rank")
            text.array(f"knots_{index}", member["knots"])
            text.array(f"ranks_{index}", member["ranks"])
            value = f"rank(knots_{index}, ranks_{index}, {len(member['knots'])}, y[k])"
        text.array(f"weight_{index}", [member["weight"]])
        body += f"    for (int k = 0; k < {outputs}; ++k) sum[k] += weight_{index}[0] * {value};\n  }}\n"
    text.array("weight_sum", [_sum([one["weight"] for one in content["members"]])])
    predict(text, body + f"  for (int k = 0; k < {outputs}; ++k) responses[k] = sum[k] / weight_sum[0];\n")


def _sum(values: Any) -> float:
    """One after the other, as the core adds."""
    total = 0.0
    for value in values:
        total += float(value)
    return total


def boosted(text: Text, model: _core.Model, content: dict[str, Any], name: str, write: Writer) -> None:
    predictor: Any = model.predictor
    count, outputs = predictor.member_count, model.output_count
    text.array("weights", content["weight"])
    text.array("cuts", content["cut"])
    text.array("orientations", content["orientation"])
    text.array("weight_sum", [_sum(content["weight"])])
    transform = {
        "linear": "y",
        "step": "y != y ? y : y * orientations[i] > cuts[i] * orientations[i] ? 1.0 : -1.0",
        "log": "std::log((y < cuts[i] ? 0.0 : y - cuts[i]) + 0.36787944117144233)",
        "gauss": "std::exp(-0.5 * (y - cuts[i] - 1.0) * (y - cuts[i] - 1.0))",
    }[predictor.transform.name]
    unused = "(void)i;\n  " if transform == "y" else ""
    text.add(f"inline double transformed(int i, double y) {{\n  {unused}return {transform};\n}}")
    body = f"  double sum[{outputs}] = {{}};\n  double y[{outputs}];\n"
    for index in range(count):
        inner = f"{name}_member{index}"
        text.before += write(_part(model, predictor.member(index)), inner) + "\n"
        body += f"  {inner}::evaluate(x, y);\n"
        body += f"  for (int k = 0; k < {outputs}; ++k) sum[k] += weights[{index}] * transformed({index}, y[k]);\n"
    predict(text, body + f"  for (int k = 0; k < {outputs}; ++k) responses[k] = sum[k] / weight_sum[0];\n")


def folds(text: Text, model: _core.Model, content: dict[str, Any], name: str, write: Writer) -> None:
    """All folds at once: their mean. Where a key chooses one, ``evaluate`` wants the key behind the variables."""
    predictor: Any = model.predictor
    rule = predictor.rule
    outputs, count = model.output_count, rule.n_folds
    for index in range(count):
        chain = predictor.chain(index)
        text.before += write(_part(model, predictor.fold(index), chain), f"{name}_fold{index}") + "\n"
    if rule.is_mean:
        body = f"  double sum[{outputs}] = {{}};\n  double y[{outputs}];\n"
        for index in range(count):
            body += f"  {name}_fold{index}::evaluate(x, y);\n"
            body += f"  for (int k = 0; k < {outputs}; ++k) sum[k] += y[k];\n"
        predict(text, body + f"  for (int k = 0; k < {outputs}; ++k) responses[k] = sum[k] / {count};\n")
        return
    text.key = list(rule.key_columns)
    if rule.text:
        code = expression_code(rule.text, {column: f"key[{i}]" for i, column in enumerate(rule.key_columns)})
        text.add(
            f"inline int fold(const double* key) {{\n  const double value = {code};\n"
            f"  if (!(value > -0.5 && value < {count} - 0.5)) return -1;\n"
            "  const double nearest = std::floor(value + 0.5);\n"
            "  return std::fabs(value - nearest) <= 1e-5 ? static_cast<int>(nearest) : -1;\n}"
        )
    else:
        text.helper("philox")
        text.array("fold_of_bucket", rule.fold_of_bucket, "int")
        words = [rule.seed & 0xFFFFFFFF, rule.seed >> 32]
        text.add(
            f"inline int fold(const double* key) {{\n  unsigned long long place = 0;\n"
            f"  if (!bucket(key, {len(text.key)}, {words[0]}u, {words[1]}u, {len(rule.fold_of_bucket)}, place)) {{\n"
            "    return -1;\n  }\n"
            "  return fold_of_bucket[place];\n}"
        )
    cases = "".join(
        f"    case {index}: {name}_fold{index}::evaluate(x, responses); return;\n" for index in range(count)
    )
    text.add(
        "inline void predict(const float* x, const double* key, double* responses) {\n  switch (fold(key)) {\n"
        f"{cases}    default: break;\n  }}\n"
        f"  for (int k = 0; k < {outputs}; ++k) responses[k] = std::numeric_limits<double>::quiet_NaN();\n}}"
    )


def categories(text: Text, model: _core.Model, content: dict[str, Any], name: str, write: Writer) -> None:
    predictor: Any = model.predictor
    variables = model.variable_count
    text.key = list(predictor.key_columns)
    outputs = model.output_count

    def place(column: int, kind: str) -> str:
        if column < variables:
            return f"static_cast<double>(x[{column}])" if kind == "double" else f"x[{column}]"
        value = f"key[{column - variables}]"
        return value if kind == "double" else f"static_cast<float>({value})"

    body = "  int found = -1;\n"
    calls = ""
    for index, category in enumerate(content["categories"]):
        cut = category["cut"].strip() or "1"
        inputs = list(_core.Expression(cut).inputs)
        names = {one: place(int(column), "double") for one, column in zip(inputs, category["cut_columns"], strict=True)}
        body += f"  if ({expression_code(cut, names)} >= 0.5) found = found == -1 ? {index} : -2;\n"
        inner = f"{name}_category{index}"
        text.before += write(predictor.model(index), inner) + "\n"
        columns = [int(column) for column in category["columns"]]
        values = ", ".join(place(column, "float") for column in columns)
        calls += f"  if (found == {index}) {{\n    const float v[{len(columns)}] = {{{values}}};\n"
        calls += f"    {inner}::evaluate(v, responses);\n    return;\n  }}\n"
    nothing = f"  for (int k = 0; k < {outputs}; ++k) responses[k] = std::numeric_limits<double>::quiet_NaN();\n"
    if text.key:
        text.add(
            f"inline void predict(const float* x, const double* key, double* responses) {{\n{body}{calls}{nothing}}}"
        )
    else:
        predict(text, body + calls + nothing)


def formula(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    """FDA: the formula once for each output."""
    outputs = int(content["n_outputs"])
    parameters = np.reshape(content["parameters"], (outputs, -1))
    names = {f"x{j}": f"static_cast<double>(x[{j}])" for j in range(int(content["n_inputs"]))}
    body = ""
    for k, row in enumerate(parameters):
        own = str(content["formula"])
        replaced = dict(names)
        for number, value in enumerate(row):
            text.array(f"parameter_{k}_{number}", [value])
            own = own.replace(f"({number})", f" (parameter_{number}) ")
            replaced[f"parameter_{number}"] = f"parameter_{k}_{number}[0]"
        body += f"  responses[{k}] = {expression_code(own, replaced)};\n"
    if content["softmax"]:
        body += (
            f"  const double largest = *std::max_element(responses, responses + {outputs});\n  double all = 0.0;\n"
            f"  for (int k = 0; k < {outputs}; ++k) {{\n    responses[k] = std::exp(responses[k] - largest);\n"
            f"    all += responses[k];\n  }}\n  for (int k = 0; k < {outputs}; ++k) responses[k] /= all;\n"
        )
    predict(text, body)
