"""From the arguments of BookMethod to a method that is ready to train."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._near_misses import near_misses
from .methods import METHODS
from .methods.base import AnalysisType, Evaluator, Method, Option, TrainedMethod
from .methods.boost import BOOST_OPTIONS, Boost, is_boosted
from .options import parse_options, without_options
from .response_densities import PDF_OPTIONS, density_params
from .types import EMVA

if TYPE_CHECKING:
    from ..data.sample import DataSet

# tmva.md 2.1
COMMON_OPTIONS = (
    Option("V", "bool", False, "verbose: print the options of the method"),
    Option(
        "VerbosityLevel",
        "choice",
        "Default",
        "Warning, Error and Fatal keep the method from printing anything else",
        choices=("Default", "Debug", "Verbose", "Info", "Warning", "Error", "Fatal"),
    ),
    Option("VarTransform", "str", "None", "transformations of the input variables, e.g. N, D, P, U, G or G,D_Signal"),
    Option("H", "bool", False, "print the options of the method"),
    Option("CreateMVAPdfs", "bool", False, "densities of the response, for GetProba and GetRarity"),
    Option("IgnoreNegWeightsInTraining", "bool", False, "leave events of negative weight out of the training"),
)


# Methods of TMVA whose options another one takes, as in newer versions of TMVA itself.
SERVED_BY = {"dnn": "DL"}


@dataclass(repr=False)
class BookedMethod:
    """A method of a Factory: what was booked, and what became of it.

    Attributes
    ----------
    title, type_name : as booked; the type of an estimator object is the name of its class
    options : every option of the method with its value
    trained : the result of the training, None before it
    model : what evaluates events: the model read back from its file where there is one
    model_path, xml_path : files written by the training; None where there are none
    error : why training or testing failed
    """

    title: str
    type_name: str
    method: Method
    dataset: DataSet
    analysis_type: AnalysisType
    options: dict[str, Any]
    common: dict[str, Any]
    given: set[str]
    trained: TrainedMethod | None = None
    model: Evaluator | None = None
    model_path: Path | None = None
    xml_path: Path | None = None
    error: BaseException | None = None
    interrupted: bool = False
    train_seconds: float = 0.0
    test_seconds: float = 0.0
    response_training: NDArray[np.float64] | None = None
    response_test: NDArray[np.float64] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    # Of the response, where CreateMVAPdfs was booked, and what it was booked with.
    densities: _core.ResponseDensities | None = None
    density_options: dict[str, Any] = field(default_factory=dict)
    # What BookMethod was given, to book it again: method or estimator, option string, keywords.
    kind: Any = None
    option_text: str = ""
    keywords: dict[str, Any] = field(default_factory=dict)

    def forget_training(self) -> None:
        """As before the training, which failed: no model, and no files of a model that is not to be used."""
        for path in (self.model_path, self.xml_path):
            if path is not None:
                path.unlink(missing_ok=True)
        self.trained = self.model = self.model_path = self.xml_path = None
        self.response_training = self.response_test = self.densities = None
        self.interrupted = False
        self.metrics = {}

    @property
    def native(self) -> bool:
        """Whether the method is one of Diskern's own, not a wrapped Python estimator."""
        return self.type_name in METHODS

    def __repr__(self) -> str:
        if self.trained is not None:
            state = "trained, interrupted" if self.interrupted else "trained"
        else:
            state = "not trained" if self.error is None else f"failed: {self.error}"
        return f"<{self.type_name} {self.title!r} on dataset {self.dataset.name!r}, {self.analysis_type}, {state}>"

    def GetMethodName(self) -> str:
        """The title."""
        return self.title

    GetName = GetMethodName

    def GetSignalReferenceCut(self) -> float:
        """Responses above it count as signal.

        Raises
        ------
        InvalidArgument
            not trained and tested yet, or no classification
        """
        cut = self.metrics.get("cut") if self.trained is None else self.trained.signal_cut
        if cut is None:
            cut = self.metrics.get("cut")
        if cut is None:
            raise InvalidArgument(
                f"method {self.title!r} has no cut between signal and background yet: call TrainAllMethods, "
                "TestAllMethods and EvaluateAllMethods of a classification"
            )
        return float(cut)

    def GetMethodTypeName(self) -> str:
        return self.type_name


