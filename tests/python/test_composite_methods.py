"""Category and Boost: TMVA's weight files, quality beside TMVA's, the formulas, model files, bad input."""

from __future__ import annotations

import gzip
import math
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import diskern
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva import DataLoader, Factory, Reader, Types
from diskern.tmva.methods.boost import find_cut, signal_probability
from test_tmva_xml import load_training


def toy(n: int = 2000, seed: int = 3) -> dict[str, np.ndarray]:
    """Two classes whose means swap with the sign of eta."""
    generator = np.random.default_rng(seed)
    label = np.arange(n) % 2
    eta = generator.uniform(-2, 2, n)
    shift = np.where(eta > 0, 1.0, -1.0) * np.where(label == 0, 0.8, -0.8)
    x = generator.normal(size=(n, 2)) + shift[:, None]
    return {"x": x[:, 0], "y": x[:, 1], "eta": eta, "run": np.arange(n), "label": label}


def loader_of(
    folder: Path, events: dict[str, np.ndarray], variables: tuple[str, ...] = ("x", "y"), spectators: Any = ("eta",)
) -> DataLoader:
    loader = DataLoader(str(folder / "dataset"))
    for name in variables:
        loader.AddVariable(name)
    for name in spectators:
        loader.AddSpectator(name)
    columns = {name: column for name, column in events.items() if name != "label"}
    for label, add in enumerate((loader.AddSignalTree, loader.AddBackgroundTree)):
        add({name: column[events["label"] == label] for name, column in columns.items()})
    loader.PrepareTrainingAndTestTree("", "SplitMode=Alternate:!V")
    return loader


def factory() -> Factory:
    return Factory("job", "!V:Silent:AnalysisType=Classification", threads=1)


# ---- weight files of TMVA


@pytest.mark.parametrize("title", ["FisherCat", "LikelihoodCat"])
def test_categories_of_tmva(data_directory: Path, title: str) -> None:
    folder = data_directory / "tmva_trained" / "cat_offset"
    model = load_training(folder / "weights" / f"{title}.weights.xml.gz")
    assert model.key_columns == ("eta",)
    for sample in ("test", "train"):
        with np.load(folder / f"{sample}_events.npz") as file:
            events = {name: file[name] for name in file.files}
        expected = np.load(folder / f"{sample}_responses.npz")[title]
        responses = model.evaluate(events)[:, 0]
        assert np.abs(responses - expected).max() < (1e-5 if title.startswith("L") else 1e-6) * np.ptp(expected)
        one_by_one = [
            model.evaluate({name: column[i : i + 1] for name, column in events.items()})[0, 0] for i in range(50)
        ]
        np.testing.assert_array_equal(one_by_one, responses[:50])
        np.testing.assert_array_equal(model.evaluate(events, threads=3)[:, 0], responses)
        np.testing.assert_array_equal(model.evaluate_inputs(events)[:, 0], responses)


def test_boosted_fisher_of_tmva(data_directory: Path) -> None:
    """Responses, and the training itself: weights, cuts and coefficients of every step."""
    folder = data_directory / "tmva_trained" / "class_tut"
    model = load_training(folder / "weights" / "BoostedFisher.weights.xml.gz")
    training = reference.load(data_directory, "class_tut")
    expected = np.load(folder / "test_responses.npz")["BoostedFisher"]
    assert np.abs(model.evaluate(training.test_variables)[:, 0] - expected).max() < 1e-6 * np.ptp(expected)

    trained = train_boosted(training, "Fisher", "Boost_Num=20:Boost_Transform=log:Boost_AdaBoostBeta=0.2")
    ours, theirs = trained.predictor, model.predictor
    assert ours.member_count == theirs.member_count == 20
    # TMVA keeps the weights of the events in float32.
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-5)
    np.testing.assert_allclose(ours.cuts, theirs.cuts, atol=1e-5)
    np.testing.assert_array_equal(ours.orientations, theirs.orientations)
    responses = ours.evaluate(training.test_variables)[:, 0]
    assert np.abs(responses - expected).max() < 1e-5 * np.ptp(expected)


