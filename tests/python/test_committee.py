"""Committees: the mean by its definition, ranks, probabilities, files, C++'s rules, bad input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
import tmva_events
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva import CrossValidation, Factory, Reader
from diskern.tmva.methods.committee import rank_table

MEMBERS = {
    "BDT": ("BDT", "NTrees=20:MaxDepth=2:CreateMVAPdfs:NbinsMVAPdf=20"),
    "Fisher": ("Fisher", "VarTransform=N:CreateMVAPdfs:NbinsMVAPdf=20"),
    "Likelihood": ("Likelihood", "NAvEvtPerBin=20:VarTransform=D:CreateMVAPdfs:NbinsMVAPdf=20"),
}


def trained(tmp_path: Path, committees: dict[str, str], **options: Any) -> Factory:
    factory = Factory("job", None, "Silent:AnalysisType=Classification", threads=1, **options)
    loader = tmva_events.class_loader(tmp_path / "dataset", 400, "SplitMode=Alternate:!V")
    for title, (method, text) in MEMBERS.items():
        factory.BookMethod(loader, method, title, text)
    for title, text in committees.items():
        factory.BookMethod(loader, "Committee", title, text)
    factory.TrainAllMethods()
    factory.TestAllMethods()
    return factory


def responses(factory: Factory, title: str) -> np.ndarray:
    booked = factory.GetMethod(title)
    assert booked.response_test is not None
    return booked.response_test[:, 0]


def test_means_by_definition(tmp_path: Path) -> None:
    factory = trained(
        tmp_path,
        {
            "mean": "Members=BDT,Fisher",
            "weighted": "Members=BDT, Fisher ,Likelihood:MemberWeights=1,2,0.5",
            "probability": "Members=BDT,Likelihood:Average=Probability",
            "rank": "Members=BDT,Fisher,Likelihood:Average=Rank",
        },
    )
    bdt, fisher, likelihood = (responses(factory, title) for title in MEMBERS)
    np.testing.assert_allclose(responses(factory, "mean"), (bdt + fisher) / 2, rtol=1e-14, atol=1e-15)
    expected = (bdt + 2 * fisher + 0.5 * likelihood) / 3.5
    np.testing.assert_allclose(responses(factory, "weighted"), expected, rtol=1e-14, atol=1e-15)
    probabilities = [
        factory.GetMethod(title).densities.probability(np.ascontiguousarray(responses(factory, title)))
        for title in ("BDT", "Likelihood")
    ]
    np.testing.assert_allclose(responses(factory, "probability"), np.mean(probabilities, axis=0), rtol=1e-14)
    # Ranks: the part of the training sample below, classes with equal sums.
    training = factory.GetMethod("BDT").dataset.training
    expected = np.zeros(len(bdt))
    for title in MEMBERS:
        known = factory.GetMethod(title).response_training[:, 0]
        at = responses(factory, title)
        for index in (0, 1):
            mine = training.class_index == index
            below = (known[mine][None, :] < at[:, None]) + 0.5 * (known[mine][None, :] == at[:, None])
            expected += below @ training.weight[mine] / training.weight[mine].sum() / 2 / 3
    # Between two training responses the committee's ranks rise, the definition's do not.
    np.testing.assert_allclose(responses(factory, "rank"), expected, atol=0.02)
    assert np.mean(np.abs(responses(factory, "rank") - expected)) < 1e-3
    assert factory.GetROCIntegral("rank") > min(factory.GetROCIntegral(title) for title in MEMBERS)


def test_files_and_reader(tmp_path: Path) -> None:
    factory = trained(tmp_path, {"C": "Members=BDT,Fisher,Likelihood:Average=Rank:MemberWeights=3,2,1"})
    booked = factory.GetMethod("C")
    assert booked.xml_path is None  # TMVA has none
    model = diskern.load(booked.model_path)
    X = booked.dataset.test.variables
    np.testing.assert_array_equal(model.evaluate(X), booked.response_test)
    np.testing.assert_array_equal(model.evaluate(X, threads=2), booked.response_test)
    one_by_one = np.concatenate([model.evaluate(X[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(one_by_one, booked.response_test[:50])
    assert diskern.Model(model.to_bytes()) == model
    predictor = model.predictor
    assert isinstance(predictor, _core.Committee)
    assert predictor.weights == [3, 2, 1]
    assert [predictor.model(i).info["title"] for i in range(predictor.member_count)] == list(MEMBERS)
    reader = Reader("Silent")
    reader.BookMVA("C", booked.model_path)
    np.testing.assert_array_equal(reader.EvaluateMVA(X, "C"), booked.response_test[:, 0])
    with pytest.raises(InvalidArgument, match="cannot be written as a TMVA weight file"):
        model.to_tmva_xml()


def test_a_committee_has_densities_too(tmp_path: Path) -> None:
    factory = trained(tmp_path, {"C": "Members=BDT,Fisher:CreateMVAPdfs:NbinsMVAPdf=20"})
    assert diskern.load(factory.model_path("C")).has_response_densities


def test_regression_and_several_classes(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Regression", threads=1)
    loader = tmva_events.regression_loader(tmp_path / "r", 300)
    factory.BookMethod(loader, "LD", "LD", "VarTransform=N")
    factory.BookMethod(loader, "BDT", "BDT", "BoostType=Grad:NTrees=20")
    factory.BookMethod(loader, "Committee", "C", "Members=LD,BDT:MemberWeights=3,1")
    factory.TrainAllMethods()
    ld, bdt, both = (factory.GetMethod(title).response_training for title in ("LD", "BDT", "C"))
    np.testing.assert_allclose(both, 0.75 * ld + 0.25 * bdt, rtol=1e-14)
    factory = Factory("job", None, "Silent:AnalysisType=Multiclass", threads=1)
    loader = tmva_events.multiclass_loader(tmp_path / "m", 150)
    factory.BookMethod(loader, "LogisticRegression", "L", "")
    factory.BookMethod(loader, "BDT", "BDT", "BoostType=Grad:NTrees=10")
    factory.BookMethod(loader, "Committee", "C", "Members=L,BDT")
    factory.TrainAllMethods()
    logistic, bdt, both = (factory.GetMethod(title).response_training for title in ("L", "BDT", "C"))
    np.testing.assert_allclose(both, (logistic + bdt) / 2, rtol=1e-14)
    with pytest.raises(InvalidArgument, match="Average=Rank is for classification, not for multiclass"):
        factory.BookMethod(loader, "Committee", "D", "Members=L,BDT:Average=Rank")


def test_table_of_ranks() -> None:
    response = np.array([3.0, 1.0, 1.0, 2.0, 5.0, 4.0])
    weight = np.array([1.0, 1.0, 2.0, 1.0, 0.0, -3.0])
    signal = np.array([True, False, False, True, True, False])
    knots, ranks = rank_table(response, weight, signal)
    np.testing.assert_array_equal(knots, [1, 2, 3, 4, 5])
    np.testing.assert_allclose(ranks, [0.25, 0.625, 0.875, 1.0, 1.0])
    generator = np.random.default_rng(1)
    response = generator.normal(size=30000)
    knots, ranks = rank_table(response, np.ones(30000), generator.random(30000) < 0.3)
    assert len(knots) <= 1000
    at = np.array([-2.0, -0.5, 0.0, 1.0])
    np.testing.assert_allclose(np.interp(at, knots, ranks), [0.02275, 0.30854, 0.5, 0.84134], atol=0.01)
    with pytest.raises(InvalidArgument, match="have no ranks"):
        rank_table(np.ones(4), np.ones(4), np.array([True, False, True, False]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Members is empty"),
        ("Members=BDT,BDT", "comes twice"),
        ("Members=BDT,Fischer", "no method 'Fischer' is booked before it; did you mean 'Fisher'"),
        ("Members=BDT,Fisher:MemberWeights=1", "MemberWeights is '1', expected 2 numbers"),
        ("Members=BDT,Fisher:MemberWeights=1,-1", "expected 2 numbers of 0 or more"),
        ("Members=BDT,Fisher:MemberWeights=0,0", "that are not all 0"),
        ("Members=BDT,Fisher:Average=Median", "cannot be 'Median'"),
        ("Members=BDT,Fisher:VarTransform=N", "VarTransform belongs to the members"),
        ("Members=BDT,Other", "which cannot be part of a Committee"),
        ("Members=BDT:Boost_Num=3", "cannot be boosted"),
    ],
)
def test_bad_bookings(tmp_path: Path, text: str, message: str) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Classification")
    loader = tmva_events.class_loader(tmp_path / "dataset", 100)
    for title, (method, options) in MEMBERS.items():
        factory.BookMethod(loader, method, title, options)
    factory.BookMethod(loader, "Committee", "Other", "Members=BDT")
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        factory.BookMethod(loader, "Committee", "C", text)


def test_models_of_folds_are_no_members(tmp_path: Path) -> None:
    loader = tmva_events.class_loader(tmp_path / "dataset", 200)
    validation = CrossValidation("cv", loader, None, "Silent:NumFolds=2:SplitType=Random:OutputEnsembling=Avg")
    validation.BookMethod("Fisher", "Fisher")
    validation.Evaluate()
    (path,) = (
        one
        for one in Path(loader.name).glob("**/*.diskern")
        if isinstance(diskern.load(one).predictor, _core.FoldsPredictor)
    )
    factory = Factory("job", None, "Silent:AnalysisType=Classification")
    factory.BookMethodWeightfile(loader, "Fisher", path, "folds")
    with pytest.raises(InvalidArgument, match="'folds' is made of the models of folds"):
        factory.BookMethod(loader, "Committee", "C", "Members=folds")


def test_members_that_are_not_there(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Classification")
    loader = tmva_events.class_loader(tmp_path / "dataset", 200)
    factory.BookMethod(loader, "RuleFit", "bad", "GDStep=0")
    factory.BookMethod(loader, "Fisher", "good", "")
    factory.BookMethod(loader, "Committee", "C", "Members=good,bad")
    factory.BookMethod(loader, "Committee", "P", "Members=good:Average=Probability")
    with pytest.raises(diskern.tmva.factory.MethodError) as error:
        factory.TrainAllMethods()
    assert "its member 'bad' is not trained (GDStep is" in str(error.value.errors["C"])
    assert "no densities of its response" in str(error.value.errors["P"])


def test_what_the_core_refuses(tmp_path: Path) -> None:
    factory = trained(tmp_path, {})
    models = [factory.GetMethod(title).model for title in ("BDT", "Fisher")]
    scale = _core.CommitteeScale
    names = list(tmva_events.VARIABLES)

    def refused(message: str, *arguments: Any) -> None:
        with pytest.raises(InvalidArgument, match=message):
            _core.Committee(*arguments)

    refused("at least one member", names, scale.response, [], [])
    refused("element for each of the 2 models", names, scale.response, models, [1.0])
    refused("the weight -1", names, scale.response, models, [1.0, -1.0])
    refused("sum to 0", names, scale.response, models, [0.0, 0.0])
    refused("variable 'z' is missing", names[:2], scale.response, models, [1.0, 1.0])
    table = [[0.0, 1.0], [0.0, 1.0]]
    refused("does not rise", names, scale.rank, models, [1.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], table)
    refused("does not rise", names, scale.rank, models, [1.0, 1.0], table, [[0.0, 1.5], [0.0, 1.0]])
    refused("no table of ranks", names, scale.rank, models, [1.0, 1.0], [[], []], [[], []])
    committee = _core.Committee(names, scale.response, models, [1.0, 1.0])
    info = dict(models[0].info, title="C")
    refused("is a committee itself", names, scale.response, [_core.Model(info, None, committee)], [1.0])
    rule = _core.FoldRule.expression(2, "int(eventID) % 2")
    folds = _core.FoldsPredictor(rule, [models[1].predictor] * 2)
    refused("made of folds", names, scale.response, [_core.Model(info, None, folds)], [1.0])
    with pytest.raises(InvalidArgument, match="a boosted model cannot be made of committee"):
        _core.Boosted(_core.BoostTransform.linear, [committee], [1.0], [0.0], [1.0])
    # Variables that all are the same one of the committee: as many as a member has, not as the committee has.
    wide = _core.Linear(np.zeros((1, 5001)))
    many = dict(info, title="wide", variables=[dict(info["variables"][0])] * 5000)
    refused("has 5000 variables, expected at most 4096", names, scale.response, [_core.Model(many, None, wide)], [1.0])
    # Another order of the variables, found by name.
    turned = _core.Committee(names[::-1], scale.response, models, [1.0, 1.0])
    X = factory.GetMethod("BDT").dataset.test.variables
    np.testing.assert_array_equal(turned.evaluate(np.ascontiguousarray(X[:, ::-1])), committee.evaluate(X))


def test_not_trained_anew(tmp_path: Path) -> None:
    factory = trained(tmp_path, {"C": "Members=BDT,Fisher"})
    from diskern.tmva.booking import rebook

    booked = factory.GetMethod("C")
    with pytest.raises(InvalidArgument, match="is not trained anew on other events"):
        rebook(booked, booked.dataset, {})
