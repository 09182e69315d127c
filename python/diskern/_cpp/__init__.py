"""Models as one C++ header that needs nothing but the standard library of C++11 (what TMVA's MakeClass was for).

Numbers are written with all their digits. The arithmetic is that of the core, beside exp, log and erf, which come from
the standard library; an SVM is computed in float64.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import _core
from .._archive import sections
from .._core import InvalidArgument
from .._version import __version__
from . import composites, methods, stored
from .forest import forest, votes
from .graph import graph
from .text import Text, comment, quoted
from .transformations import chain_code, inverse_chain_code

_KEYWORDS = """alignas alignof and asm auto bool break case catch char class const continue default delete do double
else enum explicit extern false float for friend goto if inline int long namespace new not operator or private protected
public register return short signed sizeof static struct switch template this throw true try typedef typename union
unsigned using virtual void volatile while xor std"""


def check_name(name: Any) -> str:
    """The name of the namespace.

    Raises
    ------
    InvalidArgument
        it is no identifier of C++
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in _KEYWORDS.split():
        raise InvalidArgument(f"name is {name!r}, expected a C++ identifier: it becomes the namespace")
    return name


def cpp_header(model: _core.Model, name: str) -> str:
    """The text of the header.

    Raises
    ------
    InvalidArgument
        a method that cannot be written so, or a name that is no identifier
    """
    check_name(name)
    content = sections(bytes(model.to_bytes()))
    kind, chain = str(content["predictor"]["kind"]), content.get("transformation")
    writer, composite = _WRITERS.get(kind), _COMPOSITES.get(kind)
    text = Text()
    if composite is not None:
        composite(text, model, content["predictor"]["content"], name, _write)
    elif writer is not None:
        writer(text, model, content["predictor"]["content"], name)
    else:
        known = ", ".join(sorted({*_WRITERS, *_COMPOSITES}))
        raise InvalidArgument(
            f"a model of kind {kind!r} cannot be written as a C++ header ({known} can); link the "
            "library instead, or write ONNX"
        )
    targets = 0 if chain is None else int(chain["targets"])
    if chain is not None:
        chain_code(text, chain, "transform", -1)
        if targets:
            inverse_chain_code(text, chain)
    return _frame(model, name, text, chain is not None, targets)


def _write(model: _core.Model, name: str) -> str:
    """A part of a model; dense networks alone are written by the core."""
    if model.predictor.kind == "network" and model.chain is None:
        return str(model.to_header(name))
    return cpp_header(model, name)


def _frame(model: _core.Model, name: str, text: Text, transformed: bool, targets: int) -> str:
    info = model.info
    labels = ",\n      ".join(quoted(v["label"] or v["expression"]) for v in info["variables"])
    outputs = ",\n      ".join(quoted(v) for v in info["outputs"])
    n, k = model.variable_count, model.output_count
    steps = "  for (int i = 0; i < n_inputs; ++i) x[i] = variables[i];\n" if transformed else ""
    steps += "  detail::transform(x);\n" if transformed else ""
    key = "key, " if text.key else ""
    steps += f"  detail::predict({'x' if transformed else 'variables'}, {key}responses);\n"
    steps += "  detail::invert(responses);\n" if targets else ""
    local = "  float x[n_inputs];\n" if transformed else ""
    key_argument = "const double* key, " if text.key else ""
    key_names = ""
    if text.key:
        listed = ",\n      ".join(quoted(column) for column in text.key)
        key_names = (
            f"static const int n_key = {len(text.key)};\ninline const char* key_column(int i) {{\n"
            f"  static const char* const names[] = {{\n      {listed}}};\n  return names[i];\n}}\n"
        )
    return (
        f"// {info['method']} {comment(info['title'])}, written by diskern {__version__}. "
        "Needs C++11 and its standard library only.\n//\n"
        f"//   double responses[{name}::n_outputs];\n//   {name}::evaluate(variables, {key}responses);\n//\n"
        "// evaluate is safe from any thread and allocates nothing.\n"
        f"#ifndef DISKERN_MODEL_{name}\n#define DISKERN_MODEL_{name}\n\n#include <algorithm>\n#include <cmath>\n"
        f"#include <cstring>\n#include <limits>\n\n{text.before}namespace {name} {{\n\n"
        f"static const int n_inputs = {n};\nstatic const int n_outputs = {k};\n"
        f"inline const char* variable(int i) {{\n  static const char* const names[] = {{\n      {labels}}};\n"
        "  return names[i];\n}\n"
        f"inline const char* output(int i) {{\n  static const char* const names[] = {{\n      {outputs}}};\n"
        f"  return names[i];\n}}\n{key_names}\nnamespace detail {{\n\n"
        + "\n\n".join(text.detail)
        + "\n\n}  // namespace detail\n\n"
        "// variables: n_inputs numbers in the order of variable(i), before any transformation; responses: n_outputs.\n"
        f"inline void evaluate(const float* variables, {key_argument}double* responses) {{\n{local}{steps}}}\n\n"
        f"}}  // namespace {name}\n\n#endif\n"
    )


_COMPOSITES = {
    "boosted": composites.boosted,
    "categories": composites.categories,
    "committee": composites.committee,
    "folds": composites.folds,
}
_WRITERS: dict[str, Callable[[Text, _core.Model, dict[str, Any], str], None]] = {
    "cuts": methods.cuts,
    "foam": stored.foam,
    "forest": forest,
    "formula": composites.formula,
    "graph": graph,
    "hmatrix": methods.hmatrix,
    "kernel machine": methods.kernel_machine,
    "likelihood": methods.likelihood,
    "linear": methods.linear,
    "neighbours": stored.neighbours,
    "network": methods.network,
    "range search": stored.range_search,
    "rules": methods.rules,
    "votes": votes,
}
