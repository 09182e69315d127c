"""Models of LightGBM: the same leaves for every float32 value, with every kind of missing values and categories."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diskern
from foreign_events import special_events

DATA = Path(__file__).resolve().parents[1] / "data" / "foreign"
OLD_FILES = sorted(DATA.glob("lightgbm-*.gz"))


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda p: p.name.removesuffix(".txt.gz"))
def test_files_of_older_releases(path: Path) -> None:
    stored = np.load(DATA / "predictions.npz")
    expected = stored[path.name.removesuffix(".gz")]
    model = diskern.load(path)
    responses = model.evaluate(stored["events lightgbm"])
    np.testing.assert_allclose(responses, expected.reshape(responses.shape), rtol=1e-12)
    assert np.ptp(expected) > 0.1
    assert model.provenance["LightGBM format version"] == ("v2" if "2.2.3" in path.name else "v3")
    assert diskern.Model(model.to_bytes()) == model


def test_the_older_files_are_there() -> None:
    assert len(OLD_FILES) == 8


def text(
    decision: int = 10,
    threshold: str = "0.5",
    objective: str = "objective=regression",
    extra: str = "",
    tree: str = "",
) -> str:
    """A tree of one split of b: small values to a leaf of 1, large ones to a leaf of 2."""
    return f"""tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
{objective}
feature_names=a b
feature_infos=[-1:2] none
{extra}
tree_sizes=200

Tree=0
num_leaves=2
num_cat={1 if decision & 1 else 0}
split_feature=1
split_gain=3
threshold={threshold}
decision_type={decision}
left_child=-1
right_child=-2
leaf_value=1 2
leaf_count=3 4
internal_value=1.5
internal_count=7
{tree}
is_linear=0
shrinkage=0.1


end of trees

feature_importances:
b=1

parameters:
[boosting: gbdt]
[objective: regression]
[data: ]
end of parameters

