"""TMVA's booking options: one string ``"Key=Value:!Flag:Flag:Key[i]=Value"``, or keyword arguments that mean the same.

The rules, as TMVA has them:

- tokens are separated by ``:``; blanks around a token are ignored, empty tokens too;
- names of options and of choices are matched without regard to case and reported in TMVA's spelling;
- a boolean is set by ``Flag`` or ``Flag=True`` (``T``, ``1``), cleared by ``!Flag`` or ``Flag=False`` (``F``, ``0``);
- a bare token that names no option is tried as the value of every option with a list of choices
  (``Fisher`` means ``Method=Fisher``);
- ``Key[i]=v`` sets element ``i`` (0-based) of an array option, ``Key=v`` all elements;
- an unknown name, a negated non-boolean, a value of the wrong type or outside the choices is an error.

As keyword arguments: ``NTrees=400`` is ``"NTrees=400"``, ``UseBaggedBoost=True`` is ``"UseBaggedBoost"``, a list or a
dictionary sets the elements of an array option. The string and the keyword arguments may be used together; where they
contradict each other it is an error. Within one string the last value of an option holds, with a warning, as in TMVA
(whose regression tutorial has ``MaxDepth=3:MaxDepth=4``).
"""

from __future__ import annotations

import math
import numbers
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._core import InvalidArgument
from .._near_misses import near_misses
from .methods.base import Option

_TRUE = ("true", "t", "1", "ktrue")
_FALSE = ("false", "f", "0", "kfalse")
_TOKEN = re.compile(
    r"^(?P<not>!?)\s*(?P<name>[^=!\[\]]*?)\s*(?:\[(?P<index>[^\]]*)\])?\s*(?:=(?P<value>.*))?$", re.DOTALL
)


class ArrayValue(Mapping[int, Any]):
    """The value of an array option: one for every element, with exceptions by index.

    ``value[i]`` is the value of element ``i``; iteration runs over the elements that were set by index.
    """

    def __init__(self, default: Any, elements: Mapping[int, Any] | None = None) -> None:
        self.default = default
        self.elements = dict(elements or {})

    def __getitem__(self, index: int) -> Any:
        return self.elements.get(index, self.default)

    def __iter__(self) -> Any:
        return iter(sorted(self.elements))

    def __len__(self) -> int:
        return len(self.elements)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayValue) and (self.default, self.elements) == (other.default, other.elements)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ArrayValue({self.default!r}, {self.elements!r})"

    def __str__(self) -> str:
        """As it is shown to people: the value of all elements, then those that were set by index."""
        whole = [] if self.default is None else [str(self.default)]
        return ", ".join([*whole, *(f"[{index}]: {self.elements[index]}" for index in self)]) or "not set"


def without_options(text: str, names: Iterable[str]) -> str:
    """The option string without the tokens that set one of some options (names in lower case)."""
    dropped = set(names)
    kept = []
    for token in text.split(":"):
        match = _TOKEN.match(token.strip())
        if match is None or match["name"].strip().lower() not in dropped:
            kept.append(token)
    return ":".join(kept)


def _parse_boolean(text: str, name: str) -> bool:
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise InvalidArgument(f"option {name!r} is a boolean; expected True, T, 1, False, F or 0, got {text.strip()!r}")


