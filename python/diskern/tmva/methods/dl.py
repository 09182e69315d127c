"""TMVA's deep learning: layouts and training strategies as strings."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Set
from math import inf, isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ...estimators._graph_training import fit_graph
from ...networks import (
    GRU,
    LSTM,
    BatchNormalisation,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    Graph,
    Input,
    MaximumPooling2D,
    Permute,
    Recurrent,
    Reshape,
)
from ...networks._layer import Value
from .base import AnalysisType, LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample

InvalidArgument = _core.InvalidArgument

_FUNCTIONS = {
    "RELU": "relu",
    "TANH": "tanh",
    "SYMMRELU": "symmetric_relu",
    "SOFTSIGN": "softsign",
    "SIGMOID": "sigmoid",
    "LINEAR": "linear",
    "GAUSS": "gauss",
}
_STARTS = {
    "XAVIER": "glorot_normal",
    "XAVIERUNIFORM": "glorot_uniform",
    "GAUSS": "normal",
    "UNIFORM": "uniform",
    "ZERO": "zero",
}
_OPTIMIZERS = {
    "SGD": "momentum",
    "ADAM": "adam",
    "ADAGRAD": "adagrad",
    "RMSPROP": "rmsprop",
    "ADADELTA": "adadelta",
}
#: keys of a block of TrainingStrategy with TMVA's defaults; those that TMVA parses and does not use are None
_STRATEGY: dict[str, Any] = {
    "LEARNINGRATE": 1e-5,
    "MOMENTUM": 0.3,
    "REPETITIONS": None,
    "RENORMALIZE": None,
    "CONVERGENCESTEPS": 100,
    "MAXEPOCHS": 2000,
    "BATCHSIZE": 30,
    "TESTREPETITIONS": 7,
    "WEIGHTDECAY": 0.0,
    "REGULARIZATION": "NONE",
    "DROPCONFIG": "",
    "DROPREPETITIONS": None,
    "MULTITHREADING": None,
    "OPTIMIZER": "ADAM",
    "ADAM_BETA1": 0.9,
    "ADAM_BETA2": 0.999,
    "ADAM_EPS": 1e-7,
    "ADAGRAD_EPS": 1e-8,
    "RMSPROP_RHO": 0.9,
    "RMSPROP_EPS": 1e-7,
    "ADADELTA_RHO": 0.95,
    "ADADELTA_EPS": 1e-8,
}
_MOST_NEURONS = 2**26
_FORMULA = re.compile(r"^[N0-9+\-*/(). ]+$")


def _refuse(option: str, text: str, what: str) -> InvalidArgument:
    return InvalidArgument(f"{option}={text!r}: {what}")


def _width(token: str, n_variables: int, text: str) -> int:
    """A number or a formula of N, the number of variables; 0 means 1, as in TMVA."""
    if not _FORMULA.match(token):
        raise _refuse("Layout", text, f"{token!r} is neither a width nor an activation ({', '.join(_FUNCTIONS)})")
    try:
        value = float(_core.Expression(token.replace("N", str(n_variables))).evaluate({}, 1)[0])
    except Exception as error:
        raise _refuse("Layout", text, f"{token!r} is no formula of N: {error}") from None
    if not 0.0 <= value <= _MOST_NEURONS:
        raise _refuse(
            "Layout",
            text,
            f"{token!r} gives {value:g} neurons with {n_variables} variables, expected 0 to {_MOST_NEURONS}",
        )
    return max(int(value), 1)


def _numbers(fields: list[str], count: int, kind: str, text: str) -> list[int]:
    if len(fields) < count:
        raise _refuse("Layout", text, f"{kind} needs {count} whole numbers, got {'|'.join(fields)!r}")
    for field in fields[:count]:
        if not re.fullmatch(r"\d{1,9}", field):
            raise _refuse("Layout", text, f"{kind} needs {count} whole numbers, but {field!r} is none")
    return [int(field) for field in fields[:count]]


def _nothing_more(fields: list[str], kind: str, expected: str, text: str) -> None:
    """Fields that are left of a layer are an error that names the first of them."""
    surplus = next((field for field in fields if field), None)
    if surplus is not None:
        raise _refuse("Layout", text, f"{kind} does not know the field {surplus!r}, expected {expected}")


def _normalisation(fields: list[str], text: str) -> BatchNormalisation:
    """``BNORM|momentum|epsilon``."""
    settings = [-1.0, 1e-4]
    for i, (name, field) in enumerate(zip(("momentum", "epsilon"), fields, strict=False)):
        if not field:
            continue
        try:
            settings[i] = float(field)
        except ValueError:
            raise _refuse("Layout", text, f"the {name} of BNORM is {field!r}, expected a number") from None
        if not (settings[i] < 1.0 if name == "momentum" else 0.0 <= settings[i] < float("inf")) or settings[i] == -inf:
            expected = "a number below 1 (negative: the mean over all batches)" if name == "momentum" else "0 or more"
            raise _refuse("Layout", text, f"the {name} of BNORM is {field}, expected {expected}")
    _nothing_more(fields[2:], "BNORM", "momentum|epsilon", text)
    momentum, epsilon = settings
    # TMVA's momentum is what stays of the average.
    return BatchNormalisation(momentum if momentum < 0 else 1.0 - momentum, epsilon)


def _recurrent(kind: str, fields: list[str], text: str) -> tuple[Recurrent | LSTM | GRU, tuple[int, int]]:
    """The layer of ``LSTM|units|features|steps|rememberState|returnSequence`` and the series that it wants."""
    units, features, steps = _numbers(fields, 3, kind, text)
    names = ["rememberState", "returnSequence", *(["resetGateAfter"] if kind == "GRU" else [])]
    flags = dict.fromkeys(names, False)
    for name, field in zip(names, fields[3:], strict=False):
        if field not in ("", "0", "1"):
            raise _refuse("Layout", text, f"{name} of {kind} is {field!r}, expected 0 or 1")
        flags[name] = field == "1"
    _nothing_more(fields[3 + len(names) :], kind, f"units|features|steps|{'|'.join(names)}", text)
    if flags["rememberState"]:
        raise _refuse("Layout", text, f"rememberState=1 of {kind} is not available")
    sequences = flags["returnSequence"]
    layer: Recurrent | LSTM | GRU
    if kind == "GRU":
        layer = GRU(units, sequences=sequences, reset_after=flags["resetGateAfter"])
    elif kind == "LSTM":
        layer = LSTM(units, sequences=sequences)
    else:
        layer = Recurrent(units, sequences=sequences)
    return layer, (steps, features)


def input_shape(text: str, n_variables: int) -> tuple[int, int, int]:
    """(depth, height, width) that ``InputLayout`` means; 0|0|0: the variables in one row.

    Two numbers are steps and features of a series, as TMVA's recurrent examples have them.
    """
    fields = [field.strip() for field in re.split(r"[|*]", text)]
    if not 1 <= len(fields) <= 3 or not all(re.fullmatch(r"\d+", field) for field in fields):
        raise _refuse("InputLayout", text, "expected depth|height|width")
    numbers = [int(field) for field in fields]
    if not any(numbers):
        return 1, 1, n_variables
    numbers = [1] * (3 - len(numbers)) + numbers
    if numbers[0] * numbers[1] * numbers[2] != n_variables:
        raise _refuse(
            "InputLayout", text, f"{numbers[0]} x {numbers[1]} x {numbers[2]} are not {n_variables} variables"
        )
    return numbers[0], numbers[1], numbers[2]


def parse_layout(text: str, shape: tuple[int, int, int], n_outputs: int, drop: list[float]) -> Graph:
    """The graph of a ``Layout`` string (tmva.md 2.17).

    Parameters
    ----------
    text : str
        Layers separated by ``,``, their fields by ``|``.
    shape : (depth, height, width)
    n_outputs : int
        Width of the last layer, whatever the string says, as in TMVA.
    drop : list of float
        Probability with which the inputs of each layer are dropped in training.
    """
    n_variables = shape[0] * shape[1] * shape[2]
    tokens = [token.strip() for token in text.upper().split(",") if token.strip()]
    if not tokens:
        raise _refuse("Layout", text, "no layers")
    start = Input((n_variables,), name="variables")
    value: Value = start
    # How the numbers lie: in one row, as an image with the channels last, or as a series.
    form, extents = ("flat", (n_variables,)) if shape[:2] == (1, 1) else ("first", shape)
    for number, token in enumerate(tokens):
        fields = [field.strip() for field in token.split("|")]
        kind = fields[0]
        last = number == len(tokens) - 1
        if number < len(drop) and drop[number] > 0.0:
            value = Dropout(drop[number])(value)
        if kind in ("CONV", "MAXPOOL"):
            if form == "flat":
                raise _refuse("Layout", text, f"{kind} after the numbers have become flat; give InputLayout")
            if form == "first":
                value = Permute((1, 2, 0))(Reshape(extents)(value))
                form = "image"
            if kind == "CONV":
                maps, height, width, rows, columns, top, left = _numbers(fields[1:], 7, kind, text)
                function = fields[8] if len(fields) > 8 and fields[8] else "LINEAR"
                _nothing_more(
                    fields[9:], kind, "maps|height|width|strideRows|strideColumns|padRows|padColumns|activation", text
                )
                if function not in _FUNCTIONS:
                    raise _refuse("Layout", text, f"{function!r} is no activation, expected {', '.join(_FUNCTIONS)}")
                value = Convolution2D(
                    maps, (height, width), (rows, columns), (top, left), activation=_FUNCTIONS[function]
                )(value)
            else:
                height, width, rows, columns = _numbers(fields[1:], 4, kind, text)
                _nothing_more(fields[5:], kind, "height|width|strideRows|strideColumns", text)
                value = MaximumPooling2D((height, width), (rows, columns))(value)
        elif kind == "RESHAPE":
            # FLAT alone, or behind the three extents, as TMVA's tutorials have it.
            if "FLAT" in fields[1:]:
                place = fields.index("FLAT")
                if place > 1:
                    wanted = _numbers(fields[1:place], 3, kind, text)
                    _nothing_more(fields[4:place], kind, "depth|height|width|FLAT", text)
                    Graph(start, Reshape((wanted[0] * wanted[1] * wanted[2],))(_flat(value, form)))  # checks the size
                _nothing_more(fields[place + 1 :], kind, "depth|height|width|FLAT", text)
                value, form = _flat(value, form), "flat"
            else:
                extents = tuple(_numbers(fields[1:], 3, kind, text))  # type: ignore[assignment]
                _nothing_more(fields[4:], kind, "depth|height|width or FLAT", text)
                value, form = Reshape(extents)(_flat(value, form)), "first"
        elif kind == "BNORM":
            value = _normalisation(fields[1:], text)(_flat(value, form) if form == "first" else value)
            form = "flat" if form == "first" else form
        elif kind in ("RNN", "LSTM", "GRU"):
            layer, series = _recurrent(kind, fields[1:], text)
            if form != "series":
                value = Reshape(series)(_flat(value, form))
            value = layer(value)
            form = "series" if layer.sequences else "flat"
        else:
            rest = fields[1:] if kind == "DENSE" else fields
            functions = [field for field in rest if field in _FUNCTIONS]
            widths = [field for field in rest if field and field not in _FUNCTIONS]
            if len(functions) > 1 or len(widths) > 1:
                raise _refuse("Layout", text, f"{token!r} has more than a width and an activation")
            width = n_outputs if last else _width(widths[0] if widths else "0", n_variables, text)
            function = functions[0] if functions else "LINEAR"
            if last and function != "LINEAR":
                raise _refuse("Layout", text, f"the last layer is LINEAR, got {function}")
            value = Dense(width, activation=_FUNCTIONS[function])(_flat(value, form))
            form = "flat"
        if last and kind in ("CONV", "MAXPOOL", "RESHAPE", "BNORM", "RNN", "LSTM", "GRU"):
            raise _refuse("Layout", text, f"the last layer is DENSE, got {kind}")
    return Graph(start, value)


def _flat(value: Value, form: str) -> Value:
    """In one row, channels first as TMVA has them."""
    if form == "image":
        return Flatten()(Permute((2, 0, 1))(value))
    return Flatten()(value) if form in ("series", "first") else value


#: of the numbers of a block: whether they are whole, and the least and largest that make sense
_LIMITS = {
    "LEARNINGRATE": (False, 0.0, inf),
    "MOMENTUM": (False, 0.0, 1.0),
    "CONVERGENCESTEPS": (True, 1, 2**31 - 1),
    "MAXEPOCHS": (True, 1, 2**31 - 1),
    "BATCHSIZE": (True, 1, 2**31 - 1),
    "TESTREPETITIONS": (True, 1, 2**31 - 1),
    "WEIGHTDECAY": (False, 0.0, inf),
    "ADAM_BETA1": (False, 0.0, 1.0),
    "ADAM_BETA2": (False, 0.0, 1.0),
    "ADAM_EPS": (False, 0.0, inf),
    "ADAGRAD_EPS": (False, 0.0, inf),
    "RMSPROP_RHO": (False, 0.0, 1.0),
    "RMSPROP_EPS": (False, 0.0, inf),
    "ADADELTA_RHO": (False, 0.0, 1.0),
    "ADADELTA_EPS": (False, 0.0, inf),
}


def _check_phase(phase: Mapping[str, Any], text: str) -> None:
    for key, (whole, least, most) in _LIMITS.items():
        value = phase[key]
        if isfinite(value) and (not whole or value == int(value)) and least <= value <= most:
            continue
        kind = "a whole number" if whole else "a number"
        limits = f"of {least:g} or more" if most > 1.0 else f"from {least:g} to {most:g}"
        raise _refuse("TrainingStrategy", text, f"{key}={value:g}, expected {kind} {limits}")


def parse_strategy(text: str) -> list[dict[str, Any]]:
    """The phases of a ``TrainingStrategy`` string: blocks separated by ``|``, keys by ``,``."""
    phases = []
    for block in text.replace(" ", "").split("|"):
        if not block:
            continue
        phase = dict(_STRATEGY)
        for pair in block.split(","):
            if not pair:
                continue
            key, equals, value = pair.partition("=")
            if not equals or key.upper() not in _STRATEGY:
                known = ", ".join(_STRATEGY)
                raise _refuse(
                    "TrainingStrategy", text, f"{pair!r} is not known, expected KEY=value with one of {known}"
                )
            default = _STRATEGY[key.upper()]
            try:
                phase[key.upper()] = value.upper() if isinstance(default, str) or default is None else float(value)
            except ValueError:
                raise _refuse("TrainingStrategy", text, f"{pair!r} is no number") from None
        _check_phase(phase, text)
        if phase["OPTIMIZER"] not in _OPTIMIZERS:
            raise _refuse("TrainingStrategy", text, f"Optimizer must be one of {', '.join(_OPTIMIZERS)}")
        if phase["REGULARIZATION"] not in ("NONE", "L1", "L2"):
            raise _refuse("TrainingStrategy", text, "Regularization must be NONE, L1 or L2")
        try:
            phase["DROP"] = [float(one) for one in str(phase["DROPCONFIG"]).split("+") if one]
        except ValueError:
            raise _refuse("TrainingStrategy", text, "DropConfig must be numbers joined by +") from None
        if not all(0.0 <= one < 1.0 for one in phase["DROP"]):
            raise _refuse("TrainingStrategy", text, "DropConfig holds probabilities from 0 to below 1")
        phases.append(phase)
    if not phases:
        raise _refuse("TrainingStrategy", text, "no phases")
    return phases


class DL(Method):
    """Networks by TMVA's ``Layout`` strings, trained in the phases of ``TrainingStrategy`` (tmva.md 2.17).

    Differences from TMVA:

    - convergence is judged on the validation sample of the DataLoader where there is one, else ``ValidationSize`` of
      the training events (the last ones, as in TMVA) are set apart;
    - without ``DropConfig`` nothing is dropped;
    - ``Architecture`` is CPU; GPU is an error, no silent change.

    Negative event weights multiply the loss of their event.
    """

    type_name: ClassVar[str] = "DL"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("InputLayout", "str", "0|0|0", "depth|height|width of an event; 0|0|0: the variables in one row"),
        Option("BatchLayout", "str", "0|0|0", "shape of a batch in TMVA; only the batch size of the strategy counts"),
        Option("Layout", "str", "DENSE|(N+100)*2|SOFTSIGN,DENSE|0|LINEAR", "layers"),
        Option(
            "ErrorStrategy",
            "choice",
            "CROSSENTROPY",
            "loss",
            ("CROSSENTROPY", "SUMOFSQUARES", "MUTUALEXCLUSIVE"),
        ),
        Option("WeightInitialization", "choice", "XAVIER", "start of the weights", tuple(_STARTS)),
        Option("RandomSeed", "int", 0, "seed of weights and shuffling; 0: another one each time"),
        Option("ValidationSize", "str", "20%", "events set apart where the DataLoader has no validation sample"),
        Option("Architecture", "choice", "CPU", "where it runs", ("CPU", "GPU", "CUDNN", "STANDARD", "OPENCL")),
        Option(
            "TrainingStrategy",
            "str",
            "LearningRate=1e-1,Momentum=0.3,Repetitions=3,ConvergenceSteps=50,BatchSize=30,TestRepetitions=7,"
            "WeightDecay=0.0,DropConfig=0.0,DropRepetitions=5"
            "|LearningRate=1e-4,Momentum=0.3,Repetitions=3,ConvergenceSteps=50,MaxEpochs=2000,BatchSize=20,"
            "TestRepetitions=7,WeightDecay=0.001,Regularization=L2,DropConfig=0.0+0.5+0.5,DropRepetitions=5",
            "phases of training",
        ),
    )

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> None:
        super().__init__(title, analysis_type, values)
        if values["Architecture"] != "CPU":
            raise InvalidArgument(f"{title}: Architecture={values['Architecture']} is not available, only CPU is")
        if values["RandomSeed"] < 0:
            raise InvalidArgument(f"{title}: RandomSeed={values['RandomSeed']} must be 0 (drawn) or more")
        self.phases = parse_strategy(values["TrainingStrategy"])
        self._validation_count(1000)

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        idle = {}
        if "BatchLayout" in given:
            idle["BatchLayout"] = "as the batch size is that of TrainingStrategy"
        if "ErrorStrategy" in given and self.analysis_type != "Classification":
            idle["ErrorStrategy"] = f"in {self.analysis_type.lower()}"
        return idle

    def _validation_count(self, events: int) -> int:
        text = self.values["ValidationSize"].strip()
        try:
            if text.endswith("%"):
                count = round(events * float(text[:-1]) / 100.0)
            else:
                number = float(text)
                count = round(events * number) if number < 1.0 else round(number)
        except (ValueError, OverflowError):  # no number, NaN or infinity
            count = -1
        if count < 0:
            raise InvalidArgument(f"{self.title}: ValidationSize={text!r} must be 20%, 0.2 or a number of events")
        return count

    def _losses(self) -> tuple[str, str]:
        """Loss and link."""
        if self.analysis_type == "Regression":
            return "squared", "identity"
        if self.analysis_type == "Multiclass":
            return "softmax_cross_entropy", "softmax"
        squared = self.values["ErrorStrategy"] == "SUMOFSQUARES"
        return ("squared", "identity") if squared else ("cross_entropy", "sigmoid")

    def _targets(self, sample: TrainingSample) -> NDArray[np.float32]:
        if self.analysis_type == "Regression":
            return np.ascontiguousarray(sample.targets, np.float32)
        if self.analysis_type == "Multiclass":
            present = np.bincount(sample.class_index, weights=sample.weight != 0.0, minlength=len(sample.class_names))
            for name, count in zip(sample.class_names, present, strict=True):
                if count == 0:
                    raise InvalidArgument(f"{self.title}: the sample holds no events of class {name!r}")
            return np.eye(len(sample.class_names), dtype=np.float32)[sample.class_index]
        used = sample.is_signal[sample.weight != 0.0]
        if used.all() or not used.any():
            raise InvalidArgument(f"{self.title}: the sample holds events of one class only")
        return sample.is_signal[:, np.newaxis].astype(np.float32)

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        notes = []
        targets = self._targets(sample)
        loss, link = self._losses()
        training = (sample.variables, targets, sample.weight)
        apart = None if validation is None else (validation.variables, self._targets(validation), validation.weight)
        if apart is None:
            count = self._validation_count(len(targets))
            if count > 0:
                if count >= len(targets):
                    raise InvalidArgument(f"{self.title}: ValidationSize leaves nothing to train on")
                apart = (sample.variables[-count:], targets[-count:], sample.weight[-count:])
                training = (sample.variables[:-count], targets[:-count], sample.weight[:-count])
                notes.append(f"the last {count} events of the training sample are set apart for validation")
        seed = self.values["RandomSeed"]
        if seed == 0:
            seed = secrets.randbelow(2**32 - 1) + 1
            notes.append(f"RandomSeed={seed} was drawn")
        shape = input_shape(self.values["InputLayout"], sample.variables.shape[1])
        curve: list[tuple[float, float, float]] = []
        start = None
        fit: Any = None
        epochs = 0
        for phase in self.phases:
            graph = parse_layout(self.values["Layout"], shape, targets.shape[1], phase["DROP"])
            fit = fit_graph(
                graph,
                [loss],
                self._params(phase),
                training,
                apart,
                links=[link],
                threads=threads,
                seed=seed,
                progress=progress,
                start=start,
            )
            # Dropout has no parameters, so those of one phase fit the next.
            start = fit.predictor.parameters
            validation_loss = fit.validation_loss or [np.nan] * len(fit.curve_epoch)
            curve += zip([epochs + e for e in fit.curve_epoch], fit.training_loss, validation_loss, strict=True)
            epochs += fit.epochs
            if fit.message:
                notes.append(fit.message)
            if fit.interrupted:
                break
        columns = np.array(curve).reshape(-1, 3)
        return TrainedMethod(
            fit.predictor,
            curves=[LearningCurve("loss", columns[:, 0], columns[:, 1], columns[:, 2] if apart is not None else None)],
            notes=notes,
            interrupted=fit.interrupted,
            signal_cut=0.5 if self.analysis_type == "Classification" else None,
        )

    def _params(self, phase: Mapping[str, Any]) -> _core.GraphParams:
        params = _core.GraphParams()
        optimizer = phase["OPTIMIZER"]
        params.optimizer = _OPTIMIZERS[optimizer]
        params.learning_rate = phase["LEARNINGRATE"]
        params.momentum = phase["MOMENTUM"]
        if optimizer == "ADAM":
            params.beta_1, params.beta_2 = phase["ADAM_BETA1"], phase["ADAM_BETA2"]
        if optimizer in ("RMSPROP", "ADADELTA"):
            params.rho = phase[f"{optimizer}_RHO"]
        if optimizer != "SGD":
            params.epsilon = phase[f"{optimizer}_EPS"]
        if phase["REGULARIZATION"] == "L1":
            params.l1 = phase["WEIGHTDECAY"]
        elif phase["REGULARIZATION"] == "L2":
            # TMVA's penalty is the sum of squares without a factor 1/2.
            params.l2 = 2.0 * phase["WEIGHTDECAY"]
        params.initialisation = _STARTS[self.values["WeightInitialization"]]
        params.batch_size = int(phase["BATCHSIZE"])
        params.epochs = int(phase["MAXEPOCHS"])
        params.test_rate = min(int(phase["TESTREPETITIONS"]), params.epochs)
        # Steps are epochs, of which every TestRepetitions-th is tested.
        params.convergence_tests = max(1, -(-int(phase["CONVERGENCESTEPS"]) // params.test_rate))
        params.convergence_improve = 0.0
        return params
