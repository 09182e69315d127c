"""What each input variable adds: trainings on subsets of the variables, or shuffled columns."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from .._core import InvalidArgument
from .._parallel import Progress, run_tasks
from ..data.sample import DataSet, Sample
from ..evaluation import Table
from .booking import BookedMethod, rebook
from .envelope import Study
from .training import respond, train
from .tuning.figures import figure_name, figure_of_merit

Subset = tuple[int, ...]

_LARGEST_ALL = 12  # variables; 4095 trainings


class VIType(enum.IntEnum):
    """How the importance of variables is measured; TMVA's, and a shuffle of each column."""

    kShort = 0
    kAll = 1
    kRandom = 2
    kPermutation = 3


@dataclass
class VariableImportanceResult:
    """The importance of every variable of one method.

    Attributes
    ----------
    title, type : of the method, and how it was measured
    figure : figure of merit of the test events whose loss is measured
    baseline : the figure with all variables
    importance : variable -> loss of the figure; see :func:`variable_importance`
    error : variable -> spread of the mean where several differences were averaged, else NaN
    subsets : labels of the variables -> figure, everything that was trained
    """

    title: str
    type: VIType
    figure: str
    baseline: float
    importance: dict[str, float]
    error: dict[str, float] = field(default_factory=dict)
    subsets: dict[tuple[str, ...], float] = field(default_factory=dict)

    def percent(self) -> dict[str, float]:
        """The importances in percent of their sum, as TMVA's histogram has them; NaN where it is not positive."""
        total = sum(self.importance.values())
        return {name: 100.0 * value / total if total > 0 else math.nan for name, value in self.importance.items()}

    def ranking(self) -> list[tuple[str, float]]:
        """(variable, importance), the largest first."""
        return sorted(self.importance.items(), key=lambda pair: -pair[1])

    def table(self) -> Table:
        """The ranking with percentages."""
        percent = self.percent()
        table = Table(
            f"Importance of the variables for {self.title} ({self.type.name[1:]}), {self.figure} {self.baseline:.4f}",
            ["Rank", "Variable", "Importance", "error", "%"],
            note=f"loss of {self.figure} of the test events without the variable",
        )
        for place, (name, value) in enumerate(self.ranking(), 1):
            error = self.error.get(name, math.nan)
            shown = "-" if math.isnan(error) else f"{error:.4f}"
            share = "-" if math.isnan(percent[name]) else f"{percent[name]:.1f}"
            table.rows.append([str(place), name, f"{value:+.4f}", shown, share])
        return table

    def Print(self) -> None:
        """Print the ranking."""
        print(self.table())

    def Draw(self, axes: Any = None) -> Any:
        """Draw the ranking; returns the matplotlib axes."""
        from ..plotting import plot_ranking

        return plot_ranking(self.ranking(), name=f"Loss of {self.figure}", axes=axes)


