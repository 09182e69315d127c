"""TMVA's Reader: applies trained models, to whole arrays as well as to single events."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._near_misses import near_misses
from .._validation import contiguous
from ..expression import Expression, split_label
from ..model import Model, load
from .methods.base import Option
from .options import parse_options

READER_OPTIONS = (
    Option("V", "bool", False, "print what is booked"),
    Option("Color", "bool", True, "TMVA's; the output has no colours"),
    Option("Silent", "bool", False, "print nothing"),
)


class Reader:
    """Evaluates models by tag.

    Variables may be declared as in TMVA, then their names and order are checked against every model that is booked; a
    Reader without declared variables takes them from the model. Spectators are optional.

    Parameters
    ----------
    arguments : ``Reader(options)``, or as in TMVA with the variables before, ``Reader("var1:var2", options)`` or
        ``Reader(["var1", "var2"], options)``; options are TMVA's option string: V, Silent. A number at the end is
        TMVA's ``verbose``.
    keywords : options as keyword arguments

    Examples
    --------
    Whole arrays:

    >>> reader = Reader()                                                     # doctest: +SKIP
    >>> reader.BookMVA("BDT", "dataset/weights/job_BDT.diskern")              # doctest: +SKIP
    >>> response = reader.EvaluateMVA({"var1": x1, "var2": x2}, "BDT")        # doctest: +SKIP

    Event by event, as TMVA's scripts do:

    >>> var1 = array("f", [0])                                                # doctest: +SKIP
    >>> reader.AddVariable("var1", var1)                                      # doctest: +SKIP
    >>> reader.BookMVA("BDT", "weights/TMVAClassification_BDT.weights.xml")   # doctest: +SKIP
    >>> var1[0] = 1.5; response = reader.EvaluateMVA("BDT")                   # doctest: +SKIP
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        names, options = _names_and_options(arguments)
        self.options, _ = parse_options(options, READER_OPTIONS, _context="Reader", **keywords)
        self._variables: list[tuple[str, str, Any]] = []  # label, expression, where the value of an event lies
        self._spectators: list[tuple[str, str, Any]] = []
        self._models: dict[str, Model] = {}
        self._working_points: dict[tuple[str, float], Model] = {}
        for name in names:
            self.AddVariable(name)

    # -- declaring ----------------------------------------------------------------------------------------------------

    def AddVariable(self, expression: str, value: Any = None) -> None:
        """Declare the next input variable.

        Parameters
        ----------
        expression : as it was given in training: ``expression``, ``label`` or ``label := expression``
        value : something whose element 0 holds the value of the event at hand (``array("f", [0])``, a NumPy array);
            only needed for evaluation event by event

        Raises
        ------
        InvalidArgument
            after BookMVA, a name declared twice, a value without elements
        """
        if self._models:
            raise InvalidArgument(f"AddVariable({expression!r}) comes after BookMVA; declare all variables before")
        self._variables.append(_declared(expression, value, self._variables, "AddVariable"))

    def AddSpectator(self, expression: str, value: Any = None) -> None:
        """Declare a spectator. Only models trained in folds or made of categories need them; the name is checked when a
        model is booked."""
        if self._models:
            raise InvalidArgument(f"AddSpectator({expression!r}) comes after BookMVA; declare all spectators before")
        self._spectators.append(_declared(expression, value, self._spectators, "AddSpectator"))

    def BookMVA(self, tag: str, path: str | os.PathLike[str]) -> Model:
        """Read a model: a .diskern file or a weight file of TMVA (.weights.xml, also compressed).

        Raises
        ------
        FileNotFoundError
            there is no such file
        FormatError
            the file is damaged or not a model
        InvalidArgument
            the tag is taken; the declared variables are not those of the model, in its order
        """
        if not isinstance(tag, str) or not tag:
            raise InvalidArgument(f"the tag of a model must be text that is not empty, got {tag!r}")
        if tag in self._models:
            raise InvalidArgument(f"a model is already booked as {tag!r}")
        model = load(self._existing(path))
        self._check_names(tag, model)
        self._models[tag] = model
        if self.options["V"] and not self.options["Silent"]:
            print(f"Booked {model.method} {model.title!r} as {tag!r}: {', '.join(model.variables)}")
        return model

    @staticmethod
    def _existing(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
        """The path; an error where a weight file of TMVA is missing and Diskern's model lies in its place."""
        weights = ".weights.xml"
        text = os.fspath(path)
        if text.endswith(weights) and not os.path.exists(text):
            model = text.removesuffix(weights) + ".diskern"
            if os.path.exists(model):
                raise FileNotFoundError(
                    errno.ENOENT, f"there is no weight file of TMVA, but Diskern's model {model!r}: book that", text
                )
        return path

    def _check_names(self, tag: str, model: Model) -> None:
        info = model.info
        if self._variables:
            agree = len(self._variables) == len(info["variables"]) and all(
                _same(label, expression, variable)
                for (label, expression, _), variable in zip(self._variables, info["variables"], strict=True)
            )
            if not agree:
                raise InvalidArgument(
                    f"model {tag!r} was trained with other variables or in another order.\n"
                    f"  model:  {_listed(info['variables'])}\n"
                    f"  Reader: {', '.join(_shown(label, expression) for label, expression, _ in self._variables)}"
                )
        for label, expression, _ in self._spectators:
            if not any(_same(label, expression, spectator) for spectator in info["spectators"]):
                raise InvalidArgument(
                    f"model {tag!r} has no spectator {label!r}.\n"
                    f"  model:  {_listed(info['spectators']) or 'none'}\n"
                    f"  Reader: {', '.join(_shown(label, expression) for label, expression, _ in self._spectators)}"
                )

    def FindMVA(self, tag: str) -> Model:
        """The model booked under a tag."""
        if tag not in self._models:
            raise InvalidArgument(
                f"no model is booked as {tag!r}{near_misses(str(tag), self._models)} "
                f"(booked: {', '.join(self._models) or 'none'})"
            )
        return self._models[tag]

    def _at_efficiency(self, tag: str, efficiency: float) -> Model:
        """The cuts of a tag at a signal efficiency, made once."""
        if (tag, efficiency) not in self._working_points:
            self._working_points[tag, efficiency] = self.FindMVA(tag).at_signal_efficiency(efficiency)
        return self._working_points[tag, efficiency]

    def GetCuts(self, tag: str, signal_efficiency: float) -> dict[str, tuple[float, float]]:
        """The lower and upper cut on every variable at a signal efficiency; see ``Model.cuts``.

        Raises
        ------
        InvalidArgument
            unknown tag, a model of another method, an efficiency outside of [0, 1]
        """
        return self.FindMVA(tag).cuts(signal_efficiency)

    def FindCutsMVA(self, tag: str) -> CutsAt:
        """The cuts of a model of Cuts, as TMVA's application tutorial asks for them.

        Raises
        ------
        InvalidArgument
            unknown tag, a model of another method
        """
        model = self.FindMVA(tag)
        if not isinstance(model.predictor, _core.Cuts):
            raise InvalidArgument(f"{tag!r} is a {model.method}, which has no cuts; FindCutsMVA takes models of Cuts")
        return CutsAt(model)

    # -- evaluating ---------------------------------------------------------------------------------------------------

    def EvaluateMVA(self, *arguments: Any, threads: int = 1) -> Any:
        """Response of a classifier (or of a regression with one target).

        ``EvaluateMVA(tag)`` evaluates the event that the declared variables hold; ``EvaluateMVA(events, tag)`` or
        ``EvaluateMVA(tag, events)`` evaluates events: a dict of arrays, a DataFrame, an array of shape (events,
        variables), or one event as a sequence of its variables. As in TMVA a number after the tag is the signal
        efficiency of cuts, ``EvaluateMVA(tag, 0.7)`` or ``EvaluateMVA(events, tag, 0.7)``: 1 for events that pass, else
        0. It has no effect on other methods.

        Columns of a dict or DataFrame are found by label or expression; where neither is there, the expression is
        evaluated on the columns it reads. NaN is a missing value for trees; other methods answer NaN.

        Returns
        -------
        float for one event, float64 array (events,) for many

        Raises
        ------
        InvalidArgument
            unknown tag, missing columns, wrong shape; a model with several outputs
        """
        model, responses, single = self._evaluate(arguments, threads, "EvaluateMVA")
        if responses.shape[1] != 1:
            other = "EvaluateMulticlass" if model.analysis_type == "Multiclass" else "EvaluateRegression"
            raise InvalidArgument(f"{model.title!r} has {responses.shape[1]} outputs: call {other}")
        return float(responses[0, 0]) if single else responses[:, 0]

    def GetProba(self, *arguments: Any, threads: int = 1) -> Any:
        """Probability of events to be signal, of a model booked with CreateMVAPdfs.

        Arguments as in :meth:`EvaluateMVA`; a number after them is the part of all events that is signal:
        ``GetProba(tag)``, ``GetProba(tag, 0.3)``, ``GetProba(events, tag, 0.3)``. As in TMVA a second number is the
        response, which is not evaluated then: ``GetProba(tag, 0.5, 0.87)``.

        Returns
        -------
        float for one event, float64 array (events,) for many

        Raises
        ------
        InvalidArgument
            the model has no densities of its response; a signal fraction outside of [0, 1]; as EvaluateMVA
        """
        if len(arguments) == 3 and isinstance(arguments[0], str) and _is_number(arguments[1], arguments[2]):
            return float(self.FindMVA(arguments[0]).probability(arguments[2], arguments[1]))
        fraction = 0.5
        if len(arguments) > 1 and _is_number(arguments[-1]):
            arguments, fraction = arguments[:-1], float(arguments[-1])
        model, responses, single = self._evaluate(arguments, threads, "GetProba")
        probability = model.probability(responses[:, 0], fraction)
        return float(probability[0]) if single else probability

    def GetRarity(self, *arguments: Any, threads: int = 1) -> Any:
        """The part of background with a smaller response, of a model booked with CreateMVAPdfs.

        Arguments as in :meth:`EvaluateMVA`. As in TMVA a number after the tag is the response, which is not evaluated
        then: ``GetRarity(tag, 0.87)``.

        Returns
        -------
        float for one event, float64 array (events,) for many
        """
        if len(arguments) == 2 and isinstance(arguments[0], str) and _is_number(arguments[1]):
            return float(self.FindMVA(arguments[0]).rarity(arguments[1]))
        model, responses, single = self._evaluate(arguments, threads, "GetRarity")
        rarity = model.rarity(responses[:, 0])
        return float(rarity[0]) if single else rarity

    def EvaluateMulticlass(self, *arguments: Any, threads: int = 1) -> Any:
        """Responses of a multiclass model, one per class.

        Arguments as in :meth:`EvaluateMVA`; with a class index first, ``EvaluateMulticlass(i, tag)``, only that one.

        Returns
        -------
        list of floats for one event, float64 array (events, classes) for many
        """
        return self._several(arguments, threads, "EvaluateMulticlass", "Multiclass")

    def EvaluateRegression(self, *arguments: Any, threads: int = 1) -> Any:
        """Estimates of a regression model, one per target.

        Arguments as in :meth:`EvaluateMVA`; with a target index first, ``EvaluateRegression(i, tag)``, only that one.

        Returns
        -------
        list of floats for one event, float64 array (events, targets) for many
        """
        return self._several(arguments, threads, "EvaluateRegression", "Regression")

    def _several(self, arguments: tuple[Any, ...], threads: int, name: str, analysis_type: str) -> Any:
        index = None
        if arguments and isinstance(arguments[0], (int, np.integer)) and not isinstance(arguments[0], bool):
            index, arguments = int(arguments[0]), arguments[1:]
        model, responses, single = self._evaluate(arguments, threads, name, analysis_type)
        if index is not None:
            if not 0 <= index < responses.shape[1]:
                raise InvalidArgument(f"{name}: index {index} is not in 0..{responses.shape[1] - 1} of {model.title!r}")
            return float(responses[0, index]) if single else responses[:, index]
        return responses[0].tolist() if single else responses

    def _evaluate(
        self, arguments: tuple[Any, ...], threads: int, name: str, analysis_type: str = ""
    ) -> tuple[Model, NDArray[np.float64], bool]:
        tag, events, efficiency = _tag_and_events(arguments, name)
        model = self.FindMVA(tag)
        if efficiency is not None and _has_cuts(model):
            model = self._at_efficiency(tag, efficiency)
        if analysis_type and model.analysis_type != analysis_type:
            raise InvalidArgument(f"{name}: {tag!r} is a {model.analysis_type} model")
        if events is None:
            matrix, single = self._current_event(), True
        else:
            matrix, single = self._matrix(model, events)
        key = self._key(tag, model, events) if model.key_columns else None
        return model, np.asarray(model.evaluate(matrix, key=key, threads=threads), np.float64), single

    def _key(self, tag: str, model: Model, events: Any) -> dict[str, NDArray[Any]]:
        """The columns that choose the fold or the category: from the events, or from the declared spectators."""
        parts = "made of categories" if model.method == "Category" else "trained in folds"
        if events is None:
            values = {label: value for label, _, value in self._spectators}
            missing = [name for name in model.key_columns if values.get(name) is None]
            if missing:
                raise InvalidArgument(
                    f"model {tag!r} was {parts} and needs the spectators {', '.join(missing)} to choose one: "
                    "AddSpectator(name, array('d', [0]))"
                )
            return {name: np.array([float(values[name][0])]) for name in model.key_columns}
        columns = as_columns(events)
        expressions = {one["label"]: one["expression"] for one in model.info["spectators"]}
        found: dict[str, NDArray[Any]] = {}
        missing = []
        for name in model.key_columns:
            expression = expressions.get(name, name)
            if columns is None:
                missing.append(name)
            elif name in columns:
                found[name] = np.atleast_1d(columns[name])
            elif expression in columns:
                found[name] = np.atleast_1d(columns[expression])
            elif expression != name and set(_core.Expression(expression).inputs) <= set(columns):
                found[name] = np.atleast_1d(Expression(expression).evaluate(columns))
            else:
                missing.append(name)
        if missing:
            raise InvalidArgument(
                f"model {tag!r} was {parts} and needs the columns {', '.join(missing)} to choose one; "
                "pass the events as a dict or DataFrame that has them"
            )
        return found

    def _current_event(self) -> NDArray[np.float32]:
        missing = [label for label, _, value in self._variables if value is None]
        if not self._variables:
            raise InvalidArgument("no variables were declared: AddVariable(name, array('f', [0])), or pass the events")
        if missing:
            raise InvalidArgument(
                f"{', '.join(missing)} declared without a value to read: AddVariable(name, array('f', [0])), "
                "or pass the events"
            )
        event = [float(value[0]) for _, _, value in self._variables]
        with np.errstate(over="ignore"):
            return np.array([event], dtype=np.float32)

    def _matrix(self, model: Model, events: Any) -> tuple[NDArray[np.float32], bool]:
        """Events as float32 (events, variables), and whether it is a single one."""
        columns = as_columns(events)
        if columns is not None:
            return self._from_columns(model, columns)
        try:
            array = np.asarray(events)
        except ValueError:
            raise InvalidArgument("events must be an array of shape (events, variables) or a dict of columns") from None
        if array.dtype.kind not in "fiub":
            raise InvalidArgument(f"events must be numbers, got {type(events).__name__} of dtype {array.dtype}")
        n = len(model.variables)
        single = array.ndim == 1
        if single:
            if len(array) != n:
                raise InvalidArgument(
                    f"a single event must have {n} values ({', '.join(model.variables)}), got {len(array)}; "
                    "for many events pass shape (events, variables)"
                )
            array = array[None, :]
        if array.ndim != 2 or array.shape[1] != n:
            raise InvalidArgument(
                f"events must have shape (events, {n}): {', '.join(model.variables)}; got {array.shape}"
            )
        with np.errstate(over="ignore"):
            return contiguous(array, np.float32), single

    def _from_columns(self, model: Model, columns: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float32], bool]:
        vectors = []
        for variable in model.info["variables"]:
            names = (variable["label"], variable["expression"], variable["internal"])
            name = next((name for name in names if name in columns), None)
            values = columns[name] if name is not None else _computed(variable["expression"], columns)
            vectors.append(np.asarray(values, dtype=np.float64))
        shapes = {vector.shape for vector in vectors}
        if len(shapes) > 1 or any(vector.ndim > 1 for vector in vectors):
            listed = ", ".join(f"{n}: {v.shape}" for n, v in zip(model.variables, vectors, strict=True))
            raise InvalidArgument(f"the columns of events must be vectors of one length, got {listed}")
        single = bool(vectors) and vectors[0].ndim == 0
        with np.errstate(over="ignore"):
            matrix = np.column_stack([np.atleast_1d(vector) for vector in vectors]).astype(np.float32)
        return np.ascontiguousarray(matrix), single


