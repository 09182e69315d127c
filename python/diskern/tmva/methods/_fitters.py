"""Options of TMVA's minimisers, shared by Cuts and FDA (tmva.md 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import _core
from ..._core import InvalidArgument
from .base import Option, OptionKind

# Name, parameters in the core, options: name, kind, description.
_FITTERS: dict[str, tuple[Any, tuple[tuple[str, OptionKind, str], ...]]] = {
    "GA": (
        _core.GeneticParams,
        (
            ("PopSize", "int", "individuals of a generation"),
            ("Steps", "int", "generations without an improvement by ConvCrit that end a cycle"),
            ("Cycles", "int", "independent fits; the last one starts with the best of the others"),
            ("SC_steps", "int", "generations after which the spread of the mutations is adjusted"),
            ("SC_rate", "int", "improvements in SC_steps above which the spread grows, below which it shrinks"),
            ("SC_factor", "float", "factor of that adjustment"),
            ("ConvCrit", "float", "improvement that counts"),
            ("SaveBestGen", "int", "individuals that survive a generation unchanged"),
            ("SaveBestCycle", "int", "individuals that are kept of a cycle"),
            ("Trim", "bool", "parents do not compete with their children"),
            ("Seed", "int", "seed of the random numbers"),
        ),
    ),
    "SA": (
        _core.AnnealingParams,
        (
            ("MaxCalls", "int", "calls of the estimator (SA), iterations of a descent (MINUIT)"),
            ("InitialTemp", "float", "initial temperature; the others count as parts of it"),
            ("MinTemp", "float", "least temperature"),
            ("Eps", "float", "relative change that counts as none"),
            ("TempScale", "float", "factor of the temperature"),
            ("AdaptiveSpeed", "float", "how fast adaptive temperatures follow failures"),
            ("TempAdaptiveStep", "float", "step of adaptive temperatures"),
            ("UseDefaultScale", "bool", "choose the factor of the temperature automatically"),
            ("UseDefaultTemp", "bool", "choose the initial temperature automatically"),
            ("KernelTemp", "choice", "how the temperature goes"),
        ),
    ),
    "MC": (
        _core.MonteCarloParams,
        (
            ("SampleSize", "int", "number of points"),
            ("Sigma", "float", "above 0: Gaussian steps of this fraction of the range about the best point"),
        ),
    ),
    "MINUIT": (
        _core.DescentParams,
        (
            ("ErrorLevel", "float", "scale of the estimator on which Tolerance counts"),
            ("FitStrategy", "int", "0, 1, 2: descents from 1, 3, 9 points"),
            ("UseImprove", "bool", "look for a lower minimum beside the one found"),
            ("Tolerance", "float", "estimated distance to the minimum that ends the descent"),
        ),
    ),
}
# TMVA's options of MINUIT that say what is printed or computed beside the fit.
_WITHOUT_EFFECT = (
    Option("PrintLevel", "int", -1, "printing of TMVA's MINUIT, not served"),
    Option("PrintWarnings", "bool", False, "printing of TMVA's MINUIT, not served"),
    Option("UseMinos", "bool", True, "errors of the parameters, not computed"),
    Option("SetBatch", "bool", False, "printing of TMVA's MINUIT, not served"),
)


def fitter_options() -> tuple[Option, ...]:
    """The options of all fitters; the defaults are those of the core."""
    options: list[Option] = []
    for kind, (params, names) in _FITTERS.items():
        for name, option_kind, description in names:
            value = getattr(params(), name)
            text = f"{kind}: {description}"
            if name == "KernelTemp":
                choices = tuple(_core.KernelTemperature.__members__)
                options.append(Option(name, option_kind, value.name, text, choices))
            elif name == "MaxCalls":
                # 1000 for MINUIT, 100000 for SA: 0 stands for the fitter's own.
                options.append(Option(name, option_kind, 0, f"{description}; 0: 100000 (SA), 1000 (MINUIT)"))
            else:
                options.append(Option(name, option_kind, value, text))
    return (*options, *_WITHOUT_EFFECT)


def fitter_params(kind: str, values: Mapping[str, Any], title: str) -> Any:
    """The parameters of a fitter ("GA", "SA", "MC", "MINUIT") as booked."""
    cls, names = _FITTERS[kind]
    params = cls()
    seed = values["Seed"]
    if not 0 <= seed < 2**32:
        raise InvalidArgument(f"{title}: Seed is {seed}, expected 0 to {2**32 - 1}")
    for name, _, _ in names:
        value = values[name]
        if name == "KernelTemp":
            value = _core.KernelTemperature.__members__[value]
        elif name == "MaxCalls":
            value = value or getattr(params, name)
        setattr(params, name, value)
    params.Seed = seed
    if kind == "MINUIT" and values["MaxCalls"]:
        params.MaxCalls = values["MaxCalls"]
    return params


def idle_fitter_options(used: set[str]) -> dict[str, str]:
    """The options of fitters that do not run, with the reason."""
    idle: dict[str, str] = {}
    serving = {name for kind in used for name, _, _ in _FITTERS[kind][1]} | {"Seed"}
    if "MINUIT" in used:
        serving.add("MaxCalls")
    for kind, (_, names) in _FITTERS.items():
        if kind not in used:
            idle |= {name: f"as {kind} does not run" for name, _, _ in names if name not in serving}
    idle |= {option.name: f"({option.description})" for option in _WITHOUT_EFFECT}
    return idle
