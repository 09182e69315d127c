"""scikit-learn's own tests of PCA, run against ours. What differs is listed here with its reason, and must differ."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

_SPARSE = "sparse matrices are refused: events are dense"
_DIFFERENT = (
    (r"test_pca_sparse\[", _SPARSE),
    (r"test_pca_sparse_fit_transform\[", _SPARSE),
    (r"test_sparse_pca_solver_error\[", _SPARSE + ", with scikit-learn's error of dense estimators"),
    (r"test_sparse_pca_auto_arpack_singular_values_consistency\[", _SPARSE),
    (
        r"test_pca_score\[",
        "the likelihood of events does not depend on whiten; scikit-learn's get_covariance scales the components of a "
        "whitened PCA once more, so that its score is lower",
    ),
)

_spec = importlib.util.find_spec("sklearn.decomposition.tests.test_pca")
if _spec is None or _spec.origin is None:
    pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
_source = Path(_spec.origin).read_text(encoding="utf-8")
_import = "from sklearn.decomposition import PCA\n"
assert _import in _source
_source = _source.replace(_import, "from diskern import PCA\n")
# pytest wants a collection to parametrize over, not an iterator.
_source = re.sub(r"(?m)^    (yield_namespace_device_dtype_combinations\(\)),$", r"    [*\1],", _source)
# One density and scale of sparse matrices is enough to see that they are refused.
_source = _source.replace('"density", [0.01, 0.1, 0.30]', '"density", [0.1]').replace(
    '"scale", [1, 10, 100]', '"scale", [1]'
)
exec(compile(_source, _spec.origin, "exec"))


@pytest.fixture
def global_random_seed() -> int:
    """Fixtures of scikit-learn's conftest.py."""
    return 42


@pytest.fixture(params=[np.float64, np.float32])
def global_dtype(request: pytest.FixtureRequest) -> type:
    return request.param


@pytest.fixture(autouse=True)
def expect_the_differences(request: pytest.FixtureRequest) -> None:
    for pattern, reason in _DIFFERENT:
        if re.match(pattern, request.node.name):
            request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def test_it_is_ours() -> None:
    assert PCA.__module__ == "diskern.estimators.pca"  # type: ignore[name-defined]  # noqa: F821
