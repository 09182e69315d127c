"""The options of the bookable method GradientBoostedTrees: each does what the estimator's parameter does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, InvalidArgument
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.gradient_boosted_trees import GradientBoostedTrees

LABELS = ("pt", "eta", "m", "phi")


def events(n: int = 1200) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    z = X[:, 0] + X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=n)
    return X, z > 0, z


def train(
    analysis_type: Any,
    y: NDArray[Any],
    X: NDArray[np.float32],
    weight: NDArray[np.float64] | None = None,
    **values: Any,
) -> Any:
    defaults = GradientBoostedTrees.defaults(analysis_type)
    assert values.keys() <= defaults.keys()
    regression = analysis_type == "Regression"
    sample = TrainingSample(
        variables=X,
        class_index=np.zeros(len(X), np.int32) if regression else np.where(y, 0, 1).astype(np.int32),
        targets=np.asarray(y, np.float32)[:, None] if regression else np.zeros((len(X), 0), np.float32),
        weight=np.ones(len(X)) if weight is None else weight,
        variable_labels=LABELS,
        variable_types=("F",) * 4,
        class_names=() if regression else ("Signal", "Background"),
    )
    return GradientBoostedTrees("GBT", analysis_type, defaults | values).train(sample, threads=1)


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"L1Regularization": 3.0}, {"l1_regularization": 3.0}),
    ({"MaxLeafValue": 0.5}, {"max_leaf_value": 0.5}),
    ({"MinEffectiveCount": 60.0}, {"min_effective_count": 60.0}),
    ({"MonotoneConstraints": "+pt| -eta"}, {"monotone_constraints": [1, -1, 0, 0]}),
    ({"InteractionConstraints": "pt|m ; eta|phi"}, {"interaction_constraints": [[0, 2], [1, 3]]}),
    ({"InteractionConstraints": "NoInteractions"}, {"interaction_constraints": "no_interactions"}),
    ({"BoostingMode": "GOSS", "GOSSTopFraction": 0.3}, {"boosting": "goss", "goss_top_fraction": 0.3}),
    ({"BoostingMode": "DART", "DropoutRate": 0.5}, {"boosting": "dart", "dropout_rate": 0.5}),
    ({"ColumnFractionTree": 0.5}, {"column_fraction_tree": 0.5}),
    ({"ColumnFractionLevel": 0.5}, {"column_fraction_level": 0.5}),
    ({"ColumnFractionNode": 0.5}, {"column_fraction_node": 0.5}),
]


@pytest.mark.parametrize(("booked", "parameters"), CASES, ids=[next(iter(booked)) for booked, _ in CASES])
def test_options_are_the_parameters_of_the_estimator(booked: dict[str, Any], parameters: dict[str, Any]) -> None:
    X, y, _ = events()
    method = train("Classification", y, X, NTrees=10, **booked).predictor.evaluate(X)[:, 0]
    model = GradientBoostedTreesClassifier(n_estimators=10, random_state=1, **parameters).fit(X, y)
    np.testing.assert_array_equal(method, model.predict_proba(X)[:, 1])
    plain = GradientBoostedTreesClassifier(n_estimators=10, random_state=1).fit(X, y)
    assert not np.array_equal(method, plain.predict_proba(X)[:, 1])


@pytest.mark.parametrize(
    ("booked", "parameters"),
    [
        ({"Loss": "AbsoluteDeviation"}, {"loss": "absolute_error"}),
        ({"Loss": "Huber", "HuberQuantile": 0.7}, {"loss": "huber", "huber_quantile": 0.7}),
        ({"Loss": "Quantile", "Quantile": 0.9}, {"loss": "quantile", "quantile": 0.9}),
        ({"Loss": "Poisson"}, {"loss": "poisson"}),
        ({"Loss": "Gamma"}, {"loss": "gamma"}),
        ({"Loss": "Tweedie", "TweediePower": 1.2}, {"loss": "tweedie", "tweedie_power": 1.2}),
    ],
    ids=lambda case: next(iter(case.values())),
)
def test_losses_of_regression(booked: dict[str, Any], parameters: dict[str, Any]) -> None:
    X, _, z = events()
    y = np.exp(0.3 * z).astype(np.float32)
    method = train("Regression", y, X, NTrees=10, **booked).predictor.evaluate(X)[:, 0]
    model = GradientBoostedTreesRegressor(n_estimators=10, **parameters).fit(X, y.astype(float))
    np.testing.assert_array_equal(method, model.predict(X))


@pytest.mark.parametrize(
    ("booked", "message"),
    [
        ({"MonotoneConstraints": "pt"}, r"signs and labels such as '\+m\|-pt', got 'pt'"),
        ({"MonotoneConstraints": "+mass"}, "names the variable 'mass', there are pt, eta, m, phi"),
        ({"MonotoneConstraints": "+pt|-pt"}, "'pt' twice"),
        ({"InteractionConstraints": "pt|mass"}, "names the variable 'mass'"),
        ({"Loss": "Huber"}, "one of regression"),
        ({"EarlyStoppingMetric": "RMSE"}, "for regression"),
        ({"BoostingMode": "GOSS", "SubsampleFraction": 0.5}, "subsample must be 1"),
    ],
)
def test_wrong_options_are_clear_errors(booked: dict[str, Any], message: str) -> None:
    X, y, _ = events(100)
    with pytest.raises(InvalidArgument, match=message):
        train("Classification", y, X, **booked)


def test_options_of_another_choice_are_told() -> None:
    defaults = GradientBoostedTrees.defaults("Classification")
    method = GradientBoostedTrees("GBT", "Classification", defaults | {"DropoutRate": 0.5, "BoostingMode": "GOSS"})
    told = method.without_effect({"DropoutRate", "BoostingMode", "NTrees"})
    assert told == {"DropoutRate": "it belongs to BoostingMode=DART"}


def test_notes_say_where_cancellation_misleads() -> None:
    X, y, _ = events()
    rng = np.random.default_rng(4)
    signs = lambda fraction: np.where(rng.random(len(X)) < fraction, -1.0, 1.0)  # noqa: E731
    assert not any("negative weights" in note for note in train("Classification", y, X, NTrees=5).notes)
    few = train("Classification", y, X, np.where(np.arange(len(X)) == 0, -1.0, 1.0), NTrees=1, MaxDepth=1).notes
    assert [note for note in few if note.startswith("negative weights: 0.1% of the sum")]
    assert "mislead" not in " ".join(few)
    many = " ".join(train("Classification", y, X, signs(0.3), NTrees=5).notes)
    assert "leaves: cancellation" in many
    assert "mislead" in many
