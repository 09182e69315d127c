"""One tree of a forest, printed and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument

if TYPE_CHECKING:
    from .._core import Forest


class _Tree:
    """The arrays of a tree with the words for its nodes."""

    def __init__(self, forest: Any, index: int, labels: Sequence[str] | None) -> None:
        labels = _labels(forest) if labels is None else labels
        forest = getattr(forest, "model", forest)  # methods of a Factory
        forest = getattr(forest, "predictor_", forest)  # estimators
        forest = getattr(forest, "predictor", forest)  # models
        if not hasattr(forest, "tree"):
            raise InvalidArgument(f"a forest is needed, got {type(forest).__name__}")
        count = forest.tree_count
        if not -count <= index < count:
            raise InvalidArgument(f"index is {index}, the forest has {count} trees")
        arrays: dict[str, NDArray[Any]] = forest.tree(index)
        n_variables = forest.input_count
        if labels is None:
            labels = [f"x{j}" for j in range(n_variables)]
        if len(labels) != n_variables:
            raise InvalidArgument(f"labels has {len(labels)} entries for {n_variables} variables")
        self.labels = tuple(labels)
        self.n_nodes = len(arrays["feature"])
        self.feature, self.threshold = arrays["feature"], arrays["threshold"]
        self.left, self.right = arrays["left"], arrays["right"]
        self.value, self.purity, self.weight = arrays["value"], arrays["purity"], arrays["weight"]
        self.gain, self.missing_right = arrays["gain"], arrays["missing_right"]
        self.linear_begin, self.coefficients = arrays["linear_begin"], arrays["linear_coefficients"]
        types = arrays["node_type"]
        # TMVA's trees refuse missing values; where they would go means nothing.
        self.says_missing = len(types) == 0
        # Trees on targets hold responses, whose purity says nothing.
        self.is_classifying = len(types) == self.n_nodes and bool(np.isin(types, (0, 1, -1)).all())

    def is_leaf(self, node: int) -> bool:
        return bool(self.feature[node] == -1)

    def quantity(self, node: int) -> str:
        """What is cut on."""
        if self.feature[node] >= 0:
            return str(self.labels[self.feature[node]])
        begin = self.linear_begin[node]
        terms = [
            f"{c:+.3g} {label}"
            for c, label in zip(self.coefficients[begin : begin + len(self.labels)], self.labels, strict=True)
            if c != 0.0
        ]
        return " ".join(terms)

    def cut(self, node: int) -> str:
        """The condition of going right."""
        sign = "≥" if self.feature[node] >= 0 else ">"
        return f"{self.quantity(node)} {sign} {self.threshold[node]:.4g}"

    def facts(self, node: int) -> list[str]:
        """What training knew of the node, and its answer if it is a leaf."""
        words = []
        if self.is_leaf(node):
            words.append(f"response {self.value[node]:.4g}")
        if self.is_classifying and len(self.purity):
            words.append(f"purity {self.purity[node]:.3f}")
        if len(self.weight):
            words.append(f"weight {self.weight[node]:.4g}")
        if len(self.gain) and not self.is_leaf(node):
            words.append(f"gain {self.gain[node]:.3g}")
        if self.says_missing and not self.is_leaf(node):
            words.append(f"missing: {'yes' if self.missing_right[node] else 'no'}")
        return words


def _labels(model: Any) -> Sequence[str] | None:
    """The names that an estimator, a model or a method of a Factory has for its variables; None where it has none."""
    model = getattr(model, "model", model)
    info = getattr(model, "info", None)
    if isinstance(info, dict) and "variables" in info:
        return [str(variable["label"]) for variable in info["variables"]]
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def tree_text(forest: Forest | Any, labels: Sequence[str] | None = None, index: int = 0) -> str:
    """A tree as indented lines, one per node.

    Parameters
    ----------
    forest : Forest, or an estimator or model that holds one
    labels : names of the variables; without them those of the estimator or model, else x0, x1, ...
    index : which tree

    Returns
    -------
    str
        Each cut is followed by its branch where the condition holds ("yes") and the other one ("no"); "missing" says
        which of them takes missing values.

    Raises
    ------
    InvalidArgument
        No forest, no such tree, wrong number of labels.
    """
    tree = _Tree(forest, index, labels)
    lines: list[str] = []
    stack = [(0, 0, "")]
    while stack:
        node, depth, branch = stack.pop()
        head = "leaf" if tree.is_leaf(node) else tree.cut(node)
        lines.append("  " * depth + branch + ": ".join((head, ", ".join(tree.facts(node)))))
        if not tree.is_leaf(node):
            stack.append((int(tree.left[node]), depth + 1, "no:  "))
            stack.append((int(tree.right[node]), depth + 1, "yes: "))
    return "\n".join(lines)


def plot_tree(
    forest: Forest | Any,
    labels: Sequence[str] | None = None,
    index: int = 0,
    *,
    axes: Any = None,
    max_depth: int | None = None,
) -> Any:
    """Draw a tree: cuts in boxes, the branch where the condition holds on the right.

    Boxes are coloured by purity, from background (red) over 0.5 (white) to signal (blue); trees on targets are coloured
    by response: from negative (red) over 0 (white) to positive (blue) where both occur, else from the smallest to the
    largest leaf.

    Parameters
    ----------
    forest : Forest, or an estimator or model that holds one
    labels : names of the variables; without them those of the estimator or model, else x0, x1, ...
    index : which tree
    axes : matplotlib axes; a new figure of fitting size without them
    max_depth : nodes below are hidden behind "..."

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidArgument
        No forest, no such tree, wrong number of labels.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    tree = _Tree(forest, index, labels)
    position, depth = _layout(tree, max_depth)
    width = 1 + max(x for x, _ in position.values())
    if axes is None:
        figure = Figure(figsize=(max(4.0, 1.9 * width), max(2.5, 1.4 * (depth + 1))), layout="constrained")
        axes = figure.add_subplot()
    shade = _shades(tree)
    colours = colormaps["RdBu"]
    for node, (x, y) in position.items():
        hidden = not tree.is_leaf(node) and int(tree.left[node]) not in position
        colour = colours(0.5 + 0.7 * (shade[node] - 0.5))  # pale enough for black text
        head = [] if tree.is_leaf(node) else ["..." if hidden else tree.cut(node)]
        axes.text(
            x,
            -y,
            "\n".join([*head, *tree.facts(node)]),
            ha="center",
            va="center",
            fontsize=8,
            color="black" if abs(shade[node] - 0.5) < 0.45 else "white",
            bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "0.3"},
            zorder=2,
        )
        if tree.is_leaf(node) or hidden:
            continue
        for child, word in ((int(tree.left[node]), "no"), (int(tree.right[node]), "yes")):
            cx, cy = position[child]
            axes.plot([x, cx], [-y, -cy], color="0.5", linewidth=1.0, zorder=1)
            axes.text((x + cx) / 2, -(y + cy) / 2, word, ha="center", va="center", fontsize=7, color="0.3", zorder=1.5)
    axes.set_xlim(-0.6, width - 0.4)
    axes.set_ylim(-depth - 0.6, 0.6)
    axes.set_axis_off()
    return axes


