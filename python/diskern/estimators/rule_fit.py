"""TMVA's RuleFit as an estimator: rules that can be read."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ._base import ClassifierBase, InvalidArgument

_TERMS = {
    "both": _core.RuleModel.ModRuleLinear,
    "rules": _core.RuleModel.ModRule,
    "linear": _core.RuleModel.ModLinear,
}
# Name here, name in TMVA.
_NUMBERS = {
    "min_node_fraction": "fEventsMin",
    "max_node_fraction": "fEventsMax",
    "rule_distance": "RuleMinDist",
    "min_importance": "MinImp",
    "linear_quantile": "LinQuantile",
    "tau_step": "GDTauPrec",
    "step": "GDStep",
    "error_factor": "GDErrScale",
    "path_fraction": "GDPathEveFrac",
    "validation_fraction": "GDValidEveFrac",
}


class RuleFitClassifier(ClassifierBase):
    """Rules, which are the nodes of a small forest, and clipped linear terms: TMVA's RuleFit.

    After Friedman and Popescu, "Predictive learning via rule ensembles" (2008), for two classes. The response, near 1
    for the larger label and near -1 for the other, is a sum of the coefficients of the rules that an event fulfils, and
    of coefficients times clipped variables; half of one more than it, between 0 and 1, is the probability.

    Parameters
    ----------
    terms : {'both', 'rules', 'linear'}
        What the response is made of.
    n_estimators : int
        Trees that rules are taken from.
    min_node_fraction, max_node_fraction : float
        The smallest node of a tree has a part of the events between the first and half of the second.
    bootstrap : bool
        Each tree of some of the events, drawn at random, instead of boosted trees of all.
    rule_distance : float
        Rules whose cuts are closer than this, in units of the RMS, are one.
    min_importance : float
        Least importance of a term, the largest being 1.
    linear_quantile : float
        Linear terms are clipped at this quantile and its complement.
    tau : float or None
        Part of the largest derivative that others must have to be followed; None: found in steps of ``tau_step``.
    tau_step, step, max_iter, error_factor : float, float, int, float
        The path: values of tau that are tried, length of a step, most steps; it ends where the error is
        ``error_factor`` times the least one.
    path_fraction, validation_fraction : float
        Parts of the events that the path is found with, and that its errors are measured with.
    n_jobs, random_state, verbose
        See :class:`Estimator`.

    Attributes
    ----------
    rules_ : list of dict
        ``coefficient``, ``support``, ``signal_fraction``, ``importance``, and of each cut ``variable``, ``minimum``,
        ``maximum``; the most important first.
    linear_ : list of dict
        ``coefficient``, ``norm``, ``minimum``, ``maximum`` of each variable; empty without linear terms.
    feature_importances_ : float64 array of shape (variables,)
        The largest is 1.
    tau_, n_iter_

    Notes
    -----
    Event weights enter all sums with their sign; each class must have a positive sum.
    """

    _method_name: ClassVar[str] = "RuleFit"

    predictor_: _core.Rules

    def __init__(
        self,
        terms: Literal["both", "rules", "linear"] = "both",
        n_estimators: int = 20,
        min_node_fraction: float = 0.02,
        max_node_fraction: float = 0.5,
        bootstrap: bool = False,
        rule_distance: float = 0.001,
        min_importance: float = 0.01,
        linear_quantile: float = 0.025,
        tau: float | None = None,
        tau_step: float = 0.01,
        step: float = 0.01,
        max_iter: int = 10000,
        error_factor: float = 1.1,
        path_fraction: float = 0.5,
        validation_fraction: float = 0.5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.terms = terms
        self.n_estimators = n_estimators
        self.min_node_fraction = min_node_fraction
        self.max_node_fraction = max_node_fraction
        self.bootstrap = bootstrap
        self.rule_distance = rule_distance
        self.min_importance = min_importance
        self.linear_quantile = linear_quantile
        self.tau = tau
        self.tau_step = tau_step
        self.step = step
        self.max_iter = max_iter
        self.error_factor = error_factor
        self.path_fraction = path_fraction
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _params(self) -> _core.RuleFitParams:
        if self.terms not in _TERMS:
            raise InvalidArgument(f"terms must be one of {', '.join(map(repr, _TERMS))}, got {self.terms!r}")
        params = _core.RuleFitParams()
        params.Model = _TERMS[self.terms]
        params.ForestType = _core.RuleForest.Random if self.bootstrap else _core.RuleForest.AdaBoost
        for own, name in (("n_estimators", "nTrees"), ("max_iter", "GDNSteps")):
            value = getattr(self, own)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise InvalidArgument(f"{own} must be a positive integer, got {value!r}")
            setattr(params, name, int(value))
        numbers = _NUMBERS if self.tau is None else {**_NUMBERS, "tau": "GDTau"}
        for own, name in numbers.items():
            value = getattr(self, own)
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
                raise InvalidArgument(f"{own} must be a number, got {value!r}")
            setattr(params, name, float(value))
        if self.tau is not None and not 0 <= self.tau <= 1:
            raise InvalidArgument(f"tau must be None or lie between 0 and 1, got {self.tau!r}")
        params.signal_class = 1
        return params

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RuleFitClassifier:
        """Fit to events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
            Two classes; the larger label is the signal.
        sample_weight : array-like of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Bad input or parameters, more than two classes, a class whose weights do not sum to more than zero.
        KeyboardInterrupt
            After Ctrl-C; once the path has begun its best point is held and ``interrupted_`` is True.
        """
        params = self._params()
        events, class_index, weight = self._check_fit(X, y, sample_weight)
        if len(self.classes_) != 2:
            raise InvalidArgument(
                "Only binary classification is supported by RuleFitClassifier. The type of the target is multiclass: "
                f"y holds {len(self.classes_)} classes"
            )
        result = _core.fit_rules(
            params,
            events,
            class_index,
            weight,
            seed=self._seed(),
            threads=self._threads(),
            progress=self._progress(),
        )
        self.feature_importances_ = np.array(result.importance)
        self.tau_ = float(result.tau)
        self.n_iter_ = max(1, int(result.steps))
        return self._finish_fit(result.predictor, result.interrupted)  # type: ignore[no-any-return]

    @property
    def rules_(self) -> list[dict[str, Any]]:
        return sorted(self.predictor_.rules, key=lambda rule: -float(rule["importance"]))

    @property
    def linear_(self) -> list[dict[str, Any]]:
        return list(self.predictor_.linear)

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._responses(events)[:, 0]

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        signal = np.clip(0.5 * (1.0 + self._decision(events)), 0.0, 1.0)
        return np.column_stack([1.0 - signal, signal])
