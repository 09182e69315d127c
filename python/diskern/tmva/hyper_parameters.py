"""TMVA's HyperParameterOptimisation: the best options of every booked method, by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._core import InvalidArgument
from .booking import BookedMethod
from .envelope import Study
from .tuning import TuningResult, tune


class HyperParameterOptimisation(Study[TuningResult]):
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

    action: ClassVar[str] = "the search"

    def __init__(self, loader: Any, options: str = "", *, threads: int = 0, **keywords: Any) -> None:
        super().__init__(loader, options, threads=threads, **keywords)
        self._figure, self._search = "ROCIntegral", "Bayesian"
        self._folds, self._trials, self._seed = 5, 40, 100
        self._split: dict[str, Any] = {}
        self._ranges: dict[str, Mapping[str, Any]] = {}

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

    def _study(self, booked: BookedMethod) -> TuningResult:
        """The search for the best options; a method without ranges or whose trials all fail is an error."""
        return tune(
            booked,
            figure=self._figure,
            search=self._search,
            ranges=self._ranges.get(booked.title),
            trials=self._trials,
            folds=self._folds,
            seed=self._seed,
            threads=self.threads,
            shown=self._shows_progress(),
            split=self._split,
        )
