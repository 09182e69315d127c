"""Convert a model between Diskern's format and those of others.

Read are .diskern files, TMVA weight files (.weights.xml, also compressed), models of XGBoost (.json, .ubj) and LightGBM
(.txt). The name of the output says what is written: .diskern or .dsk (Diskern), .xml (TMVA), .json (XGBoost), .onnx.
What a format cannot express is refused. What was written is read back and compared where Diskern reads the format; only
then does it take the name of the output, so a file that was there stays as it is when something fails.
"""

from __future__ import annotations

import argparse
import os
import tempfile
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
    folder = arguments.output.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot write {str(arguments.output)!r}: the folder {str(folder)!r} does not exist")
    handle, name = tempfile.mkstemp(prefix=".diskern-", suffix=arguments.output.suffix, dir=folder)
    os.close(handle)
    temporary = Path(name)
    try:
        getattr(model, writers[ending])(temporary)
        compared = _compare(model, load(temporary)) if ending in (".diskern", ".dsk", ".xml") else 0
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(arguments.output)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    print(f"{model.method} {model.title!r}: {arguments.model} -> {arguments.output}")
    if compared:
        print(f"read back: the same responses to {compared} events, bit for bit")
    return 0


def _compare(model: Model, written: Model) -> int:
    """Number of events to which both respond the same; RuntimeError where they do not."""
    events = _events(model)
    keys = np.arange(len(events) * len(model.key_columns)).reshape(len(events), -1) if model.key_columns else None
    before, after = (one.evaluate(events, key=keys) for one in (model, written))
    if not np.array_equal(before, after, equal_nan=True):
        raise RuntimeError("what was written does not respond as the model does and was not kept; please report this")
    return len(events)


def _events(model: Model) -> NDArray[np.float32]:
    """Events in the ranges of the variables.

    Models of estimators do not know the ranges and have minimum = maximum. Such variables are normal about that value,
    with a width for each event from 0.01 to 100, so that small and large cuts alike have events on both sides.
    """
    low, high = np.array([[v["minimum"], v["maximum"]] for v in model.info["variables"]], np.float64).T
    generator = np.random.default_rng(1)
    unit = generator.uniform(size=(1000, len(low)))
    width = 10.0 ** generator.uniform(-2, 2, size=(1000, 1))
    spread = np.where(low == high, low, 0.0) + width * generator.normal(size=unit.shape)
    return np.asarray(np.where(high > low, low + (high - low) * unit, spread), np.float32)
