"""The DataLoader: verbs, signatures, errors, split, weights."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from diskern._core import InvalidArgument
from diskern.data import Table, format_accounting
from diskern.tmva.dataloader import DataLoader


def events(n: int, shift: float = 0.0, seed: int = 1) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "x": generator.normal(shift, 1, n),
        "y": generator.normal(0, 1, n).astype(np.float32),
        "w": generator.uniform(0.5, 1.5, n),
        "number": np.arange(n, dtype=np.int64) + 2**60,
        "good": generator.random(n) < 0.7,
    }


def loader(n_signal: int = 100, n_background: int = 120) -> DataLoader:
    result = DataLoader("test")
    result.AddVariable("x")
    result.AddVariable("sum := x + y", "Sum", "GeV")
    result.AddSignalTree(events(n_signal, 1.0, 1))
    result.AddBackgroundTree(events(n_background, 0.0, 2))
    return result


def prepared(result: DataLoader, options: str = "", cut: str = "", **keywords: object):
    result.PrepareTrainingAndTestTree(cut, "!V:" + options, **keywords)
    return result.dataset


def test_values_and_types() -> None:
    loaded = loader()
    loaded.AddSpectator("number")
    loaded.AddSpectator("good")
    loaded.AddSpectator("double := 2*x")
    dataset = prepared(loaded)
    training = dataset.training
    assert training.variables.dtype == np.float32
    assert training.variables.flags.c_contiguous
    assert training.weight.dtype == np.float64
    assert training.class_index.dtype == np.int32
    assert training.spectators["number"].dtype == np.int64
    assert training.spectators["good"].dtype == np.bool_
    source = [events(100, 1.0, 1), events(120, 0.0, 2)]
    for sample in (training, dataset.test):
        for i in range(len(sample)):
            one = source[sample.class_index[i]]
            row = sample.entry[i]
            assert sample.variables[i, 0] == np.float32(one["x"][row])
            assert sample.variables[i, 1] == np.float32(one["x"][row] + np.float64(one["y"][row]))
            assert sample.spectators["number"][i] == one["number"][row]
            assert sample.spectators["good"][i] == one["good"][row]
            assert sample.spectators["double"][i] == 2 * one["x"][row]
    assert [v.label for v in dataset.info.variables] == ["x", "sum"]
    assert dataset.info.variables[1].expression == "x + y"
    assert dataset.info.variables[0].minimum == training.variables[:, 0].min()
    assert dataset.info.class_names == ("Signal", "Background")
    # every event is in exactly one sample
    for i, n in ((0, 100), (1, 120)):
        rows = np.concatenate([s.entry[s.class_index == i] for s in (training, dataset.test)])
        assert sorted(rows) == list(range(n))


def test_add_variable_signatures() -> None:
    loaded = DataLoader()
    loaded.AddVariable("a", "F")
    loaded.AddVariable("b", "I", 0, 10)
    loaded.AddVariable("c", "Title", "GeV", "I")
    loaded.AddVariable("d", "Title", "GeV", "F", -1, 1)
    loaded.AddVariable("e", "Title")
    loaded.AddVariable("label := f + g", "D")
    infos = loaded._variables
    assert [v.type for v in infos] == ["F", "I", "I", "F", "F", "F"]
    assert [v.title for v in infos] == ["a", "b", "Title", "Title", "Title", "label"]
    assert [v.unit for v in infos] == ["", "", "GeV", "GeV", "", ""]
    assert [(v.minimum, v.maximum) for v in infos] == [(0, 0), (0, 10), (0, 0), (-1, 1), (0, 0), (0, 0)]
    with pytest.raises(InvalidArgument, match="added twice"):
        loaded.AddVariable("a")
    with pytest.raises(InvalidArgument, match="type is 'Q'"):
        loaded.AddVariable("z", "", "", "Q")


def test_add_spectator_as_in_the_tutorial() -> None:
    loaded = DataLoader()
    loaded.AddSpectator("spec1 := var1*2", "Spectator 1", "units", "F")
    loaded.AddSpectator("spec2", "F")
    loaded.AddSpectator("spec3", "Title", "", -1, 2)
    infos = loaded._spectators
    assert [(v.label, v.title, v.unit) for v in infos] == [
        ("spec1", "Spectator 1", "units"),
        ("spec2", "F", ""),  # TMVA writes this title, too
        ("spec3", "Title", ""),
    ]
    assert (infos[2].minimum, infos[2].maximum) == (-1, 2)
    with pytest.raises(InvalidArgument, match="expected a number"):
        loaded.AddSpectator("spec4", "Title", "", "Q")


def test_same_seed_same_split_and_zero_differs() -> None:
    first = prepared(loader(), "SplitSeed=7").training
    again = prepared(loader(), SplitSeed=7).training
    other = prepared(loader(), "SplitSeed=8").training
    np.testing.assert_array_equal(first.variables, again.variables)
    assert not np.array_equal(first.entry, other.entry)
    a, b = prepared(loader(), "SplitSeed=0"), prepared(loader(), "SplitSeed=0")
    assert not np.array_equal(a.training.entry, b.training.entry)
    replay = prepared(loader(), SplitSeed=a.split_options["SplitSeed"])
    np.testing.assert_array_equal(a.training.entry, replay.training.entry)


def test_split_does_not_depend_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prepared(loader(), "nTrain_Signal=30").training
    import diskern.tmva.dataloader as module

    original = module.SelectionPlan
    monkeypatch.setattr(module, "SelectionPlan", lambda *a, **k: original(*a, chunk=7, **k))
    parts = prepared(loader(), "nTrain_Signal=30").training
    np.testing.assert_array_equal(whole.variables, parts.variables)
    np.testing.assert_array_equal(whole.weight, parts.weight)


def test_block_and_alternate_order() -> None:
    block = prepared(loader(6, 4), "SplitMode=Block")
    assert block.training.entry.tolist() == [0, 1, 2, 0, 1]
    assert block.training.class_index.tolist() == [0, 0, 0, 1, 1]
    assert block.test.entry.tolist() == [3, 4, 5, 2, 3]
    alternate = prepared(loader(6, 4), "SplitMode=Alternate")
    assert alternate.training.class_index.tolist() == [0, 1, 0, 1, 0]
    assert alternate.training.entry.tolist() == [0, 0, 2, 2, 4]
    assert alternate.test.entry.tolist() == [1, 1, 3, 3, 5]
    mixed = prepared(loader(6, 4), "SplitMode=Block:MixMode=Alternate")
    assert mixed.training.class_index.tolist() == [0, 1, 0, 1, 0]


def test_validation_is_apart() -> None:
    plain = prepared(loader(200, 300))
    dataset = prepared(loader(200, 300), "ValidationFraction=0.25")
    assert dataset.validation is not None
    assert (len(dataset.training), len(dataset.validation), len(dataset.test)) == (188, 62, 250)
    for i, n in ((0, 200), (1, 300)):
        samples = (dataset.training, dataset.validation, dataset.test)
        rows = np.concatenate([s.entry[s.class_index == i] for s in samples])
        assert sorted(rows) == list(range(n))
    np.testing.assert_array_equal(plain.test.variables, dataset.test.variables)
    counted = prepared(loader(200, 300), nValidation_Signal=10)
    assert counted.validation is not None
    assert len(counted.validation) == 10
    with pytest.raises(InvalidArgument, match="nValidation_Signal is 100"):
        prepared(loader(200, 300), nValidation_Signal=100)


def test_train_test_split_by_fraction() -> None:
    dataset = prepared(loader(200, 300), "TrainTestSplit_Signal=0.75:TrainTestSplit_Background=0.2")
    assert np.bincount(dataset.training.class_index).tolist() == [150, 60]
    assert np.bincount(dataset.test.class_index).tolist() == [50, 240]
    for options, message in (
        ("TrainTestSplit_Signal=1.5", "TrainTestSplit_Signal is 1.5; expected a fraction"),
        ("TrainTestSplit_Signal=0.5:nTrain_Signal=10", "stands in place of nTrain_Signal and nTest_Signal"),
        ("TrainTestSplit_Signal=0.001", "TrainTestSplit_Signal=0.001 gives no event of the 200"),
        ("ValidationFraction=0.001", "ValidationFraction=0.001 gives no event"),
        ("ValidationFraction=1", "ValidationFraction is 1"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            prepared(loader(200, 300), options)


def test_requested_numbers_scale_with_the_efficiency_of_the_cuts() -> None:
    options = "nTrain_Signal=100:nTest_Signal=50:nTrain_Background=60"
    plain = prepared(loader(400, 400), options, cut="good")
    assert np.bincount(plain.training.class_index).tolist() == [100, 60]
    scaled = prepared(loader(400, 400), options + ":ScaleWithPreselEff", cut="good")
    good = [np.count_nonzero(events(400, shift, seed)["good"]) for shift, seed in ((1.0, 1), (0.0, 2))]
    assert 200 < good[0] < 350
    assert np.bincount(scaled.training.class_index).tolist() == [100 * good[0] // 400, 60 * good[1] // 400]
    test = np.bincount(scaled.test.class_index).tolist()
    assert test == [50 * good[0] // 400, good[1] - 60 * good[1] // 400]
    # Scaled down to nothing would mean all events.
    with pytest.raises(InvalidArgument, match=r"nTrain_Signal=1 with ScaleWithPreselEff.*gives no event"):
        prepared(loader(400, 400), "nTrain_Signal=1:ScaleWithPreselEff", cut="good")


def test_tree_weight_times_expression_and_norm_mode() -> None:
    def weighted() -> DataLoader:
        result = DataLoader()
        result.AddVariable("x")
        result.AddSignalTree(events(100, 1.0, 1), 2.0)
        result.AddBackgroundTree(events(120, 0.0, 2))
        result.SetSignalWeightExpression("w*w")
        result.SetBackgroundWeightExpression("w")
        return result

    none = prepared(weighted(), "NormMode=None")
    source = [events(100, 1.0, 1)["w"] ** 2 * 2, events(120, 0.0, 2)["w"]]
    for sample in (none.training, none.test):
        expected = [source[c][e] for c, e in zip(sample.class_index, sample.entry, strict=True)]
        np.testing.assert_allclose(sample.weight, expected, rtol=1e-15)
        np.testing.assert_array_equal(sample.weight, sample.original_weight)
    for mode, sums in (("NumEvents", (50, 60)), ("EqualNumEvents", (50, 50))):
        dataset = prepared(weighted(), NormMode=mode)
        for i, total in enumerate(sums):
            mask = dataset.training.class_index == i
            assert dataset.training.weight[mask].sum() == pytest.approx(total, rel=1e-12)
            ratio = dataset.training.weight[mask] / dataset.training.original_weight[mask]
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
        np.testing.assert_array_equal(dataset.test.weight, none.test.weight)
    default = prepared(weighted())
    assert default.split_options["NormMode"] == "EqualNumEvents"


def test_cuts_and_weights_per_class() -> None:
    loaded = loader()
    loaded.AddCut("x > -1", "Signal")
    loaded.AddCut("good")
    dataset = prepared(loaded, "", "y < 1.5")
    s, b = events(100, 1.0, 1), events(120, 0.0, 2)
    passed = (s["x"] > -1) & s["good"] & (s["y"] < 1.5), b["good"] & (b["y"] < 1.5)
    read = [row for row in dataset.accounting if row["step"] == "read"]
    cut = [row for row in dataset.accounting if row["step"] == "cut"]
    assert [row["events"] for row in read] == [100, 120]
    assert [row["events"] for row in cut] == [int(p.sum()) for p in passed]
    assert [row["removed"] for row in cut] == [int((~p).sum()) for p in passed]
    for i, mask in enumerate(passed):
        rows = np.concatenate([s.entry[s.class_index == i] for s in (dataset.training, dataset.test)])
        assert set(rows) <= set(np.flatnonzero(mask))
    loaded.SetCut("", "Signal")
    loaded.SetCut("", "Background")
    assert len(loaded.prepare(verbose=False).training) == 110


def test_prepare_signatures() -> None:
    one = loader()
    one.PrepareTrainingAndTestTree("x > -9", 20, 30, 25, 35, "SplitMode=Random:NormMode=None:!V")
    dataset = one.dataset
    for sample, counts in ((dataset.training, [20, 30]), (dataset.test, [25, 35])):
        assert np.bincount(sample.class_index).tolist() == counts
    two = loader()
    two.PrepareTrainingAndTestTree("x > -9", "x > -8", "nTrain_Signal=10:!V")
    assert two._cuts == {"Signal": "x > -9", "Background": "x > -8"}
    assert np.bincount(two.dataset.training.class_index).tolist() == [10, 60]
    assert np.bincount(two.dataset.test.class_index).tolist() == [90, 60]
    three = loader()
    three.PrepareTrainingAndTestTree("", 40)
    assert np.bincount(three.dataset.training.class_index).tolist() == [40, 40]
    assert np.bincount(three.dataset.test.class_index).tolist() == [60, 80]
    four = loader()
    four.PrepareTrainingAndTestTree("", 40, -1)
    np.testing.assert_array_equal(four.dataset.test.entry, three.dataset.test.entry)
    with pytest.raises(InvalidArgument, match="expected \\(cut, options\\)"):
        loader().PrepareTrainingAndTestTree(1, 2)
    with pytest.raises(InvalidArgument, match="did you mean 'nTrain_Signal'"):
        loader().PrepareTrainingAndTestTree("", "nTrain_Sigal=3")
    with pytest.raises(InvalidArgument, match="did you mean 'SplitMode'"):
        loader().PrepareTrainingAndTestTree("", SplitMod="Random")


def test_train_and_test_trees_are_kept() -> None:
    loaded = DataLoader()
    loaded.AddVariable("x")
    signal, background = events(30, 1.0, 1), events(40, 0.0, 2)
    loaded.AddTree({k: v[:10] for k, v in signal.items()}, "Signal", tree_type="Train")
    loaded.AddTree({k: v[10:] for k, v in signal.items()}, "Signal", tree_type="kTesting")
    loaded.AddBackgroundTree({k: v[:25] for k, v in background.items()}, 1.0, 0)
    loaded.AddBackgroundTree({k: v[25:] for k, v in background.items()}, 1.0, "TestingTree")
    dataset = prepared(loaded, "SplitMode=Block")
    np.testing.assert_array_equal(
        dataset.training.variables[:, 0], np.concatenate([signal["x"][:10], background["x"][:25]]).astype(np.float32)
    )
    np.testing.assert_array_equal(
        dataset.test.variables[:, 0], np.concatenate([signal["x"][10:], background["x"][25:]]).astype(np.float32)
    )
    with pytest.raises(InvalidArgument, match="tree_type is 'Sometimes'"):
        loaded.AddTree(signal, "Signal", tree_type="Sometimes")


def test_labelled_tree_keeps_the_order() -> None:
    label = np.array([1, 0, 0, 1, 2, 1, 0, 2])
    columns = {"x": np.arange(8.0), "label": label}
    names = {1: "Signal", 0: "b", 2: "c"}
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.AddLabelledTree(columns, "label", names, tree_type="Train")
    loaded.AddLabelledTree(columns, "label", names, tree_type="Test")
    dataset = prepared(loaded, "MixMode=Input:NormMode=None")
    assert dataset.info.class_names == ("Signal", "b", "c")
    assert dataset.training.variables[:, 0].tolist() == list(range(8))
    assert dataset.training.class_index.tolist() == [0, 1, 1, 0, 2, 0, 1, 2]
    text = DataLoader()
    text.AddVariable("x")
    text.AddLabelledTree(
        {"x": np.arange(8.0), "kind": np.array(list("ghhgghhg"))}, "kind", {"g": "Signal", "h": "Background"}
    )
    assert np.bincount(prepared(text).training.class_index).tolist() == [2, 2]
    wrong = DataLoader()
    wrong.AddVariable("x")
    wrong.AddLabelledTree(columns, "label", {1: "Signal", 0: "b"})
    with pytest.raises(InvalidArgument, match="label 'label' is 2 in event 4"):
        wrong.prepare()


def test_events_one_by_one() -> None:
    loaded = DataLoader()
    loaded.AddVariable("m := a + b")
    loaded.AddVariable("c")
    loaded.AddSpectator("s")
    for i in range(4):
        loaded.AddSignalTrainingEvent([i, 1, 7], 2.0)
        loaded.AddBackgroundTrainingEvent([i, 2, 8])
        loaded.AddSignalTestEvent([i, 3, 9])
        loaded.AddTestEvent("Background", np.array([i, 4, 9]), 0.5)
    dataset = prepared(loaded, "SplitMode=Block:NormMode=None", "c < 5")
    assert dataset.training.variables.tolist() == [[i, 1] for i in range(4)] + [[i, 2] for i in range(4)]
    assert dataset.training.weight.tolist() == [2.0] * 4 + [1.0] * 4
    assert dataset.test.weight.tolist() == [1.0] * 4 + [0.5] * 4
    assert dataset.test.spectators["s"].tolist() == [9.0] * 8
    with pytest.raises(InvalidArgument, match="expected 3 values: 2 variables, 0 targets, 1 spectators"):
        loaded.AddSignalTestEvent([1, 2])


def test_set_input_trees() -> None:
    columns = events(50)
    columns["kind"] = np.arange(50) % 2
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.SetInputTrees(columns, "kind == 1", "kind == 0")
    assert np.bincount(prepared(loaded).training.class_index).tolist() == [12, 12]
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.SetInputTrees(events(10), events(20), 1.0, 3.0)
    assert set(prepared(loaded, "NormMode=None").test.weight) == {1.0, 3.0}


def test_regression() -> None:
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.AddTarget("t := 2*x")
    loaded.AddRegressionTarget("y")
    loaded.AddRegressionTree(events(40))
    loaded.SetWeightExpression("w", "Regression")
    dataset = prepared(loaded, "nTrain_Regression=30")
    assert dataset.training.targets.shape == (30, 2)
    assert dataset.training.targets.dtype == np.float32
    np.testing.assert_allclose(dataset.training.targets[:, 0], 2 * dataset.training.variables[:, 0], rtol=1e-6)
    assert dataset.training.weight.sum() == pytest.approx(30)


def test_nan_and_infinity() -> None:
    def with_nan() -> DataLoader:
        signal = events(20)
        signal["x"][[3, 5]] = np.nan
        signal["y"][5] = np.nan
        signal["y"][7] = np.inf
        result = DataLoader()
        result.AddVariable("x")
        result.AddVariable("y")
        result.AddSignalTree(signal)
        result.AddBackgroundTree(events(20))
        return result

    message = r"class 'Signal': 2 of 20 events dropped because of NaN \(variable 'x': 2, variable 'y': 1\)"
    with pytest.warns(UserWarning, match=message):
        dataset = prepared(with_nan())
    row = next(row for row in dataset.accounting if row["step"] == "NaN dropped")
    assert (row["events"], row["removed"]) == (18, 2)
    assert row["nan_by_column"] == {"variable 'x'": 2, "variable 'y'": 1}
    assert row["infinite"] == 1
    kept = prepared(with_nan(), nan="keep")
    everything = np.concatenate([kept.training.variables, kept.test.variables])
    assert len(everything) == 40
    assert np.isnan(everything).sum() == 3
    assert np.isfinite([v.minimum for v in kept.info.variables]).all()
    with pytest.raises(InvalidArgument, match="variable 'x' is NaN in event 3 of dictionary"):
        prepared(with_nan(), nan="error")
    weight = with_nan()
    weight.SetSignalWeightExpression("y")
    with pytest.raises(InvalidArgument, match=r"the weight of event 7 .* is infinite"):
        prepared(weight)


def test_accounting_of_signed_weights() -> None:
    signal, background = events(100), events(100)
    signal["w"] = np.where(np.arange(100) % 4 == 0, -1.0, 1.0)
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.AddSignalTree(signal)
    loaded.AddBackgroundTree(background)
    loaded.SetWeightExpression("w")
    dataset = prepared(loaded)
    row = dataset.accounting[0]
    assert (row["step"], row["class"], row["events"]) == ("read", "Signal", 100)
    assert row["weight"] == 50
    assert row["negative_fraction"] == 0.25
    assert row["effective_events"] == pytest.approx(50**2 / 100)
    after = [r for r in dataset.accounting if r["step"].startswith("NormMode") and r["sample"] == "training"]
    assert [r["weight"] for r in after] == pytest.approx([50, 50])
    table = format_accounting(dataset.accounting)
    lines = table.splitlines()
    assert len(lines) == len(dataset.accounting) + 2
    assert lines[2].split() == ["read", "all", "Signal", "100", "50", "25.00", "%", "25.0"]


def test_table_is_printed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = loader()
    loaded.PrepareTrainingAndTestTree("", "V")
    loaded.prepare(verbose=False)
    assert capsys.readouterr().out == ""
    loaded.PrepareTrainingAndTestTree("", "V")
    loaded.prepare()
    assert "sum of weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.AddVariable("no_such"), r"variable 'no_such'.*no column 'no_such'"),
        (lambda d: d.AddVariable("goood"), r"did you mean 'good'"),
        (lambda d: d.AddCut("x > 1e9", "Signal"), "class 'Signal': no event passes the cut \\(100 were read\\)"),
        (lambda d: d.SetSignalWeightExpression("0*w"), "class 'Signal': the weights of all 100 events are zero"),
        (lambda d: d.SetWeightExpression("w", "Sginal"), "class 'Sginal' has no events.*did you mean 'Signal'"),
        (lambda d: d.AddTree({"x": np.empty(0), "y": np.empty(0)}, "empty"), "class 'empty' has no events"),
        (lambda d: d.PrepareTrainingAndTestTree("", "nTrain_Signal=101"), "101 training events requested, 100 are"),
        (lambda d: d.PrepareTrainingAndTestTree("", "nTrain_Signal=100"), "class 'Signal' has no test events"),
        (lambda d: d.SetSignalWeightExpression("-w"), "the training weights sum to -"),
        (lambda d: d.AddVariable("x +* y"), "variable 'x \\+\\* y'"),
        (lambda d: d.AddTree({"x": np.zeros(3)}, "other"), "no column 'y'"),
    ],
)
def test_errors_name_what_is_wrong(change, message: str) -> None:
    loaded = loader()
    change(loaded)
    with pytest.raises(InvalidArgument, match=message):
        loaded.prepare(verbose=False)


def test_too_little_to_train() -> None:
    empty = DataLoader()
    with pytest.raises(InvalidArgument, match="has no variables"):
        empty.prepare()
    empty.AddVariable("x")
    with pytest.raises(InvalidArgument, match="there are no events"):
        empty.prepare()
    with pytest.raises(InvalidArgument, match="no class is known yet"):
        empty.AddCut("x > 1")
    empty.AddSignalTree(events(10))
    with pytest.raises(InvalidArgument, match="only one class, 'Signal'"):
        empty.prepare()
    with pytest.raises(InvalidArgument, match="weight of a tree is 'w'"):
        empty.AddBackgroundTree(events(10), "w")


def test_a_column_name_wins_over_an_expression() -> None:
    signal, background = events(20), events(20)
    for columns in (signal, background):
        columns["b-tag"] = np.arange(20.0)
    loaded = DataLoader()
    loaded.AddVariable("b-tag")
    loaded.AddSignalTree(signal)
    loaded.AddBackgroundTree(background)
    sample = prepared(loaded).training
    np.testing.assert_array_equal(sample.variables[:, 0], sample.entry)


def test_variables_array() -> None:
    signal, background = events(20), events(20)
    for columns in (signal, background):
        columns["hits"] = np.arange(60.0).reshape(20, 3)
    loaded = DataLoader()
    loaded.AddVariablesArray("hits", 3)
    loaded.AddVariable("first := hits[0] + hits[2]")
    loaded.AddSignalTree(signal)
    loaded.AddBackgroundTree(background)
    sample = prepared(loaded).training
    np.testing.assert_array_equal(sample.variables[:, :3], background["hits"][sample.entry])
    np.testing.assert_array_equal(sample.variables[:, 3], background["hits"][sample.entry][:, [0, 2]].sum(axis=1))
    assert [v.label for v in loaded.dataset.info.variables[:3]] == ["hits[0]", "hits[1]", "hits[2]"]
    loaded.AddVariable("hits")
    with pytest.raises(InvalidArgument, match="hits"):
        loaded.prepare()


def test_copy_is_independent() -> None:
    first = loader()
    second = first.MakeCopy("other")
    second.AddVariable("y")
    second.AddCut("x > 0")
    assert (first.name, second.name) == ("test", "other")
    assert len(first._variables) == 2
    assert first._cuts == {}


def test_files_are_read_when_needed(tmp_path: Path) -> None:
    path = tmp_path / "events.npz"
    np.savez(path, **events(30))
    loaded = DataLoader()
    loaded.AddVariable("x")
    loaded.AddSignalTree(str(path))
    loaded.AddBackgroundTree(events(30))
    assert len(prepared(loaded).training) == 30
    with pytest.raises(FileNotFoundError, match="no such file"):
        loaded.AddSignalTree(str(tmp_path / "none.root"))


class ManyEvents(Table):
    """Millions of events that exist only while they are read."""

    description = "many events"
    columns = tuple(f"c{i}" for i in range(20))
    length = 2_000_000

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[dict[str, np.ndarray]]:
        self.asked.update(columns)
        for start in range(0, self.length, chunk):
            entry = np.arange(start, min(start + chunk, self.length))
            yield {name: np.sin(entry * (i + 1.0)) for i, name in enumerate(columns)}


def test_memory_is_that_of_the_selected_columns() -> None:
    """2 million events of 20 float64 columns would be 320 MB; two float32 variables of a tenth of them are 1.6 MB."""
    tables = ManyEvents(), ManyEvents()
    loaded = DataLoader()
    loaded.AddVariable("c0")
    loaded.AddVariable("c1 * c2")
    loaded.AddSignalTree(tables[0])
    loaded.AddBackgroundTree(tables[1])
    loaded.PrepareTrainingAndTestTree("c3 > 0.95", "!V")
    tracemalloc.start()
    dataset = loaded.dataset
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = len(dataset.training) + len(dataset.test)
    assert kept == pytest.approx(4_000_000 * np.arccos(0.95) / np.pi, rel=0.01)
    assert tables[0].asked == {"c0", "c1", "c2", "c3"}
    event = 2 * 4 + 4 + 8 + 8 + 8 + 8 + 1  # variables, class, two weights, entry, order, tree type
    assert peak < 3 * kept * event + 40 * 100_000 * 8  # a few copies of these, and some chunks
