"""Which events train and which test: TMVA's rules on counts, modes and normalisation (PrepareTrainingAndTestTree).

Random numbers come from Philox4x64-10 (numpy's bit generator, raw 64-bit outputs, which no numpy release changes),
keyed by the seed, by what they are for and by the class: the split of one class does not depend on the others. A
permutation of n events is the stable ascending order of n such outputs. TMVA's own shuffles changed between its
releases and are not imitated; its split can be replayed by giving each event its sample.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument

Index = NDArray[np.int64]


class Purpose(enum.IntEnum):
    """What random numbers are for; part of the generator's key."""

    SPLIT = 1
    CUT_TRAINING = 2
    CUT_TEST = 3
    VALIDATION = 4
    MIX_TRAINING = 5
    MIX_TEST = 6
    MIX_VALIDATION = 7
    FOLDS = 8


def permutation(n: int, seed: int, purpose: Purpose, index: int = 0) -> Index:
    """A random order of n events, the same on every machine for the same seed, purpose and index."""
    key = np.array([seed, (int(purpose) << 32) | index], dtype=np.uint64)
    raw = np.asarray(np.random.Philox(key=key).random_raw(n), dtype=np.uint64)
    return np.argsort(raw, kind="stable").astype(np.int64)


@dataclass(frozen=True)
class Counts:
    """How many events of a class go where: `training` and `test` before, `keep_*` after the final cut-down."""

    training: int
    test: int
    keep_training: int
    keep_test: int


def split_counts(class_name: str, assigned: tuple[int, int], undecided: int, requested: tuple[int, int]) -> Counts:
    """TMVA's three cases (tmva.md 1.4).

    Parameters
    ----------
    class_name : for messages
    assigned : events that were given as training and as test events, r and s
    undecided : events that are to be split, u
    requested : requested numbers R and S of training and test events, 0 = all

    Raises
    ------
    InvalidArgument
        More events requested than there are.
    """
    r, s = assigned
    u = undecided
    wanted_training, wanted_test = requested
    everything = r + s + u
    for what, wanted, fixed in (("training", wanted_training, s), ("test", wanted_test, r)):
        if wanted > everything - fixed:
            raise InvalidArgument(
                f"class {class_name!r}: {wanted} {what} events requested, {everything - fixed} are available"
                + (f" ({fixed} of {everything} belong to the other sample)" if fixed else "")
            )
    if wanted_training == 0 and wanted_test == 0:
        if u >= abs(r - s):
            half = everything // 2
            return Counts(half, half, half, half)
        training, test = (r + u, s) if r <= s else (r, s + u)
        return Counts(training, test, training, test)
    if wanted_test == 0:
        training = max(wanted_training, r)
        return Counts(training, everything - training, training, everything - training)
    if wanted_training == 0:
        test = max(wanted_test, s)
        return Counts(everything - test, test, everything - test, test)
    if wanted_training + wanted_test > everything:
        raise InvalidArgument(
            f"class {class_name!r}: {wanted_training} training and {wanted_test} test events requested, "
            f"{everything} are available"
        )
    free = max(0, u - max(wanted_training - r, 0) - max(wanted_test - s, 0))
    training = max(wanted_training, r) + free // 2
    return Counts(training, everything - training, wanted_training, wanted_test)


def split_class(
    training: Index, test: Index, undecided: Index, counts: Counts, mode: str, seed: int, class_index: int
) -> tuple[Index, Index]:
    """Distribute the undecided events of a class and cut both samples down to what was asked for.

    The index arrays name events; `mode` is Random, Alternate or Block. Returns training and test events in order.
    """
    need_training, need_test = counts.training - len(training), counts.test - len(test)
    if mode == "Random":
        undecided = undecided[permutation(len(undecided), seed, Purpose.SPLIT, class_index)]
    if mode == "Alternate":
        to_training = _alternate(len(undecided), need_training, need_test)
        more_training, rest = undecided[to_training], undecided[~to_training]
        more_test = rest[:need_test]
    else:
        more_training = undecided[:need_training]
        more_test = undecided[need_training : need_training + need_test]
    training = np.concatenate([training, more_training])
    test = np.concatenate([test, more_test])
    return (
        _cut_down(training, counts.keep_training, mode, seed, Purpose.CUT_TRAINING, class_index),
        _cut_down(test, counts.keep_test, mode, seed, Purpose.CUT_TEST, class_index),
    )


def _alternate(n: int, training: int, test: int) -> NDArray[np.bool_]:
    """Training, test, training, test, ... until one quota is filled; then the other."""
    to_training = np.zeros(n, dtype=np.bool_)
    pairs = min(training, test)
    to_training[0 : 2 * pairs : 2] = True
    to_training[2 * pairs : pairs + training] = True
    return to_training


def _cut_down(events: Index, keep: int, mode: str, seed: int, purpose: Purpose, class_index: int) -> Index:
    if len(events) <= keep:
        return events
    if mode != "Random":
        return events[:keep]
    return events[np.sort(permutation(len(events), seed, purpose, class_index)[:keep])]


def split_validation(training: Index, count: int, seed: int, class_index: int) -> tuple[Index, Index]:
    """Take `count` random events out of the training events of a class; returns training and validation in order."""
    chosen = np.zeros(len(training), dtype=np.bool_)
    chosen[permutation(len(training), seed, Purpose.VALIDATION, class_index)[:count]] = True
    return training[~chosen], training[chosen]


def mix_classes(per_class: Sequence[Index], order: Index, mode: str, seed: int, purpose: Purpose) -> Index:
    """The events of all classes in one sequence.

    `mode`: Random shuffles, Alternate takes one event of each class in turn, Block puts class after class, Input keeps
    the order in which events were given (`order`, one number per event of the pool).
    """
    merged = np.concatenate(per_class) if per_class else np.empty(0, np.int64)
    if mode == "Random":
        return merged[permutation(len(merged), seed, purpose)]
    if mode == "Alternate":
        turn = np.concatenate([np.arange(len(events)) for events in per_class])
        return merged[np.argsort(turn, kind="stable")]
    if mode == "Input":
        return merged[np.argsort(order[merged], kind="stable")]
    return merged


def normalisation_factors(mode: str, counts: Sequence[int], sums: Sequence[float], names: Sequence[str]) -> list[float]:
    """Factors on the training weights of each class (NormMode).

    None: 1. NumEvents: N_c / sum(w_c). EqualNumEvents: N_0 / sum(w_c), with N the numbers of training events.
    """
    if mode == "None":
        return [1.0] * len(counts)
    for name, total in zip(names, sums, strict=True):
        if not total > 0:
            raise InvalidArgument(
                f"class {name!r}: the training weights sum to {total:g}; NormMode={mode} needs a positive sum "
                "(or NormMode=None)"
            )
    return [(n if mode == "NumEvents" else counts[0]) / total for n, total in zip(counts, sums, strict=True)]
