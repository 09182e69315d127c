"""scikit-learn's own checks of the estimators over TMVA's trees, without exceptions."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

from diskern import (
    AdaBoostTreesClassifier,
    AdaBoostTreesRegressor,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
)


@parametrize_with_checks(
    [
        AdaBoostTreesClassifier(n_estimators=20),
        AdaBoostTreesClassifier(n_estimators=20, algorithm="real", max_bins=None),
        AdaBoostTreesRegressor(n_estimators=20),
        DecisionTreeClassifier(),
        DecisionTreeClassifier(max_depth=None, min_weight_fraction_leaf=0.0, max_bins=None),
        DecisionTreeRegressor(),
    ]
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)