def _parse_integer(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and value == int(value):
        return int(value)
    raise InvalidArgument(f"option {name!r} is an integer, got {text.strip()!r}")


def _parse_float(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InvalidArgument(f"option {name!r} is a number, got {text.strip()!r}")
    return value


def _parse_choice(text: str, option: Option) -> str:
    wanted = text.strip()
    for choice in option.choices:
        if choice.lower() == wanted.lower():
            return choice
    raise InvalidArgument(
        f"option {option.name!r} cannot be {wanted!r}{near_misses(wanted, option.choices)} "
        f"(choices: {', '.join(option.choices)})"
    )


def convert(option: Option, value: Any) -> Any:
    """The value of an option from text or from a Python value: typed, checked, in TMVA's spelling.

    Raises
    ------
    InvalidArgument
        naming the option, what came and what was expected
    """
    if value is None and option.kind in ("str", "choice"):
        value = "None"  # VarTransform=None: PyROOT's scripts write it so
    if isinstance(value, str):
        if option.kind == "bool":
            return _parse_boolean(value, option.name)
        if option.kind == "int":
            return _parse_integer(value, option.name)
        if option.kind == "float":
            return _parse_float(value, option.name)
        if option.choices:
            return _parse_choice(value, option)
        return value.strip()
    if option.kind == "bool":
        if isinstance(value, numbers.Integral) or type(value).__name__ in ("bool", "bool_"):
            return _parse_boolean(str(value), option.name)
    elif isinstance(value, bool) or type(value).__name__ == "bool_":
        pass  # True for a number or a word is a mistake, not 1 or "True"
    elif option.kind == "int" and isinstance(value, numbers.Real):
        return _parse_integer(
            repr(float(value)) if not isinstance(value, numbers.Integral) else str(value), option.name
        )
    elif option.kind == "float" and isinstance(value, numbers.Real):
        return _parse_float(str(float(value)), option.name)
    elif option.kind in ("str", "choice") and isinstance(value, numbers.Real):
        return _parse_choice(str(value), option) if option.choices else str(value)
    expected = {"bool": "a boolean", "int": "an integer", "float": "a number", "str": "text", "choice": "a word"}
    raise InvalidArgument(
        f"option {option.name!r} is {expected[option.kind]}, got {value!r} of type {type(value).__name__}"
    )


class _Collector:
    """Gathers the values given for each option and refuses contradictions."""

    def __init__(self, table: Sequence[Option], context: str) -> None:
        self.table = tuple(table)
        self.by_name = {option.name.lower(): option for option in self.table}
        self.whole: dict[str, Any] = {}  # option name -> value for the option, or for all its elements
        self.elements: dict[str, dict[int, Any]] = {}
        self.context = context

    def error(self, message: str) -> InvalidArgument:
        return InvalidArgument(f"{self.context}: {message}" if self.context else message)

    def find(self, name: str) -> Option | None:
        return self.by_name.get(name.strip().lower())

    def unknown(self, name: str) -> InvalidArgument:
        words = [option.name for option in self.table] + [c for option in self.table for c in option.choices]
        # Without the forty of response PDFs that every method has.
        names = [option.name for option in self.table if "MVAPdf" not in option.name or option.name == "CreateMVAPdfs"]
        known = ", ".join(names) or "none"
        return self.error(f"unknown option {name!r}{near_misses(name, words)} (options: {known})")

    def set(self, option: Option, value: Any, index: int | None = None, *, from_text: bool = False) -> None:
        try:
            typed = convert(option, value)
        except InvalidArgument as problem:
            raise self.error(str(problem)) from None
        if index is None:
            store: dict[Any, Any] = self.whole
            key: Any = option.name
            shown = option.name
        else:
            if not option.array:
                raise self.error(f"option {option.name!r} takes no index, got {option.name}[{index}]")
            store = self.elements.setdefault(option.name, {})
            key = index
            shown = f"{option.name}[{index}]"
        if key in store and store[key] != typed:
            message = f"option {shown!r} is given twice, as {store[key]!r} and as {typed!r}"
            if not from_text:
                raise self.error(message)
            where = f"{self.context}: " if self.context else ""
            warnings.warn(f"{where}{message}; the last one holds", UserWarning, stacklevel=4)
        store[key] = typed

    def set_keyword(self, name: str, value: Any) -> None:
        match = _TOKEN.match(name)
        if match is None or match["not"] or match["value"] is not None:
            raise self.unknown(name)
        option = self.find(match["name"])
        if option is None:
            raise self.unknown(name)
        if match["index"] is not None:
            self.set(option, value, self.index(name, match["index"]))
        elif option.array and isinstance(value, Mapping):
            for index, element in value.items():
                self.set(option, element, self.index(name, str(index)))
        elif option.array and not isinstance(value, str) and isinstance(value, Iterable):
            for index, element in enumerate(value):
                self.set(option, element, index)
        elif option.kind == "str" and isinstance(value, (list, tuple)):
            self.set(option, ",".join(str(element) for element in value))  # HiddenLayers=[10, 5]
        else:
            self.set(option, value)

    def set_token(self, token: str) -> None:
        match = _TOKEN.match(token)
        if match is None or not match["name"]:
            raise self.unknown(token)
        name, value = match["name"], match["value"]
        option = self.find(name)
        if option is None:
            if not match["not"] and value is None and match["index"] is None:
                # The densities of the response, which every method has, are not meant by a bare word.
                owners = [
                    o
                    for o in self.table
                    if "MVAPdf" not in o.name and any(c.lower() == name.lower() for c in o.choices)
                ]
                for owner in owners:
                    self.set(owner, name, from_text=True)
                if owners:
                    return
            raise self.unknown(token if value is None else name)
        index = None if match["index"] is None else self.index(token, match["index"])
        if match["not"]:
            if option.kind != "bool":
                raise self.error(f"option {option.name!r} is not a boolean and cannot be negated, got {token!r}")
            if value is not None:
                raise self.error(f"{token!r} both negates {option.name!r} and gives it a value")
            value = "False"
        elif value is None:
            if option.kind != "bool":
                raise self.error(f"option {option.name!r} needs a value: write {option.name}=...")
            value = "True"
        self.set(option, value, index, from_text=True)

    def index(self, token: str, text: str) -> int:
        try:
            index = int(text)
        except ValueError:
            index = -1
        if index < 0:
            raise self.error(f"the index in {token!r} must be 0 or a positive integer, got {text!r}")
        return index


def parse_options(
    text: str,
    table: Sequence[Option],
    /,
    *,
    _context: str = "",
    _defaults: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> tuple[dict[str, Any], set[str]]:
    """The value of every option of a table, from an option string and keyword arguments.

    Parameters
    ----------
    text : TMVA option string, may be empty
    table : the options there are
    _context : put before error messages, e.g. ``"BookMethod 'BDTG'"``
    _defaults : defaults that replace those of the table (they depend on the analysis type in TMVA's BDT)
    keywords : options by name

    Returns
    -------
    values : dict from option name to its value (``ArrayValue`` for array options), defaults filled in
    given : names of the options that the user set

    Raises
    ------
    InvalidArgument
        unknown option (with near misses), wrong type, value outside the choices, negated non-boolean, contradiction
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"the option string must be text, got {type(text).__name__}")
    collector = _Collector(table, _context)
    for token in text.split(":"):
        if token.strip():
            collector.set_token(token.strip())
    for name, value in keywords.items():
        collector.set_keyword(name, value)
    values: dict[str, Any] = {}
    for option in table:
        default = option.default if _defaults is None else _defaults.get(option.name, option.default)
        whole = collector.whole.get(option.name, default)
        values[option.name] = ArrayValue(whole, collector.elements.get(option.name)) if option.array else whole
    return values, set(collector.whole) | set(collector.elements)


def to_text(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Option values as pairs of text, for model files and tables; elements of array options one by one."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, ArrayValue):
            pairs.append((name, str(value.default)))
            pairs += [(f"{name}[{index}]", str(value[index])) for index in value]
        else:
            pairs.append((name, str(value)))
    return pairs
