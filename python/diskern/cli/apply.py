"""Evaluate a model on events and write the responses.

The model is a .diskern file or a TMVA weight file (.weights.xml). The events are anything that diskern reads:
"files/*.root:Events", .parquet, .h5, .csv, .npz. The model's own variable expressions are evaluated on their columns.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .config import ConfigurationError

EPILOG = """\
Examples:
  diskern apply dataset/weights/job_BDT.diskern "data/*.root:Events" -o scores.root
  diskern apply TMVAClassification_BDT.weights.xml events.parquet -o scores.parquet --keep run --keep event
The output format follows the ending of -o: .root (a tree named 'responses'), .parquet or .npz.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".diskern file or TMVA weight file")
    parser.add_argument("events", help='files of events; ROOT files as "file.root:tree"')
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write: .root, .parquet or .npz")
    parser.add_argument("--keep", action="append", default=[], metavar="COLUMN", help="copy this column; repeatable")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0 (default): all available")


def execute(arguments: argparse.Namespace) -> int:
    from .. import load
    from ..data import read_table
    from ..expression import Expression

    suffix = arguments.output.suffix.lower()
    if suffix not in (".root", ".parquet", ".npz"):
        raise ConfigurationError(f"--output {arguments.output}: expected a name ending in .root, .parquet or .npz")
    if not arguments.model.is_file():
        raise FileNotFoundError(f"no model file {str(arguments.model)!r}")
    model = load(arguments.model)
    needed = {name for variable in model.variables for name in Expression(variable.expression).variables}
    table = read_table(arguments.events, columns=sorted(needed | set(arguments.keep)))
    responses = np.asarray(model.evaluate(table, threads=arguments.threads))
    outputs = list(model.outputs) if responses.ndim == 2 else [model.title or "response"]
    columns: dict[str, Any] = {name: np.asarray(table[name]) for name in arguments.keep}
    for index, name in enumerate(outputs):
        if name in columns:
            raise ConfigurationError(f"--keep {name}: the model's response has the same name")
        columns[name] = responses if responses.ndim == 1 else responses[:, index]
    write_columns(arguments.output, columns)
    print(f"{len(responses)} events, responses {', '.join(outputs)} written to {arguments.output}")
    return 0


def write_columns(path: Path, columns: dict[str, Any]) -> None:
    """Write equal-length columns; nothing is left behind when it fails."""
    handle, temporary = tempfile.mkstemp(suffix=path.suffix, prefix=".diskern-", dir=path.parent)
    os.close(handle)
    try:
        if path.suffix == ".npz":
            with open(temporary, "wb") as stream:
                np.savez(stream, **columns)
        elif path.suffix == ".parquet":
            try:
                import pyarrow
                import pyarrow.parquet
            except ModuleNotFoundError:
                raise ImportError("Parquet needs pyarrow: pip install 'diskern[parquet]'") from None
            pyarrow.parquet.write_table(pyarrow.table(columns), temporary)
        else:
            import uproot

            with uproot.recreate(temporary) as file:
                file.mktree("responses", {name: column.dtype for name, column in columns.items()}).extend(columns)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
