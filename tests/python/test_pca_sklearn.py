"""scikit-learn's own tests of PCA, run against ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn_suite

# What differs from scikit-learn, and why. Whole names, as regular expressions.
DIFFERENCES = {
    r"test_sparse_pca_.*": "sparse matrices are refused: events are dense",
    r"test_pca_score\[.*": "the likelihood of events does not depend on whiten; scikit-learn's get_covariance scales "
    "the components of a whitened PCA once more, so that its score is lower",
}


@pytest.mark.slow
def test_scikit_learns_own_tests(tmp_path: Path) -> None:
    replace = {"sklearn.decomposition.PCA": "diskern.estimators.pca.PCA"}
    # Hundreds of sparse matrices, each of which is refused.
    failed, passed = sklearn_suite.run(
        "sklearn.decomposition.tests.test_pca", replace, tmp_path, without=("test_pca_sparse",)
    )
    assert passed > 140
    sklearn_suite.compare(failed, DIFFERENCES)
