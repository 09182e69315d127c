"""TMVA's boosted decision trees."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from .base import AnalysisType, LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_ANALYSIS = {
    "Classification": _core.TmvaAnalysis.Classification,
    "Regression": _core.TmvaAnalysis.Regression,
    "Multiclass": _core.TmvaAnalysis.Multiclass,
}
# Options with a list of choices: the enumeration of the core that holds them.
_ENUMERATIONS: dict[str, Any] = {
    "BoostType": _core.TmvaBoostType,
    "AdaBoostR2Loss": _core.TmvaAdaBoostR2Loss,
    "SeparationType": _core.TmvaSeparation,
    "RegressionLossFunctionBDTG": _core.TmvaRegressionLoss,
    "NegWeightTreatment": _core.TmvaNegWeights,
    "PruneMethod": _core.TmvaPruneMethod,
}
_DEFAULTS = _core.TmvaForestParams(_core.TmvaAnalysis.Classification)


def default(name: str, params: _core.TmvaForestParams = _DEFAULTS) -> Any:
    """The default of an option in booking words; the numbers themselves live in the core."""
    value = getattr(params, name)
    if name == "MinNodeSize":
        return f"{value:g}%"
    return value.name if name in _ENUMERATIONS else value


def option(name: str, kind: Any, description: str, choices: tuple[str, ...] = ()) -> Option:
    return Option(name, kind, default(name), description, choices)


def choices(name: str, *left_out: str) -> tuple[str, ...]:
    return tuple(word for word in _ENUMERATIONS[name].__members__ if word not in left_out)


def node_size(text: str) -> float:
    """MinNodeSize in percent: ``"2.5%"``, or without the sign."""
    try:
        return float(str(text).strip().removesuffix("%"))
    except ValueError:
        raise InvalidArgument(f"MinNodeSize is {text!r}, expected a percentage such as '5%'") from None


TREE_OPTIONS: tuple[Option, ...] = (
    option("MaxDepth", "int", "largest depth of a tree; the root has depth 0"),
    option("MinNodeSize", "str", "smallest node in percent of the training events, above 0 and below 50"),
    option("nCuts", "int", "steps of the grid of cuts in the range of a node; below 1: every gap between events"),
    option("UseRandomisedTrees", "bool", "each node looks at a random subset of the variables"),
    option("UseNvars", "int", "size of that subset; 0: int(sqrt(number of variables) + 0.6)"),
    option("UsePoissonNvars", "bool", "draw the size of the subset from a Poisson distribution"),
    option("UseYesNoLeaf", "bool", "a leaf says +1 or -1 instead of its purity"),
    option("NodePurityLimit", "float", "purity above which a leaf is signal"),
    option("SeparationType", "choice", "criterion of a cut; ignored by BoostType=Grad", choices("SeparationType")),
    option("PruneMethod", "choice", "cutting trees back after they were grown", choices("PruneMethod")),
    option("PruneStrength", "float", "strength of the pruning; below 0: found automatically (CostComplexity)"),
    option("PruningValFraction", "float", "fraction of the training events set apart for the automatic strength"),
)


def idle_tree_options(values: dict[str, Any]) -> dict[str, str]:
    """The options of a tree that mean nothing beside the others, with the reason."""
    idle: dict[str, str] = {}
    if not values["UseRandomisedTrees"]:
        idle |= dict.fromkeys(("UseNvars", "UsePoissonNvars"), "without UseRandomisedTrees")
    if values["PruneMethod"] == "NoPruning":
        idle |= dict.fromkeys(("PruneStrength", "PruningValFraction"), "with PruneMethod=NoPruning")
    elif values["PruneStrength"] >= 0:
        idle["PruningValFraction"] = "with a PruneStrength that is given"
    return idle


def set_params(params: _core.TmvaForestParams, values: dict[str, Any], names: tuple[Option, ...]) -> None:
    """Copy booked values of the given options to the parameters of the core."""
    for one in names:
        value = values[one.name]
        if one.name == "MinNodeSize":
            value = node_size(value)
        elif one.name in _ENUMERATIONS:
            value = _ENUMERATIONS[one.name].__members__[value]
        setattr(params, one.name, value)


def fit(
    params: _core.TmvaForestParams,
    analysis_type: AnalysisType,
    sample: TrainingSample,
    threads: int,
    progress: ProgressCallback | None,
) -> _core.TmvaForestResult:
    targets = None
    if analysis_type == "Regression":
        if sample.targets.shape[1] != 1:
            raise InvalidArgument(f"BDT does one target, the dataset has {sample.targets.shape[1]}")
        targets = np.ascontiguousarray(sample.targets[:, 0], np.float64)
    return _core.fit_tmva_forest(
        params,
        _ANALYSIS[analysis_type],
        sample.variables,
        sample.class_index,
        targets,
        sample.weight,
        variable_types="".join(sample.variable_types),
        n_classes=1 if analysis_type == "Regression" else len(sample.class_names),
        signal_class=sample.signal_class,
        threads=threads,
        progress=progress,
    )


def ranked(sample: TrainingSample, importance: NDArray[np.float64]) -> list[tuple[str, float]]:
    return sorted(zip(sample.variable_labels, importance.tolist(), strict=True), key=lambda pair: -pair[1])


class BDT(Method):
    """TMVA's BDT (tmva.md 2.14): AdaBoost, RealAdaBoost, AdaCost, Bagging, AdaBoostR2 and Grad.

    The same trees as TMVA 4.2.1 from the same events in the same order (``docs/notes/tmva-parity.md``). Trained on the
    weights of the sample after its normalisation; unless ``SkipNormalization`` signal and background are brought to
    equal sums. Responses: [-1, 1] for AdaBoost, [0, 1] where leaves hold purities, (-1, 1) for Grad, one probability
    per class for several classes, the target in regression. NaN and infinities are refused: ``GradientBoostedTrees``
    takes them. Ranking "Variable Importance": tmva.md 7.3.
    """

    type_name: ClassVar[str] = "BDT"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass", "Regression"})
    _native: ClassVar[tuple[Option, ...]] = (
        option("NTrees", "int", "number of trees, per class for several classes"),
        *TREE_OPTIONS,
        option(
            "BoostType",
            "choice",
            "how events or trees change from tree to tree; Grad only for several classes",
            choices("BoostType", "SingleTree"),
        ),
        option("AdaBoostBeta", "float", "exponent of the boost weights of AdaBoost"),
        option("AdaBoostR2Loss", "choice", "loss of AdaBoostR2 (regression)", choices("AdaBoostR2Loss")),
        option("Shrinkage", "float", "learning rate of Grad"),
        option("UseBaggedBoost", "bool", "grow each tree on a Poisson resample of the events"),
        option("BaggedSampleFraction", "float", "mean number of copies of an event in the resample"),
        option(
            "RegressionLossFunctionBDTG",
            "choice",
            "loss of Grad in regression",
            choices("RegressionLossFunctionBDTG"),
        ),
        option("HuberQuantile", "float", "quantile of the residuals where the Huber loss becomes linear"),
        option(
            "NegWeightTreatment",
            "choice",
            "what becomes of events of negative weight; Grad turns InverseBoostNegWeights into Pray",
            choices("NegWeightTreatment"),
        ),
        option("Css", "float", "AdaCost: cost of signal called signal"),
        option("Cts_sb", "float", "AdaCost: cost of signal called background"),
        option("Ctb_ss", "float", "AdaCost: cost of background called signal"),
        option("Cbb", "float", "AdaCost: cost of background called background"),
        option("UseFisherCuts", "bool", "let each node cut on a linear combination of correlated variables as well"),
        option("MinLinCorrForFisher", "float", "least correlation of the variables of that combination"),
        option("UseExclusiveVars", "bool", "variables of the combination are not cut on singly"),
        option("DoPreselection", "bool", "before training, find cuts that leave one class only; they answer -1 or +1"),
        option("SigToBkgFraction", "float", "ratio of the sums of weights of signal and background"),
        option("SkipNormalization", "bool", "keep the ratio that the event weights have"),
    )
    options: ClassVar[tuple[Option, ...]] = (
        *_native,
        Option("DoBoostMonitor", "bool", False, "ROC integral after each tree, on training and validation events"),
        Option("nEventsMin", "int", 0, "deprecated: MinNodeSize as a number of events"),
        Option("UseBaggedGrad", "bool", False, "deprecated: UseBaggedBoost"),
        Option("GradBaggingFraction", "float", 0.6, "deprecated: BaggedSampleFraction, with UseBaggedGrad"),
        Option("UseNTrainEvents", "int", 0, "deprecated: BaggedSampleFraction as a number of events"),
        Option("NNodesMax", "int", 0, "deprecated: MaxDepth as a number of nodes"),
    )

    @classmethod
    def defaults(cls, analysis_type: AnalysisType) -> dict[str, Any]:
        params = _core.TmvaForestParams(_ANALYSIS[analysis_type])
        values = {one.name: one.default for one in cls.options}
        return values | {one.name: default(one.name, params) for one in cls._native}

    def params(self, n_events: int) -> tuple[_core.TmvaForestParams, list[str]]:
        """The parameters of the core, and what is to be said about deprecated options."""
        values = self.values
        params = _core.TmvaForestParams(_ANALYSIS[self.analysis_type])
        set_params(params, values, self._native)
        notes = []
        if values["nEventsMin"] > 0:
            params.MinNodeSize = 100.0 * values["nEventsMin"] / n_events
            notes.append(f"nEventsMin is deprecated: MinNodeSize={params.MinNodeSize:g}% is used")
        if values["UseBaggedGrad"]:
            params.UseBaggedBoost = True
            params.BaggedSampleFraction = values["GradBaggingFraction"]
            notes.append(
                "UseBaggedGrad and GradBaggingFraction are deprecated: "
                f"UseBaggedBoost:BaggedSampleFraction={params.BaggedSampleFraction:g} is used"
            )
        elif values["GradBaggingFraction"] != 0.6:
            raise InvalidArgument("GradBaggingFraction is deprecated and means nothing without UseBaggedGrad")
        if values["UseNTrainEvents"] > 0:
            params.BaggedSampleFraction = values["UseNTrainEvents"] / n_events
            notes.append(f"UseNTrainEvents is deprecated: BaggedSampleFraction={params.BaggedSampleFraction:g} is used")
        if values["NNodesMax"] > 0:
            nodes, params.MaxDepth = 1, 0
            while nodes < values["NNodesMax"]:
                nodes += 2 * nodes
                params.MaxDepth += 1
            notes.append(f"NNodesMax is deprecated: MaxDepth={params.MaxDepth} is used")
        if values["DoBoostMonitor"] and self.analysis_type != "Classification":
            raise InvalidArgument("DoBoostMonitor follows the ROC integral: it is for two classes only")
        return params, notes

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        values = self.values
        boost = values["BoostType"]
        idle = idle_tree_options(values)

        def only(wanted: bool, reason: str, *names: str) -> None:
            if not wanted:
                idle.update(dict.fromkeys(names, reason))

        here = f"with BoostType={boost}"
        ada = boost in ("AdaBoost", "RealAdaBoost", "AdaCost")
        only(ada, here, "AdaBoostBeta")
        only(boost == "AdaBoostR2", here, "AdaBoostR2Loss")
        only(boost == "AdaCost", here, "Css", "Cts_sb", "Ctb_ss", "Cbb")
        only(boost == "Grad", here, "Shrinkage")
        regression = self.analysis_type == "Regression"
        only(boost not in ("Grad", "RealAdaBoost", "AdaCost") and not regression, here, "UseYesNoLeaf")
        if values["SeparationType"] != "RegressionVariance":  # which it is then
            only(boost != "Grad" and not regression, here, "SeparationType")
        only(
            boost == "Grad" and regression,
            f"in {self.analysis_type.lower()} {here}",
            "RegressionLossFunctionBDTG",
            "HuberQuantile",
        )
        if "HuberQuantile" not in idle:
            loss = values["RegressionLossFunctionBDTG"]
            only(loss == "Huber", f"with RegressionLossFunctionBDTG={loss}", "HuberQuantile")
        bagged = values["UseBaggedBoost"] or values["UseBaggedGrad"] or boost == "Bagging"
        only(bagged, "without UseBaggedBoost", "BaggedSampleFraction", "UseNTrainEvents")
        only(values["UseFisherCuts"], "without UseFisherCuts", "MinLinCorrForFisher", "UseExclusiveVars")
        only(not regression, "in regression", "SigToBkgFraction", "SkipNormalization")
        return {name: reason for name, reason in idle.items() if name in given}

    def uses_validation(self) -> bool:
        return bool(self.values["DoBoostMonitor"])

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params, notes = self.params(len(sample.weight))
        result = fit(params, self.analysis_type, sample, threads, progress)
        curves = []
        trees = np.arange(1.0, len(result.boost_weight) + 1.0)
        if len(result.error_fraction):
            curves.append(LearningCurve("error fraction", trees[: len(result.error_fraction)], result.error_fraction))
            curves.append(LearningCurve("boost weight", trees, result.boost_weight))
        if len(result.training_loss):
            rounds = np.arange(1.0, len(result.training_loss) + 1.0)
            curves.append(LearningCurve("loss", rounds, result.training_loss))
        if self.values["DoBoostMonitor"]:
            held_out = None if validation is None else roc_per_tree(result.predictor, validation, threads)
            curves.append(
                LearningCurve("ROC integral", trees, roc_per_tree(result.predictor, sample, threads), held_out)
            )
        if params.PruneMethod != _core.TmvaPruneMethod.NoPruning:
            notes.append(
                f"nodes per tree: {result.nodes_before_pruning.mean():.1f} before, "
                f"{result.nodes_after_pruning.mean():.1f} after pruning"
            )
        purities = self.analysis_type == "Classification" and (
            params.BoostType in (_core.TmvaBoostType.RealAdaBoost, _core.TmvaBoostType.AdaCost)
            or (params.BoostType != _core.TmvaBoostType.Grad and not params.UseYesNoLeaf)
        )
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranked(sample, result.importance),
            curves=curves,
            notes=[*notes, *result.notes],
            interrupted=result.interrupted,
            signal_cut=None if self.analysis_type != "Classification" else (0.5 if purities else 0.0),
        )


def roc_per_tree(forest: _core.Forest, sample: TrainingSample, threads: int) -> NDArray[np.float64]:
    """ROC integral of the first 1, 2, ... trees of a forest with one output (TMVA's boost monitor)."""
    from ...evaluation import roc_curve

    integrals = np.empty(forest.tree_count)
    total = np.zeros(len(sample.weight))
    weights = forest.tree_weight
    norm = 0.0
    for t in range(forest.tree_count):
        tree = _core.Forest(forest.input_count, [forest.tree(t)])
        total += weights[t] * tree.evaluate(sample.variables, threads=threads)[:, 0]
        norm += weights[t]
        # The link of Grad and the norm of AdaBoost change no order; preselected events keep theirs.
        response = total / norm if norm > 0.0 else total
        integrals[t] = roc_curve(sample.is_signal, response, sample.weight).integral
    return integrals
