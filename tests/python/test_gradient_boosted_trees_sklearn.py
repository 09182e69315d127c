"""scikit-learn's own checks of an estimator, without exceptions."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor


@parametrize_with_checks(
    [
        GradientBoostedTreesClassifier(n_estimators=10),
        GradientBoostedTreesRegressor(n_estimators=30),
        # Small leaves, so that the checks on few events see real trees.
        # The check of class weights has leaves of weight 1e-4 beside 1e3, where a Newton step knows no bound.
        GradientBoostedTreesClassifier(n_estimators=10, min_samples_leaf=1, min_child_weight=1e-3),
        GradientBoostedTreesRegressor(n_estimators=30, min_samples_leaf=1),
    ]
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)
