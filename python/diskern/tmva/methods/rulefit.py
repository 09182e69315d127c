"""TMVA's RuleFit: rules from a forest and linear terms."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from .base import LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .fisher import ranked

_DEFAULTS = _core.RuleFitParams()
_NUMBERS = (
    "nTrees",
    "fEventsMin",
    "fEventsMax",
    "RuleMinDist",
    "MinImp",
    "LinQuantile",
    "GDTau",
    "GDTauPrec",
    "GDStep",
    "GDNSteps",
    "GDErrScale",
    "GDPathEveFrac",
    "GDValidEveFrac",
)
_SHOWN = 10  # rules that are printed


class RuleFit(Method):
    """Rules, which are the nodes of a small forest, and clipped linear terms (tmva.md 2.16).

    y = offset + sum of the coefficients of the rules that the event fulfils + sum of coefficients times clipped
    variables; larger for signal. A gradient-directed path with a squared loss, cut off at -1 and 1, finds the
    coefficients on one part of the training events, and ends where the error (1 - ROC integral) of another part is
    least. Negative event weights enter all sums with their sign. Ranking "Importance": of each variable the importances
    of its linear term and of its share of the rules that cut on it, the largest being 1.
    """

    type_name: ClassVar[str] = "RuleFit"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "Model",
            "choice",
            _DEFAULTS.Model.name,
            "rules and linear terms, rules, or linear terms",
            tuple(_core.RuleModel.__members__),
        ),
        Option("RuleFitModule", "choice", "RFTMVA", "RFTMVA; RFFriedman is refused", ("RFTMVA", "RFFriedman")),
        Option("nTrees", "int", _DEFAULTS.nTrees, "trees that rules are taken from"),
        Option(
            "ForestType",
            "choice",
            _DEFAULTS.ForestType.name,
            "trees of all events, boosted, or each of events drawn at random",
            tuple(_core.RuleForest.__members__),
        ),
        Option("fEventsMin", "float", _DEFAULTS.fEventsMin, "least size of the smallest node (part of events)"),
        Option("fEventsMax", "float", _DEFAULTS.fEventsMax, "twice the largest size of the smallest node"),
        Option("RuleMinDist", "float", _DEFAULTS.RuleMinDist, "rules whose cuts are closer than this (in RMS) are one"),
        Option("MinImp", "float", _DEFAULTS.MinImp, "least importance of a term, the largest being 1"),
        Option("LinQuantile", "float", _DEFAULTS.LinQuantile, "linear terms are clipped at this quantile"),
        Option("GDTau", "float", _DEFAULTS.GDTau, "least derivative that counts, the largest is 1; below 0: found"),
        Option("GDTauPrec", "float", _DEFAULTS.GDTauPrec, "step of the values of GDTau that are tried"),
        Option("GDStep", "float", _DEFAULTS.GDStep, "length of a step of the path"),
        Option("GDNSteps", "int", _DEFAULTS.GDNSteps, "most steps of the path"),
        Option("GDErrScale", "float", _DEFAULTS.GDErrScale, "the path ends at this many times its least error"),
        Option("GDPathEveFrac", "float", _DEFAULTS.GDPathEveFrac, "part of the events that the path is found with"),
        Option("GDValidEveFrac", "float", _DEFAULTS.GDValidEveFrac, "part of the events that errors are measured with"),
        Option("Seed", "int", 0, "of the sizes of nodes and of the parts of the events (not an option of TMVA)"),
        Option("RFWorkDir", "str", "./rulefit", "of RFFriedman"),
        Option("RFNrules", "int", 2000, "of RFFriedman"),
        Option("RFNendnodes", "int", 4, "of RFFriedman"),
    )

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if self.values["RuleFitModule"] != "RFTMVA":
            raise InvalidArgument(f"{title}: RuleFitModule=RFFriedman calls a program that is not offered; RFTMVA is")
        if self.values["Seed"] < 0:
            raise InvalidArgument(f"{title}: Seed is {self.values['Seed']}, expected 0 or more")

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        idle = dict.fromkeys(("RFWorkDir", "RFNrules", "RFNendnodes"), "without RuleFitModule=RFFriedman")
        model = self.values["Model"]
        if model == "ModLinear":
            names = ("nTrees", "ForestType", "fEventsMin", "fEventsMax", "RuleMinDist")
            idle |= dict.fromkeys(names, "with Model=ModLinear")
        if model == "ModRule":
            idle["LinQuantile"] = "with Model=ModRule"
        if self.values["GDTau"] >= 0:
            idle["GDTauPrec"] = "with GDTau"
        return idle

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.RuleFitParams()
        params.Model = _core.RuleModel.__members__[self.values["Model"]]
        params.ForestType = _core.RuleForest.__members__[self.values["ForestType"]]
        for name in _NUMBERS:
            setattr(params, name, self.values[name])
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        result = _core.fit_rules(
            params,
            sample.variables,
            sample.class_index,
            sample.weight,
            seed=self.values["Seed"],
            threads=threads,
            progress=progress,
        )
        rules = result.predictor.rules
        notes = []
        overlap = params.GDPathEveFrac + params.GDValidEveFrac - 1.0
        if overlap > 1e-9:
            notes.append(
                f"GDPathEveFrac and GDValidEveFrac sum to more than 1: {overlap:.3g} of the events serve both for the "
                "path and for its errors, which are too small then"
            )
        if self.values["Model"] != "ModLinear" and result.rules_made == 0:
            notes.append("no tree of the forest has a cut, so that there is no rule; lower fEventsMin and fEventsMax")
        elif self.values["Model"] != "ModLinear":
            notes.append(
                f"{result.rules_made} rules from {params.nTrees} trees, {result.rules_different} of them different, "
                f"{len(rules)} important"
            )
        notes.append(f"path with tau = {result.tau:g}, least error after {result.steps} steps")
        if result.still_falling:
            notes.append("the error was still falling at the end of the path: a larger GDNSteps or GDStep may help")
        notes += rule_lines(rules, sample.variable_labels)
        curve = LearningCurve(
            "1 - ROC integral (part of the training events)",
            np.asarray(result.path_step, np.float64),
            np.asarray(result.path_error, np.float64),
        )
        return TrainedMethod(
            result.predictor,
            "Importance",
            ranked(sample.variable_labels, result.importance),
            curves=[curve],
            notes=notes,
            interrupted=result.interrupted,
            signal_cut=0.0,
        )


def rule_lines(rules: list[dict[str, Any]], labels: tuple[str, ...]) -> list[str]:
    """The most important rules as text."""
    lines = []
    for rule in sorted(rules, key=lambda one: -one["importance"])[:_SHOWN]:
        cuts = []
        for variable, low, high in zip(rule["variable"], rule["minimum"], rule["maximum"], strict=True):
            left = f"{low:.4g} < " if np.isfinite(low) else ""
            right = f" < {high:.4g}" if np.isfinite(high) else ""
            cuts.append(f"{left}{labels[variable]}{right}")
        lines.append(
            f"  {rule['coefficient']:+.4f}  {' and '.join(cuts)}  (support {rule['support']:.3f}, "
            f"signal {rule['signal_fraction']:.3f})"
        )
    return (["most important rules:"] if lines else []) + lines
