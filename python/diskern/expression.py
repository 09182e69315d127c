"""Expressions of columns for variables, weights and cuts, in TTreeFormula's and in Python's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core

__all__ = ["Expression", "split_label"]


class Expression:
    """A parsed expression of columns, evaluated by the C++ core (the same code that a C++ program runs).

    Both ``TMath::Abs(eta) < 2.4 && !isolated`` and ``(np.abs(eta) < 2.4) & ~isolated`` are understood. From the
    loosest to the tightest, the operators are ``c ? a : b`` and ``a if c else b``; ``||`` ``or``; ``&&`` ``and``;
    ``not``; ``|``; ``&``; comparisons; ``<<`` ``>>``; ``+ -``; ``* / // %``; unary ``- + ! ~``; ``^`` ``**`` (power).
    ``a > 1 & b < 2`` means two cuts; where C and Python would read ``&`` differently, an error asks for ``&&`` or
    parentheses. ``a < b < c`` means ``a < b && b < c``.

    Integer columns (up to 64 bits) and whole literals are exact in ``+ - * // %``, shifts, ``abs``, ``min``, ``max``
    and comparisons; an event in which int64 overflows is computed in float64. ``/`` is always a float64 division,
    ``%`` has the sign of the dividend as in C. A NaN is never true.

    Parameters
    ----------
    text : str
        The expression. No label: see `split_label`.

    Raises
    ------
    InvalidArgument
        On a syntax error; the message shows the text with a caret under the position.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise _core.InvalidArgument(f"text must be a str, got {type(text).__name__}")
        self._core = _core.Expression(text)

    @property
    def text(self) -> str:
        """The expression as it was given."""
        text: str = self._core.text
        return text

    @property
    def variables(self) -> list[str]:
        """Names of the columns that are read, in order of appearance, each once (``x`` for ``x[0] + x[1]``)."""
        variables: list[str] = self._core.variables
        return variables

    def evaluate(self, columns: Mapping[str, Any], events: int | None = None) -> NDArray[np.float64]:
        """Values of all events.

        Parameters
        ----------
        columns : mapping from name to array of shape (events,)
            Booleans, integers or floats; columns that are read with indices have shape (events, ...). Further
            columns are ignored.
        events : int, optional
            Number of events; needed only for an expression without columns when `columns` is empty.

        Returns
        -------
        float64 array of shape (events,)

        Raises
        ------
        InvalidArgument
            A column is missing, jagged, masked, no array of numbers, or of another length than the others.
        """
        values: NDArray[np.float64] = self._core.evaluate(dict(columns), events)
        return values

    def evaluate_cut(self, columns: Mapping[str, Any], events: int | None = None) -> NDArray[np.bool_]:
        """Whether each event passes: value >= 0.5, as in TMVA; NaN does not pass. Arguments as in `evaluate`."""
        passed: NDArray[np.bool_] = self._core.evaluate_cut(dict(columns), events)
        return passed

    def evaluate_exact(self, columns: Mapping[str, Any], events: int | None = None) -> NDArray[Any]:
        """Values in the type of the expression: bool, int64 or float64. Arguments as in `evaluate`.

        An integer expression that overflows int64 in any event gives float64.
        """
        values: NDArray[Any] = self._core.evaluate_exact(dict(columns), events)
        return values

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __getstate__(self) -> str:
        return self.text

    def __setstate__(self, state: str) -> None:
        self._core = _core.Expression(state)


def split_label(text: str) -> tuple[str, str]:
    """Split TMVA's ``"label := expression"`` into label and expression, both without blanks around.

    Without ``:=`` both are the expression.

    Raises
    ------
    InvalidArgument
        One of the two sides is empty.
    """
    label, expression = _core.split_label(text)
    return label, expression