class CutsAt:
    """What ``Reader.FindCutsMVA`` gives: the cuts of a model by signal efficiency."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def GetCuts(self, effS: float, cutMin: Any = None, cutMax: Any = None) -> list[tuple[float, float]]:
        """Lower and upper cut of every variable at a signal efficiency; lists that are given are filled as in TMVA."""
        cuts = list(self.model.cuts(effS).values())
        for given, values in ((cutMin, [low for low, _ in cuts]), (cutMax, [high for _, high in cuts])):
            if given is not None:
                del given[:]
                given.extend(values)
        return cuts

    def GetInputVar(self, index: int) -> str:
        """The expression of a variable."""
        return self.model.expressions[index]

    def GetNvar(self) -> int:
        """The number of variables."""
        return len(self.model.variables)


def _names_and_options(arguments: tuple[Any, ...]) -> tuple[list[str], str]:
    """Variables and options of the Reader's constructors."""
    if arguments and isinstance(arguments[-1], (bool, int)):
        verbose, arguments = bool(arguments[-1]), arguments[:-1]
    else:
        verbose = False
    names: list[str] = []
    if arguments and not isinstance(arguments[0], str) and isinstance(arguments[0], Sequence):
        names, arguments = [str(name) for name in arguments[0]], arguments[1:]
    elif len(arguments) == 2 and all(isinstance(argument, str) for argument in arguments):
        names, arguments = [name for name in arguments[0].split(":") if name], arguments[1:]
    if len(arguments) > 1 or not all(isinstance(argument, str) for argument in arguments):
        given = ", ".join(type(argument).__name__ for argument in arguments)
        raise InvalidArgument(f"Reader: expected (options), or (variables, options), got ({given})")
    text = arguments[0] if arguments else ""
    return names, f"{text}:V" if verbose and text else "V" if verbose else text