def variable_importance(
    booked: BookedMethod,
    type: Any = VIType.kShort,
    *,
    figure: str = "ROCIntegral",
    seeds: int = 20,
    seed: int = 100,
    threads: int = 0,
    shown: bool = False,
) -> VariableImportanceResult:
    """Measure what each variable of a booked method adds to the figure of merit of the test events.

    Parameters
    ----------
    booked : handle of ``Factory.BookMethod``; it is not changed
    type : kShort: the figure with all variables minus that without one (n + 1 trainings); kAll: Shapley's mean over
        the 2^n subsets, with TMVA's 0.5 (chance) for no variable at all: the importances add up to the figure minus 0.5
        (TMVA sums the differences without weights); kRandom: the mean difference in random subsets; kPermutation: one
        training, each column of the test sample shuffled
    figure : figure of merit, see :func:`diskern.tmva.tuning.tune`
    seeds : kRandom: how many subsets; kPermutation: how many shuffles
    seed : of the subsets and shuffles
    threads : 0: all; results do not depend on it

    Raises
    ------
    InvalidArgument
        unknown type; one variable only; kAll with more than 12 variables; no test events; a training that failed
    """
    kind = _type(type)
    data = booked.dataset
    labels = data.info.variable_labels
    n = len(labels)
    if n < 2:
        raise InvalidArgument(f"the importance of variables needs two or more, dataset {data.name!r} has {n}")
    if len(data.test) == 0:
        raise InvalidArgument(f"dataset {data.name!r} has no test events")
    if kind in (VIType.kRandom, VIType.kPermutation) and seeds < 1:
        raise InvalidArgument(f"seeds must be a positive number, got {seeds!r}")
    name = figure_name(figure, booked.analysis_type)
    if kind == VIType.kPermutation:
        return _permuted(booked, name, seeds, seed, threads)
    whole = tuple(range(n))
    generator = np.random.Generator(np.random.Philox(seed))
    if kind == VIType.kShort:
        bases = [whole]
    elif kind == VIType.kAll:
        if n > _LARGEST_ALL:
            raise InvalidArgument(
                f"kAll trains on all 2^{n} subsets of the variables, which is offered up to {_LARGEST_ALL} variables: "
                "take kRandom or kShort"
            )
        bases = [subset for subset in _all_subsets(n) if subset]
    else:
        drawn = (tuple(np.flatnonzero(generator.random(n) < 0.5).tolist()) for _ in range(100 * seeds))
        bases = []
        for subset in drawn:
            if subset and len(bases) < seeds:
                bases.append(subset)
    needed = list(dict.fromkeys([whole, *bases, *(less for base in bases for less in _one_less(base) if less)]))
    figures = _train_subsets(booked, needed, name, threads, shown)
    figures[()] = _chance(name, booked)
    importance, error = {}, {}
    for j, label in enumerate(labels):
        differences, weights = [], []
        for base in bases:
            if j not in base:
                continue
            without = tuple(i for i in base if i != j)
            differences.append(figures[base] - figures[without])
            size = len(without)
            shapley = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            weights.append(shapley if kind == VIType.kAll else 1.0)
        if not differences:
            importance[label], error[label] = math.nan, math.nan
            continue
        importance[label] = float(np.average(differences, weights=weights))
        several = kind == VIType.kRandom and len(differences) > 1
        error[label] = float(np.std(differences, ddof=1) / math.sqrt(len(differences))) if several else math.nan
    missing = [label for label, value in importance.items() if math.isnan(value)]
    if missing:
        raise InvalidArgument(f"no random subset held {', '.join(missing)}; more seeds")
    subsets = {tuple(labels[i] for i in subset): value for subset, value in figures.items() if subset}
    return VariableImportanceResult(booked.title, kind, name, figures[whole], importance, error, subsets)


def _type(given: Any) -> VIType:
    if isinstance(given, str):
        known = {kind.name.lower(): kind for kind in VIType} | {kind.name[1:].lower(): kind for kind in VIType}
        if given.lower() in known:
            return known[given.lower()]
    elif not isinstance(given, bool) and given in list(VIType):
        return VIType(given)
    raise InvalidArgument(f"type must be one of {', '.join(kind.name for kind in VIType)}, got {given!r}")


def _all_subsets(n: int) -> Iterable[Subset]:
    for bits in range(1 << n):
        yield tuple(i for i in range(n) if bits >> i & 1)


def _one_less(subset: Subset) -> list[Subset]:
    return [tuple(i for i in subset if i != j) for j in subset]


def _chance(figure: str, booked: BookedMethod) -> float:
    """The figure without any variable."""
    if figure == "ROCIntegral":
        return 0.5
    if figure == "RMS":
        return -1.0
    return {"Separation": 0.0, "SigEffAtBkgEff01": 0.1, "SigEffAtBkgEff001": 0.01, "SigEffAtBkgEff002": 0.02}.get(
        figure, 0.5 if figure == "BkgRejAtSigEff05" else -0.5
    )


