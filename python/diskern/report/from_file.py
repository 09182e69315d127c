"""Results of a finished job from its output file: a Factory's, or one that ROOT's TMVA wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..data.sample import DataSet, DataSetInfo, Sample, VariableInfo
from ..data.table import reading
from ..model import load
from ..tmva.methods.base import AnalysisType, LearningCurve
from ..tmva.results import FactoryResults, MethodResult

RESULTS_KEY = "diskern_results"


def read_results(path: str | os.PathLike[str], dataset: str = "") -> FactoryResults:
    """Read TestTree and TrainTree with the responses of all methods.

    Parameters
    ----------
    path : ROOT file written by ``Factory(job, output)``, or by ROOT's TMVA
    dataset : folder inside the file; may be left out when the file holds one

    Returns
    -------
    FactoryResults
        Ready for :func:`diskern.report.write_report`. From TMVA's own files, what they do not hold (options, rankings,
        training times) stays empty.

    Raises
    ------
    FormatError
        The file is no ROOT file, or has no TestTree and TrainTree.
    InvalidArgument
        ``dataset`` is not in the file, or the file holds several and none was named.
    """
    import uproot

    where = Path(path)
    if not where.is_file():
        raise FileNotFoundError(f"no file {str(where)!r}")
    try:
        file = uproot.open(where)
    except Exception as error:  # uproot raises many kinds for files that are not ROOT files
        raise _core.FormatError(f"{where}: not a readable ROOT file ({type(error).__name__}: {error})") from None
    with file, reading(str(where), "the output file of a Factory or of TMVA"):
        keys = [key.partition(";")[0] for key in file.keys(recursive=True, cycle=False)]
        folders = [key[: -len("/TestTree")] for key in keys if key.endswith("/TestTree")]
        if "TestTree" in keys:  # before ROOT 6.08 there was no folder
            folders.append("")
        folders = list(dict.fromkeys(folders))
        if not folders:
            raise _core.FormatError(f"{where}: holds no TestTree; expected the output file of a Factory or of TMVA")
        if dataset and dataset not in folders:
            raise _core.InvalidArgument(f"dataset {dataset!r} is not in {where}; it holds {', '.join(folders)}")
        if not dataset and len(folders) > 1:
            raise _core.InvalidArgument(f"{where} holds several datasets, name one: {', '.join(folders)}")
        folder = dataset or folders[0]
        prefix = f"{folder}/" if folder else ""
        if f"{prefix}TrainTree" not in keys:
            raise _core.FormatError(f"{where}: {folder or 'the file'} holds a TestTree but no TrainTree")
        known: dict[str, Any] = {}
        if f"{prefix}{RESULTS_KEY}" in keys:
            known = json.loads(str(file[f"{prefix}{RESULTS_KEY}"]))
        return _Reader(where, file, prefix, folder, keys, known).results()


class _Reader:
    def __init__(self, path: Path, file: Any, prefix: str, folder: str, keys: list[str], known: dict[str, Any]) -> None:
        self.path, self.file, self.prefix, self.folder, self.keys, self.known = path, file, prefix, folder, keys, known
        self.trees = {name: file[f"{prefix}{name}"] for name in ("TestTree", "TrainTree")}
        names = list(self.trees["TestTree"].keys(recursive=False))
        for required in ("classID", "weight"):
            if required not in names:
                raise _core.FormatError(f"{path}: TestTree has no branch {required!r}")
        split = names.index("weight")
        self.columns = [n for n in names[:split] if n not in ("classID", "className")]
        # Title -> branches of its responses: a Factory says so; TMVA has one branch (perhaps with leaves) per method.
        self.branches: dict[str, list[str]] = {
            entry["title"]: list(entry["branches"]) for entry in known.get("methods", []) if "branches" in entry
        } or {n: [n] for n in names[split + 1 :] if not n.startswith("prob_")}
        self.methods = list(self.branches)
        if not self.methods:
            raise _core.FormatError(f"{path}: TestTree has no branch after 'weight': no method was tested")

    def results(self) -> FactoryResults:
        info = self._info()
        training, responses_training = self._sample("TrainTree", info)
        test, responses_test = self._sample("TestTree", info)
        analysis_type = self._analysis_type(info)
        details = {entry["title"]: entry for entry in self.known.get("methods", [])}
        methods = []
        for title in self.methods:
            entry = details.get(title, {})
            methods.append(
                MethodResult(
                    title=title,
                    type_name=entry.get("type", self._type_of(title)),
                    options=dict(entry.get("options", {})),
                    analysis_type=analysis_type,
                    response_training=responses_training[title],
                    response_test=responses_test[title],
                    train_seconds=_number(entry.get("train_seconds")),
                    test_seconds=_number(entry.get("test_seconds")),
                    ranking_name=entry.get("ranking_name", ""),
                    ranking=[(str(name), float(value)) for name, value in entry.get("ranking", [])],
                    curves=[_curve(curve) for curve in entry.get("curves", [])],
                    interrupted=bool(entry.get("interrupted", False)),
                )
            )
            methods[-1].model = self._model(title, str(entry.get("model_path", "")), info, test, methods[-1])
        data = DataSet(
            self.folder or self.path.stem, info, training, test, None, list(self.known.get("accounting", []))
        )
        provenance = dict(self.known.get("provenance", {})) or {"source": f"{self.path.name}, written by TMVA"}
        job = str(self.known.get("job", self.path.stem))
        ranking = [(str(name), float(value)) for name, value in self.known.get("input_ranking", [])]
        return FactoryResults(job, analysis_type, data, methods, ranking, provenance)

    def _model(self, title: str, written: str, info: DataSetInfo, test: Sample, method: MethodResult) -> Any:
        """The model of a method, from a file beside the trees; None where none gives the responses that they hold.

        Where the Factory wrote it, else below the folder of the dataset, by its title.
        """
        folder = self.path.resolve().parent
        places = [Path(written), folder / written] if written else []
        if self.folder and not set(title) & set("*?[]/\\"):
            for ending in (".diskern", ".weights.xml"):
                places += sorted((folder / self.folder).glob(f"*/*_{title}{ending}"))
        some = np.unique(np.linspace(0, max(len(test) - 1, 0), 50).astype(np.intp))
        for place in places:
            if not place.is_file() or not len(test):
                continue
            try:
                model = load(place)
                if model.variables != info.variable_labels or model.key_columns:
                    continue
                answers = model.evaluate(test.variables[some])
            except (_core.FormatError, _core.InvalidArgument, OSError):
                continue
            held = method.response_test[some]
            width = float(np.ptp(method.response_test)) or 1.0
            if answers.shape == held.shape and np.abs(answers - held).max() <= 1e-4 * width:
                return model._model
        return None

    def _analysis_type(self, info: DataSetInfo) -> AnalysisType:
        stated = self.known.get("analysis_type")
        if stated in ("Classification", "Regression", "Multiclass"):
            return stated  # type: ignore[no-any-return]
        if info.targets:
            return "Regression"
        return "Multiclass" if len(self._outputs(self.methods[0])) > 1 else "Classification"

    def _outputs(self, method: str) -> list[str]:
        if len(self.branches[method]) > 1:
            return self.branches[method]
        fields = self.trees["TestTree"][method].interpretation
        return list(
            getattr(fields, "fields", None) or getattr(getattr(fields, "to_dtype", None), "names", None) or [""]
        )

    def _type_of(self, title: str) -> str:
        """TMVA keeps histograms of a method in Method_<type>/<title>."""
        for key in self.keys:
            head, _, tail = key.removeprefix(self.prefix).partition("/")
            if head.startswith("Method_") and tail == title:
                return head[len("Method_") :]
        return title

    def _info(self) -> DataSetInfo:
        if "info" in self.known:
            stated = self.known["info"]

            def infos(key: str) -> tuple[VariableInfo, ...]:
                return tuple(VariableInfo(**entry) for entry in stated.get(key, []))

            return DataSetInfo(
                infos("variables"),
                infos("spectators"),
                infos("targets"),
                tuple(stated["class_names"]),
                int(stated["signal_class"]),
            )
        # TMVA's file: input histograms are named <variable>__<class>_<transformation>; those of targets say so.
        variables: set[str] = set()
        targets: set[str] = set()
        for key in self.keys:
            head, _, tail = key.removeprefix(self.prefix).partition("/")
            if head.startswith("InputVariables_") and "__" in tail and "/" not in tail:
                name = tail.rpartition("__")[0]
                (targets if "_target" in tail.rpartition("__")[2] else variables).add(name)
        variables -= targets
        if not variables:  # histograms are left out beyond 20 variables
            variables = set(self.columns) - targets
        classes: dict[int, str] = {}
        for tree in self.trees.values():
            names = tree["className"].array(library="np") if "className" in tree else None
            index = tree["classID"].array(library="np")
            for number in np.unique(index):
                name = str(names[np.argmax(index == number)]) if names is not None else f"class {number}"
                classes.setdefault(int(number), name)
        labels = tuple(classes.get(i, f"class {i}") for i in range(max(classes, default=-1) + 1))

        def make(wanted: set[str]) -> tuple[VariableInfo, ...]:
            return tuple(VariableInfo(name, name, name) for name in self.columns if name in wanted)

        signal = labels.index("Signal") if "Signal" in labels else 0
        others = set(self.columns) - variables - targets
        return DataSetInfo(make(variables), make(others), make(targets), labels, signal)

    def _sample(self, tree_name: str, info: DataSetInfo) -> tuple[Sample, dict[str, NDArray[np.float64]]]:
        tree = self.trees[tree_name]
        responding = [branch for branches in self.branches.values() for branch in branches]
        missing = [name for name in [*self.columns, *responding] if name not in tree]
        if missing:
            raise _core.FormatError(f"{self.path}: {tree_name} lacks the branches {', '.join(missing)}")

        def matrix(variables: tuple[VariableInfo, ...]) -> NDArray[np.float32]:
            count = tree.num_entries
            result = np.empty((count, len(variables)), np.float32)
            for i, variable in enumerate(variables):
                name = variable.internal if variable.internal in tree else variable.label
                result[:, i] = tree[name].array(library="np")
            return result

        weight = tree["weight"].array(library="np").astype(np.float64)
        spectators = {}
        for variable in info.spectators:
            name = variable.internal if variable.internal in tree else variable.label
            if name in tree:
                spectators[variable.label] = tree[name].array(library="np")
        sample = Sample(
            matrix(info.variables),
            tree["classID"].array(library="np").astype(np.int32),
            weight,
            weight.copy(),
            matrix(info.targets),
            spectators,
        )
        responses = {}
        for title in self.methods:
            branches = self.branches[title]
            values = tree[branches[0]].array(library="np")
            if len(branches) > 1:
                stacked = [tree[branch].array(library="np").astype(np.float64) for branch in branches]
                responses[title] = np.stack(stacked, axis=1)
            elif values.dtype.names:
                responses[title] = np.stack([values[n].astype(np.float64) for n in values.dtype.names], axis=1)
            else:
                responses[title] = np.asarray(values, np.float64).reshape(len(weight), -1)
        return sample, responses


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _curve(entry: dict[str, Any]) -> LearningCurve:
    def vector(key: str) -> NDArray[np.float64]:
        return np.array([float("nan") if value is None else value for value in entry[key]], np.float64)

    validation = vector("validation") if entry.get("validation") is not None else None
    return LearningCurve(str(entry["name"]), vector("iteration"), vector("training"), validation)