def as_columns(events: Any) -> dict[str, NDArray[Any]] | None:
    """Named columns of a mapping, data frame or structured array; None for anything else."""
    if isinstance(events, Mapping):
        return {str(name): np.asarray(values) for name, values in events.items()}
    if isinstance(events, np.ndarray):
        return None if events.dtype.names is None else {name: events[name] for name in events.dtype.names}
    labels = getattr(events, "columns", None)
    if labels is not None and hasattr(events, "__getitem__"):
        return {str(label): np.asarray(events[label]) for label in labels}
    return None


def _computed(expression: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """The expression on the columns it reads."""
    compiled = Expression(expression)
    missing = [name for name in compiled.variables if name not in columns]
    if missing:
        raise InvalidArgument(
            f"the events have no column for the variable {expression!r}: missing {', '.join(missing)}"
            f"{near_misses(missing[0], columns)} (columns: {', '.join(columns) or 'none'})"
        )
    scalar = all(columns[name].ndim == 0 for name in compiled.variables)
    values = compiled.evaluate({name: np.atleast_1d(columns[name]) for name in compiled.variables})
    result: NDArray[np.float64] = np.asarray(values, np.float64)
    return result[0] if scalar and len(result) == 1 else result


def _is_number(*values: Any) -> bool:
    return all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in values)