def train_boosted(training: reference.Training, kind: str, options: str) -> Any:
    from diskern.tmva.booking import book
    from diskern.tmva.methods.base import TrainingSample

    n = training.variables.shape[1]
    booked = book(None, "Classification", kind, "Boosted", options, {})  # type: ignore[arg-type]
    sample = TrainingSample(
        training.variables,
        training.class_index,
        training.targets,
        training.weight,
        tuple(f"v{i}" for i in range(n)),
        ("F",) * n,
        ("Signal", "Background"),
    )
    return booked.method.train(sample, threads=1)


# ---- Category


def test_category_from_booking_to_reader(tmp_path: Path) -> None:
    events = toy()
    loader = loader_of(tmp_path, events)
    job = factory()
    category = job.BookMethod(loader, Types.kCategory, "FisherCat", "")
    category.AddMethod("eta<=0", "x:y", Types.kFisher, "Category_Fisher_1", "!H:!V:Fisher")
    category.AddMethod(
        "eta>0",
        "x",
        "BDT",
        "Category_BDT_2",
        "NTrees=20:MaxDepth=2",
    )
    job.BookMethod(loader, "Fisher", "Fisher", "")
    job.TrainAllMethods()
    job.TestAllMethods()
    job.EvaluateAllMethods()
    assert job.GetROCIntegral(loader, "FisherCat") > job.GetROCIntegral(loader, "Fisher") + 0.2
    path = category.model_path
    model = diskern.load(path)
    assert (model.method, model.key_columns) == ("Category", ("eta",))
    columns = {name: events[name] for name in ("x", "y", "eta")}
    responses = model.evaluate(columns)
    # The parts are the models of their own training.
    parts = model.predictor
    for index, (mask, names) in enumerate(((events["eta"] <= 0, ["x", "y"]), (events["eta"] > 0, ["x"]))):
        own = np.column_stack([events[name][mask] for name in names]).astype(np.float32)
        np.testing.assert_array_equal(responses[mask], parts.model(index).evaluate(own))
    np.testing.assert_array_equal(diskern.Model(model.to_bytes()).evaluate(columns), responses)
    again = diskern.Model(model.to_tmva_xml().encode())
    np.testing.assert_array_equal(again.evaluate(columns), responses)
    assert diskern.Model(again.to_tmva_xml().encode()).to_bytes() == again.to_bytes()

    reader = Reader("Silent")
    x, y, eta = array("f", [0]), array("f", [0]), array("d", [0])
    reader.AddVariable("x", x)
    reader.AddVariable("y", y)
    reader.AddSpectator("eta", eta)
    reader.BookMVA("cat", category.xml_path)
    for i in range(20):
        x[0], y[0], eta[0] = events["x"][i], events["y"][i], events["eta"][i]
        assert reader.EvaluateMVA("cat") == responses[i, 0]
    np.testing.assert_array_equal(reader.EvaluateMVA(columns, "cat"), responses[:, 0])
    with pytest.raises(InvalidArgument, match="needs the columns eta"):
        reader.EvaluateMVA({"x": events["x"], "y": events["y"]}, "cat")


def test_cuts_on_variables_need_no_key(tmp_path: Path) -> None:
    events = toy()
    loader = loader_of(tmp_path, events, ("x", "y", "eta"), ())
    job = factory()
    category = job.BookMethod(loader, "Category", "Cat")
    category.AddMethod("abs(eta) < 1", "x:y:eta", "LD", "inner")
    category.AddMethod("!(abs(eta) < 1)", ["x", "y", "eta"], "Fisher", "outer", VarTransform="D")
    job.TrainAllMethods()
    model = diskern.load(category.model_path)
    assert model.key_columns == ()
    matrix = np.column_stack([events[name] for name in ("x", "y", "eta")])
    np.testing.assert_array_equal(
        model.evaluate(matrix[:9]), np.vstack([model.evaluate(matrix[i : i + 1]) for i in range(9)])
    )
    matrix[0, 2] = np.nan  # passes the second cut only: a comparison with NaN is false
    assert np.isnan(model.evaluate(matrix)[0, 0])


