"""Reads tables chunk by chunk: evaluates variables, weights and cuts, and keeps what the training needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import Expression, InvalidArgument
from .accounting import WeightSums
from .sample import VariableInfo
from .table import DEFAULT_CHUNK, Column, Columns, Table, concatenate

UNDECIDED, TRAINING, TEST, VALIDATION = 0, 1, 2, 3
TREE_TYPE_NAMES = ("undecided", "training", "test", "validation")


class ColumnExpression:
    """An expression bound to one table: a column where one has exactly this name, else evaluated by `Expression`.

    So a column named ``jet1_b-tag`` can be read by its name, although as an expression it would be a difference.
    """

    def __init__(self, text: str, table: Table, role: str) -> None:
        self.text, self._role = text, role
        self._expression: Any = None
        if text in set(table.columns):
            self.reads: tuple[str, ...] = (text,)
            return
        try:
            self._expression = Expression(text)
            inputs = self._expression.inputs
            known = set(table.columns)
            # "x[0]" is a column of its own in a Table; a name in the expression may also be the whole column.
            self.reads = tuple(inputs)
            if not set(self.reads) <= known:
                table.check(self.reads)
        except InvalidArgument as error:
            raise InvalidArgument(f"{role} {text!r}: {error}") from None

    def values(self, columns: Columns, events: int) -> Column:
        """One value per event, with the dtype of a plain column, float64 or an exact one of an expression."""
        if self._expression is None:
            values = columns[self.text]
            if values.dtype.kind == "U":
                raise InvalidArgument(f"{self._role} {self.text!r} is text; expected booleans, integers or floats")
            return values
        result = np.asarray(self._expression.evaluate_exact({name: columns[name] for name in self.reads}, events))
        if result.shape != (events,):
            raise InvalidArgument(f"{self._role} {self.text!r} gives {result.shape} values for {events} events")
        return result

    def passes(self, columns: Columns, events: int) -> NDArray[np.bool_]:
        """Which events pass this as a cut: value >= 0.5; NaN fails."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.values(columns, events) >= 0.5)


@dataclass
class TreeInput:
    """Events given to a DataLoader by one call.

    Attributes
    ----------
    table : where they are
    class_of : the class of all events, or None when `label` tells
    label : expression whose value is a key of `classes`
    classes : value of the label -> class name; events with other values are an error
    """

    table: Table
    class_of: str | None
    weight: float = 1.0
    cut: str = ""
    tree_type: int = UNDECIDED
    label: str = ""
    classes: Mapping[Any, str] = field(default_factory=dict)
    # Events given one by one bring their values and weights along: columns are named by label, weights are final.
    direct: bool = False
    weight_column: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        return (self.class_of,) if self.class_of is not None else tuple(dict.fromkeys(self.classes.values()))


@dataclass
class SelectionPlan:
    """What is read from every input."""

    variables: Sequence[VariableInfo]
    targets: Sequence[VariableInfo]
    spectators: Sequence[VariableInfo]
    cuts: Mapping[str, str]  # class name -> cut
    weights: Mapping[str, str]  # class name -> weight expression
    nan: str = "drop"
    chunk: int = DEFAULT_CHUNK


@dataclass
class ClassEvents:
    """The selected events of one class, as lists of chunks."""

    read: int = 0
    passed: WeightSums = field(default_factory=WeightSums)
    kept: WeightSums = field(default_factory=WeightSums)
    nan_by_column: dict[str, int] = field(default_factory=dict)
    infinite: int = 0  # events with an infinite variable (kept)
    variables: list[NDArray[np.float32]] = field(default_factory=list)
    targets: list[NDArray[np.float32]] = field(default_factory=list)
    spectators: list[Columns] = field(default_factory=list)
    weight: list[NDArray[np.float64]] = field(default_factory=list)
    entry: list[NDArray[np.int64]] = field(default_factory=list)
    order: list[NDArray[np.int64]] = field(default_factory=list)
    tree_type: list[NDArray[np.int8]] = field(default_factory=list)


def _cut_text(*cuts: str) -> str:
    given = [cut.strip() for cut in cuts if cut and cut.strip()]
    return " && ".join(f"({cut})" for cut in given) if len(given) > 1 else (given[0] if given else "")


join_cuts = _cut_text


def check_inputs(inputs: Sequence[TreeInput], plan: SelectionPlan) -> None:
    """Compile every expression against the columns of every input; no event is read.

    Raises
    ------
    InvalidArgument
        a column that an input lacks (with near misses), a syntax error
    """
    for source in inputs:
        _Reader(source, plan)


