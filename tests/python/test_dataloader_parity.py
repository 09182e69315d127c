"""TMVA's own training and test events, replayed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diskern.tmva.dataloader import DataLoader

BOOKED = {
    "class_tut": (
        ("myvar1 := var1+var2", "myvar2 := var1-var2", "var3", "var4"),
        ("spec1 := var1*2", "spec2 := var1*3"),
        {"Signal": "TreeS", "Background": "TreeB"},
    ),
    "multiclass": (
        ("var1", "var2", "var3", "var4"),
        (),
        {"Signal": "TreeS", "bg0": "TreeB0", "bg1": "TreeB1", "bg2": "TreeB2"},
    ),
}
FILES = {"class_tut": "tmva_class_example.root", "multiclass": "tmva_multiclass_example.root"}


def stored(data_directory: Path, folder: str, sample: str) -> dict[str, np.ndarray]:
    path = data_directory / "tmva_trained" / folder / f"{sample}_events.npz"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.mark.parametrize(("folder", "norm_mode"), [("class_tut", "NumEvents"), ("multiclass", "None")])
def test_replay_of_a_stored_split(data_directory: Path, folder: str, norm_mode: str) -> None:
    """TMVA's split, given event by event: same variables, same order, same weights after NormMode as TMVA stored."""
    variables, spectators, trees = BOOKED[folder]
    import uproot

    loader = DataLoader(folder)
    for expression in variables:
        loader.AddVariable(expression)
    for expression in spectators:
        loader.AddSpectator(expression)
    classes = dict(enumerate(trees))
    with uproot.open(data_directory / "root_tutorials" / FILES[folder]) as file:
        columns = {name: file[tree].arrays(library="np") for name, tree in trees.items()}
    for sample in ("train", "test"):
        events = stored(data_directory, folder, sample)
        replay = {"class": events["classID"], "origin": events["orig_entry"]}
        for branch in ("var1", "var2", "var3", "var4"):
            replay[branch] = np.empty(len(events["classID"]), np.float32)
        replay["weight"] = np.ones(len(events["classID"]), np.float32)
        for index, name in classes.items():
            mask = events["classID"] == index
            for branch in ("var1", "var2", "var3", "var4", *(("weight",) if "weight" in columns[name] else ())):
                replay[branch][mask] = columns[name][branch][events["orig_entry"][mask]]
        loader.AddLabelledTree(replay, "class", classes, tree_type=sample)
    if folder == "class_tut":
        loader.SetBackgroundWeightExpression("weight")
    loader.PrepareTrainingAndTestTree("", f"MixMode=Input:NormMode={norm_mode}:!V")
    dataset = loader.dataset
    for name, sample in (("train", dataset.training), ("test", dataset.test)):
        expected = stored(data_directory, folder, name)
        np.testing.assert_array_equal(sample.class_index, expected["classID"])
        for i, info in enumerate(dataset.info.variables):
            np.testing.assert_array_equal(sample.variables[:, i], expected[info.label])
        for info in dataset.info.spectators:
            np.testing.assert_allclose(sample.spectators[info.label], expected[info.label], rtol=1e-6)
        np.testing.assert_allclose(sample.weight, expected["weight"], rtol=2e-7)


def test_counts_of_the_tutorial(data_directory: Path) -> None:
    """TMVAClassification.C's preparation gives as many events and the same sums of training weights as TMVA."""
    path = data_directory / "root_tutorials" / "tmva_class_example.root"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    loader = DataLoader("dataset")
    loader.AddVariable("myvar1 := var1+var2", "F")
    loader.AddVariable("myvar2 := var1-var2", "Expression 2", "", "F")
    loader.AddVariable("var3", "Variable 3", "units", "F")
    loader.AddVariable("var4", "Variable 4", "units", "F")
    loader.AddSignalTree(f"{path}:TreeS", 1.0)
    loader.AddBackgroundTree(f"{path}:TreeB", 1.0)
    loader.SetBackgroundWeightExpression("weight")
    options = "nTrain_Signal=1000:nTrain_Background=1000:SplitMode=Random:NormMode=NumEvents:!V"
    loader.PrepareTrainingAndTestTree("", options)
    dataset = loader.dataset
    for name, sample in (("train", dataset.training), ("test", dataset.test)):
        expected = stored(data_directory, "class_tut", name)
        np.testing.assert_array_equal(np.bincount(sample.class_index), np.bincount(expected["classID"]))
    for index in (0, 1):
        assert dataset.training.weight[dataset.training.class_index == index].sum() == pytest.approx(1000)


def test_ranges_are_those_of_the_weight_file(data_directory: Path) -> None:
    """Min and Max of the variables, as TMVA wrote them into its weight files (from the training events)."""
    events = stored(data_directory, "class_tut", "train")
    held = stored(data_directory, "class_tut", "test")
    loader = DataLoader("ranges")
    for label in ("myvar1", "myvar2", "var3", "var4"):
        loader.AddVariable(label)
    for sample, given in (("Train", events), ("Test", held)):
        loader.AddLabelledTree(given, "classID", {0: "Signal", 1: "Background"}, tree_type=sample)
    loader.PrepareTrainingAndTestTree("", "MixMode=Input:!V")
    found = [(v.minimum, v.maximum) for v in loader.dataset.info.variables]
    # class_tut/weights/Fisher.weights.xml
    expected = [
        (-8.14423561, 7.26972866),
        (-3.96643972, 4.02589369),
        (-5.03730011, 4.27845287),
        (-5.95050764, 4.64035463),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-8)
