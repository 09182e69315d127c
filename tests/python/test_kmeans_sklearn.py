"""scikit-learn's own tests of KMeans and MiniBatchKMeans, run with ours in their place.

The test module of the installed scikit-learn is collected in a process of its own, in which the plugin
``kmeans_as_sklearn`` has replaced the two estimators. What differs on purpose stands in ``DIFFERENT`` with its reason;
any other failure fails here, and so does an entry that is no difference any more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

# What a failure says -> why it is one.
DIFFERENT = {
    "TypeError: Sparse data was passed for X, but dense data is required": "sparse matrices are refused",
    "object has no attribute '_init_centroids'": "the test calls a private method of scikit-learn's class",
}
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Outcome and message of every test of the module."""
    report = tmp_path_factory.mktemp("sklearn") / "report.xml"
    module = Path(sklearn.__file__).parent / "cluster" / "tests" / "test_k_means.py"
    if not module.exists():
        pytest.skip("this scikit-learn was installed without its tests")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "kmeans_as_sklearn",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    command += ["-c", os.devnull, "--rootdir", str(module.parents[2]), f"--junitxml={report}", str(module)]
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=report.parent
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        kinds = {child.tag: f"{child.get('message')}\n{child.text}" for child in case}
        kind = next((kind for kind in ("failure", "error", "skipped") if kind in kinds), "passed")
        found[str(case.get("name"))] = (kind, kinds.get(kind, ""))
    return found


def _listed(message: str) -> bool:
    return any(known in message for known in DIFFERENT)


def test_ours_is_what_ran(outcomes: dict[str, tuple[str, str]]) -> None:
    """The estimators are replaced, and nearly everything of the module ran."""
    passed = [name for name, (kind, _) in outcomes.items() if kind == "passed"]
    assert len(passed) > 120
    code = "import kmeans_as_sklearn; from sklearn.cluster import KMeans; print(KMeans.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "diskern.estimators.kmeans"


def test_nothing_differs_but_what_is_listed(outcomes: dict[str, tuple[str, str]]) -> None:
    unexpected = {
        name: message
        for name, (kind, message) in outcomes.items()
        if kind in ("failure", "error") and not _listed(message)
    }
    assert not unexpected, "\n".join(f"{name}: {message[:500]}" for name, message in unexpected.items())


def test_every_listed_difference_is_one(outcomes: dict[str, tuple[str, str]]) -> None:
    messages = [message for kind, message in outcomes.values() if kind in ("failure", "error")]
    for known in DIFFERENT:
        assert any(known in message for message in messages), f"{known!r} differs no longer"
