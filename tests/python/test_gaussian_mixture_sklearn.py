"""scikit-learn's own tests of GaussianMixture, run against ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn_suite

WORDING = "the message is worded otherwise"
PRIVATE = "the test looks at private functions of scikit-learn's class"
# What differs from scikit-learn, and why. Whole names, as regular expressions.
DIFFERENCES = {
    r"test_check_(weights|means|precisions)": WORDING,
    r"test_regularisation": WORDING,
    r"test_sample": WORDING,
    r"test_gaussian_mixture_precisions_init\[.*\]": PRIVATE,
    r"test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters.*": PRIVATE,
}


@pytest.mark.slow
def test_scikit_learns_own_tests(tmp_path: Path) -> None:
    ours = "diskern.estimators.gaussian_mixture.GaussianMixture"
    replace = {
        "sklearn.mixture.GaussianMixture": ours,
        "sklearn.mixture._gaussian_mixture.GaussianMixture": ours,
    }
    failed, passed = sklearn_suite.run("sklearn.mixture.tests.test_gaussian_mixture", replace, tmp_path)
    assert passed > 40
    sklearn_suite.compare(failed, DIFFERENCES)
