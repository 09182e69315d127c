"""RuleFit: quality beside TMVA's, rules and coefficients by their definitions, files, options, bad input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
import tmva_events
import tmva_reference as reference
from diskern import RuleFitClassifier, _core
from diskern._core import InvalidArgument
from diskern.tmva import Factory

# Folder, title, TMVA's ROC integral on its test events with weights (results.json), the options that made it.
TRAININGS = [
    (
        "class_tut",
        0.8692927,
        {"MinImp": 0.001, "fEventsMin": 0.01, "fEventsMax": 0.5, "GDErrScale": 1.02},
    ),
    ("class_variants", 0.8531535, {"Model": _core.RuleModel.ModRule, "fEventsMin": 0.01, "fEventsMax": 0.5}),
    ("class_variants", 0.9176518, {"Model": _core.RuleModel.ModLinear}),
]


def params(**changes: Any) -> _core.RuleFitParams:
    result = _core.RuleFitParams()
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def toy(n: int = 1200, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal (class 0) where x > 0.3 and y < 0.8, with noise; z says nothing."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 3)).astype(np.float32)
    signal = (X[:, 0] > 0.3) & (X[:, 1] < 0.8)
    signal ^= generator.random(n) < 0.1
    return X, np.where(signal, 0, 1).astype(np.int32), np.ones(n)


def by_definition(predictor: Any, X: np.ndarray) -> np.ndarray:
    """The response from the rules and terms as they describe themselves."""
    x = X.astype(np.float64)
    sums = np.full(len(x), predictor.offset)
    for rule in predictor.rules:
        inside = np.ones(len(x), bool)
        for variable, low, high in zip(rule["variable"], rule["minimum"], rule["maximum"], strict=True):
            inside &= (x[:, variable] > low) & (x[:, variable] < high)
        sums += rule["coefficient"] * inside
    for j, term in enumerate(predictor.linear):
        sums += term["coefficient"] * term["norm"] * np.clip(x[:, j], term["minimum"], term["maximum"])
    return sums


@pytest.mark.parametrize(("folder", "auc", "options"), TRAININGS, ids=["both", "rules", "linear"])
def test_quality_beside_tmva(data_directory: Path, folder: str, auc: float, options: dict[str, Any]) -> None:
    events = reference.load(data_directory, folder)
    result = _core.fit_rules(params(**options), events.variables, events.class_index, events.weight)
    response = result.predictor.evaluate(events.test_variables)[:, 0]
    reached = roc_auc_score(events.test_class_index == 0, response, sample_weight=events.test_weight)
    assert reached > auc - 0.01
    np.testing.assert_allclose(response, by_definition(result.predictor, events.test_variables), rtol=1e-12, atol=1e-12)


def test_rules_are_what_they_say() -> None:
    X, y, _ = toy()
    weight = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    result = _core.fit_rules(params(fEventsMin=0.02, fEventsMax=0.3), X, y, weight)
    rules = result.predictor.rules
    assert 3 < len(rules) <= result.rules_different <= result.rules_made
    x = X.astype(np.float64)
    largest = max(
        [rule["importance"] for rule in rules]
        + [abs(term["coefficient"]) * 0.5 for term in result.predictor.linear]  # an average rule has at most that sigma
    )
    for rule in rules:
        assert rule["variable"] == sorted(set(rule["variable"]))
        inside = np.ones(len(x), bool)
        for variable, low, high in zip(rule["variable"], rule["minimum"], rule["maximum"], strict=True):
            inside &= (x[:, variable] > low) & (x[:, variable] < high)
        assert rule["support"] == pytest.approx(weight[inside].sum() / weight.sum())
        assert rule["events"] == pytest.approx(weight[inside].sum())
        assert rule["signal_fraction"] == pytest.approx(weight[inside & (y == 0)].sum() / weight[inside].sum())
        sigma = np.sqrt(rule["support"] * (1 - rule["support"]))
        assert rule["importance"] == pytest.approx(abs(rule["coefficient"]) * sigma)
        assert rule["importance"] <= largest
    # What makes signal is found, and the idle variable is last.
    response = result.predictor.evaluate(X)[:, 0]
    assert roc_auc_score(y == 0, response) > 0.87
    assert int(np.argmin(result.importance)) == 2
    assert max(result.importance) == 1.0


def test_random_trees_choose_among_some_of_the_variables() -> None:
    """Nodes of at least 0.4, which is half of fEventsMax, let each tree cut once: on the best variable that it may."""
    generator = np.random.default_rng(7)
    X = generator.normal(size=(1000, 3)).astype(np.float32)
    y = np.where((X[:, 0] > 0) ^ (generator.random(1000) < 0.1), 0, 1).astype(np.int32)
    chosen = params(
        Model=_core.RuleModel.ModRule, ForestType=_core.RuleForest.Random, fEventsMin=0.4, fEventsMax=0.8, MinImp=0.0,
        GDTau=0.0, GDNSteps=10,
    )  # fmt: skip
    result = _core.fit_rules(chosen, X, y, np.ones(1000))
    assert result.rules_made <= 2 * chosen.nTrees
    cut_on = {variable for rule in result.predictor.rules for variable in rule["variable"]}
    assert 0 in cut_on
    assert len(cut_on) > 1


def test_least_importance() -> None:
    X, y, weight = toy()
    common = {"fEventsMin": 0.02, "fEventsMax": 0.3, "Model": _core.RuleModel.ModRule}
    every = _core.fit_rules(params(MinImp=0.0, **common), X, y, weight, seed=1).predictor.rules
    few = _core.fit_rules(params(MinImp=0.2, **common), X, y, weight, seed=1).predictor.rules
    largest = max(rule["importance"] for rule in every)
    assert few == [rule for rule in every if rule["importance"] >= 0.2 * largest]
    assert 0 < len(few) < len(every)


@pytest.mark.parametrize(("folder", "title", "model"), [
    ("class_variants", "RuleFit_lin", "ModLinear"), ("class_tut", "RuleFit", "ModRuleLinear"),
])  # fmt: skip
def test_linear_terms_are_tmvas(data_directory: Path, folder: str, title: str, model: str) -> None:
    events = reference.load(data_directory, folder)
    known = reference.weight_file(data_directory, folder, title).find("Weights").findall("Linear")
    chosen = params(Model=_core.RuleModel.__members__[model], GDNSteps=10, nTrees=2, GDTau=0.0)
    linear = _core.fit_rules(chosen, events.variables, events.class_index, events.weight).predictor.linear
    assert len(linear) == len(known) == 4
    for ours, theirs in zip(linear, known, strict=True):
        assert ours["minimum"] == float(theirs.get("DM"))
        assert ours["maximum"] == float(theirs.get("DP"))
        assert ours["norm"] == pytest.approx(float(theirs.get("Norm")), rel=1e-13)


def test_notes(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:!ModelPersistence")
    loader = tmva_events.class_loader(tmp_path / "dataset", 100)
    both = factory.BookMethod(loader, "RuleFit", "both", "GDPathEveFrac=0.8:GDValidEveFrac=0.4:GDNSteps=10")
    none = factory.BookMethod(loader, "RuleFit", "none", "fEventsMin=0.9:fEventsMax=0.95:GDNSteps=10")
    factory.TrainAllMethods()
    assert any("0.2 of the events serve both" in note for note in both.trained.notes)
    assert not any("serve both" in note for note in none.trained.notes)
    assert any("no tree of the forest has a cut" in note for note in none.trained.notes)


def test_linear_terms_by_definition() -> None:
    """Without rules and with tau = 0 the path is gradient descent: many steps give weighted least squares where no
    response leaves [-1, 1]."""
    generator = np.random.default_rng(4)
    n = 4000
    y = np.arange(n, dtype=np.int32) % 2
    X = (generator.uniform(-1, 1, (n, 2)) + 0.2 * (y == 0)[:, None]).astype(np.float32)
    weight = generator.uniform(0.5, 1.5, n)
    chosen = params(
        Model=_core.RuleModel.ModLinear, GDTau=0.0, GDStep=0.5, GDNSteps=3000, GDPathEveFrac=1.0, GDValidEveFrac=1.0,
        GDErrScale=1e9, MinImp=0.0, LinQuantile=0.0,
    )  # fmt: skip
    result = _core.fit_rules(chosen, X, y, weight)
    design = np.column_stack([np.ones(n), X.astype(np.float64)])
    target = np.where(y == 0, 1.0, -1.0)
    root = np.sqrt(weight)
    expected = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]
    assert np.abs(design @ expected).max() < 1
    found = result.predictor.linear
    slopes = np.array([term["coefficient"] * term["norm"] for term in found])
    # The best point of the path is the one of the least ROC error, not the last one: directions agree.
    np.testing.assert_allclose(slopes / np.linalg.norm(slopes), expected[1:] / np.linalg.norm(expected[1:]), atol=0.02)
    mean = np.average(result.predictor.evaluate(X)[:, 0], weights=weight)
    assert mean == pytest.approx(np.average(target, weights=weight), abs=1e-6)
    for j, term in enumerate(found):
        spread = np.sqrt(np.cov(X[:, j].astype(np.float64), aweights=weight, ddof=0))
        assert term["norm"] == pytest.approx(0.4 / (spread * np.sqrt(n / (n - 1))), rel=1e-12)
        assert term["minimum"] == X[:, j].min()
        assert term["maximum"] == X[:, j].max()


def test_tau_chooses_how_many_terms_move() -> None:
    X, y, weight = toy()
    common = {"GDNSteps": 30, "MinImp": 0.0, "fEventsMin": 0.02, "fEventsMax": 0.1}
    few = _core.fit_rules(params(GDTau=1.0, **common), X, y, weight).predictor
    many = _core.fit_rules(params(GDTau=0.0, **common), X, y, weight).predictor
    assert len(few.rules) < 0.3 * len(many.rules)
    found = _core.fit_rules(params(GDTauPrec=0.25, **common), X, y, weight)
    assert found.tau in (0.0, 0.25, 0.5, 0.75, 1.0)


def test_similar_rules_are_one() -> None:
    X, y, weight = toy()
    common = {"fEventsMin": 0.02, "fEventsMax": 0.1}
    kept = [
        _core.fit_rules(params(RuleMinDist=distance, **common), X, y, weight).rules_different
        for distance in (0.0, 0.001, 0.2, 5.0)
    ]
    assert kept[0] >= kept[1] > kept[2] > kept[3]


@pytest.mark.parametrize("forest", ["AdaBoost", "Random"])
def test_invariances(forest: str) -> None:
    X, y, _ = toy()
    chosen = params(ForestType=_core.RuleForest.__members__[forest], fEventsMin=0.05, fEventsMax=0.3)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    one = _core.fit_rules(chosen, X, y, weight, seed=5, threads=1)
    two = _core.fit_rules(chosen, X, y, weight, seed=5, threads=2)
    np.testing.assert_array_equal(one.predictor.evaluate(X), two.predictor.evaluate(X))
    other = _core.fit_rules(chosen, X, y, weight, seed=6, threads=2)
    assert not np.array_equal(one.predictor.evaluate(X), other.predictor.evaluate(X))
    assert roc_auc_score(y == 0, other.predictor.evaluate(X)[:, 0]) > 0.85
    # Events of weight 0 do not count.
    more = np.vstack([X, 100 + X])
    same = _core.fit_rules(chosen, more, np.r_[y, 1 - y], np.r_[weight, 0 * weight], seed=5)
    np.testing.assert_array_equal(one.predictor.evaluate(X), same.predictor.evaluate(X))
    # The class that is signal is chosen by its number.
    turned = params(ForestType=chosen.ForestType, fEventsMin=0.05, fEventsMax=0.3, signal_class=1)
    opposite = _core.fit_rules(turned, X, y, weight, seed=5)
    assert roc_auc_score(y == 1, opposite.predictor.evaluate(X)[:, 0]) > 0.85


def test_booked_with_files(tmp_path: Path, capsys) -> None:
    factory = Factory("job", None, "!V:AnalysisType=Classification", threads=1)
    loader = tmva_events.class_loader(tmp_path / "dataset", 400, "SplitMode=Alternate:!V")
    text = "fEventsMin=0.05:fEventsMax=0.3:MinImp=0.001"
    for model in ("ModRuleLinear", "ModRule", "ModLinear"):
        factory.BookMethod(loader, "RuleFit", model, f"{text}:Model={model}:VarTransform=N")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    printed = capsys.readouterr().out
    assert re.search(r"\d+ rules from 20 trees, \d+ of them different, \d+ important", printed)
    assert "most important rules:" in printed
    assert "Importance" in printed
    X = loader.dataset.test.variables
    for title in ("ModRuleLinear", "ModRule", "ModLinear"):
        assert factory.GetROCIntegral(title) > 0.75
        booked = factory.GetMethod(title)
        expected = booked.response_test
        for path in (booked.model_path, booked.xml_path):
            assert path is not None
            np.testing.assert_array_equal(diskern.load(path).evaluate(X), expected)
        model = diskern.load(booked.xml_path)
        assert diskern.Model(model.to_bytes()) == model
    # What TMVA's reader wants to find.
    root = ElementTree.parse(factory.GetMethod("ModRuleLinear").xml_path).getroot()
    weights = root.find("Weights")
    assert {"NRules", "NLinear", "LearningModel", "ImportanceCut", "LinQuantile", "AverageSupport",
            "AverageRuleSigma", "Offset"} <= set(weights.attrib)  # fmt: skip
    assert len(weights.findall("Rule")) == int(weights.get("NRules"))
    for rule in weights.findall("Rule"):
        support = float(rule.get("Support"))
        assert float(rule.get("Sigma")) == pytest.approx(np.sqrt(support * (1 - support)))
        assert float(rule.get("Norm")) == pytest.approx(1 / float(rule.get("Sigma")))
        assert float(rule.get("Ref")) >= float(rule.get("Importance")) > 0
        assert 0 <= float(rule.get("SSB")) <= 1


@pytest.mark.parametrize(("folder", "title"), [("class_tut", "RuleFit"), ("class_variants", "RuleFit_lin")])
def test_tmvas_attributes_come_back(data_directory: Path, folder: str, title: str) -> None:
    """Read from TMVA's file and written again: the same numbers."""
    theirs = reference.weight_file(data_directory, folder, title).find("Weights")
    path = data_directory / "tmva_trained" / folder / "weights" / f"{title}.weights.xml.gz"
    ours = ElementTree.fromstring(diskern.load(path).to_tmva_xml()).find("Weights")
    assert set(ours.attrib) == set(theirs.attrib)
    for mine, known in zip(ours.iter(), theirs.iter(), strict=True):
        assert mine.tag == known.tag
        for name, value in known.attrib.items():
            if value in ("T", "F"):
                assert mine.get(name) == value
            else:
                assert float(mine.get(name)) == pytest.approx(float(value), rel=1e-9), (mine.tag, name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("fEventsMin=0", "fEventsMin is 0.000000"),
        ("fEventsMin=0.5:fEventsMax=0.2", "fEventsMax is 0.200000"),
        ("GDTau=2", "GDTau is 2.000000"),
        ("GDTauPrec=0", "GDTauPrec is 0.000000"),
        ("GDStep=0", "GDStep is 0.000000"),
        ("GDNSteps=0", "GDNSteps is 0"),
        ("GDErrScale=0.5", "GDErrScale is 0.500000"),
        ("GDPathEveFrac=0", "GDPathEveFrac is 0.000000"),
        ("nTrees=0", "nTrees is 0"),
        ("MinImp=1", "MinImp is 1.000000"),
        ("LinQuantile=0.5", "LinQuantile is 0.500000"),
        ("Model=ModRule:fEventsMin=0.9:fEventsMax=0.95", "there is no rule"),
    ],
)
def test_bad_options(tmp_path: Path, options: str, message: str) -> None:
    factory = Factory("job", "Silent:!ModelPersistence")
    factory.BookMethod(tmva_events.class_loader(tmp_path / "dataset", 100), "RuleFit", "R", options)
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        factory.TrainAllMethods()


