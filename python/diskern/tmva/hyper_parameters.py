"""TMVA's HyperParameterOptimisation: the best options of every booked method, by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core import InvalidArgument
from .envelope import Envelope
from .factory import MethodError
from .methods.base import Option
from .tuning import TuningResult, tune


class HyperParameterOptimisation(Envelope):
    """Searches the options of every booked method; the figure of a point is its mean over folds of the training events.

    Parameters
    ----------
    loader : DataLoader
    options : Silent, DrawProgressBar, AnalysisType
    threads : 0: all; results do not depend on it
    keywords : options as keyword arguments

    Examples
    --------
    >>> hpo = HyperParameterOptimisation(loader)                          # doctest: +SKIP
    >>> hpo.BookMethod("BDT", "BDTG", "BoostType=Grad")                   # doctest: +SKIP
    >>> hpo.SetRanges("BDTG", NTrees=(100, 1000), Shrinkage=(0.02, 0.5))  # doctest: +SKIP
    >>> hpo.SetFitter("Bayesian"); hpo.SetNumFolds(5); hpo.Evaluate()     # doctest: +SKIP
    >>> hpo.GetResults()[0].parameters                                    # doctest: +SKIP
    """

    option_table = (
        Option("Silent", "bool", False, "print nothing"),
        Option("V", "bool", False, "print the options of every method"),
        Option("DrawProgressBar", "bool", True, "show progress on a terminal"),
        Option(
            "AnalysisType",
            "choice",
            "Auto",
            "what to do",
            choices=("Classification", "Regression", "Multiclass", "Auto"),
        ),
    )

    def __init__(self, loader: Any, options: str = "", *, threads: int = 0, **keywords: Any) -> None:
        super().__init__("HyperParameterOptimisation", loader, None, options, threads=threads, **keywords)
        self._figure, self._search = "ROCIntegral", "Bayesian"
        self._folds, self._trials, self._seed = 5, 40, 100
        self._split: dict[str, Any] = {}
        self._ranges: dict[str, Mapping[str, Any]] = {}
        self._results: list[TuningResult] | None = None

    def SetFOMType(self, figure: str) -> None:
        """Figure of merit; see :func:`diskern.tmva.tuning.tune`. TMVA's default is Separation, ours ROCIntegral."""
        from .tuning.figures import figure_name

        self._figure = figure_name(figure, self.analysis_type())

    def SetFitter(self, search: str) -> None:
        """Scan, FitGA, Minuit, Random, Bayesian, SuccessiveHalving or Optuna. TMVA's default is Minuit."""
        from .tuning.tuner import _search_name

        self._search = _search_name(search)

    def SetNumFolds(self, folds: int) -> None:
        """Folds of the training events, 5 by default."""
        self._folds = int(folds)

    def SetNumTrials(self, trials: int) -> None:
        """Points that are tried (not in TMVA), 40 by default; a Scan tries all."""
        if trials < 1:
            raise InvalidArgument(f"the number of trials must be positive, got {trials!r}")
        self._trials = int(trials)

    def SetSeed(self, seed: int) -> None:
        """Seed of the search and of the folds (not in TMVA)."""
        self._seed = int(seed)

    def SetSplit(self, **options: Any) -> None:
        """How the folds are made (not in TMVA): SplitType, SplitExpr, SplitKey as in CrossValidation."""
        for name in options:
            if name not in ("SplitType", "SplitExpr", "SplitKey"):
                raise InvalidArgument(f"SetSplit has no option {name!r}; expected SplitType, SplitExpr, SplitKey")
        self._split = dict(options)

    def SetRanges(self, title: str, **ranges: Any) -> None:
        """What is searched of a method (not in TMVA, whose ranges are the default): option=(minimum, maximum),
        (minimum, maximum, points), a list of choices, or a Range."""
        if not self.HasMethod(title):
            raise InvalidArgument(f"no method {title!r} is booked (booked: {', '.join(self.GetMethods()) or 'none'})")
        self._ranges[title] = ranges

    def Evaluate(self) -> None:
        """Search, method after method, and print the best trials.

        Raises
        ------
        InvalidArgument
            no method is booked
        MethodError
            methods without ranges or whose trials all failed; the others are done
        KeyboardInterrupt
        """
        self._require_methods()
        data, analysis_type = self._data(), self.analysis_type()
        results: list[TuningResult] = []
        errors: dict[str, BaseException] = {}
        for booking in self._bookings:
            try:
                result = tune(
                    booking.on(data, analysis_type),
                    figure=self._figure,
                    search=self._search,
                    ranges=self._ranges.get(booking.title),
                    trials=self._trials,
                    folds=self._folds,
                    seed=self._seed,
                    threads=self.threads,
                    shown=self._shows_progress(),
                    split=self._split,
                )
            except InvalidArgument as error:
                errors[booking.title] = error
                self._print(f"ERROR: {error}")
                continue
            results.append(result)
            self._print(f"\n{result.table()}")
        self._results = results
        if errors:
            raise MethodError("the search", errors)

    def GetResults(self) -> list[TuningResult]:
        """One result per method, in the order of booking."""
        if self._results is None:
            raise InvalidArgument("there are no results yet: call Evaluate first")
        return list(self._results)