class _Reader:
    """One input with everything compiled against its table."""

    def __init__(self, source: TreeInput, plan: SelectionPlan) -> None:
        self.source, self.plan, table = source, plan, source.table

        def bind(infos: Sequence[VariableInfo], role: str) -> list[ColumnExpression]:
            return [ColumnExpression(info.label if source.direct else info.expression, table, role) for info in infos]

        self.variables = bind(plan.variables, "variable")
        self.targets = bind(plan.targets, "target")
        self.spectators = bind(plan.spectators, "spectator")
        self.label = ColumnExpression(source.label, table, "label") if source.label else None
        self.tree_cut = ColumnExpression(source.cut, table, "cut") if source.cut.strip() else None
        self.cuts: dict[str, ColumnExpression] = {}
        self.weights: dict[str, ColumnExpression] = {}
        for name in source.class_names:
            if plan.cuts.get(name, "").strip():
                self.cuts[name] = ColumnExpression(plan.cuts[name], table, f"cut of class {name!r}:")
            weight = source.weight_column or ("" if source.direct else plan.weights.get(name, ""))
            if weight.strip():
                self.weights[name] = ColumnExpression(weight, table, f"weight expression of class {name!r}:")
        everything = [*self.variables, *self.targets, *self.spectators, *self.cuts.values(), *self.weights.values()]
        everything += [part for part in (self.label, self.tree_cut) if part is not None]
        self.columns = tuple(dict.fromkeys(name for part in everything for name in part.reads)) or table.columns[:1]

    def chunks(self) -> Iterator[tuple[int, int, Columns]]:
        """First entry, number of events and columns of each chunk."""
        start = 0
        for columns in self.source.table.iterate(self.columns, self.plan.chunk):
            events = len(next(iter(columns.values()))) if columns else 0
            yield start, events, columns
            start += events

    def by_class(self, columns: Columns, events: int, start: int) -> Iterator[tuple[str, NDArray[np.bool_] | None]]:
        """Class names with the mask of their events; None for all."""
        source = self.source
        if source.class_of is not None:
            yield source.class_of, None
            return
        assert self.label is not None
        if self.label.text in columns and columns[self.label.text].dtype.kind == "U":
            values: Column = columns[self.label.text]
        else:
            values = self.label.values(columns, events)
        known = np.zeros(events, dtype=np.bool_)
        for name in source.class_names:
            mask = np.zeros(events, dtype=np.bool_)
            for key, class_name in source.classes.items():
                if class_name == name:
                    mask |= values == (str(key) if values.dtype.kind == "U" else key)
            known |= mask
            yield name, mask
        if not known.all():
            row = int(np.argmin(known))
            raise InvalidArgument(
                f"label {source.label!r} is {values[row].item()!r} in event {start + row} of "
                f"{source.table.description}; expected one of {', '.join(repr(key) for key in source.classes)}"
            )


def read_events(inputs: Sequence[TreeInput], plan: SelectionPlan, classes: Sequence[str]) -> dict[str, ClassEvents]:
    """Read all inputs; only the columns that are needed, chunk by chunk, each cut before it is kept.

    Memory: the float32 variables and targets, exact spectators, weight and origin of the events that pass.

    Raises
    ------
    InvalidArgument
        Unknown columns, text or arrays where numbers are wanted, NaN where `plan.nan` forbids it, infinite weights.
    """
    result = {name: ClassEvents() for name in classes}
    offset = 0
    for source in inputs:
        reader = _Reader(source, plan)
        for start, events, columns in reader.chunks():
            for name, mask in reader.by_class(columns, events, start):
                _select(reader, name, mask, columns, events, start, offset, result[name])
        offset = sum(part.read for part in result.values())
    _warn_nan(result, plan)
    return result