def test_options_without_effect_and_refused(tmp_path: Path, capsys) -> None:
    factory = Factory("job")
    loader = tmva_events.class_loader(tmp_path / "dataset", 100)
    factory.BookMethod(loader, "RuleFit", "R", "Model=ModLinear:nTrees=5:RFNrules=100:GDTau=0.5:GDTauPrec=0.1")
    printed = capsys.readouterr().out
    for name in ("nTrees", "RFNrules", "GDTauPrec"):
        assert f"{name} has no effect" in printed
    with pytest.raises(InvalidArgument, match="RFFriedman calls a program that is not offered"):
        factory.BookMethod(loader, "RuleFit", "F", "RuleFitModule=RFFriedman")


def test_bad_events() -> None:
    X, y, weight = toy(200)
    with pytest.raises(InvalidArgument, match="both classes are needed"):
        _core.fit_rules(params(), X, np.zeros(200, np.int32), weight)
    with pytest.raises(InvalidArgument, match="no training event is left"):
        _core.fit_rules(params(), X, y, 0 * weight)
    X[3, 1] = np.nan
    with pytest.raises(InvalidArgument):
        _core.fit_rules(params(), X, y, weight)
    constant = np.zeros((200, 2), np.float32)
    with pytest.raises(InvalidArgument, match="there is no rule"):
        _core.fit_rules(params(Model=_core.RuleModel.ModRule), constant, y, weight)
    # With linear terms there is a model, if one that says the same of all events.
    assert np.ptp(_core.fit_rules(params(), constant, y, weight).predictor.evaluate(constant)) == 0


