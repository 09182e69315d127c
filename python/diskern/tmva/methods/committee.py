"""A committee: the weighted mean of the responses of other booked methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from ..._near_misses import near_misses
from ..booking import BookedMethod
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_SCALES = {
    "Response": _core.CommitteeScale.response,
    "Rank": _core.CommitteeScale.rank,
    "Probability": _core.CommitteeScale.probability,
}
_KNOTS = 1000  # of a table of ranks, at most


class Committee(Method):
    """The weighted mean of the responses of methods that were booked before, on the same DataLoader.

    ``Average=Response`` takes the responses as they are (of classifiers they should lie in one range, such as that of
    probabilities); ``Rank`` the part of the training sample (classes with equal sums of weights) with a smaller
    response, which makes any classifiers comparable; ``Probability`` that of signal, of members booked with
    ``CreateMVAPdfs``. The members are trained as they were booked, and are kept whole in the model of the committee.
    """

    type_name: ClassVar[str] = "Committee"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("Members", "str", "", "titles of the methods, separated by commas"),
        Option("MemberWeights", "str", "", "a number for each of them, separated by commas; empty: all the same"),
        Option(
            "Average",
            "choice",
            "Response",
            "what enters the mean: the response, its rank in the training sample, the probability of signal",
            tuple(_SCALES),
        ),
    )

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if not self.titles:
            raise InvalidArgument(f"{title}: Members is empty; name the methods, separated by commas")
        if len(set(self.titles)) != len(self.titles):
            raise InvalidArgument(f"{title}: a method comes twice in Members={self.values['Members']}")
        if self.values["Average"] != "Response" and analysis_type != "Classification":
            raise InvalidArgument(
                f"{title}: Average={self.values['Average']} is for classification, not for {analysis_type.lower()}"
            )
        self.weights = self._weights()

    @property
    def titles(self) -> list[str]:
        return [word.strip() for word in self.values["Members"].split(",") if word.strip()]

    def _weights(self) -> list[float]:
        text = self.values["MemberWeights"].strip()
        if not text:
            return [1.0] * len(self.titles)
        try:
            weights = [float(word) for word in text.split(",")]
        except ValueError:
            weights = []
        if len(weights) != len(self.titles) or not all(np.isfinite(w) and w >= 0 for w in weights) or sum(weights) <= 0:
            raise InvalidArgument(
                f"{self.title}: MemberWeights is {text!r}, expected {len(self.titles)} numbers of 0 or more, separated "
                "by commas, that are not all 0"
            )
        return weights

    def uses_validation(self) -> bool:
        return False

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        raise InvalidArgument(f"{self.title}: a Committee is made of methods that a Factory has trained")


@dataclass
class BookedCommittee(BookedMethod):
    """A booked Committee and its members."""

    members: list[BookedMethod] = field(default_factory=list)

    def take_members(self, booked: Sequence[BookedMethod]) -> None:
        """Find the members among the methods that are booked on the dataset.

        Raises
        ------
        InvalidArgument
            a title that is not booked, a method without a model file of its own, another committee, a Category, folds
        """
        known = {one.title: one for one in booked}
        self.members = []
        for title in cast(Committee, self.method).titles:
            if title not in known:
                raise InvalidArgument(
                    f"{self.title}: no method {title!r} is booked before it{near_misses(title, known)} "
                    f"(booked: {', '.join(known) or 'none'})"
                )
            member = known[title]
            if not member.native or member.type_name in ("Committee", "Category"):
                raise InvalidArgument(
                    f"{self.title}: {title!r} is a {member.type_name}, which cannot be part of a Committee"
                )
            # Of a weight file: the models of the folds of a cross-validation are of the type that was validated.
            held = member.model.predictor if isinstance(member.model, _core.Model) else None
            if isinstance(held, (_core.FoldsPredictor, _core.Categories, _core.Committee)):
                raise InvalidArgument(
                    f"{self.title}: {title!r} is made of the models of folds or categories, or is a committee, "
                    "which cannot be part of a Committee"
                )
            self.members.append(member)

    def combine(self, sample: Any, variables: Sequence[str], threads: int) -> _core.Committee:
        """The predictor, from the members as they were trained.

        Raises
        ------
        InvalidArgument
            a member is not trained, or has no densities of its response where they are needed
        """
        method = cast(Committee, self.method)
        models = []
        for member in self.members:
            if not isinstance(member.model, _core.Model):
                reason = f" ({member.error})" if member.error is not None else ""
                raise InvalidArgument(f"{self.title}: its member {member.title!r} is not trained{reason}")
            models.append(member.model)
        scale = _SCALES[method.values["Average"]]
        knots: list[NDArray[np.float64]] = []
        ranks: list[NDArray[np.float64]] = []
        if scale == _core.CommitteeScale.rank:
            signal = sample.class_index == self.dataset.info.signal_class
            for model in models:
                response = np.asarray(model.evaluate(sample.variables, threads=threads), np.float64)[:, 0]
                knot, rank = rank_table(response, sample.weight, signal)
                knots.append(knot)
                ranks.append(rank)
        return _core.Committee(
            list(variables),
            scale,
            models,
            method.weights,
            [one.tolist() for one in knots],
            [one.tolist() for one in ranks],
        )


def rank_table(
    response: NDArray[np.float64], weight: NDArray[np.float64], signal: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Responses in rising order, and the part of the sample below each (equal responses count half).

    Signal and background have equal sums. Negative weights count as none.

    Raises
    ------
    InvalidArgument
        all responses are the same
    """
    weight = np.maximum(weight, 0.0)
    share = np.where(signal, weight / weight[signal].sum(), weight / weight[~signal].sum()) / 2
    values, place = np.unique(response, return_inverse=True)
    if len(values) < 2:
        raise InvalidArgument("all responses of a member are the same: they have no ranks")
    own = np.bincount(place, weights=share, minlength=len(values))
    middle = np.cumsum(own) - own / 2
    if len(values) > _KNOTS:
        # Knots at equal steps of the rank, and both ends.
        chosen = np.searchsorted(middle, np.linspace(middle[0], middle[-1], _KNOTS))
        chosen = np.unique(np.clip(chosen, 0, len(values) - 1))
        values, middle = values[chosen], middle[chosen]
    return values, np.clip(np.maximum.accumulate(middle), 0.0, 1.0)
