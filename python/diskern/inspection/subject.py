"""The one view of whatever was trained: what it takes, what it answers, and its forest if it has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import check_events, check_labels, check_target

AnalysisType = Literal["Classification", "Multiclass", "Regression"]
Floats = NDArray[np.float64]
Events = NDArray[np.float32]


@dataclass
class Subject:
    """A trained method.

    Attributes
    ----------
    analysis_type : kind of answer; ``"Regression"`` for a bare forest
    labels : names of the variables that events have
    outputs : names of the responses, one per column of ``respond``
    classes : what labels mean, in the order of the outputs (two for one output); empty in regression
    respond : responses (events, outputs) of events; of a classifier the probabilities where it gives some
    read : events from what the user has
    answer_from_scores : the responses that scores of the forest, before the link, would lead to for events
    forest : the trees, or None
    no_forest : why there is none
    chain : transformations between the events and the forest, or None
    """

    analysis_type: AnalysisType
    labels: tuple[str, ...]
    outputs: tuple[str, ...]
    classes: tuple[Any, ...]
    respond: Callable[[Events], Floats]
    read: Callable[[Any], Events]
    answer_from_scores: Callable[[Floats, Events], Floats] | None = None
    signal_class: int = 1
    forest: _core.Forest | None = None
    no_forest: str = "the method holds no forest of trees"
    chain: _core.TransformationChain | None = None

    def trees(self) -> _core.Forest:
        """The forest.

        Raises
        ------
        InvalidArgument
            The method is none of trees.
        """
        if self.forest is None:
            raise InvalidArgument(
                f"{self.no_forest}; permutation importance and partial dependence with method='brute' take any method"
            )
        return self.forest

    def from_scores(self, scores: Floats, events: Events) -> Floats:
        """The responses of the method if its forest gave these scores (before the link) to the events."""
        if self.answer_from_scores is not None:
            return self.answer_from_scores(scores, events)
        return _linked(self.trees(), scores, self.transformed(events))

    def transformed(self, events: Events) -> Events:
        """The variables that the forest sees."""
        if self.chain is None or self.chain.empty:
            return events
        return np.ascontiguousarray(self.chain.apply(events), np.float32)

    def variable(self, name: str | int) -> int:
        """The place of a variable given by label or number.

        Raises
        ------
        InvalidArgument
            There is no such variable.
        """
        if isinstance(name, str):
            if name not in self.labels:
                raise InvalidArgument(f"there is no variable {name!r}; the variables are {', '.join(self.labels)}")
            return self.labels.index(name)
        if isinstance(name, bool) or not isinstance(name, int | np.integer) or not 0 <= name < len(self.labels):
            raise InvalidArgument(
                f"a variable must be a label or a number from 0 to {len(self.labels) - 1}, got {name!r}"
            )
        return int(name)

    def output(self, output: str | int) -> int:
        """The place of a response given by name or number."""
        if isinstance(output, str):
            if output not in self.outputs:
                raise InvalidArgument(f"there is no output {output!r}; the outputs are {', '.join(self.outputs)}")
            return self.outputs.index(output)
        if isinstance(output, bool) or not isinstance(output, int | np.integer) or not 0 <= output < len(self.outputs):
            raise InvalidArgument(
                f"output must be a name or a number from 0 to {len(self.outputs) - 1}, got {output!r}"
            )
        return int(output)

    def answers(self, y: Any, n: int) -> NDArray[Any]:
        """What events truly are: targets; whether they are signal (two classes); else the index of their class."""
        if self.analysis_type == "Regression":
            return check_target(y, n)
        known, index = check_labels(y, n, minimum_classes=1)
        given = set(known.tolist())
        if len(self.classes) == 2 and given <= {0, 1} and not given <= set(self.classes):
            return np.asarray(known[index] == 1)  # 0 and 1 are no names of classes: 1 is signal
        try:
            place = np.array([_place(self.classes, label) for label in known.tolist()])
        except ValueError as error:
            raise InvalidArgument(f"y holds the label {error}; the classes are {self.classes}") from None
        found: NDArray[Any] = place[index]
        return found == self.signal_class if self.analysis_type == "Classification" else found


def _place(classes: tuple[Any, ...], label: Any) -> int:
    if label in classes:
        return classes.index(label)
    if str(label) in classes:
        return classes.index(str(label))
    if isinstance(label, int) and 0 <= label < len(classes) and all(isinstance(c, str) for c in classes):
        return label  # models know their classes by name, samples by number
    raise ValueError(repr(label))


def subject(model: Any, labels: Sequence[str] | None = None) -> Subject:
    """The view of an estimator, a model, a booked method or a forest, with other names of its variables if given.

    Raises
    ------
    InvalidArgument
        It is none of these, or not trained; the wrong number of names, or a name twice.
    """
    seen = _subject(model)
    if labels is None:
        return seen
    names = tuple(str(label) for label in labels)
    if len(names) != len(seen.labels) or len(set(names)) != len(names):
        raise InvalidArgument(f"labels must be {len(seen.labels)} different names, one per variable, got {len(names)}")
    return replace(seen, labels=names)


def _subject(model: Any) -> Subject:
    from ..model import Model
    from ..tmva.booking import BookedMethod

    if isinstance(model, Subject):
        return model
    if isinstance(model, _core.Forest):
        return _of_forest(model)
    if isinstance(model, _core.Model):
        return _of_model(Model(model))
    if isinstance(model, Model):
        return _of_model(model)
    if isinstance(model, BookedMethod):
        if model.model is None:
            raise InvalidArgument(f"method {model.title!r} is not trained")
        if isinstance(model.model, _core.Model):
            return _of_model(Model(model.model))
        raise InvalidArgument(f"method {model.title!r} wraps a Python estimator: give that estimator instead")
    if hasattr(model, "predict"):
        return _of_estimator(model)
    raise InvalidArgument(f"model must be an estimator, a Model, a method or a forest, got {type(model).__name__}")


def _forest_of(predictor: Any) -> dict[str, Any]:
    """The forest of a predictor, or why it has none, as arguments of Subject."""
    if isinstance(predictor, _core.Forest):
        return {"forest": predictor}
    if isinstance(predictor, _core.Votes):
        return {
            "no_forest": (
                f"the response of uBoost is the mean over {predictor.voters.output_count} forests of how clearly an "
                "event passes the cut of each, which is no sum of trees; the scores of the forests, one output each, "
                "are: give their forest, which is .voters of the predictor"
            )
        }
    return {}


def _of_forest(forest: _core.Forest) -> Subject:
    n = forest.input_count
    return Subject(
        analysis_type="Regression",
        labels=tuple(f"x{j}" for j in range(n)),
        outputs=tuple(f"output {k}" for k in range(forest.output_count)),
        classes=(),
        respond=lambda events: np.asarray(forest.evaluate(events, threads=0), np.float64),
        read=lambda X: check_events(X, allow_missing=True, allow_infinite=True, n_features=n),
        forest=forest,
    )


def _linked(forest: _core.Forest, scores: Floats, events: Events) -> Floats:
    responses: Floats = _core.link_responses(forest, np.ascontiguousarray(scores))
    for variable, value, below, signal in forest.preselection:  # the last match wins
        column = events[:, variable].astype(np.float64)
        responses[column < value if below else column > value, 0] = 1.0 if signal else -1.0
    return responses


def _of_model(model: Any) -> Subject:
    predictor = model.predictor
    trees = _forest_of(predictor)
    forest = trees.get("forest")
    chain = model.chain

    def answer(scores: Floats, events: Events) -> Floats:
        assert forest is not None
        seen = events if chain is None or chain.empty else np.ascontiguousarray(chain.apply(events), np.float32)
        responses = _linked(forest, scores, seen)
        if model.analysis_type == "Regression" and chain is not None and not chain.empty:
            return np.asarray(chain.invert_targets(responses), np.float64)
        return responses

    return Subject(
        analysis_type=model.analysis_type,
        labels=model.variables,
        outputs=model.outputs,
        classes=model.classes if model.analysis_type != "Regression" else (),
        respond=lambda events: np.asarray(model.evaluate(events, threads=0), np.float64),
        read=model._events,
        answer_from_scores=answer,
        signal_class=model.signal_class,
        chain=chain,
        **trees,
    )


def _of_estimator(estimator: Any) -> Subject:
    classes: Sequence[Any] = np.asarray(getattr(estimator, "classes_", ())).tolist()
    names = getattr(estimator, "feature_names_in_", None)
    n = getattr(estimator, "n_features_in_", None)
    if n is None:
        raise InvalidArgument(f"{type(estimator).__name__} is not fitted: it has no n_features_in_")
    labels = tuple(f"x{j}" for j in range(n)) if names is None else tuple(str(name) for name in names)
    trees = _forest_of(getattr(estimator, "predictor_", None))
    if not classes:
        outputs: tuple[str, ...] = ("y",)
        analysis: AnalysisType = "Regression"
    elif len(classes) == 2:
        outputs, analysis = (str(classes[1]),), "Classification"
    else:
        outputs, analysis = tuple(str(c) for c in classes), "Multiclass"

    def respond(events: Events, method: Any = estimator) -> Floats:
        given: Any = events if names is None else _with_names(events, labels)
        if not classes:
            return np.asarray(method.predict(given), np.float64).reshape(len(events), -1)
        if hasattr(method, "predict_proba"):
            probability = np.asarray(method.predict_proba(given), np.float64)
            return probability[:, 1:] if len(classes) == 2 else probability
        if not hasattr(method, "decision_function"):
            raise InvalidArgument(
                f"{type(method).__name__} has neither predict_proba nor decision_function, so no response"
            )
        return np.asarray(method.decision_function(given), np.float64).reshape(len(events), -1)

    def answer(scores: Floats, events: Events) -> Floats:
        return respond(events, estimator._at_stage(events, scores))

    def read(X: Any) -> Events:
        if hasattr(X, "columns") and names is not None:
            missing = [label for label in labels if label not in list(X.columns)]
            if missing:
                raise InvalidArgument(f"X lacks the columns {', '.join(missing)}")
            X = X[list(labels)]
        return check_events(X, allow_missing=True, allow_infinite=True, n_features=n)

    staged = answer if hasattr(estimator, "_at_stage") else None
    return Subject(analysis, labels, outputs, tuple(classes), respond, read, staged, **trees)


def _with_names(events: Events, labels: tuple[str, ...]) -> Any:
    """A data frame for an estimator that was fitted on one, which warns about plain arrays."""
    try:
        import pandas
    except ImportError:
        return events
    return pandas.DataFrame(events, columns=list(labels), copy=False)
