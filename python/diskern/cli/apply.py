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
    from ..data import open_table
    from ..data.selection import ColumnExpression

    suffix = arguments.output.suffix.lower()
    if suffix not in (".root", ".parquet", ".npz"):
        raise ConfigurationError(f"--output {arguments.output}: expected a name ending in .root, .parquet or .npz")
    if arguments.threads < 0:
        raise ConfigurationError(f"--threads must be 0 (all) or a positive number, got {arguments.threads}")
    if not arguments.model.is_file():
        raise FileNotFoundError(f"no model file {str(arguments.model)!r}")
    model = load(arguments.model)
    clash = set(arguments.keep) & set(model.outputs)
    if clash:
        raise ConfigurationError(f"--keep {', '.join(sorted(clash))}: the model's response has the same name")
    table = open_table(arguments.events)
    table.check(arguments.keep)
    # A column of the variable's own name (a TestTree, say) counts before its expression.
    variables = [
        ColumnExpression(label if label in table.columns else expression, table, "variable")
        for label, expression in zip(model.variables, model.expressions, strict=True)
    ]
    needed = sorted({name for variable in variables for name in variable.reads} | set(arguments.keep))
    kept: dict[str, list[Any]] = {name: [] for name in arguments.keep}
    responses = []
    for chunk in table.iterate(needed):
        n = len(chunk[needed[0]])
        with np.errstate(over="ignore"):  # beyond float32 is infinite, as everywhere
            events = np.column_stack([v.values(chunk, n) for v in variables]).astype(np.float32)
        responses.append(np.asarray(model.evaluate(events, threads=arguments.threads)))
        for name in arguments.keep:
            kept[name].append(chunk[name])
    if not responses:
        raise ConfigurationError(f"{arguments.events}: no events")
    columns: dict[str, Any] = {name: np.concatenate(parts) for name, parts in kept.items()}
    result = np.concatenate(responses)
    for index, name in enumerate(model.outputs):
        columns[name] = result[:, index]
    write_columns(arguments.output, columns)
    print(f"{len(result)} events, responses {', '.join(model.outputs)} written to {arguments.output}")
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
