"""Metrics of weighted events: classification, regression, multiclass. All take negative weights.

Every function works on plain arrays; :func:`evaluate` fills the results of a Factory with them, :func:`tables` lays the
numbers out as TMVA's tables.
"""

from __future__ import annotations

from .clustering import adjusted_rand_score, davies_bouldin_score, purity, silhouette_samples, silhouette_score
from .correlation import (
    correlation_matrix,
    correlation_ratio,
    mutual_information,
    target_ranking,
    variable_ranking,
)
from .cuts import CutScan, asimov_significance, classification_scores, confusion_matrix, cut_scan
from .distributions import (
    KolmogorovSmirnov,
    effective_statistics,
    kolmogorov_probability,
    mean_and_rms,
    response_range,
    separation,
    significance,
    weighted_ks,
)
from .regression import regression_metrics
from .roc import RocCurve, efficiency_at_background, reference_cut, roc_curve
from .summary import evaluate, results_to_json
from .tables import Table, correlation_table, input_tables, ranking_table, tables
from .uniformity import bin_efficiencies, cramer_von_mises, efficiency_deviation, protected_bins, theil_index

__all__ = [
    "CutScan",
    "KolmogorovSmirnov",
    "RocCurve",
    "Table",
    "adjusted_rand_score",
    "asimov_significance",
    "bin_efficiencies",
    "classification_scores",
    "confusion_matrix",
    "correlation_matrix",
    "correlation_ratio",
    "correlation_table",
    "cramer_von_mises",
    "cut_scan",
    "davies_bouldin_score",
    "effective_statistics",
    "efficiency_at_background",
    "efficiency_deviation",
    "evaluate",
    "input_tables",
    "kolmogorov_probability",
    "mean_and_rms",
    "mutual_information",
    "protected_bins",
    "purity",
    "ranking_table",
    "reference_cut",
    "regression_metrics",
    "response_range",
    "results_to_json",
    "roc_curve",
    "separation",
    "significance",
    "silhouette_samples",
    "silhouette_score",
    "tables",
    "target_ranking",
    "theil_index",
    "variable_ranking",
    "weighted_ks",
]
