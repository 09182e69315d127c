"""Searches: which points of the unit cube are tried next. Batches do not depend on the number of threads."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ...data.table import missing_extra
from .gaussian_process import GaussianProcess
from .ranges import Range

Floats = NDArray[np.float64]
# A search yields (positions, share of the training events) and is sent the figures, larger is better, NaN: failed.
Search = Generator[tuple[Floats, float], Floats, None]

_BATCH = 4
_LARGEST_SCAN = 10_000


def scan(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """Every combination of the points of all ranges; the number of trials is theirs."""
    del trials, generator
    count = int(np.prod([one.count for one in ranges], dtype=np.float64))
    if count > _LARGEST_SCAN:
        raise InvalidArgument(
            f"a scan of these ranges has {count} points, more than {_LARGEST_SCAN}: fewer points in the ranges, or "
            "another search (Random, Bayesian)"
        )
    yield np.array(list(itertools.product(*(one.scan() for one in ranges))), np.float64), 1.0


def random(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """Uniform points."""
    yield generator.random((trials, len(ranges))), 1.0


def genetic(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """A genetic algorithm: the better half has offspring, each the mixture of two with a mutation that shrinks."""
    size = int(np.clip(trials // 5, 4, 20))
    positions = generator.random((min(size, trials), len(ranges)))
    figures = _filled((yield positions, 1.0))
    done, spread = len(positions), 0.25
    while done < trials:
        order = np.argsort(-figures, kind="stable")[: max(2, size // 2)]
        parents, count = positions[order], min(size, trials - done)
        pairs = generator.integers(0, len(parents), (count, 2))
        take_first = generator.random((count, len(ranges))) < 0.5
        offspring = np.where(take_first, parents[pairs[:, 0]], parents[pairs[:, 1]])
        offspring = _reflect(offspring + spread * generator.standard_normal(offspring.shape))
        new = _filled((yield offspring, 1.0))
        positions, figures = np.vstack([parents, offspring]), np.concatenate([figures[order], new])
        done, spread = done + count, 0.85 * spread
    return


def descent(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """Steps along each axis from the middle, halved where none is better. Served under the name Minuit."""
    del generator
    dimensions = len(ranges)
    centre = np.full((1, dimensions), 0.5)
    best = _filled((yield centre, 1.0))[0]
    done, step = 1, 0.25
    while done < trials and step > 1e-3:
        moves = np.vstack([centre + step * np.eye(dimensions), centre - step * np.eye(dimensions)])
        inside = moves[((moves >= 0) & (moves <= 1)).all(axis=1)][: trials - done]
        if len(inside) == 0:
            step /= 2
            continue
        figures = _filled((yield inside, 1.0))
        done += len(inside)
        if figures.max() > best:
            best = figures.max()
            centre = inside[[int(figures.argmax())]]
        else:
            step /= 2


def bayesian(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """A Gaussian process and the largest expected improvement; several points at once by a constant liar."""
    dimensions = len(ranges)
    positions = generator.random((min(trials, max(2 * _BATCH, 2 * dimensions)), dimensions))
    figures = yield positions, 1.0
    while len(positions) < trials:
        chosen = np.empty((0, dimensions))
        for _ in range(min(_BATCH, trials - len(positions))):
            good = np.isfinite(figures)
            if good.sum() < 2:
                chosen = np.vstack([chosen, generator.random((1, dimensions))])
                continue
            # What failed, and what is under way, count as the worst so far: the search goes elsewhere.
            lie = np.full(len(chosen), figures[good].min())
            known = np.vstack([positions, chosen])
            process = GaussianProcess(known, np.concatenate([_filled(figures), lie]))
            best = float(figures[good].max())
            top = positions[good][np.argsort(-figures[good], kind="stable")[:5]]
            near = _reflect(np.repeat(top, 100, axis=0) + 0.1 * generator.standard_normal((100 * len(top), dimensions)))
            candidates = np.vstack([generator.random((1000, dimensions)), near])
            improvement = process.expected_improvement(candidates, best)
            chosen = np.vstack([chosen, candidates[[int(improvement.argmax())]]])
        new = yield chosen, 1.0
        positions, figures = np.vstack([positions, chosen]), np.concatenate([figures, new])


def successive_halving(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """Random points on few events; the best third goes on with three times as many, until all events are used
    (Jamieson, Talwalkar, AISTATS 2016)."""
    rate = 3
    rounds = max(1, int(np.floor(np.log(max(trials, 1)) / np.log(rate))))
    positions = generator.random((trials, len(ranges)))
    for number in range(rounds + 1):
        figures = _filled((yield positions, float(rate) ** (number - rounds)))
        keep = max(1, len(positions) // rate)
        positions = positions[np.sort(np.argsort(-figures, kind="stable")[:keep])]


def optuna(ranges: Sequence[Range], trials: int, generator: np.random.Generator) -> Search:
    """Optuna's tree-structured Parzen estimator."""
    try:
        import optuna as package
    except ImportError as error:
        raise missing_extra("optuna", "hpo", "the search Optuna") from error
    package.logging.set_verbosity(package.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls the constant liar experimental
        sampler = package.samplers.TPESampler(seed=int(generator.integers(2**31)), constant_liar=True)
    study = package.create_study(direction="maximize", sampler=sampler)
    space = {str(j): package.distributions.FloatDistribution(0.0, 1.0) for j in range(len(ranges))}
    done = 0
    while done < trials:
        asked = [study.ask(space) for _ in range(min(_BATCH, trials - done))]
        positions = np.array([[one.params[str(j)] for j in range(len(ranges))] for one in asked])
        figures = yield positions, 1.0
        for one, figure in zip(asked, figures, strict=True):
            if np.isfinite(figure):
                study.tell(one, float(figure))
            else:
                study.tell(one, state=package.trial.TrialState.FAIL)
        done += len(asked)


def _filled(figures: Floats) -> Floats:
    """Failures as bad as the worst that did not fail."""
    good = figures[np.isfinite(figures)]
    return np.where(np.isfinite(figures), figures, good.min() if len(good) else 0.0)


def _reflect(positions: Floats) -> Floats:
    """Back into the unit cube at its walls."""
    folded = np.abs(np.mod(positions + 1.0, 2.0) - 1.0)
    return np.clip(folded, 0.0, 1.0)


# TMVA's names of fitters (Scan, FitGA, Minuit) and our own searches.
SEARCHES: dict[str, Callable[[Sequence[Range], int, np.random.Generator], Search]] = {
    "Scan": scan,
    "FitGA": genetic,
    "Minuit": descent,
    "Random": random,
    "Bayesian": bayesian,
    "SuccessiveHalving": successive_halving,
    "Optuna": optuna,
}
