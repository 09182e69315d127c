"""Progress of a training: share, rate, time left, loss and the metric that is watched."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from typing import TextIO

_INTERVAL = 0.1  # seconds between two updates of the line
_LOG_INTERVAL = 10.0  # seconds between two lines of a log
_WIDTH = 24


class ProgressBar:
    """A line that is rewritten while a method trains; call it as the ``progress`` of a training.

    Parameters
    ----------
    label : name of the method
    stream : where to write; stderr by default
    shown : False keeps it quiet; by default it shows only where the stream is a terminal
    """

    def __init__(self, label: str, stream: TextIO | None = None, shown: bool = True) -> None:
        self.label = label
        self.stream = sys.stderr if stream is None else stream
        self.shown = shown and bool(getattr(self.stream, "isatty", lambda: False)())
        self.start = time.monotonic()
        self.last = -math.inf
        self.length = 0

    def __call__(self, done: int, total: int, training_loss: float, validation_loss: float) -> None:
        if not self.shown:
            return
        now = time.monotonic()
        if now - self.last < _INTERVAL and done < total:
            return
        self.last = now
        self._write(describe(self.label, done, total, now - self.start, training_loss, validation_loss))

    def close(self) -> None:
        """Remove the line."""
        if self.shown and self.length:
            self.stream.write("\r" + " " * self.length + "\r")
            self.stream.flush()
            self.length = 0

    def _write(self, line: str) -> None:
        self.stream.write("\r" + line.ljust(self.length))
        self.stream.flush()
        self.length = len(line)


class ProgressLine:
    """What an estimator with ``verbose=1`` says while it trains; call it as the ``progress`` of a training.

    On a terminal one line that is rewritten and stays when the training is over; elsewhere, in a log or a notebook, a
    line every ten seconds and one with the last step that was done.

    Parameters
    ----------
    label : name of the estimator
    names : what the two numbers of the training are
    stream : where to write; stderr by default
    """

    def __init__(self, label: str, names: tuple[str, str], stream: TextIO | None = None) -> None:
        self.label = label
        self.names = names
        self.stream = sys.stderr if stream is None else stream
        self.terminal = bool(getattr(self.stream, "isatty", lambda: False)())
        self.start = time.monotonic()
        self.last = -math.inf if self.terminal else self.start
        self.length = 0
        self.untold: tuple[int, int, float, float] | None = None

    def __call__(self, done: int, total: int, training_loss: float, validation_loss: float) -> None:
        now = time.monotonic()
        if now - self.last < (_INTERVAL if self.terminal else _LOG_INTERVAL) and done < total:
            self.untold = (done, total, training_loss, validation_loss)
            return
        self._tell(now, done, total, training_loss, validation_loss)

    def _tell(self, now: float, done: int, total: int, training_loss: float, validation_loss: float) -> None:
        self.last = now
        self.untold = None
        line = describe(self.label, done, total, now - self.start, training_loss, validation_loss, self.names)
        if not self.terminal:
            self.stream.write(line + "\n")
        else:
            self.stream.write("\r" + line.ljust(self.length))
            self.length = len(line)
            if done >= total:
                self.close()
        self.stream.flush()

    def close(self) -> None:
        """Say the last step, if that is still to be done, and begin a new line."""
        if self.untold is not None:
            self._tell(time.monotonic(), *self.untold)
        if self.length:
            self.stream.write("\n")
            self.stream.flush()
            self.length = 0

    def __del__(self) -> None:  # the training let go of it before its last step: early stopping, Ctrl-C, an error
        with contextlib.suppress(ValueError):  # the stream may be closed by now
            self.close()


def describe(
    label: str,
    done: int,
    total: int,
    seconds: float,
    training_loss: float = math.nan,
    validation_loss: float = math.nan,
    names: tuple[str, str] = ("loss", "validation"),
) -> str:
    """The text of the progress line after some seconds; ``names`` are those of the two losses."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    bar = "#" * int(share * _WIDTH)
    parts = [f"{label} [{bar:<{_WIDTH}}] {100 * share:3.0f} % {done}/{total}"]
    if seconds > 0 and done > 0:
        rate = done / seconds
        parts.append(f"{rate:.3g}/s, {duration((total - done) / rate)} left")
    if not math.isnan(training_loss):
        parts.append(f"{names[0]} {training_loss:.5g}")
    if not math.isnan(validation_loss):
        parts.append(f"{names[1]} {validation_loss:.5g}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 2 min 5 s, 1 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