def method_class(type_name: str) -> type[Method]:
    """The class of a native method by its type name (any case).

    Raises
    ------
    InvalidArgument
        unknown name, with near misses; or a method of TMVA that does not exist here
    """
    by_name = {name.lower(): name for name in METHODS}
    known = by_name.get(type_name.lower()) or by_name.get(SERVED_BY.get(type_name.lower(), "").lower())
    if known is None:
        available = f"methods: {', '.join(sorted(METHODS)) or 'none'}; or any scikit-learn-style estimator object"
        if type_name.lower() in {member.type_name.lower() for member in EMVA}:
            raise InvalidArgument(f"TMVA's method {type_name!r} does not exist in this version ({available})")
        raise InvalidArgument(f"unknown method {type_name!r}{near_misses(type_name, METHODS)} ({available})")
    module_name, _, class_name = METHODS[known].partition(":")
    found: type[Method] = getattr(importlib.import_module(module_name, f"{__package__}.methods"), class_name)
    return found


def analysis_type_of(data: Any, wanted: str) -> AnalysisType:
    """What to do with a dataset: as the option AnalysisType says, for Auto by its classes and targets.

    Raises
    ------
    InvalidArgument
        classes and targets that do not go with it
    """
    names = data.info.class_names
    if wanted == "Auto":
        if data.info.targets:
            wanted = "Regression"
        elif set(names) == {"Signal", "Background"}:
            wanted = "Classification"
        elif len(names) >= 2:
            wanted = "Multiclass"
        else:
            raise InvalidArgument(
                f"dataset {data.name!r} has {_listed(names)} and no targets: classification needs two classes, "
                "regression needs AddTarget"
            )
    if wanted == "Regression" and not data.info.targets:
        raise InvalidArgument(f"dataset {data.name!r} has no targets: AnalysisType=Regression needs AddTarget")
    if wanted == "Classification" and len(names) != 2:
        raise InvalidArgument(
            f"dataset {data.name!r} has {_listed(names)}: AnalysisType=Classification needs two classes"
        )
    if wanted == "Multiclass" and len(names) < 2:
        raise InvalidArgument(f"dataset {data.name!r} has {_listed(names)}: AnalysisType=Multiclass needs two or more")
    return cast(AnalysisType, wanted)


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no classes"
    return f"{len(names)} class{'es' if len(names) > 1 else ''} ({', '.join(names)})"


def check_title(title: Any) -> str:
    """A title that can be part of a file and branch name."""
    if not isinstance(title, str) or not title.strip():
        raise InvalidArgument(f"the title of a method must be text that is not empty, got {title!r}")
    bad = sorted({character for character in title if character in "/\\:\0" or not character.isprintable()})
    if bad:
        raise InvalidArgument(
            f"the title {title!r} becomes part of a file name and cannot hold {', '.join(map(repr, bad))}"
        )
    return title


def book(
    dataset: DataSet, analysis_type: AnalysisType, kind: Any, title: str, options: str, keywords: Mapping[str, Any]
) -> BookedMethod:
    """Parse the options and build the method.

    Parameters
    ----------
    kind : name of a method, a member of ``Types``, or an estimator object with fit and predict or predict_proba
    """
    title = check_title(title)
    where = f"BookMethod {title!r}"
    if isinstance(kind, EMVA):
        kind = kind.type_name
    if isinstance(kind, str):
        cls = method_class(kind)
        if analysis_type not in cls.analysis_types:
            raise InvalidArgument(
                f"{where}: {cls.type_name} does {', '.join(sorted(cls.analysis_types))}, not {analysis_type}"
            )
        boosted = is_boosted(options, keywords)
        table = own_and_common((*cls.options, *BOOST_OPTIONS) if boosted and cls is not Boost else cls.options)
        values, given = parse_options(
            options, table, _context=where, _defaults=_all_defaults(cls, analysis_type, table), **keywords
        )
        method = cls(title, analysis_type, {option.name: values[option.name] for option in cls.options})
        if boosted and cls is not Boost and values["Boost_Num"] != 0:
            method = _boosted(method, title, analysis_type, values)
        type_name = type(method).type_name
        shown = dict(values)
    else:
        from .methods.estimator import EstimatorMethod

        values, given = parse_options(options, (*COMMON_OPTIONS, *PDF_OPTIONS), _context=where, **keywords)
        method = EstimatorMethod(title, analysis_type, values, kind)
        type_name = type(kind).__name__
        shown = {**method.parameters(), **values}
    common = {option.name: values.get(option.name, option.default) for option in COMMON_OPTIONS}
    density_options = {option.name: values[option.name] for option in PDF_OPTIONS}
    if common["CreateMVAPdfs"]:
        for suffix in ("Sig", "Bkg"):
            density_params(where, density_options, suffix)  # what cannot be is said now, not after the training
    for option in PDF_OPTIONS:
        if option.name not in given:
            shown.pop(option.name, None)
    handle: type[BookedMethod] = BookedMethod
    if type_name == "Category":
        from .methods.category import BookedCategory

        if common["VarTransform"].strip().lower() not in ("", "none", "i", "ident", "identity"):
            raise InvalidArgument(
                f"{where}: VarTransform belongs to the parts of a Category, not to the Category itself"
            )
        handle = BookedCategory
    if type_name == "Committee":
        from .methods.committee import BookedCommittee

        if common["VarTransform"].strip().lower() not in ("", "none", "i", "ident", "identity"):
            raise InvalidArgument(f"{where}: VarTransform belongs to the members of a Committee, not to the Committee")
        handle = BookedCommittee
    return handle(
        title,
        type_name,
        method,
        dataset,
        analysis_type,
        shown,
        common,
        given,
        kind=kind,
        option_text=options,
        keywords=dict(keywords),
        density_options=density_options,
    )


