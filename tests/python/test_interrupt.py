"""Ctrl-C ends a long fit within a second or two, with KeyboardInterrupt and the best model so far."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each fit would take minutes. The signal comes from a timer thread of the process itself, so that the answer is timed
# without the start-up of the interpreter.
SCRIPT = """
import os, signal, sys, threading, time
import numpy as np
import diskern

generator = np.random.default_rng(1)
X = generator.normal(size=(30_000, 20)).astype(np.float32)
y = X[:, 0] * X[:, 1] + generator.normal(size=len(X)) > 0
sent = []

def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

estimator = {construct}
timer = threading.Timer(1.0, interrupt)
timer.start()
try:
    estimator.fit(X, y)
except KeyboardInterrupt:
    print(time.monotonic() - sent[0], getattr(estimator, "interrupted_", None), estimator.predict(X[:5]).shape)
    sys.exit(0)
sys.exit("the fit ended by itself")
"""

FITS = {
    "gradient boosting": "diskern.GradientBoostedTreesClassifier("
    "n_estimators=1_000_000, early_stopping=False, n_jobs=THREADS)",
    "AdaBoost": "diskern.AdaBoostTreesClassifier(n_estimators=1_000_000, n_jobs=THREADS)",
    "network": "diskern.NetworkClassifier("
    "max_iter=1_000_000, n_iter_no_change=1_000_000, early_stopping=False, n_jobs=THREADS)",
    "path of rules": 'diskern.RuleFitClassifier(terms="linear", tau=0.0, max_iter=2_000_000_000, error_factor=1e9, '
    "n_jobs=THREADS)",
    "logistic regression": 'diskern.LogisticRegression(solver="mini_batch", max_iter=1_000_000, tol=0.0, '
    "n_jobs=THREADS)",
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", FITS)
def test_a_signal_ends_a_long_fit(name: str, threads: int) -> None:
    pytest.importorskip("sklearn", reason="estimators need scikit-learn")
    code = SCRIPT.replace("{construct}", FITS[name].replace("THREADS", str(threads)))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    seconds, interrupted, shape = result.stdout.split(maxsplit=2)
    assert float(seconds) < 2.0
    assert interrupted == "True"
    assert shape.strip() == "(5,)"
    assert "max_iter" not in result.stderr  # it was not the number of iterations that ended the fit


OTHERS = {
    "stream": """
from diskern.data import EventStream, Noise
value = Input((20,))
estimator = diskern.GraphNetwork(
    Graph(value, Dense(1)(Dense(64)(value))), max_iter=1_000_000, n_iter_no_change=1_000_000
)
stream = EventStream({"x": X, "y": y * 1.0}, "x", "y", augmentation=Noise(0.1), buffer=5000)
fit = lambda: estimator.fit(stream)
""",
    "adversarial": """
latent, event = Input((20,)), Input((20,))
estimator = diskern.GenerativeAdversarialNetwork(
    Graph(latent, Dense(20)(Dense(64)(latent))), Graph(event, Dense(1)(event)), max_iter=1_000_000
)
fit = lambda: estimator.fit(X)
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_signal_ends_other_fits_of_networks(name: str) -> None:
    pytest.importorskip("sklearn", reason="estimators need scikit-learn")
    code = "from diskern.networks import Dense, Graph, Input\n" + SCRIPT.replace(
        "estimator = {construct}", OTHERS[name]
    )
    code = code.replace("estimator.fit(X, y)", "fit()")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    seconds, interrupted, _ = result.stdout.split(maxsplit=2)
    assert float(seconds) < 2.0
    assert interrupted == "True"
