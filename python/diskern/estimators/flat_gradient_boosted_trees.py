"""Gradient boosting with a response that is flat in protected variables."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._shares import shares
from .._validation import NegativePolicy, check_early_stopping, check_weights
from ._choices import set_values
from ._protected import check_protected, uniform_classes
from ._split import split_off
from .gradient_boosted_trees import GradientBoostedTreesClassifier

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.GradientBoostingParams()
_FLATNESS = _core.FlatnessParams()


class FlatGradientBoostedTreesClassifier(GradientBoostedTreesClassifier):
    """Gradient boosted trees whose response is uniform in protected variables: boosting with flatness loss.

    The loss is the logistic one plus ``flatness_coefficient`` times

    .. math:: \\sum_b \\frac{W_b}{W} \\int |F_b(t) - F(t)|^p dt

    for each chosen class, with F the cumulative distribution of the scores of the class, F_b that within bin b of the
    protected variables, W_b and W the sums of weights (uGB+FL of Rogozhnikov et al., arXiv:1410.4140). Where F_b = F in
    all bins, a cut on the response has the same efficiency in all of them: it does not shape the distribution of the
    protected variables. They are seen by the loss only, never by the trees, and not needed for the evaluation.

    Parameters
    ----------
    uniform_class : label, list of labels or None
        Class or classes whose response shall be flat; None: ``classes_[0]``, the background.
    flatness_coefficient : float
        What flatness counts beside the logistic loss: more is flatter, and separates less.
    flatness_power : float
        The power p, above 1. For p = 2 the derivative is exact, for others that of the paper, which takes F as fixed.
    n_bins : int
        Bins per protected variable, of equal weight: quantiles of the first, within each those of the second, ...
    min_events_in_bin : float
        Fewest events of a chosen class in a bin; an event of weight above one counts as its weight.
    n_neighbors : float or None
        Compare the distribution of the scores among that many nearest events of the class (an event of weight above one
        counts as its weight) with that of the class, in place of the distribution within bins. None: bins.
    n_neighborhoods : int
        Neighbourhoods that are compared at most, evenly taken among the events; each costs ``n_neighbors`` additions in
        an iteration.
    n_estimators, learning_rate, max_leaf_nodes, max_depth, grow_policy, min_samples_leaf, min_child_weight, min_gain, \
