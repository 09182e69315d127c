"""TString, TObjString, TCut."""

from __future__ import annotations

from typing import Any


class TString(str):
    """Text with the few methods of ROOT's TString that scripts call; it does not change in place, except by ``+=``."""

    def Data(self) -> str:
        return str(self)

    def Length(self) -> int:
        return len(self)

    def IsNull(self) -> bool:
        return not self

    def Contains(self, text: str) -> bool:
        return text in self

    def BeginsWith(self, text: str) -> bool:
        return self.startswith(text)

    def EndsWith(self, text: str) -> bool:
        return self.endswith(text)

    def __add__(self, other: Any) -> TString:
        return TString(str(self) + str(other))

    def __radd__(self, other: Any) -> TString:
        return TString(str(other) + str(self))

    @staticmethod
    def Format(form: str, *values: Any) -> TString:
        """As C's printf."""
        return TString(form % values)


class TObjString:
    """A TString in an object."""

    def __init__(self, text: str = "") -> None:
        self._text = str(text)

    def GetString(self) -> TString:
        return TString(self._text)

    def GetName(self) -> str:
        return self._text

    def __str__(self) -> str:
        return self._text


class TCut:
    """A cut: an expression with a title. ``+`` and ``&`` join two by and, ``|`` by or, ``*`` multiplies, ``~`` negates.

    Parameters
    ----------
    name, title : the expression alone, or a name and the expression
    """

    def __init__(self, name: Any = "", title: Any = None) -> None:
        self._name = "CUT" if title is None else str(name)
        self._text = _cut(name if title is None else title)

    def GetTitle(self) -> str:
        """The expression."""
        return self._text

    def GetName(self) -> str:
        return self._name

    def SetTitle(self, text: str) -> None:
        self._text = str(text)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"TCut({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (TCut, str)) and _cut(other) == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __add__(self, other: Any) -> TCut:
        return _joined(self, "&&", other)

    def __radd__(self, other: Any) -> TCut:
        return _joined(other, "&&", self)

    __and__, __rand__ = __add__, __radd__

    def __or__(self, other: Any) -> TCut:
        return _joined(self, "||", other)

    def __ror__(self, other: Any) -> TCut:
        return _joined(other, "||", self)

    def __mul__(self, other: Any) -> TCut:
        return _joined(self, "*", other)

    def __rmul__(self, other: Any) -> TCut:
        return _joined(other, "*", self)

    def __invert__(self) -> TCut:
        return TCut(f"!({self._text})") if self._text else self


def _cut(value: Any) -> str:
    return value.GetTitle() if isinstance(value, TCut) else str(value)


def _joined(first: Any, operator: str, second: Any) -> TCut:
    """Both in parentheses; an empty one leaves the other, as in ROOT."""
    one, two = _cut(first), _cut(second)
    if not one or not two:
        return TCut(one or two)
    return TCut(f"({one}){operator}({two})")
