"""Shapley values by their definition: every subset of variables, with the conditional expectation of the trees."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np

from diskern import _core


def random_tree(generator, n_variables, leaves, missing=True, zero_weight=False):
    """Arrays of a random tree whose weights add up, as ``_core.Forest`` takes them."""
    feature, threshold, left, right, value = [-1], [0.0], [-1], [-1], [generator.normal()]
    weight = [float(generator.integers(100, 1000))]
    while feature.count(-1) < leaves:
        node = int(generator.choice([i for i, f in enumerate(feature) if f == -1]))
        feature[node] = int(generator.integers(n_variables))
        threshold[node] = float(np.round(generator.normal(), 1))
        share = 0.0 if zero_weight and generator.random() < 0.2 else generator.uniform(0.05, 0.95)
        for child, fraction in ((left, share), (right, 1.0 - share)):
            child[node] = len(feature)
            feature.append(-1)
            threshold.append(0.0)
            left.append(-1)
            right.append(-1)
            value.append(generator.normal())
            weight.append(fraction * weight[node])
    return {
        "feature": np.array(feature, np.int32),
        "threshold": np.array(threshold),
        "left": np.array(left, np.int32),
        "right": np.array(right, np.int32),
        "missing_right": np.array(generator.integers(0, 2, len(feature)) if missing else [0] * len(feature), np.uint8),
        "value": np.array(value),
        "weight": np.array(weight),
    }


def events_like(generator, n, n_variables, missing=0.1):
    """Events on the grid of the thresholds of ``random_tree``, some missing, some infinite."""
    events = np.round(generator.normal(size=(n, n_variables)), 1).astype(np.float32)
    events[generator.random(events.shape) < missing] = np.nan
    events[generator.random(events.shape) < missing / 4] = np.inf
    return events


def goes_right(tree, node, event):
    x = event[tree["feature"][node]]
    return bool(tree["missing_right"][node]) if np.isnan(x) else bool(float(x) >= tree["threshold"][node])


def conditional_expectation(tree, event, known, node=0):
    """What the tree says on average when it knows a set of variables: the others follow the training weights."""
    if tree["feature"][node] == -1:
        return float(tree["value"][node])
    left, right = tree["left"][node], tree["right"][node]
    if int(tree["feature"][node]) in known:
        return conditional_expectation(tree, event, known, right if goes_right(tree, node, event) else left)
    both = tree["weight"][left] + tree["weight"][right]
    share = tree["weight"][left] / both if both > 0 else 0.5
    return share * conditional_expectation(tree, event, known, left) + (1.0 - share) * conditional_expectation(
        tree, event, known, right
    )


def response(tree, event):
    return conditional_expectation(tree, event, frozenset(range(len(event))))


def tree_game(tree, event):
    return lambda known: conditional_expectation(tree, event, known)


def background_game(tree, event, background, weight):
    def game(known):
        mixed = np.array(background)
        columns = sorted(known)
        mixed[:, columns] = event[columns]
        return float(np.average([response(tree, row) for row in mixed], weights=weight))

    return game


def subsets(players):
    return (frozenset(s) for size in range(len(players) + 1) for s in combinations(players, size))


def shapley(game, n):
    """Shapley, Contributions to the Theory of Games II (1953): the mean gain over all orders of joining."""
    worth = {s: game(s) for s in subsets(range(n))}
    values = np.zeros(n)
    for i in range(n):
        for s in subsets([j for j in range(n) if j != i]):
            share = factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n)
            values[i] += share * (worth[s | {i}] - worth[s])
    return values


def shapley_interactions(game, n):
    """Shapley interaction values: half of the pair's gain off the diagonal, rows that sum to the Shapley values."""
    worth = {s: game(s) for s in subsets(range(n))}
    values = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        for s in subsets([k for k in range(n) if k not in (i, j)]):
            share = factorial(len(s)) * factorial(n - len(s) - 2) / (2 * factorial(n - 1))
            values[i, j] += share * (worth[s | {i, j}] - worth[s | {i}] - worth[s | {j}] + worth[s])
        values[j, i] = values[i, j]
    np.fill_diagonal(values, shapley(game, n) - values.sum(axis=1))
    return values


def forest(trees, n_variables, **arguments):
    return _core.Forest(n_variables, trees, **arguments)