def test_negative_weights_count_with_their_sign() -> None:
    X, y, weight = toy(2000)
    weight[::7] = -0.3
    result = _core.fit_rules(params(fEventsMin=0.02, fEventsMax=0.3), X, y, weight)
    response = result.predictor.evaluate(X)[:, 0]
    assert roc_auc_score(y[weight > 0] == 0, response[weight > 0]) > 0.85


def test_estimator(tmp_path: Path) -> None:
    X, y, _ = toy()
    labels = np.where(y == 0, "signal", "background")
    fitted = RuleFitClassifier(random_state=1).fit(X, labels)
    assert fitted.classes_.tolist() == ["background", "signal"]
    assert roc_auc_score(y == 0, fitted.decision_function(X)) > 0.87
    probability = fitted.predict_proba(X)
    assert probability.min() >= 0
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    # Squared loss estimates the mean of the targets: the probability is about right.
    assert abs(np.mean(y[probability[:, 1] > 0.7] == 0) - probability[probability[:, 1] > 0.7, 1].mean()) < 0.1
    importances = [rule["importance"] for rule in fitted.rules_]
    assert importances == sorted(importances, reverse=True)
    assert len(fitted.linear_) == 3
    assert fitted.feature_importances_.argmin() == 2
    assert RuleFitClassifier("rules", random_state=1).fit(X, y).linear_ == []
    assert RuleFitClassifier("linear", random_state=1).fit(X, y).rules_ == []
    fitted.save(tmp_path / "model.diskern")
    np.testing.assert_array_equal(
        diskern.load(tmp_path / "model.diskern").evaluate(X)[:, 0], fitted.decision_function(X)
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"terms": "all"},
        {"n_estimators": 0},
        {"tau": 2.0},
        {"step": "a"},
        {"max_iter": 1.5},
        {"min_node_fraction": True},
    ],
)
def test_bad_parameters(parameters: dict[str, Any]) -> None:
    X, y, _ = toy(60)
    with pytest.raises(InvalidArgument, match=next(iter(parameters))):
        RuleFitClassifier(**parameters).fit(X, y)


_REASON = "the events of the path and of its errors are drawn by their number, and nodes count entries, as in TMVA"


@parametrize_with_checks(
    [RuleFitClassifier(n_estimators=5, max_iter=500, tau=0.2)],
    expected_failed_checks=lambda estimator: {"check_sample_weight_equivalence_on_dense_data": _REASON},
)
def test_scikit_learns_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def test_missing_values_answer_nan() -> None:
    X, y, weight = toy(300)
    predictor = _core.fit_rules(params(fEventsMin=0.1, fEventsMax=0.3), X, y, weight).predictor
    X[0, 2] = np.nan
    response = predictor.evaluate(X)
    assert np.isnan(response[0, 0])
    assert np.isfinite(response[1:]).all()
