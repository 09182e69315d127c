"""Property tests: random trees against NumPy, random texts, and the three ways of evaluating against each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diskern import _core
from diskern.expression import Expression

EVENTS = 300  # more than one block of the evaluator
rng = np.random.default_rng(7)
special = np.array([0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e300, 5e-324])
REALS = {
    "x": np.concatenate([special, rng.normal(size=EVENTS - len(special))]),
    "y": np.concatenate([special[::-1], rng.normal(0, 100, EVENTS - len(special))]),
    "f.g": rng.normal(size=EVENTS).astype(np.float32),
}
INTEGERS = {
    "i": rng.integers(-1000, 1000, EVENTS),
    "big": 2**53 + rng.integers(-50, 50, EVENTS),
    "u": rng.integers(0, 200, EVENTS).astype(np.uint8),
}
BOOLEANS = {"flag": rng.random(EVENTS) < 0.5, "good": rng.random(EVENTS) < 0.1}
COLUMNS: dict[str, Any] = {**REALS, **INTEGERS, **BOOLEANS}

# A tree is its text and its value in NumPy; exact Python integers stand for int64 (object arrays), so that an overflow
# is seen and can be kept out.
Tree = tuple[str, Any]


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "-": np.negative,
    "abs": np.abs,
    "TMath::Sqrt": np.sqrt,
    "floor": np.floor,
    "np.rint": np.rint,
    "np.isnan": np.isnan,
    "np.square": np.square,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def draw_real(draw: Any, depth: int) -> Tree:
    kind = draw(st.integers(0, 5)) if depth > 0 else draw(st.integers(0, 1))
    if kind == 0:
        name = draw(st.sampled_from(sorted(REALS)))
        return name, REALS[name].astype(np.float64)
    if kind == 1:
        value = draw(st.floats(-1e6, 1e6))
        return f"({value!r})", np.full(EVENTS, value)
    a = draw_real(draw, depth - 1)
    if kind == 2:
        name = draw(st.sampled_from(sorted(UNARY)))
        return f"{name}({a[0]})", np.asarray(UNARY[name](a[1]), dtype=float)
    b = draw_real(draw, depth - 1)
    if kind == 3:
        symbol = draw(st.sampled_from(sorted(BINARY)))
        return f"({a[0]} {symbol} {b[0]})", BINARY[symbol](a[1], b[1])
    if kind == 4:
        name = draw(st.sampled_from(["min", "max"]))
        return f"{name}({a[0]}, {b[0]})", (np.minimum if name == "min" else np.maximum)(a[1], b[1])
    c = draw_boolean(draw, depth - 1)
    text = f"({a[0]} if {c[0]} else {b[0]})" if draw(st.booleans()) else f"({c[0]} ? {a[0]} : {b[0]})"
    return text, np.where(c[1], a[1], b[1])


def draw_boolean(draw: Any, depth: int) -> Tree:
    kind = draw(st.integers(0, 3)) if depth > 0 else 0
    if kind == 0:
        name = draw(st.sampled_from(sorted(BOOLEANS)))
        return name, BOOLEANS[name]
    if kind == 1:
        symbol = draw(st.sampled_from(sorted(COMPARISONS)))
        a, b = draw_real(draw, depth - 1), draw_real(draw, depth - 1)
        return f"({a[0]} {symbol} {b[0]})", np.asarray(COMPARISONS[symbol](a[1], b[1]))
    a = draw_boolean(draw, depth - 1)
    if kind == 2:
        return f"({draw(st.sampled_from(['!', '~', 'not']))} {a[0]})", ~a[1]
    b = draw_boolean(draw, depth - 1)
    symbol = draw(st.sampled_from(["&&", "||", "and", "or", "&", "|"]))
    return f"({a[0]} {symbol} {b[0]})", (a[1] & b[1]) if symbol in ("&&", "and", "&") else (a[1] | b[1])


def draw_integer(draw: Any, depth: int) -> Tree:
    kind = draw(st.integers(0, 3)) if depth > 0 else draw(st.integers(0, 1))
    if kind == 0:
        name = draw(st.sampled_from(sorted(INTEGERS)))
        return name, INTEGERS[name].astype(object)
    if kind == 1:
        value = draw(st.integers(-(2**40), 2**40))
        return f"({value})", np.full(EVENTS, value, dtype=object)
    a, b = draw_integer(draw, depth - 1), draw_integer(draw, depth - 1)
    if kind == 2:
        symbol = draw(st.sampled_from("+-*"))
        return f"({a[0]} {symbol} {b[0]})", {"+": a[1] + b[1], "-": a[1] - b[1], "*": a[1] * b[1]}[symbol]
    divisor = np.where(b[1] == 0, 7, b[1])
    text = f"({b[0]} == 0 ? 7 : {b[0]})"
    if draw(st.booleans()):
        return f"({a[0]} // {text})", a[1] // divisor
    # C's remainder has the sign of the dividend.
    return f"({a[0]} % {text})", np.where(a[1] < 0, -1, 1) * (abs(a[1]) % abs(divisor))


def tree_strategy(draw_tree: Callable[[Any, int], Tree], depth: int) -> st.SearchStrategy[Tree]:
    @st.composite
    def build(draw: Any) -> Tree:
        with np.errstate(all="ignore"):
            return draw_tree(draw, draw(st.integers(0, depth)))

    return build()


real_trees = tree_strategy(draw_real, 5)
boolean_trees = tree_strategy(draw_boolean, 5)
integer_trees = tree_strategy(draw_integer, 3)
any_trees = st.one_of(real_trees, boolean_trees, integer_trees)


def evaluate_one_by_one(text: str) -> np.ndarray:
    core = _core.Expression(text)
    return np.array([core.evaluate_event(COLUMNS, k) for k in range(EVENTS)])


@settings(max_examples=300, deadline=None)
@given(tree=real_trees)
def test_reals_against_numpy(tree: Tree) -> None:
    text, expected = tree
    with np.errstate(all="ignore"):
        values = Expression(text).evaluate({**COLUMNS})
    np.testing.assert_array_equal(values, np.broadcast_to(expected, EVENTS))


@settings(max_examples=200, deadline=None)
@given(tree=boolean_trees)
def test_booleans_against_numpy(tree: Tree) -> None:
    text, expected = tree
    np.testing.assert_array_equal(Expression(text).evaluate_cut(COLUMNS), np.asarray(expected, dtype=bool))


@settings(max_examples=300, deadline=None)
@given(tree=integer_trees)
def test_integers_are_exact(tree: Tree) -> None:
    text, expected = tree
    result = Expression(text).evaluate_exact(COLUMNS)
    if result.dtype == np.int64:
        assert [int(v) for v in result] == [int(v) for v in expected]
    else:  # only when int64 does not hold a value, or a value on the way
        assume("%" not in text)  # the remainder of a rounded value may be any
        np.testing.assert_allclose(result, expected.astype(float), rtol=1e-6, atol=2.0**60)


@settings(max_examples=150, deadline=None)
@given(tree=any_trees)
def test_single_events_have_the_bits_of_the_whole(tree: Tree) -> None:
    text = tree[0]
    whole = Expression(text).evaluate(COLUMNS)
    single = evaluate_one_by_one(text)
    assert whole.tobytes() == single.tobytes()
    core = _core.Expression(text)
    # Without integers and booleans, a C++ caller with float64 values gets the same bits as well.
    if core.inputs and all(name in REALS for name in core.inputs):
        for k in range(0, EVENTS, 17):
            values = [float(COLUMNS[name][k]) for name in core.inputs]
            assert np.float64(core.evaluate_values(values)).tobytes() == whole[k].tobytes()


@settings(max_examples=100, deadline=None)
@given(tree=any_trees, cut=st.integers(0, EVENTS))
def test_subsets_of_events_have_the_same_answers(tree: Tree, cut: int) -> None:
    expression = Expression(tree[0])
    whole = expression.evaluate(COLUMNS)
    part = expression.evaluate({name: column[cut:] for name, column in COLUMNS.items()})
    assert whole[cut:].tobytes() == part.tobytes()


def check_text(text: str) -> None:
    try:
        expression = Expression(text)
        columns = {name: np.arange(3.0) for name in expression.variables}
        expression.evaluate(columns, 3)
    except _core.InvalidArgument:
        pass  # anything else, or a crash, fails the test


@settings(max_examples=1500, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_ends_in_a_value_or_an_error(text: str) -> None:
    check_text(text)


WORDS = """
x y jet.pt 1 2.5 1e3 0x1f pi ( ) ( ) [ ] , + - * / // % ^ ** < <= == != > >= && || & | ! ~ ? : and or not if else
sqrt( abs( min( TMath::Abs( np.where( << >> true := = . e 1e999 99999999999999999999
"""
fragments = st.sampled_from(WORDS.split())


@settings(max_examples=3000, deadline=None)
@given(parts=st.lists(fragments, max_size=25), separator=st.sampled_from(["", " "]))
def test_any_sequence_of_words_ends_in_a_value_or_an_error(parts: list[str], separator: str) -> None:
    check_text(separator.join(parts))


@pytest.mark.parametrize(
    "name", ["exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "log1p", "expm1", "cbrt"]
)
def test_functions_agree_with_numpy(name: str) -> None:
    x = np.linspace(-20, 20, 2001)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x)
    np.testing.assert_allclose(Expression(f"np.{name}(x)").evaluate({"x": x}), expected, rtol=4e-15)
