"""Every number of a comparison of methods: fills the results of a Factory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import InvalidArgument
from ._arguments import Vector, json_ready
from .correlation import correlation_matrix, variable_ranking
from .cuts import classification_scores, confusion_matrix, ratio
from .distributions import effective_statistics, separation, significance, weighted_ks
from .regression import regression_metrics
from .roc import RocCurve, reference_cut, roc_curve

if TYPE_CHECKING:
    from ..data.sample import Sample
    from ..tmva.results import FactoryResults, MethodResult

BACKGROUND_EFFICIENCIES = (0.01, 0.10, 0.30)
_ROC_POINTS = 201


def evaluate(results: FactoryResults) -> None:
    """Fill ``metrics`` of every method that has none yet, and the ranking of the input variables.

    The metrics by analysis type (test sample unless the name says training):

    Classification
        ``roc_integral``, ``roc_integral_error`` and both ``_training``; ``separation``; ``significance``;
        ``efficiency_at_background``: for "0.01", "0.10" and "0.30" the ``test``, ``test_error``, ``training``
        and ``training_error`` signal efficiencies; ``overtraining``: per class the weighted ``ks`` distance of training
        and test, ``p_value``, ``effective_training``, ``effective_test``; ``cut``, ``accuracy``, ``precision``,
        ``sensitivity``, ``specificity``, ``confusion_matrix``: at the method's cut; ``class_weights``: per class the
        sum of weights and the effective statistics of both samples; ``roc``: the curve at 201 signal efficiencies.
    Multiclass
        ``classes``: per class the classification metrics of this class against the rest; ``accuracy`` and
        ``confusion_matrix`` of the largest response; ``roc_integral``: the mean over the classes; ``pairwise``: for
        each background efficiency the signal efficiencies of class (row) against class (column).
    Regression
        ``targets``: per target the ``test`` and ``training`` :func:`regression_metrics`.

    Raises
    ------
    InvalidArgument
        no test events, or weights that do not allow efficiencies
    """
    data = results.dataset
    if not results.input_ranking and results.analysis_type == "Classification":
        sample = data.training
        results.input_ranking = variable_ranking(
            sample.variables, sample.class_index == data.info.signal_class, sample.weight, data.info.variable_labels
        )
    for method in results.methods:
        if method.metrics:
            continue
        if len(data.test) == 0:
            raise InvalidArgument("the test sample is empty: there is nothing to evaluate the methods on")
        for response, sample, name in (
            (method.response_training, data.training, "training"),
            (method.response_test, data.test, "test"),
        ):
            if len(response) != len(sample):
                raise InvalidArgument(
                    f"method {method.title!r} has {len(response)} responses for {len(sample)} {name} events"
                )
        if results.analysis_type == "Classification":
            metrics = _classification(results, method, data.info.signal_class, 0, method.signal_cut)
            metrics["class_weights"] = class_weights(results)
        elif results.analysis_type == "Multiclass":
            metrics = _multiclass(results, method)
        else:
            metrics = _regression(results, method)
        method.metrics = json_ready(metrics)


def class_weights(results: FactoryResults) -> dict[str, Any]:
    """Per class and sample: number of events, sum of weights, negative fraction, effective statistics."""
    data = results.dataset

    def row(sample: Sample, index: int) -> dict[str, float]:
        w = sample.weight[sample.class_index == index]
        return {
            "events": len(w),
            "sum_of_weights": float(w.sum()),
            "negative_fraction": ratio(float(np.count_nonzero(w < 0)), len(w)),
            "effective_events": effective_statistics(w),
        }

    return {
        name: {"training": row(data.training, index), "test": row(data.test, index)}
        for index, name in enumerate(data.info.class_names)
    }


def _classification(
    results: FactoryResults, method: MethodResult, signal_class: int, output: int, cut: float | None
) -> dict[str, Any]:
    """One output as the discriminant of one class against everything else."""
    data = results.dataset
    arguments = {
        name: (sample.class_index == signal_class, response[:, output], sample.weight)
        for name, sample, response in (
            ("test", data.test, method.response_test),
            ("training", data.training, method.response_training),
        )
    }
    try:
        curves = {name: roc_curve(*values) for name, values in arguments.items()}
    except InvalidArgument as error:
        raise InvalidArgument(f"method {method.title!r} cannot be evaluated: {error}") from None
    if cut is None:
        cut = reference_cut(*arguments["training"])
    efficiencies = {}
    for point in BACKGROUND_EFFICIENCIES:
        row = {}
        for name, curve in curves.items():
            row[name], row[f"{name}_error"] = curve.signal_efficiency_at(point)
        efficiencies[f"{point:.2f}"] = row
    is_signal, response, weight = arguments["test"]
    is_signal_training, response_training, weight_training = arguments["training"]
    overtraining = {}
    for name, test_mask, training_mask in (
        ("signal", is_signal, is_signal_training),
        ("background", ~is_signal, ~is_signal_training),
    ):
        comparison = weighted_ks(
            response_training[training_mask], response[test_mask], weight_training[training_mask], weight[test_mask]
        )
        overtraining[name] = {
            "ks": comparison.distance,
            "p_value": comparison.p_value,
            "effective_training": comparison.effective_first,
            "effective_test": comparison.effective_second,
        }
    scores = classification_scores(is_signal, response, weight, cut)
    scores["confusion_matrix"] = scores.pop("confusion")
    return {
        "roc_integral": curves["test"].integral,
        "roc_integral_error": curves["test"].integral_error,
        "roc_integral_training": curves["training"].integral,
        "roc_integral_training_error": curves["training"].integral_error,
        "separation": separation(is_signal, response, weight),
        "significance": significance(is_signal, response, weight),
        "efficiency_at_background": efficiencies,
        "overtraining": overtraining,
        **scores,
        "roc": thin_curve(curves["test"]),
    }


def thin_curve(curve: RocCurve, points: int = _ROC_POINTS) -> dict[str, list[float]]:
    """The curve at evenly spaced signal efficiencies, for the JSON.

    With negative weights the signal efficiency need not be monotonic; then it is evenly spaced along the curve.
    """
    efficiency = curve.signal_efficiency
    if (np.diff(efficiency) >= 0).all():
        at = np.linspace(0.0, 1.0, points)
        background: Vector = np.interp(at, efficiency, curve.background_efficiency)
        error: Vector = np.interp(at, efficiency, curve.background_efficiency_error)
    else:
        index = np.unique(np.linspace(0, len(efficiency) - 1, points).astype(np.int64))
        at, background = efficiency[index], curve.background_efficiency[index]
        error = curve.background_efficiency_error[index]
    return {
        "signal_efficiency": at.tolist(),
        "background_efficiency": background.tolist(),
        "background_efficiency_error": error.tolist(),
    }


def _multiclass(results: FactoryResults, method: MethodResult) -> dict[str, Any]:
    data = results.dataset
    names = data.info.class_names
    if method.response_test.shape[1] != len(names):
        raise InvalidArgument(
            f"method {method.title!r} has {method.response_test.shape[1]} responses, there are {len(names)} classes"
        )
    classes = {name: _classification(results, method, index, index, None) for index, name in enumerate(names)}
    test = data.test
    matrix = confusion_matrix(test.class_index, method.response_test.argmax(axis=1), test.weight, len(names))
    training = confusion_matrix(
        data.training.class_index, method.response_training.argmax(axis=1), data.training.weight, len(names)
    )
    pairwise: dict[str, list[list[float | None]]] = {f"{p:.2f}": [] for p in BACKGROUND_EFFICIENCIES}
    for signal in range(len(names)):
        rows: dict[str, list[float | None]] = {key: [] for key in pairwise}
        for background in range(len(names)):
            mask = (test.class_index == signal) | (test.class_index == background)
            curve = None
            if background != signal:
                response = method.response_test[mask, signal]
                curve = roc_curve(test.class_index[mask] == signal, response, test.weight[mask])
            for point in BACKGROUND_EFFICIENCIES:
                value = None if curve is None else curve.signal_efficiency_at(point)[0]
                rows[f"{point:.2f}"].append(value)
        for key, row in rows.items():
            pairwise[key].append(row)
    return {
        "roc_integral": float(np.mean([entry["roc_integral"] for entry in classes.values()])),
        "roc_integral_training": float(np.mean([entry["roc_integral_training"] for entry in classes.values()])),
        "classes": classes,
        "accuracy": ratio(float(np.trace(matrix)), float(matrix.sum())),
        "accuracy_training": ratio(float(np.trace(training)), float(training.sum())),
        "confusion_matrix": matrix.tolist(),
        "pairwise": pairwise,
        "class_weights": class_weights(results),
    }


def _regression(results: FactoryResults, method: MethodResult) -> dict[str, Any]:
    data = results.dataset
    targets = {}
    for index, target in enumerate(data.info.targets):
        targets[target.label] = {
            "test": regression_metrics(data.test.targets[:, index], method.response_test[:, index], data.test.weight),
            "training": regression_metrics(
                data.training.targets[:, index], method.response_training[:, index], data.training.weight
            ),
        }
    return {"targets": targets}


def results_to_json(results: FactoryResults) -> dict[str, Any]:
    """All numbers of a comparison as plain Python, ready for ``json.dumps(..., allow_nan=False)``."""
    data = results.dataset
    methods = []
    for method in results.methods:
        methods.append(
            {
                "title": method.title,
                "type": method.type_name,
                "options": {name: _plain(value) for name, value in method.options.items()},
                "train_seconds": method.train_seconds,
                "test_seconds": method.test_seconds,
                "interrupted": method.interrupted,
                "ranking_name": method.ranking_name,
                "ranking": [[name, value] for name, value in method.ranking],
                "curves": [
                    {
                        "name": curve.name,
                        "iteration": curve.iteration,
                        "training": curve.training,
                        "validation": curve.validation,
                    }
                    for curve in method.curves
                ],
                "metrics": method.metrics,
            }
        )
    content = {
        "job": results.job,
        "analysis_type": results.analysis_type,
        "dataset": {
            "name": data.name,
            "variables": [variable.label for variable in data.info.variables],
            "spectators": [variable.label for variable in data.info.spectators],
            "targets": [variable.label for variable in data.info.targets],
            "classes": list(data.info.class_names),
            "signal_class": data.info.signal_class,
            "training_events": len(data.training),
            "test_events": len(data.test),
            "validation_events": 0 if data.validation is None else len(data.validation),
            "accounting": data.accounting,
        },
        "input_ranking": [[name, value] for name, value in results.input_ranking],
        "correlations": input_correlations(results),
        "methods": methods,
        "provenance": results.provenance,
    }
    plain = json_ready(content)
    assert isinstance(plain, dict)
    return plain


def input_correlations(results: FactoryResults) -> dict[str, Any]:
    """Linear correlations of the variables in the training sample, per class: ``variables`` and per class ``matrix``,
    as rows in the order of the variables; None where one is not defined (a constant variable)."""
    data = results.dataset
    names = data.info.class_names if results.analysis_type != "Regression" else ("all events",)
    matrices = {}
    for index, name in enumerate(names):
        mask = data.training.class_index == index
        if mask.any():
            matrices[name] = correlation_matrix(data.training.variables[mask], data.training.weight[mask])
    return {"variables": list(data.info.variable_labels), "matrix": matrices}


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
