"""Ctrl-C ends a long clustering, search or projection within a second or two; nothing half done is held."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each would take minutes. The signal comes from a timer thread of the process itself, as in test_interrupt.py.
SCRIPT = """
import os, signal, sys, tempfile, threading, time
import numpy as np
import diskern

generator = np.random.default_rng(1)
{setup}
sent = []

def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

threading.Timer(0.7, interrupt).start()
try:
    {work}
except KeyboardInterrupt:
    print(time.monotonic() - sent[0], bool({held}))
    sys.exit(0)
sys.exit("it ended by itself")
"""

FITTED = 'any(name.endswith("_") and not name.startswith("_") for name in vars(estimator))'
# set-up, work, whether something is held afterwards, whether something should be
WORKS = {
    "DBSCAN, weights and a wide eps": (
        "X = generator.uniform(size=(300_000, 2)); estimator = diskern.DBSCAN(eps=0.4, n_jobs=THREADS)",
        "estimator.fit(X, sample_weight=generator.uniform(size=len(X)))",
        FITTED.replace("and not", 'and name != "n_features_in_" and not'),
        False,
    ),
    "DBSCAN, many dimensions": (
        "X = generator.normal(size=(150_000, 40))\n"
        "estimator = diskern.DBSCAN(eps=8.0, min_samples=100_000, n_jobs=THREADS)",
        "estimator.fit(X)",
        FITTED.replace("and not", 'and name != "n_features_in_" and not'),
        False,
    ),
    "nearest neighbours": (
        "X = generator.normal(size=(200_000, 40)); estimator = diskern.NearestNeighbors(n_jobs=THREADS).fit(X)",
        "found = estimator.kneighbors(X, 20)",
        '"found" in globals()',
        False,
    ),
    "k-means": (
        "X = generator.normal(size=(200_000, 20)).astype(np.float32)\n"
        "estimator = diskern.KMeans(2000, init=X[:2000], n_init=1, max_iter=100_000, tol=0, n_jobs=THREADS)",
        "estimator.fit(X)",
        "estimator.cluster_centers_.shape == (2000, 20) and estimator.n_iter_ >= 1",
        True,
    ),
    "k-means++": (
        "X = generator.normal(size=(200_000, 20)).astype(np.float32)\n"
        "estimator = diskern.KMeans(50_000, n_init=1, max_iter=1, n_jobs=THREADS)",
        "estimator.fit(X)",
        'hasattr(estimator, "cluster_centers_")',
        False,
    ),
    "PCA": (
        "X = np.broadcast_to(generator.normal(size=50), (2_000_000_000, 50))\n"
        "estimator = diskern.PCA(3, svd_solver='covariance_eigh', n_jobs=THREADS)",
        "estimator.fit(X)",
        'hasattr(estimator, "components_")',
        False,
    ),
    "DBSCAN in the Factory": (
        "from diskern.tmva import DataLoader, Factory\n"
        "names = [f'x{i}' for i in range(30)]\n"
        "data = DataLoader(tempfile.mkdtemp())\n"
        "for name in names: data.AddVariable(name)\n"
        "data.AddSignalTree({name: generator.normal(size=120_000).astype(np.float32) for name in names})\n"
        "data.AddBackgroundTree({name: generator.normal(size=120_000).astype(np.float32) for name in names})\n"
        "data.PrepareTrainingAndTestTree('', 'SplitMode=Random:!V')\n"
        "root = tempfile.mkdtemp() + '/job.root'\n"
        "factory = Factory('job', root, Silent=True)\n"
        "factory.BookMethod(data, 'DBSCAN', 'DBSCAN', 'Eps=6:MinSamples=50000')",
        "factory.TrainAllMethods()",
        "any(f.endswith('.diskern') for _, _, files in os.walk(os.path.dirname(root)) for f in files)",
        False,
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_signal_ends_it(name: str) -> None:
    pytest.importorskip("sklearn", reason="estimators need scikit-learn")
    setup, work, held, expected = WORKS[name]
    code = SCRIPT.format(setup=setup.replace("THREADS", "2"), work=work, held=held)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    seconds, is_held = result.stdout.split()
    assert float(seconds) < 2.0
    assert is_held == str(expected)
