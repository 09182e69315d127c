"""Writes the page and the JSON, both complete or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tmva.results import FactoryResults


def write_report(
    results: FactoryResults, path: str | os.PathLike[str], *, json_path: str | os.PathLike[str] | None = None
) -> None:
    """Write the report of trained and tested methods.

    Parameters
    ----------
    results : FactoryResults
        What ``factory.results()`` returns; missing metrics are computed.
    path : file name of the HTML page; it needs no other file and no network
    json_path : file name of the JSON of every number; default: ``path`` with the ending .json

    Raises
    ------
    InvalidArgument
        There is no tested method to report on; the page and the JSON would be the same file.
    OSError
        The file cannot be written; nothing is left behind.
    """
    from .._core import InvalidArgument
    from ..evaluation import evaluate, results_to_json
    from .insight import insight_json, inspect
    from .sections import render

    target = Path(path)
    numbers = Path(json_path) if json_path is not None else target.with_suffix(".json")
    if numbers == target:
        raise InvalidArgument(f"path is {str(path)!r}, which the JSON of every number would overwrite; expected .html")
    evaluate(results)
    inspect(results)
    page = render(results)
    content = results_to_json(results)
    for described, method in zip(content["methods"], results.methods, strict=True):
        if method.insight:
            described["insight"] = insight_json(method)
    text = json.dumps(content, indent=1, allow_nan=False)
    write_text(numbers, text + "\n")
    write_text(target, page)


def write_text(path: Path, text: str) -> None:
    """Write to a temporary name beside the file, then rename."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write to a temporary name beside the file, then rename."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist")
    handle, temporary = tempfile.mkstemp(prefix=".diskern-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
