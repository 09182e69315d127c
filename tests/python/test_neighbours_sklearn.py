"""scikit-learn's own checks and its own tests of its neighbour estimators, run against ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_suite
from diskern import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors


@parametrize_with_checks(
    [
        NearestNeighbors(),
        KNeighborsClassifier(),
        KNeighborsClassifier(weights="distance", metric="manhattan"),
        KNeighborsRegressor(),
        KNeighborsRegressor(weights="distance", p=3),
    ]
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


SPARSE = "sparse matrices are not taken"
METRIC = "a metric that is not offered"
OBJECT = "metrics as objects of sklearn.metrics are not taken"
PRECOMPUTED = "matrices of distances (metric='precomputed') are not taken"
OTHERS = (
    "braycurtis|canberra|correlation|cosine|dice|hamming|jaccard|mahalanobis|nan_euclidean|rogerstanimoto|russellrao"
    "|seuclidean|sokalmichener|sokalsneath|sqeuclidean|yule"
)
# What differs from scikit-learn, and why. Whole names, as regular expressions.
DIFFERENCES = {
    r"test_(unsupervised_kneighbors|neigh_predictions_algorithm_agnosticity)\[.*DM_euclidean.*\]": OBJECT,
    r"test_neighbors_metrics\[.*DM_euclidean\]": OBJECT,
    r"test_valid_brute_metric_for_auto_algorithm\[.*\]": METRIC + ", and sparse matrices",
    rf"test_(kneighbors|radius_neighbors)_brute_backend\[.*-({OTHERS})\]": METRIC,
    rf"test_neighbors_metrics\[.*-({OTHERS})\]": METRIC,
    r"test_neighbors_metrics\[.*-haversine\]": "a k-d tree of unit vectors is not refused",
    r"test_neighbors_metrics\[.*-minkowski\]": "a k-d tree with weights of the dimensions is not refused",
    r"test_neighbors_minkowski_semimetric_algo_(warn|error)\[.*\]": "the search is exact for p < 1 whatever its name",
    r"test_auto_algorithm\[.*\]": "no private attribute _fit_method",
    r"test_radius_neighbors_sort_results\[brute-(precomputed|euclidean1)\]": PRECOMPUTED + ", nor sparse ones",
    r"test_neighbors_validate_parameters\[.*\]": SPARSE,
    r"test_unsupervised_inputs\[.*\]": "trees and fitted estimators instead of points are not taken",
    r"test_sparse_metric_callable\[.*\]": SPARSE,
    r"test_radius_neighbors_returns_array_of_objects\[.*\]": SPARSE,
    r"test_radius_neighbors_parallel_array_radius\[.*\]": "one radius for all queries (arrays are undocumented there)",
    r"test_predict_sparse_ball_kd_tree\[.*\]": SPARSE,
    r"test_precomputed_.*": PRECOMPUTED,
    r"test_nan_euclidean_support\[.*\]": METRIC,
    r"test_pipeline_with_nearest_neighbors_transformer": PRECOMPUTED,
    r"test_pairwise_boolean_distance": METRIC,
    r"test_kneighbors_(regressor|classifier)_sparse\[?.*": SPARSE,
    r"test_callable_metric": METRIC,
}


@pytest.mark.slow
def test_scikit_learns_own_tests(tmp_path: Path) -> None:
    ours = "diskern.estimators.neighbours."
    replace = {
        f"sklearn.neighbors.{name}": ours + name
        for name in ("NearestNeighbors", "KNeighborsClassifier", "KNeighborsRegressor")
    }
    # By this class the module tells apart who takes n_neighbors.
    replace["sklearn.neighbors._base.KNeighborsMixin"] = ours + "_NeighboursBase"
    failed, passed = sklearn_suite.run("sklearn.neighbors.tests.test_neighbors", replace, tmp_path)
    assert passed > 400
    sklearn_suite.compare(failed, DIFFERENCES)
