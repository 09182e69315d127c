"""How much each variable matters: to the training (gain, cuts) and to the answers (permutation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import check_weights
from ..evaluation import correlation_matrix
from .metrics import metric_of
from .subject import Floats, Subject, subject


@dataclass(frozen=True)
class Importance:
    """One number per variable (or group of variables), with its error.

    Attributes
    ----------
    kind : what the numbers are
    variables : names, in the order of the variables of the method
    values, errors : float64 arrays of shape (variables,)
    baseline : permutation: the metric of the untouched sample; else NaN
    repeats : permutation: float64 array of shape (variables, repeats), the single measurements; else (variables, 0)
    """

    kind: str
    variables: tuple[str, ...]
    values: Floats
    errors: Floats
    baseline: float
    repeats: Floats

    def ranking(self) -> list[tuple[str, float]]:
        """(variable, value), the largest value first; equal ones in the order of the variables."""
        order = np.argsort(-self.values, kind="stable")
        return [(self.variables[j], float(self.values[j])) for j in order]

    def __str__(self) -> str:
        width = max([len(name) for name in self.variables] + [8])
        lines = [self.kind, f"{'Variable':<{width}}  {'Value':>11}  {'Error':>10}"]
        for j in np.argsort(-self.values, kind="stable"):
            lines.append(f"{self.variables[j]:<{width}}  {self.values[j]:>11.4g}  {self.errors[j]:>10.2g}")
        return "\n".join(lines)


def forest_importance(
    model: Any, kind: Literal["gain", "cuts"] = "gain", *, labels: Sequence[str] | None = None
) -> Importance:
    """What the training says about the variables: where it cut, and what the cuts gained.

    Parameters
    ----------
    model : estimator, Model, method of a Factory or forest
    kind : {'gain', 'cuts'}
        'gain': the share of each variable in the sum of gains of all cuts (as the training recorded them: decrease of
        loss in gradient boosting, separation gain in TMVA's trees); 'cuts': its share in the number of cuts.
    labels : sequence of str, optional
        Names of the variables, where the method knows none.

    Returns
    -------
    Importance
        The values add up to 1. The errors are those of sums over trees that scatter independently,
        ``sqrt(T/(T-1) sum_t (g_t - mean)^2)`` over the total: trees of a boosted forest depend on the ones before, so
        they measure how evenly the trees share the variable rather than a statistical uncertainty.

    Raises
    ------
    InvalidArgument
        No forest, or one that does not know its gains.

    Notes
    -----
    A cut on a linear combination (TMVA's Fisher cuts) is shared evenly among its variables. Both kinds favour variables
    with many distinct values and look at the training sample only; permutation importance on a test sample does not.
    """
    if kind not in ("gain", "cuts"):
        raise InvalidArgument(f"kind must be 'gain' or 'cuts', got {kind!r}")
    seen = subject(model, labels)
    forest = seen.trees()
    n = forest.input_count
    per_tree = np.zeros((forest.tree_count, n))
    for t in range(forest.tree_count):
        tree = forest.tree(t)
        feature = tree["feature"]
        if kind == "gain" and len(tree["gain"]) == 0 and (feature != -1).any():
            raise InvalidArgument(f"tree {t} does not know the gains of its cuts; take kind='cuts'")
        worth = np.asarray(tree["gain"] if kind == "gain" else np.ones(len(feature)), np.float64)
        single = feature >= 0
        per_tree[t] = np.bincount(feature[single], worth[single], n)
        for node in np.flatnonzero(feature == -2):
            begin = tree["linear_begin"][node]
            used = tree["linear_coefficients"][begin : begin + n] != 0.0
            per_tree[t, used] += worth[node] / max(int(used.sum()), 1)
    count = len(per_tree)
    total = float(per_tree.sum())
    sums = per_tree.sum(axis=0)
    scatter = ((per_tree - per_tree.mean(axis=0)) ** 2).sum(axis=0) * count / (count - 1) if count > 1 else np.zeros(n)
    scale = 1.0 / total if total > 0 else 1.0
    name = "Share of the gain" if kind == "gain" else "Share of the cuts"
    return Importance(name, seen.labels, sums * scale, np.sqrt(scatter) * scale, float("nan"), np.empty((n, 0)))


def permutation_importance(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    *,
    metric: Any = None,
    repeats: int = 10,
    seed: int = 1,
    groups: Mapping[str, Sequence[str | int]] | Sequence[Sequence[str | int]] | None = None,
    labels: Sequence[str] | None = None,
) -> Importance:
    """How much worse the answers become when the values of a variable are shuffled among the events.

    Parameters
    ----------
    model : any trained method, see :mod:`diskern.inspection`
    X : array-like of shape (events, variables), or a data frame
        Events that were not trained on, in the variables of the method before any transformation.
    y : array-like of shape (events,)
        Labels (of two classes also booleans or 0 and 1, 1 being the signal) or targets.
    sample_weight : array-like of shape (events,), optional
        Event weights of the metric. Values are exchanged between all events alike, whatever their weights.
    metric : str or function, optional
        Classification: 'roc_integral' (default; the mean of every class against the rest for several) or 'log_loss';
        regression: 'rmse' (default) or 'mean_absolute_deviation'; or a function of (responses (events, outputs),
        answers, weights) whose value is larger for better responses.
    repeats : int
        Shuffles per variable.
    seed : int
        Of the shuffles (Philox); variable j and repeat r have their own sequence, so a variable's number does not
        depend on which others are looked at.
    groups : mapping of names to variables, or sequence of sequences of variables, optional
        Variables to be shuffled together, for instance :func:`correlated_groups`: single members of a correlated group
        look unimportant because the others tell the same. Variables in no group stay single.
    labels : sequence of str, optional
        Names of the variables, where the method knows none.

    Returns
    -------
    Importance
        ``values``: mean decrease of a metric that is better when larger, mean increase of a loss, over the repeats;
        ``errors``: standard error of that mean. Both leave out that the sample itself is finite.

    Raises
    ------
    InvalidArgument
        Shapes, labels, unknown metric or variables; sums of weights that are not positive.

    Notes
    -----
    Breiman, Machine Learning 45 (2001) 5; Fisher, Rudin and Dominici, JMLR 20 (2019) 177. Negative weights count with
    their sign in the metric.
    """
    seen = subject(model, labels)
    events = seen.read(X)
    n = len(events)
    answer = seen.answers(y, n)
    weight = check_weights(sample_weight, n)
    if isinstance(repeats, bool) or not isinstance(repeats, int | np.integer) or not 1 <= repeats < 65536:
        raise InvalidArgument(f"repeats must be an integer from 1 to 65535, got {repeats!r}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidArgument(f"seed must be a non-negative integer, got {seed!r}")
    measure = metric_of(metric, seen)
    sign = 1.0 if measure.larger_is_better else -1.0
    baseline = float(measure.of(seen.respond(events), answer, weight))
    names, members = _groups(seen, groups)
    single = np.empty((len(names), repeats))
    shuffled = events.copy()
    for g, columns in enumerate(members):
        for repeat in range(repeats):
            order = _core.random_order(n, int(seed), columns[0] * 65536 + repeat)
            shuffled[:, columns] = events[order][:, columns]
            value = float(measure.of(seen.respond(shuffled), answer, weight))
            single[g, repeat] = sign * (baseline - value)
        shuffled[:, columns] = events[:, columns]
    errors = single.std(axis=1, ddof=1) / np.sqrt(repeats) if repeats > 1 else np.full(len(names), np.nan)
    kind = f"{'Decrease' if measure.larger_is_better else 'Increase'} of the {measure.name} when shuffled"
    return Importance(kind, names, single.mean(axis=1), errors, baseline, single)


def correlated_groups(
    X: ArrayLike, sample_weight: ArrayLike | None = None, *, threshold: float = 0.7, labels: Sequence[str] | None = None
) -> dict[str, list[int]]:
    """Variables that hang together by linear correlations, for ``permutation_importance(groups=...)``.

    Parameters
    ----------
    X : array-like of shape (events, variables)
        Events with a NaN are left out.
    sample_weight : array-like of shape (events,), optional
        Event weights, with their sign.
    threshold : float
        Two variables belong together if the absolute value of their correlation coefficient is not below it; so do
        variables that a chain of such pairs joins (single linkage).
    labels : names of the variables; x0, x1, ... without them

    Returns
    -------
    dict
        Names, joined by " + ", to the numbers of the variables; groups of two or more only.
    """
    if not 0.0 < threshold <= 1.0:
        raise InvalidArgument(f"threshold must lie in (0, 1], got {threshold!r}")
    matrix = np.abs(correlation_matrix(X, sample_weight))
    n = len(matrix)
    names = [f"x{j}" for j in range(n)] if labels is None else list(labels)
    if len(names) != n:
        raise InvalidArgument(f"labels has {len(names)} entries for {n} variables")
    joined: NDArray[np.int64] = np.arange(n)
    for i in range(n):
        for j in range(i + 1, n):
            if matrix[i, j] >= threshold:  # NaN, of a constant, is not
                joined[joined == joined[j]] = joined[i]
    groups = [np.flatnonzero(joined == g).tolist() for g in dict.fromkeys(joined.tolist())]
    return {" + ".join(names[j] for j in group): group for group in groups if len(group) > 1}


def _groups(
    seen: Subject, groups: Mapping[str, Sequence[str | int]] | Sequence[Sequence[str | int]] | None
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Names and variables of what is shuffled together, groups where their first variable is."""
    given: list[tuple[str, list[int]]] = []
    if isinstance(groups, Mapping):
        given = [(str(name), [seen.variable(v) for v in members]) for name, members in groups.items()]
    elif groups is not None:
        for members in groups:
            columns = [seen.variable(v) for v in members]
            given.append((" + ".join(seen.labels[j] for j in columns), columns))
    taken: dict[int, int] = {}
    for g, (name, columns) in enumerate(given):
        if not columns:
            raise InvalidArgument(f"groups: {name!r} holds no variable")
        if any(name == other for other, _ in given[:g]):
            raise InvalidArgument(f"groups: two groups have the name {name!r}")
        if any(name == label and j not in columns for j, label in enumerate(seen.labels)):
            raise InvalidArgument(f"groups: {name!r} is the name of a group and of a variable that is not in it")
        for j in columns:
            if j in taken:
                raise InvalidArgument(f"groups: variable {seen.labels[j]!r} is in two groups (or twice in one)")
            taken[j] = g
    shuffled: list[tuple[str, list[int]]] = []
    for j, label in enumerate(seen.labels):
        if j not in taken:
            shuffled.append((label, [j]))
        elif j == min(given[taken[j]][1]):
            shuffled.append(given[taken[j]])
    return tuple(name for name, _ in shuffled), [columns for _, columns in shuffled]
