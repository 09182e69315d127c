"""The losses of the boosting engine: leaves against their definition, peers on the same data, custom losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boosting_support import RNG, arrays, events_for, fit, same_model
from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, _core

Kind = _core.LossKind
ALL = ["one_vs_all", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]


def sample(loss: str, n: int = 3000, seed: int = 1) -> tuple[NDArray[np.float32], dict[str, Any]]:
    if loss == "one_vs_all":
        X, answer = events_for("multiclass", n, seed)
        return X, {**answer, "loss": Kind.one_vs_all}
    X, answer = events_for("regression", n, seed)
    y = answer["target"]
    if loss in ("poisson", "tweedie"):
        y = RNG(seed).poisson(np.exp(0.5 * y)).astype(float)
    if loss == "gamma":
        y = np.exp(0.5 * y)
    return X, {"target": y, "loss": Kind.__members__[loss]}


def leaves_of(tree: dict[str, Any], X: NDArray[Any]) -> NDArray[np.intp]:
    node = np.zeros(len(X), np.intp)
    feature, threshold = np.asarray(tree["feature"]), np.asarray(tree["threshold"])
    left, right, missing = (np.asarray(tree[key]) for key in ("left", "right", "missing_right"))
    while (inner := feature[node] >= 0).any():
        x = X[np.arange(len(X)), np.maximum(feature[node], 0)].astype(float)
        to_right = np.where(np.isnan(x), missing[node] != 0, x >= threshold[node])
        node = np.where(inner, np.where(to_right, right[node], left[node]), node)
    return node


@pytest.mark.parametrize("loss", ALL)
def test_threads_do_not_matter(loss: str) -> None:
    X, answer = sample(loss, 9000)
    weight = RNG(2).exponential(size=len(X))
    models = [fit(X, weight, threads=threads, n_estimators=5, **answer) for threads in (1, 2, 3, 5, 8)]
    for model in models[1:]:
        same_model(models[0], model)


@pytest.mark.parametrize("loss", ALL)
def test_integer_weight_is_a_repeated_event(loss: str) -> None:
    X, answer = sample(loss, 1500)
    weight = RNG(3).integers(1, 5, len(X))
    repeated = {key: np.repeat(v, weight) if isinstance(v, np.ndarray) else v for key, v in answer.items()}
    a = fit(X, weight, n_estimators=8, **answer)
    b = fit(np.repeat(X, weight, axis=0), n_estimators=8, **repeated)
    for one, other in zip(arrays(a), arrays(b), strict=True):
        for key in ("feature", "threshold", "left", "right", "value"):
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)
    np.testing.assert_array_equal(a.predictor.base_score, b.predictor.base_score)


@pytest.mark.parametrize("loss", ALL)
def test_order_of_events_does_not_matter(loss: str) -> None:
    X, answer = sample(loss, 1500)
    order = RNG(5).permutation(len(X))
    shuffled = {key: v[order] if isinstance(v, np.ndarray) else v for key, v in answer.items()}
    weight = RNG(3).exponential(size=len(X))
    same_model(fit(X, weight, n_estimators=6, **answer), fit(X[order], weight[order], n_estimators=6, **shuffled))


@pytest.mark.parametrize("loss", ALL)
def test_training_loss_falls(loss: str) -> None:
    X, answer = sample(loss)
    history = np.asarray(fit(X, n_estimators=30, **answer).training_loss)
    assert history[-1] < history[0]
    if loss != "huber":  # its scale changes
        assert (np.diff(history) <= 1e-12).all()


@pytest.mark.parametrize(("loss", "q"), [("quantile", 0.1), ("quantile", 0.9), ("absolute_error", 0.5)])
def test_leaves_are_weighted_quantiles_of_the_residuals(loss: str, q: float) -> None:
    """No other value has less of the loss in any leaf (Friedman 2001): checked at every residual of the leaf."""
    X, answer = sample(loss, 800)
    weight = RNG(4).exponential(size=len(X))
    if loss == "quantile":
        answer["quantile"] = q
    result = fit(X, weight, n_estimators=2, learning_rate=0.7, max_leaf_nodes=8, **answer)
    y = answer["target"]
    score = np.full(len(y), result.predictor.base_score[0])

    def pinball(residual: NDArray[Any], w: NDArray[Any]) -> float:
        return float(np.sum(w * np.where(residual > 0, q * residual, (q - 1) * residual)))

    base = [pinball(y - value, weight) for value in y]
    assert pinball(y - score, weight) <= min(base) * (1 + 1e-12)
    for tree in arrays(result):
        leaf = leaves_of(tree, X)
        value = np.asarray(tree["value"])
        for node in np.unique(leaf):
            r, w = (y - score)[leaf == node], weight[leaf == node]
            least = min(pinball(r - step, w) for step in r)
            assert pinball(r - value[node] / 0.7, w) <= least * (1 + 1e-9) + 1e-12
        score = score + value[leaf]


def test_huber_leaves_are_friedman_s() -> None:
    X, answer = sample("huber", 700)
    y = answer["target"]
    result = fit(X, n_estimators=1, learning_rate=1.0, max_leaf_nodes=6, huber_quantile=0.8, **answer)
    ordered = np.sort(y)
    start = ordered[int(np.ceil(0.5 * len(y))) - 1]
    assert result.predictor.base_score[0] == start
    residual = y - start
    delta = np.sort(np.abs(residual))[int(np.ceil(0.8 * len(y))) - 1]
    expected_loss = np.where(np.abs(residual) <= delta, residual**2 / 2, delta * (np.abs(residual) - delta / 2))
    assert result.training_loss[0] == pytest.approx(expected_loss.mean(), rel=1e-12)
    tree = arrays(result)[0]
    leaf = leaves_of(tree, X)
    for node in np.unique(leaf):
        r = residual[leaf == node]
        median = np.sort(r)[int(np.ceil(0.5 * len(r))) - 1]
        expected = median + np.mean(np.sign(r - median) * np.minimum(delta, np.abs(r - median)))
        assert tree["value"][node] == pytest.approx(expected, rel=1e-9)


def test_quantile_covers_what_it_says() -> None:
    rng = RNG(6)
    X = rng.normal(size=(20000, 3))
    y = X[:, 0] + (1 + 0.5 * np.abs(X[:, 1])) * rng.normal(size=len(X))
    for q in (0.1, 0.5, 0.9):
        model = GradientBoostedTreesRegressor(loss="quantile", quantile=q, n_estimators=60, n_jobs=2)
        model.fit(X[:10000], y[:10000])
        assert np.mean(y[10000:] <= model.predict(X[10000:])) == pytest.approx(q, abs=0.02)


def deviance(loss: str, y: NDArray[Any], mean: NDArray[Any]) -> float:
    from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance, mean_tweedie_deviance

    if loss == "poisson":
        return float(mean_poisson_deviance(y, mean))
    if loss == "gamma":
        return float(mean_gamma_deviance(y, mean))
    return float(mean_tweedie_deviance(y, mean, power=1.5))


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_deviance_is_that_of_a_peer(loss: str) -> None:
    rng = RNG(8)
    X = rng.normal(size=(8000, 4))
    mean = np.exp(0.5 * X[:, 0] + 0.3 * X[:, 1] * X[:, 2])
    y = rng.gamma(2.0, mean / 2.0) if loss == "gamma" else rng.poisson(mean).astype(float)
    train, test = slice(0, 4000), slice(4000, None)
    settings: dict[str, Any] = {"n_estimators": 60, "learning_rate": 0.1, "n_jobs": 2}
    ours = GradientBoostedTreesRegressor(loss=loss, **settings).fit(X[train], y[train]).predict(X[test])
    assert (ours > 0).all()
    if loss == "tweedie":
        lightgbm = pytest.importorskip("lightgbm")
        peer = lightgbm.LGBMRegressor(objective="tweedie", tweedie_variance_power=1.5, verbose=-1, **settings)
        theirs = peer.fit(X[train], y[train]).predict(X[test])
    else:
        from sklearn.ensemble import HistGradientBoostingRegressor

        peer = HistGradientBoostingRegressor(loss=loss, max_iter=60, learning_rate=0.1, early_stopping=False)
        theirs = peer.fit(X[train], y[train]).predict(X[test])
    least = deviance(loss, y[test], mean[test])
    constant = deviance(loss, y[test], np.full(4000, y[train].mean()))
    found = deviance(loss, y[test], ours)
    assert found < deviance(loss, y[test], theirs) * 1.02
    assert found - least < 0.3 * (constant - least)


def test_first_step_is_newton_s_of_the_log_link() -> None:
    X, answer = sample("poisson", 1000)
    y = answer["target"]
    result = fit(X, n_estimators=1, learning_rate=1.0, max_leaf_nodes=2, **answer)
    assert result.predictor.base_score[0] == pytest.approx(np.log(y.mean()), rel=1e-12)
    tree = arrays(result)[0]
    leaf = leaves_of(tree, X)
    for node in np.unique(leaf):
        expected = (y[leaf == node] - y.mean()).sum() / (y.mean() * np.sum(leaf == node))
        assert tree["value"][node] == pytest.approx(expected, rel=1e-9)


def test_one_vs_all_is_one_binary_model_per_class() -> None:
    X, answer = sample("one_vs_all", 220)  # every value has its bin: with more, the bins would look at the classes
    result = fit(X, n_estimators=4, **answer)
    scores = _core.raw_scores(result.predictor, X)
    for k in range(3):
        binary = fit(X, n_estimators=4, class_index=(answer["class_index"] == k).astype(np.int32))
        np.testing.assert_allclose(scores[:, k], _core.raw_scores(binary.predictor, X)[:, 0], rtol=1e-12, atol=1e-12)
    sigmoid = 1 / (1 + np.exp(-scores))
    responses = result.predictor.evaluate(X)
    np.testing.assert_allclose(responses, sigmoid / sigmoid.sum(axis=1, keepdims=True), rtol=1e-12)
    X, answer = sample("one_vs_all")
    model = GradientBoostedTreesClassifier(loss="one_vs_all", n_estimators=30).fit(X, answer["class_index"])
    assert model.score(X, answer["class_index"]) > 0.8


def test_all_small_probabilities_are_still_compared() -> None:
    leaf = {"feature": [-1], "threshold": [0.0], "left": [-1], "right": [-1], "missing_right": [0]}
    trees = [{**leaf, "value": [value]} for value in (-1000.0, -1001.0)]
    forest = _core.Forest(1, trees, n_outputs=2, link=_core.Link.normalised_logistic)
    np.testing.assert_allclose(
        forest.evaluate(np.zeros((1, 1), np.float32))[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))], rtol=1e-12
    )


# Custom losses


def logistic(score: Any, target: Any, weight: Any) -> tuple[Any, Any, Any]:
    p = 1 / (1 + np.exp(-score))
    return p - target, p * (1 - p), np.logaddexp(0, score) - target * score


def test_custom_logistic_loss_is_the_built_in_one() -> None:
    X, answer = events_for("binary")
    weight = RNG(2).exponential(size=len(X))
    y = answer["class_index"]
    balanced = np.where(y == 1, weight / weight[y == 1].sum(), weight / weight[y == 0].sum())  # both begin at 0
    own = fit(X, 1000 * balanced, class_index=y, n_estimators=10, loss_function=logistic)
    built_in = fit(X, 1000 * balanced, class_index=y, n_estimators=10)
    np.testing.assert_allclose(own.predictor.evaluate(X), built_in.predictor.evaluate(X), rtol=0, atol=1e-6)
    np.testing.assert_allclose(own.training_loss, built_in.training_loss, rtol=1e-6)


def test_custom_loss_of_the_estimators() -> None:
    X, answer = events_for("regression")
    y = np.exp(0.3 * answer["target"])

    def gamma(score: Any, target: Any, weight: Any) -> tuple[Any, Any]:
        assert len(score) == len(target) == len(weight)
        return 1 - target * np.exp(-score), target * np.exp(-score)

    model = GradientBoostedTreesRegressor(loss=gamma, loss_link="exponential", n_estimators=60).fit(X, y)
    built_in = GradientBoostedTreesRegressor(loss="gamma", n_estimators=60).fit(X, y)
    assert np.isnan(model.training_loss_).all()
    assert deviance("gamma", y, model.predict(X)) < 1.05 * deviance("gamma", y, built_in.predict(X)) + 1e-3
    with pytest.raises(_core.InvalidArgument, match="returns no values needs early_stopping_metric"):
        GradientBoostedTreesRegressor(loss=gamma, loss_link="exponential").fit(X, y, eval_set=(X, y))
    stopped = GradientBoostedTreesRegressor(
        loss=gamma, loss_link="exponential", early_stopping_metric="mae", n_estimators=30
    ).fit(X, y, eval_set=(X, y))
    assert stopped.validation_metric_[-1] == pytest.approx(np.abs(stopped.predict(X) - y).mean(), rel=1e-9)


def test_model_file_names_the_function_without_its_address() -> None:
    X, answer = events_for("binary", 300)
    model = GradientBoostedTreesClassifier(loss=logistic, n_estimators=2).fit(X, answer["class_index"])
    assert ["loss", "logistic"] in model._model_info()["options"]


def test_custom_multiclass_loss_gets_columns() -> None:
    X, answer = events_for("multiclass", 1000)
    shapes = []

    def softmax(score: Any, target: Any, weight: Any) -> tuple[Any, Any]:
        shapes.append(score.shape)
        p = np.exp(score - score.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p - np.eye(3)[target], p * (1 - p)

    model = fit(X, n_estimators=30, loss_function=softmax, **answer)
    assert set(shapes) == {(1000, 3)}
    responses = model.predictor.evaluate(X)
    np.testing.assert_allclose(responses.sum(axis=1), 1.0)
    assert (responses.argmax(axis=1) == answer["class_index"]).mean() > 0.85


class Broken(Exception):
    pass


def raising(score: Any, target: Any, weight: Any) -> Any:
    raise Broken("not today")


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (raising, Broken, "not today"),
        (lambda s, t, w: s, _core.InvalidArgument, "must return"),
        (lambda s, t, w: (s, s, s, s), _core.InvalidArgument, "must return"),
        (lambda s, t, w: (s[:-1], s), _core.InvalidArgument, r"gradient of shape \(199,\), expected \(200,\)"),
        (lambda s, t, w: (s, s[:, None]), _core.InvalidArgument, r"hessian of shape \(200, 1\)"),
        (lambda s, t, w: (s + np.nan, s), _core.InvalidArgument, "gradient that is not finite"),
        (lambda s, t, w: (s, s + np.inf), _core.InvalidArgument, "hessian that is not finite"),
        (lambda s, t, w: (s, s - 1), _core.InvalidArgument, "negative hessian"),
        (lambda s, t, w: ("a", s), ValueError, "gradient that is not an array of numbers"),
    ],
)
def test_errors_of_a_custom_loss_come_through(function: Any, error: type[Exception], message: str) -> None:
    X = RNG(1).normal(size=(200, 2))
    with pytest.raises(error, match=message):
        fit(X, target=X[:, 0], loss_function=function)


@pytest.mark.parametrize(
    ("loss", "target", "message"),
    [
        ("poisson", -1.0, "not negative, got -1"),
        ("tweedie", -1.0, "not negative"),
        ("gamma", 0.0, "positive, got 0"),
        ("poisson", 0.0, "mean of the targets"),
    ],
)
def test_targets_outside_the_loss_are_errors(loss: str, target: float, message: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=message):
        fit(np.zeros((5, 1)), target=np.full(5, target), loss=Kind.__members__[loss])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantile": 1.0}, "quantile must lie between 0 and 1"),
        ({"huber_quantile": 0.0}, "huber_quantile"),
        ({"tweedie_power": 2.0}, "tweedie_power"),
        ({"loss": Kind.log_loss}, "one of classification"),
        ({"loss_link": _core.Link.identity}, "loss_link"),
        ({"loss": Kind.huber, "loss_function": logistic}, "given twice"),
    ],
)
def test_wrong_settings_are_errors(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=message):
        fit(np.zeros((5, 1)), target=np.ones(5), **settings)
    if "loss" not in settings:
        return
    with pytest.raises(_core.InvalidArgument):
        fit(np.zeros((5, 1)), class_index=[0, 1, 0, 1, 1], loss=Kind.huber)
