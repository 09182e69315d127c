"""Importances, partial dependence and staged answers against their definitions and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

import shap_reference as reference
from diskern import _core, inspection
from diskern.evaluation import roc_curve

pytest.importorskip("sklearn")

from diskern import (
    AdaBoostTreesClassifier,
    AdaBoostTreesRegressor,
    DecisionTreeClassifier,
    FisherClassifier,
    GradientBoostedTreesClassifier,
    GradientBoostedTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)


def sample(n=1500, seed=1, classes=2):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 5)).astype(np.float32)
    score = 2.0 * X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * generator.normal(size=n)
    y = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    return X, y, score, generator.uniform(0.2, 3.0, n)


@pytest.fixture(scope="module")
def classifier():
    X, y, _, weight = sample()
    return GradientBoostedTreesClassifier(n_estimators=30, random_state=1, n_jobs=1).fit(X, y, weight)


# -- importances ------------------------------------------------------------------------------------------------------


def test_gain_and_cuts_are_shares_of_what_the_trees_hold(classifier):
    forest = classifier.predictor_
    trees = [forest.tree(t) for t in range(forest.tree_count)]
    gains, cuts = np.zeros((len(trees), 5)), np.zeros((len(trees), 5))
    for t, tree in enumerate(trees):
        for feature, gain in zip(tree["feature"], tree["gain"], strict=True):
            if feature >= 0:
                gains[t, feature] += gain
                cuts[t, feature] += 1
    for kind, of_trees in (("gain", gains), ("cuts", cuts)):
        result = inspection.forest_importance(classifier, kind)
        np.testing.assert_allclose(result.values, of_trees.sum(axis=0) / of_trees.sum(), rtol=1e-12)
        expected = np.sqrt(len(trees)) * of_trees.std(axis=0, ddof=1) / of_trees.sum()
        np.testing.assert_allclose(result.errors, expected, rtol=1e-9)
    np.testing.assert_allclose(inspection.forest_importance(classifier).values, classifier.feature_importances_)
    assert classifier.importance("cuts").ranking()[0][0] in ("x0", "x1", "x2")
    assert "x0" in str(classifier.importance())


def test_a_fisher_cut_is_shared_by_its_variables():
    tree = {"feature": np.array([-2, -1, 1, -1, -1], np.int32), "threshold": np.zeros(5)}
    tree |= {"left": np.array([1, -1, 3, -1, -1], np.int32), "right": np.array([2, -1, 4, -1, -1], np.int32)}
    tree |= {"missing_right": np.zeros(5, np.uint8), "value": np.arange(5.0), "gain": np.array([6.0, 0, 1.0, 0, 0])}
    tree |= {"linear_begin": np.zeros(5, np.int32), "linear_coefficients": np.array([1.0, 0.0, -2.0])}
    result = inspection.forest_importance(_core.Forest(3, [tree]))
    np.testing.assert_allclose(result.values, np.array([3.0, 1.0, 3.0]) / 7.0)
    tree["gain"] = np.empty(0)
    with pytest.raises(_core.InvalidArgument, match="tree 0 does not know the gains"):
        inspection.forest_importance(_core.Forest(3, [tree]))


def test_permutation_importance_by_hand(classifier):
    X, y, _, weight = sample(400, seed=2)
    result = inspection.permutation_importance(classifier, X, y, weight, repeats=3, seed=5)

    def integral(events):
        return roc_curve(y == 1, classifier.predict_proba(events)[:, 1], weight).integral

    assert result.baseline == integral(X)
    for j in range(5):
        drops = []
        for repeat in range(3):
            moved = X.copy()
            moved[:, j] = X[_core.random_order(len(X), 5, j * 65536 + repeat), j]
            drops.append(integral(X) - integral(moved))
        np.testing.assert_allclose(result.repeats[j], drops, rtol=0, atol=1e-15)
        np.testing.assert_allclose(result.values[j], np.mean(drops), atol=1e-15)
        np.testing.assert_allclose(result.errors[j], np.std(drops, ddof=1) / np.sqrt(3), atol=1e-15)
    assert result.ranking()[0][0] == "x0"
    again = inspection.permutation_importance(classifier, X, y, weight, repeats=3, seed=5)
    np.testing.assert_array_equal(result.repeats, again.repeats)
    other = inspection.permutation_importance(classifier, X, y, weight, repeats=3, seed=6)
    assert (result.repeats[0] != other.repeats[0]).all()


def test_random_orders_are_permutations():
    order = _core.random_order(1000, 3, 7)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (order != _core.random_order(1000, 3, 8)).any()


def test_permutation_importance_agrees_with_sklearn():
    """Different shuffles, the same expectation."""
    from sklearn.inspection import permutation_importance

    X, _, target, weight = sample(800)
    model = GradientBoostedTreesRegressor(n_estimators=40, random_state=1, n_jobs=1).fit(X, target)
    ours = inspection.permutation_importance(model, X, target, weight, repeats=20)
    theirs = permutation_importance(
        model, X, target, sample_weight=weight, n_repeats=20, scoring="neg_root_mean_squared_error", random_state=0
    )
    error = np.sqrt(ours.errors**2 + theirs.importances_std**2 / 20)
    assert (np.abs(ours.values - theirs.importances_mean) <= 5 * error + 1e-12).all()
    assert "RMSE" in ours.kind


def test_groups_are_shuffled_together():
    generator = np.random.default_rng(3)
    x = generator.normal(size=2000)
    X = np.column_stack([x, x + 0.01 * generator.normal(size=2000), generator.normal(size=2000)]).astype(np.float32)
    y = x + 0.3 * X[:, 2] > 0
    model = GradientBoostedTreesClassifier(n_estimators=20, random_state=1, n_jobs=1).fit(X, y)
    groups = inspection.correlated_groups(X, labels=["x0", "x1", "x2"])
    assert groups == {"x0 + x1": [0, 1]}
    result = inspection.permutation_importance(model, X, y, groups=groups, repeats=3)
    assert result.variables == ("x0 + x1", "x2")
    moved = X.copy()
    moved[:, :2] = X[_core.random_order(2000, 1, 0)][:, :2]
    expected = result.baseline - roc_curve(y, model.predict_proba(moved)[:, 1]).integral
    assert result.repeats[0, 0] == pytest.approx(expected, abs=1e-15)
    assert inspection.permutation_importance(model, X, y, groups=[["x0", 1]], repeats=1).variables[0] == "x0 + x1"
    with pytest.raises(_core.InvalidArgument, match="two groups"):
        inspection.permutation_importance(model, X, y, groups=[[0, 1], [1, 2]])
    # No group may hide a variable or another group behind its name.
    with pytest.raises(_core.InvalidArgument, match="'x2' is the name of a group and of a variable that is not in it"):
        inspection.permutation_importance(model, X, y, groups={"x2": [0, 1]})
    with pytest.raises(_core.InvalidArgument, match="two groups have the name '1'"):
        inspection.permutation_importance(model, X, y, groups={1: [0], "1": [2]})
    by_name = inspection.permutation_importance(model, X, y, groups={"x1": [0, 1]}, repeats=3)
    assert by_name.variables == ("x1", "x2")
    np.testing.assert_array_equal(by_name.repeats, result.repeats)


def test_correlations_chain_variables_and_count_weights():
    generator = np.random.default_rng(4)
    a, b = generator.normal(size=(2, 4000))
    X = np.column_stack([a, a + b, b, generator.normal(size=4000)])
    assert inspection.correlated_groups(X, threshold=0.6) == {"x0 + x1 + x2": [0, 1, 2]}
    assert inspection.correlated_groups(X, threshold=0.9) == {}
    # Two clouds: within each no correlation, together a strong one.
    cloud = np.repeat([0.0, 10.0], 2000)
    X = np.column_stack([a + cloud, b + cloud])
    assert inspection.correlated_groups(X) == {"x0 + x1": [0, 1]}
    assert inspection.correlated_groups(X, np.repeat([1.0, 0.0], 2000)) == {}


def test_any_model_with_predict_has_permutation_importance():
    from sklearn.linear_model import LinearRegression, LogisticRegression

    X, y, target, _ = sample(500)
    assert inspection.permutation_importance(LogisticRegression().fit(X, y), X, y).ranking()[0][0] == "x0"
    assert inspection.permutation_importance(LinearRegression().fit(X, target), X, target).ranking()[0][0] == "x0"
    fisher = FisherClassifier().fit(X, y)
    assert inspection.permutation_importance(fisher, X, y, metric="log_loss", repeats=2).values[0] > 0
    with pytest.raises(_core.InvalidArgument, match="no forest"):
        inspection.forest_importance(fisher)


def test_negative_weights_cancel_events(classifier):
    """An event with weight 1 and its copy with weight -1 are no event."""
    X, y, _, _ = sample(300, seed=6)
    extra, extra_y, _, _ = sample(50, seed=7)
    both = np.concatenate([X, extra, extra])
    labels = np.concatenate([y, extra_y, extra_y])
    weight = np.concatenate([np.ones(300), np.ones(50), -np.ones(50)])
    plain = inspection.permutation_importance(classifier, X, y, repeats=1)
    signed = inspection.permutation_importance(classifier, both, labels, weight, repeats=1)
    assert signed.baseline == pytest.approx(plain.baseline, abs=1e-12)
    shap = inspection.shap_values(classifier, both, weight)
    expected = inspection.shap_values(classifier, X)
    np.testing.assert_allclose(shap.importance().values, expected.importance().values, rtol=1e-12)
    average = inspection.partial_dependence(classifier, both, 0, weight, grid=[-1.0, 0.0, 1.0]).average
    plain_average = inspection.partial_dependence(classifier, X, 0, grid=[-1.0, 0.0, 1.0]).average
    np.testing.assert_allclose(average, plain_average, rtol=1e-12)


# -- SHAP through the public door ------------------------------------------------------------------------------------


def test_shap_values_of_estimators_models_and_forests_agree(classifier, tmp_path):
    import diskern

    X, _, _, weight = sample(200, seed=8)
    shap = classifier.shap_values(X, weight)
    assert shap.values.shape == (200, 1, 5)
    assert shap.variables == ("x0", "x1", "x2", "x3", "x4")
    np.testing.assert_allclose(shap.scores[:, 0], classifier.decision_function(X), rtol=0, atol=1e-10)
    classifier.save(tmp_path / "model.diskern")
    for other in (diskern.load(tmp_path / "model.diskern"), classifier.predictor_):
        np.testing.assert_array_equal(inspection.shap_values(other, X).values, shap.values)
    importance = shap.importance()
    size = np.abs(shap.values[:, 0])
    mean = np.average(size, axis=0, weights=weight)
    np.testing.assert_allclose(importance.values, mean, rtol=1e-12)
    error = np.sqrt(((weight[:, None] * (size - mean)) ** 2).sum(axis=0)) / weight.sum()
    np.testing.assert_allclose(importance.errors, error, rtol=1e-12)
    interventional = inspection.shap_values(classifier, X, background=X[:50], background_weight=weight[:50])
    assert interventional.interventional
    expected = np.average(classifier.decision_function(X[:50]), weights=weight[:50])
    np.testing.assert_allclose(interventional.base_value, [expected], atol=1e-12)
    pairs = inspection.shap_values(classifier, X, interactions=True).interactions
    np.testing.assert_allclose(pairs.sum(axis=3), shap.values, rtol=0, atol=1e-12)
    assert np.abs(pairs[:, 0, 1, 2]).mean() > 10 * np.abs(pairs[:, 0, 3, 4]).mean()  # the target has x1 * x2
    with pytest.raises(_core.InvalidArgument, match="without background"):
        inspection.shap_values(classifier, X, background_weight=weight)
    with pytest.raises(_core.InvalidArgument, match="output"):
        shap.of(1)


def test_shap_values_of_several_classes_and_of_every_tree_method():
    X, y, target, weight = sample(600, classes=3)
    model = GradientBoostedTreesClassifier(n_estimators=8, random_state=1, n_jobs=1).fit(X, y, weight)
    shap = model.shap_values(X)
    assert shap.outputs == ("0", "1", "2")
    np.testing.assert_allclose(shap.scores, model.decision_function(X), rtol=0, atol=1e-10)
    assert shap.of("1").shape == (600, 5)
    binary = (y > 0).astype(int)
    for algorithm in ("discrete", "real"):
        boosted = AdaBoostTreesClassifier(n_estimators=20, algorithm=algorithm).fit(X, binary, weight)
        scores = boosted.shap_values(X).scores[:, 0]
        decision = 2 * scores - 1 if algorithm == "real" else scores
        np.testing.assert_allclose(decision, boosted.decision_function(X), rtol=0, atol=1e-10)
    single = DecisionTreeClassifier(max_depth=4).fit(X, binary, weight)
    np.testing.assert_allclose(2 * single.shap_values(X).scores[:, 0] - 1, single.decision_function(X), atol=1e-10)
    deep = RandomForestClassifier(n_estimators=5, random_state=1, n_jobs=1).fit(X, y, weight)
    np.testing.assert_allclose(deep.shap_values(X).scores, deep.predict_proba(X), rtol=0, atol=1e-10)
    median = AdaBoostTreesRegressor(n_estimators=5).fit(X, target)
    with pytest.raises(_core.InvalidArgument, match="weighted median"):
        median.shap_values(X)


def test_shap_values_agree_with_xgboost():
    xgboost = pytest.importorskip("xgboost")
    import json

    X, y, _, weight = sample(800, seed=9)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    data = xgboost.DMatrix(X, y, weight=weight)
    parameters = {"max_depth": 4, "objective": "binary:logistic", "base_score": 0.5, "nthread": 1, "eta": 0.3}
    booster = xgboost.train(parameters, data, 15)
    trees = []
    for tree in json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]:
        left = np.array(tree["left_children"], np.int32)
        inner = left >= 0
        condition = np.array(tree["split_conditions"], np.float32)
        trees.append(
            {
                "feature": np.where(inner, tree["split_indices"], -1).astype(np.int32),
                "threshold": condition.astype(np.float64),
                "left": left,
                "right": np.array(tree["right_children"], np.int32),
                "missing_right": (np.array(tree["default_left"]) == 0).astype(np.uint8),
                "value": condition.astype(np.float64),
                "weight": np.array(tree["sum_hessian"], np.float64),
            }
        )
    explainer = _core.TreeExplainer(_core.Forest(5, trees))
    expected = booster.predict(data, pred_contribs=True)
    np.testing.assert_allclose(explainer.explain(X)[:, 0], expected[:, :-1], rtol=0, atol=2e-5)  # theirs is float32
    np.testing.assert_allclose(explainer.base_value[0], expected[0, -1], atol=2e-5)


# -- partial dependence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variables", [0, ["x1", "x2"]])
def test_brute_partial_dependence_agrees_with_sklearn(classifier, variables):
    from sklearn.inspection import partial_dependence

    X, _, _, weight = sample(300, seed=10)
    ours = inspection.partial_dependence(
        classifier, X, variables, weight, grid_points=9, individual=variables == 0, answer="score"
    )
    columns = [0] if variables == 0 else [1, 2]
    theirs = partial_dependence(
        classifier,
        X.astype(np.float64),
        columns,
        sample_weight=weight,
        custom_values=dict(zip(columns, ours.grid, strict=True)),
        response_method="decision_function",
        method="brute",
        kind="both" if variables == 0 else "average",
    )
    np.testing.assert_allclose(ours.average, theirs["average"][0], rtol=1e-10, atol=1e-12)
    if variables == 0:
        np.testing.assert_allclose(ours.individual, theirs["individual"][0], rtol=1e-10, atol=1e-12)
        spread = ours.individual - ours.average
        error = np.sqrt(((weight[:, None] * spread) ** 2).sum(axis=0)) / weight.sum()
        np.testing.assert_allclose(ours.error, error, rtol=1e-9)


def test_partial_dependence_recursion_agrees_with_sklearn():
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.inspection import partial_dependence

    X, _, target, _ = sample(400, seed=11)
    theirs = GradientBoostingRegressor(n_estimators=12, max_depth=3, random_state=0).fit(X, target)
    trees = []
    for one in theirs.estimators_[:, 0]:
        tree = one.tree_
        trees.append(
            {
                "feature": np.where(tree.feature < 0, -1, tree.feature).astype(np.int32),
                # <= goes left there, < here: the next float up
                "threshold": np.nextafter(tree.threshold.astype(np.float64), np.inf),
                "left": tree.children_left.astype(np.int32),
                "right": tree.children_right.astype(np.int32),
                "missing_right": np.zeros(tree.node_count, np.uint8),
                "value": theirs.learning_rate * tree.value[:, 0, 0],
                "weight": tree.weighted_n_node_samples,
            }
        )
    forest = _core.Forest(5, trees)
    for columns in ([0], [1, 2]):
        ours = inspection.partial_dependence(forest, X, columns, grid_points=7, method="recursion", answer="score")
        expected = partial_dependence(
            theirs, X, columns, method="recursion", custom_values=dict(zip(columns, ours.grid, strict=True))
        )
        np.testing.assert_allclose(ours.average, expected["average"][0], rtol=1e-10, atol=1e-12)
        assert np.isnan(ours.error).all()


def test_partial_dependence_recursion_by_definition():
    generator = np.random.default_rng(12)
    trees = [reference.random_tree(generator, 4, 9, zero_weight=True) for _ in range(6)]
    weights = generator.uniform(0.1, 1.0, 6)
    grid = reference.events_like(generator, 11, 2)
    for aggregation in (_core.Aggregation.sum, _core.Aggregation.weighted_mean):
        forest = _core.Forest(
            4, trees, tree_weight=list(weights), base_score=[0.1, 0.2], n_outputs=2, aggregation=aggregation
        )
        scores = _core.partial_dependence(forest, [1, 3], grid)
        for point, of_point in zip(grid, scores, strict=True):
            event = np.zeros(4, np.float32)
            event[[1, 3]] = point
            answers = [reference.conditional_expectation(tree, event, frozenset({1, 3})) for tree in trees]
            for k in range(2):
                norm = weights[k::2].sum() if aggregation == _core.Aggregation.weighted_mean else 1.0
                expected = [0.1, 0.2][k] + float(np.dot(weights[k::2], answers[k::2])) / norm
                assert of_point[k] == pytest.approx(expected, abs=1e-12)


def test_the_grid_follows_the_weights():
    generator = np.random.default_rng(13)
    X = np.sort(generator.normal(size=(1001, 1)), axis=0).astype(np.float32)
    model = GradientBoostedTreesRegressor(n_estimators=2, n_jobs=1).fit(X, X[:, 0])
    weight = np.zeros(1001)
    weight[600:801] = 1.0
    grid = inspection.partial_dependence(model, X, 0, weight, grid_points=5).grid[0]
    np.testing.assert_allclose(grid, np.linspace(X[610, 0], X[790, 0], 5), rtol=1e-6)
    few = np.repeat(np.array([1.0, 2.0, 7.0], np.float32), 10)[:, None]
    grid = inspection.partial_dependence(model, few, 0).grid[0]
    np.testing.assert_array_equal(grid, [1.0, 2.0, 7.0])


def test_partial_dependence_refuses_what_it_cannot_do(classifier):
    X, _, _, weight = sample(50)
    for arguments, words in (
        ({"variables": "x9"}, "there is no variable 'x9'"),
        ({"variables": [0, 0]}, "two different"),
        ({"variables": 0, "grid": [1.0, 0.0]}, "ascending"),
        ({"variables": 0, "method": "recursion"}, "answer='score'"),
        ({"variables": 0, "method": "recursion", "answer": "score", "sample_weight": weight}, "no sample_weight"),
        ({"variables": [0, 1], "individual": True}, "one variable"),
        ({"variables": 0, "sample_weight": -weight}, "positive sum"),
        ({"variables": 0, "output": 1}, "output"),
        ({"variables": 0, "grid_points": 1}, "grid_points"),
    ):
        with pytest.raises(_core.InvalidArgument, match=words):
            inspection.partial_dependence(classifier, X, **arguments)


# -- staged answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
def test_stages_are_the_forests_of_fewer_iterations(classes):
    X, y, _, weight = sample(500, classes=classes)
    model = GradientBoostedTreesClassifier(n_estimators=70, random_state=1, n_jobs=1, max_leaf_nodes=4)
    model.fit(X, y, weight)
    stages = list(model.staged_predict_proba(X))
    decisions = list(model.staged_decision_function(X))
    labels = list(model.staged_predict(X))
    assert len(stages) == len(decisions) == len(labels) == 70
    np.testing.assert_array_equal(stages[-1], model.predict_proba(X))
    np.testing.assert_array_equal(decisions[-1], model.decision_function(X))
    np.testing.assert_array_equal(labels[-1], model.predict(X))
    shorter = GradientBoostedTreesClassifier(n_estimators=23, random_state=1, n_jobs=1, max_leaf_nodes=4)
    shorter.fit(X, y, weight)
    np.testing.assert_array_equal(decisions[22], shorter.decision_function(X))
    np.testing.assert_array_equal(labels[22], shorter.predict(X))


@pytest.mark.parametrize(
    "model",
    [
        AdaBoostTreesClassifier(n_estimators=12),
        AdaBoostTreesClassifier(n_estimators=12, algorithm="real"),
        AdaBoostTreesRegressor(n_estimators=12, max_depth=3, min_weight_fraction_leaf=0.05, loss="linear"),
        GradientBoostedTreesRegressor(n_estimators=12, n_jobs=1),
        RandomForestClassifier(n_estimators=12, n_jobs=1),
        RandomForestRegressor(n_estimators=12, n_jobs=1),
    ],
    ids=lambda m: f"{type(m).__name__}-{getattr(m, 'algorithm', '')}",
)
def test_stages_of_other_trees(model):
    X, y, target, _ = sample(400)
    regressor = type(model).__name__.endswith("Regressor")
    model.fit(X, target if regressor else y)
    stages = list(model.staged_predict(X))
    np.testing.assert_array_equal(stages[-1], model.predict(X))
    forest = model.predictor_
    part = _core.Forest(
        5,
        [forest.tree(t) for t in range(7)],
        tree_weight=forest.tree_weight[:7].tolist(),
        base_score=forest.base_score.tolist(),
        aggregation=forest.aggregation,
        link=forest.link,
    )
    if regressor:
        np.testing.assert_array_equal(stages[6], part.evaluate(X)[:, 0])
    else:
        decision = list(model.staged_decision_function(X))[6]
        expected = part.evaluate(X)[:, 0]
        if getattr(model, "algorithm", "") == "real":
            expected = 2 * expected - 1
        if isinstance(model, RandomForestClassifier):
            expected = expected - 0.5
        np.testing.assert_array_equal(decision, expected)


def test_tree_learning_curve(classifier):
    X, y, _, weight = sample()
    test_X, test_y, _, test_weight = sample(400, seed=14)
    samples = {"training": (X, y, weight), "test": (test_X, test_y, test_weight)}
    curve = inspection.tree_learning_curve(classifier, samples)
    stages = list(classifier.staged_predict_proba(test_X))
    expected = [roc_curve(test_y == 1, stage[:, 1], test_weight).integral for stage in stages]
    np.testing.assert_allclose(curve.validation, expected, rtol=1e-12)
    np.testing.assert_array_equal(curve.iteration, np.arange(1, 31))
    assert len(curve.training) == 30
    loss = inspection.tree_learning_curve(classifier, {"training": (X, y, weight)}, metric="log_loss")
    np.testing.assert_allclose(loss.training, classifier.training_loss_[1:], rtol=1e-6)
    assert loss.validation is None
    with pytest.raises(_core.InvalidArgument, match="samples"):
        inspection.tree_learning_curve(classifier, {"test": (X, y)})