l2_regularization, max_bins, subsample, early_stopping, validation_fraction, n_iter_no_change, tol, negative_weights, \
n_jobs, random_state, verbose
        As in ``GradientBoostedTreesClassifier``. The hessian of an event is 1/4, in the chosen classes
        (1 + flatness_coefficient / 2) / 4: strong flatness makes small steps and wants more trees or a larger
        ``learning_rate``.

    Attributes
    ----------
    classes_, n_iter_, training_loss_, validation_loss_, best_iteration_, feature_importances_, interrupted_
        As in ``GradientBoostedTreesClassifier``; the losses include flatness.

    Notes
    -----
    With ``n_neighbors`` the loss is the mean over the neighbourhoods g of the integral of (F_g(t) - F(t))^2, with
    neighbours by the Euclidean distance after each variable is divided by the distance of its quartiles.

    Two classes. Distributions are weighted sums of integers, so neither threads nor the order of events change a bit,
    and an event of integer weight k counts exactly as k events. Events of equal score count half to each other. With
    negative weights every bin needs a positive sum of weights.
    """

    _method_name: ClassVar[str] = "FlatGradientBoostedTrees"

    def __init__(
        self,
        *,
        uniform_class: Any = None,
        flatness_coefficient: float = _FLATNESS.coefficient,
        flatness_power: float = _FLATNESS.power,
        n_bins: int = _FLATNESS.n_bins,
        min_events_in_bin: float = _FLATNESS.min_events_in_bin,
        n_neighbors: float | None = _FLATNESS.n_neighbors or None,
        n_neighborhoods: int = _FLATNESS.n_neighborhoods,
        n_estimators: int = _DEFAULTS.n_estimators,
        learning_rate: float = _DEFAULTS.learning_rate,
        max_leaf_nodes: int | None = _DEFAULTS.max_leaf_nodes or None,
        max_depth: int | None = _DEFAULTS.max_depth or None,
        grow_policy: str = "leaf_wise" if _DEFAULTS.leaf_wise else "depth_wise",
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_child_weight: float = _DEFAULTS.min_child_weight,
        min_gain: float = _DEFAULTS.min_gain,
        l2_regularization: float = _DEFAULTS.l2_regularization,
        max_bins: int = _DEFAULTS.max_bins,
        subsample: float = _DEFAULTS.subsample,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = _DEFAULTS.n_iter_no_change,
        tol: float = _DEFAULTS.tolerance,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            n_estimators=n_estimators,
            learning_rate=learning_rate,
            max_leaf_nodes=max_leaf_nodes,
            max_depth=max_depth,
            grow_policy=grow_policy,
            min_samples_leaf=min_samples_leaf,
            min_child_weight=min_child_weight,
            min_gain=min_gain,
            l2_regularization=l2_regularization,
            max_bins=max_bins,
            subsample=subsample,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            negative_weights=negative_weights,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.uniform_class = uniform_class
        self.flatness_coefficient = flatness_coefficient
        self.flatness_power = flatness_power
        self.n_bins = n_bins
        self.min_events_in_bin = min_events_in_bin
        self.n_neighbors = n_neighbors
        self.n_neighborhoods = n_neighborhoods

    def _flatness(self) -> _core.FlatnessParams:
        params = _core.FlatnessParams()
        if self.n_neighbors is not None and self.n_neighbors == 0:
            raise InvalidArgument("n_neighbors must be at least 1 (or None for bins), got 0")
        set_values(
            params,
            {
                "n_neighbors": 0.0 if self.n_neighbors is None else self.n_neighbors,
                "n_neighborhoods": self.n_neighborhoods,
                "coefficient": self.flatness_coefficient,
                "power": self.flatness_power,
                "n_bins": self.n_bins,
                "min_events_in_bin": self.min_events_in_bin,
            },
            {"coefficient": "flatness_coefficient", "power": "flatness_power"},
        )
        params.uniform_classes = uniform_classes(self.uniform_class, self.classes_)
        return params

    def fit(  # type: ignore[override]
        self, X: Any, y: Any, sample_weight: Any = None, protected: Any = None, eval_set: Any = None
    ) -> FlatGradientBoostedTreesClassifier:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Labels of two classes.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        protected : array-like of shape (events,) or (events, protected variables), mapping or data frame of columns
            One to four finite variables in which the response shall be flat.
        eval_set : (X, y, sample_weight, protected), optional
            Validation sample for early stopping and the validation loss; sample_weight may be None.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on: no or constant protected variables, NaN in them, too few events in a bin.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        params = self._params()
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self._door())
        if len(self.classes_) != 2:
            raise InvalidArgument(f"flatness is for two classes, y holds {len(self.classes_)}")
        variables = check_protected(protected, len(events))
        validation: tuple[Any, ...] | None = None
        if eval_set is not None:
            validation = self._check_flat_eval_set(eval_set, variables.shape[1])
        flatness = self._flatness()
        seed = self._seed()
        if validation is None and check_early_stopping(self.early_stopping) is True:
            apart = split_off(class_index, self.validation_fraction, seed)
            validation = events[apart], weight[apart], class_index[apart], variables[apart]
            events, weight = events[~apart], weight[~apart]
            class_index, variables = class_index[~apart], variables[~apart]
        result = _core.fit_flat_gradient_boosting(
            params,
            flatness,
            events,
            weight,
            class_index,
            variables,
            validation=validation,
            threads=self._threads(),
            seed=seed,
            progress=self._progress(),
        )
        self.training_loss_ = np.asarray(result.training_loss)
        self.validation_loss_ = np.asarray(result.validation_loss)
        self.n_iter_ = int(result.best_iteration)
        self.best_iteration_ = int(self.validation_loss_.argmin()) if len(self.validation_loss_) else self.n_iter_
        self.feature_importances_ = shares(result.feature_gain)
        self._finish_fit(result.predictor, result.interrupted)
        return self

    def _check_flat_eval_set(
        self, eval_set: Any, n_protected: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
        if not isinstance(eval_set, tuple | list) or len(eval_set) != 4:
            raise InvalidArgument("eval_set must be (X, y, sample_weight, protected)")
        events = self._check_events(eval_set[0], reset=False, name="eval_set X")
        labels = np.asarray(eval_set[1])
        if labels.shape != (len(events),):
            raise InvalidArgument(f"eval_set y must have one label per event: {len(events)}, got {labels.shape}")
        unknown = ~np.isin(labels, self.classes_)
        if unknown.any():
            raise InvalidArgument(f"eval_set y holds the label {labels[unknown][0]!r}, which y does not")
        weight = check_weights(eval_set[2], len(events), negative=self._door(), name="eval_set sample_weight")
        variables = check_protected(eval_set[3], len(events), "eval_set protected")
        if variables.shape[1] != n_protected:
            raise InvalidArgument(f"eval_set protected has {variables.shape[1]} variables, protected has {n_protected}")
        return events, weight, np.searchsorted(self.classes_, labels).astype(np.int32), variables
