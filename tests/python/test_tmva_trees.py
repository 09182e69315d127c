"""TMVA's trees: bookings, bad input, invariances, interruption; the drawn tree."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import diskern
from diskern import _core
from diskern.plotting.tree import plot_tree, tree_text
from diskern.tmva.methods.base import AnalysisType, TrainedMethod, TrainingSample
from diskern.tmva.methods.bdt import BDT
from diskern.tmva.methods.dt import DT
from diskern.tmva.options import parse_options


def sample(n: int = 600, d: int = 3, seed: int = 3, n_classes: int = 2) -> TrainingSample:
    generator = np.random.default_rng(seed)
    class_index = generator.permutation(np.arange(n) % n_classes).astype(np.int32)
    variables = generator.normal(size=(n, d)).astype(np.float32)
    variables[:, 0] -= 0.8 * class_index
    targets = (variables[:, :1] ** 2 + variables[:, 1:2]).astype(np.float32)
    return TrainingSample(
        variables,
        class_index,
        targets,
        generator.uniform(0.5, 1.5, n),
        tuple(f"v{j}" for j in range(d)),
        ("F",) * d,
        tuple(f"class{k}" for k in range(n_classes)),
    )


def targets(n: int) -> TrainingSample:
    """For regression: one class."""
    events = sample(n)
    events.class_index = np.zeros(n, np.int32)
    events.class_names = ("Regression",)
    return events


def book(booking: str, analysis: AnalysisType = "Classification", method: Any = BDT) -> Any:
    values, _ = parse_options(booking, method.options, _defaults=method.defaults(analysis))
    return method("T", analysis, values)


def train(
    booking: str, events: TrainingSample, analysis: AnalysisType = "Classification", **more: Any
) -> TrainedMethod:
    trained: TrainedMethod = book(booking, analysis).train(events, **more)
    return trained


def response(trained: TrainedMethod, events: TrainingSample) -> NDArray[np.float64]:
    return trained.predictor.evaluate(events.variables)[:, 0]


SHORT = "NTrees=10:MinNodeSize=2%:"
BOOKINGS = [
    "BoostType=AdaBoost",
    "BoostType=RealAdaBoost",
    "BoostType=AdaCost:Cts_sb=2",
    "BoostType=Bagging",
    "BoostType=Grad:Shrinkage=0.3",
    "BoostType=Grad:Shrinkage=0.3:UseBaggedBoost",
    "nCuts=-1",
    "UseRandomisedTrees:UseNvars=2",
    "UseFisherCuts:MinLinCorrForFisher=0.0",
    "UseFisherCuts:MinLinCorrForFisher=0.0:UseExclusiveVars",
    "PruneMethod=CostComplexity:PruneStrength=-1:MaxDepth=6",
    "PruneMethod=ExpectedError:PruneStrength=2:MaxDepth=6",
    "!UseYesNoLeaf:SeparationType=CrossEntropy",
    "SigToBkgFraction=0.5",
    "SkipNormalization",
    "DoPreselection",
]


@pytest.mark.parametrize("booking", BOOKINGS)
def test_every_booking_separates_and_saves(booking: str, tmp_path: Path) -> None:
    events = sample()
    trained = train(SHORT + booking, events)
    ours = response(trained, events)
    assert np.isfinite(ours).all()
    assert ours[events.is_signal].mean() > ours[~events.is_signal].mean() + 0.02
    assert trained.ranking_name == "Variable Importance"
    assert trained.ranking[0][0] == "v0"
    assert sum(value for _, value in trained.ranking) == pytest.approx(1.0)
    assert pickle_free_copy(trained.predictor, tmp_path).evaluate(events.variables)[:, 0].tolist() == ours.tolist()


def pickle_free_copy(predictor: Any, folder: Path) -> Any:
    """The forest written to a model file and read back."""
    info = {
        "method": "BDT",
        "title": "T",
        "analysis_type": "Classification",
        "variables": [
            {"expression": f"v{j}", "label": f"v{j}", "title": "", "unit": "", "internal": f"v{j}", "type": "F"}
            | {"minimum": 0.0, "maximum": 1.0}
            for j in range(predictor.input_count)
        ],
        "spectators": [],
        "targets": [],
        "classes": ["S", "B"],
        "signal_class": 0,
        "options": [],
        "provenance": [],
        "outputs": ["S"],
    }
    path = folder / "m.diskern"
    _core.Model(info, None, predictor).save(str(path))
    return _core.load_model(str(path)).predictor


@pytest.mark.parametrize("loss", ["Huber", "AbsoluteDeviation", "LeastSquares"])
def test_gradient_regression_learns(loss: str) -> None:
    events = targets(2000)
    booking = f"NTrees=150:BoostType=Grad:Shrinkage=0.1:MaxDepth=4:RegressionLossFunctionBDTG={loss}"
    trained = train(booking, events, "Regression")
    target = events.targets[:, 0]
    assert np.mean((response(trained, events) - target) ** 2) < 0.1 * target.var()
    curve = trained.curves[0]
    assert curve.name == "loss"
    assert curve.training[-1] < 0.3 * curve.training[0]
    assert trained.signal_cut is None


@pytest.mark.parametrize("loss", ["Linear", "Quadratic", "Exponential"])
def test_adaboost_r2_learns(loss: str) -> None:
    events = targets(2000)
    trained = train(f"NTrees=30:MinNodeSize=0.5%:AdaBoostR2Loss={loss}", events, "Regression")
    target = events.targets[:, 0]
    assert np.mean((response(trained, events) - target) ** 2) < 0.15 * target.var()


@pytest.mark.parametrize("loss", ["Linear", "Quadratic", "Exponential"])
def test_adaboost_r2_by_definition(loss: str) -> None:
    """tmva.md 7.3: the weight of the first tree from the deviations of its events."""
    events = targets(800)
    trained = train(f"NTrees=1:MinNodeSize=2%:AdaBoostR2Loss={loss}", events, "Regression")
    deviation = np.abs(response(trained, events) - events.targets[:, 0])
    part = deviation / deviation.max()
    lost = {"Linear": part, "Quadratic": part**2, "Exponential": 1 - np.exp(-part)}[loss]
    error = np.average(lost, weights=events.weight)
    assert trained.predictor.tree_weight[0] == pytest.approx(np.log((1 - error) / error), rel=1e-5)


@pytest.mark.parametrize("costs", [(1, 1, 1, 1), (1, 2, 0.5, 1), (3, 1, 1, 0.25)])
def test_ada_cost_by_definition(costs: tuple[float, ...]) -> None:
    """tmva.md 7.3: the weight of the first tree from what its leaves say, each event with the cost of its case."""
    events = sample()
    css, cts_sb, ctb_ss, cbb = costs
    booking = f"NTrees=1:MinNodeSize=2%:!UseYesNoLeaf:BoostType=AdaCost:AdaBoostBeta=0.7:Css={css}:Cts_sb={cts_sb}"
    trained = train(f"{booking}:Ctb_ss={ctb_ss}:Cbb={cbb}", events)
    said = 2 * response(trained, events) - 1
    signal = events.is_signal
    weight = np.where(signal, events.weight / events.weight[signal].sum(), events.weight / events.weight[~signal].sum())
    cost = np.where(signal, np.where(said > 0, css, cts_sb), np.where(said > 0, ctb_ss, cbb))
    error = np.sum(weight * np.where(signal, 1, -1) * said * cost) / weight.sum()
    expected = 0.7 * np.log((1 + error) / (1 - error))
    assert trained.predictor.tree_weight[0] == pytest.approx(expected, rel=1e-5)


def test_poisson_number_of_variables() -> None:
    """Without UsePoissonNvars every node of a tree looks at the same number of variables: at one, of one."""
    events = sample()
    booking = "NTrees=40:MinNodeSize=2%:UseRandomisedTrees:UseNvars=1:MaxDepth=1"
    fixed, drawn = (response(train(f"{booking}:{flag}UsePoissonNvars", events), events) for flag in ("!", ""))
    assert not np.array_equal(fixed, drawn)
    forest = train(f"{booking}:!UsePoissonNvars", events).predictor
    roots = {int(forest.tree(t)["feature"][0]) for t in range(forest.tree_count)}
    assert len(roots) > 1  # the best variable is often not looked at


def test_multiclass_gives_probabilities() -> None:
    events = sample(900, n_classes=3)
    trained = train("NTrees=30:BoostType=Grad:Shrinkage=0.3", events, "Multiclass")
    responses = trained.predictor.evaluate(events.variables)
    assert responses.shape == (900, 3)
    assert np.allclose(responses.sum(axis=1), 1.0)
    assert (responses.argmax(axis=1) == events.class_index).mean() > 0.45


def test_defaults_depend_on_the_analysis() -> None:
    classification, regression = BDT.defaults("Classification"), BDT.defaults("Regression")
    assert (classification["MaxDepth"], classification["MinNodeSize"], classification["BoostType"]) == (
        3,
        "5%",
        "AdaBoost",
    )
    assert (regression["MaxDepth"], regression["MinNodeSize"], regression["BoostType"]) == (50, "0.2%", "AdaBoostR2")
    assert regression["SeparationType"] == "RegressionVariance"
    assert not regression["UseYesNoLeaf"]
    assert BDT.defaults("Multiclass")["BoostType"] == "Grad"


def test_deprecated_options_mean_what_they_did() -> None:
    method = book("nEventsMin=30:UseBaggedGrad:GradBaggingFraction=0.4:NNodesMax=20")
    params, notes = method.params(600)
    assert params.MinNodeSize == 5.0
    assert params.UseBaggedBoost
    assert params.BaggedSampleFraction == 0.4
    assert params.MaxDepth == 3
    assert len(notes) == 3
    assert all("deprecated" in note for note in notes)
    assert book("UseNTrainEvents=300").params(600)[0].BaggedSampleFraction == 0.5
    with pytest.raises(diskern.InvalidArgument, match="GradBaggingFraction"):
        book("GradBaggingFraction=0.4").params(600)


@pytest.mark.parametrize(
    ("booking", "analysis", "match"),
    [
        ("NTrees=0", "Classification", "NTrees is 0"),
        ("MaxDepth=0", "Classification", "MaxDepth is 0"),
        ("MinNodeSize=50%", "Classification", "MinNodeSize is 50"),
        ("MinNodeSize=many", "Classification", "MinNodeSize is 'many'"),
        ("BaggedSampleFraction=0", "Classification", "BaggedSampleFraction"),
        ("UseNvars=9", "Classification", "UseNvars is 9"),
        ("NodePurityLimit=1.5", "Classification", "NodePurityLimit"),
        ("AdaBoostBeta=0", "Classification", "AdaBoostBeta"),
        ("Shrinkage=-1", "Classification", "Shrinkage"),
        ("Css=-1:BoostType=AdaCost", "Classification", "Css"),
        ("SigToBkgFraction=0", "Classification", "SigToBkgFraction"),
        ("PruneMethod=ExpectedError:PruneStrength=-1", "Classification", "PruneStrength"),
        ("PruneMethod=CostComplexity:PruneStrength=101", "Classification", "PruneStrength"),
        ("PruningValFraction=1", "Classification", "PruningValFraction"),
        ("SeparationType=RegressionVariance", "Classification", "RegressionVariance"),
        ("BoostType=AdaBoostR2", "Classification", "AdaBoostR2 is for regression"),
        ("BoostType=AdaBoost", "Regression", "do not do regression"),
        ("BoostType=AdaBoost", "Multiclass", "Grad for several classes"),
        ("BoostType=Grad:DoPreselection", "Multiclass", "DoPreselection"),
        ("PruneMethod=ExpectedError", "Regression", "ExpectedError"),
        ("DoBoostMonitor", "Regression", "DoBoostMonitor"),
        ("NTrees=5000", "Regression", "at most 4096"),
    ],
)
def test_impossible_options_are_refused_by_name(booking: str, analysis: AnalysisType, match: str) -> None:
    events = targets(300) if analysis == "Regression" else sample(300, n_classes=3 if analysis == "Multiclass" else 2)
    with pytest.raises(diskern.InvalidArgument, match=match):
        train(booking, events, analysis)


def test_mistyped_option_names_the_near_miss() -> None:
    with pytest.raises(diskern.InvalidArgument, match="NTrees"):
        book("NTreees=5")


# Bad events


def test_missing_values_are_refused_and_the_message_helps() -> None:
    events = sample()
    events.variables[17, 1] = np.nan
    with pytest.raises(diskern.InvalidArgument, match=r"NaN in event 17, variable 1.*GradientBoostedTrees"):
        train(SHORT, events)


def test_infinities_are_refused() -> None:
    events = sample()
    events.variables[4, 2] = -np.inf
    with pytest.raises(diskern.InvalidArgument, match="infinity in event 4, variable 2"):
        train(SHORT, events)


def test_empty_one_class_and_zero_weights() -> None:
    events = sample()
    empty = sample()
    empty.variables, empty.class_index = events.variables[:0], events.class_index[:0]
    empty.weight, empty.targets = events.weight[:0], events.targets[:0]
    with pytest.raises(diskern.InvalidArgument, match="events is empty"):
        train(SHORT, empty)
    events.class_index[:] = 0
    with pytest.raises(diskern.InvalidArgument, match="background"):
        train(SHORT, events)
    events.class_index[:] = 1
    with pytest.raises(diskern.InvalidArgument, match="signal"):
        train(SHORT, events)
    zero = sample()
    zero.weight[:] = 0.0
    with pytest.raises(diskern.InvalidArgument, match="all weights are zero"):
        train(SHORT, zero)
    negative = sample()
    negative.weight[negative.is_signal] *= -1.0
    with pytest.raises(diskern.InvalidArgument, match="signal"):
        train(SHORT, negative)
    broken = sample()
    broken.weight[5] = np.nan
    with pytest.raises(diskern.InvalidArgument, match="weight of event 5"):
        train(SHORT, broken)


def test_two_targets_are_refused() -> None:
    events = sample()
    events.targets = np.hstack([events.targets, events.targets])
    with pytest.raises(diskern.InvalidArgument, match="one target"):
        train(SHORT, events, "Regression")


def test_constant_variables_are_never_cut_on() -> None:
    events = sample()
    events.variables[:, 1] = 3.5
    trained = train(SHORT, events)
    assert dict(trained.ranking)["v1"] == 0.0
    assert response(trained, events).std() > 0.0
    events.variables[:] = 1.0
    trained = train(SHORT, events)  # nothing to learn: one leaf, boosting stops, every event says the same
    assert trained.predictor.tree_count == 1
    assert np.unique(response(trained, events)).tolist() == [0.0]
    assert any("boosting stopped" in note for note in trained.notes)


def test_perfect_separation_is_no_infinity() -> None:
    events = sample()
    events.variables[:, 2] = np.where(events.is_signal, 1.0, -1.0)
    for booking in ("", "BoostType=RealAdaBoost:", "BoostType=Grad:"):
        trained = train(booking + SHORT, events)
        ours = response(trained, events)
        assert np.isfinite(ours).all()
        assert ours[events.is_signal].min() > ours[~events.is_signal].max()


def test_integer_variables_have_unit_bins_and_a_limit() -> None:
    events = sample()
    events.variables[:, 0] = np.round(3.0 * events.variables[:, 0])
    events.variable_types = ("I", "F", "F")
    forest = train("NTrees=1:MaxDepth=1", events).predictor
    tree = forest.tree(0)
    assert tree["feature"][0] == 0
    assert tree["threshold"][0] == np.round(tree["threshold"][0])
    events.variables[0, 0] = 1e8
    with pytest.raises(diskern.InvalidArgument, match="type 'I'"):
        train(SHORT, events)


# Weights


def with_negative_weights() -> TrainingSample:
    events = sample()
    events.weight[::9] *= -0.3
    return events


def test_negative_weights_treatments_differ_and_are_told() -> None:
    events = with_negative_weights()
    answers = {}
    treatments = ["InverseBoostNegWeights", "IgnoreNegWeightsInTraining", "PairNegWeightsGlobal", "Pray"]
    for treatment in treatments:
        trained = train(f"{SHORT}NegWeightTreatment={treatment}", events)
        answers[treatment] = tuple(response(trained, events).tolist())
        assert any("67 training events of negative weight" in note for note in trained.notes)
    assert len(set(answers.values())) == 4
    ignored = train(f"{SHORT}NegWeightTreatment=NoNegWeightsInTraining", events)
    assert tuple(response(ignored, events).tolist()) == answers["IgnoreNegWeightsInTraining"]
    kept = events.weight > 0.0
    only = sample()
    only.variables, only.class_index = events.variables[kept], events.class_index[kept]
    only.weight, only.targets = events.weight[kept], events.targets[kept]
    assert tuple(response(train(SHORT, only), events).tolist()) == answers["IgnoreNegWeightsInTraining"]


def test_events_of_weight_zero_are_as_if_absent() -> None:
    events = sample()
    events.weight[::5] = 0.0
    kept = events.weight > 0.0
    only = sample()
    only.variables, only.class_index = events.variables[kept], events.class_index[kept]
    only.weight, only.targets = events.weight[kept], events.targets[kept]
    for booking in BOOKINGS[:6]:
        a, b = train(SHORT + booking, events), train(SHORT + booking, only)
        assert np.array_equal(response(a, events), response(b, events))


def test_normalisation_takes_the_ratio_of_the_classes_away() -> None:
    events = sample()
    scaled = sample()
    scaled.weight = np.where(scaled.is_signal, 64.0, 0.25) * scaled.weight
    assert np.array_equal(response(train(SHORT, events), events), response(train(SHORT, scaled), events))
    skip = SHORT + "SkipNormalization"
    assert not np.array_equal(response(train(skip, events), events), response(train(skip, scaled), events))


# Interruption


def test_ctrl_c_keeps_the_trees_so_far() -> None:
    events = sample(20000, 10)
    seen: list[int] = []

    def progress(done: int, total: int, training_loss: float, validation_loss: float) -> None:
        seen.append(done)
        if done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    trained = train("NTrees=100000:MaxDepth=6:MinNodeSize=0.1%", events, progress=progress)
    assert trained.interrupted
    assert 3 <= trained.predictor.tree_count <= len(seen) + 1 < 100000
    assert np.isfinite(response(trained, events)).all()


def test_ctrl_c_before_the_first_tree_holds_nothing() -> None:
    events = sample(200000, 20)
    killer = threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGINT))
    killer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train("NTrees=1:nCuts=-1:MaxDepth=500:MinNodeSize=0.0001%:!UseYesNoLeaf", events)
    killer.join()
    assert time.monotonic() - start < 20.0


def test_an_estimator_holds_what_it_has_after_ctrl_c() -> None:
    events = sample(5000, 5)
    model = diskern.AdaBoostTreesClassifier(n_estimators=10_000_000, max_depth=8, min_weight_fraction_leaf=0.001)
    killer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    killer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(events.variables, events.class_index)
    killer.join()
    assert model.interrupted_
    assert model.predictor_.tree_count > 0
    assert model.predict(events.variables).shape == (5000,)


# Curves


def test_boost_monitor_follows_training_and_validation() -> None:
    events, apart = sample(seed=1), sample(seed=2)
    trained = train(SHORT + "DoBoostMonitor", events, validation=apart)
    (curve,) = [one for one in trained.curves if one.name == "ROC integral"]
    assert len(curve.training) == 10
    assert curve.validation is not None
    from diskern.evaluation import roc_curve

    final = roc_curve(apart.is_signal, response(trained, apart), apart.weight).integral
    assert curve.validation[-1] == pytest.approx(final, abs=1e-9)
    assert curve.training[-1] > curve.training[0]


# Estimators and the single tree


def test_estimator_defaults_are_those_of_the_core() -> None:
    params = _core.TmvaForestParams(_core.TmvaAnalysis.Classification)
    model = diskern.AdaBoostTreesClassifier()
    assert (model.n_estimators, model.max_depth, model.learning_rate) == (
        params.NTrees,
        params.MaxDepth,
        params.AdaBoostBeta,
    )
    assert diskern.DecisionTreeRegressor().max_depth == 50


def test_weight_two_is_the_event_twice() -> None:
    events = sample()
    weight = (1 + np.arange(600) % 3).astype(np.float64)
    repeated = np.repeat(np.arange(600), weight.astype(int))
    for model in (
        diskern.AdaBoostTreesClassifier(n_estimators=15),
        diskern.DecisionTreeClassifier(max_depth=8, min_weight_fraction_leaf=0.01),
        diskern.DecisionTreeClassifier(max_bins=None),
    ):
        a = model.fit(events.variables, events.class_index, sample_weight=weight).predict_proba(events.variables)
        b = model.fit(events.variables[repeated], events.class_index[repeated]).predict_proba(events.variables)
        assert np.allclose(a, b, atol=1e-12)


def test_wrong_parameters_of_estimators_are_named() -> None:
    events = sample()
    for name, value in [
        ("n_estimators", 0),
        ("n_estimators", "many"),
        ("learning_rate", -1),
        ("max_depth", 0),
        ("min_weight_fraction_leaf", 0.5),
        ("max_bins", 1),
        ("criterion", "ginny"),
        ("algorithm", "SAMME"),
        ("negative_weights", "pray"),
    ]:
        model = diskern.AdaBoostTreesClassifier(**{name: value})
        with pytest.raises(diskern.InvalidArgument, match=name):
            model.fit(events.variables, events.class_index)
    with pytest.raises(diskern.InvalidArgument, match="loss"):
        diskern.AdaBoostTreesRegressor(loss="cubic").fit(events.variables, events.targets[:, 0])


def test_pickle_gives_the_same_answers() -> None:
    events = sample()
    model = diskern.AdaBoostTreesClassifier(n_estimators=5).fit(events.variables, events.class_index)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(events.variables), model.predict_proba(events.variables))


def test_dt_is_one_tree_printed_in_the_notes() -> None:
    events = sample()
    trained = book("MaxDepth=2", method=DT).train(events)
    assert trained.predictor.tree_count == 1
    assert set(np.unique(response(trained, events))) == {-1.0, 1.0}
    assert any("v0 ≥ " in note for note in trained.notes)
    assert trained.signal_cut == 0.0
    purity = book("MaxDepth=2:!UseYesNoLeaf", method=DT).train(events)
    leaf = purity.predictor.leaf_index(events.variables)[:, 0]
    for node in np.unique(leaf):
        inside = leaf == node
        expected = events.weight[inside & events.is_signal].sum() / events.weight[inside].sum()
        assert response(purity, events)[inside] == pytest.approx(expected, rel=1e-6)
    assert purity.signal_cut == 0.5


def test_tree_text_says_cuts_and_answers() -> None:
    tree = {
        "feature": [1, -1, -1],
        "threshold": [0.25, 0.0, 0.0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [0, 0, 0],
        "value": [0.0, -1.0, 1.0],
        "purity": [0.5, 0.125, 0.875],
        "weight": [10.0, 4.0, 6.0],
        "gain": [0.25, 0.0, 0.0],
        "node_type": [0, -1, 1],
    }
    forest = _core.Forest(2, [tree])
    assert tree_text(forest, ["pt", "eta"]).splitlines() == [
        "eta ≥ 0.25: purity 0.500, weight 10, gain 0.25",
        "  yes: leaf: response 1, purity 0.875, weight 6",
        "  no:  leaf: response -1, purity 0.125, weight 4",
    ]
    with pytest.raises(diskern.InvalidArgument, match="labels has 1"):
        tree_text(forest, ["pt"])
    with pytest.raises(diskern.InvalidArgument, match="index is 1"):
        tree_text(forest, index=1)
    with pytest.raises(diskern.InvalidArgument, match="a forest is needed"):
        tree_text("forest")


def test_plot_tree_draws_every_node_once_with_its_cut(tmp_path: Path) -> None:
    events = sample()
    model = diskern.DecisionTreeClassifier(max_depth=3).fit(events.variables, events.class_index)
    arrays = model.predictor_.tree(0)
    axes = plot_tree(model, ["mass", "pt", "eta"])
    boxes = [text for text in axes.texts if text.get_bbox_patch() is not None]
    assert len(boxes) == len(arrays["feature"])
    cuts = sorted(text.get_text().split("\n")[0] for text in boxes if "≥" in text.get_text())
    inner = np.flatnonzero(arrays["feature"] >= 0)
    expected = [f"{['mass', 'pt', 'eta'][arrays['feature'][i]]} ≥ {arrays['threshold'][i]:.4g}" for i in inner]
    assert cuts == sorted(expected)
    (root,) = [text for text in boxes if text.get_position()[1] == 0]
    assert root.get_text().startswith(expected[0])
    # No two boxes in one place, and purer signal is bluer.
    assert len({text.get_position() for text in boxes}) == len(boxes)
    red = [float(text.get_bbox_patch().get_facecolor()[0]) for text in boxes]
    purities = [float(text.get_text().split("purity ")[1].split("\n")[0]) for text in boxes]
    assert red[int(np.argmax(purities))] < red[int(np.argmin(purities))]
    axes.figure.savefig(tmp_path / "tree.svg")
    assert (tmp_path / "tree.svg").stat().st_size > 1000
    shallow = plot_tree(model, max_depth=1)
    assert sum("..." in text.get_text() for text in shallow.texts) >= 1


def test_plot_tree_of_linear_cuts_and_of_responses() -> None:
    events = sample()
    fisher = train(SHORT + "UseFisherCuts:MinLinCorrForFisher=0", events)
    text = tree_text(fisher.predictor, events.variable_labels)
    assert " v0 " in text
    assert ">" in text
    model = diskern.DecisionTreeRegressor(max_depth=2).fit(events.variables, events.targets[:, 0])
    axes = plot_tree(model)
    assert all("purity" not in one.get_text() for one in axes.texts)
    assert "response" in model.export_text()
