"""Diskern's own boosted trees (quantile bins, Newton leaves) as a method."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar, cast

import numpy as np

from ... import _core
from ..._boosting import interaction_groups, monotone_signs
from ..._core import InvalidArgument
from ._trees import TreeMethod, loss_curve, ranking
from .base import Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.GradientBoostingParams()

# Option -> attribute of GradientBoostingParams; TMVA's words where TMVA has one.
_ATTRIBUTES = {
    "NTrees": "n_estimators",
    "Shrinkage": "learning_rate",
    "MaxLeafNodes": "max_leaf_nodes",
    "MaxDepth": "max_depth",
    "MinSamplesLeaf": "min_samples_leaf",
    "MinChildWeight": "min_child_weight",
    "MinGain": "min_gain",
    "L2Regularization": "l2_regularization",
    "MaxBins": "max_bins",
    "SubsampleFraction": "subsample",
    "NIterNoChange": "n_iter_no_change",
    "Tolerance": "tolerance",
    "Quantile": "quantile",
    "HuberQuantile": "huber_quantile",
    "TweediePower": "tweedie_power",
    "L1Regularization": "l1_regularization",
    "MaxLeafValue": "max_leaf_value",
    "MinEffectiveCount": "min_effective_count",
    "ColumnFractionTree": "column_fraction_tree",
    "ColumnFractionLevel": "column_fraction_level",
    "ColumnFractionNode": "column_fraction_node",
    "GOSSTopFraction": "goss_top_fraction",
    "GOSSOtherFraction": "goss_other_fraction",
    "DropoutRate": "dropout_rate",
    "DropoutSkip": "dropout_skip",
}
_LOSSES = {
    "Automatic": _core.LossKind.automatic,
    "LogLoss": _core.LossKind.log_loss,
    "OneVsAll": _core.LossKind.one_vs_all,
    "SquaredError": _core.LossKind.squared_error,
    "AbsoluteDeviation": _core.LossKind.absolute_error,
    "Huber": _core.LossKind.huber,
    "Quantile": _core.LossKind.quantile,
    "Poisson": _core.LossKind.poisson,
    "Gamma": _core.LossKind.gamma,
    "Tweedie": _core.LossKind.tweedie,
}
_MODES = {
    "Gradient": _core.BoostingMode.gradient,
    "GOSS": _core.BoostingMode.goss,
    "DART": _core.BoostingMode.dart,
}
_METRICS = {
    "Automatic": _core.ValidationMetric.automatic,
    "Loss": _core.ValidationMetric.loss,
    "AUC": _core.ValidationMetric.auc,
    "Accuracy": _core.ValidationMetric.accuracy,
    "RMSE": _core.ValidationMetric.rmse,
    "MAE": _core.ValidationMetric.mae,
}
# Options that only one choice of another option looks at.
_ONLY_WITH = {
    "Quantile": ("Loss", "Quantile"),
    "HuberQuantile": ("Loss", "Huber"),
    "TweediePower": ("Loss", "Tweedie"),
    "GOSSTopFraction": ("BoostingMode", "GOSS"),
    "GOSSOtherFraction": ("BoostingMode", "GOSS"),
    "DropoutRate": ("BoostingMode", "DART"),
    "DropoutSkip": ("BoostingMode", "DART"),
}
NEGATIVE_WEIGHTS = {
    "Keep": _core.NegativeWeights.keep,
    "IgnoreNegWeightsInTraining": _core.NegativeWeights.ignore,
    "PairNegWeightsGlobal": _core.NegativeWeights.pair,
    "NoNegWeightsInTraining": _core.NegativeWeights.error,
    "Clip": _core.NegativeWeights.clip,
    "Absolute": _core.NegativeWeights.absolute,
}


def _choice_name(choices: dict[str, Any], value: Any) -> str:
    return next(name for name, choice in choices.items() if choice == value)


def _monotone(text: str) -> dict[str, int] | None:
    """'+m|-pt': a sign and the label of the variable."""
    signs: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split("|"))):
        if part[0] not in "+-" or not part[1:].strip():
            raise InvalidArgument(
                f"MonotoneConstraints must be signs and labels such as '+m|-pt', got {part!r} in {text!r}"
            )
        label = part[1:].strip()
        if label in signs:
            raise InvalidArgument(f"MonotoneConstraints has the variable {label!r} twice")
        signs[label] = 1 if part[0] == "+" else -1
    return signs or None


def _interactions(text: str) -> list[list[str]] | str | None:
    """'m|pt;eta|phi': groups of labels, or NoInteractions or Pairwise."""
    words = {"nointeractions": "no_interactions", "pairwise": "pairwise"}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    groups = [[label.strip() for label in group.split("|") if label.strip()] for group in text.split(";")]
    return [group for group in groups if group] or None


# Where negative weights have more than this part of the |weight| of a leaf, cancellation leaves less than a quarter,
# (1 - 2 f)^2, of the statistical power of its events.
MISLEADING_FRACTION = 0.25


def cancellation_notes(forest: _core.Forest, fractions: list[Any]) -> list[str]:
    """What negative weights do to the leaves; nothing where there are none."""
    if not fractions:
        return []
    leaves = []
    first = forest.tree_count - len(fractions)
    for number, fraction in enumerate(fractions):
        feature = np.asarray(forest.tree(first + number)["feature"])
        leaves.append(np.asarray(fraction)[feature < 0])
    of_leaves = np.concatenate(leaves)
    note = (
        f"negative weights: {fractions[0][0]:.1%} of the sum of |weight|, up to {of_leaves.max():.1%} of that of a leaf"
    )
    misled = int((of_leaves > MISLEADING_FRACTION).sum())
    if misled == 0:
        return [note]
    return [
        f"{note}, more than {MISLEADING_FRACTION:.0%} in {misled} of {len(of_leaves)} leaves: cancellation leaves "
        "them less than a quarter of the statistical power of their events, so that gains and the variable importance "
        "mislead; MinEffectiveCount or NegWeightTreatment=PairNegWeightsGlobal guard against it"
    ]


class GradientBoostedTrees(TreeMethod):
    """Gradient boosting on histograms of quantile bins: binary, multiclass, regression of one target.

    The same engine as the estimators ``GradientBoostedTreesClassifier/Regressor``; TMVA's own trees are the method BDT.
    Early stopping uses the validation sample of the DataLoader (``ValidationFraction``) where there is one. The
    response is the probability of signal (of each class in multiclass). Ranking: gain of the cuts on each variable.
    """

    type_name: ClassVar[str] = "GradientBoostedTrees"
    options: ClassVar[tuple[Option, ...]] = (
        Option("NTrees", "int", _DEFAULTS.n_estimators, "iterations; in multiclass one tree per class each"),
        Option("Shrinkage", "float", _DEFAULTS.learning_rate, "factor on the leaves of each tree"),
        Option("MaxLeafNodes", "int", _DEFAULTS.max_leaf_nodes, "most leaves of a tree; 0: no limit"),
        Option("MaxDepth", "int", _DEFAULTS.max_depth, "most cuts from the root to a leaf; 0: no limit"),
        Option(
            "GrowPolicy",
            "choice",
            "LeafWise" if _DEFAULTS.leaf_wise else "DepthWise",
            "which leaf is split next: that of the largest gain, or level by level",
            choices=("LeafWise", "DepthWise"),
        ),
        Option(
            "MinSamplesLeaf",
            "float",
            _DEFAULTS.min_samples_leaf,
            "fewest events in a leaf; weight w > 1 counts w",
        ),
        Option("MinChildWeight", "float", _DEFAULTS.min_child_weight, "smallest sum of hessians in a leaf"),
        Option("MinGain", "float", _DEFAULTS.min_gain, "smallest gain of a cut"),
        Option(
            "L1Regularization", "float", _DEFAULTS.l1_regularization, "l1, soft threshold of the gradients of a leaf"
        ),
        Option("L2Regularization", "float", _DEFAULTS.l2_regularization, "l2 in the gain and the leaf -G/(H+l2)"),
        Option("MaxBins", "int", _DEFAULTS.max_bins, "most bins of values for a variable, 2 to 255"),
        Option("MaxLeafValue", "float", _DEFAULTS.max_leaf_value, "largest |leaf| before Shrinkage; 0: no bound"),
        Option("MinEffectiveCount", "float", _DEFAULTS.min_effective_count, "smallest (sum w)^2/sum w^2 in a leaf"),
        Option("MonotoneConstraints", "str", "", "variables that the response rises (+) or falls (-) with: '+m|-pt'"),
        Option(
            "InteractionConstraints",
            "str",
            "",
            "groups of variables that may meet on a path of a tree: 'm|pt;eta|phi', NoInteractions or Pairwise",
        ),
        Option(
            "Loss",
            "choice",
            _choice_name(_LOSSES, _DEFAULTS.loss),
            "what is minimised; Automatic: LogLoss, in regression SquaredError",
            choices=tuple(_LOSSES),
        ),
        Option("Quantile", "float", _DEFAULTS.quantile, "of the loss Quantile"),
        Option("HuberQuantile", "float", _DEFAULTS.huber_quantile, "of the |residuals|, beyond which Huber is linear"),
        Option("TweediePower", "float", _DEFAULTS.tweedie_power, "of the loss Tweedie, between 1 and 2"),
        Option(
            "BoostingMode",
            "choice",
            _choice_name(_MODES, _DEFAULTS.boosting),
            "plain, with one-side sampling of events (GOSS), or with dropout of trees (DART)",
            choices=tuple(_MODES),
        ),
        Option("GOSSTopFraction", "float", _DEFAULTS.goss_top_fraction, "events of the largest gradients, all kept"),
        Option("GOSSOtherFraction", "float", _DEFAULTS.goss_other_fraction, "events drawn from the others"),
        Option("DropoutRate", "float", _DEFAULTS.dropout_rate, "probability that a tree is dropped"),
        Option("DropoutSkip", "float", _DEFAULTS.dropout_skip, "probability that an iteration drops none"),
        Option("ColumnFractionTree", "float", _DEFAULTS.column_fraction_tree, "fraction of variables drawn per tree"),
        Option("ColumnFractionLevel", "float", _DEFAULTS.column_fraction_level, "of those of the tree, per level"),
        Option("ColumnFractionNode", "float", _DEFAULTS.column_fraction_node, "of those of the level, per node"),
        Option("SubsampleFraction", "float", _DEFAULTS.subsample, "fraction of events drawn for each iteration"),
        Option("NIterNoChange", "int", _DEFAULTS.n_iter_no_change, "iterations without improvement before stopping"),
        Option("Tolerance", "float", _DEFAULTS.tolerance, "decrease of the loss that counts as improvement"),
        Option(
            "EarlyStoppingMetric",
            "choice",
            _choice_name(_METRICS, _DEFAULTS.early_stopping_metric),
            "of the validation sample; Automatic: the loss, with Loss=Huber the mean absolute error",
            choices=tuple(_METRICS),
        ),
        Option(
            "NegWeightTreatment",
            "choice",
            _choice_name(NEGATIVE_WEIGHTS, _DEFAULTS.negative_weights),
            "events of negative weight: as they are, left out, paired, refused, weight 0 or |weight|",
            choices=tuple(NEGATIVE_WEIGHTS),
        ),
        Option("RandomSeed", "int", 1, "seed of everything drawn"),
    )

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        return {
            name: f"it belongs to {option}={choice}"
            for name, (option, choice) in _ONLY_WITH.items()
            if name in given and self.values[option] != choice
        }

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.GradientBoostingParams()
        for name, attribute in _ATTRIBUTES.items():
            setattr(params, attribute, self.values[name])
        params.leaf_wise = self.values["GrowPolicy"] == "LeafWise"
        params.negative_weights = NEGATIVE_WEIGHTS[self.values["NegWeightTreatment"]]
        params.loss = _LOSSES[self.values["Loss"]]
        params.boosting = _MODES[self.values["BoostingMode"]]
        params.early_stopping_metric = _METRICS[self.values["EarlyStoppingMetric"]]
        labels = sample.variable_labels
        params.monotone_constraints = monotone_signs(_monotone(self.values["MonotoneConstraints"]), labels, len(labels))
        params.interaction_constraints = interaction_groups(
            _interactions(self.values["InteractionConstraints"]), labels, len(labels)
        )
        seed = self._random_seed()
        result = _core.fit_gradient_boosting(
            params,
            sample.variables,
            sample.weight,
            **self._answers(sample),
            n_classes=self._classes(sample),
            validation=None
            if validation is None
            else (validation.variables, validation.weight, self._answer(validation)),
            threads=threads,
            seed=seed,
            progress=progress,
        )
        training, held_out = np.asarray(result.training_loss), np.asarray(result.validation_loss)
        notes = []
        if len(held_out) and params.n_iter_no_change > 0:
            notes.append(
                f"{result.best_iteration} of {len(training) - 1} iterations kept, where the validation "
                + ("metric is best" if len(result.validation_metric) else "loss is least")
            )
        notes += cancellation_notes(cast(_core.Forest, result.predictor), result.negative_fraction)
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking(sample, result.feature_gain),
            curves=[loss_curve(training, held_out)],
            notes=notes,
            interrupted=bool(result.interrupted),
            signal_cut=0.5 if self.analysis_type == "Classification" else None,
        )