def subset_dataset(data: DataSet, columns: Subset) -> DataSet:
    """The same events with some of the variables."""

    def reduced(sample: Sample) -> Sample:
        return replace(sample, variables=np.ascontiguousarray(sample.variables[:, list(columns)]))

    info = replace(data.info, variables=tuple(data.info.variables[j] for j in columns))
    validation = None if data.validation is None else reduced(data.validation)
    return DataSet(data.name, info, reduced(data.training), reduced(data.test), validation, [], data.split_options)


def _train_subsets(
    booked: BookedMethod, subsets: list[Subset], figure: str, threads: int, shown: bool
) -> dict[Subset, float]:
    def task(subset: Subset) -> Callable[[int, Progress], float]:
        def run(threads: int, progress: Progress) -> float:
            part = subset_dataset(booked.dataset, subset)
            try:
                method = rebook(booked, part, {})
                train(method, job="importance", folder=None, threads=threads, progress=progress)
                if method.interrupted:
                    raise KeyboardInterrupt
                response = respond(method, part.test, threads)
                return figure_of_merit(figure, method.analysis_type, part.info, part.test, response)
            except InvalidArgument as error:
                names = ", ".join(part.info.variable_labels)
                raise InvalidArgument(f"{booked.title} with the variables {names}: {error}") from None

        return run

    label = f"{booked.title}: {len(subsets)} subsets"
    values = run_tasks([task(subset) for subset in subsets], threads=threads, label=label, shown=shown)
    return dict(zip(subsets, values, strict=True))


def _permuted(booked: BookedMethod, figure: str, repeats: int, seed: int, threads: int) -> VariableImportanceResult:
    data = booked.dataset
    method = rebook(booked, data, {})
    train(method, job="importance", folder=None, threads=threads, progress=None)
    if method.interrupted:
        raise KeyboardInterrupt

    def measured(variables: Any) -> float:
        response = respond(method, variables, threads)
        return figure_of_merit(figure, booked.analysis_type, data.info, data.test, response)

    baseline = measured(data.test.variables)
    generator = np.random.Generator(np.random.Philox(seed))
    importance, error = {}, {}
    for j, label in enumerate(data.info.variable_labels):
        losses = []
        for _ in range(repeats):
            shuffled = data.test.variables.copy()
            shuffled[:, j] = shuffled[generator.permutation(len(shuffled)), j]
            losses.append(baseline - measured(shuffled))
        importance[label] = float(np.mean(losses))
        error[label] = float(np.std(losses, ddof=1) / math.sqrt(repeats)) if repeats > 1 else math.nan
    return VariableImportanceResult(booked.title, VIType.kPermutation, figure, baseline, importance, error)


class VariableImportance(Study[VariableImportanceResult]):
    """Measures the importance of the variables for every booked method.

    Parameters
    ----------
    loader : DataLoader; the methods train on its training events and are judged by its test events
    options : Silent, DrawProgressBar, AnalysisType
    threads : 0: all; results do not depend on it
    """

    action: ClassVar[str] = "the importance of variables"

    def __init__(self, loader: Any, options: str = "", *, threads: int = 0, **keywords: Any) -> None:
        super().__init__(loader, options, threads=threads, **keywords)
        self._type, self._figure, self._seeds = VIType.kShort, "ROCIntegral", 20

    def SetType(self, type: Any) -> None:
        """VIType.kShort, kAll, kRandom or kPermutation; see :func:`variable_importance`."""
        self._type = _type(type)

    def SetFOMType(self, figure: str) -> None:
        """Figure of merit (not in TMVA); ROCIntegral by default, RMS in a regression."""
        self._figure = figure_name(figure, self.analysis_type())

    def SetNumSeeds(self, seeds: int) -> None:
        """kRandom: how many subsets, kPermutation: how many shuffles (not in TMVA); 20 by default."""
        if seeds < 1:
            raise InvalidArgument(f"the number of seeds must be positive, got {seeds!r}")
        self._seeds = int(seeds)

    def _study(self, booked: BookedMethod) -> VariableImportanceResult:
        return variable_importance(
            booked,
            self._type,
            figure=self._figure,
            seeds=self._seeds,
            threads=self.threads,
            shown=self._shows_progress(),
        )