def _select(
    reader: _Reader,
    name: str,
    mask: NDArray[np.bool_] | None,
    columns: Columns,
    events: int,
    start: int,
    offset: int,
    out: ClassEvents,
) -> None:
    source, plan = reader.source, reader.plan
    entry = np.arange(start, start + events, dtype=np.int64)
    if mask is not None and not mask.all():
        columns, entry = {key: column[mask] for key, column in columns.items()}, entry[mask]
    out.read += len(entry)
    for cut in (reader.tree_cut, reader.cuts.get(name)):
        if cut is not None:
            passed = cut.passes(columns, len(entry))
            if not passed.all():
                columns, entry = {key: column[passed] for key, column in columns.items()}, entry[passed]
    n = len(entry)
    weight = np.full(n, source.weight, dtype=np.float64)
    if name in reader.weights:
        weight *= reader.weights[name].values(columns, n)
    if np.isinf(weight).any():
        row = int(np.argmax(np.isinf(weight)))
        raise InvalidArgument(
            f"class {name!r}: the weight of event {entry[row]} of {source.table.description} is infinite"
            + (f" (weight expression {reader.weights[name].text!r})" if name in reader.weights else "")
        )
    variables = np.empty((n, len(plan.variables)), dtype=np.float32)
    targets = np.empty((n, len(plan.targets)), dtype=np.float32)
    with np.errstate(over="ignore"):
        for i, column in enumerate(reader.variables):
            variables[:, i] = column.values(columns, n)
        for i, column in enumerate(reader.targets):
            targets[:, i] = column.values(columns, n)
    spectators = {
        info.label: column.values(columns, n) for info, column in zip(plan.spectators, reader.spectators, strict=True)
    }
    good = _without_nan(reader, name, out, entry, weight, variables, targets, spectators)
    out.passed.add(np.where(np.isnan(weight), 0.0, weight))
    if not good.all():
        variables, targets, weight, entry = variables[good], targets[good], weight[good], entry[good]
        spectators = {label: column[good] for label, column in spectators.items()}
    else:
        spectators = {label: column.copy() for label, column in spectators.items()}  # not a view that keeps the chunk
    if np.isinf(targets).any():
        row = int(np.argmax(np.isinf(targets).any(axis=1)))
        raise InvalidArgument(f"a target of event {entry[row]} of {source.table.description} is infinite")
    out.infinite += int(np.count_nonzero(np.isinf(variables).any(axis=1)))
    out.kept.add(weight)
    out.variables.append(variables)
    out.targets.append(targets)
    out.spectators.append(spectators)
    out.weight.append(weight)
    out.entry.append(entry)
    out.order.append(entry + offset)
    out.tree_type.append(np.full(len(entry), source.tree_type, dtype=np.int8))


def _without_nan(
    reader: _Reader,
    name: str,
    out: ClassEvents,
    entry: NDArray[np.int64],
    weight: NDArray[np.float64],
    variables: NDArray[np.float32],
    targets: NDArray[np.float32],
    spectators: Columns,
) -> NDArray[np.bool_]:
    """Events to keep; counts the NaN of each column, and refuses those that `plan.nan` does not allow."""
    plan = reader.plan
    good = np.ones(len(entry), dtype=np.bool_)

    def found(label: str, bad: NDArray[np.bool_], may_keep: bool) -> None:
        count = int(np.count_nonzero(bad))
        if not count:
            return
        out.nan_by_column[label] = out.nan_by_column.get(label, 0) + count
        if plan.nan == "keep" and may_keep:
            return
        if plan.nan != "drop":
            row = int(np.argmax(bad))
            raise InvalidArgument(
                f"class {name!r}: {label} is NaN in event {entry[row]} of {reader.source.table.description} "
                f"(nan={plan.nan!r}"
                + ("; 'keep' keeps NaN of variables and spectators only)" if plan.nan == "keep" else ")")
            )
        good[bad] = False

    for i, info in enumerate(plan.variables):
        found(f"variable {info.label!r}", np.isnan(variables[:, i]), True)
    for i, info in enumerate(plan.targets):
        found(f"target {info.label!r}", np.isnan(targets[:, i]), False)
    for label, column in spectators.items():
        if column.dtype.kind == "f":
            found(f"spectator {label!r}", np.isnan(column), True)
    found("the weight", np.isnan(weight), False)
    return good


def _warn_nan(result: Mapping[str, ClassEvents], plan: SelectionPlan) -> None:
    if plan.nan != "drop":
        return
    for name, events in result.items():
        dropped = events.passed.events - events.kept.events
        if dropped:
            listed = ", ".join(f"{label}: {count}" for label, count in events.nan_by_column.items())
            warnings.warn(
                f"class {name!r}: {dropped} of {events.passed.events} events dropped because of NaN ({listed}); "
                "nan='keep' keeps them for methods that take missing values",
                UserWarning,
                stacklevel=6,
            )


def join_spectators(labels: Sequence[str], parts: Sequence[Columns]) -> Columns:
    """Chunks of spectators as one array each, with their common dtype."""
    return {label: concatenate(label, [part[label] for part in parts]) for label in labels}
