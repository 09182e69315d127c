"""Constraints of gradient boosting as users write them, for the estimators and the bookable method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._core import InvalidArgument


def _index(variable: Any, names: Sequence[str] | None, n_features: int, argument: str) -> int:
    """The column that a name or a number stands for."""
    if isinstance(variable, str):
        if names is None:
            raise InvalidArgument(f"{argument} names the variable {variable!r}, but the events came without names")
        found = [index for index, name in enumerate(names) if name == variable]
        if not found:
            raise InvalidArgument(f"{argument} names the variable {variable!r}, there are {', '.join(names)}")
        return found[0]
    if isinstance(variable, bool) or not isinstance(variable, int | np.integer):
        raise InvalidArgument(f"{argument}: a variable is a name or a column number, got {variable!r}")
    if not 0 <= variable < n_features:
        raise InvalidArgument(f"{argument} names the column {variable}, expected 0 to {n_features - 1}")
    return int(variable)


def monotone_signs(constraints: Any, names: Sequence[str] | None, n_features: int) -> list[int]:
    """``monotone_constraints`` as one sign per variable; empty without any.

    Parameters
    ----------
    constraints : None, array-like of shape (variables,) or dict
        +1: the response must not fall with the variable, -1: must not rise, 0: free. A dictionary has names (or column
        numbers) as keys; variables that it leaves out are free.
    """
    if constraints is None:
        return []
    argument = "monotone_constraints"
    signs = [0] * n_features
    if isinstance(constraints, Mapping):
        pairs = [(_index(key, names, n_features, argument), sign) for key, sign in constraints.items()]
        columns = [column for column, _ in pairs]
        if len(set(columns)) < len(columns):
            raise InvalidArgument(f"{argument} has two entries for one variable")
    else:
        values = list(constraints) if isinstance(constraints, Sequence | np.ndarray) else None
        if values is None or isinstance(constraints, str) or len(values) != n_features:
            raise InvalidArgument(
                f"{argument} must be a dictionary or have one entry per variable ({n_features}), got {constraints!r}"
            )
        pairs = list(enumerate(values))
    for column, sign in pairs:
        if isinstance(sign, bool) or not isinstance(sign, int | float | np.number) or sign not in (-1, 0, 1):
            raise InvalidArgument(f"{argument} must be -1, 0 or 1 for each variable, got {sign!r}")
        signs[column] = int(sign)
    return signs


def interaction_groups(constraints: Any, names: Sequence[str] | None, n_features: int) -> list[list[int]]:
    """``interaction_constraints`` as groups of columns; empty without any.

    Parameters
    ----------
    constraints : None, 'no_interactions', 'pairwise', or sequence of sequences of names or column numbers
        The variables on a path of a tree must lie within one group. Variables of no group form one more.
    """
    if constraints is None:
        return []
    argument = "interaction_constraints"
    if isinstance(constraints, str):
        if constraints == "no_interactions":
            return [[column] for column in range(n_features)]
        if constraints == "pairwise":
            if n_features == 1:
                return [[0]]
            return [[a, b] for a in range(n_features) for b in range(a + 1, n_features)]
        raise InvalidArgument(f"{argument} must be 'no_interactions', 'pairwise' or groups, got {constraints!r}")
    if not isinstance(constraints, Sequence | set | frozenset | np.ndarray):
        raise InvalidArgument(f"{argument} must be groups of variables, got {constraints!r}")
    groups = []
    for group in constraints:
        if isinstance(group, str) or not isinstance(group, Sequence | set | frozenset | np.ndarray):
            raise InvalidArgument(f"{argument}: a group is a list of variables, got {group!r}")
        columns = [_index(variable, names, n_features, argument) for variable in group]
        if not columns:
            raise InvalidArgument(f"{argument} has an empty group")
        if len(set(columns)) < len(columns):
            raise InvalidArgument(f"{argument} has a variable twice in one group: {group!r}")
        groups.append(sorted(columns))
    if not groups:
        raise InvalidArgument(f"{argument} has no groups; None is no constraint")
    named = {column for group in groups for column in group}
    rest = [column for column in range(n_features) if column not in named]
    return [*groups, rest] if rest else groups
