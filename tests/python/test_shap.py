"""Exact Shapley values of trees against their definition."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import shap_reference as reference
from diskern import _core

ALGORITHMS = [_core.TreeExplainer.Algorithm.tables, _core.TreeExplainer.Algorithm.direct]


def total(values, base):
    return values.sum(axis=-1) + base


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
@pytest.mark.parametrize(("n_variables", "leaves"), [(1, 3), (2, 9), (4, 6), (6, 25), (8, 12)])
def test_path_dependent_values_are_those_of_the_definition(n_variables, leaves, algorithm):
    generator = np.random.default_rng(n_variables * 100 + leaves)
    trees = [reference.random_tree(generator, n_variables, leaves, zero_weight=t == 0) for t in range(3)]
    weights = generator.normal(size=3)
    events = reference.events_like(generator, 6, n_variables)
    forest = _core.Forest(n_variables, trees, tree_weight=weights, base_score=[0.7])
    explainer = _core.TreeExplainer(forest)
    values = explainer.explain(events, algorithm=algorithm)
    assert values.shape == (6, 1, n_variables)
    for event, of_event in zip(events, values[:, 0], strict=True):
        expected = sum(
            w * reference.shapley(reference.tree_game(tree, event), n_variables)
            for w, tree in zip(weights, trees, strict=True)
        )
        np.testing.assert_allclose(of_event, expected, rtol=0, atol=1e-12)
    nothing = sum(
        w * reference.conditional_expectation(tree, events[0], frozenset())
        for w, tree in zip(weights, trees, strict=True)
    )
    np.testing.assert_allclose(explainer.base_value, [0.7 + nothing], rtol=0, atol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
@pytest.mark.parametrize(("n_variables", "leaves"), [(1, 3), (3, 9), (5, 20), (7, 10)])
def test_interventional_values_are_those_of_the_definition(n_variables, leaves, algorithm):
    generator = np.random.default_rng(n_variables)
    trees = [reference.random_tree(generator, n_variables, leaves) for _ in range(2)]
    for tree in trees:
        del tree["weight"]  # not needed here
    events = reference.events_like(generator, 4, n_variables)
    background = reference.events_like(generator, 7, n_variables)
    weight = generator.uniform(0.5, 2.0, 7)
    forest = _core.Forest(n_variables, trees, base_score=[-0.3])
    explainer = _core.TreeExplainer(forest, background, weight)
    values = explainer.explain(events, algorithm=algorithm)
    for event, of_event in zip(events, values[:, 0], strict=True):
        expected = sum(
            reference.shapley(reference.background_game(tree, event, background, weight), n_variables) for tree in trees
        )
        np.testing.assert_allclose(of_event, expected, rtol=0, atol=1e-12)
    mean = np.average(forest.evaluate(background)[:, 0], weights=weight)
    np.testing.assert_allclose(explainer.base_value, [mean], rtol=0, atol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: a.name)
@pytest.mark.parametrize(("n_variables", "leaves"), [(1, 3), (2, 9), (5, 25), (7, 12)])
def test_interaction_values_are_those_of_the_definition(n_variables, leaves, algorithm):
    generator = np.random.default_rng(leaves)
    trees = [reference.random_tree(generator, n_variables, leaves, zero_weight=t == 0) for t in range(2)]
    events = reference.events_like(generator, 4, n_variables)
    explainer = _core.TreeExplainer(_core.Forest(n_variables, trees))
    values = explainer.explain_interactions(events, algorithm=algorithm)
    for event, of_event in zip(events, values[:, 0], strict=True):
        expected = sum(reference.shapley_interactions(reference.tree_game(tree, event), n_variables) for tree in trees)
        np.testing.assert_allclose(of_event, expected, rtol=0, atol=1e-12)


def test_interactions_of_long_paths_add_up_and_have_the_same_bits():
    generator = np.random.default_rng(16)
    forest = deep_forest(generator, n_outputs=2)
    events = reference.events_like(generator, 600, 14)
    explainer = _core.TreeExplainer(forest)
    values = explainer.explain_interactions(events)
    assert values.shape == (600, 2, 14, 14)
    np.testing.assert_array_equal(values, values.swapaxes(2, 3))
    np.testing.assert_allclose(values.sum(axis=3), explainer.explain(events), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(explainer.explain_interactions(events, threads=3), values)
    np.testing.assert_array_equal(explainer.explain_interactions(events[100:103]), values[100:103])
    with pytest.raises(_core.InvalidArgument, match="without a background"):
        _core.TreeExplainer(forest, events[:9], np.ones(9)).explain_interactions(events)


def deep_forest(generator, n_variables=14, trees=6, leaves=120, **arguments):
    return _core.Forest(
        n_variables, [reference.random_tree(generator, n_variables, leaves) for _ in range(trees)], **arguments
    )


@pytest.mark.parametrize("aggregation", [_core.Aggregation.sum, _core.Aggregation.weighted_mean])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_values_sum_to_the_score(aggregation, n_outputs):
    generator = np.random.default_rng(5)
    forest = deep_forest(
        generator,
        n_outputs=n_outputs,
        base_score=list(generator.normal(size=n_outputs)),
        tree_weight=list(generator.uniform(0.1, 2.0, 6)),
        aggregation=aggregation,
    )
    events = reference.events_like(generator, 700, 14)
    scores = forest.evaluate(events)
    explainer = _core.TreeExplainer(forest)
    values = explainer.explain(events)
    assert values.shape == (700, n_outputs, 14)
    np.testing.assert_allclose(total(values, explainer.base_value), scores, rtol=0, atol=1e-10)
    explainer = _core.TreeExplainer(forest, events[:100], np.ones(100))
    values = explainer.explain(events)
    np.testing.assert_allclose(total(values, explainer.base_value), scores, rtol=0, atol=1e-10)


@pytest.mark.parametrize("interventional", [False, True])
def test_algorithms_threads_and_subsets_give_the_same_bits(interventional):
    generator = np.random.default_rng(6)
    forest = deep_forest(generator, n_outputs=2)
    events = reference.events_like(generator, 1500, 14)
    sample = (events[:40], np.ones(40)) if interventional else ()
    explainer = _core.TreeExplainer(forest, *sample)
    values = explainer.explain(events)
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(explainer.explain(events, threads=threads), values)
    for algorithm in ALGORITHMS:
        np.testing.assert_array_equal(explainer.explain(events, algorithm=algorithm), values)
    np.testing.assert_array_equal(explainer.explain(events[700:703]), values[700:703])
    np.testing.assert_array_equal(explainer.explain(events[::-3]), values[::-3])
    np.testing.assert_array_equal(explainer.explain(np.asfortranarray(events)), values)
    assert explainer.explain(events[:0]).shape == (0, 2, 14)


def test_every_instruction_set_gives_the_same_bits():
    program = """
