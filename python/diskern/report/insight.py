"""What the trained methods look at: importances for every native method, SHAP values and a tree for forests."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, inspection, plotting
from .._core import InvalidArgument
from ..evaluation._arguments import json_ready
from ..inspection.subject import Subject, subject
from . import page

if TYPE_CHECKING:
    from ..data.sample import Sample
    from ..tmva.results import FactoryResults, MethodResult

# The section must not take longer than the rest of the report: it looks at a part of the test sample.
PERMUTATION_EVENTS, PERMUTATION_REPEATS, SHAP_EVENTS = 4000, 3, 1000
TREE_DEPTH = 3


def inspect(results: FactoryResults) -> None:
    """Fill ``insight`` of every method that has a native model and none yet."""
    for method in results.methods:
        if not method.insight and isinstance(method.model, _core.Model):
            method.insight = _inspect(results, method)


def _inspect(results: FactoryResults, method: MethodResult) -> dict[str, Any]:
    seen = subject(method.model)
    found: dict[str, Any] = {"notes": []}
    part = _part(results.dataset.test, PERMUTATION_EVENTS)
    if results.analysis_type != "Regression" or part.targets.shape[1] == 1:
        answer: Any = part.targets[:, 0] if results.analysis_type == "Regression" else part.class_index
        if results.analysis_type == "Classification":
            answer = part.class_index == results.dataset.info.signal_class
        try:
            found["permutation"] = inspection.permutation_importance(
                seen, part.variables, answer, part.weight, repeats=PERMUTATION_REPEATS
            )
        except InvalidArgument as error:  # a small or strongly weighted sample may have no positive sum
            found["notes"].append(f"no permutation importance: {error}")
    if seen.forest is None:
        return found
    for kind in ("gain", "cuts"):
        try:
            found[kind] = inspection.forest_importance(seen, kind)
        except InvalidArgument as error:
            found["notes"].append(f"no importance by {kind}: {error}")
    part = _part(results.dataset.test, SHAP_EVENTS)
    try:
        found["shap"] = inspection.shap_values(seen, part.variables, part.weight)
    except InvalidArgument as error:
        found["notes"].append(f"no SHAP values: {error}")
    return found


def insight_json(method: MethodResult) -> dict[str, Any]:
    """The numbers of a method, ready for JSON."""
    content: dict[str, Any] = {}
    for kind in ("gain", "cuts", "permutation"):
        if kind in method.insight:
            one = method.insight[kind]
            content[kind] = {"variables": one.variables, "values": one.values, "errors": one.errors}
    if "shap" in method.insight:
        shap = method.insight["shap"]
        content["shap"] = {"events": len(shap.values), "base_value": shap.base_value, "outputs": {}}
        for name in shap.outputs:
            one = shap.importance(name)
            content["shap"]["outputs"][name] = {
                "variables": one.variables,
                "mean_absolute": one.values,
                "errors": one.errors,
            }
    ready = json_ready(content)
    assert isinstance(ready, dict)
    return ready


def section(results: FactoryResults) -> str:
    """The HTML of the section; empty where no method can be looked into."""
    parts = []
    for method in results.methods:
        if not method.insight:
            continue
        figures = _figures(method)
        notes = "".join(f'<p class="soft">{escape(note)}</p>\n' for note in method.insight["notes"])
        parts.append(f"<h3>{escape(method.title)} ({escape(method.type_name)})</h3>\n" + page.grid(figures) + notes)
    if not parts:
        return ""
    lead = (
        '<p class="soft">Permutation importance: how much worse the responses to test events become when the values of '
        f"one variable are shuffled among them ({PERMUTATION_REPEATS} shuffles of at most {PERMUTATION_EVENTS} events; "
        "the bar is the standard error over the shuffles). Correlated variables stand in for each other and look less "
        "important than they are together. SHAP values split the score of each event exactly among the variables; the "
        f"swarm shows at most {SHAP_EVENTS} test events. Shares of gain and cuts come from the training sample; their "
        "bars show how unevenly the trees share a variable.</p>\n"
    )
    return lead + "".join(parts)


def _figures(method: MethodResult) -> list[str]:
    figures = []
    captions = {
        "permutation": "Permutation importance, test sample",
        "gain": "Share of each variable in the gain of all cuts",
        "cuts": "Share of each variable in the number of cuts",
    }
    for kind, caption in captions.items():
        if kind in method.insight:
            axes = plotting.plot_importance(method.insight[kind])
            figures.append(page.figure(axes, f"{kind}-{method.title}", f"{method.title}: {caption}"))
    if "shap" in method.insight:
        shap = method.insight["shap"]
        for name in shap.outputs:
            suffix = f" for {name}" if len(shap.outputs) > 1 else ""
            axes = plotting.plot_shap_summary(shap, name)
            figures.append(
                page.figure(axes, f"shap-{method.title}-{name}", f"{method.title}: SHAP values{suffix}, test sample")
            )
    seen: Subject = subject(method.model)
    if seen.forest is not None and seen.forest.tree_count:
        axes = plotting.plot_tree(seen.forest, seen.labels, 0, max_depth=TREE_DEPTH)
        figures.append(
            page.figure(
                axes, f"tree-{method.title}", f"{method.title}: the first tree of {seen.forest.tree_count}, at its top"
            )
        )
    return figures


def _part(sample: Sample, events: int) -> Sample:
    """Events evenly spread over the sample."""
    if len(sample) <= events:
        return sample
    mask = np.zeros(len(sample), np.bool_)
    mask[np.linspace(0, len(sample) - 1, events).astype(np.intp)] = True
    return sample.select(mask)
