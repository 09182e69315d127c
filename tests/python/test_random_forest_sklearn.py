"""scikit-learn's own checks of the forests."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

from diskern import (
    BaggingTreesClassifier,
    BaggingTreesRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)


def expected_failures(estimator: Any) -> dict[str, str]:
    """The draws of an event of weight two are not those of two events (scikit-learn's own forests list the same)."""
    if estimator.bootstrap:
        reason = "events are drawn at random, each whatever its weight"
        return {"check_sample_weight_equivalence_on_dense_data": reason}
    return {}


@parametrize_with_checks(
    [
        RandomForestClassifier(n_estimators=10),
        RandomForestRegressor(n_estimators=10),
        ExtraTreesClassifier(n_estimators=10),
        ExtraTreesRegressor(n_estimators=10),
        BaggingTreesClassifier(n_estimators=10, bootstrap=False),
        BaggingTreesRegressor(n_estimators=10, bootstrap=False),
    ],
    expected_failed_checks=expected_failures,
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)