import numpy as np, zlib, shap_reference as reference
from diskern import _core
generator = np.random.default_rng(7)
forest = _core.Forest(14, [reference.random_tree(generator, 14, 120) for _ in range(5)])
events = reference.events_like(generator, 600, 14)
print(zlib.crc32(_core.TreeExplainer(forest).explain(events).tobytes()))
"""
    answers = set()
    for level in _core.supported_instruction_sets():
        path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
        environment = {**os.environ, "DISKERN_ISA": level, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        answers.add(done.stdout)
    assert len(answers) == 1


def test_axioms():
    """A dummy has no value, equals have equal values, and values of a sum of trees are sums of values."""
    generator = np.random.default_rng(8)
    first, second = (reference.random_tree(generator, 5, 12) for _ in range(2))
    events = reference.events_like(generator, 50, 7)

    def values(trees):
        return _core.TreeExplainer(_core.Forest(7, trees)).explain(events)[:, 0]

    together = values([first, second])
    assert (together[:, 5:] == 0.0).all()
    np.testing.assert_allclose(together, values([first]) + values([second]), rtol=0, atol=1e-14)
    # "Both above 0" does not tell its variables apart, if the order of the cuts does not either.
    half = np.array([4.0, 2.0, 2.0, 1.0, 1.0])

    def both(a, b):
        return {
            "feature": np.array([a, -1, b, -1, -1], np.int32),
            "threshold": np.zeros(5),
            "left": np.array([1, -1, 3, -1, -1], np.int32),
            "right": np.array([2, -1, 4, -1, -1], np.int32),
            "missing_right": np.zeros(5, np.uint8),
            "value": np.array([0.0, 0.0, 0.0, 0.0, 1.0]),
            "weight": half,
        }

    symmetric = values([both(0, 1)])
    same_side = (events[:, 0] >= 0) == (events[:, 1] >= 0)
    assert same_side.any()
    np.testing.assert_array_equal(symmetric[same_side, 0], symmetric[same_side, 1])
    assert np.abs(symmetric[:, 0]).min() > 0


def test_the_weights_of_a_leafs_path_are_quadrature_exact_for_long_paths():
    """A path of 30 variables: "all of them", whose value is shared out evenly at an event that meets it."""
    n = 30
    count = 2 * n + 1
    feature = np.full(count, -1, np.int32)
    left, right = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    for depth in range(n):
        feature[2 * depth] = depth
        left[2 * depth], right[2 * depth] = 2 * depth + 1, 2 * depth + 2
    value = np.zeros(count)
    value[-1] = 1.0
    weight = np.zeros(count)
    for depth in range(n + 1):
        weight[2 * depth] = 0.5**depth
        if depth:
            weight[2 * depth - 1] = 0.5**depth
    tree = {
        "feature": feature,
        "threshold": np.zeros(count),
        "left": left,
        "right": right,
        "missing_right": np.zeros(count, np.uint8),
        "value": value,
        "weight": weight,
    }
    explainer = _core.TreeExplainer(_core.Forest(n, [tree]))
    values = explainer.explain(np.ones((1, n), np.float32))[0, 0]
    np.testing.assert_allclose(values, (1.0 - 0.5**n) / n, rtol=1e-13)


def test_what_cannot_be_explained_is_said():
    generator = np.random.default_rng(9)
    tree = reference.random_tree(generator, 3, 4)
    events = reference.events_like(generator, 5, 3)
    without = {key: value for key, value in tree.items() if key != "weight"}
    with pytest.raises(_core.InvalidArgument, match="tree 1 does not know the sums of weights"):
        _core.TreeExplainer(_core.Forest(3, [tree, without]))
    negative = {**tree, "weight": np.where(tree["feature"] == -1, -1.0, 2.0)}
    with pytest.raises(_core.InvalidArgument, match=r"tree 0, node \d+: the sums of weights"):
        _core.TreeExplainer(_core.Forest(3, [negative]))
    median = _core.Forest(3, [tree], aggregation=_core.Aggregation.weighted_median)
    with pytest.raises(_core.InvalidArgument, match="weighted median"):
        _core.TreeExplainer(median)
    linear = {**tree, "feature": np.array([-2, -1, -1], np.int32), "linear_begin": np.zeros(3, np.int32)}
    linear |= {"left": np.array([1, -1, -1], np.int32), "right": np.array([2, -1, -1], np.int32)}
    linear |= {key: tree[key][:3] for key in ("threshold", "missing_right", "value", "weight")}
    linear["linear_coefficients"] = np.ones(3)
    with pytest.raises(_core.InvalidArgument, match=r"tree 0, node 0 .*Fisher"):
        _core.TreeExplainer(_core.Forest(3, [linear]))
    forest = _core.Forest(3, [tree])
    with pytest.raises(_core.InvalidArgument, match="events has 2 variables"):
        _core.TreeExplainer(forest).explain(events[:, :2])
    with pytest.raises(_core.InvalidArgument, match="background has 2 variables"):
        _core.TreeExplainer(forest, events[:, :2], np.ones(5))
    for weight in (np.zeros(5), -np.ones(5)):
        with pytest.raises(_core.InvalidArgument, match="sum of weights"):
            _core.TreeExplainer(forest, events, weight)


def test_a_forest_of_leaves_has_no_values():
    leaf = {"feature": np.array([-1], np.int32), "threshold": np.zeros(1), "left": np.array([-1], np.int32)}
    leaf |= {"right": np.array([-1], np.int32), "missing_right": np.zeros(1, np.uint8), "value": np.array([2.5])}
    explainer = _core.TreeExplainer(_core.Forest(2, [leaf]))
    assert (explainer.explain(np.zeros((3, 2), np.float32)) == 0.0).all()
    assert explainer.base_value == [2.5]
