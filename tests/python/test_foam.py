"""PDEFoam: TMVA's weight files with their ROOT files, quality beside TMVA's, formulas, invariances, bad input."""

from __future__ import annotations

import contextlib
import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

import diskern
from diskern._core import FormatError, InvalidArgument
from diskern.tmva import DataLoader, Factory
from diskern.tmva.booking import book
from diskern.tmva.methods.base import TrainingSample
from test_fitted_methods import tmva_sample

FILES = [
    ("class_tut", "PDEFoam"),
    ("class_tut", "PDEFoamBoost"),
    ("class_variants", "PDEFoam_sep"),
    ("class_variants", "PDEFoam_gauss"),
    ("reg", "PDEFoam"),
    ("multiclass", "PDEFoam"),
]


def weights(data_directory: Path, folder: str, title: str) -> Path:
    return data_directory / "tmva_trained" / folder / "weights" / f"{title}.weights.xml.gz"


@pytest.mark.parametrize(("folder", "title"), FILES)
def test_responses_of_tmva(data_directory: Path, folder: str, title: str) -> None:
    model = diskern.load(weights(data_directory, folder, title))
    for sample in ("test", "train"):
        with np.load(data_directory / "tmva_trained" / folder / f"{sample}_events.npz") as file:
            events = {name: file[name] for name in file.files}
        responses = np.load(data_directory / "tmva_trained" / folder / f"{sample}_responses.npz")
        names = [title] if title in responses.files else [f"{title}.{name}" for name in model.classes]
        expected = np.stack([responses[name] for name in names], axis=1)
        assert np.abs(model.evaluate(events) - expected).max() < 1e-6 * np.ptp(expected)
    again = diskern.Model(model.to_tmva_xml().encode())
    np.testing.assert_array_equal(again.evaluate(events), model.evaluate(events))
    assert again.to_bytes() == model.to_bytes()
    np.testing.assert_array_equal(diskern.Model(model.to_bytes()).evaluate(events, threads=2), model.evaluate(events))


def train(sample: TrainingSample, options: str, analysis_type: Any = "Classification", threads: int = 1) -> Any:
    booked = book(None, analysis_type, "PDEFoam", "foam", options, {})  # type: ignore[arg-type]
    return booked.method.train(sample, threads=threads).predictor


@pytest.mark.parametrize(
    ("folder", "title", "options"),
    [
        ("class_tut", "PDEFoam", "VolFrac=0.0666:nBin=5:Nmin=100"),
        ("class_variants", "PDEFoam_sep", "SigBgSeparate=T:VolFrac=0.0666:nBin=5:Nmin=100"),
        ("class_variants", "PDEFoam_gauss", "VolFrac=0.0666:nActiveCells=100:nSampl=500:Kernel=Gauss"),
        (
            "class_tut",
            "PDEFoamBoost",
            "Boost_Num=30:Boost_Transform=linear:MaxDepth=4:UseYesNoCell=T:DTLogic=MisClassificationError:TailCut=0:"
            "nBin=20:Nmin=400",
        ),
    ],
)
def test_quality_beside_tmva(data_directory: Path, folder: str, title: str, options: str) -> None:
    sample, training = tmva_sample(data_directory, folder)
    predictor = train(sample, options)
    with np.load(data_directory / "tmva_trained" / folder / "test_events.npz") as file:
        label, weight = file["classID"] == 0, file["weight"]
    theirs = np.load(data_directory / "tmva_trained" / folder / "test_responses.npz")[title]
    ours = predictor.evaluate(training.test_variables)[:, 0]
    assert roc_auc_score(label, ours, sample_weight=weight) > roc_auc_score(label, theirs, sample_weight=weight) - 0.01


