"""The progress line."""

from __future__ import annotations

import io
import math

from diskern.tmva.progress import ProgressBar, describe, duration


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
