"""Densities of the response (CreateMVAPdfs): TMVA's numbers, the definitions, files, Reader, output."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from sklearn.naive_bayes import GaussianNB

import diskern
import tmva_events
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva import Factory, Reader
from diskern.tmva.response_densities import PDF_OPTIONS, fit_response_densities

TUTORIAL = "CreateMVAPdfs:PDFInterpolMVAPdf=Spline2:NbinsMVAPdf=50:NsmoothMVAPdf=10"


def options(**changes: Any) -> dict[str, Any]:
    return {option.name: option.default for option in PDF_OPTIONS} | changes


def params(bins: int, interpolation: str = "Spline0") -> _core.ResponseDensityParams:
    result = _core.ResponseDensityParams()
    settings = _core.DensitySettings()
    settings.interpolation = _core.Interpolation.__members__[interpolation]
    result.settings, result.bins = settings, bins
    return result


def train(tmp_path: Path, method: Any = "Fisher", text: str = TUTORIAL, output: Any = None) -> Factory:
    factory = Factory("job", output, "!V:AnalysisType=Classification", threads=1)
    loader = tmva_events.class_loader(tmp_path / "dataset", 400, "SplitMode=Alternate:!V")
    factory.BookMethod(loader, method, "M", text)
    factory.TrainAllMethods()
    factory.TestAllMethods()
    return factory


@pytest.mark.parametrize("title", ["Fisher", "LD"])
def test_tmvas_files_give_tmvas_probabilities(data_directory: Path, title: str) -> None:
    folder = data_directory / "tmva_trained" / "class_tut"
    model = diskern.load(folder / "weights" / f"{title}.weights.xml.gz")
    assert model.has_response_densities
    for sample in ("train", "test"):
        stored = np.load(folder / f"{sample}_responses.npz")
        np.testing.assert_allclose(model.probability(stored[title]), stored[f"prob_{title}"], rtol=0, atol=2e-6)
    again = diskern.Model(model.to_tmva_xml().encode())
    for other in (again, diskern.Model(model.to_bytes())):
        response = stored[title]
        np.testing.assert_array_equal(other.probability(response, 0.2), model.probability(response, 0.2))
        np.testing.assert_array_equal(other.rarity(response), model.rarity(response))


@pytest.mark.parametrize("title", ["Fisher", "LD"])
def test_training_gives_tmvas_densities(data_directory: Path, title: str) -> None:
    events = reference.load(data_directory, "class_tut")
    folder = data_directory / "tmva_trained" / "class_tut"
    response = np.load(folder / "train_responses.npz")[title].astype(np.float64)
    sample = type("Sample", (), {"class_index": events.class_index, "weight": events.weight})
    chosen = options(NbinsMVAPdf=50, NSmoothMVAPdf=10)
    densities, notes = fit_response_densities(title, chosen, response, sample, 0)  # type: ignore[arg-type]
    assert notes == []
    known = diskern.load(folder / "weights" / f"{title}.weights.xml.gz")._model.response_densities
    for ours, theirs in ((densities.signal, known.signal), (densities.background, known.background)):
        np.testing.assert_allclose(ours.contents, theirs.contents, rtol=1e-6, atol=3e-6)
    stored = np.load(folder / "test_responses.npz")
    probability = densities.probability(stored[title].astype(np.float64))
    np.testing.assert_allclose(probability, stored[f"prob_{title}"], rtol=0, atol=1e-5)


def test_by_hand() -> None:
    """Two bins from 0 to 2; the event at the largest response is in none, as in TMVA."""
    response = np.array([0.0, 0.5, 1.5, 0.2, 1.2, 1.7, 1.8, 2.0])
    classes = np.array([0, 0, 0, 1, 1, 1, 1, 1], np.int32)
    weight = np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 50.0])
    densities = _core.fit_response_densities(params(2), params(2), response, classes, 0, weight)
    np.testing.assert_allclose(densities.signal.contents, [0.75, 0.25])
    np.testing.assert_allclose(densities.background.contents, [0.25, 0.75])
    at = np.array([-5.0, 0.5, 1.5, 7.0])
    np.testing.assert_allclose(densities.probability(at), [0.75, 0.75, 0.25, 0.25])
    np.testing.assert_allclose(densities.probability(at, 0.1), [0.075 / 0.3, 0.25, 0.025 / 0.7, 0.025 / 0.7])
    np.testing.assert_allclose(densities.rarity(at), [0.0, 0.125, 0.25 + 0.375, 1.0])
    assert np.isnan(densities.probability(np.array([np.nan]))).all()
    assert np.isnan(densities.rarity(np.array([np.nan]))).all()
    assert np.isfinite(densities.probability(np.array([np.inf, -np.inf]))).all()


def test_many_events_at_the_largest_response_count() -> None:
    """Responses of few values, as of nearest neighbours: TMVA would leave out most of the signal."""
    response = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    classes = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    densities = _core.fit_response_densities(params(2), params(2), response, classes, 0, np.ones(8))
    np.testing.assert_allclose(densities.signal.contents, [0.5, 1.5])
    np.testing.assert_allclose(densities.background.contents, [2.0, 0.0])  # one event there is left out
    np.testing.assert_allclose(densities.probability(np.array([0.0, 1.0])), [0.2, 1.0])


def test_rarity_is_flat_for_background() -> None:
    generator = np.random.default_rng(5)
    classes = np.repeat([0, 1], 20000).astype(np.int32)
    response = generator.normal(np.where(classes == 0, 1.0, -1.0), 1.0)
    weight = np.ones(40000)
    densities = _core.fit_response_densities(
        params(100, "Spline2"), params(100, "Spline2"), response, classes, 0, weight
    )
    counts, _ = np.histogram(densities.rarity(response[classes == 1]), 10, (0, 1))
    np.testing.assert_allclose(counts, 2000, rtol=0.05)
    # Two unit Gaussians at +-1: the odds are exp(2 x).
    x = np.linspace(-1.5, 1.5, 31)
    np.testing.assert_allclose(densities.probability(x), 1 / (1 + np.exp(-2 * x)), atol=0.03)


@pytest.mark.parametrize(
    ("response", "weight", "message"),
    [
        ([1.0, 1.0, 1.0, 1.0], [1, 1, 1, 1], "are the same"),
        ([1.0, 2.0, np.nan, 1.0], [1, 1, 1, 1], "response of event 2 is nan"),
        ([1.0, 2.0, 3.0, 4.0], [1, -1, 1, 1], "weights of signal in the histogram of the response sum to 0"),
    ],
)
def test_what_has_no_density(response: list[float], weight: list[float], message: str) -> None:
    classes = np.array([0, 0, 1, 1], np.int32)
    with pytest.raises(InvalidArgument, match=message):
        _core.fit_response_densities(params(2), params(2), np.array(response), classes, 0, np.array(weight, np.float64))
    with pytest.raises(InvalidArgument, match="class_index must be a vector of 4"):
        _core.fit_response_densities(params(2), params(2), np.ones(4), classes[:3], 0, np.ones(4))


def test_factory_files_and_reader(tmp_path: Path) -> None:
    output = tmp_path / "out.root"
    factory = train(tmp_path, output=str(output))
    factory.EvaluateAllMethods()
    booked = factory.GetMethod("M")
    assert booked.model_path is not None
    assert booked.xml_path is not None
    data = booked.dataset.test
    expected = booked.densities.probability(np.ascontiguousarray(booked.response_test[:, 0]))
    reader = Reader("Silent")
    event = {name: array("f", [0]) for name in tmva_events.VARIABLES}
    for name, value in event.items():
        reader.AddVariable(name, value)
    for tag, path in (("dsk", booked.model_path), ("xml", booked.xml_path)):
        reader.BookMVA(tag, path)
        np.testing.assert_array_equal(reader.GetProba(data.variables, tag), expected)
        low = reader.GetProba(tag, data.variables, 0.1)
        np.testing.assert_allclose(low, 0.1 * expected / (0.1 * expected + 0.9 * (1 - expected)), rtol=1e-9)
        rarity = reader.GetRarity(data.variables, tag)
        assert rarity.min() >= 0
        assert rarity.max() <= 1
        for j, name in enumerate(tmva_events.VARIABLES):
            event[name][0] = data.variables[3, j]
        assert reader.GetProba(tag) == expected[3]
        assert reader.GetProba(tag, 0.1) == low[3]
        assert reader.GetRarity(tag) == rarity[3]
        response = reader.EvaluateMVA(tag)
        assert reader.GetProba(tag, 0.1, response) == low[3]
        assert reader.GetRarity(tag, response) == rarity[3]
        with pytest.raises(InvalidArgument, match=r"signal_fraction is 1\.5"):
            reader.GetProba(tag, 1.5)
    with uproot.open(output) as file:
        tree = file["dataset/TestTree"]
        np.testing.assert_array_equal(tree["prob_M"].array(library="np"), expected.astype(np.float32))
        assert "prob_M" in file["dataset/TrainTree"]
    assert [m.title for m in diskern.report.read_results(output).methods] == ["M"]
    factory.Report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "signal probability, test sample" in page
    assert "rarity, test sample" in page


def test_methods_made_of_others_have_them_too(tmp_path: Path) -> None:
    text = "CreateMVAPdfs:NbinsMVAPdf=20"
    factory = Factory("job", str(tmp_path / "out.root"), "!V:Silent:AnalysisType=Classification")
    loader = tmva_events.class_loader(tmp_path / "dataset", 300, "SplitMode=Alternate:!V")
    category = factory.BookMethod(loader, "Category", "Category", text)
    category.AddMethod("run > 2.5", "x:y", "Fisher", "late")
    category.AddMethod("run <= 2.5", "x", "LD", "early")
    factory.BookMethod(loader, "Fisher", "Boosted", f"Boost_Num=3:{text}")
    factory.BookMethod(loader, "Cuts", "Cuts", f"FitMethod=MC:SampleSize=100:{text}")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    test = loader.dataset.test
    event = {name: test.variables[:, j] for j, name in enumerate(tmva_events.VARIABLES)}
    event["run"] = test.spectators["run"]
    reader = Reader("Silent")
    for title in ("Category", "Boosted", "Cuts"):
        booked = factory.GetMethod(title)
        expected = booked.densities.probability(np.ascontiguousarray(booked.response_test[:, 0]))
        assert np.ptp(expected) > 0.5
        reader.BookMVA(title, factory.model_path(title))
        np.testing.assert_array_equal(reader.GetProba(event, title), expected)
    assert diskern.load(category.xml_path).has_response_densities


def test_without_densities(tmp_path: Path) -> None:
    factory = train(tmp_path, text="")
    model = diskern.load(factory.model_path("M"))
    assert not model.has_response_densities
    with pytest.raises(InvalidArgument, match="book the method with CreateMVAPdfs"):
        model.probability([0.1])
    reader = Reader("Silent")
    reader.BookMVA("M", factory.model_path("M"))
    with pytest.raises(InvalidArgument, match="'M' has no densities of its response"):
        reader.GetRarity("M", 0.1)
    # What a classification has cannot be given to a regression.
    densities = train(tmp_path / "other").GetMethod("M").densities
    info = dict(model.info, analysis_type="Regression", targets=[{"expression": "t", "label": "t"}], outputs=["t"])
    regression = _core.Model(info, None, model.predictor)
    with pytest.raises(InvalidArgument, match="belong to a classification"):
        regression.with_response_densities(densities)
    assert diskern.Model(model._model.with_response_densities(densities)).has_response_densities


def test_options_of_one_class(tmp_path: Path, capsys) -> None:
    factory = train(
        tmp_path,
        text="CreateMVAPdfs:NbinsMVAPdf=20:NbinsMVAPdfBkg=30:PDFInterpolMVAPdfSig=KDE:CheckHistMVAPdf:NAvEvtPerBinMVAPdf=0",
    )
    densities = factory.GetMethod("M").densities
    assert len(densities.signal.contents) == 100  # five times as many for kernels
    assert len(densities.background.contents) == 30
    assert "the histogram of the response of signal has" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NbinsMVAPdf=-1", "NbinsMVAPdf is -1, expected 0 or more"),
        ("NSmoothMVAPdfBkg=-2", "NSmoothMVAPdfBkg is -2, expected 0 or more"),
        ("KDEFineFactorMVAPdf=0", "KDEFineFactorMVAPdf is 0, expected a positive number"),
        ("MinNSmoothMVAPdf=4:MaxNSmoothMVAPdf=2", "MaxNSmooth is 2, expected at least the least passes, which are 4"),
        ("KDEFineFactorMVAPdf=-1", "KDEFineFactorMVAPdf is -1, expected a positive number"),
        ("PDFInterpolMVAPdf=Spline4", "cannot be 'Spline4'"),
    ],
)
def test_bad_options_are_told_at_booking(tmp_path: Path, text: str, message: str) -> None:
    factory = Factory("job", "Silent")
    loader = tmva_events.class_loader(tmp_path / "dataset")
    with pytest.raises(InvalidArgument, match=message):
        factory.BookMethod(loader, "Fisher", "F", f"CreateMVAPdfs:{text}")


def test_a_training_is_not_lost_for_its_densities(tmp_path: Path, capsys) -> None:
    factory = train(tmp_path, text="CreateMVAPdfs:NAvEvtPerBinMVAPdf=100000")
    assert "no densities of the response (CreateMVAPdfs): the density of signal would have 0 bins" in (
        capsys.readouterr().out
    )
    assert factory.GetMethod("M").densities is None
    assert factory.GetROCIntegral("M") > 0.7


def test_estimator_objects_have_them_too(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    factory = train(tmp_path, GaussianNB(), "CreateMVAPdfs")
    assert factory.GetMethod("M").densities is not None


def test_regression_has_none(tmp_path: Path, capsys) -> None:
    factory = Factory("job", None, "!V:AnalysisType=Regression")
    factory.BookMethod(tmva_events.regression_loader(tmp_path / "dataset"), "LD", "LD", "CreateMVAPdfs")
    factory.TrainAllMethods()
    assert "CreateMVAPdfs has no effect in regression" in capsys.readouterr().out


def test_weight_files_that_are_damaged(tmp_path: Path) -> None:
    text = diskern.load(train(tmp_path).model_path("M")).to_tmva_xml()
    begin = text.index("<PDF ")
    end = text.index("</PDF>") + len("</PDF>")
    with pytest.raises(diskern.FormatError, match="has 1 densities, expected those of signal and background"):
        diskern.Model((text[:begin] + text[end:]).encode())
    with pytest.raises(diskern.FormatError, match="InterpolMethod"):
        diskern.Model(text.replace('InterpolMethod="2"', 'InterpolMethod="9"').encode())
    with pytest.raises(diskern.FormatError, match="NBins"):
        diskern.Model(text.replace('NBins="50"', 'NBins="0"').encode())