def test_quality_of_regression_and_classes(data_directory: Path) -> None:
    folder = data_directory / "tmva_trained" / "reg"
    sample, training = tmva_sample(data_directory, "reg")
    predictor = train(sample, "TargetSelection=Mpv:VolFrac=0.0666:Nmin=10", "Regression")
    with np.load(folder / "test_events.npz") as file:
        target = file["fvalue"]
    rms = np.std(predictor.evaluate(training.test_variables)[:, 0] - target)
    assert rms < 1.05 * np.std(np.load(folder / "test_responses.npz")["PDEFoam"] - target)
    folder = data_directory / "tmva_trained" / "multiclass"
    sample, training = tmva_sample(data_directory, "multiclass")
    predictor = train(sample, "VolFrac=0.0666:Nmin=100", "Multiclass")
    with np.load(folder / "test_events.npz") as file:
        label = file["classID"]
    accuracy = accuracy_score(label, predictor.evaluate(training.test_variables).argmax(axis=1))
    assert accuracy > 0.72175 - 0.01


def toy(n: int = 3000, seed: int = 1) -> TrainingSample:
    generator = np.random.default_rng(seed)
    x = generator.uniform(0, 1, (n, 2)).astype(np.float32)
    signal = (x[:, 0] > 0.4) & (x[:, 1] < 0.6)
    return TrainingSample(
        x,
        np.where(signal, 0, 1).astype(np.int32),
        np.empty((n, 0), np.float32),
        np.ones(n),
        ("x", "y"),
        ("F", "F"),
        ("Signal", "Background"),
    )


@pytest.mark.parametrize("logic", ["None", "GiniIndex", "CrossEntropy", "MisClassificationError"])
def test_cells_find_the_edges(logic: str) -> None:
    sample = toy()
    predictor = train(sample, f"TailCut=0:nBin=10:Nmin=20:nSampl=500:VolFrac=0.02:DTLogic={logic}")
    response = predictor.evaluate(sample.variables)[:, 0]
    assert np.mean((response > 0.5) == sample.is_signal) > 0.97


def index_of_tmva(logic: str, s: float, b: float) -> float:
    """tmva.md 7.2: the impurities, and s / root(s + b)."""
    n = s + b
    p = s / n
    if logic == "SdivSqrtSplusB":
        return float(s / np.sqrt(n))
    if logic == "MisClassificationError":
        return 1 - max(p, 1 - p)
    if s <= 0 or b <= 0:
        return 0.0
    if logic == "GiniIndex":
        return 2 * s * b / n**2
    if logic == "GiniIndexWithLaplace":
        return (s * b + s + b + 1) / (n + 2) ** 2
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))


@pytest.mark.parametrize(
    "logic", ["GiniIndex", "CrossEntropy", "MisClassificationError", "GiniIndexWithLaplace", "SdivSqrtSplusB"]
)
def test_the_first_division_gains_the_most(logic: str) -> None:
    sample = toy(1000, seed=4)
    x, signal = sample.variables.astype(np.float64), sample.is_signal
    predictor = train(sample, f"TailCut=0:nActiveCells=2:nBin=10:Nmin=1:DTLogic={logic}")
    best, expected = 0.0, None
    whole = len(x) * index_of_tmva(logic, signal.sum(), (~signal).sum())
    for k in (0, 1):
        low, high = x[:, k].min(), x[:, k].max()
        for edge in np.linspace(low, high, 11)[1:-1]:
            left = x[:, k] <= edge
            parts = [(np.sum(signal & side), np.sum(~signal & side)) for side in (left, ~left)]
            gain = whole - sum((s + b) * index_of_tmva(logic, s, b) for s, b in parts)
            if gain > best:
                best, expected = gain, np.where(left, signal[left].mean(), signal[~left].mean())
    assert expected is not None
    # An event on the edge, to the last digit of float32, may lie on either side.
    assert np.mean(np.isclose(predictor.evaluate(sample.variables)[:, 0], expected, rtol=1e-9)) > 0.99