def rebook(booked: BookedMethod, dataset: DataSet, changes: Mapping[str, Any]) -> BookedMethod:
    """The same method, not trained, on other events and with some options in place of those that were booked.

    Of an estimator object ``changes`` may also name its parameters.
    """
    kind, keywords = booked.kind, dict(booked.keywords)
    changed = dict(changes)
    if not isinstance(kind, str) and hasattr(kind, "get_params"):
        parameters = {name: changed.pop(name) for name in list(changed) if name in kind.get_params(deep=False)}
        if parameters:
            kind = copy.deepcopy(kind).set_params(**parameters)
    lowered = {name.lower() for name in changed}
    keywords = {name: value for name, value in keywords.items() if name.lower() not in lowered}
    kinds = {option.name.lower(): option.kind for option in type(booked.method).options}
    texts = {
        name: str(value) if kinds.get(name.lower()) in ("str", "choice") else value for name, value in changed.items()
    }
    text = without_options(booked.option_text, lowered)
    again = book(dataset, booked.analysis_type, kind, booked.title, text, {**keywords, **texts})
    if booked.type_name == "Category":
        again.take_parts(booked)  # type: ignore[attr-defined]
    if booked.type_name == "Committee":
        raise InvalidArgument(
            f"{booked.title}: a Committee is not trained anew on other events (folds, tuning); its members are"
        )
    return again


def _boosted(inner: Method, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> Method:
    if inner.type_name in ("Category", "Committee"):
        raise InvalidArgument(f"{title}: a {inner.type_name} cannot be boosted; boost its parts")
    if analysis_type not in Boost.analysis_types:
        raise InvalidArgument(f"{title}: Boost does {', '.join(sorted(Boost.analysis_types))}, not {analysis_type}")
    return Boost(title, analysis_type, {option.name: values[option.name] for option in BOOST_OPTIONS}, inner)


def own_and_common(own: tuple[Option, ...]) -> tuple[Option, ...]:
    """The options of a method and those that all methods share; the method's own description wins."""
    names = {option.name.lower() for option in own}
    return (*own, *(option for option in (*COMMON_OPTIONS, *PDF_OPTIONS) if option.name.lower() not in names))


def _all_defaults(cls: type[Method], analysis_type: AnalysisType, table: tuple[Option, ...]) -> dict[str, Any]:
    return {**{option.name: option.default for option in table}, **cls.defaults(analysis_type)}


def help_text(booked: BookedMethod) -> str:
    """The options of a method, with values and descriptions (option H)."""
    lines = [f"Options of {booked.type_name} (method {booked.title!r}):"]
    inner = getattr(booked.method, "inner", None)
    own = (*(() if inner is None else type(inner).options), *type(booked.method).options)
    described = {option.name: option for option in (*own, *COMMON_OPTIONS, *PDF_OPTIONS)}
    for name, value in booked.options.items():
        option = described.get(name)
        text = "" if option is None else option.description
        if option is not None and option.choices:
            text += f" ({', '.join(option.choices)})"
        mark = "*" if name in booked.given else " "
        lines.append(f" {mark} {name} = {value}".ljust(36) + f" {text}".rstrip())
    lines.append(" * set by the booking")
    return "\n".join(lines)


def transformations_text(booked: BookedMethod) -> str:
    """What happens to the variables before a trained method sees them, a line per step; empty without VarTransform."""
    from .. import _core
    from ..model import Model

    if isinstance(booked.model, _core.Model):
        return Model(booked.model).transformations
    chain = getattr(booked.model, "chain", None)
    return "" if chain is None or chain.empty else str(chain.describe()).strip()
