"""What a trained method looks at: importances, SHAP values, partial dependence, learning curves tree by tree.

Every function takes an estimator, a :class:`diskern.Model`, a method of a Factory (``factory.GetMethod(title)``) or a
bare forest; permutation importance and partial dependence take any object with ``predict`` as well. Weights of events
count everywhere, negative ones with their sign where sums are taken; each function says what it does with them. The
plots of the results are in :mod:`diskern.plotting`.
"""

from __future__ import annotations

from .importance import Importance, correlated_groups, forest_importance, permutation_importance
from .partial_dependence import PartialDependence, partial_dependence
from .shap import ShapValues, shap_values
from .staged import staged_scores, tree_learning_curve

__all__ = [
    "Importance",
    "PartialDependence",
    "ShapValues",
    "correlated_groups",
    "forest_importance",
    "partial_dependence",
    "permutation_importance",
    "shap_values",
    "staged_scores",
    "tree_learning_curve",
]
