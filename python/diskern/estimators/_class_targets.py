"""What networks that tell classes apart are trained on, by their loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from .. import _core
from .._validation import NegativePolicy, check_target, check_weights
from ._base import ClassifierBase

InvalidArgument = _core.InvalidArgument

CLASSIFICATION_LOSSES = ("log_loss", "hinge", "multi_label", "kullback_leibler")
#: losses whose events have a row of numbers instead of a label
ROW_LOSSES = ("multi_label", "kullback_leibler")


def check_shares(y: Any, events: int, loss: str, name: str = "y") -> NDArray[np.float64]:
    """Targets of events that belong to several classes at once, or to each with a probability.

    Parameters
    ----------
    y : array-like of shape (events, classes)
        For multi_label 0 or 1, for kullback_leibler 0 to 1, every row with the sum 1.
    loss : {'multi_label', 'kullback_leibler'}

    Returns
    -------
    float64 array of shape (events, classes)

    Raises
    ------
    InvalidArgument
        Another shape, numbers out of range.
    """
    shares = check_target(y, events, name=name, multiple=True)
    if shares.ndim != 2 or shares.shape[1] < 2:
        raise InvalidArgument(
            f"{name} must have the shape (events, classes) with two classes or more for the loss {loss}, got "
            f"{shares.shape}"
        )
    if loss == "multi_label":
        wrong, expected = (shares != 0.0) & (shares != 1.0), "0 or 1"
    else:
        wrong, expected = ~((shares >= 0.0) & (shares <= 1.0)), "0 to 1"
    if wrong.any():
        event, place = np.argwhere(wrong)[0]
        raise InvalidArgument(
            f"{name} holds {shares[event, place]:g} for class {place} of event {event}, expected {expected} for the "
            f"loss {loss}"
        )
    if loss == "kullback_leibler":
        sums = shares.sum(axis=1)
        event = int(np.abs(sums - 1.0).argmax())
        if abs(sums[event] - 1.0) > 1e-3:
            raise InvalidArgument(f"{name} of event {event} sums to {sums[event]:g}, expected 1: probabilities")
    return shares


def _has_probabilities(estimator: ClassTargets) -> bool:
    if estimator.loss == "hinge":
        raise AttributeError("the loss hinge gives no probabilities; decision_function gives its responses")
    return True


class ClassTargets(ClassifierBase):
    """Labels or rows of shares, as the loss has them. ``classes_`` of rows are their columns' numbers."""

    loss: str

    def _check_loss(self) -> None:
        if self.loss not in CLASSIFICATION_LOSSES:
            raise InvalidArgument(f"loss must be one of {', '.join(CLASSIFICATION_LOSSES)}, got {self.loss!r}")

    def _takes_rows(self) -> bool:
        return self.loss in ROW_LOSSES

    def _check_fit_rows(
        self, X: Any, y: Any, sample_weight: Any, negative: NegativePolicy
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Validated (events, shares, weight); sets ``classes_`` and what is known of the variables."""
        if y is None:
            raise InvalidArgument(f"{type(self).__name__} requires y to be passed, but the target y is None")
        self._check_common()
        events = self._check_events(X, reset=True)
        shares = check_shares(y, len(events), self.loss)
        weight = check_weights(sample_weight, len(events), negative=negative)
        self.classes_ = np.arange(shares.shape[1])
        return events, shares, weight

    def _outputs_wanted(self) -> int:
        return 1 if len(self.classes_) == 2 and not self._takes_rows() else len(self.classes_)

    def _targets(self, class_index: NDArray[Any]) -> NDArray[np.float64]:
        if self._outputs_wanted() == 1:
            return class_index[:, np.newaxis].astype(np.float64)
        targets: NDArray[np.float64] = np.eye(len(self.classes_))[class_index]
        return targets

    def _encoded(self, labels: Any, events: int | None = None) -> NDArray[np.float64]:
        """Targets of labels, or rows, that the training events did not bring."""
        labels = np.asarray(labels)
        if self._takes_rows():
            shares = check_shares(labels, len(labels) if events is None else events, self.loss, "eval_set y")
            if shares.shape[1] != len(self.classes_):
                raise InvalidArgument(f"eval_set y has {shares.shape[1]} classes, y has {len(self.classes_)}")
            return shares
        if events is not None and labels.shape != (events,):
            raise InvalidArgument(f"eval_set y must have one label per event: {events}, got {labels.shape}")
        unknown = ~np.isin(labels, self.classes_)
        if unknown.any():
            raise InvalidArgument(f"eval_set y holds the label {labels[unknown][0].item()!r}, which y does not")
        return self._targets(np.searchsorted(self.classes_, labels))

    def _network_loss(self) -> tuple[_core.NetworkLoss, _core.NetworkOutput]:
        """The core's loss, and what the model applies to its outputs."""
        identity, softmax = _core.NetworkOutput.identity, _core.NetworkOutput.softmax
        if self.loss == "kullback_leibler":
            return _core.NetworkLoss.kullback_leibler, softmax
        if self.loss == "log_loss":
            if self._outputs_wanted() > 1:
                return _core.NetworkLoss.softmax_cross_entropy, softmax
            return _core.NetworkLoss.cross_entropy, identity
        return getattr(_core.NetworkLoss, self.loss), identity

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        if self.loss == "hinge":
            return responses[:, 0] if responses.shape[1] == 1 else responses
        # Log odds, or log probabilities; finite even where a probability reached 0 or 1.
        tiny = np.finfo(np.float64).tiny
        logarithm: NDArray[np.float64] = np.log(np.maximum(responses, tiny))
        if responses.shape[1] > 1 and self.loss != "multi_label":
            return logarithm
        log_odds: NDArray[np.float64] = logarithm - np.log(np.maximum(1.0 - responses, tiny))
        return log_odds[:, 0] if responses.shape[1] == 1 else log_odds

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        return np.asarray(np.hstack([1.0 - responses, responses])) if responses.shape[1] == 1 else responses

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each event; with the loss multi_label whether it belongs to each.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        array of shape (events,), elements of ``classes_``; with multi_label of shape (events, classes), 0 and 1
        """
        if self.loss != "multi_label":
            return super().predict(X)
        return (self._responses(self._check_predict(X)) > 0.5).astype(np.int64)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class; with the loss multi_label that of belonging to it. Not with hinge.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        float64 array of shape (events, classes), columns in the order of ``classes_``
        """
        return super().predict_proba(X)

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        if self._takes_rows():
            info["analysis_type"] = "Multiclass"
        return info

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss == "multi_label"
        return tags