def test_a_spectator_of_an_expression_is_computed_from_its_columns(tmp_path: Path) -> None:
    events = toy()
    loader = loader_of(tmp_path, events, ("x", "y"), ("side := eta*2",))
    job = factory()
    category = job.BookMethod(loader, "Category", "Cat")
    category.AddMethod("side > 0", "x:y", "Fisher", "right")
    category.AddMethod("side <= 0", "x:y", "Fisher", "left")
    job.TrainAllMethods()
    model = diskern.load(category.model_path)
    assert model.key_columns == ("side",)
    assert set(model.inputs) == {"x", "y", "eta"}
    direct = model.evaluate({"x": events["x"], "y": events["y"], "side": 2 * events["eta"]})
    np.testing.assert_array_equal(model.evaluate_inputs(events), direct)
    reader = Reader("Silent")
    reader.BookMVA("cat", category.model_path)
    np.testing.assert_array_equal(reader.EvaluateMVA(events, "cat"), direct[:, 0])


def test_categories_of_cuts_at_a_signal_efficiency(tmp_path: Path) -> None:
    events = toy(800)
    loader = loader_of(tmp_path, events)
    job = factory()
    category = job.BookMethod(loader, "Category", "CutsCat")
    for name, cut in (("left", "eta<=0"), ("right", "eta>0")):
        category.AddMethod(cut, "x:y", "Cuts", name, "FitMethod=MC:SampleSize=3000")
    job.TrainAllMethods()
    reader = Reader("Silent")
    reader.BookMVA("cuts", category.model_path)
    passed = reader.EvaluateMVA(events, "cuts", 0.7)
    assert set(np.unique(passed)) == {0.0, 1.0}
    assert 0.6 < passed[events["label"] == 0].mean() < 0.85
    assert passed[events["label"] == 1].mean() < 0.5


def test_events_outside_of_all_categories(tmp_path: Path) -> None:
    events = toy()
    loader = loader_of(tmp_path, events)
    job = factory()
    category = job.BookMethod(loader, "Category", "Cat")
    category.AddMethod("eta > 0", "x:y", "Fisher", "right")
    with pytest.raises(InvalidArgument, match=r"training events pass none of the cuts.*'eta > 0'"):
        job.TrainAllMethods()
    category.AddMethod("eta < 1", "x:y", "Fisher", "left")
    with pytest.raises(InvalidArgument, match="pass several of the cuts"):
        job.TrainAllMethods()
    category.parts[1].cut = "eta <= 0"
    job.TrainAllMethods()
    model = diskern.load(category.model_path)
    gap = diskern.Model(category.xml_path.read_text().replace("eta &lt;= 0", "eta &lt; -1").encode())
    responses = gap.evaluate(np.zeros((3, 2)), key=[[-2.0], [-0.5], [2.0]])[:, 0]
    np.testing.assert_array_equal(np.isnan(responses), [False, True, False])
    assert responses[2] == model.evaluate([[0.0, 0.0]], key=[[2.0]])[0, 0]
    xml = category.xml_path.read_text().replace("eta &lt;= 0", "eta &lt; 9")
    both = diskern.Model(xml.encode())
    with pytest.raises(InvalidArgument, match="event 1 belongs to several categories"):
        both.evaluate(np.zeros((2, 2)), key=[[-1.0], [1.0]])


def test_what_a_category_refuses(tmp_path: Path) -> None:
    loader = loader_of(tmp_path, toy())
    job = factory()
    category = job.BookMethod(loader, "Category", "Cat")
    with pytest.raises(InvalidArgument, match="Category needs parts; call AddMethod"):
        job.TrainAllMethods()
    with pytest.raises(
        InvalidArgument, match=r"'etta', which is neither a variable nor a spectator; did you mean 'eta'"
    ):
        category.AddMethod("etta > 0", "x", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="'z', which is neither a variable nor a spectator"):
        category.AddMethod("eta > 0", "x:z", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="variables must be names"):
        category.AddMethod("eta > 0", "", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="comes twice"):
        category.AddMethod("eta > 0", "x:x", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="cannot be a part of a Category"):
        category.AddMethod("eta > 0", "x", "Category", "a")
    with pytest.raises(InvalidArgument, match="a cut must be text, got int"):
        category.AddMethod(3, "x", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="unknown option 'Metod'"):
        category.AddMethod("eta > 0", "x", "Fisher", "a", "Metod=Fisher")
    category.AddMethod("eta > 0", "x", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="titles are unique"):
        category.AddMethod("eta <= 0", "x", "Fisher", "a")
    with pytest.raises(InvalidArgument, match="VarTransform belongs to the parts"):
        job.BookMethod(loader, "Category", "Other", "VarTransform=N")
    with pytest.raises(InvalidArgument, match="has no training events of class 'Background'"):
        category_of_one_class(tmp_path).TrainAllMethods()


