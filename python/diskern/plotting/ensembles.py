"""What methods made of many parts consist of: the rules of a RuleFit, the methods of a Boost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._archive import sections
from .style import BACKGROUND, SIGNAL, decorate


def rule_importance(model: Any, events: ArrayLike, weight: ArrayLike | None = None) -> list[tuple[str, float, float]]:
    """The terms of a RuleFit with their importance for some events.

    The importance of a rule is ``|a| sqrt(s (1 - s))`` with its coefficient a and the share s of the events that fulfil
    it, that of a linear term ``|b|`` times the standard deviation of its clipped variable (Friedman and Popescu).

    Parameters
    ----------
    model : Model, or method of a Factory, of the kind RuleFit
    events : array of shape (events, variables), before transformations
    weight : weights of the events, 1 by default

    Returns
    -------
    list of (text, coefficient, importance), the most important first
    """
    held, content, labels = _stored(model, "rules", "RuleFit")
    x = np.ascontiguousarray(events, np.float32)
    if x.ndim != 2 or x.shape[1] != len(labels):
        raise _core.InvalidArgument(f"events have the shape {x.shape}, expected (events, {len(labels)})")
    chain = held._model.chain if hasattr(held, "_model") else held.chain
    if chain is not None:
        x = np.asarray(chain.apply(x))
    w = np.ones(len(x)) if weight is None else np.asarray(weight, np.float64)
    if w.shape != (len(x),):
        raise _core.InvalidArgument(f"weight has the shape {w.shape}, expected ({len(x)},)")
    if not w.sum() > 0:
        raise _core.InvalidArgument(f"the weights of the events sum to {w.sum():g}, expected a positive sum")
    terms = []
    begin = 0
    for coefficient, size in zip(content["coefficient"], content["size"], strict=True):
        passed = np.ones(len(x), np.bool_)
        pieces = []
        for k in range(begin, begin + size):
            j, low, high = content["variable"][k], content["minimum"][k], content["maximum"][k]
            passed &= (x[:, j] > low) & (x[:, j] < high)
            text = labels[j]
            pieces.append(
                (f"{low:.3g} < " if np.isfinite(low) else "") + text + (f" < {high:.3g}" if np.isfinite(high) else "")
            )
        begin += size
        share = float(np.clip(w[passed].sum() / w.sum(), 0.0, 1.0))
        terms.append((" and ".join(pieces), float(coefficient), abs(coefficient) * np.sqrt(share * (1 - share))))
    for j, (coefficient, norm, low, high) in enumerate(np.asarray(content["linear"]).reshape(-1, 4)):
        slope = coefficient * norm
        if slope != 0:
            clipped = np.clip(x[:, j].astype(np.float64), low, high)
            mean = np.average(clipped, weights=w)
            spread = np.sqrt(max(0.0, float(np.average((clipped - mean) ** 2, weights=w))))
            terms.append((f"{labels[j]} (linear)", float(slope), abs(slope) * spread))
    return [(text, a, float(i)) for text, a, i in sorted(terms, key=lambda term: -term[2])]


def plot_rules(model: Any, events: ArrayLike, weight: ArrayLike | None = None, *, most: int = 20) -> Any:
    """The most important terms of a RuleFit: blue those that speak for signal, orange for background.

    Parameters
    ----------
    model, events, weight : see :func:`rule_importance`
    most : how many terms

    Returns
    -------
    matplotlib axes
    """
    from matplotlib.figure import Figure

    terms = rule_importance(model, events, weight)
    shown = terms[:most]
    figure = Figure(figsize=(7.5, max(1.8, 0.28 * len(shown) + 0.9)), layout="constrained")
    axes = figure.add_subplot()
    decorate(axes)
    largest = max((importance for _, _, importance in shown), default=0.0) or 1.0
    colours = [SIGNAL if coefficient > 0 else BACKGROUND for _, coefficient, _ in shown]
    axes.barh(range(len(shown)), [i / largest for _, _, i in shown], color=colours, height=0.7)
    axes.set_yticks(range(len(shown)), [text for text, _, _ in shown], fontsize="x-small")
    axes.invert_yaxis()
    axes.set_xlabel("Importance, relative to the largest")
    axes.set_title(f"{len(shown)} of {len(terms)} terms", fontsize="medium")
    return axes


def plot_boosted_methods(model: Any) -> Any:
    """The weight of each method of a Boost, and the cut on its response that tells signal from background.

    Parameters
    ----------
    model : Model, or method of a Factory, of the kind Boost

    Returns
    -------
    matplotlib figure
    """
    from matplotlib.figure import Figure

    _, content, _ = _stored(model, "boosted", "Boost")
    figure = Figure(figsize=(8.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    number = np.arange(1, len(content["weight"]) + 1)
    weight: NDArray[np.float64] = np.asarray(content["weight"], np.float64)
    for axes, values, name, colour in (
        (left, weight, "Weight of the method", SIGNAL),
        (right, np.asarray(content["cut"], np.float64), "Cut on its response", BACKGROUND),
    ):
        decorate(axes)
        axes.plot(number, values, "o-", markersize=3.5, linewidth=0.8, color=colour)
        axes.set_xlabel("Method")
        axes.set_ylabel(name)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _stored(model: Any, kind: str, name: str) -> tuple[Any, dict[str, Any], list[str]]:
    held = getattr(model, "model", model)
    stored = sections(bytes(held.to_bytes()))
    if stored["predictor"]["kind"] != kind:
        raise _core.InvalidArgument(f"expected a model of {name}, got one of the kind {stored['predictor']['kind']!r}")
    return held, stored["predictor"]["content"], list(stored["info"]["variables"]["label"])
