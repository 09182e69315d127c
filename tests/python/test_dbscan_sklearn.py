"""scikit-learn's own tests of its DBSCAN, run against ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn_suite

SPARSE = "sparse matrices are not taken"
PRECOMPUTED = "matrices of distances (metric='precomputed') are not taken"
CALLABLE = "functions as metrics are not taken"
# What differs from scikit-learn, and why. Whole names, as regular expressions.
DIFFERENCES = {
    r"test_dbscan_similarity": PRECOMPUTED,
    r"test_dbscan_sparse\[.*\]": SPARSE,
    r"test_dbscan_sparse_precomputed.*": PRECOMPUTED,
    r"test_dbscan_input_not_modified\[csr_.*-minkowski\]": SPARSE,
    r"test_dbscan_input_not_modified\[.*-precomputed\]": PRECOMPUTED,
    r"test_dbscan_input_not_modified_precomputed_sparse_nodiag\[.*\]": PRECOMPUTED,
    r"test_dbscan_no_core_samples\[.*\]": SPARSE,
    r"test_dbscan_callable": CALLABLE,
    r"test_dbscan_balltree": PRECOMPUTED,
    r"test_weighted_dbscan\[.*\]": PRECOMPUTED,
    r"test_dbscan_precomputed_metric_with_.*": PRECOMPUTED,
    r"test_dbscan_no_warning_(un|pre)sorted_precomputed": PRECOMPUTED,
}


@pytest.mark.slow
def test_scikit_learns_own_tests(tmp_path: Path) -> None:
    # The function dbscan of that module makes its DBSCAN by the name that is replaced here.
    ours = "diskern.estimators.dbscan.DBSCAN"
    replace = {"sklearn.cluster.DBSCAN": ours, "sklearn.cluster._dbscan.DBSCAN": ours}
    failed, passed = sklearn_suite.run("sklearn.cluster.tests.test_dbscan", replace, tmp_path)
    assert passed >= 9
    sklearn_suite.compare(failed, DIFFERENCES)