pandas_categorical:null
"""


def load_text(content: str) -> diskern.Model:
    return diskern.Model(content.encode())


TINY = float(np.float32(1e-35))
VALUES = np.array([0.5, np.nextafter(np.float32(0.5), np.float32(1)), 0.0, -0.0, np.nan, np.inf, -np.inf], np.float32)


def responses(model: diskern.Model, values: np.ndarray) -> list[float]:
    return model.evaluate(np.stack([np.zeros_like(values), values], axis=1))[:, 0].tolist()


@pytest.mark.parametrize(
    ("decision", "expected"),
    [  # bit 1: missing goes left; bits 2 and 3: what is missing
        (0, [1, 2, 1, 1, 1, 2, 1]),  # nothing, NaN counts as 0
        (4, [1, 2, 2, 2, 2, 2, 1]),  # zero
        (6, [1, 2, 1, 1, 1, 2, 1]),
        (8, [1, 2, 1, 1, 2, 2, 1]),  # NaN
        (10, [1, 2, 1, 1, 1, 2, 1]),
    ],
)
def test_missing_values_by_the_definition(decision: int, expected: list[float]) -> None:
    model = load_text(text(decision))
    assert responses(model, VALUES) == expected
    assert model.info["variables"][0]["minimum"] == -1
    assert model.options["boosting"] == "gbdt"


@pytest.mark.parametrize(("threshold", "zero"), [("-1e-40", 2), ("1e-40", 1), ("-0.5", 2), ("0", 1)])
def test_tiny_values_count_as_zero(threshold: str, zero: float) -> None:
    values = np.array([TINY, -TINY, 1e-45, -1e-45, 0.0], np.float32)
    assert responses(load_text(text(8, threshold)), values) == [zero] * 5


def test_categories_by_the_definition() -> None:
    """Categories 0, 1 and 33 go left; a value belongs to the category of its whole part."""
    model = load_text(text(1, "0", tree="cat_boundaries=0 2\ncat_threshold=3 2"))
    values = np.array([0, 1, 2, 33, 34, 0.9, 1.9, -0.5, -1, np.nan, 1e12, np.inf, 33.5], np.float32)
    assert responses(model, values) == [1, 1, 2, 1, 2, 1, 1, 1, 2, 2, 2, 2, 1]


@pytest.mark.parametrize(
    ("objective", "factor", "response"),
    [
        ("binary sigmoid:2", 1, lambda x: 1 / (1 + np.exp(-2 * x))),
        ("cross_entropy", 1, lambda x: 1 / (1 + np.exp(-x))),
        ("poisson", 1, np.exp),
        ("lambdarank", 1, lambda x: x),
    ],
)
def test_objectives(objective: str, factor: float, response: Any) -> None:
    model = load_text(text(objective=f"objective={objective}"))
    np.testing.assert_allclose(responses(model, VALUES[:2]), response(np.array([1.0, 2.0])))


def test_the_average_of_a_random_forest() -> None:
    model = load_text(text(objective="objective=binary sigmoid:2", extra="average_output"))
    np.testing.assert_allclose(responses(model, VALUES[:2]), 1 / (1 + np.exp([-2.0, -4.0])))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version=v4", "version=v9", "version v9"),
        ("version=v4\n", "", "version (none)"),
        ("left_child=-1", "left_child=100000000", "left_child of tree 0 holds 1e+08"),
        ("left_child=-1", "left_child=0", "two parents"),
        ("left_child=-1", "left_child=-2", "two parents"),
        ("left_child=-1", "left_child=-3", "left_child of tree 0 holds -3"),
        ("split_feature=1", "split_feature=100000000", "split_feature of tree 0 holds 1e+08"),
        ("split_feature=1", "split_feature=-1", "split_feature of tree 0 holds -1"),
        ("split_feature=1", "split_feature=1 1", "has 2 numbers, expected 1"),
        ("num_leaves=2", "num_leaves=1", "leaf_value of tree 0 has 2 numbers, expected 1"),
        ("num_leaves=2", "num_leaves=1000000000", "has 2 numbers, expected 1000000000"),
        ("threshold=0.5", "threshold=nan", "not finite"),
        ("threshold=0.5", "threshold=inf", "not finite"),
        ("threshold=0.5", "threshold=0,5", "no number"),
        ("decision_type=10", "decision_type=12", "decision_type of tree 0 holds 12"),
        ("decision_type=10", "decision_type=11", "num_cat"),
        ("leaf_value=1 2", "leaf_value=1 inf", "not finite"),
        ("is_linear=0", "is_linear=1", "linear models in their leaves"),
        ("objective=regression", "objective=regression sqrt", "square root"),
        ("objective=regression", "objective=cross_entropy_lambda", "'cross_entropy_lambda', whose response"),
        ("objective=regression", "objective=multiclass num_class:3", "does not fit"),
        ("feature_names=a b", "feature_names=a", "has 1 names"),
        ("max_feature_idx=1", "max_feature_idx=100000000", "max_feature_idx of the header holds 1e+08"),
        ("Tree=0", "Tree=1", "tree 0 is expected"),
        ("shrinkage=0.1", "shrinkage=0.1\nshrinkage=0.2", "shrinkage comes twice"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=2", "does not fit"),
        ("end of trees", "end", "before 'end of trees'"),
    ],
)
def test_wrong_fields_are_errors(old: str, new: str, message: str) -> None:
    content = text()
    assert old in content
    with pytest.raises(diskern.FormatError, match=re.escape(message)):
        load_text(content.replace(old, new, 1))


def test_texts_that_are_not_utf8() -> None:
    with pytest.raises(diskern.FormatError, match="UTF-8"):
        diskern.Model(text().encode().replace(b"names=a", b"names=\xff"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_field_mutations(data: st.DataObject) -> None:
    rows = text(1, "0", tree="cat_boundaries=0 2\ncat_threshold=3 2").split("\n")
    at = data.draw(st.sampled_from([i for i, row in enumerate(rows) if "=" in row]))
    key = rows[at].split("=")[0]
    replacements = [
        "0",
        "-1",
        "1",
        "2",
        "100000000",
        "4294967295",
        "",
        "1e400",
        "nan",
        "0 0",
        "-1 -2",
        "x",
        "2 1",
        "15",
    ]
    rows[at] = f"{key}={data.draw(st.sampled_from(replacements))}"
    if data.draw(st.booleans()):
        del rows[data.draw(st.integers(0, len(rows) - 1))]
    try:
        model = load_text("\n".join(rows))
    except diskern.FormatError:
        return
    # Whatever loads answers every event: all of the mutated numbers that could make NaN are refused.
    answers = model.evaluate(np.stack([VALUES] * len(model.variables), axis=1))
    assert answers.shape == (len(VALUES), len(model.outputs))
    assert np.isfinite(answers).all()


# ---- the installed LightGBM


OBJECTIVES = [
    *("binary", "cross_entropy", "multiclass", "multiclassova", "regression", "regression_l1", "huber", "fair"),
    *("quantile", "mape", "poisson", "gamma", "tweedie", "lambdarank", "rank_xendcg"),
]
MODES: list[dict[str, Any]] = [
    {},
    {"zero_as_missing": True},
    {"use_missing": False},
    {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
    {"boosting": "dart"},
    {"categorical_feature": [3]},
    {"categorical_feature": [3], "max_cat_to_onehot": 1, "sigmoid": 2.0},
]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.filterwarnings("ignore")
def test_the_installed_release(objective: str) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    rng = np.random.default_rng(0)
    events = rng.normal(size=(500, 4)).astype(np.float32)
    events[rng.random(events.shape) < 0.1] = np.nan
    events[rng.random(events.shape) < 0.1] = 0
    events[:, 3] = rng.integers(0, 40, 500)
    score = np.nan_to_num(events[:, 0]) + np.nan_to_num(events[:, 1]) * np.isin(events[:, 3], [1, 5, 7, 8])
    ranking = objective in ("lambdarank", "rank_xendcg")
    labels = np.exp(score)
    if objective in ("binary", "cross_entropy"):
        labels = (score > 0) * 1
    elif objective.startswith("multiclass") or ranking:
        labels = np.digitize(score, [-0.5, 0.5])
    for mode in MODES:
        if ranking and mode.get("boosting") == "rf":
            continue
        options = {"objective": objective, "verbose": -1, "num_threads": 1, "num_leaves": 8, **mode}
        if objective.startswith("multiclass"):
            options["num_class"] = 3
        data = lightgbm.Dataset(events, labels, group=[100] * 5 if ranking else None)
        booster = lightgbm.train(options, data, 5)
        model = diskern.from_lightgbm(booster)
        tested = special_events(model)
        categories = np.array([*range(42), -0.5, -1, 3.5, 1e9, 3e9], np.float32)
        if "categorical_feature" in mode:
            tested[::2, 3] = rng.choice(categories, len(tested[::2]))
        expected = booster.predict(tested)
        found = model.evaluate(tested)
        np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-12, atol=1e-14, err_msg=str(mode))
        assert np.ptp(expected) > 0
        if "zero_as_missing" in mode or "categorical_feature" in mode:
            continue  # their trees were divided further
        splits = [int((model.predictor.tree(t)["feature"] >= 0).sum()) for t in range(model.predictor.tree_count)]
        leaves = booster.predict(tested, pred_leaf=True).reshape(len(tested), -1)
        np.testing.assert_array_equal(model.predictor.leaf_index(tested) - splits, leaves)


@pytest.mark.filterwarnings("ignore")
def test_wrappers_and_linear_trees_of_the_installed_release() -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    events = rng.normal(size=(300, 3)).astype(np.float32)
    labels = np.where(events[:, 0] + events[:, 1] > 0, "s", "b")
    classifier = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(events, labels)
    model = diskern.from_lightgbm(classifier)
    assert (model.classes, model.signal_class) == (("b", "s"), 1)
    np.testing.assert_allclose(model.evaluate(events)[:, 0], classifier.predict_proba(events)[:, 1], rtol=1e-12)
    linear = lightgbm.train(
        {"linear_tree": True, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(events, events[:, 0]), 2
    )
    with pytest.raises(diskern.FormatError, match="linear models in their leaves"):
        diskern.from_lightgbm(linear)
    with pytest.raises(diskern.InvalidArgument, match="got int"):
        diskern.from_lightgbm(3)


@pytest.mark.parametrize(
    ("threshold", "sets", "message"),
    [
        ("1", "cat_boundaries=0 1\ncat_threshold=3", "names the categories 1 of 1"),
        ("0.5", "cat_boundaries=0 1\ncat_threshold=3", "names the categories 0.5 of 1"),
        ("0", "cat_boundaries=1 0\ncat_threshold=3", "not ascending"),
        ("0", "cat_boundaries=0 100000000\ncat_threshold=3", "cat_boundaries of tree 0 holds 1e+08"),
        ("0", "cat_boundaries=0\ncat_threshold=3", "has 1 numbers, expected 2"),
        ("0", "cat_boundaries=0 1", "tree 0 has no cat_threshold"),
    ],
)
def test_wrong_categories_are_errors(threshold: str, sets: str, message: str) -> None:
    with pytest.raises(diskern.FormatError, match=re.escape(message)):
        load_text(text(1, threshold, tree=sets))
