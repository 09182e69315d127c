"""TMVA's Category: several methods, each for the events of one cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..._core import Expression, InvalidArgument
from ..._near_misses import near_misses
from ...data.sample import DataSet, DataSetInfo, Sample, VariableInfo
from ...data.split import normalisation_factors
from ..booking import BookedMethod, book
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample


class Category(Method):
    """Events are divided by cuts, and each part has a method, variables and options of its own (tmva.md 1.8).

    ``BookMethod`` returns a handle whose ``AddMethod`` adds the parts. The cuts read variables and spectators of the
    DataLoader; every event must pass exactly one of them.
    """

    type_name: ClassVar[str] = "Category"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    options: ClassVar[tuple[Option, ...]] = ()

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        raise InvalidArgument(
            f"{self.title}: a Category is trained by its parts; call AddMethod on what BookMethod gave"
        )


@dataclass
class Part:
    """One category: its cut and the method that is trained on the events that pass."""

    cut: str
    booked: BookedMethod


@dataclass
class BookedCategory(BookedMethod):
    """A booked Category; ``AddMethod`` adds its parts."""

    parts: list[Part] = field(default_factory=list)

    def AddMethod(
        self, cut: Any, variables: str | Sequence[str], type: Any, title: str, options: str = "", **keywords: Any
    ) -> BookedMethod:
        """Add a category.

        Parameters
        ----------
        cut : str or TCut
            Which events belong to it, of variables and spectators of the DataLoader; an event passes where the value is
            0.5 or more. The cuts of all categories must exclude each other and leave no event out.
        variables : str or sequence of str
            ``"var1:var2"`` or a list: which variables (or spectators) the method gets, by label or expression.
        type, title, options, keywords
            As in ``Factory.BookMethod``; the title is unique among the categories.

        Returns
        -------
        BookedMethod, the part

        Raises
        ------
        InvalidArgument
            A syntax error in the cut, names that are neither variable nor spectator, what ``BookMethod`` refuses, a
            Category inside of a Category, methods that are no native ones.
        """
        info = self.dataset.info
        text = _cut_text(cut)
        where = f"{self.title}: AddMethod {title!r}"
        if any(part.booked.title == title for part in self.parts):
            raise InvalidArgument(f"{where}: a category of that title exists; titles are unique")
        for name in Expression(text or "1").inputs:
            _find(name, info, f"{where}: the cut {text!r}")
        chosen = _variables(variables, info, where)
        part_info = DataSetInfo(chosen, (), info.targets, info.class_names, info.signal_class)
        data = DataSet(f"{self.dataset.name}, category {title!r}", part_info, self.dataset.training, self.dataset.test)
        booked = book(data, self.analysis_type, type, title, options, keywords)
        if booked.type_name == "Category":
            raise InvalidArgument(f"{where}: a Category cannot be a part of a Category")
        if not booked.native:
            raise InvalidArgument(
                f"{where}: {booked.type_name} is not a method of Diskern's own; only those can be parts"
            )
        self.parts.append(Part(text, booked))
        return booked

    def take_parts(self, other: BookedCategory) -> None:
        """The parts of another one, booked anew."""
        for part in other.parts:
            labels = [v.label for v in part.booked.dataset.info.variables]
            inner = part.booked
            self.AddMethod(part.cut, labels, inner.kind, inner.title, inner.option_text, **inner.keywords)

    def part_sample(self, sample: Sample, part: Part, *, normalise: bool) -> Sample:
        """The events of a part with its variables; weights follow NormMode within it where ``normalise``."""
        own = part.booked.dataset.info
        columns = [_column(sample, self.dataset.info, v.label) for v in own.variables]
        weight = sample.weight
        mode = str(self.dataset.split_options.get("NormMode", "None"))
        if normalise and mode != "None" and self.analysis_type != "Regression":
            classes = range(len(own.class_names))
            counts = [int(np.count_nonzero(sample.class_index == c)) for c in classes]
            sums = [float(weight[sample.class_index == c].sum()) for c in classes]
            if all(total > 0 for total in sums):  # where not, the check of the sample says so
                factors = np.array(normalisation_factors(mode, counts, sums, own.class_names))
                weight = weight * factors[sample.class_index]
        return Sample(
            np.ascontiguousarray(np.column_stack(columns), np.float32),
            sample.class_index,
            weight,
            sample.original_weight,
            sample.targets,
            sample.spectators,
            sample.entry,
        )

    def masks(self, sample: Sample, what: str) -> list[NDArray[np.bool_]]:
        """Which events pass the cut of each part.

        Raises
        ------
        InvalidArgument
            An event passes no cut, or several.
        """
        if not self.parts:
            raise InvalidArgument(f"{self.title}: a Category needs parts; call AddMethod on what BookMethod gave")
        info = self.dataset.info
        masks = []
        for part in self.parts:
            expression = Expression(part.cut or "1")
            columns = {name: _column(sample, info, name) for name in expression.inputs}
            masks.append(np.asarray(expression.evaluate(columns, len(sample)) >= 0.5))
        counts = np.sum(masks, axis=0)
        for bad, how in ((counts == 0, "none of the cuts"), (counts > 1, "several of the cuts")):
            if bad.any():
                raise InvalidArgument(
                    f"{self.title}: {int(bad.sum())} of {len(sample)} {what} events pass {how} of the categories "
                    f"(the first is event {int(bad.argmax())}); every event must pass exactly one: "
                    f"{', '.join(repr(part.cut) for part in self.parts)}"
                )
        return masks


def _cut_text(cut: Any) -> str:
    if isinstance(cut, str):
        return cut.strip()
    if hasattr(cut, "GetTitle"):  # TCut
        return str(cut.GetTitle()).strip()
    raise InvalidArgument(f"a cut must be text, got {type(cut).__name__}")


def _names(variable: VariableInfo) -> tuple[str, str, str]:
    return variable.label, variable.expression, variable.internal


def _find(name: str, info: DataSetInfo, reader: str) -> VariableInfo:
    """A variable, else a spectator, by label, expression or TMVA's internal name."""
    for variable in (*info.variables, *info.spectators):
        if name in _names(variable):
            return variable
    known = [v.label for v in (*info.variables, *info.spectators)]
    raise InvalidArgument(
        f"{reader} reads {name!r}, which is neither a variable nor a spectator{near_misses(name, known)} "
        f"(known: {', '.join(known)}); declare it with AddSpectator"
    )


def _column(sample: Sample, info: DataSetInfo, name: str) -> NDArray[Any]:
    for j, variable in enumerate(info.variables):
        if name in _names(variable):
            return np.ascontiguousarray(sample.variables[:, j])
    return sample.spectators[_find(name, info, "the category").label]


def _variables(variables: str | Sequence[str], info: DataSetInfo, where: str) -> tuple[VariableInfo, ...]:
    names = variables.split(":") if isinstance(variables, str) else list(variables)
    names = [str(name).strip() for name in names]
    if not names or not all(names):
        raise InvalidArgument(f'{where}: variables must be names as "var1:var2", got {variables!r}')
    if len(set(names)) != len(names):
        raise InvalidArgument(f"{where}: a variable comes twice in {variables!r}")
    return tuple(_find(name, info, where) for name in names)
