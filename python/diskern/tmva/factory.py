"""TMVA's Factory: book, train, test, compare."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, evaluation
from .._core import InvalidArgument
from .._near_misses import near_misses
from .._progress import ProgressBar, duration
from ..evaluation import RocCurve
from .booking import SERVED_BY, BookedMethod, analysis_type_of, book, help_text, transformations_text
from .input_tables import InputTables
from .methods.base import Option
from .options import parse_options
from .output import check_output, write_output
from .results import FactoryResults, MethodResult
from .studies import Studies
from .training import check_samples, environment, model_folder, prepare_folder, respond, train
from .types import ETreeType, gConfig
from .weight_files import WeightFiles

if TYPE_CHECKING:
    from .dataloader import DataLoader

FACTORY_OPTIONS = (
    Option("V", "bool", False, "print the options of every method"),
    Option(
        "VerboseLevel",
        "choice",
        "Info",
        "TMVA's; the methods' VerbosityLevel says how much they print",
        choices=("Debug", "Verbose", "Info"),
    ),
    Option("Color", "bool", True, "coloured output (taken for compatibility: the output has no colours)"),
    Option("Silent", "bool", False, "print nothing"),
    Option("DrawProgressBar", "bool", True, "show progress on a terminal while training"),
    Option("Transformations", "str", "I", "chains whose input rankings are printed, e.g. I;D;P;U;G,D"),
    Option(
        "AnalysisType",
        "choice",
        "Auto",
        "what to do",
        choices=("Classification", "Regression", "Multiclass", "Auto"),
    ),
    Option("Correlations", "bool", False, "print the correlations between the responses of the methods"),
    Option("ROC", "bool", True, "print the table of ROC integrals"),
    Option("ModelPersistence", "bool", True, "write model files to <dataset>/weights"),
)


class MethodError(_core.Error):
    """Methods that failed in training or testing; the others are not affected.

    Attributes
    ----------
    errors : dict from the title of a method to its exception
    """

    def __init__(self, action: str, errors: dict[str, BaseException]) -> None:
        self.errors = errors
        lines = [f"{title}: {type(error).__name__}: {error}" for title, error in errors.items()]
        super().__init__(
            f"{len(errors)} method{'s' if len(errors) > 1 else ''} failed in {action}:\n  " + "\n  ".join(lines)
        )


class Factory(Studies, WeightFiles, InputTables):
    """Books methods on a DataLoader, trains, tests and compares them.

    Parameters
    ----------
    job : name of the job; model files are ``<dataset>/weights/<job>_<title>.diskern`` (and ``.weights.xml``)
    output : name of the output file (.root) for TestTree and TrainTree, or a file opened by ``uproot.recreate``; None
        writes no trees. As in TMVA an option string may stand in its place.
    options : TMVA's option string, see ``FACTORY_OPTIONS``
    threads : threads for training and evaluation; 0: all that are available. Results do not depend on it.
    keywords : options as keyword arguments

    Raises
    ------
    InvalidArgument
        an unknown option (with near misses), a name that cannot be a file name
    OSError
        the folder of the output file does not exist or cannot be written

    Examples
    --------
    >>> factory = Factory("job", "job.root", "AnalysisType=Classification")  # doctest: +SKIP
    >>> factory.BookMethod(loader, "BDT", "BDTG", "NTrees=400:BoostType=Grad")  # doctest: +SKIP
    >>> factory.TrainAllMethods(); factory.TestAllMethods(); factory.EvaluateAllMethods()  # doctest: +SKIP
    """

    def __init__(self, job: str, output: Any = None, options: str = "", *, threads: int = 0, **keywords: Any) -> None:
        if not isinstance(job, str) or not job or set(job) & set("/\\\0"):
            raise InvalidArgument(f"job must be a name that can be part of a file name, got {job!r}")
        if isinstance(output, str) and not options and not output.lower().endswith(".root"):
            output, options = None, output  # Factory("job", "!V:Silent")
        if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 0:
            raise InvalidArgument(f"threads must be 0 (all) or a positive number, got {threads!r}")
        values, given = parse_options(options, FACTORY_OPTIONS, _context=f"Factory {job!r}", **keywords)
        self.job = job
        self.threads = int(threads)
        self.options = values
        if "VerboseLevel" in given:
            self._print(
                "Note: VerboseLevel of the Factory has no effect; the methods' VerbosityLevel says what is printed"
            )
        self.output = check_output(output)
        self._booked: dict[str, list[BookedMethod]] = {}
        self._input_rankings: dict[str, list[tuple[str, float]]] = {}

    # -- booking ------------------------------------------------------------------------------------------------------

    def BookMethod(self, loader: DataLoader, type: Any, title: str, options: str = "", **keywords: Any) -> BookedMethod:
        """Book a method on a dataset.

        Parameters
        ----------
        loader : DataLoader; its events are read now
        type : name of a method ("BDT"), a member of Types (``Types.kBDT``), or an estimator object with fit and
            predict_proba, decision_function or predict (scikit-learn, XGBoost, LightGBM, skorch ...)
        title : unique in the dataset; part of the names of the model file and the branch in the output trees
        options : TMVA's option string; the common options (VarTransform, IgnoreNegWeightsInTraining ...) hold for
            estimator objects too
        keywords : options as keyword arguments

        Returns
        -------
        BookedMethod, a handle with ``title``, ``options``, ``model_path`` ...

        Raises
        ------
        InvalidArgument
            unknown type or option (with near misses), a title that is taken, an analysis type the method does not do
        """
        data = loader.prepare(verbose=False) if self._silent() else loader.dataset
        analysis_type = analysis_type_of(data, self.options["AnalysisType"])
        methods = self._booked.get(loader.name, [])
        if methods and methods[0].dataset is not data:
            raise InvalidArgument(
                f"two DataLoaders are named {loader.name!r}; the name is the folder of the model files"
            )
        if any(method.title == title for method in methods):
            raise InvalidArgument(f"a method titled {title!r} is already booked on {loader.name!r}; titles are unique")
        if self.output is not None:
            for other in self._booked:
                if other != loader.name and Path(other).name == Path(loader.name).name:
                    raise InvalidArgument(
                        f"the DataLoaders {other!r} and {loader.name!r} would share the folder "
                        f"{Path(other).name!r} of the output file"
                    )
        booked = book(data, analysis_type, type, title, options, keywords)
        if booked.type_name == "Committee":
            booked.take_members(methods)  # type: ignore[attr-defined]
        self._booked.setdefault(loader.name, methods).append(booked)
        if not _is_quiet(booked):
            self._print(f"Booked {booked.type_name} as {title!r} on dataset {loader.name!r} ({analysis_type})")
        if booked.common["H"] or booked.common["V"] or self.options["V"]:
            self._print(help_text(booked))
        asked = getattr(type, "type_name", type)
        if isinstance(asked, str) and SERVED_BY.get(asked.lower(), "").lower() == booked.type_name.lower():
            self._print(f"Note: {title}: {asked} is served by {booked.type_name}")
        for name, reason in booked.method.without_effect(booked.given).items():
            if name in booked.given:  # nobody is told about options that were left alone
                self._print(f"Note: {title}: {name} has no effect {reason}")
        if booked.common["CreateMVAPdfs"] and analysis_type != "Classification":
            self._print(f"Note: {title}: CreateMVAPdfs has no effect in {analysis_type.lower()}")
        return booked

    # -- the three steps ----------------------------------------------------------------------------------------------

    def TrainAllMethods(self) -> None:
        """Train every booked method, write the model files, and read them back for what follows.

        A method that fails does not stop the others; its error is kept in ``errors`` and raised at the end. After
        Ctrl-C the method in training keeps its best model so far where it can, the methods after it are not trained,
        and KeyboardInterrupt is raised.

        Raises
        ------
        InvalidArgument
            no method is booked; the training sample cannot be trained on; the only method that failed was given
            something it cannot use
        MethodError
            methods failed
        OSError
            the folder of the model files cannot be written
        KeyboardInterrupt
        """
        self._require_methods()
        for name, methods in self._booked.items():
            check_samples(methods[0].dataset, methods[0].analysis_type)
            if self.options["ModelPersistence"]:
                prepare_folder(self._folder(name))
        for name, methods in self._booked.items():
            self._print_inputs(name)
            for booked in methods:
                if booked.trained is None:
                    self._train(name, booked)
        self._raise_errors("training", [m for m in self._methods() if m.trained is None])

    def _train(self, name: str, booked: BookedMethod) -> None:
        quiet = _is_quiet(booked)
        if not quiet:
            self._print(f"Train {booked.title} ({booked.type_name}) with {len(booked.dataset.training)} events ...")
        booked.error = None
        bar = ProgressBar(booked.title, shown=self._shows_progress())
        try:
            notes = train(
                booked,
                job=self.job,
                folder=self._folder(name) if self.options["ModelPersistence"] else None,
                threads=self.threads,
                progress=bar if bar.shown else None,
            )
        except Exception as error:
            bar.close()
            booked.forget_training()
            booked.error = error
            self._print(f"ERROR: training of {booked.title} failed: {type(error).__name__}: {error}")
            return
        except BaseException:  # Ctrl-C where no model is held: before the first iteration, or while it was written
            booked.forget_training()
            raise
        finally:
            bar.close()
        trained = booked.trained
        assert trained is not None
        if not quiet:
            for note in notes:
                self._print(f"  {note}")
            steps = transformations_text(booked)
            if steps and (booked.common["V"] or booked.common["H"] or self.options["V"]):
                self._print(f"  Transformations of the variables before {booked.title}:")
                self._print("\n".join(f"    {line}" for line in steps.splitlines()))
            elif steps:
                self._print(f"  variables transformed by {booked.common['VarTransform']} (option V prints the numbers)")
            where = f", model file {booked.model_path}" if booked.model_path else ""
            self._print(f"  trained in {duration_text(booked.train_seconds)}{where}")
            if trained.ranking:
                title = f"{booked.title}: ranking of the variables"
                self._print(str(evaluation.ranking_table(trained.ranking, title, trained.ranking_name or "Importance")))
        if trained.interrupted:
            self._print(f"Training of {booked.title} was interrupted; it holds its best model so far")
            raise KeyboardInterrupt(f"training of {booked.title} was interrupted; it holds its best model so far")

    def TestAllMethods(self) -> None:
        """Evaluate every trained method on the test sample.

        Raises
        ------
        InvalidArgument
            nothing is trained, or the test sample is empty
        MethodError
            methods failed
        """
        self._require_methods()
        trained = [booked for booked in self._methods() if booked.model is not None]
        if not trained:
            raise InvalidArgument("no method is trained: call TrainAllMethods first")
        for booked in trained:
            if len(booked.dataset.test) == 0:
                raise InvalidArgument(f"dataset {booked.dataset.name!r} has no test events")
        for booked in trained:
            start = _now()
            try:
                booked.response_test = respond(booked, booked.dataset.test, self.threads)
            except Exception as error:
                booked.response_test, booked.error = None, error
                self._print(f"ERROR: testing of {booked.title} failed: {type(error).__name__}: {error}")
                continue
            booked.test_seconds = _now() - start
            booked.metrics = {}
            events = len(booked.dataset.test)
            self._print(f"Tested {booked.title} on {events} events in {duration_text(booked.test_seconds)}")
        self._raise_errors("testing", [booked for booked in trained if booked.response_test is None])

    def EvaluateAllMethods(self) -> None:
        """Compute and print all tables, and write the output file.

        Raises
        ------
        InvalidArgument
            no method is tested, or the weights do not allow efficiencies
        OSError
            the output file cannot be written; nothing is left behind
        """
        self._require_methods()
        if not any(booked.response_test is not None for booked in self._methods()):
            raise InvalidArgument("no method is tested: call TrainAllMethods and TestAllMethods first")
        every = [self.results(name) for name in self._booked if self._tested(name)]
        for results in every:
            for table in evaluation.tables(results):
                if table.columns[:2] == ["Method", "ROC-integral"] and not self.options["ROC"]:
                    continue
                self._print(f"\n{table}")
            if self.options["Correlations"] and results.analysis_type == "Classification" and len(results.methods) > 1:
                self._print_correlations(results)
        for booked in self._methods():
            if booked.response_test is None:
                reason = f"failed ({booked.error})" if booked.error is not None else "is not trained"
                self._print(f"Not in the tables: {booked.title} {reason}")
        if self.output is not None:
            write_output(self.output, every)
            if isinstance(self.output, Path):
                self._print(f"\nTest and training trees written to {self.output}")

    # -- results ------------------------------------------------------------------------------------------------------

    def results(self, dataset: Any = None) -> FactoryResults:
        """All numbers of a dataset: input of tables, plots and the report.

        Parameters
        ----------
        dataset : DataLoader or its name; may be left out where there is only one

        Raises
        ------
        InvalidArgument
            unknown dataset, or several and none is named
        """
        name = self._dataset_name(dataset)
        methods = self._booked[name]
        tested = self._tested(name)
        results = FactoryResults(
            job=self.job,
            analysis_type=methods[0].analysis_type,
            dataset=methods[0].dataset,
            methods=[_method_result(booked) for booked in tested],
            input_ranking=self._input_rankings.get(name, []),
            provenance={**environment(), "threads": self.threads or "all", **_option_text(self.options)},
        )
        if tested:
            evaluation.evaluate(results)
            for booked, result in zip(tested, results.methods, strict=True):
                booked.metrics = result.metrics
            self._input_rankings[name] = results.input_ranking
        return results

    def GetROCCurve(
        self, dataset: Any, title: str | None = None, iClass: int = 0, type: Any = ETreeType.kTesting
    ) -> RocCurve:
        """ROC curve of a method.

        Parameters
        ----------
        dataset : DataLoader or its name; may be left out where there is only one: ``GetROCCurve("BDT")``
        title : title of the method
        iClass : in multiclass, the class against all others
        type : ``Types.kTesting`` or ``Types.kTraining``
        """
        booked = self._find(dataset, title)
        if booked.analysis_type == "Regression":
            raise InvalidArgument(f"method {booked.title!r} does regression: it has no ROC curve")
        data = booked.dataset
        training = _tree_type(type) == ETreeType.kTraining
        sample = data.training if training else data.test
        response = booked.response_training if training else booked.response_test
        if response is None:
            raise InvalidArgument(
                f"method {booked.title!r} has no responses on the {'training' if training else 'test'} sample yet"
            )
        if booked.analysis_type == "Classification":
            index, output = data.info.signal_class, 0
        else:
            if not 0 <= iClass < len(data.info.class_names):
                raise InvalidArgument(f"iClass must lie in 0..{len(data.info.class_names) - 1}, got {iClass!r}")
            index = output = iClass
        return evaluation.roc_curve(sample.class_index == index, response[:, output], sample.weight)

    def GetROCIntegral(
        self, dataset: Any, title: str | None = None, iClass: int = 0, type: Any = ETreeType.kTesting
    ) -> float:
        """Area under the ROC curve; arguments as in :meth:`GetROCCurve`."""
        return self.GetROCCurve(dataset, title, iClass, type).integral

    def GetMethod(self, dataset: Any, title: str | None = None) -> BookedMethod:
        """A booked method by its title."""
        return self._find(dataset, title)

    def HasMethod(self, dataset: Any, title: str | None = None) -> bool:
        try:
            self._find(dataset, title)
        except InvalidArgument:
            return False
        return True

    @property
    def errors(self) -> dict[str, BaseException]:
        """The exceptions of methods that failed, by title."""
        return {booked.title: booked.error for booked in self._methods() if booked.error is not None}

    def DeleteAllMethods(self) -> None:
        """Forget all booked methods. Files stay."""
        self._booked.clear()
        self._input_rankings.clear()

    def PrintHelpMessage(self, dataset: Any, title: str | None = None) -> None:
        """Print the options of a method with their values and meaning."""
        print(help_text(self._find(dataset, title)))

    def SetVerbose(self, verbose: bool = True) -> None:
        """Whether BookMethod prints the options of every method (option V)."""
        self.options["V"] = bool(verbose)

    def Report(self, path: str | os.PathLike[str], dataset: Any = None) -> None:
        """Write the report, one self-contained HTML page, and the JSON of every number beside it."""
        from ..report import write_report

        write_report(self.results(dataset), path)

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _methods(self) -> list[BookedMethod]:
        return [booked for methods in self._booked.values() for booked in methods]

    def _tested(self, name: str) -> list[BookedMethod]:
        return [booked for booked in self._booked[name] if booked.response_test is not None]

    def _require_methods(self) -> None:
        if not self._booked:
            raise InvalidArgument("no method is booked: call BookMethod first")

    def _folder(self, name: str) -> Path:
        return model_folder(name, gConfig().GetIONames().fWeightFileDir)

    def _dataset_name(self, dataset: Any) -> str:
        name = getattr(dataset, "name", dataset)
        if name is None:
            self._require_methods()
            if len(self._booked) > 1:
                raise InvalidArgument(f"there are several datasets, name one: {', '.join(self._booked)}")
            return next(iter(self._booked))
        if name not in self._booked:
            known = f"datasets: {', '.join(self._booked) or 'none'}"
            raise InvalidArgument(f"no dataset {name!r}{near_misses(str(name), self._booked)} ({known})")
        return str(name)

    def _find(self, dataset: Any, title: str | None) -> BookedMethod:
        if title is None:
            dataset, title = None, dataset
        name = self._dataset_name(dataset)
        for booked in self._booked[name]:
            if booked.title == title:
                return booked
        titles = [booked.title for booked in self._booked[name]]
        raise InvalidArgument(f"no method {title!r}{near_misses(str(title), titles)} (booked: {', '.join(titles)})")

    def _raise_errors(self, action: str, failed: Sequence[BookedMethod]) -> None:
        errors = {booked.title: booked.error for booked in failed if booked.error is not None}
        if not errors:
            return
        if len(errors) == 1:
            ((title, error),) = errors.items()
            if isinstance(error, (_core.InvalidArgument, _core.DeviceError)):
                raise type(error)(f"{action} of {title!r}: {error}") from error
            if isinstance(error, OSError):
                raise error
            raise MethodError(action, errors) from error
        raise MethodError(action, errors)

    def _silent(self) -> bool:
        return bool(self.options["Silent"]) or gConfig().IsSilent()

    def _shows_progress(self) -> bool:
        return bool(self.options["DrawProgressBar"]) and gConfig().DrawProgressBar() and not self._silent()

    def _print(self, text: str) -> None:
        if not self._silent():
            print(text, flush=True)


def _method_result(booked: BookedMethod) -> MethodResult:
    trained = booked.trained
    assert trained is not None
    assert booked.response_training is not None
    assert booked.response_test is not None
    return MethodResult(
        title=booked.title,
        type_name=booked.type_name,
        options=dict(booked.options),
        analysis_type=booked.analysis_type,
        response_training=booked.response_training,
        response_test=booked.response_test,
        train_seconds=booked.train_seconds,
        test_seconds=booked.test_seconds,
        ranking_name=trained.ranking_name,
        ranking=trained.ranking,
        curves=trained.curves,
        interrupted=booked.interrupted,
        signal_cut=trained.signal_cut,
        notes=trained.notes,
        metrics=booked.metrics,
        model=booked.model,
        densities=booked.densities,
        model_path="" if booked.model_path is None else str(booked.model_path),
    )


def _is_quiet(booked: BookedMethod) -> bool:
    """Whether the method was booked to say nothing but warnings and errors (option VerbosityLevel; V overrides it)."""
    return booked.common["VerbosityLevel"] in ("Warning", "Error", "Fatal") and not booked.common["V"]


def _tree_type(type: Any) -> ETreeType:
    if isinstance(type, str):
        named = {"training": ETreeType.kTraining, "train": ETreeType.kTraining, "testing": ETreeType.kTesting}
        named["test"] = ETreeType.kTesting
        if type.lower() in named:
            return named[type.lower()]
    elif type in (ETreeType.kTraining, ETreeType.kTesting):
        return ETreeType(type)
    raise InvalidArgument(f"type must be Types.kTraining or Types.kTesting, got {type!r}")


def _option_text(options: dict[str, Any]) -> dict[str, str]:
    return {f"option {name}": str(value) for name, value in options.items()}


def _now() -> float:
    import time

    return time.perf_counter()


def duration_text(seconds: float) -> str:
    """A measured time: three digits below a minute, then minutes and hours."""
    return f"{seconds:.3g} s" if seconds < 60 else duration(seconds)