def _has_cuts(model: Model) -> bool:
    """Whether a signal efficiency means something: Cuts, or categories of Cuts."""
    predictor = model.predictor
    if isinstance(predictor, _core.Categories):
        return all(isinstance(predictor.model(i).predictor, _core.Cuts) for i in range(predictor.category_count))
    return isinstance(predictor, _core.Cuts)


def _tag_and_events(arguments: tuple[Any, ...], name: str) -> tuple[str, Any, float | None]:
    """(tag), (tag, events) or (events, tag), each with a number (TMVA's aux, the signal efficiency) after it."""
    given = len(arguments)
    efficiency = None
    if given > 1 and isinstance(arguments[-1], (int, float, np.number)):
        efficiency = float(arguments[-1])
        arguments = arguments[:-1]
    if len(arguments) == 1 and isinstance(arguments[0], str):
        return arguments[0], None, efficiency
    if len(arguments) == 2:
        first, second = arguments
        if isinstance(first, str):
            return first, second, efficiency
        if isinstance(second, str):
            return second, first, efficiency
    raise InvalidArgument(f"{name}: expected (tag), (events, tag) or (tag, events), got {given} arguments")


def _declared(expression: str, value: Any, others: Sequence[tuple[str, str, Any]], verb: str) -> tuple[str, str, Any]:
    if not isinstance(expression, str) or not expression.strip():
        raise InvalidArgument(f"{verb}: expected an expression as text, got {expression!r}")
    label, text = split_label(expression)
    if any(label == other for other, _, _ in others):
        raise InvalidArgument(f"{verb}: {label!r} is declared twice")
    if value is not None:
        try:
            float(value[0])
        except (TypeError, IndexError, ValueError):
            raise InvalidArgument(
                f"{verb}({expression!r}): the value must have an element 0 that is a number, like array('f', [0]); "
                f"got {type(value).__name__}"
            ) from None
    return label, text, value


def _plain(text: str) -> str:
    return "".join(text.split())


def _same(label: str, expression: str, variable: Mapping[str, Any]) -> bool:
    """Whether a declared variable is that of the model: equal label and, where both differ from it, expression."""
    known = {_plain(variable["label"]), _plain(variable["expression"])}
    if _plain(label) == _plain(expression):  # declared without a label
        return _plain(expression) in known
    return _plain(label) == _plain(variable["label"]) and _plain(expression) == _plain(variable["expression"])


def _shown(label: str, expression: str) -> str:
    return expression if label == expression else f"{label} := {expression}"


def _listed(variables: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_shown(variable["label"], variable["expression"]) for variable in variables)
