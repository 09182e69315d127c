"""One decision tree."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy
from ._base import InvalidArgument
from ._tmva_trees import CLASSIFICATION, REGRESSION, TmvaTreesClassifier, TmvaTreesRegressor


def _text(estimator: Any) -> str:
    from ..plotting.tree import tree_text

    names = getattr(estimator, "feature_names_in_", None)
    return tree_text(estimator.predictor_, None if names is None else [str(name) for name in names])


class DecisionTreeClassifier(TmvaTreesClassifier):
    """One tree of cuts for two classes (CART), grown as TMVA grows its trees.

    Parameters
    ----------
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int or None
        Steps of the grid of cuts in the range of each node; None: every gap between events.
    criterion : {'gini', 'entropy', 'misclassification', 'signal_significance'}
        What a cut improves.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': counted with their sign; 'ignore': left out; 'error': refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    verbose : int
        Not used: a tree is grown in one step.

    Attributes
    ----------
    feature_importances_ : float64 array of shape (variables,)
        TMVA's "Variable Importance", normalised to one.

    Notes
    -----
    ``predict_proba`` and ``predictor_`` give the purity of the leaf. ``export_text`` prints the tree,
    ``diskern.plotting.plot_tree`` draws it. NaN and infinities are refused.
    """

    _method_name: ClassVar[str] = "DT"

    def __init__(
        self,
        *,
        max_depth: int | None = CLASSIFICATION.MaxDepth,
        min_weight_fraction_leaf: float = CLASSIFICATION.MinNodeSize / 100.0,
        max_bins: int | None = CLASSIFICATION.nCuts + 1,
        criterion: str = "gini",
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.max_depth = max_depth
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.criterion = criterion
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _params(self) -> _core.TmvaForestParams:
        params = super()._params()
        params.BoostType = _core.TmvaBoostType.SingleTree
        params.UseYesNoLeaf = False
        return params

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        return 2.0 * self._responses(events)[:, 0] - 1.0

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        # With negative weights the purity of a leaf may lie outside [0, 1].
        signal = np.clip(self._responses(events)[:, 0], 0.0, 1.0)
        return np.column_stack([1.0 - signal, signal])

    def export_text(self) -> str:
        """The tree as indented lines, see :func:`diskern.plotting.tree.tree_text`."""
        return _text(self)


class DecisionTreeRegressor(TmvaTreesRegressor):
    """One tree of cuts for a target (CART): leaves hold the weighted mean.

    Parameters
    ----------
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int
        Steps of the grid of cuts in the range of each node.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': counted with their sign; 'ignore': left out; 'error': refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    verbose : int
        Not used: a tree is grown in one step.

    Attributes
    ----------
    feature_importances_ : float64 array of shape (variables,)
        TMVA's "Variable Importance", normalised to one.
    """

    _method_name: ClassVar[str] = "DT"

    def __init__(
        self,
        *,
        max_depth: int | None = REGRESSION.MaxDepth,
        min_weight_fraction_leaf: float = REGRESSION.MinNodeSize / 100.0,
        max_bins: int = REGRESSION.nCuts + 1,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.max_depth = max_depth
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _params(self) -> _core.TmvaForestParams:
        if self.max_bins is None:
            raise InvalidArgument("max_bins must be a number: trees on targets cut on a grid")
        params = super()._params()
        params.BoostType = _core.TmvaBoostType.SingleTree
        return params

    def export_text(self) -> str:
        """The tree as indented lines, see :func:`diskern.plotting.tree.tree_text`."""
        return _text(self)
