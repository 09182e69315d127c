"""The progress line."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import numpy as np
import pytest

from diskern._progress import ProgressBar, ProgressLine, describe, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text() -> None:
    line = describe("BDT", 200, 800, 10.0, 0.5, 0.6)
    assert line.startswith("BDT [######                  ]  25 % 200/800")
    assert "20/s, 30 s left" in line
    assert line.endswith("loss 0.5, validation 0.6")
    assert "loss" not in describe("BDT", 1, 800, 0.0, math.nan, math.nan)
    assert "0 %" in describe("BDT", 0, 0, 1.0)
    assert [duration(s) for s in (0.2, 59, 125, 4200)] == ["0 s", "59 s", "2 min 5 s", "1 h 10 min"]


def test_names_of_the_numbers() -> None:
    line = describe("X", 1, 2, 1.0, 0.25, 0.75, ("error fraction", "validation auc"))
    assert line.endswith("error fraction 0.25, validation auc 0.75")


def test_line_of_an_estimator_stays() -> None:
    terminal = Terminal()
    line = ProgressLine("Trees", ("loss", "validation auc"), terminal)
    line(1, 4, 0.5, 0.7)
    line(2, 4, 0.5, 0.7)  # too soon
    assert terminal.getvalue().count("\r") == 1
    assert not terminal.getvalue().endswith("\n")
    del line  # early stopping: the last step that was done is told
    assert terminal.getvalue().count("\r") == 2
    assert "2/4" in terminal.getvalue()
    assert terminal.getvalue().endswith("loss 0.5, validation auc 0.7\n")
    stopped = io.StringIO()
    line = ProgressLine("Trees", ("loss", "validation"), stopped)
    for step in range(1, 60):
        line(step, 2000, 0.5, math.nan)
    del line
    assert stopped.getvalue().count("\n") == 1
    assert "59/2000" in stopped.getvalue()
    whole = Terminal()
    line = ProgressLine("Trees", ("loss", "validation"), whole)
    line(4, 4, 0.5, math.nan)
    line.close()
    assert whole.getvalue().count("\n") == 1
    log = io.StringIO()
    line = ProgressLine("Trees", ("loss", "validation"), log)
    for step in range(1, 100):
        line(step, 99, 0.5, math.nan)
    assert log.getvalue().count("\n") == 1  # the last: ten seconds have not passed
    assert "\r" not in log.getvalue()
    assert "99/99" in log.getvalue()
    line.start -= 20
    line.last -= 20
    line(5, 99, 0.25, math.nan)
    assert log.getvalue().count("\n") == 2
    assert "s left, loss 0.25" in log.getvalue()


def test_estimators_say_rate_time_left_loss_and_what_is_watched(capsys: Any) -> None:
    """Through the core: the number that early stopping looks at is the metric that was asked for."""
    pytest.importorskip("sklearn")
    from diskern import (
        AdaBoostTreesClassifier,
        GradientBoostedTreesClassifier,
        GradientBoostedTreesRegressor,
        RandomForestClassifier,
    )

    generator = np.random.default_rng(1)
    X = generator.normal(size=(400, 3))
    y = X[:, 0] + generator.normal(size=400)

    def said(model: Any, **more: Any) -> str:
        answer = y if "Regressor" in type(model).__name__ else y > 0
        model.set_params(n_estimators=5, verbose=1).fit(X, answer, **more)
        return str(capsys.readouterr().err)

    held_out = {"eval_set": (X[:200], y[:200] > 0)}
    model = GradientBoostedTreesClassifier(early_stopping_metric="auc", n_iter_no_change=50)
    line = said(model, **held_out)
    assert re.fullmatch(r"GradientBoostedTreesClassifier \[#+\] 100 % 5/5, .*/s, 0 s left, loss .*\n", line), line
    assert line.endswith(f"loss {model.training_loss_[-1]:.5g}, validation auc {model.validation_metric_[-1]:.5g}\n")
    model = GradientBoostedTreesClassifier(n_iter_no_change=50)
    assert said(model, **held_out).endswith(f"validation loss {model.validation_loss_[-1]:.5g}\n")
    model = GradientBoostedTreesRegressor(loss="huber", n_iter_no_change=50)
    line = said(model, eval_set=(X[:200], y[:200]))
    assert line.endswith(f"validation mae {model.validation_metric_[-1]:.5g}\n")
    model = AdaBoostTreesClassifier(engine="histogram")
    assert said(model).endswith(f"error fraction {model.estimator_errors_[-1]:.5g}\n")
    assert re.search(r"5/5, .*/s, 0 s left\n$", said(RandomForestClassifier()))
    assert capsys.readouterr().err == ""


def test_only_on_a_terminal() -> None:
    quiet = io.StringIO()
    bar = ProgressBar("BDT", quiet)
    bar(1, 2, 0.0, 0.0)
    bar.close()
    assert quiet.getvalue() == ""
    terminal = Terminal()
    bar = ProgressBar("BDT", terminal)
    bar(1, 2, 0.0, math.nan)
    bar(1, 2, 0.0, math.nan)  # too soon after the first
    bar(2, 2, 0.0, math.nan)  # the last is always shown
    bar.close()
    assert terminal.getvalue().count("\rBDT") == 2
    assert terminal.getvalue().endswith("\r")
    hidden = Terminal()
    ProgressBar("BDT", hidden, shown=False)(1, 2, 0.0, 0.0)
    assert hidden.getvalue() == ""
