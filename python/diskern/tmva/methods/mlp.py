"""TMVA's multilayer perceptron."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Set
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from .base import AnalysisType, LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .fisher import ranked

_ACTIVATIONS = {
    "linear": "linear",
    "sigmoid": "sigmoid",
    "tanh": "tmva_tanh",  # the rational approximation that TMVA's weight files mean
    "radial": "radial",
    "ReLU": "relu",
}
_INPUTS = {"sum": "sum", "sqsum": "sum_of_squares", "abssum": "sum_of_absolutes"}
_LAYER = re.compile(r"^(?:N(?:([+-])(\d+))?|(\d+))$")

_TMVA = _core.NetworkParams.tmva(2)
_ADAM = _core.NetworkParams()


def hidden_layers(text: str, n_variables: int) -> list[int]:
    """The widths that TMVA's ``HiddenLayers`` means: a comma list of ``N`` (number of variables), ``N+5``, ``N-1``, 12.

    An empty text means no hidden layer.
    """
    layers = []
    for part in text.split(",") if text.strip() else []:
        match = _LAYER.match(part.strip().replace(" ", ""))
        if match is None:
            raise _core.InvalidArgument(
                f"HiddenLayers={text!r}: {part.strip()!r} is no layer; expected N, N+<number>, N-<number> or a number"
            )
        sign, shift, number = match.groups()
        width = int(number) if number else n_variables + (int(shift or 0) if sign != "-" else -int(shift))
        if width < 1:
            raise _core.InvalidArgument(
                f"HiddenLayers={text!r}: {part.strip()!r} gives {width} neurons with {n_variables} variables"
            )
        layers.append(width)
    return layers


class MLP(Method):
    """Dense feed-forward network with TMVA's training methods, and Adam (tmva.md 2.11).

    Classification has one output between 0 and 1, multiclass the softmax of one output per class, regression one
    output per target. With the same events in the same order, BP gives TMVA's weights (see
    docs/notes/tmva-parity-mlp.md). Differences from TMVA:

    - the gradient for ``NeuronInputType`` sqsum and abssum is the right one (TMVA's leaves out a factor and diverges);
    - tanh is TMVA's rational approximation where TMVA's weights are met (BP and BFGS with sums), else tanh itself;
    - ``EstimatorType`` is honoured (TMVA 4.2 replaced it: CE for classification, MSE else: the defaults here);
      CE in multiclass is the cross entropy of the softmax;
    - convergence is judged on a validation sample apart from the test sample, on the training sample without one; with
      ``ConvergenceTests`` set, or Adam, the weights with the best validation loss are kept;
    - ``RandomSeed=0`` draws a seed and prints it;
    - ``TrainingMethod=GA`` looks for weights between -3 and 3 (TMVA: between 0 and the spreads of the variables, which
      leaves out every negative weight) with the genetic algorithm of ``FitMethod=GA`` and TMVA's 30 generations.

    Negative event weights multiply the loss of their event.
    """

    type_name: ClassVar[str] = "MLP"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("NCycles", "int", _TMVA.epochs, "number of training cycles (epochs)"),
        Option("HiddenLayers", "str", "N,N-1", "neurons of each hidden layer; N: number of variables"),
        Option("NeuronType", "choice", "sigmoid", "activation of hidden neurons", tuple(_ACTIVATIONS)),
        Option("NeuronInputType", "choice", "sum", "how a neuron combines its inputs", tuple(_INPUTS)),
        Option("EstimatorType", "choice", "MSE", "loss: MSE or CE (default CE in classification)", ("MSE", "CE")),
        Option("RandomSeed", "int", _TMVA.random_seed, "seed of weights and shuffling; 0: another one each time"),
        Option(
            "TrainingMethod", "choice", "BP", "BP, BFGS, GA (genetic algorithm), Adam", ("BP", "GA", "BFGS", "Adam")
        ),
        Option("LearningRate", "float", _TMVA.learning_rate, "learning rate of BP and Adam"),
        Option("DecayRate", "float", _TMVA.decay_rate, "decay of the learning rate per cycle (BP)"),
        Option("TestRate", "int", _TMVA.test_rate, "the losses are computed every that many cycles"),
        Option("EpochMonitoring", "bool", False, "TMVA's histograms per cycle: no effect, curves are always kept"),
        Option("Sampling", "float", _TMVA.sampling, "fraction of the events used, drawn anew at every test"),
        Option("SamplingEpoch", "float", _TMVA.sampling_epoch, "fraction of the cycles in which Sampling is used"),
        Option("SamplingImportance", "float", 1.0, "TMVA multiplies the weights of all events by it: no effect"),
        Option("SamplingTraining", "bool", True, "sample the training events"),
        Option("SamplingTesting", "bool", False, "sample the validation events"),
        Option("ResetStep", "int", _TMVA.reset_step, "BFGS: history reset every that many cycles"),
        Option("Tau", "float", _TMVA.tau, "BFGS: factor of the line search"),
        Option("BPMode", "choice", "sequential", "BP: after every event, or in batches", ("sequential", "batch")),
        Option("BatchSize", "int", -1, f"events per batch (BPMode=batch: -1 means all; Adam: {_ADAM.batch_size})"),
        Option("ConvergenceImprove", "float", _TMVA.convergence_improve, "smallest improvement that counts"),
        Option("ConvergenceTests", "int", _TMVA.convergence_tests, "tests without improvement to the end; < 0: off"),
        Option("UseRegulator", "bool", _TMVA.regulator, "Bayesian regulators (BFGS only)"),
        Option("UpdateLimit", "int", _TMVA.update_limit, "most updates of the regulators"),
        Option("CalculateErrors", "bool", False, "errors per event: no effect, there is no GetMVAError"),
        Option("WeightRange", "float", 1.0, "fraction of the weight in the losses, smallest losses first"),
    )

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> None:
        super().__init__(title, analysis_type, values)
        self._refuse()

    @classmethod
    def defaults(cls, analysis_type: AnalysisType) -> dict[str, Any]:
        values = super().defaults(analysis_type)
        values["EstimatorType"] = "CE" if analysis_type == "Classification" else "MSE"
        return values

    def _refuse(self) -> None:
        values = self.values

        def error(option: str, reason: str) -> _core.InvalidArgument:
            return _core.InvalidArgument(f"{self.title}: {option}={values[option]} {reason}")

        if values["TrainingMethod"] == "GA" and values["Sampling"] < 1.0:
            raise error("Sampling", "is not available with TrainingMethod=GA")
        if not 0.0 < values["SamplingImportance"] <= 1.0:
            raise error("SamplingImportance", "must lie above 0 and not above 1")
        if values["RandomSeed"] < 0:
            raise error("RandomSeed", "must be 0 (drawn) or more")
        if not 0.0 < values["WeightRange"] <= 1.0:
            raise error("WeightRange", "must lie above 0 and not above 1")
        if values["WeightRange"] < 1.0 and values["TrainingMethod"] == "GA":
            raise error("WeightRange", "is not available with TrainingMethod=GA")
        if values["UseRegulator"] and values["TrainingMethod"] != "BFGS":
            raise error("UseRegulator", "is available with TrainingMethod=BFGS only")
        if values["UseRegulator"] and self.analysis_type == "Multiclass":
            raise error("UseRegulator", "is not available in multiclass")
        if values["EstimatorType"] == "CE" and self.analysis_type == "Regression":
            raise error("EstimatorType", "makes no sense in regression; use MSE")
        if values["Sampling"] < 1.0 and values["TrainingMethod"] == "Adam":
            raise error("Sampling", "is not available with TrainingMethod=Adam, whose mini-batches are samples already")

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        values = self.values
        training = values["TrainingMethod"]
        idle: dict[str, str] = {}

        def only(wanted: bool, reason: str, *names: str) -> None:
            if not wanted:
                idle.update(dict.fromkeys(names, reason))

        here = f"with TrainingMethod={training}"
        batch = training == "BP" and values["BPMode"] == "batch"
        only(batch or training == "Adam", "with BPMode=sequential", "BatchSize")
        only(training == "BP", here, "DecayRate", "BPMode")
        only(training in ("BP", "Adam"), here, "LearningRate", "BatchSize")
        only(training != "GA", here, "NCycles", "TestRate", "ConvergenceTests", "ConvergenceImprove")
        only(training == "BFGS", here, "ResetStep", "Tau")
        only(values["UseRegulator"], "without UseRegulator", "UpdateLimit")
        only(values["Sampling"] < 1.0, "with Sampling=1", "SamplingEpoch", "SamplingTraining", "SamplingTesting")
        sampled = values["SamplingTraining"] or values["SamplingTesting"]
        only(sampled, "with neither SamplingTraining nor SamplingTesting", "Sampling", "SamplingEpoch")
        only(not values["EpochMonitoring"], "as the learning curves are always kept", "EpochMonitoring")
        only(not values["CalculateErrors"], "as there is no GetMVAError that would give errors", "CalculateErrors")
        only(False, "as TMVA multiplies the sampling weights of all events by it", "SamplingImportance")
        # Adam stops by it only where tests are counted, as the others do.
        only(values["ConvergenceTests"] >= 0, "without ConvergenceTests", "ConvergenceImprove")
        return {name: reason for name, reason in idle.items() if name in given}

    def _params(self, n_variables: int, has_validation: bool) -> Any:
        values = self.values
        adam = values["TrainingMethod"] == "Adam"
        params = _core.NetworkParams() if adam else _core.NetworkParams.tmva(n_variables)
        params.hidden_layers = hidden_layers(values["HiddenLayers"], n_variables)
        activation = _ACTIVATIONS[values["NeuronType"]]
        if activation == "tmva_tanh" and (
            values["TrainingMethod"] in ("Adam", "GA") or values["NeuronInputType"] != "sum"
        ):
            # The approximation leaves [-1, 1] for large sums, which squares and absolute values reach soon.
            activation = "tanh"
        params.activation = getattr(_core.Activation, activation)
        params.input_function = getattr(_core.InputFunction, _INPUTS[values["NeuronInputType"]])
        params.epochs = values["NCycles"]
        params.random_seed = values["RandomSeed"]
        params.learning_rate = values["LearningRate"]
        params.test_rate = values["TestRate"]
        params.convergence_tests = values["ConvergenceTests"]
        params.convergence_improve = values["ConvergenceImprove"]
        params.tmva_estimator = True
        params.weight_range = values["WeightRange"]
        params.keep_best = has_validation and (adam or values["ConvergenceTests"] >= 0)
        if adam:
            params.standardise_inputs = values["NeuronInputType"] == "sum"
            if values["BatchSize"] > 0:
                params.batch_size = values["BatchSize"]
        else:
            params.decay_rate = values["DecayRate"]
            params.batch_size = max(values["BatchSize"], 0)
            params.reset_step = values["ResetStep"]
            params.tau = values["Tau"]
            params.regulator = values["UseRegulator"]
            params.update_limit = values["UpdateLimit"]
            if values["SamplingTraining"] or values["SamplingTesting"]:
                params.sampling = values["Sampling"]
                params.sampling_epoch = values["SamplingEpoch"]
                params.sampling_training = values["SamplingTraining"]
                params.sampling_testing = values["SamplingTesting"]
            sequential = values["BPMode"] == "sequential"
            solver = {"BFGS": "bfgs", "GA": "genetic"}.get(
                values["TrainingMethod"], "sequential" if sequential else "batch"
            )
            params.solver = getattr(_core.NetworkSolver, solver)
        if self.analysis_type == "Multiclass":
            params.output = _core.NetworkOutput.softmax
            params.loss = _core.NetworkLoss.squared
            if values["EstimatorType"] == "CE":
                params.loss = _core.NetworkLoss.softmax_cross_entropy
        else:
            cross_entropy = values["EstimatorType"] == "CE"
            params.loss = _core.NetworkLoss.cross_entropy if cross_entropy else _core.NetworkLoss.squared
        return params

    def _targets(self, sample: TrainingSample) -> NDArray[np.float64]:
        if self.analysis_type == "Regression":
            return np.ascontiguousarray(sample.targets, dtype=np.float64)
        if self.analysis_type == "Multiclass":
            present = np.bincount(sample.class_index, weights=sample.weight != 0.0, minlength=len(sample.class_names))
            for name, count in zip(sample.class_names, present, strict=True):
                if count == 0:
                    raise _core.InvalidArgument(f"{self.title}: the sample holds no events of class {name!r}")
            return np.eye(len(sample.class_names))[sample.class_index]
        used = sample.is_signal[sample.weight != 0.0]
        if used.all() or not used.any():
            raise _core.InvalidArgument(f"{self.title}: the sample holds events of one class only")
        return sample.is_signal[:, np.newaxis].astype(np.float64)

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = self._params(sample.variables.shape[1], validation is not None)
        notes = []
        if params.random_seed == 0:
            params.random_seed = secrets.randbelow(2**32 - 1) + 1
            notes.append(f"RandomSeed={params.random_seed} was drawn")
        apart: dict[str, Any] = {}
        if validation is not None:
            apart = {
                "validation_events": validation.variables,
                "validation_targets": self._targets(validation),
                "validation_weight": validation.weight,
            }
        elif params.convergence_tests >= 0:
            notes.append("ConvergenceTests looks at the training sample: there is no validation sample")
        fit = _core.fit_network(
            params,
            sample.variables,
            self._targets(sample),
            sample.weight,
            **apart,
            threads=threads,
            seed=params.random_seed,
            progress=progress,
        )
        if fit.converged:
            notes.append(f"ended after {fit.epochs} of {params.epochs} cycles")
        if fit.best_epoch and fit.best_epoch != fit.epochs:
            notes.append(f"the weights of cycle {fit.best_epoch} are kept: the smallest validation loss")
        if fit.message:
            notes.append(fit.message)
        curve = LearningCurve(
            "estimator",
            np.array(fit.curve_epoch),
            np.array(fit.training_loss),
            np.array(fit.validation_loss) if fit.validation_loss else None,
        )
        return TrainedMethod(
            fit.predictor,
            "Importance",
            ranked(sample.variable_labels, importance(fit.predictor, sample).tolist()),
            [curve],
            notes,
            fit.interrupted,
            0.5 if self.analysis_type == "Classification" else None,
        )


def importance(network: Any, sample: TrainingSample) -> NDArray[np.float64]:
    """TMVA's importance of each variable (tmva.md 2.11).

    The squares of the weights from its input neuron, summed, times the square of its typical size: the larger of mean
    and spread, averaged over signal and the rest.
    """
    weights = network.layers[0]["weights"]
    if len(network.input_scale):
        weights = weights * network.input_scale
    means, spreads = [], []
    groups = [sample.is_signal, ~sample.is_signal] if sample.is_signal.any() else [np.ones(len(sample.weight), bool)]
    for group in groups:
        if not group.any() or sample.weight[group].sum() == 0.0:
            continue
        x = sample.variables[group].astype(np.float64)
        weight = sample.weight[group] / sample.weight[group].sum()
        mean = weight @ x
        means.append(np.abs(mean))
        spreads.append(np.sqrt(np.maximum(weight @ x**2 - mean**2, 0.0)))
    size = np.maximum(np.mean(means, axis=0), np.mean(spreads, axis=0))
    result: NDArray[np.float64] = (weights**2).sum(axis=0) * size**2
    return result
