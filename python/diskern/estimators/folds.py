"""k-fold training by event key: every event is scored by a model that did not see it, also from the saved file."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted, column_or_1d

from .. import _core
from .._keys import BUCKETS_PER_FOLD, deal, key_matrix, key_names
from ._base import ClassifierBase, Estimator, RegressorBase

InvalidArgument = _core.InvalidArgument

_PARAMETERS = """
    Parameters
    ----------
    estimator : estimator of Diskern
        Cloned and trained once for each fold, without the events of the fold.
    n_folds : int
        Number of folds, 2 to 1000.
    split : str or None
        None: the key is hashed. Else an expression of the key's columns that gives the fold, an integer from 0 to
        n_folds - 1, e.g. ``"int(eventNumber) % 5"``.
    stratified : bool
        Give every fold about the same share of each class (of the events, in a regression): the hash then has 64
        buckets per fold, which are dealt out so. Keys stay together. Not together with ``split``.
    n_jobs : int or None
        Threads of the evaluation; those of the training are the estimator's own. Results do not depend on it.
    random_state : int
        Seed of the hash. It is stored in the model.
    verbose : int
        1 says which fold is trained.

    Attributes
    ----------
    estimators_ : list of estimators
        ``estimators_[f]`` was trained without the events of fold f, and answers for them.
    fold_ : int32 array of shape (events,)
        Fold of each event of the training.
    out_of_fold_ : float64 array
        Response to each event of the training by the model that did not see it: ``predict_proba`` of shape (events,
        classes), or ``predict`` of shape (events,) in a regression.
    key_columns_ : tuple of str
        Names of the key's columns.
    n_features_in_ : int
    feature_names_in_ : array of str, where the events had names

    Notes
    -----
    The fold is a function of the key alone: events of one key always share a fold, an event of the training that comes
    back gets the model that did not see it, and an event of a key that was not trained on gets the model that the same
    rule gives. The rule is stored in the model file, so C++ chooses the same model (docs/k-fold.md). TMVA's
    CrossValidation with a deterministic split does the same; the hash is Philox4x32-10.