def test_leaves_hold_what_lies_in_them() -> None:
    sample = toy(500)
    # One division at most: the purity of the halves is that of the events.
    predictor = train(sample, "TailCut=0:nActiveCells=2:nBin=2:Nmin=1:DTLogic=GiniIndex")
    x = sample.variables
    low, high = x.min(axis=0), x.max(axis=0)
    for k in (0, 1):
        left = x[:, k] <= (low[k] + high[k]) / 2
        purity = np.where(left, sample.is_signal[left].mean(), sample.is_signal[~left].mean())
        if np.allclose(predictor.evaluate(x)[:, 0], purity):
            break
    else:
        pytest.fail("neither variable is divided in the middle")
    separate = train(sample, "TailCut=0:nActiveCells=1:SigBgSeparate")
    fraction = sample.is_signal.mean()
    np.testing.assert_allclose(separate.evaluate(x[:3])[:, 0], fraction, rtol=1e-12)


def test_the_same_for_any_number_of_threads_and_weights_are_events() -> None:
    sample = toy(800)
    options = "Nmin=30:nSampl=300"
    one = train(sample, options).evaluate(sample.variables)
    np.testing.assert_array_equal(train(sample, options, threads=3).evaluate(sample.variables), one)
    weight = np.random.default_rng(2).integers(1, 4, 800)
    repeated = np.repeat(np.arange(800), weight)
    more = TrainingSample(
        sample.variables[repeated],
        sample.class_index[repeated],
        sample.targets[repeated],
        np.ones(len(repeated)),
        *(sample.variable_labels, sample.variable_types, sample.class_names),
    )
    weighted = TrainingSample(
        sample.variables,
        sample.class_index,
        sample.targets,
        weight.astype(float),
        *(sample.variable_labels, sample.variable_types, sample.class_names),
    )
    # Nmin counts events, so it is out of play here.
    options = "TailCut=0:Nmin=0:nActiveCells=20:DTLogic=GiniIndex"
    np.testing.assert_allclose(
        train(weighted, options).evaluate(sample.variables), train(more, options).evaluate(sample.variables), rtol=1e-12
    )


def test_kernels_are_smoother() -> None:
    sample = toy(2000)
    grid = np.stack([np.linspace(0, 1, 400), np.full(400, 0.3)], axis=1).astype(np.float32)
    steps = {}
    for kernel in ("None", "Gauss", "LinNeighbors"):
        predictor = train(sample, f"Nmin=30:VolFrac=0.1:nSampl=300:Kernel={kernel}")
        response = predictor.evaluate(grid)[:, 0]
        assert 0 <= response.min() <= response.max() <= 1
        steps[kernel] = np.abs(np.diff(response)).max()
    assert steps["Gauss"] < 0.5 * steps["None"]
    assert steps["LinNeighbors"] < steps["None"]


@pytest.mark.parametrize("selection", ["Mean", "Mpv"])
@pytest.mark.parametrize("kernel", ["None", "Gauss"])
def test_several_targets(selection: str, kernel: str) -> None:
    generator = np.random.default_rng(4)
    x = generator.uniform(0, 1, (4000, 1)).astype(np.float32)
    targets = np.hstack([2 * x, 1 - x]) + generator.normal(0, 0.05, (4000, 2))
    sample = TrainingSample(
        x, np.zeros(4000, np.int32), targets.astype(np.float32), np.ones(4000), ("x",), ("F",), ("Regression",)
    )
    options = f"MultiTargetRegression:TargetSelection={selection}:Kernel={kernel}:Nmin=20:nSampl=500:nBin=8"
    predictor = train(sample, options, "Regression")
    inside = np.linspace(0.1, 0.9, 50, dtype=np.float32)[:, None]
    estimate = predictor.evaluate(inside)
    assert estimate.shape == (50, 2)
    assert np.abs(estimate - np.hstack([2 * inside, 1 - inside])).mean() < 0.12
    with pytest.raises(InvalidArgument, match="one target, got 2; book MultiTargetRegression"):
        train(sample, "", "Regression")


