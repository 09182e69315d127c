"""What all estimators share: scikit-learn's contract over one method of the core.

A subclass of :class:`ClassifierBase` or :class:`RegressorBase` writes ``__init__`` (parameters only), ``fit`` and the
few methods marked abstract. Typical ``fit``::

    events, class_index, weight = self._check_fit(X, y, sample_weight)
    result = _core.fit_something(params, events, class_index, weight, self._threads(), self._seed(), self._progress())
    return self._finish_fit(result.predictor, result.interrupted)
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._near_misses import near_misses
from .._progress import ProgressLine
from .._validation import NegativePolicy, check_events, check_labels, check_target, check_weights

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, check_random_state, column_or_1d, validate_data
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def model_information(estimator: Any, method: str) -> dict[str, Any]:
    """What the model file of an estimator says beside the numbers; regression until classes are filled in."""
    # Threads and messages do not decide the model, so they must not change a byte of its file.
    options = {
        key: value for key, value in estimator.get_params(deep=False).items() if key not in ("n_jobs", "verbose")
    }
    names = getattr(estimator, "feature_names_in_", None)
    labels = [f"x{i}" for i in range(estimator.n_features_in_)] if names is None else [str(name) for name in names]
    return {
        "method": method,
        "title": type(estimator).__name__,
        "analysis_type": "Regression",
        "variables": [
            {"expression": label, "label": label, "title": label, "unit": "", "internal": label, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for label in labels
        ],
        "spectators": [],
        "targets": [],
        "classes": [],
        "signal_class": 0,
        "options": [[key, repr(value)] for key, value in sorted(options.items())],
        "provenance": [["diskern", str(_core.__version__)]],
        "outputs": [],
    }


class Estimator(BaseEstimator):  # type: ignore[misc]
    """Common parts. Parameters of every estimator: ``n_jobs``, ``random_state``, ``verbose``.

    n_jobs : int or None
        Threads; None and -1 mean all that the process may use. Results do not depend on it.
    random_state : int, RandomState or None
        Seed of everything random; None draws a new one.
    verbose : int
        1 shows progress on standard error: rate, time left, loss and what is watched for early stopping. On a terminal
        one line, elsewhere a line every ten seconds.
    """

    #: name of the method in model files
    _method_name: ClassVar[str] = "Estimator"
    #: whether NaN (missing) and infinities are values for this method
    _allow_missing: ClassVar[bool] = False
    _allow_infinite: ClassVar[bool] = False

    #: whether the core takes float64 and any strides, so that predictions need no copy; it refuses what float32 cannot
    #: hold, and all else must be a value for the method
    _any_layout: ClassVar[bool] = False
    #: whether the core trains on float32 events by any strides
    _fits_any_order: ClassVar[bool] = False

    n_jobs: int | None
    random_state: Any
    verbose: int
    predictor_: _core.Predictor
    n_features_in_: int

    def __init_subclass__(cls, **keywords: Any) -> None:
        # Some Pythons (3.11.2) would take the signature of __new__ where __init__ is inherited.
        super().__init_subclass__(**keywords)
        own = list(inspect.signature(cls.__init__).parameters.values())[1:]
        cls.__signature__ = inspect.Signature(own)

    def __new__(cls, *arguments: Any, **parameters: Any) -> Any:
        """Only to name near misses of a parameter that is not there, which Python before 3.12 does not."""
        known = cls._get_param_names()
        unknown = next((name for name in parameters if name not in known), None)
        if unknown is not None:
            near = near_misses(unknown, known) or f"; parameters: {', '.join(known)}"
            raise TypeError(f"{cls.__name__} got an unexpected parameter {unknown!r}{near}")
        return super().__new__(cls)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_missing
        tags.input_tags.sparse = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    # Parameters that mean the same everywhere

    def _threads(self) -> int:
        """The thread count for the core, where 0 means all."""
        if self.n_jobs is None or self.n_jobs == -1:
            return 0
        if isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, int | np.integer) or self.n_jobs < 1:
            raise InvalidArgument(f"n_jobs must be None, -1 (all) or a positive integer, got {self.n_jobs!r}")
        return int(self.n_jobs)

    def _seed(self) -> int:
        if self.random_state is not None and not isinstance(self.random_state, np.random.RandomState):
            if isinstance(self.random_state, int | np.integer) and self.random_state >= 0:
                return int(self.random_state)
            raise InvalidArgument(
                f"random_state must be None, a non-negative integer or a RandomState, got {self.random_state!r}"
            )
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _check_common(self) -> None:
        """n_jobs, random_state and verbose, also where a method has no use for them."""
        self._threads()
        random_state = getattr(self, "random_state", None)  # some methods have none
        if not (
            random_state is None
            or isinstance(random_state, np.random.RandomState)
            or (isinstance(random_state, int | np.integer) and random_state >= 0)
        ):
            raise InvalidArgument(
                f"random_state must be None, a non-negative integer or a RandomState, got {random_state!r}"
            )
        if not isinstance(self.verbose, int | np.integer) or self.verbose < 0:
            raise InvalidArgument(f"verbose must be 0, 1 or a boolean, got {self.verbose!r}")

    def _progress_names(self) -> tuple[str, str]:
        """What the two numbers are that the training reports after each step; NaN are not shown."""
        return "loss", "validation loss"

    def _progress(self) -> Callable[[int, int, float, float], None] | None:
        return ProgressLine(type(self).__name__, self._progress_names()) if self.verbose else None

    # The door

    def _check_events(self, X: Any, *, reset: bool, name: str = "X") -> NDArray[np.float32]:
        """Judge X and, with reset, learn n_features_in_ and feature_names_in_ from it, else compare with them."""
        events = check_events(
            X,
            name,
            allow_missing=self._allow_missing,
            allow_infinite=self._allow_infinite,
            any_order=reset and self._fits_any_order,
        )
        # Names come from the original (a DataFrame); the count from either.
        validate_data(self, X if hasattr(X, "columns") else events, reset=reset, skip_check_array=True)
        return events

    def _finish_fit(self, predictor: _core.Predictor, interrupted: bool = False) -> Any:
        """Hold the model. After Ctrl-C the best model so far is held and KeyboardInterrupt raised."""
        self.predictor_ = predictor
        self.interrupted_ = bool(interrupted)
        if interrupted:
            raise KeyboardInterrupt
        return self

    def _check_predict(self, X: Any) -> NDArray[Any]:
        if (
            self._any_layout
            and type(X) is np.ndarray
            and X.dtype in _FLOATS
            and X.ndim == 2
            and X.shape[0] > 0
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and hasattr(self, "predictor_")
            and not hasattr(self, "feature_names_in_")
            and X.flags.aligned
            and X.strides[0] % X.itemsize == 0
            and X.strides[1] % X.itemsize == 0
        ):
            return X
        return self._check_predict_float32(X)

    def _check_predict_float32(self, X: Any) -> NDArray[np.float32]:
        check_is_fitted(self)
        return self._check_events(X, reset=False)

    def _responses(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses: NDArray[np.float64] = self.predictor_.evaluate(events, threads=self._threads())
        return responses

    # Persistence: the model file of the core, also inside pickles

    def _model_info(self) -> dict[str, Any]:
        """What the model file says beside the numbers; subclasses fill in classes and analysis type."""
        return model_information(self, self._method_name)

    def _model(self) -> Any:
        check_is_fitted(self)
        return _core.Model(self._model_info(), None, self.predictor_)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to a file that ``diskern.load`` and C++'s ``diskern::load`` read.

        Parameters
        ----------
        path : str or path
            Written under a temporary name and renamed, so that never half a file is left.
        """
        self._model().save(str(path))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "predictor_" in state:
            del state["predictor_"]
            state["_model_bytes"] = self._model().to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        model_bytes = state.pop("_model_bytes", None)
        super().__setstate__(state)
        if model_bytes is not None:
            self.predictor_ = _core.model_from_bytes(model_bytes).predictor


