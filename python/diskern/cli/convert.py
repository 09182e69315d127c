"""Convert a model between Diskern's format and those of others.

Read are .diskern files, TMVA weight files (.weights.xml, also compressed), models of XGBoost (.json, .ubj) and LightGBM
(.txt). The name of the output says what is written: .diskern or .dsk (Diskern), .xml (TMVA), .json (XGBoost), .onnx.
What a format cannot express is refused. What was written is read back and compared where Diskern reads the format.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..model import Model

EPILOG = """\
Examples:
  diskern convert TMVAClassification_Likelihood.weights.xml likelihood.dsk
  diskern convert likelihood.dsk likelihood.weights.xml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="file to read")
    parser.add_argument("output", type=Path, help="file to write; its ending names the format")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def execute(arguments: argparse.Namespace) -> int:
    from .. import load
    from .._core import InvalidArgument

    if not arguments.model.is_file():
        raise FileNotFoundError(f"no model file {str(arguments.model)!r}")
    writers = {
        ".diskern": "save",
        ".dsk": "save",
        ".xml": "save_tmva_xml",
        ".json": "save_xgboost_json",
        ".onnx": "save_onnx",
    }
    ending = arguments.output.suffix.lower()
    if ending not in writers:
        raise InvalidArgument(
            f"the ending of {arguments.output.name!r} names no format, expected one of {', '.join(writers)}"
        )
    if arguments.output.exists() and not arguments.force:
        raise InvalidArgument(f"{str(arguments.output)!r} exists; --force overwrites it")
    model = load(arguments.model)
    getattr(model, writers[ending])(arguments.output)
    print(f"{model.method} {model.title!r}: {arguments.model} -> {arguments.output}")
    if ending in (".diskern", ".dsk", ".xml"):
        events = _events(model)
        keys = np.arange(len(events) * len(model.key_columns)).reshape(len(events), -1) if model.key_columns else None
        before, after = (one.evaluate(events, key=keys) for one in (model, load(arguments.output)))
        if not np.array_equal(before, after, equal_nan=True):
            arguments.output.unlink()
            raise RuntimeError(
                "what was written does not respond as the model does and was removed; please report this"
            )
        print(f"read back: the same responses to {len(events)} events, bit for bit")
    return 0


def _events(model: Model) -> NDArray[np.float32]:
    """Events in the ranges of the variables."""
    low, high = np.array([[v["minimum"], v["maximum"]] for v in model.info["variables"]]).T
    unit = np.random.default_rng(1).uniform(size=(1000, len(low)))
    return np.asarray(low + (high - low) * unit, np.float32)
