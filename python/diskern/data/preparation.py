"""From selected events to the training, test and validation samples (TMVA's PrepareTrainingAndTestTree)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .accounting import EventAccounting, WeightSums
from .sample import DataSet, DataSetInfo, Sample, VariableInfo
from .selection import (
    TEST,
    TRAINING,
    UNDECIDED,
    VALIDATION,
    ClassEvents,
    SelectionPlan,
    TreeInput,
    join_spectators,
    read_events,
)
from .split import Index, Purpose, mix_classes, normalisation_factors, split_class, split_counts, split_validation


def prepare_dataset(
    name: str,
    info: DataSetInfo,
    inputs: Sequence[TreeInput],
    plan: SelectionPlan,
    options: Mapping[str, Any],
) -> DataSet:
    """Read, split, normalise.

    Parameters
    ----------
    name : name of the data set
    info : variables, spectators, targets and classes; ranges that are not given are filled from the training sample
    inputs : events
    plan : what is read from them
    options : every option of PrepareTrainingAndTestTree by name (`tmva.dataloader.split_options`)

    Raises
    ------
    InvalidArgument
        No events, a class without events or with weights that are all zero, more events requested than there are.
    """
    classes = info.class_names
    selected = read_events(inputs, plan, classes)
    accounting = EventAccounting()
    _account_selection(accounting, selected, plan)
    for class_name in classes:
        _check_selected(class_name, selected[class_name], plan)
    seed = int(options["SplitSeed"]) or secrets.randbits(32)

    pool, order, tree_type = _pool(selected, classes, info)
    selected.clear()
    training, test, validation = _split(pool, tree_type, classes, options, seed, accounting, plan)

    mix = options["MixMode"] if options["MixMode"] != "SameAsSplitMode" else options["SplitMode"]
    index = {
        "training": mix_classes(training, order, mix, seed, Purpose.MIX_TRAINING),
        "test": mix_classes(test, order, mix, seed, Purpose.MIX_TEST),
        "validation": mix_classes(validation, order, mix, seed, Purpose.MIX_VALIDATION),
    }
    samples = {sample: pool.select(events) for sample, events in index.items()}
    del pool
    _normalise(samples, classes, options["NormMode"], accounting)
    ranges = _with_ranges(info, samples["training"])
    return DataSet(
        name,
        ranges,
        samples["training"],
        samples["test"],
        samples["validation"] if len(samples["validation"]) else None,
        accounting.rows,
        {**options, "SplitSeed": seed},
    )


def _account_selection(accounting: EventAccounting, selected: Mapping[str, ClassEvents], plan: SelectionPlan) -> None:
    """Rows of what was read, what the cuts and what NaN removed; a step that did nothing has no rows."""
    cut = any(events.passed.events != events.read for events in selected.values())
    with_nan = any(events.nan_by_column for events in selected.values())
    for name, events in selected.items():
        sums = WeightSums(events=events.read) if cut else events.passed
        accounting.add("read", name, sums, weights=not cut)  # weights are only known after the cut
    if cut:
        for name, events in selected.items():
            accounting.add("cut", name, events.passed, removed=events.read - events.passed.events)
    if with_nan:
        for name, events in selected.items():
            step = "NaN dropped" if plan.nan == "drop" else "NaN kept"
            accounting.add(step, name, events.kept, removed=events.passed.events - events.kept.events)
            accounting.rows[-1]["nan_by_column"] = dict(events.nan_by_column)
    for row in accounting.rows:
        row["infinite"] = selected[row["class"]].infinite  # selected events with an infinite variable


def _check_selected(name: str, events: ClassEvents, plan: SelectionPlan) -> None:
    if not events.read:
        raise InvalidArgument(f"class {name!r} has no events: its input is empty, or no tree was added for it")
    if not events.passed.events:
        raise InvalidArgument(f"class {name!r}: no event passes the cut ({events.read} were read)")
    if not events.kept.events:
        listed = ", ".join(f"{label}: {count}" for label, count in events.nan_by_column.items())
        raise InvalidArgument(
            f"class {name!r}: every event has a NaN and was dropped ({listed}); nan='keep' keeps them"
        )
    if events.kept.squares == 0:
        raise InvalidArgument(f"class {name!r}: the weights of all {events.kept.events} events are zero")


def _pool(
    selected: Mapping[str, ClassEvents], classes: Sequence[str], info: DataSetInfo
) -> tuple[Sample, Index, NDArray[np.int8]]:
    """All selected events in one Sample, class after class; their order of input and their tree types."""
    parts = [selected[name] for name in classes]

    def join(take: Callable[[ClassEvents], list[Any]]) -> NDArray[Any]:
        arrays = [array for part in parts for array in take(part)]
        joined: NDArray[Any] = np.concatenate(arrays)
        for part in parts:
            take(part).clear()  # one copy at a time
        return joined

    class_index = np.concatenate(
        [np.full(part.kept.events, i, dtype=np.int32) for i, part in enumerate(parts)], dtype=np.int32
    )
    spectators = join_spectators(
        [s.label for s in info.spectators], [chunk for part in parts for chunk in part.spectators]
    )
    for part in parts:
        part.spectators.clear()
    weight = join(lambda part: part.weight)
    pool = Sample(
        np.ascontiguousarray(join(lambda part: part.variables)),
        class_index,
        weight,
        weight.copy(),
        join(lambda part: part.targets),
        spectators,
        join(lambda part: part.entry),
    )
    return pool, join(lambda part: part.order), join(lambda part: part.tree_type)


def _split(
    pool: Sample,
    tree_type: NDArray[np.int8],
    classes: Sequence[str],
    options: Mapping[str, Any],
    seed: int,
    accounting: EventAccounting,
    plan: SelectionPlan,
) -> tuple[list[Index], list[Index], list[Index]]:
    """Events of the training, test and validation sample, per class."""
    training, test, validation = [], [], []
    read = {row["class"]: row["events"] for row in accounting.rows if row["step"] == "read"}
    for class_index, name in enumerate(classes):
        of_class = pool.class_index == class_index
        given = {
            kind: np.flatnonzero(of_class & (tree_type == kind)) for kind in (UNDECIDED, TRAINING, TEST, VALIDATION)
        }
        assigned = (len(given[TRAINING]), len(given[TEST]))
        available = sum(assigned) + len(given[UNDECIDED])
        requested = _requested(name, options, available, available + len(given[VALIDATION]), read[name])
        counts = split_counts(name, assigned, len(given[UNDECIDED]), requested)
        mine, others = split_class(
            given[TRAINING], given[TEST], given[UNDECIDED], counts, options["SplitMode"], seed, class_index
        )
        held_out = _validation_count(name, options, len(mine))
        mine, held = split_validation(mine, held_out, seed, class_index)
        held = np.concatenate([given[VALIDATION], held])
        for sample, events in (("training", mine), ("test", others)):
            if not len(events):
                raise InvalidArgument(
                    f"class {name!r} has no {sample} events: {available} are there, "
                    f"nTrain_{name}={options[f'nTrain_{name}']}, nTest_{name}={options[f'nTest_{name}']}, "
                    f"{held_out} for validation"
                )
            if not pool.weight[events].any():
                raise InvalidArgument(f"class {name!r}: the weights of all {len(events)} {sample} events are zero")
        training.append(mine)
        test.append(others)
        validation.append(held)
    del plan
    return training, test, validation


def _requested(name: str, options: Mapping[str, Any], available: int, selected: int, read: int) -> tuple[int, int]:
    """Requested numbers of training and test events of a class."""
    wanted = [int(options[f"nTrain_{name}"]), int(options[f"nTest_{name}"])]
    for key, value in zip(("nTrain", "nTest"), wanted, strict=True):
        if value < 0:
            raise InvalidArgument(f"{key}_{name} is {value}; expected a number of events, 0 = all")
    fraction = float(options[f"TrainTestSplit_{name}"])
    if fraction != 0:
        if not 0 < fraction < 1:
            raise InvalidArgument(f"TrainTestSplit_{name} is {fraction:g}; expected a fraction between 0 and 1")
        if any(wanted):
            raise InvalidArgument(
                f"TrainTestSplit_{name}={fraction:g} stands in place of nTrain_{name} and nTest_{name}; "
                f"got nTrain_{name}={wanted[0]}, nTest_{name}={wanted[1]} too"
            )
        return _not_none(int(fraction * available), f"TrainTestSplit_{name}={fraction:g}", available), 0
    if options["ScaleWithPreselEff"] and read:
        # The numbers were meant before the cuts; 0 is "all" and stays it.
        efficiency = selected / read
        for i, key in enumerate((f"nTrain_{name}", f"nTest_{name}")):
            if wanted[i]:
                what = f"{key}={wanted[i]} with ScaleWithPreselEff (efficiency of the cuts {efficiency:.3g})"
                wanted[i] = _not_none(int(wanted[i] * efficiency), what, available)
    return wanted[0], wanted[1]


def _not_none(count: int, what: str, available: int) -> int:
    """A requested number that came out as 0 would mean all events."""
    if count == 0:
        raise InvalidArgument(f"{what} gives no event of the {available} that are there")
    return count


def _validation_count(name: str, options: Mapping[str, Any], training: int) -> int:
    count = int(options[f"nValidation_{name}"])
    fraction = float(options["ValidationFraction"])
    if count < 0 or count >= max(training, 1):
        raise InvalidArgument(
            f"nValidation_{name} is {count}; expected 0 to {training - 1}, fewer than its training events"
        )
    if not 0 <= fraction < 1:
        raise InvalidArgument(f"ValidationFraction is {fraction:g}; expected a fraction from 0 to below 1")
    if count:
        return count
    if fraction and not int(fraction * training):
        raise InvalidArgument(
            f"ValidationFraction={fraction:g} gives no event of the {training} training events of class {name!r}"
        )
    return int(fraction * training)


def _normalise(samples: Mapping[str, Sample], classes: Sequence[str], mode: str, accounting: EventAccounting) -> None:
    """NormMode: factors from the training sample on its weights, and on those of validation so that losses compare."""
    training = samples["training"]
    masks = [training.class_index == i for i in range(len(classes))]
    counts = [int(np.count_nonzero(mask)) for mask in masks]
    sums = [float(training.weight[mask].sum()) for mask in masks]
    for name, mask in zip(classes, masks, strict=True):
        accounting.add_weights("split", name, training.weight[mask], sample="training")
    for label in ("validation", "test"):
        sample = samples[label]
        if len(sample):
            for i, name in enumerate(classes):
                accounting.add_weights("split", name, sample.weight[sample.class_index == i], sample=label)
    factors = normalisation_factors(mode, counts, sums, classes)
    for label in ("training", "validation"):
        sample = samples[label]
        if len(sample):
            sample.weight = sample.weight * np.asarray(factors)[sample.class_index]
            for i, (name, factor) in enumerate(zip(classes, factors, strict=True)):
                weight = sample.weight[sample.class_index == i]
                accounting.add_weights(f"NormMode={mode}", name, weight, sample=label)
                accounting.rows[-1]["factor"] = factor


def _with_ranges(info: DataSetInfo, training: Sample) -> DataSetInfo:
    """The ranges of the training sample, where the user gave none."""

    def ranged(variable: VariableInfo, column: NDArray[Any]) -> VariableInfo:
        if variable.minimum != variable.maximum:
            return variable
        finite = column[np.isfinite(column)] if column.dtype.kind == "f" else column
        if not len(finite):
            return variable
        return replace(variable, minimum=float(finite.min()), maximum=float(finite.max()))

    return replace(
        info,
        variables=tuple(ranged(v, training.variables[:, i]) for i, v in enumerate(info.variables)),
        targets=tuple(ranged(v, training.targets[:, i]) for i, v in enumerate(info.targets)),
        spectators=tuple(ranged(s, training.spectators[s.label]) for s in info.spectators),
    )