class ClassifierBase(ClassifierMixin, Estimator):  # type: ignore[misc]
    """Estimators that tell classes apart. ``classes_`` is sorted; the last of two classes is the signal."""

    classes_: NDArray[Any]

    def _check_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, negative: NegativePolicy = "keep"
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]]:
        """Validated (events, class_index, weight); sets ``classes_``, ``n_features_in_``, ``feature_names_in_``."""
        if y is None:
            raise InvalidArgument(f"{type(self).__name__} requires y to be passed, but the target y is None")
        self._check_common()
        events = self._check_events(X, reset=True)
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise InvalidArgument("Input y contains NaN or infinity; every event needs a label.")
        check_classification_targets(y)
        weight = check_weights(sample_weight, len(events), negative=negative)
        classes, class_index = check_labels(y, len(events))
        present = np.bincount(class_index, weights=weight != 0.0, minlength=len(classes)) > 0
        if not present.all():
            # Events of weight zero count as absent; so do classes that hold no others.
            if present.sum() < 2:
                raise InvalidArgument(
                    "sample_weight leaves one class only: all events of every other class have weight zero; at least 2 "
                    "classes are needed"
                )
            place = np.cumsum(present) - 1
            class_index = np.where(present[class_index], place[class_index], 0).astype(np.int32)
            classes = classes[present]
        self.classes_ = classes
        return events, class_index, weight

    @abstractmethod
    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        """(events,) for two classes, positive for ``classes_[1]``; else (events, classes)."""

    @abstractmethod
    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        """(events, classes), rows that sum to one."""

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each event.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        array of shape (events,), elements of ``classes_``
        """
        decision = self._decision(self._check_predict(X))
        index = (decision > 0.0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)
        labels: NDArray[Any] = self.classes_[index]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        float64 array of shape (events, classes), columns in the order of ``classes_``
        """
        return self._probability(self._check_predict(X))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """The response before it becomes a probability.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        float64 array of shape (events,) for two classes (positive: ``classes_[1]``), else (events, classes)
        """
        return self._decision(self._check_predict(X))

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        classes = [str(label) for label in self.classes_.tolist()]
        info["classes"] = classes
        info["signal_class"] = len(classes) - 1
        info["analysis_type"] = "Classification" if len(classes) == 2 else "Multiclass"
        info["outputs"] = classes if self.predictor_.output_count == len(classes) else classes[-1:]
        return info


class RegressorBase(RegressorMixin, Estimator):  # type: ignore[misc]
    """Estimators of a number."""

    def _check_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, negative: NegativePolicy = "keep"
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Validated (events, target, weight); sets ``n_features_in_`` and ``feature_names_in_``."""
        if y is None:
            raise InvalidArgument(f"{type(self).__name__} requires y to be passed, but the target y is None")
        self._check_common()
        events = self._check_events(X, reset=True)
        target = check_target(column_or_1d(y, warn=True), len(events))
        weight = check_weights(sample_weight, len(events), negative=negative)
        return events, target, weight

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The estimated target of each event.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        float64 array of shape (events,)
        """
        return self._responses(self._check_predict(X))[:, 0]

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["targets"] = [
            {"expression": "y", "label": "y", "title": "y", "unit": "", "internal": "y", "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
        ]
        info["outputs"] = ["y"]
        return info
