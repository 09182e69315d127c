"""The output file: TestTree and TrainTree with all variables and responses, as TMVA's (tmva.md 3.5)."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from ..evaluation import results_to_json

if TYPE_CHECKING:
    from ..data.sample import DataSet, Sample
    from .results import FactoryResults, MethodResult


def check_output(output: Any) -> Path | Any | None:
    """A path whose folder exists, an open uproot file, or None for no output file (an empty name, too).

    Raises
    ------
    InvalidArgument
        a name that does not end in .root, or an object that is not an output file
    FileNotFoundError, NotADirectoryError, PermissionError
        the folder does not exist or cannot be written
    """
    if output is None or (isinstance(output, str) and not output):
        return None
    if hasattr(output, "mktree"):
        return output
    if not isinstance(output, (str, os.PathLike)):
        raise InvalidArgument(
            f"output must be the name of a .root file, a file opened by uproot.recreate, or None; "
            f"got {type(output).__name__}"
        )
    path = Path(output).expanduser()
    if path.suffix.lower() != ".root":
        raise InvalidArgument(f"output: the name of the output file must end in .root, got {str(path)!r}")
    check_folder(path.parent, f"the output file {str(path)!r}")
    if path.is_dir():
        raise IsADirectoryError(f"the output file {str(path)!r} is a folder")
    return path


def check_folder(folder: Path, what: str) -> None:
    """The folder exists and can be written to."""
    if not folder.exists():
        raise FileNotFoundError(f"cannot write {what}: the folder {str(folder)!r} does not exist")
    if not folder.is_dir():
        raise NotADirectoryError(f"cannot write {what}: {str(folder)!r} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"cannot write {what}: the folder {str(folder)!r} is read-only")


def write_output(output: Path | Any, all_results: Sequence[FactoryResults]) -> None:
    """Write ``<dataset>/TestTree`` and ``<dataset>/TrainTree`` for every dataset.

    A path is written under a temporary name and renamed; an open uproot file is written into. Branches: ``classID``
    (int32), ``className`` (text), the variables and targets by internal name (float32), the spectators with their own
    type, ``weight`` (float32), one response per method (float32): ``<title>``, or ``<title>.<class>`` in multiclass and
    ``<title>.<target>`` with several targets; and ``prob_<title>`` of methods booked with CreateMVAPdfs.
    Beside the trees ``diskern_results`` holds, as JSON, what trees cannot: options, rankings, learning curves,
    accounting, provenance (read back by ``diskern.report.read_results``).
    """
    import uproot

    if not isinstance(output, Path):
        _write_trees(output, all_results)
        return
    handle, temporary = tempfile.mkstemp(prefix=".diskern-", suffix=".root", dir=output.parent)
    os.close(handle)
    try:
        with uproot.recreate(temporary) as file:
            _write_trees(file, all_results)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, output)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write_trees(file: Any, all_results: Sequence[FactoryResults]) -> None:
    for results in all_results:
        data = results.dataset
        folder = Path(data.name).name
        for name, sample in (("TestTree", data.test), ("TrainTree", data.training)):
            responses = {
                method.title: method.response_test if name == "TestTree" else method.response_training
                for method in results.methods
            }
            columns = tree_columns(data, sample, results.methods, responses)
            types = {
                branch: "string" if values.dtype.kind == "U" else values.dtype for branch, values in columns.items()
            }
            tree = file.mktree(f"{folder}/{name}", types)
            if len(sample):
                tree.extend({branch: _writable(values) for branch, values in columns.items()})
        file[f"{folder}/diskern_results"] = json.dumps(description(results), allow_nan=False)


def description(results: FactoryResults) -> dict[str, Any]:
    """What the trees do not hold, ready for JSON."""
    content = results_to_json(results)
    info = results.dataset.info
    for entry, method in zip(content["methods"], results.methods, strict=True):
        del entry["metrics"]  # computed again from the responses
        entry["branches"] = response_branches(method, results.dataset)
        if method.model_path:
            entry["model_path"] = method.model_path
    content["accounting"] = content["dataset"].pop("accounting")
    content["info"] = {
        "variables": [dataclasses.asdict(v) for v in info.variables],
        "spectators": [dataclasses.asdict(v) for v in info.spectators],
        "targets": [dataclasses.asdict(v) for v in info.targets],
        "class_names": list(info.class_names),
        "signal_class": info.signal_class,
    }
    return content


def response_branches(method: MethodResult, data: DataSet) -> list[str]:
    """The branches that hold the responses of a method."""
    if method.response_test.shape[1] == 1:
        return [method.title]
    if method.analysis_type == "Multiclass":
        return [f"{method.title}.{name}" for name in data.info.class_names]
    return [f"{method.title}.{target.internal}" for target in data.info.targets]


def _writable(values: NDArray[Any]) -> Any:
    if values.dtype.kind != "U":
        return values
    import awkward

    return awkward.Array(values.tolist())


def tree_columns(
    data: DataSet, sample: Sample, methods: Sequence[MethodResult], responses: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[Any]]:
    """The branches of a tree, in TMVA's order.

    Raises
    ------
    InvalidArgument
        two branches of the same name
    """
    columns: dict[str, NDArray[Any]] = {}

    def add(name: str, values: NDArray[Any]) -> None:
        if name in columns:
            raise InvalidArgument(
                f"the output tree would have two branches named {name!r}; rename the method or variable"
            )
        columns[name] = values

    info = data.info
    add("classID", sample.class_index.astype(np.int32))
    names = np.asarray(info.class_names if info.class_names else ("Regression",), dtype=np.str_)
    add("className", names[sample.class_index])
    for index, variable in enumerate(info.variables):
        add(variable.internal, sample.variables[:, index])
    for index, target in enumerate(info.targets):
        add(target.internal, sample.targets[:, index])
    for spectator in info.spectators:
        column = np.asarray(sample.spectators[spectator.label])
        add(spectator.internal, column.astype(np.str_) if column.dtype.kind in "OSU" else column)
    add("weight", sample.weight.astype(np.float32))
    for method in methods:
        values = responses[method.title].astype(np.float32)
        for index, branch in enumerate(response_branches(method, data)):
            add(branch, values[:, index])
        if method.densities is not None:
            probability = method.densities.probability(responses[method.title][:, 0])
            add(f"prob_{method.title}", probability.astype(np.float32))
    return columns