def category_of_one_class(folder: Path) -> Factory:
    events = toy()
    events["flag"] = events["label"].astype(float)
    loader = loader_of(folder / "other", events, ("x", "y"), ("flag",))
    job = factory()
    category = job.BookMethod(loader, "Category", "Cat")
    category.AddMethod("flag < 0.5", "x", "Fisher", "a")
    category.AddMethod("flag >= 0.5", "x", "Fisher", "b")
    return job


# ---- Boost


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ("Boost_Type=AdaBoost:Boost_Transform=step", 0.93),
        ("Boost_Type=AdaBoost:Boost_Transform=linear", 0.93),
        ("Boost_Type=AdaBoost:Boost_Transform=gauss:Boost_AdaBoostBeta=0.5", 0.9),
        ("Boost_Type=RealAdaBoost:Boost_Transform=linear", 0.93),
        ("Boost_Type=Bagging:Boost_Transform=linear:Boost_RandomSeed=4", 0.9),
    ],
)
def test_boosted_trees(tmp_path: Path, options: str, least: float) -> None:
    """A ring is beyond one short tree and within reach of many."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(3000, 2))
    label = (np.hypot(x[:, 0], x[:, 1]) > 1.17).astype(int)
    events = {"x": x[:, 0], "y": x[:, 1], "label": label}
    loader = loader_of(tmp_path, events, spectators=())
    job = factory()
    booked = job.BookMethod(loader, "DT", "Boosted", f"Boost_Num=30:MaxDepth=2:{options}")
    job.BookMethod(loader, "DT", "Single", "MaxDepth=2")
    job.TrainAllMethods()
    job.TestAllMethods()
    assert booked.type_name == "Boost"
    assert job.GetROCIntegral(loader, "Boosted") > least
    assert job.GetROCIntegral(loader, "Boosted") > job.GetROCIntegral(loader, "Single") + 0.02
    model = diskern.load(booked.model_path)
    responses = model.evaluate(x)
    np.testing.assert_array_equal(np.vstack([model.evaluate(x[i : i + 1]) for i in range(20)]), responses[:20])
    np.testing.assert_array_equal(model.evaluate(x, threads=3), responses)
    np.testing.assert_array_equal(diskern.Model(model.to_bytes()).evaluate(x), responses)
    assert roc_auc_score(label == 0, responses[:, 0]) > 0.9


@pytest.mark.parametrize("kind", ["Fisher", "LD", "MLP", "Likelihood", "HMatrix", "FDA"])
def test_boosted_methods_go_through_weight_files(tmp_path: Path, kind: str) -> None:
    events = toy(600)
    events["eta"] = np.abs(events["eta"])
    loader = loader_of(tmp_path, events)
    own = {
        "MLP": "NCycles=5:HiddenLayers=3:VarTransform=N",
        "Likelihood": "NAvEvtPerBin=50:VarTransform=D:PDFInterpol=Spline2",
        "HMatrix": "VarTransform=D",
        "FDA": "Formula=(0)+(1)*x0+(2)*x1:ParRanges=(-1,1);(-3,3);(-3,3):FitMethod=MC:SampleSize=2000",
    }.get(kind, "VarTransform=P")
    job = factory()
    booked = job.BookMethod(loader, kind, "Boosted", f"Boost_Num=4:Boost_Transform=log:Boost_AdaBoostBeta=0.3:{own}")
    job.TrainAllMethods()
    model = diskern.load(booked.model_path)
    assert model.options["Boost_Num"] == "4"
    again = diskern.load(booked.xml_path)
    matrix = np.column_stack([events["x"], events["y"]])
    np.testing.assert_array_equal(again.evaluate(matrix), model.evaluate(matrix))
    assert diskern.Model(again.to_tmva_xml().encode()).to_bytes() == again.to_bytes()


def test_the_mean_is_that_of_the_formula(tmp_path: Path) -> None:
    rows = np.array([[0.1], [0.7], [-2.0], [0.4]], np.float32)
    loader = loader_of(tmp_path, toy(400), ("x",), ())
    job = factory()
    booked = job.BookMethod(loader, "Fisher", "Boosted", "Boost_Num=3:Boost_Transform=step")
    job.TrainAllMethods()
    predictor = diskern.load(booked.model_path).predictor
    members = [predictor.member(i) for i in range(predictor.member_count)]
    y = np.stack([member.evaluate(rows)[:, 0] for member in members])
    cut, weight = np.array(predictor.cuts)[:, None], np.array(predictor.weights)[:, None]
    side = np.array(predictor.orientations)[:, None]
    expected = {
        "step": np.where(y * side > cut * side, 1.0, -1.0),
        "linear": y,
        "log": np.log(np.maximum(y, cut) - cut + 1 / math.e),
        "gauss": np.exp(-((y - cut - 1) ** 2) / 2),
    }
    for name, transform in _core.BoostTransform.__members__.items():
        boosted = _core.Boosted(transform, members, predictor.weights, predictor.cuts, predictor.orientations)
        mean = (expected[name] * weight).sum(axis=0) / weight.sum()
        np.testing.assert_allclose(boosted.evaluate(rows)[:, 0], mean, rtol=1e-12)


def test_bagging_of_a_regression_is_the_mean(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    x = generator.uniform(-1, 1, 800)
    loader = DataLoader(str(tmp_path / "dataset"))
    loader.AddVariable("x")
    loader.AddTarget("t")
    loader.AddRegressionTree({"x": x, "t": x**2 + generator.normal(0, 0.1, 800)})
    loader.PrepareTrainingAndTestTree("", "SplitMode=Alternate")
    job = Factory("job", "Silent:AnalysisType=Regression", threads=1)
    bagged = "Boost_Num=8:Boost_Type=Bagging:Boost_Transform=linear"
    booked = job.BookMethod(loader, "BDT", "Bagged", f"{bagged}:NTrees=20:MaxDepth=3")
    job.TrainAllMethods()
    predictor = diskern.load(booked.model_path).predictor
    grid = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    mean = np.mean([predictor.member(i).evaluate(grid)[:, 0] for i in range(8)], axis=0)
    np.testing.assert_allclose(predictor.evaluate(grid)[:, 0], mean, rtol=1e-12)
    assert np.abs(mean - grid[:, 0] ** 2).max() < 0.2
    with pytest.raises(InvalidArgument, match="regression is boosted by Boost_Type=Bagging"):
        job.BookMethod(loader, "BDT", "Boosted", "Boost_Num=8")


def test_the_cut_and_the_probability() -> None:
    responses = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    is_signal = np.array([False, False, False, True, True, True])
    cut, side = find_cut(responses, np.ones(6), is_signal)
    assert 0.0 < cut < 0.5
    assert side == 1.0
    assert find_cut(-responses, np.ones(6), is_signal)[1] == -1.0
    assert find_cut(np.zeros(6), np.ones(6), is_signal) == (0.0, 1.0)
    generator = np.random.default_rng(0)
    y = generator.uniform(0, 1, 20000)
    truth = generator.random(20000) < y
    estimate = signal_probability(y, np.ones(20000), truth)
    assert np.abs(estimate - y).max() < 0.12
    repeated = signal_probability(np.zeros(100), np.ones(100), np.arange(100) < 25)
    np.testing.assert_allclose(repeated, 0.25)


def test_boosting_ends_where_there_is_nothing_left(tmp_path: Path) -> None:
    x = np.concatenate([np.linspace(1, 2, 100), np.linspace(-2, -1, 100)])
    events = {"x": x, "label": np.repeat([0, 1], 100)}
    loader = loader_of(tmp_path, events, ("x",), ())
    job = factory()
    booked = job.BookMethod(loader, "Fisher", "Boosted", "Boost_Num=10")
    job.TrainAllMethods()
    assert diskern.load(booked.model_path).predictor.member_count == 1
    assert any("boosting ended after 1 of 10" in note for note in booked.trained.notes)


def test_what_boost_refuses(tmp_path: Path) -> None:
    loader = loader_of(tmp_path, toy())
    job = factory()
    with pytest.raises(InvalidArgument, match="booked by the options of the method that is boosted"):
        job.BookMethod(loader, "Boost", "B", "Boost_Num=3")
    with pytest.raises(InvalidArgument, match="Boost_Type=HighEdgeGauss, which TMVA itself has dropped"):
        job.BookMethod(loader, "Fisher", "B", "Boost_Num=3:Boost_Type=HighEdgeGauss")
    with pytest.raises(InvalidArgument, match="Boost_Num is -1"):
        job.BookMethod(loader, "Fisher", "B", "Boost_Num=-1")
    with pytest.raises(InvalidArgument, match="Boost_AdaBoostBeta is 0"):
        job.BookMethod(loader, "Fisher", "B", "Boost_Num=1:Boost_AdaBoostBeta=0")
    with pytest.raises(InvalidArgument, match="Boost_BaggedSampleFraction is -1"):
        job.BookMethod(loader, "Fisher", "B", "Boost_Num=1:Boost_BaggedSampleFraction=-1")
    with pytest.raises(InvalidArgument, match="unknown option 'Boost_Typ'; did you mean 'Boost_Type'"):
        job.BookMethod(loader, "Fisher", "B", "Boost_Num=1:Boost_Typ=AdaBoost")
    with pytest.raises(InvalidArgument, match="a Category cannot be boosted"):
        job.BookMethod(loader, "Category", "B", "Boost_Num=2")
    plain = job.BookMethod(loader, "Fisher", "B", "Boost_Num=0")
    assert plain.type_name == "Fisher"


def damaged(text: str, old: str, new: str) -> bytes:
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('NMethods="20"', 'NMethods="19"', "NMethods"),
        ('<Method Index="1"', '<Method Index="2"', "Index"),
        ('MethodTypeName="Fisher"', 'MethodTypeName="Boost"', "a Boost inside of a Boost"),
        ('MethodTypeName="Fisher"', 'MethodTypeName="Fischer"', "method Fischer, which is not read"),
        ('Weight="3.58', 'Weight="nan', "not a finite|nan|finite"),
        ('MethodSigCutOrientation="1.0', 'MethodSigCutOrientation="0.5', "orientation"),
        (
            'name="Boost_Transform" modified="Yes">log<',
            'name="Boost_Transform" modified="Yes">lag<',
            "Boost_Transform=lag",
        ),
        ('<Weights NCoeff="5">', '<Weights NCoeff="4">', "NCoeff"),
        ('UseMainMethodTransformation="true"', 'UseMainMethodTransformation="false"', "transformations of its own"),
    ],
)
def test_damaged_boost_files(data_directory: Path, old: str, new: str, words: str) -> None:
    path = data_directory / "tmva_trained" / "class_tut" / "weights" / "BoostedFisher.weights.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    with pytest.raises(diskern.FormatError, match=words):
        diskern.Model(damaged(text, old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('NSubMethods="2"', 'NSubMethods="3"', "NSubMethods"),
        ('SubMethod Index="1"', 'SubMethod Index="0"', "Index"),
        ('Cut="abs(eta)&lt;=1.3"', 'Cut="abs(eta"', "holds what makes no sense"),
        ('Cut="abs(eta)&lt;=1.3"', 'Cut="abs(phi)&lt;=1.3"', "'phi', which is neither a variable nor a spectator"),
        ('Method="Fisher::Category_Fisher_1"', 'Method="Category::A"', "a Category inside of a Category"),
        ('Label="eta"', 'Label="theta" ', "neither"),
    ],
)
def test_damaged_category_files(data_directory: Path, old: str, new: str, words: str) -> None:
    path = data_directory / "tmva_trained" / "cat_offset" / "weights" / "FisherCat.weights.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    if old.startswith("Label"):
        text = text.replace('Expression="eta"', 'Expression="theta"').replace('Internal="eta"', 'Internal="theta"')
    with pytest.raises(diskern.FormatError, match=words):
        diskern.Model(damaged(text, old, new))
