"""The expression language: both dialects, exact integers, errors that point at the position."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from diskern._core import InvalidArgument
from diskern.expression import Expression, split_label

rng = np.random.default_rng(1)
COLUMNS = {
    "x": rng.normal(size=600),
    "y": rng.normal(size=600).astype(np.float32),
    "n": rng.integers(-5, 6, 600),
    "k": rng.integers(0, 9, 600).astype(np.uint16),
    "flag": rng.random(600) < 0.5,
    "jet.pt": rng.exponential(50, 600),
    "array": rng.normal(size=(600, 3)),
}


def value(text: str, **columns: object) -> float:
    result = Expression(text).evaluate({name: np.asarray([column]) for name, column in columns.items()}, 1)
    return float(result[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2**-1", 0.5),
        ("7 / 2", 3.5),
        ("7 // 2", 3.0),
        ("-7 // 2", -4.0),
        ("-7 % 3", -1.0),
        ("np.mod(-7, 3)", 2.0),
        ("7.5 % 2", 1.5),
        ("1e3", 1000.0),
        ("1.e-2", 0.01),
        (".5", 0.5),
        ("0x10", 16.0),
        ("10L + 1.5f", 11.5),
        ("1 << 3 >> 1", 4.0),
        ("6 & 3", 2.0),
        ("6 | 3", 7.0),
        ("pi", math.pi),
        ("TMath::Pi()", math.pi),
        ("np.pi + math.e + TMath::E()", math.pi + 2 * math.e),
        ("1 < 2 < 3", 1.0),
        ("3 > 2 > 2", 0.0),
        ("1 > 0 && 2 > 3 || 1", 1.0),
        ("1 > 0 and not 2 > 3", 1.0),
        ("not 1 > 2 and 0", 0.0),
        ("!0 == 1", 1.0),
        ("~(1 > 2)", 1.0),
        ("1 ? 2 : 3", 2.0),
        ("0 ? 2 : 0 ? 3 : 4", 4.0),
        ("2 if 0 else 3 if 1 else 4", 3.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1.5, 2)", 3.0),
        ("round(2.5) + np.round(2.5)", 5.0),
        ("int(-2.7)", -2.0),
        ("sign(-3) + sign(0) + TMath::Sign(2, -1)", -3.0),
        ("fmod(-7.5, 2)", -1.5),
        ("floor(-1.5) + ceil(-1.5) + trunc(-1.5)", -4.0),
        ("pow(2, 10)", 1024.0),
        ("hypot(3, 4)", 5.0),
        ("atan2(1, -1)", math.atan2(1, -1)),
        ("np.arctan2(1, -1)", math.atan2(1, -1)),
        ("TMath::Sq(3) + np.where(1 > 2, 1, 5)", 14.0),
        ("DeltaPhi(3, -3)", 6 - 2 * math.pi),
        ("true + True + False", 2.0),
        ("TMath::Even(4) + TMath::Odd(4)", 1.0),
        ("lgamma(5)", math.lgamma(5)),
        ("(1 > 0) * 5 + (1 < 0)", 5.0),
    ],
)
def test_constants_and_precedence(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("c_text", "python_text"),
    [
        ("TMath::Abs(x) < 1 && !flag", "(np.abs(x) < 1) & ~flag"),
        ("x > 0 || y > 0", "(x > 0) | (y > 0)"),
        ("x^2 + TMath::Power(y, 2)", "x**2 + y**2"),
        ("x > 0 ? x : -x", "x if x > 0 else -x"),
        ("TMath::Sqrt(x*x + y*y) > 1 && n != 0", "math.sqrt(x*x + y*y) > 1 and not n == 0"),
        ("-1 < x && x < 1", "-1 < x < 1"),
        ("x > 0 & y < 1", "(x > 0) & (y < 1)"),
        ("flag & x > 0", "flag and x > 0"),
        ("jet.pt > 20 && array[0] < array[2]", "(jet.pt > 20) & (array[0] < array[2])"),
    ],
)
def test_both_dialects(c_text: str, python_text: str) -> None:
    first = Expression(c_text).evaluate(COLUMNS)
    np.testing.assert_array_equal(first, Expression(python_text).evaluate(COLUMNS))
    assert np.unique(first).size > 1


def test_against_numpy() -> None:
    x, y, n = COLUMNS["x"], COLUMNS["y"].astype(float), COLUMNS["n"]
    e = Expression("sqrt(abs(x)) * exp(-y) + n % 3 / (1 + k)")
    expected = np.sqrt(np.abs(x)) * np.exp(-y) + np.fmod(n, 3) / (1 + COLUMNS["k"].astype(int))
    np.testing.assert_allclose(e.evaluate(COLUMNS), expected, rtol=1e-14)
    assert e.variables == ["x", "y", "n", "k"]
    assert e.evaluate(COLUMNS).dtype == np.float64


def test_integers_above_two_to_53_are_exact() -> None:
    event = 2**53 + np.arange(6)
    for dtype in (np.int64, np.uint64):
        columns = {"event": event.astype(dtype)}
        np.testing.assert_array_equal(Expression("event % 2 == 0").evaluate_cut(columns), event % 2 == 0)
        np.testing.assert_array_equal(Expression("event == 9007199254740993").evaluate_cut(columns), event == 2**53 + 1)
        np.testing.assert_array_equal(Expression("event > 9007199254740992.0").evaluate_cut(columns), event > 2**53)
        np.testing.assert_array_equal(Expression("9007199254740993 > event").evaluate_cut(columns), event <= 2**53)
        np.testing.assert_array_equal(Expression("event * 3 - 2").evaluate_exact(columns), event * 3 - 2)
        assert Expression("event").evaluate_exact(columns).dtype == np.int64


def test_mixed_comparison_with_a_real_column_is_exact() -> None:
    columns = {
        "n": np.array([2**53 + 1, 2**63 - 1, -(2**63), 3, 3, 3]),
        "r": np.array([2.0**53, 2.0**63, -(2.0**63), 3.5, np.nan, -np.inf]),
    }
    np.testing.assert_array_equal(Expression("n > r").evaluate_cut(columns), [True, False, False, False, False, True])
    np.testing.assert_array_equal(Expression("r < n").evaluate_cut(columns), [True, False, False, False, False, True])
    np.testing.assert_array_equal(Expression("n == r").evaluate_cut(columns), [False, False, True, False, False, False])
    np.testing.assert_array_equal(Expression("n != r").evaluate_cut(columns), [True, True, False, True, True, True])
    np.testing.assert_array_equal(Expression("r >= n").evaluate_cut(columns), [False, True, True, True, False, False])


def test_mixed_comparison_where_float64_rounds() -> None:
    columns = {"n": np.array([2**54 + 3, 2**54 + 4, 2**54 + 5, -5, -4]), "r": np.array([2.0**54 + 4] * 3 + [-4.5] * 2)}
    np.testing.assert_array_equal(Expression("n < r").evaluate_cut(columns), [True, False, False, True, False])
    np.testing.assert_array_equal(Expression("n == r").evaluate_cut(columns), [False, True, False, False, False])


def test_overflow_falls_back_to_float64_per_event() -> None:
    columns = {"n": np.array([2**40, 3, -(2**63), 2**53 + 1])}
    np.testing.assert_array_equal(Expression("n * n").evaluate(columns), [2.0**80, 9.0, 2.0**126, 2.0**106])
    assert Expression("n * n").evaluate_exact(columns).dtype == np.float64
    np.testing.assert_array_equal(
        Expression("abs(n) > 0 && n - 1 < n").evaluate_cut(columns), [True, True, False, True]
    )
    unsigned = {"u": np.array([2**64 - 1, 5], dtype=np.uint64)}
    np.testing.assert_array_equal(Expression("u + 1").evaluate(unsigned), [2.0**64, 6.0])


def test_modulo_and_floor_division_by_zero() -> None:
    columns = {"n": np.array([5, -5]), "zero": np.array([0, 0])}
    assert np.isnan(Expression("n % zero").evaluate(columns)).all()
    np.testing.assert_array_equal(Expression("n // zero").evaluate(columns), [np.inf, -np.inf])


def test_nan_is_never_true() -> None:
    columns = {"x": np.array([np.nan, 1.0, 0.49, 0.5])}
    np.testing.assert_array_equal(Expression("x").evaluate_cut(columns), [False, True, False, True])
    np.testing.assert_array_equal(Expression("x && 1").evaluate_cut(columns), [False, True, True, True])
    np.testing.assert_array_equal(Expression("sqrt(-x) > 0").evaluate_cut(columns), [False] * 4)
    np.testing.assert_array_equal(Expression("x != x").evaluate_cut(columns), [True, False, False, False])
    assert np.isnan(Expression("min(x, 0)").evaluate(columns)[0])
    assert np.isnan(Expression("max(0, x)").evaluate(columns)[0])


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("x +* y", "unexpected '\\*'", 4),
        ("x + sqrtt(y)", "unknown function 'sqrtt', did you mean 'sqrt'", 5),
        ("TMath::abs(x)", "did you mean 'TMath::Abs'", 1),
        ("x = 3", "write '=='", 3),
        ("(x + 1", "ends where '\\)' for the '\\(' in column 1", 7),
        ("x)", "unexpected '\\)'", 2),
        ("atan2(x)", "takes 2 arguments, got 1", 1),
        ("x == y == z", "parentheses", 8),
        ("x < y == z", "parentheses", 7),
        ("m := x", "label", 3),
        ("x ? y", "':' of '\\?'", 6),
        ("1.2.3", "directly followed", 4),
        ("x[y]", "whole number", 3),
        ("x[-1]", "whole number", 3),
        ("0x", "hexadecimal", 1),
        ("1e999", "float64", 1),
        ("Sum$(x)", "not supported", 4),
        ("'a' == x", "texts", 1),
        ("x == not y", "parentheses", 6),
        ("TMath::Pi", "TMath::Pi\\(\\)", 1),
        ("x\u00e9", "printable ASCII", 2),
        ("", "empty", None),
        ("  ", "empty", None),
    ],
)
def test_syntax_errors_point_at_the_column(text: str, message: str, column: int | None) -> None:
    with pytest.raises(InvalidArgument, match=message) as info:
        Expression(text)
    if column is not None:
        lines = str(info.value).split("\n")
        assert f"(column {column})" in lines[0]
        assert lines[2].index("^") == 2 + column - 1


def test_ambiguous_and_of_a_number_suggests_the_logical_operator() -> None:
    columns = {"flags": np.array([4, 5, 1]), "x": np.array([1.0, 2, 3])}
    for text in ("flags & 4 == 4", "x > 2 & flags", "flags | x > 1"):
        with pytest.raises(InvalidArgument, match=r"write '(&&|\|\|)'"):
            Expression(text).evaluate(columns)
    np.testing.assert_array_equal(Expression("(flags & 4) == 4").evaluate_cut(columns), [True, True, False])
    with pytest.raises(InvalidArgument, match="not of booleans"):
        Expression("~flags").evaluate(columns)
    with pytest.raises(InvalidArgument, match="exclusive or"):
        Expression("(x > 1) ^ (x > 2)").evaluate(columns)


def test_wrong_columns() -> None:
    e = Expression("pt * eta")
    with pytest.raises(InvalidArgument, match="no column 'pt', did you mean 'Pt'"):
        e.evaluate({"Pt": np.ones(2), "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="column 'eta' has 3 events, column 'pt' has 2"):
        e.evaluate({"pt": np.ones(2), "eta": np.ones(3)})
    with pytest.raises(InvalidArgument, match="column 'pt' holds Python objects"):
        e.evaluate({"pt": np.array([[1], [1, 2]], dtype=object), "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="column 'pt'"):
        e.evaluate({"pt": [[1], [1, 2]], "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="column 'pt' has dtype <U1"):
        e.evaluate({"pt": np.array(["a", "b"]), "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="column 'pt' has masked values"):
        e.evaluate({"pt": np.ma.array([1.0, 2.0], mask=[0, 1]), "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="single number"):
        e.evaluate({"pt": 1.0, "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="has shape \\(2, 3\\)"):
        e.evaluate({"pt": np.ones((2, 3)), "eta": np.ones(2)})
    with pytest.raises(InvalidArgument, match="out of range"):
        Expression("pt[3]").evaluate({"pt": np.ones((2, 3))})
    with pytest.raises(InvalidArgument, match="no elements to index"):
        Expression("pt[0]").evaluate({"pt": np.ones(2)})
    with pytest.raises(InvalidArgument, match=r"TMath::E\(\)"):
        Expression("2 * e").evaluate({"x": np.ones(2)})
    with pytest.raises(InvalidArgument, match="constant as well"):
        Expression("2 * pi").evaluate({"pi": np.ones(2)})
    with pytest.raises(InvalidArgument, match="number of events must be given"):
        Expression("1").evaluate({})


def test_columns_in_any_layout() -> None:
    x = np.arange(700, dtype=np.float64)
    for array in (
        x[::-1],
        np.arange(1400.0)[::2],
        x.astype(">f4"),
        x.astype(np.float16)[:50],
        x.astype(">i8"),
        list(range(5)),
    ):
        np.testing.assert_array_equal(Expression("x + 1").evaluate({"x": array}), np.asarray(array, dtype=float) + 1)
    np.testing.assert_array_equal(Expression("x[1]").evaluate({"x[1]": x}), x)
    assert Expression("x[1] + x[0] + y").variables == ["x", "y"]
    assert len(Expression("x").evaluate({"x": np.empty(0)})) == 0
    np.testing.assert_array_equal(Expression("2").evaluate({"x": x[:4]}), [2.0] * 4)


def test_limits() -> None:
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        Expression("(" * 5000 + "x" + ")" * 5000)
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        Expression("-" * 5000 + "x")
    with pytest.raises(InvalidArgument, match="at most"):
        Expression("x" * 200000)
    with pytest.raises(InvalidArgument, match="more than 20000 operations"):
        Expression("+".join(["x"] * 20000))
    with pytest.raises(InvalidArgument, match="values at a time"):
        Expression("max(" + "x," * 99 + "max(" + "x," * 99 + "max(" + "x," * 98 + "x)))")
    assert value("+".join(["x"] * 9000), x=1.0) == 9000.0


def test_split_label() -> None:
    assert split_label("m := sqrt(E*E - p*p)") == ("m", "sqrt(E*E - p*p)")
    assert split_label("  x + y ") == ("x + y", "x + y")
    for text in (":= x", "m :="):
        with pytest.raises(InvalidArgument, match="expected"):
            split_label(text)


def test_pickle_and_repr() -> None:
    e = Expression("x + 1")
    again = pickle.loads(pickle.dumps(e))
    assert again == e
    assert hash(again) == hash(e)
    assert repr(again) == "Expression('x + 1')"
    assert value("x + 1", x=1) == 2.0
