"""Which fold of a cross-validation an event belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._fold_files import formula_text
from .._keys import BUCKETS_PER_FOLD, deal, key_matrix
from .._near_misses import near_misses
from ..data.sample import DataSet
from ..data.split import Purpose, permutation


@dataclass(frozen=True)
class Folds:
    """Folds of the training events.

    Attributes
    ----------
    count : number of folds
    index : int32 array, the fold of each training event
    rule : what gives the fold of any event by its key; None where only the training events have folds
    """

    count: int
    index: NDArray[np.int32]
    rule: _core.FoldRule | None


def assign_folds(data: DataSet, options: Mapping[str, Any]) -> Folds:
    """Divide the training events as the options NumFolds, SplitType, SplitExpr, SplitKey and SplitSeed say.

    Raises
    ------
    InvalidArgument
        options that do not go together, an expression that reads something other than spectators, an event without a
        fold, a fold without events of one of the classes
    """
    n = int(options["NumFolds"])
    sample = data.training
    if not 2 <= n <= 1000:
        raise InvalidArgument(f"NumFolds is {n}, expected 2 to 1000")
    if len(sample) < n:
        raise InvalidArgument(f"NumFolds is {n}, but there are only {len(sample)} training events")
    kind, expression, key, seed = (options[name] for name in ("SplitType", "SplitExpr", "SplitKey", "SplitSeed"))
    if expression and kind != "Deterministic":
        raise InvalidArgument(f"SplitExpr goes with SplitType=Deterministic, got SplitType={kind}")
    if key and kind == "Deterministic":
        raise InvalidArgument("SplitKey goes with SplitType=Random or RandomStratified; Deterministic takes SplitExpr")
    if seed < 0:
        raise InvalidArgument(f"SplitSeed is {seed}, expected 0 or more")
    rule: _core.FoldRule | None = None
    if expression:
        rule = _core.FoldRule.expression(n, formula_text(expression, n))
    elif key:
        rule = _hash_rule(data, n, [name.strip() for name in key.split(",")], seed, kind == "RandomStratified")
    if rule is not None:
        index = np.asarray(rule.folds(spectator_key(data, list(rule.key_columns))), np.int32)
    else:
        index = _by_number(data, n, kind, seed)
    _check(data, n, index)
    return Folds(n, index, rule)


def spectator_key(data: DataSet, columns: list[str]) -> NDArray[np.float64]:
    """The columns of the key, from the spectators of the training events."""
    known = data.training.spectators
    for name in columns:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise InvalidArgument(
                f"the folds are chosen by {name!r}, which is no spectator{near_misses(name, known)} "
                f"(spectators: {listed}): AddSpectator({name!r}), so that the model finds the fold of an event again"
            )
    return key_matrix({name: known[name] for name in columns}, len(data.training), columns)


def _hash_rule(data: DataSet, n: int, columns: list[str], seed: int, stratified: bool) -> _core.FoldRule:
    if not stratified:
        return _core.FoldRule.hash(n, seed, columns)
    table = list(range(n)) * BUCKETS_PER_FOLD
    buckets = _core.FoldRule.hash(n, seed, columns, table).buckets(spectator_key(data, columns))
    return _core.FoldRule.hash(n, seed, columns, deal(buckets, data.training.class_index, len(table), n))


def _by_number(data: DataSet, n: int, kind: str, seed: int) -> NDArray[np.int32]:
    """Folds of events that have no key: in turn (Deterministic), or in turn of a random order."""
    count = len(data.training)
    if kind == "Deterministic":
        return (np.arange(count) % n).astype(np.int32)
    index = np.empty(count, np.int32)
    if kind == "Random":
        index[permutation(count, seed, Purpose.FOLDS)] = np.arange(count) % n
        return index
    filled = 0  # each class goes on where the one before ended, so that the folds are of equal size
    for number in range(int(data.training.class_index.max()) + 1):
        mine = np.flatnonzero(data.training.class_index == number)
        shuffled = mine[permutation(len(mine), seed, Purpose.FOLDS, number)]
        index[shuffled] = (filled + np.arange(len(mine))) % n
        filled += len(mine)
    return index


def _check(data: DataSet, n: int, index: NDArray[np.int32]) -> None:
    classes = data.info.class_names if len(data.info.class_names) > 1 else ()
    counts = np.bincount(index, minlength=n)
    if (counts == 0).any():
        raise InvalidArgument(f"fold {int(counts.argmin())} of {n} has no events: the split takes too few values")
    for number, name in enumerate(classes):
        of_class = np.bincount(index[data.training.class_index == number], minlength=n)
        if (of_class == 0).any():
            raise InvalidArgument(
                f"fold {int(of_class.argmin())} of {n} has no events of class {name!r} ({int(of_class.sum())} in all); "
                "fewer folds, or SplitType=RandomStratified"
            )