def _layout(tree: _Tree, max_depth: int | None) -> tuple[dict[int, tuple[float, int]], int]:
    """Leaves side by side, each cut in the middle above its branches; (x, depth) per visible node."""
    depth = {0: 0}
    visible = []
    stack = [0]
    while stack:  # pre-order, left first, so that leaves come in order
        node = stack.pop()
        visible.append(node)
        if tree.is_leaf(node) or (max_depth is not None and depth[node] >= max_depth):
            continue
        for child in (int(tree.right[node]), int(tree.left[node])):
            depth[child] = depth[node] + 1
            stack.append(child)
    position: dict[int, tuple[float, int]] = {}
    place = 0.0
    for node in visible:
        if tree.is_leaf(node) or int(tree.left[node]) not in depth:
            position[node] = (place, depth[node])
            place += 1.0
    for node in reversed(visible):
        if node not in position:
            left, right = position[int(tree.left[node])][0], position[int(tree.right[node])][0]
            position[node] = ((left + right) / 2.0, depth[node])
    return position, max(depth.values())


def _shades(tree: _Tree) -> NDArray[np.float64]:
    """0 to 1 per node: the purity, or the response around 0 or between the smallest and the largest leaf."""
    if tree.is_classifying and len(tree.purity):
        return np.asarray(tree.purity, np.float64)
    leaves = tree.value[tree.feature == -1]
    low, high = float(leaves.min()), float(leaves.max())
    if not high > low:
        return np.full(tree.n_nodes, 0.5)
    if low < 0.0 < high:
        return np.clip(0.5 + 0.5 * np.asarray(tree.value, np.float64) / max(-low, high), 0.0, 1.0)
    return np.clip((np.asarray(tree.value, np.float64) - low) / (high - low), 0.0, 1.0)
