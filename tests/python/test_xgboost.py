"""Models of XGBoost: every dialect read with the same leaves, and written so that XGBoost gives the same leaves."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diskern
from diskern import _core
from foreign_events import special_events

DATA = Path(__file__).resolve().parents[1] / "data" / "foreign"
OLD_FILES = sorted(DATA.glob("xgboost-*.gz"))


def load_text(text: str) -> diskern.Model:
    return diskern.Model(text.encode())


# ---- files of older releases


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda p: p.name.removesuffix(".gz"))
def test_files_of_older_releases(path: Path) -> None:
    stored = np.load(DATA / "predictions.npz")
    expected = stored[path.name.removesuffix(".gz")]
    model = diskern.load(path)
    responses = model.evaluate(stored["events xgboost"])
    np.testing.assert_allclose(responses, expected.reshape(responses.shape), rtol=0, atol=3e-7)
    assert np.ptp(expected) > 0.05
    assert model.provenance["XGBoost release"] in path.name
    assert diskern.Model(model.to_bytes()) == model


def test_the_older_files_are_there() -> None:
    assert len(OLD_FILES) == 10


# ---- a file by hand, whose responses follow from the definition


def small(**changes: Any) -> dict[str, Any]:
    """One tree: f1 < 0.5 gives 1, f1 >= 0.5 gives 2 where f0 < -1 (or missing) and else 3; missing f1 goes right."""
    tree = {
        "base_weights": [0.0] * 5,
        "default_left": [0, 0, 1, 0, 0],
        "id": 0,
        "left_children": [1, -1, 3, -1, -1],
        "loss_changes": [2.0, 0.0, 1.0, 0.0, 0.0],
        "parents": [2147483647, 0, 0, 2, 2],
        "right_children": [2, -1, 4, -1, -1],
        "split_conditions": [0.5, 1.0, -1.0, 2.0, 3.0],
        "split_indices": [1, 0, 0, 0, 0],
        "sum_hessian": [10.0, 4.0, 6.0, 3.0, 3.0],
        "tree_param": {"num_feature": "2", "num_nodes": "5", "size_leaf_vector": "0"},
    }
    tree.update({key: value for key, value in changes.items() if key in tree or key.startswith(("split_t", "categ"))})
    parameters = {"base_score": "2.5E-1", "num_class": "0", "num_feature": "2"}
    parameters.update({key: value for key, value in changes.items() if key in (*parameters, "num_target")})
    return {
        "learner": {
            "attributes": changes.get("attributes", {}),
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_trees": "1", "size_leaf_vector": "0"},
                    "tree_info": changes.get("tree_info", [0]),
                    "trees": [tree],
                },
                "name": "gbtree",
            },
            "learner_model_param": parameters,
            "objective": {"name": changes.get("objective", "reg:squarederror")},
        },
        "version": changes.get("version", [1, 6, 2]),
    }


EVENTS = np.array(
    [
        [0, 0.5],
        [0, np.nextafter(np.float32(0.5), np.float32(0))],
        [-1, 9],
        [-2, 9],
        [np.nan, 9],
        [0, np.nan],
        [-np.inf, np.inf],
    ],
    np.float32,
)
LEAVES = np.array([3.0, 1.0, 3.0, 2.0, 2.0, 3.0, 2.0])


def test_a_file_by_hand() -> None:
    model = load_text(json.dumps(small(attributes={"best_iteration": "7"})))
    np.testing.assert_array_equal(model.evaluate(EVENTS)[:, 0], LEAVES + 0.25)
    assert model.variables == ("f0", "f1")
    assert (model.method, model.analysis_type) == ("BDT", "Regression")
    assert model.options == {"objective": "reg:squarederror", "booster": "gbtree"}
    assert model.provenance["best_iteration"] == "7"
    tree = model.predictor.tree(0)
    np.testing.assert_array_equal(tree["weight"], [10, 4, 6, 3, 3])
    np.testing.assert_array_equal(tree["gain"], [2, 0, 1, 0, 0])


@pytest.mark.parametrize("score", [0.25, "0.25", "2.5E-1", "[2.5E-1]", [0.25]])
def test_spellings_of_the_base_score(score: Any) -> None:
    model = load_text(json.dumps(small(base_score=score)))
    np.testing.assert_array_equal(model.evaluate(EVENTS)[:, 0], LEAVES + 0.25)


@pytest.mark.parametrize(
    ("objective", "response"),
    [
        ("binary:logistic", lambda x: 1 / (1 + np.exp(-(x + np.log(0.25 / 0.75))))),
        ("reg:logistic", lambda x: 1 / (1 + np.exp(-(x + np.log(0.25 / 0.75))))),
        ("count:poisson", lambda x: np.exp(x + np.log(0.25))),
        ("reg:gamma", lambda x: np.exp(x + np.log(0.25))),
        ("binary:logitraw", lambda x: x + 0.25),
        ("rank:pairwise", lambda x: x + 0.25),
    ],
)
def test_objectives(objective: str, response: Any) -> None:
    model = load_text(json.dumps(small(objective=objective)))
    np.testing.assert_allclose(model.evaluate(EVENTS)[:, 0], response(LEAVES), rtol=1e-6)
    assert model.analysis_type == ("Classification" if objective.startswith("binary") else "Regression")


def test_numbers_become_the_nearest_float() -> None:
    # A little above the middle of 1 and the next float: as a float64 it is the middle, which would round to 1.
    text = json.dumps(small()).replace("0.5, 1.0, -1.0", "1.00000005960464477539062500001, 1.0, -1.0")
    assert load_text(text).predictor.tree(0)["threshold"][0] == np.nextafter(np.float32(1), np.float32(2))


def test_categories_by_hand() -> None:
    """The chosen categories go right, all other values left, missing ones where the file says."""
    categories = {
        "split_type": [1, 0, 0, 0, 0],
        "categories": [0, 3, 2],
        "categories_nodes": [0],
        "categories_segments": [0],
        "categories_sizes": [3],
    }
    model = load_text(json.dumps(small(**categories)))
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 3.5, 4, -0.0, -0.5, -1, 1e9, np.inf, -np.inf, np.nan], np.float32)
    expected = np.array([1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1], bool)
    responses = model.evaluate(np.stack([np.zeros_like(values), values], axis=1))[:, 0]
    np.testing.assert_array_equal(responses, np.where(expected, 3.25, 1.25))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"left_children": [1, -1, 100000000, -1, -1]}, "left_children[2] is 1e+08"),
        ({"left_children": [0, -1, 3, -1, -1]}, "parents[0]"),
        ({"left_children": [1, -1, 2, -1, -1]}, "parents[2]"),
        ({"right_children": [2, -1, 3, -1, -1]}, "two parents"),
        ({"right_children": [2, 4, 4, -1, -1]}, "one child"),
        ({"split_indices": [100000000, 0, 0, 0, 0]}, "split_indices[0] is 1e+08"),
        ({"split_indices": [-1, 0, 0, 0, 0]}, "split_indices[0] is -1"),
        ({"split_indices": [0.5, 0, 0, 0, 0]}, "split_indices[0] is 0.5"),
        ({"split_conditions": [float("nan"), 1, -1, 2, 3]}, "NaN"),
        ({"split_conditions": [0.5, float("inf"), -1, 2, 3]}, "not finite"),
        ({"split_conditions": [0.5, 1]}, "has 2 numbers, expected 5"),
        ({"default_left": [1]}, "has 1 numbers, expected 5"),
        ({"parents": [2147483647, 0, 0, 1, 2]}, "parents[3] is 1"),
        ({"num_feature": "1"}, "split_indices[0] is 1"),
        ({"num_feature": "100000000"}, "num_feature is 1e+08"),
        ({"num_feature": "0"}, "num_feature is 0"),
        ({"num_class": "3"}, "does not fit the objective"),
        ({"num_class": "3", "objective": "multi:softprob"}, "output 1 has 0 trees, output 0 has 1"),
        ({"tree_info": [1]}, "tree_info[0] is 1"),
        ({"tree_info": []}, "tree_info has 0 numbers"),
        ({"base_score": "half"}, "base_score is 'half'"),
        ({"base_score": "[1,x]"}, "holds 'x'"),
        ({"base_score": "1.5", "objective": "binary:logistic"}, "a probability between 0 and 1"),
        ({"base_score": "-1", "objective": "count:poisson"}, "a positive number"),
        ({"objective": "binary:hinge"}, "'binary:hinge', whose response is not read"),
        ({"tree_param": {"num_nodes": "1000000000"}}, "expected 1000000000"),
        ({"split_type": [1, 0, 0, 0, 0]}, "not among categories_nodes"),
    ],
)
def test_wrong_fields_are_errors(change: dict[str, Any], message: str) -> None:
    with pytest.raises(diskern.FormatError, match=re.escape(message)):
        load_text(json.dumps(small(**change)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "byte 1: '\"' is expected, the content ends here"),
        ('{"learner": 1', "'}' is expected"),
        ('{"learner": {}} x', "after the end"),
        ('{"a": 01}', "begins with 0"),
        ('{"a": 1.}', "a digit is expected"),
        ('{"a": +1}', "a value is expected"),
        ('{"a": tru}', "a value is expected"),
        ('{"a": "\x01"}', "control character"),
        ('{"a": "\\x"}', "unknown escape"),
        ('{"a": "\\ud800"}', "no character"),
        ('{"a": "x', "does not end"),
        ('{"a": 1, "a": 2}', "'a' comes twice"),
        ('{"a": 1, "\\u0061": 2}', "'a' comes twice"),
        ('{"a":' * 200, "64 values inside one another"),
        ("[" * 100000, "64 values inside one another"),
        ('[{"nodeid": 0, "leaf": 1}]', "write the model with save_model"),
        ('{"learner": []}', "learner is no object"),
    ],
)
def test_wrong_json_is_an_error(text: str, message: str) -> None:
    with pytest.raises(diskern.FormatError, match=re.escape(message)):
        load_text(text)


def test_texts_that_are_not_utf8() -> None:
    with pytest.raises(diskern.FormatError, match="UTF-8"):
        diskern.Model(b'{"a": "\xff"}')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{L\0\0\0\0\0\0\0\x07lear", "a string of 7 bytes, 4 are left"),
        (b"{i\x01a[$d#l\x7f\xff\xff\xff", "2147483647 elements"),
        (b"{i\x01a[$Z#l\x7f\xff\xff\xff", "a type of elements that is not read"),
        (b"{i\x01a[#L\x7f\xff\xff\xff\xff\xff\xff\xff", "a length of"),
        (b"{i\xffa", "a length of -1"),
        (b"{i\x01ax}", "no type of UBJSON"),
        (b"{i\x01a[$d#i\x02\0\0\0\0}", "within an array of numbers"),
        (b"{i\x01a[", "ends within a value"),
        (b"{" + b"i\x01a{" * 100, "64 values inside one another"),
    ],
)
def test_wrong_ubjson_is_an_error(content: bytes, message: str) -> None:
    with pytest.raises(diskern.FormatError, match=re.escape(message)):
        diskern.Model(content)


def test_the_old_binary_format_is_named() -> None:
    with pytest.raises(diskern.FormatError, match=r"ends in \.json or \.ubj"):
        diskern.Model(b"binf" + bytes(200))


# ---- mutations


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    paths = [path] if path else []
    for key, child in items:
        paths += leaves_of(child, (*path, key))
    return paths


REPLACEMENTS = st.sampled_from(
    [
        *(0, 1, -1, 2, 5, 100000000, 2147483647, -2147483648, 1e308, 0.5, "", "0", "-1", "100000000", "1e400", [], [0]),
        *(
            {},
            None,
            True,
            "[",
            "[]",
            [0] * 5,
            [-1] * 5,
            "multi:softprob",
            "binary:logistic",
            "dart",
            [{}],
            float("nan"),
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_one_field_mutations(data: st.DataObject) -> None:
    """Any field replaced by anything: an error, or a forest that evaluates."""
    categories = {"split_type": [0, 0, 1, 0, 0], "categories": [1, 3], "categories_nodes": [2]}
    categories |= {"categories_segments": [0], "categories_sizes": [2]}
    document = small(num_target="1", **categories)
    path = data.draw(st.sampled_from(leaves_of(document)))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(REPLACEMENTS)
    try:
        model = load_text(json.dumps(document))
    except diskern.FormatError:
        return
    if len(model.variables) == 2:
        assert np.isfinite(model.evaluate(EVENTS)).any()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutations_of_ubjson(data: st.DataObject) -> None:
    content = bytearray(gzip.decompress((DATA / "xgboost-3.0.5-dart.ubj.gz").read_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 255, 127, 128, *b"{}[]#$LlIiUdDSTFZN", content[at] ^ 1]))
    try:
        model = diskern.Model(bytes(content))
    except diskern.FormatError:
        return
    answers = model.evaluate(np.zeros((2, len(model.variables)), np.float32))
    assert answers.shape == (2, len(model.outputs))
    assert answers.shape[1] > 0
    np.testing.assert_array_equal(answers[0], answers[1])


# ---- the installed XGBoost


def training_sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    events = np.round(rng.normal(size=(400, 3)), 2).astype(np.float32)
    events[rng.random(events.shape) < 0.1] = np.nan
    return events, np.nan_to_num(events[:, 0]) + np.nan_to_num(events[:, 1]) * 0.5


OBJECTIVES = [
    *("binary:logistic", "binary:logitraw", "multi:softprob", "multi:softmax", "reg:squarederror"),
    *("reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:logistic", "reg:gamma", "reg:tweedie"),
    *("count:poisson", "survival:cox", "rank:pairwise", "rank:ndcg", "rank:map"),
]


@pytest.mark.parametrize("form", ["json", "ubj"])
@pytest.mark.parametrize("base_score", [None, 0.3])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives_of_the_installed_release(objective: str, base_score: float | None, form: str) -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    events, score = training_sample()
    labels = np.exp(score) if objective.split(":")[0] in ("reg", "count", "survival") else (score > 0) * 1
    labels = (score > 0) * 1 if objective == "reg:logistic" else labels
    options: dict[str, Any] = {"objective": objective, "max_depth": 3, "nthread": 1, "verbosity": 0}
    options |= {} if base_score is None else {"base_score": base_score}
    if objective.startswith("multi"):
        labels, options["num_class"] = np.digitize(score, [-0.5, 0.5]), 3
    training = xgboost.DMatrix(events, label=labels)
    if objective.startswith("rank"):
        training.set_group([100] * 4)
    booster = xgboost.train(options, training, 4)
    model = diskern.Model(bytes(booster.save_raw(form)))
    tested = special_events(model, infinite=False)
    data = xgboost.DMatrix(tested)
    expected = booster.predict(data, output_margin=objective == "multi:softmax")
    if objective == "multi:softmax":  # predict gives the class there, the model here the probabilities
        expected = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
    responses = model.evaluate(tested)
    np.testing.assert_allclose(responses, expected.reshape(responses.shape), rtol=3e-6, atol=3e-7)
    np.testing.assert_array_equal(model.predictor.leaf_index(tested), booster.predict(data, pred_leaf=True))


@pytest.mark.parametrize("form", ["json", "ubj"])
@pytest.mark.parametrize(
    "options",
    [
        {"booster": "dart", "rate_drop": 0.5, "seed": 1},
        {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.5},
        {"tree_method": "exact", "gamma": 1.0},
        {"grow_policy": "lossguide", "max_leaves": 6, "tree_method": "hist"},
        {"multi_strategy": "multi_output_tree", "tree_method": "hist"},
        {"multi_strategy": "one_output_per_tree"},
    ],
    ids=lambda o: "-".join(str(v) for v in o.values()),
)
def test_boosters_of_the_installed_release(options: dict[str, Any], form: str) -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    events, score = training_sample()
    labels: Any = np.digitize(score, [-0.5, 0.5]) if "num_class" in options else score
    labels = np.stack([score, -(score**2)], axis=1) if "multi_strategy" in options else labels
    booster = xgboost.train({"max_depth": 4, "nthread": 1, **options}, xgboost.DMatrix(events, label=labels), 6)
    model = diskern.Model(bytes(booster.save_raw(form)))
    tested = special_events(model, infinite=False)
    expected = booster.predict(xgboost.DMatrix(tested))
    responses = model.evaluate(tested)
    np.testing.assert_allclose(responses, expected.reshape(responses.shape), rtol=2e-6, atol=2e-6)
    assert diskern.Model(model.to_bytes()) == model


@pytest.mark.parametrize("one_hot", [1, 100])
def test_categories_of_the_installed_release(one_hot: int) -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    events, score = training_sample()
    events[:, 2] = np.arange(400) % 12
    score = score + np.isin(events[:, 2], [0, 3, 4, 11])
    types = ["q", "q", "c"]
    training = xgboost.DMatrix(events, label=score, feature_types=types, enable_categorical=True)
    booster = xgboost.train({"tree_method": "hist", "max_cat_to_onehot": one_hot, "nthread": 1}, training, 5)
    model = diskern.Model(bytes(booster.save_raw("json")))
    tested = special_events(model, infinite=False)
    tested[:, 2] = np.random.default_rng(0).choice(np.array([*range(14), np.nan], np.float32), len(tested))
    expected = booster.predict(xgboost.DMatrix(tested, feature_types=types, enable_categorical=True))
    np.testing.assert_allclose(model.evaluate(tested)[:, 0], expected, rtol=2e-6, atol=2e-6)


def test_wrappers_of_the_installed_release() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    pytest.importorskip("sklearn")
    events, score = training_sample()
    labels = (score + np.random.default_rng(0).normal(size=400) > 0) * 1
    classifier = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, n_jobs=1, learning_rate=1.0)
    classifier.fit(events[:200], labels[:200], eval_set=[(events[200:], labels[200:])], verbose=False)
    assert classifier.best_iteration + 1 < classifier.get_booster().num_boosted_rounds()
    model = diskern.from_xgboost(classifier)
    np.testing.assert_allclose(model.evaluate(events)[:, 0], classifier.predict_proba(events)[:, 1], atol=1e-6)
    whole = diskern.from_xgboost(classifier.get_booster())
    np.testing.assert_allclose(
        whole.evaluate(events)[:, 0], classifier.get_booster().predict(xgboost.DMatrix(events)), atol=1e-6
    )
    assert whole.predictor.tree_count > model.predictor.tree_count
    with pytest.raises(diskern.InvalidArgument, match="-999"):
        diskern.from_xgboost(xgboost.XGBRegressor(n_estimators=1, missing=-999.0).fit(events, score))
    with pytest.raises(diskern.InvalidArgument, match="got int"):
        diskern.from_xgboost(3)
    linear = xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(np.nan_to_num(events), label=score), 2)
    with pytest.raises(diskern.FormatError, match="gblinear"):
        diskern.from_xgboost(linear)


# ---- writing


def tree(threshold: float, missing_right: int = 0, values: tuple[float, float] = (-0.3, 0.7)) -> dict[str, Any]:
    """The left child stands last, so that the order of the nodes must be changed."""
    return {
        "feature": [1, -1, 0, -1, -1],
        "threshold": [threshold, 0.0, 0.25, 0.0, 0.0],
        "left": [2, -1, 3, -1, -1],
        "right": [1, -1, 4, -1, -1],
        "missing_right": [missing_right, 0, 1 - missing_right, 0, 0],
        "value": [0.0, values[1], 0.0, values[0], 0.1],
    }


LEAF = {"feature": [-1], "threshold": [0.0], "left": [-1], "right": [-1], "missing_right": [0], "value": [0.5]}


def native(forest: _core.Forest, **changes: Any) -> diskern.Model:
    info: dict[str, Any] = {
        "method": "BDT",
        "title": "Native",
        "variables": [{"expression": f"x{i}", "label": f"x{i}"} for i in range(2)],
        "classes": ["Background", "Signal"],
        "signal_class": 1,
    }
    return diskern.Model(_core.Model(info | changes, None, forest))


def written_models() -> dict[str, diskern.Model]:
    trees = [tree(0.1), tree(-0.7, 1), tree(0.7), LEAF, tree(3.0), tree(1e-45)]
    regression = {"analysis_type": "Regression", "classes": [], "signal_class": 0}
    classes = {"analysis_type": "Multiclass", "classes": ["a", "b", "c"]}
    link = _core.Link
    mean = _core.Aggregation.weighted_mean
    weights = [0.5, 1.0, 2.0, 0.1, 0.3, 1.0]
    return {
        "logistic": native(_core.Forest(2, trees, base_score=[0.3], link=link.logistic)),
        "logistic without base": native(_core.Forest(2, trees, link=link.logistic)),
        "tmva": native(_core.Forest(2, trees, link=link.tmva_gradient)),
        "mean": native(_core.Forest(2, trees, tree_weight=weights, aggregation=mean)),
        "regression": native(_core.Forest(2, trees, tree_weight=weights, base_score=[7.0]), **regression),
        "two targets": native(_core.Forest(2, trees, n_outputs=2, base_score=[7.0, -1.0]), **regression),
        "exponential": native(_core.Forest(2, trees, base_score=[0.3], link=link.exponential), **regression),
        "softmax": native(
            _core.Forest(2, trees, n_outputs=3, base_score=[0.3, -0.1, 0.0], link=link.softmax), **classes
        ),
    }


@pytest.mark.parametrize("name", written_models())
def test_written_models_in_xgboost(name: str, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    model = written_models()[name]
    path = tmp_path / "model.json"
    model.save_xgboost_json(path)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(path)
    events = special_events(model, infinite=False)
    data = xgboost.DMatrix(events, feature_names=list(model.variables))
    responses = model.evaluate(events)
    expected = (responses + 1) / 2 if name == "tmva" else responses
    np.testing.assert_allclose(booster.predict(data).reshape(expected.shape), expected, rtol=1e-6, atol=1e-6)
    # The same leaves: read back, the numbers of the leaves are those that XGBoost finds.
    again = diskern.load(path)
    np.testing.assert_allclose(again.evaluate(events), expected, rtol=1e-6, atol=1e-6)
    leaves = np.asarray(booster.predict(data, pred_leaf=True)).reshape(len(events), -1)
    np.testing.assert_array_equal(again.predictor.leaf_index(events), leaves)
    # And XGBoost writes what it read.
    assert diskern.Model(bytes(booster.save_raw("ubj"))).predictor.tree_count == again.predictor.tree_count


def test_what_xgboost_cannot_express_is_refused() -> None:
    linear = {
        "feature": [-2, -1, -1],
        "threshold": [0.5, 0, 0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [0, 0, 0],
        "value": [0, -1.0, 1.0],
        "linear_begin": [0, 0, 0],
        "linear_coefficients": [1.0, 2.0],
    }
    with pytest.raises(diskern.InvalidArgument, match="Fisher cuts"):
        native(_core.Forest(2, [linear])).to_xgboost_json()
    median = _core.Forest(2, [tree(0.1)], aggregation=_core.Aggregation.weighted_median)
    with pytest.raises(diskern.InvalidArgument, match="median"):
        native(median, analysis_type="Regression").to_xgboost_json()
    normalised = _core.Forest(2, [tree(0.1)] * 2, n_outputs=2, link=_core.Link.normalised_logistic)
    with pytest.raises(diskern.InvalidArgument, match="over their sum"):
        native(normalised, analysis_type="Multiclass").to_xgboost_json()
    with pytest.raises(diskern.InvalidArgument, match="too large for float32"):
        native(_core.Forest(2, [tree(0.1, values=(1e300, 0.0))])).to_xgboost_json()


def test_splits_without_a_choice_take_no_time() -> None:
    """A long chain of empty sets of categories below a set of many is not walked for every part of the set."""
    length = 3000
    categories = list(range(0, 20000, 2))
    n = 2 * length + 1
    left = [2 * i + 1 for i in range(length)]
    tree_text = small()
    arrays: dict[str, Any] = {
        "left_children": [left[i // 2] if i % 2 == 0 and i < n - 1 else -1 for i in range(n)],
        "right_children": [left[i // 2] + 1 if i % 2 == 0 and i < n - 1 else -1 for i in range(n)],
        "split_type": [1 if i % 2 == 0 and i < n - 1 else 0 for i in range(n)],
        "categories_nodes": list(range(0, n - 1, 2)),
        "categories_segments": [0] * length,
        "categories_sizes": [len(categories)] + [0] * (length - 1),
        "categories": categories,
        "split_indices": [0] * n,
        "split_conditions": [1.0] * n,
        "default_left": [1] * n,
        "tree_param": {"num_nodes": str(n)},
    }
    # Everything goes on to the even child.
    arrays["left_children"], arrays["right_children"] = arrays["right_children"], arrays["left_children"]
    tree_text["learner"]["gradient_booster"]["model"]["trees"] = [arrays]
    with pytest.raises(diskern.FormatError, match="too many threshold splits"):
        load_text(json.dumps(tree_text))
