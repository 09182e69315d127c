"""How a forest was boosted, tree by tree (TMVA's decision tree control plots)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import InvalidArgument
from .style import BACKGROUND, SIGNAL, decorate


def plot_boosting(model: Any) -> Any:
    """Weight of each tree, and its number of nodes, against the number of the tree.

    The error fraction, where the training recorded it, is a learning curve (``plot_learning_curve``).

    Parameters
    ----------
    model : Model, method of a Factory, or forest

    Returns
    -------
    matplotlib figure

    Raises
    ------
    InvalidArgument
        no forest
    """
    from matplotlib.figure import Figure

    from ..inspection.subject import subject

    seen = subject(model, None)
    if seen.forest is None or not seen.forest.tree_count:
        raise InvalidArgument("expected a forest: it has trees that were boosted")
    forest = seen.forest
    weights = np.asarray(forest.tree_weight, np.float64)
    nodes = np.array([len(forest.tree(t)["feature"]) for t in range(forest.tree_count)])
    figure = Figure(figsize=(8.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        decorate(axes)
        axes.set_xlabel("Tree")
    left.plot(weights, ".", markersize=2.5, color=SIGNAL)
    left.set_ylabel("Weight of the tree")
    right.plot(nodes, ".", markersize=2.5, color=BACKGROUND)
    right.set_ylabel("Nodes")
    return figure
