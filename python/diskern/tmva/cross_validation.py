"""TMVA's CrossValidation: every event is judged by a model that was not trained on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import _core, evaluation
from .._core import InvalidArgument
from .._fold_files import fold_path, write_folds
from .._parallel import Progress, run_tasks
from ..data.sample import DataSet
from ..model import Model
from .booking import BookedMethod
from .cross_validation_result import CrossValidationResult
from .envelope import Booking, Envelope
from .factory import FACTORY_OPTIONS, MethodError, duration_text
from .folds import Folds, assign_folds
from .methods.base import Option
from .output import write_output
from .results import FactoryResults, MethodResult
from .training import check_samples, environment, model_folder, model_info, prepare_folder, respond, train
from .types import gConfig

_OWN = (
    Option("NumFolds", "int", 2, "number of folds"),
    Option(
        "SplitType",
        "choice",
        "Random",
        "Random: by SplitKey, else by a shuffle; RandomStratified: the same share of each class in every fold; "
        "Deterministic: by SplitExpr, else event after event",
        choices=("Deterministic", "Random", "RandomStratified"),
    ),
    Option(
        "SplitExpr",
        "str",
        "",
        "expression of spectators that gives the fold, e.g. int(fabs([eventID]))%int([NumFolds])",
    ),
    Option("SplitKey", "str", "", "spectators (comma between them) whose hash gives the fold, e.g. run,event"),
    Option("SplitSeed", "int", 100, "seed of the shuffle and of the hash"),
    Option("NumWorkerProcs", "int", 0, "folds that are trained at once, 0 = one per thread; no effect on results"),
    Option("FoldFileOutput", "bool", False, "write <title>_fold<i>.root of every fold beside the output file"),
    Option(
        "OutputEnsembling",
        "choice",
        "None",
        "None: new events are judged by the model of their fold; Avg: by the mean of all models",
        choices=("None", "Avg"),
    ),
)


@dataclass
class _FoldOfMethod:
    """One training: which method, which fold, and what came of it."""

    booking: Booking
    fold: int
    booked: BookedMethod
    notes: list[str]
    error: Exception | None = None


class CrossValidation(Envelope):
    """Trains every method once per fold, without the events of the fold, and judges them by the events of the fold.

    The training sample of the DataLoader is divided; its test sample is not used (as in TMVA, where nTest_Signal=1 and
    nTest_Background=1 leave almost all events for the training). Training weights are those after NormMode; the events
    of a fold are judged with their original weights.

    Parameters
    ----------
    name : name of the job
    loader : DataLoader
    output : output file (.root) for the trees with the responses, or None
    options : TMVA's option string; those of the Factory, and NumFolds, SplitType, SplitExpr, NumWorkerProcs,
        FoldFileOutput, OutputEnsembling; SplitKey and SplitSeed are not in TMVA
    threads : threads of all folds together; 0: all that are available. Results do not depend on it.
    keywords : options as keyword arguments

    Notes
    -----
    With SplitExpr or SplitKey the rule of the folds is part of the model ``<dataset>/weights/<name>_<title>.diskern``:
    the Reader (with the spectators declared), ``Model.evaluate(events, key=...)`` and C++ choose the model that did not
    see an event (docs/k-fold.md). With OutputEnsembling=Avg the model is the mean of the folds' models. Without either
    nothing can tell the fold of a new event: then only the folds' own models are written,
    ``<name>_<title>_fold<i>.diskern``, i from 1. With SplitExpr or Avg TMVA's weight files are written as well,
    ``<name>_<title>.weights.xml`` and one for each fold.

    Examples
    --------
    >>> cv = CrossValidation("job", loader, "job.root",                                   # doctest: +SKIP
    ...     "NumFolds=5:SplitType=Deterministic:SplitExpr=int([eventID])%int([NumFolds])")
    >>> cv.BookMethod("BDT", "BDTG", "NTrees=400:BoostType=Grad")                         # doctest: +SKIP
    >>> cv.Evaluate()                                                                     # doctest: +SKIP
    >>> cv.GetResults()[0].GetROCAverage()                                                # doctest: +SKIP
    """

    option_table = (
        *(
            Option("DrawProgressBar", "bool", True, "show progress on a terminal")
            if option.name == "DrawProgressBar"
            else option
            for option in FACTORY_OPTIONS
        ),
        *_OWN,
    )

    def __init__(
        self, name: str, loader: Any, output: Any = None, options: str = "", *, threads: int = 0, **keywords: Any
    ) -> None:
        super().__init__(name, loader, output, options, threads=threads, **keywords)
        self._results: list[CrossValidationResult] = []
        self._factory_results: FactoryResults | None = None
        if self.options["NumWorkerProcs"] < 0:
            raise InvalidArgument(f"NumWorkerProcs is {self.options['NumWorkerProcs']}, expected 0 or more")
        if self.options["FoldFileOutput"] and not isinstance(self.output, Path):
            raise InvalidArgument("FoldFileOutput writes beside the output file: give its name (.root)")

    # -- evaluation ---------------------------------------------------------------------------------------------------

    def Evaluate(self) -> None:
        """Train all methods in all folds, print the tables, write the models and the output file.

        A method that fails in a fold does not stop the others.

        Raises
        ------
        InvalidArgument
            no method is booked; a split that leaves a fold without events of a class
        MethodError
            methods that failed
        KeyboardInterrupt
            Ctrl-C; no model is written
        """
        self._require_methods()
        data = self._data()
        analysis_type = self.analysis_type()
        check_samples(data, analysis_type)
        folds = assign_folds(data, self.options)
        persist = bool(self.options["ModelPersistence"])
        folder = model_folder(self.loader.name, gConfig().GetIONames().fWeightFileDir)
        if persist:
            prepare_folder(folder)
        self._print(
            f"Cross-validation of {', '.join(self.GetMethods())}: {folds.count} folds of {len(data.training)} events"
        )
        if len(data.test) > len(data.info.class_names):
            self._print(
                f"Note: the {len(data.test)} test events of {data.name!r} are not used; nTest_<class>=1 leaves the "
                "rest for the folds"
            )
        parts = [fold_dataset(data, folds, fold) for fold in range(folds.count)]
        for part in parts:
            check_samples(part, analysis_type)
        trained = self._train(parts, folds)

        self._results, judged = [], []
        errors: dict[str, BaseException] = {}
        for number, booking in enumerate(self._bookings):
            mine = trained[number * folds.count : (number + 1) * folds.count]
            failed = next((one for one in mine if one.error is not None), None)
            if failed is not None:
                assert failed.error is not None
                errors[booking.title] = failed.error
                self._print(f"ERROR: {booking.title} failed in fold {failed.fold + 1}: {failed.error}")
                continue
            for note in notes_of(mine, everything=self.options["V"]):
                self._print(f"  {booking.title}: {note}")
            method = combine(booking.title, mine, data, folds)
            if persist:
                method.model = self._save(mine, data, folds, folder)
            judged.append(method)
            self._results.append(
                CrossValidationResult.of_folds(booking.title, analysis_type, data, folds, [one.booked for one in mine])
            )
        everything = DataSet(
            data.name,
            data.info,
            data.training,
            original_weights(data),
            None,
            data.accounting,
            data.split_options,
        )
        provenance = {**environment(), **{f"option {name}": str(value) for name, value in self.options.items()}}
        self._factory_results = FactoryResults(self.job, analysis_type, everything, judged, [], provenance)
        if judged:
            evaluation.evaluate(self._factory_results)
            self._print_results()
            if self.output is not None:
                write_output(self.output, [self._factory_results])
                if isinstance(self.output, Path):
                    self._print(f"\nTest and training trees written to {self.output}")
            if self.options["FoldFileOutput"]:
                self._write_folds(parts, trained, folds)
        if errors:
            raise MethodError("cross-validation", errors)

    def _train(self, parts: list[DataSet], folds: Folds) -> list[_FoldOfMethod]:
        """All trainings, method after method and fold after fold."""
        jobs = [
            _FoldOfMethod(booking, fold, booking.on(parts[fold], self.analysis_type()), [])
            for booking in self._bookings
            for fold in range(folds.count)
        ]

        def task(job: _FoldOfMethod) -> Callable[[int, Progress], _FoldOfMethod]:
            def run(threads: int, progress: Progress) -> _FoldOfMethod:
                try:
                    job.notes = train(job.booked, job=self.job, folder=None, threads=threads, progress=progress)
                    if job.booked.interrupted:
                        raise KeyboardInterrupt
                    start = time.perf_counter()
                    job.booked.response_test = respond(job.booked, job.booked.dataset.test, threads)
                    job.booked.test_seconds = time.perf_counter() - start
                except Exception as error:
                    job.booked.forget_training()
                    job.error = error
                return job

            return run

        start = time.perf_counter()
        done = run_tasks(
            [task(job) for job in jobs],
            threads=self.threads,
            workers=self.options["NumWorkerProcs"],
            label=f"{len(jobs)} trainings",
            shown=self._shows_progress(),
        )
        self._print(f"{len(jobs)} trainings in {duration_text(time.perf_counter() - start)}")
        return done

    # -- results ------------------------------------------------------------------------------------------------------

    def GetResults(self) -> list[CrossValidationResult]:
        """One result per method, in the order of booking; without methods that failed."""
        if self._factory_results is None:
            raise InvalidArgument("there are no results yet: call Evaluate first")
        return list(self._results)

    def results(self) -> FactoryResults:
        """All numbers, ready for tables, plots and the report: the test sample is all events with the responses of the
        models that did not see them, the training sample the same events with those of a model that did."""
        if self._factory_results is None:
            raise InvalidArgument("there are no results yet: call Evaluate first")
        return self._factory_results

    def Report(self, path: Any) -> None:
        """Write the report, one self-contained HTML page, and the JSON of every number beside it."""
        from ..report import write_report

        write_report(self.results(), path)

    def _print_results(self) -> None:
        assert self._factory_results is not None
        for result in self._results:
            self._print(f"\n{result.table()}")
        for table in evaluation.tables(self._factory_results):
            if table.columns[:2] == ["Method", "ROC-integral"] and not self.options["ROC"]:
                continue
            self._print(f"\n{table}")

    # -- files --------------------------------------------------------------------------------------------------------

    def _save(self, mine: list[_FoldOfMethod], data: DataSet, folds: Folds, folder: Path) -> Any:
        """Write the models of a method; the model that judges new events, None where there is none."""
        title = mine[0].booking.title
        models = [one.booked.model for one in mine]
        if not all(isinstance(model, _core.Model) for model in models):
            self._print(f"  {title}: no model file, it is evaluated from memory")
            return None
        for one, model in zip(mine, models, strict=True):
            assert isinstance(model, _core.Model)
            model.save(str(folder / f"{self.job}_{title}_fold{one.fold + 1}.diskern"))
        self._save_weight_files(title, models, folder)
        whole = whole_model(mine, data, folds, self.options["OutputEnsembling"], self.job)
        path = folder / f"{self.job}_{title}.diskern"
        if whole is None:
            path.unlink(missing_ok=True)  # one of an earlier job would answer otherwise than these folds
            self._print(
                f"  {title}: a random split has no rule for new events, so only the models of the folds are written; "
                "SplitExpr or SplitKey keep the rule, OutputEnsembling=Avg takes the mean"
            )
            return None
        whole.save(str(path))
        self._print(f"  {title}: model file {path}")
        return _core.load_model(str(path))

    def _save_weight_files(self, title: str, models: list[Any], folder: Path) -> None:
        """Write the weight files of TMVA, where its Reader could find the fold of an event by them."""
        expression, ensembling = str(self.options["SplitExpr"]), str(self.options["OutputEnsembling"])
        stale = folder / f"{self.job}_{title}.weights.xml"
        for path in (stale, *(fold_path(folder, self.job, title, fold) for fold in range(len(models)))):
            path.unlink(missing_ok=True)  # those of an earlier job would belong to other models
        if not expression and ensembling != "Avg":
            return  # what is said about the model file holds for the weight files, too
        try:
            path = write_folds([Model(model) for model in models], folder, self.job, title, expression, ensembling)
        except InvalidArgument as error:
            self._print(f"  {title}: no TMVA weight files: {error}")
        else:
            self._print(f"  {title}: weight file {path}, one for each fold beside it")

    def _write_folds(self, parts: list[DataSet], trained: list[_FoldOfMethod], folds: Folds) -> None:
        assert isinstance(self.output, Path)
        for job in trained:
            if job.error is not None:
                continue
            results = FactoryResults(
                f"{self.job}_fold{job.fold + 1}",
                self.analysis_type(),
                parts[job.fold],
                [method_result(job.booked)],
                [],
                environment(),
            )
            evaluation.evaluate(results)
            write_output(self.output.parent / f"{job.booking.title}_fold{job.fold + 1}.root", [results])
        self._print(f"Trees of the {folds.count} folds of every method written beside {self.output}")


def original_weights(data: DataSet) -> Any:
    """The training events with the weights they had before NormMode."""
    sample = data.training.select(slice(None))  # type: ignore[arg-type]
    sample.weight = sample.original_weight
    return sample


def fold_dataset(data: DataSet, folds: Folds, fold: int) -> DataSet:
    """Training without the events of a fold, test on them with their original weights."""
    mine = folds.index == fold
    test = data.training.select(mine)
    test.weight = test.original_weight
    return DataSet(data.name, data.info, data.training.select(~mine), test, data.validation, [], data.split_options)


def method_result(booked: BookedMethod) -> MethodResult:
    from .factory import _method_result

    return _method_result(booked)


def combine(title: str, mine: list[_FoldOfMethod], data: DataSet, folds: Folds) -> MethodResult:
    """The responses of all events: as test sample those of the models that did not see them, as training sample those
    of the model of the next fold, which was trained on them."""
    n = len(data.training)
    first = mine[0].booked
    assert first.response_test is not None
    outputs = first.response_test.shape[1]
    unseen = np.empty((n, outputs))
    seen = np.empty((n, outputs))
    for one in mine:
        booked = one.booked
        assert booked.response_test is not None
        assert booked.response_training is not None
        unseen[folds.index == one.fold] = booked.response_test
        previous = (one.fold - 1) % folds.count
        others = folds.index != one.fold
        seen[folds.index == previous] = booked.response_training[(folds.index == previous)[others]]
    result = method_result(first)
    result.response_test, result.response_training = unseen, seen
    result.train_seconds = sum(one.booked.train_seconds for one in mine)
    result.test_seconds = sum(one.booked.test_seconds for one in mine)
    result.title = title
    result.metrics = {}
    result.curves = []
    result.ranking = mean_ranking([method_result(one.booked).ranking for one in mine])
    result.model = None
    return result


def notes_of(mine: list[_FoldOfMethod], *, everything: bool) -> list[str]:
    """What the trainings said: what all folds said alike, and with ``everything`` also what single ones did."""
    common = [note for note in dict.fromkeys(mine[0].notes) if all(note in one.notes for one in mine)]
    if not everything:
        return common
    own = [f"fold {one.fold + 1}: {note}" for one in mine for note in one.notes if note not in common]
    return common + own


def mean_ranking(rankings: list[list[tuple[str, float]]]) -> list[tuple[str, float]]:
    """The mean of each variable's figure over the folds, best first; empty where a fold has none."""
    if not all(rankings):
        return []
    sums: dict[str, float] = {}
    for ranking in rankings:
        for name, value in ranking:
            sums[name] = sums.get(name, 0.0) + value / len(rankings)
    return sorted(sums.items(), key=lambda pair: -pair[1])


def whole_model(
    mine: list[_FoldOfMethod], data: DataSet, folds: Folds, ensembling: str, job: str
) -> _core.Model | None:
    """The models of all folds in one: chosen by the rule, or their mean; None where there is neither."""
    rule = folds.rule
    if ensembling == "Avg":
        rule = _core.FoldRule.mean(folds.count)
    if rule is None:
        return None
    predictors, chains = [], []
    for one in mine:
        model = one.booked.model
        assert isinstance(model, _core.Model)
        predictors.append(model.predictor)
        chains.append(model.chain)
    info: dict[str, Any] = model_info(mine[0].booked, job, data.training)
    info["provenance"].append(["Folds", str(folds.count)])
    return _core.Model(info, None, _core.FoldsPredictor(rule, predictors, chains))
