"""Tuning one booked method: the mean figure of merit over folds, in the order that a search asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ..._near_misses import near_misses
from ..._parallel import Progress, run_tasks
from ...data.sample import DataSet
from ...data.split import Purpose, permutation
from ...evaluation import Table
from ..booking import BookedMethod, rebook
from ..folds import assign_folds
from ..training import respond, train
from .figures import figure_name, figure_of_merit
from .ranges import Range, as_range, default_ranges
from .search import SEARCHES


@dataclass(frozen=True)
class Trial:
    """One point of the search.

    Attributes
    ----------
    parameters : option -> value
    share : share of the training events that was trained on
    figures : figure of merit of each fold; larger is better
    error : why it failed; empty: it did not
    """

    parameters: dict[str, Any]
    share: float
    figures: tuple[float, ...]
    error: str = ""

    @property
    def mean(self) -> float:
        """Mean over the folds; NaN where the trial failed."""
        return float(np.mean(self.figures)) if self.figures else math.nan

    @property
    def deviation(self) -> float:
        """Spread between the folds, with n - 1."""
        return float(np.std(self.figures, ddof=1)) if len(self.figures) > 1 else math.nan


@dataclass
class TuningResult:
    """What a search found.

    Attributes
    ----------
    title, figure, search : what was tuned, by which figure of merit, by which search
    parameters : the best values, by the mean over the folds; only trials on all events count
    fold_parameters : for each fold the values that were best in this fold alone
    trials : everything that was tried, in order
    """

    title: str
    figure: str
    search: str
    parameters: dict[str, Any]
    best: Trial
    fold_parameters: list[dict[str, Any]] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)

    def table(self, most: int = 10) -> Table:
        """The best trials."""
        names = list(self.best.parameters)
        table = Table(
            f"{self.title}: {self.search} for {self.figure}, best of {len(self.trials)} trials",
            ["Rank", *names, self.figure, "deviation"],
        )
        good = [t for t in self.trials if not t.error and t.share == 1.0]
        for place, trial in enumerate(sorted(good, key=lambda t: -t.mean)[:most], 1):
            values = [str(trial.parameters[name]) for name in names]
            table.rows.append([str(place), *values, f"{trial.mean:.5f}", f"{trial.deviation:.5f}"])
        table.note = "mean over the folds and spread between them; each fold is judged by the training without it"
        failed = sum(bool(t.error) for t in self.trials)
        if failed:
            table.note += f"; {failed} trials failed"
        return table

    def Print(self) -> None:
        """Print the best trials."""
        print(self.table())


def tune(
    booked: BookedMethod,
    *,
    figure: str = "ROCIntegral",
    search: str = "Bayesian",
    ranges: Mapping[str, Any] | None = None,
    trials: int = 40,
    folds: int = 3,
    seed: int = 100,
    threads: int = 0,
    shown: bool = False,
    split: Mapping[str, Any] | None = None,
) -> TuningResult:
    """Search the options of a booked method on its training events; the test events are not looked at.

    Parameters
    ----------
    booked : handle of ``Factory.BookMethod``; it is not changed
    figure : figure of merit: ROCIntegral, Separation, SigEffAtBkgEff01, -001, -002, BkgRejAtSigEff05,
        BkgEffAtSigEff05; in a regression RMS
    search : Scan, FitGA, Minuit (steps along the axes), Random, Bayesian, SuccessiveHalving, Optuna (an extra)
    ranges : option -> Range, (minimum, maximum), (minimum, maximum, points) or a list of choices; by default those of
        the method
    trials : points that are tried; a Scan tries all
    folds : the figure of a point is its mean over so many folds
    seed : of the search and of the folds
    threads : 0: all; results do not depend on it
    split : options of the folds (SplitType, SplitExpr, SplitKey)

    Raises
    ------
    InvalidArgument
        unknown figure, search or option; a method without ranges; every trial failed
    KeyboardInterrupt
    """
    name = figure_name(figure, booked.analysis_type)
    chosen = _search_name(search)
    space = _space(booked, ranges)
    if isinstance(trials, bool) or not isinstance(trials, (int, np.integer)) or trials < 1:
        raise InvalidArgument(f"trials must be a positive number, got {trials!r}")
    options = {"NumFolds": folds, "SplitType": "RandomStratified", "SplitExpr": "", "SplitKey": "", "SplitSeed": seed}
    if booked.analysis_type == "Regression":
        options["SplitType"] = "Random"
    options.update(split or {})
    objective = _Objective(booked, name, options, threads, shown)
    running = SEARCHES[chosen](list(space.values()), int(trials), np.random.Generator(np.random.Philox(seed)))
    tried: list[Trial] = []
    try:
        positions, share = next(running)
        while True:
            points = [
                {key: one.value(float(u)) for (key, one), u in zip(space.items(), row, strict=True)}
                for row in positions
            ]
            done = objective(points, share)
            tried += done
            positions, share = running.send(np.array([trial.mean for trial in done]))
    except StopIteration:
        pass
    good = [trial for trial in tried if not trial.error and trial.share == 1.0]
    if not good:
        raise InvalidArgument(f"{booked.title}: no trial succeeded; the first: {tried[0].error}")
    best = max(good, key=lambda trial: trial.mean)
    each = [dict(max(good, key=lambda trial: trial.figures[f]).parameters) for f in range(len(best.figures))]
    return TuningResult(booked.title, name, chosen, dict(best.parameters), best, each, tried)


def _search_name(search: str) -> str:
    known = {name.lower(): name for name in SEARCHES}
    found = known.get(str(search).lower())
    if found is None:
        raise InvalidArgument(
            f"unknown search {search!r}{near_misses(str(search), SEARCHES)} (known: {', '.join(SEARCHES)})"
        )
    return found


def _space(booked: BookedMethod, ranges: Mapping[str, Any] | None) -> dict[str, Range]:
    space = default_ranges(booked) if ranges is None else {n: as_range(n, r) for n, r in ranges.items()}
    if not space:
        raise InvalidArgument(f"{booked.title}: {booked.type_name} has no options to tune by itself; give ranges")
    known = {option.lower(): option for option in booked.options}
    result = {}
    for option, one in space.items():
        found = known.get(option.lower())
        if found is None:
            raise InvalidArgument(
                f"{booked.title}: {booked.type_name} has no option {option!r}{near_misses(option, booked.options)}"
            )
        result[found] = one
    return result


class _Objective:
    """Trains points in folds, many at once; a point that came before is not trained again."""

    def __init__(
        self, booked: BookedMethod, figure: str, options: Mapping[str, Any], threads: int, shown: bool
    ) -> None:
        self.booked, self.figure, self.threads, self.shown = booked, figure, threads, shown
        self.folds = assign_folds(booked.dataset, options)
        self.known: dict[tuple[Any, ...], Trial] = {}
        self.parts: dict[float, list[DataSet]] = {}

    def __call__(self, points: Sequence[dict[str, Any]], share: float) -> list[Trial]:
        keys = [(share, *point.values()) for point in points]
        new = {key: point for key, point in zip(keys, points, strict=True) if key not in self.known}
        parts = self._parts(share)
        tasks = [self._task(point, part) for point in new.values() for part in parts]
        label = f"{self.booked.title}: {len(self.known) + len(new)} trials"
        outcomes = run_tasks(tasks, threads=self.threads, label=label, shown=self.shown)
        for number, (key, point) in enumerate(new.items()):
            mine = outcomes[number * len(parts) : (number + 1) * len(parts)]
            error = next((one for one in mine if isinstance(one, str)), "")
            figures = () if error else tuple(float(one) for one in mine)
            self.known[key] = Trial(point, share, figures, error)
        return [self.known[key] for key in keys]

    def _task(self, point: dict[str, Any], part: DataSet) -> Callable[[int, Progress], float | str]:
        def run(threads: int, progress: Progress) -> float | str:
            try:
                method = rebook(self.booked, part, point)
                train(method, job="tuning", folder=None, threads=threads, progress=progress)
                if method.interrupted:
                    raise KeyboardInterrupt
                response = respond(method, part.test, threads)
                return figure_of_merit(self.figure, method.analysis_type, part.info, part.test, response)
            except Exception as error:
                return f"{type(error).__name__}: {error}"

        return run

    def _parts(self, share: float) -> list[DataSet]:
        from ..cross_validation import fold_dataset

        if share not in self.parts:
            whole = [fold_dataset(self.booked.dataset, self.folds, fold) for fold in range(self.folds.count)]
            self.parts[share] = whole if share >= 1.0 else [_reduced(part, share) for part in whole]
        return self.parts[share]


def _reduced(data: DataSet, share: float) -> DataSet:
    """A random share of the training events of each class, and all test events."""
    chosen: list[NDArray[np.int64]] = []
    index = data.training.class_index
    for number in np.unique(index):
        mine = np.flatnonzero(index == number)
        keep = max(min(len(mine), 50), round(share * len(mine)))
        chosen.append(mine[permutation(len(mine), 100, Purpose.FOLDS, 1000 + int(number))[:keep]])
    events = np.sort(np.concatenate(chosen))
    return DataSet(
        data.name, data.info, data.training.select(events), data.test, data.validation, [], data.split_options
    )
