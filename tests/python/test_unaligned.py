"""Arrays whose elements do not lie on the boundaries of their type: copied at the door, refused by the core."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, _core
from diskern._validation import check_events, check_target
from diskern.evaluation import efficiency_deviation, protected_bins
from diskern.expression import Expression
from diskern.tmva import Reader

pytest.importorskip("sklearn")


def unaligned(array: Any) -> Any:
    """The same numbers, one byte behind where they should be."""
    array = np.asarray(array)
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    events = generator.normal(size=(120, 3)).astype(np.float32)
    return events, events[:, 0] + 0.5 * generator.normal(size=120), generator.uniform(0.5, 2.0, 120)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name",
    [
        "GradientBoostedTreesClassifier",
        "GradientBoostedTreesRegressor",
        "FlatGradientBoostedTreesClassifier",
        "AdaBoostTreesClassifier",
        "RandomForestRegressor",
        "LinearDiscriminantRegressor",
        "FisherClassifier",
    ],
)
def test_estimators_take_them(name: str, kind: Any) -> None:
    events, target, weight = sample()
    events = events.astype(kind)
    answer = (target > 0).astype(np.int64) if "Classifier" in name else target
    more = {"protected": events[:, 2].astype(np.float64)} if "Flat" in name else {}

    def fitted(moved: Any) -> Any:
        made = getattr(diskern, name)()
        made.set_params(**{key: 3 for key in ("n_estimators",) if key in made.get_params()})
        made.set_params(**{key: 0 for key in ("random_state",) if key in made.get_params()})
        made.set_params(**{key: 4 for key in ("n_bins",) if key in made.get_params()})
        return made.fit(moved(events), moved(answer), moved(weight), **{key: moved(it) for key, it in more.items()})

    plain = fitted(lambda array: array)
    moved = fitted(unaligned)
    assert np.array_equal(plain.predict(events), moved.predict(events))
    assert np.array_equal(plain.predict(events), plain.predict(unaligned(events)))


def test_the_door_gives_aligned_arrays() -> None:
    events, target, _ = sample()
    for given in (events, events.astype(np.float64)):
        checked = check_events(unaligned(given))
        assert checked.flags.aligned
        assert np.array_equal(checked, events)
    assert check_events(events) is events  # no copy of what is good
    assert check_target(unaligned(target), len(target)).flags.aligned


def packed(events: np.ndarray) -> np.ndarray:
    """A structured array without gaps, so that no column but the first byte is aligned."""
    table = np.zeros(len(events), [("flag", "u1"), ("x0", "f8"), ("x1", "f4"), ("x2", "f4")])
    for j in range(3):
        table[f"x{j}"] = events[:, j]
    assert not table["x0"].flags.aligned
    return table


def test_models_and_readers_take_them(tmp_path: Any) -> None:
    events, target, _ = sample()
    made = diskern.GradientBoostedTreesClassifier(n_estimators=3, min_samples_leaf=2).fit(events, target > 0)
    path = tmp_path / "model.diskern"
    made.save(path)
    model = diskern.load(path)
    expected = model.evaluate(events)
    assert len(np.unique(expected)) > 3
    assert np.array_equal(model.evaluate(unaligned(events)), expected)
    assert np.array_equal(model.evaluate(unaligned(events.astype(np.float64))), expected)
    assert np.array_equal(model.evaluate(packed(events)), expected)
    assert np.array_equal(model.evaluate({f"x{j}": unaligned(events[:, j]) for j in range(3)}), expected)
    assert np.array_equal(model.evaluate_inputs(unaligned(events.astype(np.float64))), expected)
    reader = Reader("Silent")
    reader.BookMVA("trees", str(path))
    assert np.array_equal(reader.EvaluateMVA(unaligned(events), "trees"), reader.EvaluateMVA(events, "trees"))


def test_expressions_and_measures_take_them() -> None:
    events, target, weight = sample()
    table = packed(events)
    expected = events[:, 0].astype(np.float64) * events[:, 1]
    assert np.allclose(Expression("x0*x1").evaluate({name: table[name] for name in ("x0", "x1")}), expected)
    bins = protected_bins(unaligned(events[:, 2].astype(np.float64)), unaligned(weight))
    assert np.array_equal(bins, protected_bins(events[:, 2], weight))
    assert efficiency_deviation(unaligned(target), bins, unaligned(weight)) == efficiency_deviation(
        target, bins, weight
    )


@pytest.mark.parametrize("argument", ["events", "weight", "class_index"])
def test_the_core_refuses_them(argument: str) -> None:
    events, target, weight = sample()
    given = {"events": events, "weight": weight, "class_index": (target > 0).astype(np.int32)}
    given[argument] = unaligned(given[argument])
    with pytest.raises(InvalidArgument, match=f"{argument} is not aligned"):
        _core.fit_gradient_boosting(_core.GradientBoostingParams(), **given, target=None, n_classes=2)


def test_evaluation_in_the_core_refuses_them() -> None:
    events, target, _ = sample()
    predictor = diskern.GradientBoostedTreesClassifier(n_estimators=2).fit(events, target > 0).predictor_
    with pytest.raises(InvalidArgument, match="is not aligned"):
        predictor.evaluate(unaligned(events))
    wide = np.zeros((len(events), 3), [("value", "f8"), ("flag", "u1")])["value"]
    with pytest.raises(InvalidArgument, match="is not aligned"):
        predictor.evaluate(wide)  # the first element may be aligned, the second is not