def test_from_booking_to_files(tmp_path: Path) -> None:
    sample = toy(1000)
    loader = DataLoader(str(tmp_path / "dataset"))
    loader.AddVariable("x")
    loader.AddVariable("y")
    for name, mask in (("Signal", sample.is_signal), ("Background", ~sample.is_signal)):
        loader.AddTree({"x": sample.variables[mask, 0], "y": sample.variables[mask, 1]}, name)
    loader.PrepareTrainingAndTestTree("", "SplitMode=Alternate")
    job = Factory("job", "Silent", threads=1)
    plain = job.BookMethod(loader, "PDEFoam", "Foam", "Nmin=50:nSampl=200:VarTransform=N")
    boosted = job.BookMethod(loader, "PDEFoam", "Boosted", "Boost_Num=5:DTLogic=GiniIndex:MaxDepth=2:UseYesNoCell")
    job.TrainAllMethods()
    job.TestAllMethods()
    assert job.GetROCIntegral(loader, "Foam") > 0.9
    assert job.GetROCIntegral(loader, "Boosted") > 0.9
    assert plain.trained.ranking_name == "Variable Importance"
    assert sum(value for _, value in plain.trained.ranking) == pytest.approx(1)
    for booked in (plain, boosted):
        model, xml = diskern.load(booked.model_path), diskern.load(booked.xml_path)
        np.testing.assert_array_equal(model.evaluate(sample.variables), xml.evaluate(sample.variables))
        assert diskern.Model(xml.to_tmva_xml().encode()).to_bytes() == xml.to_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("TailCut=0.6", "TailCut is 0.6"),
        ("VolFrac=0", "VolFrac is 0"),
        ("nActiveCells=0", "nActiveCells is 0"),
        ("nSampl=0", "nSampl is 0"),
        ("nBin=1", "nBin is 1"),
        ("Nmin=-1", "Nmin is -1"),
        ("MaxDepth=-1", "MaxDepth is -1"),
        ("SigBgSeparate:DTLogic=GiniIndex", "does not go with SigBgSeparate"),
        ("Kernel=Gaus", "'Kernel' cannot be 'Gaus'; did you mean 'Gauss'"),
    ],
)
def test_bad_options(options: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        train(toy(100), options)


def test_bad_events() -> None:
    sample = toy(100)
    sample.variables[3, 1] = np.nan
    with pytest.raises(InvalidArgument, match="variable 1 of event 3 is not finite"):
        train(sample, "")
    one_class = toy(100)
    one_class.class_index[:] = 0
    with pytest.raises(InvalidArgument, match="events of both classes"):
        train(one_class, "")
    flat = toy(100)
    flat.variables[:, 0] = 2
    with pytest.raises(InvalidArgument, match="dimension 0 of the foam has no range"):
        train(flat, "")
    model = train(toy(100), "Nmin=20:nSampl=100")
    assert np.isnan(model.evaluate(np.array([[np.nan, 0.1]], np.float32))).all()


def test_files_without_their_foams(data_directory: Path, tmp_path: Path) -> None:
    source = weights(data_directory, "class_tut", "PDEFoam")
    copy = tmp_path / "job_PDEFoam.weights.xml.gz"
    shutil.copy(source, copy)
    with pytest.raises(FormatError, match=r"lie in a file job_PDEFoam.weights_foams.root .*, which is missing"):
        diskern.load(copy)
    with pytest.raises(FormatError, match="load the weight file by its path"):
        diskern.Model(gzip.decompress(source.read_bytes()))
    foams = tmp_path / "job_PDEFoam.weights_foams.root"
    content = (source.parent / "class_tut_PDEFoam.weights_foams.root").read_bytes()
    foams.write_bytes(content)
    assert diskern.load(copy).to_bytes() == diskern.load(source).to_bytes()
    plain = tmp_path / "job_PDEFoam.weights.xml"
    plain.write_bytes(gzip.decompress(source.read_bytes()))
    assert diskern.load(plain).to_bytes() == diskern.load(source).to_bytes()
    foams.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError):
        diskern.load(copy)
    foams.write_bytes(b"no ROOT file")
    with pytest.raises(FormatError, match="cannot be read as a ROOT file"):
        diskern.load(copy)


