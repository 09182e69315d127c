"""scikit-learn's own tests of KMeans and MiniBatchKMeans, run against ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn_suite

SPARSE = "sparse matrices are refused"
PRIVATE = "the test calls a private method of scikit-learn's class"
# What differs from scikit-learn, and why. Whole names, as regular expressions.
DIFFERENCES = {
    r"test_.*\[.*(sparse_(matrix|array)|X_csr\d).*\]": SPARSE,
    r"test_predict_does_not_change_cluster_centers\[csr_(matrix|array)\]": SPARSE,
    r"test_sample_weight_(init|zero)\[.*\]": PRIVATE,
}


@pytest.mark.slow
def test_scikit_learns_own_tests(tmp_path: Path) -> None:
    replace = {
        "sklearn.cluster.KMeans": "diskern.estimators.kmeans.KMeans",
        "sklearn.cluster.MiniBatchKMeans": "diskern.estimators.mini_batch_kmeans.MiniBatchKMeans",
    }
    failed, passed = sklearn_suite.run("sklearn.cluster.tests.test_k_means", replace, tmp_path)
    assert passed > 120
    sklearn_suite.compare(failed, DIFFERENCES)
