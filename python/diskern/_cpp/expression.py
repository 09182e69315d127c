"""Expressions of real numbers as C++: formulas of FDA, cuts of categories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from .._core import InvalidArgument
from .text import literal

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*(?:(?:::|\.)[A-Za-z_]\w*)*"
    r"(?:\[\d+\])*)|(?P<symbol>\*\*|&&|\|\||<=|>=|==|!=|[-+*/^<>!?:(),]))"
)
_SHARED = """sqrt cbrt exp expm1 log log10 log2 log1p sin cos tan sinh cosh tanh floor ceil trunc asin acos atan atan2
asinh acosh atanh erf erfc hypot"""
_FUNCTIONS = {name: name for name in _SHARED.split()} | {"abs": "fabs", "fabs": "fabs", "pow": "pow"}
_TMATH = {
    "Sqrt": "sqrt", "Exp": "exp", "Log": "log", "Log10": "log10", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "ASin": "asin", "ACos": "acos", "ATan": "atan", "ATan2": "atan2", "SinH": "sinh", "CosH": "cosh", "TanH": "tanh",
    "Abs": "fabs", "Power": "pow", "Hypot": "hypot", "Erf": "erf",
}  # fmt: skip
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class _Translator:
    """A parser of the language's operators on real numbers, by precedence. Text of C++ comes out."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.text, self.names = text, names
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                self.refuse(f"at {text[at:].strip()[:10]!r}")
            kind = str(match.lastgroup)
            word = match[kind]
            self.tokens.append(("symbol", _WORDS[word]) if word in _WORDS else (kind, word))
            at = match.end()
        self.tokens.append(("end", ""))
        self.here = 0

    def refuse(self, why: str) -> NoReturn:
        raise InvalidArgument(f"the expression {self.text!r} cannot be written as C++ ({why})")

    def accept(self, *symbols: str) -> str:
        kind, word = self.tokens[self.here]
        if kind == "symbol" and word in symbols:
            self.here += 1
            return word
        return ""

    def whole(self) -> str:
        result = self.choice()
        if self.tokens[self.here][0] != "end":
            self.refuse(f"at {self.tokens[self.here][1]!r}")
        return result

    def choice(self) -> str:
        condition = self.either()
        if not self.accept("?"):
            return condition
        first = self.choice()
        if not self.accept(":"):
            self.refuse("a '?' without its ':'")
        return f"({condition} != 0.0 ? {first} : {self.choice()})"

    def either(self) -> str:
        left = self.both()
        while self.accept("||"):
            left = f"(({left} != 0.0 || {self.both()} != 0.0) ? 1.0 : 0.0)"
        return left

    def both(self) -> str:
        left = self.comparison()
        while self.accept("&&"):
            left = f"(({left} != 0.0 && {self.comparison()} != 0.0) ? 1.0 : 0.0)"
        return left

    def comparison(self) -> str:
        left = self.sum()
        operator = self.accept(*_COMPARISONS)
        if not operator:
            return left
        result = f"({left} {operator} {self.sum()} ? 1.0 : 0.0)"
        if self.tokens[self.here][1] in _COMPARISONS:
            self.refuse("a chain of comparisons")
        return result

    def sum(self) -> str:
        left = self.product()
        while operator := self.accept("+", "-"):
            left = f"({left} {operator} {self.product()})"
        return left

    def product(self) -> str:
        left = self.sign()
        while operator := self.accept("*", "/"):
            left = f"({left} {operator} {self.sign()})"
        return left

    def sign(self) -> str:
        if self.accept("-"):
            return f"(-{self.sign()})"
        if self.accept("+"):
            return self.sign()
        if self.accept("!"):
            return f"({self.sign()} == 0.0 ? 1.0 : 0.0)"
        base = self.atom()
        return f"std::pow({base}, {self.sign()})" if self.accept("^", "**") else base

    def atom(self) -> str:
        kind, word = self.tokens[self.here]
        if self.accept("("):
            inner = self.choice()
            if not self.accept(")"):
                self.refuse("a '(' without its ')'")
            return inner
        self.here += 1
        if kind == "number":
            return literal(float(word))
        if kind != "name":
            self.refuse(f"at {word!r}" if word else "it ends too early")
        if self.accept("("):
            return self.call(word)
        if word not in self.names:
            self.refuse(f"the name {word!r}")
        return self.names[word]

    def call(self, word: str) -> str:
        arguments = [self.choice()]
        while self.accept(","):
            arguments.append(self.choice())
        if not self.accept(")"):
            self.refuse("a '(' without its ')'")
        if word in ("min", "max", "TMath::Min", "TMath::Max") and len(arguments) == 2:
            return f"std::{word.lower()[-3:]}({arguments[0]}, {arguments[1]})"
        bare = word.split("::")[-1] if word.startswith("std::") else word
        known = _TMATH.get(word.split("::")[-1]) if word.startswith("TMath::") else _FUNCTIONS.get(bare)
        if known is None:
            self.refuse(f"the function {word}")
        return f"std::{known}({', '.join(arguments)})"


def expression_code(text: str, names: Mapping[str, str]) -> str:
    """C++ of type double for an expression; ``names`` gives the C++ of every name that it may read.

    Raises
    ------
    InvalidArgument
        the expression has what is not translated: integers' operators, chains of comparisons, other functions
    """
    return _Translator(text, names).whole()