FOAM = """<MethodSetup Method="PDEFoam::Test">
<GeneralInfo><Info name="AnalysisType" value="Classification"/></GeneralInfo>
<Variables NVar="1"><Variable VarIndex="0" Expression="x" Label="x" Type="F"/></Variables>
<Classes NClass="2"><Class Name="Signal" Index="0"/><Class Name="Background" Index="1"/></Classes>
<Weights SigBgSeparated="0" VolFrac="0.1" DoRegression="0" Kernel="0" TargetSelection="0" UseYesNoCell="0">
<Xmin Index="0" Value="-1"/><Xmax Index="0" Value="3"/>
<Foam NDim="1" NCells="3" NValues="2">0 0.25 1 2 0 0 0 0 -1 -1 0.2 0 0 0 -1 -1 0.9 0</Foam>
</Weights></MethodSetup>"""


def test_a_foam_by_hand() -> None:
    model = diskern.Model(FOAM.encode())
    responses = model.evaluate([[-5.0], [-0.5], [0.0], [0.001], [9.0]])[:, 0]
    np.testing.assert_array_equal(responses, [0.2, 0.2, 0.2, 0.9, 0.9])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('NDim="1"', 'NDim="2"', "NDim"),
        ('NCells="3"', 'NCells="4"', "numbers"),
        ('NCells="3"', 'NCells="0"', "NCells"),
        ("0 0.25 1 2", "0 0.25 1 1", "no cells of their own|not cells of their own"),
        ("0 0.25 1 2", "0 0.25 0 2", "not cells of their own"),
        ("0 0.25 1 2", "0 0.25 1 3", "not cells of their own"),
        ("0 0.25 1 2", "1 0.25 1 2", "does not exist"),
        ("0 0.25 1 2", "0 1.25 1 2", "does not exist"),
        ("0 0.25 1 2", "0 0.25 1.5 2", "number of a cell"),
        ("0.9 0</Foam>", "nan 0</Foam>", "finite|number"),
        ('Value="3"', 'Value="-1"', "range of dimension 0"),
        ('VolFrac="0.1"', 'VolFrac="0"', "width of the kernel"),
        ('Kernel="0"', 'Kernel="7"', "Kernel"),
        ('SigBgSeparated="0"', 'SigBgSeparated="1"', "1 foams, expected 2"),
    ],
)
def test_damaged_files(old: str, new: str, words: str) -> None:
    assert old in FOAM
    with pytest.raises(FormatError, match=words):
        diskern.Model(FOAM.replace(old, new, 1).encode())


def test_damaged_root_objects(data_directory: Path) -> None:
    """Every cut of a serialised foam, and bytes changed, end in FormatError or in a foam."""
    import uproot

    from diskern._foams import parse_foam

    path = data_directory / "tmva_trained" / "class_tut" / "weights" / "class_tut_PDEFoamBoost_B0000.weights_foams.root"
    with uproot.open(path) as file:
        chunk, _ = file.key("DiscrFoam").get_uncompressed_chunk_cursor()
        content = bytes(chunk.raw_data)
    dimensions, cells = parse_foam(content, "here")
    assert dimensions == 4
    assert sum(cell[2] < 0 for cell in cells) == sum(cell[2] >= 0 for cell in cells) + 1
    for cut in range(0, 533, 7):  # so far the cells reach
        with pytest.raises(FormatError):
            parse_foam(content[:cut], "here")
    generator = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[int(generator.integers(0, min(len(content), 2000)))] = int(generator.integers(0, 256))
        with contextlib.suppress(FormatError):
            parse_foam(bytes(damaged), "here")
