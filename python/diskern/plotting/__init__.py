"""Plots of a comparison as matplotlib functions.

Every function takes arrays (or the result objects of :mod:`diskern.evaluation`), draws on the axes it is given or on a
new figure, and returns the axes. No global matplotlib state is touched: figures are made without pyplot, so the
functions work in threads and without a display. ``axes.figure.savefig(path)`` writes the plot.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .boosting import plot_boosting
    from .clusters import plot_clusters, plot_elbow, plot_neighbour_distance, plot_silhouette
    from .correlation import plot_confusion_matrix, plot_correlation_matrix
    from .curves import plot_learning_curve, plot_ranking
    from .densities import plot_likelihood, plot_probability, plot_rarity
    from .ensembles import plot_boosted_methods, plot_rules, rule_importance
    from .foams import plot_foam
    from .inputs import plot_inputs, plot_variable
    from .inspection import plot_importance, plot_partial_dependence, plot_shap_dependence, plot_shap_summary
    from .networks import plot_feature_maps, plot_filters, plot_latent_space, plot_network, plot_saliency
    from .regression import plot_deviation, plot_deviation_profile, plot_deviation_summary, plot_estimate
    from .response import plot_response
    from .roc import plot_roc
    from .scan import plot_efficiencies, plot_significance
    from .scatter import plot_parallel_coordinates, plot_scatter
    from .tree import plot_tree

_WHERE = {
    "plot_boosted_methods": ".ensembles",
    "plot_boosting": ".boosting",
    "plot_clusters": ".clusters",
    "plot_confusion_matrix": ".correlation",
    "plot_correlation_matrix": ".correlation",
    "plot_deviation": ".regression",
    "plot_deviation_profile": ".regression",
    "plot_deviation_summary": ".regression",
    "plot_efficiencies": ".scan",
    "plot_silhouette": ".clusters",
    "plot_elbow": ".clusters",
    "plot_estimate": ".regression",
    "plot_foam": ".foams",
    "plot_feature_maps": ".networks",
    "plot_filters": ".networks",
    "plot_importance": ".inspection",
    "plot_inputs": ".inputs",
    "plot_latent_space": ".networks",
    "plot_learning_curve": ".curves",
    "plot_likelihood": ".densities",
    "plot_neighbour_distance": ".clusters",
    "plot_network": ".networks",
    "plot_parallel_coordinates": ".scatter",
    "plot_partial_dependence": ".inspection",
    "plot_probability": ".densities",
    "plot_ranking": ".curves",
    "plot_rarity": ".densities",
    "plot_rules": ".ensembles",
    "rule_importance": ".ensembles",
    "plot_response": ".response",
    "plot_roc": ".roc",
    "plot_scatter": ".scatter",
    "plot_saliency": ".networks",
    "plot_shap_dependence": ".inspection",
    "plot_shap_summary": ".inspection",
    "plot_significance": ".scan",
    "plot_tree": ".tree",
    "plot_variable": ".inputs",
}

__all__ = [
    "plot_boosted_methods",
    "plot_boosting",
    "plot_clusters",
    "plot_confusion_matrix",
    "plot_correlation_matrix",
    "plot_deviation",
    "plot_deviation_profile",
    "plot_deviation_summary",
    "plot_efficiencies",
    "plot_silhouette",
    "plot_elbow",
    "plot_estimate",
    "plot_foam",
    "plot_feature_maps",
    "plot_filters",
    "plot_importance",
    "plot_inputs",
    "plot_latent_space",
    "plot_learning_curve",
    "plot_likelihood",
    "plot_neighbour_distance",
    "plot_network",
    "plot_parallel_coordinates",
    "plot_partial_dependence",
    "plot_probability",
    "plot_ranking",
    "plot_rarity",
    "plot_rules",
    "plot_response",
    "plot_roc",
    "plot_scatter",
    "plot_saliency",
    "plot_shap_dependence",
    "plot_shap_summary",
    "plot_significance",
    "plot_tree",
    "plot_variable",
    "rule_importance",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
