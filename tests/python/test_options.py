"""TMVA option strings and the keyword arguments that mean the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diskern import _core
from diskern.tmva.methods.base import Option
from diskern.tmva.options import ArrayValue, parse_options, to_text

TABLE = (
    Option("NTrees", "int", 800, "number of trees"),
    Option("Shrinkage", "float", 1.0, "learning rate"),
    Option("UseBaggedBoost", "bool", False, "resample for each tree"),
    Option("UseYesNoLeaf", "bool", True, "leaves are +-1"),
    Option("BoostType", "choice", "AdaBoost", "boosting", choices=("AdaBoost", "Bagging", "Grad")),
    Option("EffMethod", "choice", "EffSel", "efficiencies", choices=("EffSel", "EffPDF")),
    Option("HiddenLayers", "str", "N,N-1", "layers"),
    Option("MinNodeSize", "str", "5%", "node size"),
    Option("CutRangeMin", "float", -1.0, "range", array=True),
    Option("VarProp", "choice", "NotEnforced", "property", choices=("NotEnforced", "FMax", "FMin"), array=True),
)


def test_defaults_and_nothing_given() -> None:
    values, given_names = parse_options("", TABLE)
    assert given_names == set()
    assert values["NTrees"] == 800
    assert values["CutRangeMin"][5] == -1.0
    assert set(values) == {option.name for option in TABLE}


def test_tutorial_string() -> None:
    text = "NTrees=1000: MinNodeSize=2.5%:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost:!UseYesNoLeaf:"
    values, given_names = parse_options(text, TABLE)
    assert values["NTrees"] == 1000
    assert type(values["NTrees"]) is int
    assert values["MinNodeSize"] == "2.5%"
    assert values["BoostType"] == "Grad"
    assert values["Shrinkage"] == 0.1
    assert values["UseBaggedBoost"] is True
    assert values["UseYesNoLeaf"] is False
    assert given_names == {"NTrees", "MinNodeSize", "BoostType", "Shrinkage", "UseBaggedBoost", "UseYesNoLeaf"}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("UseBaggedBoost=T", "UseBaggedBoost", True),
        ("UseBaggedBoost=true", "UseBaggedBoost", True),
        ("UseBaggedBoost=1", "UseBaggedBoost", True),
        ("UseYesNoLeaf=F", "UseYesNoLeaf", False),
        ("usebaggedboost", "UseBaggedBoost", True),
        ("EffPDF", "EffMethod", "EffPDF"),
        ("effpdf", "EffMethod", "EffPDF"),
        ("Grad", "BoostType", "Grad"),
        ("BoostType=grad", "BoostType", "Grad"),
        ("ntrees=5", "NTrees", 5),
        ("NTrees=1e3", "NTrees", 1000),
        ("Shrinkage=1", "Shrinkage", 1.0),
        ("HiddenLayers=N+5", "HiddenLayers", "N+5"),
    ],
)
def test_one_token(text: str, name: str, value: object) -> None:
    values, given_names = parse_options(text, TABLE)
    assert values[name] == value
    assert type(values[name]) is type(value)
    assert given_names == {name}


def test_array_options() -> None:
    values, _ = parse_options("CutRangeMin=-3:CutRangeMin[1]=-10:VarProp[0]=fmax", TABLE)
    assert [values["CutRangeMin"][i] for i in range(3)] == [-3.0, -10.0, -3.0]
    assert values["VarProp"] == ArrayValue("NotEnforced", {0: "FMax"})
    same, _ = parse_options("CutRangeMin=-3", TABLE, **{"CutRangeMin[1]": -10}, VarProp={0: "FMax"})
    assert same == values
    listed, _ = parse_options("", TABLE, CutRangeMin=[1, 2])
    assert [listed["CutRangeMin"][i] for i in range(3)] == [1.0, 2.0, -1.0]
    assert ("CutRangeMin[1]", "2.0") in to_text(listed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NTres=10", ["'NTres'", "'NTrees'", "Shrinkage"]),
        ("!NTrees", ["NTrees", "cannot be negated"]),
        ("!NTrees=4", ["NTrees", "cannot be negated"]),
        ("NTrees", ["NTrees", "needs a value"]),
        ("NTrees=ten", ["NTrees", "integer", "'ten'"]),
        ("NTrees=2.5", ["NTrees", "integer", "'2.5'"]),
        ("NTrees=", ["NTrees", "integer"]),
        ("Shrinkage=nan", ["Shrinkage", "number"]),
        ("Shrinkage=0,1", ["Shrinkage", "number", "'0,1'"]),
        ("BoostType=AdaBost", ["BoostType", "'AdaBost'", "'AdaBoost'", "Bagging"]),
        ("Gradd", ["'Gradd'", "'Grad'"]),
        ("UseBaggedBoost=maybe", ["UseBaggedBoost", "boolean", "'maybe'"]),
        ("!UseBaggedBoost=True", ["UseBaggedBoost", "negates"]),
        ("NTrees[0]=4", ["NTrees", "no index"]),
        ("CutRangeMin[-1]=4", ["index", "'-1'"]),
        ("CutRangeMin[a]=4", ["index", "'a'"]),
        ("!", ["unknown option"]),
        ("=4", ["unknown option"]),
        ("!!UseBaggedBoost", ["unknown option"]),
    ],
)
def test_errors_name_what_is_wrong(text: str, words: list[str]) -> None:
    with pytest.raises(_core.InvalidArgument) as caught:
        parse_options(text, TABLE, _context="BookMethod 'BDT'")
    assert str(caught.value).startswith("BookMethod 'BDT': ")
    for word in words:
        assert word in str(caught.value)


def test_last_value_of_a_string_holds() -> None:
    """As in TMVA, whose regression tutorial books MaxDepth=3:MaxDepth=4."""
    with pytest.warns(
        UserWarning, match=r"^BookMethod 'BDTG': option 'NTrees' is given twice, as 3 and as 4; the last"
    ):
        values, given_names = parse_options("NTrees=3:NTrees=4", TABLE, _context="BookMethod 'BDTG'")
    assert values["NTrees"] == 4
    assert given_names == {"NTrees"}
    with pytest.warns(UserWarning, match="UseBaggedBoost"):
        assert not parse_options("UseBaggedBoost:!UseBaggedBoost", TABLE)[0]["UseBaggedBoost"]
    assert parse_options("NTrees=4:NTrees=4", TABLE)[0]["NTrees"] == 4  # no contradiction, no warning


def test_keywords_mean_the_same() -> None:
    from_text, given_text = parse_options("NTrees=10:UseBaggedBoost:!UseYesNoLeaf:Grad:HiddenLayers=10,5", TABLE)
    from_keywords, given_keywords = parse_options(
        "",
        TABLE,
        NTrees=np.int64(10),
        UseBaggedBoost=True,
        UseYesNoLeaf=np.False_,
        BoostType="grad",
        HiddenLayers=[10, 5],
    )
    assert from_text == from_keywords
    assert given_text == given_keywords


def test_string_and_keywords_together() -> None:
    values, given_names = parse_options("NTrees=10", TABLE, Shrinkage=0.5, NTrees=10)
    assert (values["NTrees"], values["Shrinkage"]) == (10, 0.5)
    assert given_names == {"NTrees", "Shrinkage"}
    with pytest.raises(_core.InvalidArgument, match=r"NTrees.*twice"):
        parse_options("NTrees=10", TABLE, NTrees=11)


@pytest.mark.parametrize(
    ("keywords", "word"),
    [
        ({"NTres": 4}, "NTrees"),
        ({"NTrees": True}, "integer"),
        ({"NTrees": None}, "integer"),
        ({"NTrees": 2.5}, "integer"),
        ({"Shrinkage": float("nan")}, "number"),
        ({"BoostType": 3}, "choices"),
        ({"UseBaggedBoost": 0.5}, "boolean"),
        ({"UseBaggedBoost": 2}, "boolean"),
        ({"!UseBaggedBoost": True}, "unknown"),
    ],
)
def test_keyword_errors(keywords: dict[str, object], word: str) -> None:
    with pytest.raises(_core.InvalidArgument, match=word):
        parse_options("", TABLE, **keywords)


def test_not_text() -> None:
    with pytest.raises(_core.InvalidArgument, match="must be text"):
        parse_options(None, TABLE)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        values, given_names = parse_options(text, TABLE)
    except _core.InvalidArgument:
        return
    assert set(values) == {option.name for option in TABLE}
    assert given_names <= set(values)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "NTrees": st.integers(-(10**9), 10**9),
            "Shrinkage": st.floats(allow_nan=False),
            "UseBaggedBoost": st.booleans(),
            "BoostType": st.sampled_from(["AdaBoost", "Bagging", "Grad"]),
        },
    )
)
def test_text_of_values_parses_back(chosen: dict[str, object]) -> None:
    text = ":".join(f"{name}={value}" for name, value in to_text(chosen))
    assert parse_options(text, TABLE) == parse_options("", TABLE, **chosen)
