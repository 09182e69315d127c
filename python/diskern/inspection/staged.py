"""How a forest grows better tree by tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import check_weights
from ..tmva.methods.base import LearningCurve
from .metrics import metric_of
from .subject import Events, Floats, subject

# Trees whose answers are held at a time.
_TREES_AT_ONCE = 64


def staged_scores(forest: _core.Forest, events: Events, threads: int = 0) -> Iterator[Floats]:
    """The scores, before the link, of the forest cut off after 1, 2, ... iterations.

    Parameters
    ----------
    forest : Forest
    events : float32 array of shape (events, variables)
        As the trees see them.
    threads : int
        0 takes all that the process may use.

    Yields
    ------
    float64 array of shape (events, outputs), a new one each time; the last one has the bits of the whole forest
    """
    n_outputs, count = forest.output_count, forest.tree_count
    if forest.aggregation in (_core.Aggregation.weighted_median, _core.Aggregation.median_leaf):
        # A median of fewer trees is no sum that could be carried on.
        trees, weights = [forest.tree(t) for t in range(count)], forest.tree_weight
        for end in range(1, count + 1):
            part = _core.Forest(
                forest.input_count,
                trees[:end],
                tree_weight=weights[:end].tolist(),
                base_score=forest.base_score.tolist(),
                aggregation=forest.aggregation,
            )
            yield part.evaluate(events, threads=threads)
        return
    mean = forest.aggregation == _core.Aggregation.weighted_mean
    sums = np.tile(np.zeros(n_outputs) if mean else forest.base_score, (len(events), 1))
    norm = np.zeros(n_outputs)
    step = _TREES_AT_ONCE * n_outputs
    for begin in range(0, count, step):
        end = min(begin + step, count)
        answers: NDArray[np.float64] = _core.tree_answers(forest, events, begin, end, threads=threads)
        for t in range(begin, end):
            output = t % n_outputs
            sums[:, output] += answers[:, t - begin]
            norm[output] += forest.tree_weight[t]
            if output == n_outputs - 1:
                yield _mean(forest.base_score, sums, norm) if mean else sums.copy()


def _mean(base: Floats, sums: Floats, norm: Floats) -> Floats:
    counts = norm > np.finfo(np.float64).eps  # a mean over no weight is 0, as in the evaluation
    return base + np.where(counts, sums / np.where(counts, norm, 1.0), 0.0)


def tree_learning_curve(
    model: Any, samples: Mapping[str, tuple[Any, ...]], *, metric: Any = None, threads: int = 0
) -> LearningCurve:
    """A metric after each iteration, on up to two samples.

    Parameters
    ----------
    model : estimator over trees, Model, method of a Factory or forest
    samples : mapping with the key 'training' and perhaps 'test'
        Each a tuple (X, y) or (X, y, sample_weight), as in :func:`permutation_importance`. Negative weights count with
        their sign.
    metric : str or function, optional
        As in :func:`permutation_importance`; of the responses that the method would give with so many iterations.
    threads : int
        0 takes all that the process may use.

    Returns
    -------
    LearningCurve
        ``iteration`` counts from 1; ``validation`` is the test sample. :func:`diskern.plotting.plot_learning_curve`
        draws it.

    Raises
    ------
    InvalidArgument
        No forest, other samples, shapes, labels, an unknown metric.
    """
    seen = subject(model)
    forest = seen.trees()
    measure = metric_of(metric, seen)
    if "training" not in samples or not set(samples) <= {"training", "test"}:
        raise InvalidArgument(f"samples must have the keys 'training' and perhaps 'test', got {', '.join(samples)}")
    curves: dict[str, Floats] = {}
    for name, sample in samples.items():
        if not isinstance(sample, tuple | list) or len(sample) not in (2, 3):
            raise InvalidArgument(f"sample {name!r} must be (X, y) or (X, y, sample_weight)")
        events = seen.read(sample[0])
        answer = seen.answers(sample[1], len(events))
        weight = check_weights(sample[2] if len(sample) == 3 else None, len(events))
        stages = staged_scores(forest, seen.transformed(events), threads)
        curves[name] = np.array(
            [measure.of(seen.from_scores(scores, events), answer, weight) for scores in stages], np.float64
        )
    iterations = np.arange(1, len(curves["training"]) + 1, dtype=np.float64)
    return LearningCurve(
        measure.name, iterations, curves["training"], curves.get("test"), "Test", measure.larger_is_better
    )