"""


class _KFold(Estimator):
    """Parameters and training, common to classifier and regressor."""

    _method_name: ClassVar[str] = "KFold"
    _allow_missing: ClassVar[bool] = True  # the estimator inside decides
    _allow_infinite: ClassVar[bool] = True

    estimators_: list[Any]
    fold_: NDArray[np.int32]
    key_columns_: tuple[str, ...]

    def __init__(
        self,
        estimator: Any = None,
        n_folds: int = 5,
        *,
        split: str | None = None,
        stratified: bool = False,
        n_jobs: int | None = None,
        random_state: Any = 0,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.split = split
        self.stratified = stratified
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _rule(self, key: Any, strata: NDArray[np.int32]) -> tuple[_core.FoldRule, NDArray[np.float64]]:
        n_folds = self.n_folds
        if isinstance(n_folds, bool) or not isinstance(n_folds, int | np.integer):
            raise InvalidArgument(f"n_folds must be an integer, got {n_folds!r}")
        if key is None:
            raise InvalidArgument(
                "key is needed: a number of every event (event number, run, ...) that says which fold it belongs to"
            )
        if self.split is not None:
            if self.stratified:
                raise InvalidArgument("stratified=True needs the hash; with split the expression alone gives the folds")
            rule = _core.FoldRule.expression(int(n_folds), self.split)
            return rule, key_matrix(key, len(strata), rule.key_columns)
        names = key_names(key)
        matrix = key_matrix(key, len(strata), names)
        seed = self._seed()
        rule = _core.FoldRule.hash(int(n_folds), seed, list(names))
        if self.stratified:
            table = list(range(n_folds)) * BUCKETS_PER_FOLD
            buckets = _core.FoldRule.hash(int(n_folds), seed, list(names), table).buckets(matrix)
            rule = _core.FoldRule.hash(int(n_folds), seed, list(names), deal(buckets, strata, len(table), int(n_folds)))
        return rule, matrix

    def _train(
        self,
        events: NDArray[np.float32],
        answer: NDArray[Any],
        strata: NDArray[np.int32],
        weight: NDArray[np.float64],
        key: Any,
        fit_parameters: dict[str, Any],
    ) -> None:
        if not isinstance(self.estimator, Estimator) or isinstance(self.estimator, _KFold):
            kind = type(self.estimator).__name__
            raise InvalidArgument(f"estimator must be an estimator of Diskern that is no k-fold itself, got {kind}")
        rule, matrix = self._rule(key, strata)
        fold = np.asarray(rule.folds(matrix))
        counts = np.bincount(fold, minlength=rule.n_folds)
        if (counts == 0).any():
            raise InvalidArgument(
                f"fold {int(counts.argmin())} of {rule.n_folds} has no events: the key takes too few different values"
            )
        estimators = []
        for f in range(rule.n_folds):
            seen = fold != f
            if self.verbose:
                print(f"fold {f + 1}/{rule.n_folds}: training on {int(seen.sum())} of {len(fold)} events")
            for stratum in np.unique(strata):
                if not (weight[seen & (strata == stratum)] != 0).any():
                    raise InvalidArgument(f"fold {f} holds all events of class {stratum}: none is left to train on")
            model = clone(self.estimator)
            others = {name: _selected(value, seen) for name, value in fit_parameters.items()}
            model.fit(events[seen], answer[seen], sample_weight=weight[seen], **others)
            estimators.append(model)
        self.estimators_ = estimators
        self.fold_ = fold
        self.key_columns_ = tuple(rule.key_columns)
        self._finish_fit(_core.FoldsPredictor(rule, [model.predictor_ for model in estimators]))

    def _folds(self, key: Any, n: int) -> NDArray[np.int32]:
        predictor: Any = self.predictor_
        return np.asarray(predictor.rule.folds(key_matrix(key, n, self.key_columns_)))

    def _by_fold(self, events: NDArray[np.float32], fold: NDArray[np.int32], method: str) -> NDArray[Any]:
        """What ``method`` of the estimator of each event's fold says."""
        result: NDArray[Any] | None = None
        for f, model in enumerate(self.estimators_):
            mine = np.flatnonzero(fold == f)
            if len(mine) == 0 and (result is not None or f + 1 < len(self.estimators_)):
                continue
            part = np.asarray(getattr(model, method)(events[mine]))
            if result is None:
                result = np.empty((len(events), *part.shape[1:]), part.dtype)
            result[mine] = part
        assert result is not None
        return result

    def _answer(self, X: Any, key: Any, method: str) -> NDArray[Any]:
        check_is_fitted(self)
        events = self._check_predict(X)
        return self._by_fold(events, self._folds(key, len(events)), method)

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["method"] = self.estimators_[0]._method_name
        info["spectators"] = [
            {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for name in self.key_columns_
        ]
        return info


def _selected(value: Any, chosen: NDArray[np.bool_]) -> Any:
    """The chosen rows of what has one row per event; anything else as it is."""
    if hasattr(value, "iloc") and len(value) == len(chosen):
        return value.iloc[np.flatnonzero(chosen)]
    if isinstance(value, dict):
        return {name: _selected(one, chosen) for name, one in value.items()}
    if isinstance(value, list | np.ndarray) and len(value) == len(chosen):
        return np.asarray(value)[chosen]
    return value


class KFoldClassifier(_KFold, ClassifierBase):
    __doc__ = f"""Trains a classifier k times, each time without one fold; the fold of an event follows from its key.
{_PARAMETERS}"""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, key: Any = None, **fit_parameters: Any) -> KFoldClassifier:
        """Train one model per fold.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
            Labels; every class must be there outside of each fold.
        sample_weight : array-like of shape (events,), optional
        key : array-like of shape (events,) or (events, columns), mapping or data frame of columns
            Finite numbers that identify what must stay together; see ``split``.
        **fit_parameters
            Handed to the estimator's ``fit``; what has one row per event is cut to the events of the training.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            No key, a key that gives no fold, a fold without events, a class that only one fold has.
        """
        events, class_index, weight = self._check_fit(X, y, sample_weight)
        self._train(events, self.classes_[class_index], class_index, weight, key, fit_parameters)
        self.out_of_fold_ = self._by_fold(events, self.fold_, "predict_proba")
        return self

    def predict(self, X: Any, key: Any = None) -> NDArray[Any]:
        """The most probable class of each event, by the model of its fold."""
        return self._answer(X, key, "predict")

    def predict_proba(self, X: Any, key: Any = None) -> NDArray[np.float64]:
        """The probability of each class, float64 (events, classes), by the model of each event's fold.

        Raises
        ------
        InvalidArgument
            Without a key no fold can be chosen.
        """
        return self._answer(X, key, "predict_proba")

    def decision_function(self, X: Any, key: Any = None) -> NDArray[np.float64]:
        """The response before it becomes a probability, by the model of each event's fold."""
        return self._answer(X, key, "decision_function")

    def score(self, X: Any, y: Any, sample_weight: Any = None, key: Any = None) -> float:
        """Fraction of the events that are classified rightly."""
        return float(accuracy_score(column_or_1d(y), self.predict(X, key), sample_weight=sample_weight))

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        raise InvalidArgument("key is needed to choose the fold")

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        raise InvalidArgument("key is needed to choose the fold")


class KFoldRegressor(_KFold, RegressorBase):
    __doc__ = f"""Trains a regression k times, each time without one fold; the fold of an event follows from its key.
{_PARAMETERS}"""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, key: Any = None, **fit_parameters: Any) -> KFoldRegressor:
        """Train one model per fold; arguments as those of ``KFoldClassifier.fit``, y holds the targets."""
        events, target, weight = self._check_fit(X, y, sample_weight)
        self._train(events, target, np.zeros(len(target), np.int32), weight, key, fit_parameters)
        self.out_of_fold_ = self._by_fold(events, self.fold_, "predict")
        return self

    def predict(self, X: Any, key: Any = None) -> NDArray[np.float64]:
        """The estimated target of each event, by the model of its fold.

        Raises
        ------
        InvalidArgument
            Without a key no fold can be chosen.
        """
        return self._answer(X, key, "predict")

    def score(self, X: Any, y: Any, sample_weight: Any = None, key: Any = None) -> float:
        """Coefficient of determination."""
        return float(r2_score(column_or_1d(y), self.predict(X, key), sample_weight=sample_weight))
