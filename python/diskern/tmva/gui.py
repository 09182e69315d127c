"""TMVAGui: the report of an output file, opened in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path


def TMVAGui(
    file: str | os.PathLike[str] = "TMVA.root", dataset: str = "", *, output: str | os.PathLike[str] | None = None
) -> Path:
    """Write the report of a finished job and open it.

    Every plot of TMVA's menu is in the report; as functions they are in :mod:`diskern.plotting`.

    Parameters
    ----------
    file : output file of a Factory, or of ROOT's TMVA
    dataset : folder inside the file; may be left out when the file holds one
    output : HTML file to write; default: the file's name with .html

    Returns
    -------
    path of the report. A browser is opened on a desktop only (not under gROOT.SetBatch, without a display, in tests).
    """
    from ..report import read_results, write_report

    source = Path(file)
    target = Path(output) if output is not None else source.with_suffix(".html")
    write_report(read_results(source, dataset), target)
    print(f"Report written to {target}")
    if has_display():
        webbrowser.open(target.resolve().as_uri())
    return target


TMVARegGui = TMVAGui
TMVAMultiClassGui = TMVAGui


def has_display() -> bool:
    """Whether there is somebody in front of a screen."""
    shim = sys.modules.get("diskern.ROOT.system")
    if shim is not None and shim.gROOT.IsBatch():
        return False
    if "PYTEST_CURRENT_TEST" in os.environ or not sys.stdout.isatty():
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or sys.platform == "darwin"
