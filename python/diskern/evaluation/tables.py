"""TMVA's tables in plain readable form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .correlation import correlation_matrix, target_ranking
from .summary import BACKGROUND_EFFICIENCIES

if TYPE_CHECKING:
    from ..tmva.results import FactoryResults, MethodResult


@dataclass
class Table:
    """A titled table of text; the first column is left-aligned in print."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""

    def __str__(self) -> str:
        widths = [max(len(row[i]) for row in [self.columns, *self.rows]) for i in range(len(self.columns))]

        def line(cells: list[str]) -> str:
            first = cells[0].ljust(widths[0])
            return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])

        rule = "-" * max(len(line(self.columns)), 1)
        lines = [self.title, rule, line(self.columns).rstrip(), rule, *(line(row).rstrip() for row in self.rows), rule]
        if self.note:
            lines.append(self.note)
        return "\n".join(lines)


def number(value: Any, digits: int = 3) -> str:
    """Fixed-point text; '-' for what is not defined (None or NaN)."""
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.{digits}f}"


def general(value: Any, digits: int = 4) -> str:
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.{digits}g}"


def _roc_order(methods: list[MethodResult]) -> list[MethodResult]:
    return sorted(methods, key=lambda method: -method.metrics["roc_integral"])


def _efficiency_columns(suffix: str) -> list[str]:
    return [f"@B={point:.2f}{suffix}" for point in BACKGROUND_EFFICIENCIES]


def correlation_table(matrix: ArrayLike, labels: tuple[str, ...], title: str) -> Table:
    """A correlation matrix with three digits."""
    rows = [
        [label, *(f"{value:+.3f}" if np.isfinite(value) else "-" for value in row)]
        for label, row in zip(labels, np.asarray(matrix), strict=True)
    ]
    return Table(title, ["", *labels], rows, "- : not defined (a constant variable)" if _undefined(rows) else "")


def _undefined(rows: list[list[str]]) -> bool:
    return any(cell == "-" for row in rows for cell in row)


def ranking_table(ranking: list[tuple[str, float]], title: str, quantity: str) -> Table:
    rows = [[str(place), name, f"{value:.3e}"] for place, (name, value) in enumerate(ranking, 1)]
    return Table(title, ["Rank", "Variable", quantity], rows, "the top variable is ranked best")


def input_tables(results: FactoryResults) -> list[Table]:
    """Correlation matrices of the training sample per class, and the ranking of the input variables (regression: their
    correlation with each target, mutual information and correlation ratio)."""
    data = results.dataset
    labels = data.info.variable_labels
    built = []
    if len(labels) > 1:
        names = data.info.class_names if results.analysis_type != "Regression" else ("all events",)
        for index, name in enumerate(names):
            mask = data.training.class_index == index
            if mask.any():
                matrix = correlation_matrix(data.training.variables[mask], data.training.weight[mask])
                built.append(correlation_table(matrix, labels, f"Correlation matrix ({name}), training sample"))
    if results.analysis_type == "Regression":
        for index, target in enumerate(data.info.targets):
            ranking = target_ranking(
                data.training.variables, data.training.targets[:, index], data.training.weight, labels
            )
            rows = [
                [str(place), name, *(general(value) for value in values)]
                for place, (name, *values) in enumerate(ranking, 1)
            ]
            columns = ["Rank", "Variable", "|Correlation|", "Mutual information", "Correlation ratio"]
            built.append(Table(f"Input variables and target {target.label}, training sample", columns, rows))
    if results.input_ranking:
        built.append(ranking_table(results.input_ranking, "Input variables, before any transformation", "Separation"))
    return built


def tables(results: FactoryResults) -> list[Table]:
    """The tables of trained, tested and evaluated methods, in the order TMVA prints them.

    Classification: ROC integral with its error, signal efficiencies, separation and significance; efficiencies test
    (training); overtraining; weights per class; scores and confusion matrix at the cut; timing. Multiclass: one against
    the rest, pairs, confusion matrix. Regression: bias, RMS and mutual information on both samples.

    Raises
    ------
    KeyError
        if :func:`evaluate` was not called on the results
    """
    if not results.methods:
        return []
    if results.analysis_type == "Classification":
        built = _classification_tables(results)
    elif results.analysis_type == "Multiclass":
        built = _multiclass_tables(results)
    else:
        built = _regression_tables(results)
    return [*built, timing_table(results)]


def _classification_tables(results: FactoryResults) -> list[Table]:
    methods = _roc_order(results.methods)
    summary = Table(
        "Evaluation results ranked by best signal efficiency and purity (area), test sample",
        ["Method", "ROC-integral", "error", *_efficiency_columns(" (error)"), "Separation", "Significance"],
        note="@B=0.10: signal efficiency at background efficiency 0.10",
    )
    check = Table(
        "Testing efficiency compared to training efficiency (overtraining check): test (training)",
        ["Method", *_efficiency_columns(""), "ROC-integral"],
    )
    overtraining = Table(
        "Overtraining: weighted Kolmogorov-Smirnov of training and test responses",
        ["Method", "class", "distance", "p-value", "eff. training", "eff. test"],
        note="eff.: effective statistics (sum w)^2 / sum w^2; the p-value is that of the unbinned distributions",
    )
    scores = Table(
        "Scores at the cut, weighted test events",
        [
            "Method",
            "cut",
            "Accuracy",
            "Precision",
            "Sensitivity",
            "Specificity",
            "S as S",
            "S as B",
            "B as S",
            "B as B",
        ],
        note="an event counts as signal if its response exceeds the cut; S as B: weight of signal taken as background",
    )
    for method in methods:
        m = method.metrics
        efficiency = [m["efficiency_at_background"][f"{point:.2f}"] for point in BACKGROUND_EFFICIENCIES]
        summary.rows.append(
            [
                method.title,
                number(m["roc_integral"], 4),
                number(m["roc_integral_error"], 4),
                *(f"{number(e['test'])} ({number(e['test_error'])})" for e in efficiency),
                number(m["separation"]),
                number(m["significance"]),
            ]
        )
        check.rows.append(
            [
                method.title,
                *(f"{number(e['test'])} ({number(e['training'])})" for e in efficiency),
                f"{number(m['roc_integral'], 4)} ({number(m['roc_integral_training'], 4)})",
            ]
        )
        for name, row in m["overtraining"].items():
            overtraining.rows.append(
                [
                    method.title,
                    name,
                    number(row["ks"], 4),
                    general(row["p_value"], 3),
                    general(row["effective_training"], 6),
                    general(row["effective_test"], 6),
                ]
            )
        scores.rows.append(
            [
                method.title,
                general(m["cut"]),
                *(number(m[name], 4) for name in ("accuracy", "precision", "sensitivity", "specificity")),
                *(general(value, 6) for row in m["confusion_matrix"] for value in row),
            ]
        )
    return [summary, check, overtraining, weights_table(methods[0]), scores]


def weights_table(method: MethodResult) -> Table:
    table = Table(
        "Events and weights of the classes",
        ["Class", "sample", "events", "sum of weights", "negative", "effective events"],
        note="training weights after NormMode",
    )
    for name, samples in method.metrics["class_weights"].items():
        for sample, row in samples.items():
            negative = row["negative_fraction"]
            table.rows.append(
                [
                    name,
                    sample,
                    str(row["events"]),
                    general(row["sum_of_weights"], 6),
                    "-" if negative is None else f"{100 * negative:.1f} %",
                    general(row["effective_events"], 6),
                ]
            )
    return table


def _multiclass_tables(results: FactoryResults) -> list[Table]:
    methods = _roc_order(results.methods)
    names = list(results.dataset.info.class_names)
    rest = Table(
        "One class against the rest, test (training)",
        ["Method", "Class", "ROC-integral", "error", *_efficiency_columns("")],
        note="@B=0.10: efficiency of the class where the efficiency of all others is 0.10",
    )
    overall = Table("Class of the largest response", ["Method", "Accuracy (training)", "mean ROC-integral"])
    built: list[Table] = []
    for method in methods:
        m = method.metrics
        for name in names:
            entry = m["classes"][name]
            efficiency = [entry["efficiency_at_background"][f"{p:.2f}"] for p in BACKGROUND_EFFICIENCIES]
            rest.rows.append(
                [
                    method.title,
                    name,
                    f"{number(entry['roc_integral'], 4)} ({number(entry['roc_integral_training'], 4)})",
                    number(entry["roc_integral_error"], 4),
                    *(f"{number(e['test'])} ({number(e['training'])})" for e in efficiency),
                ]
            )
        overall.rows.append(
            [
                method.title,
                f"{number(m['accuracy'], 4)} ({number(m['accuracy_training'], 4)})",
                number(m["roc_integral"], 4),
            ]
        )
        built.append(
            Table(
                f"Confusion matrix of {method.title}, weighted test events",
                ["true class", *(f"as {name}" for name in names)],
                [
                    [name, *(general(value, 6) for value in row)]
                    for name, row in zip(names, m["confusion_matrix"], strict=True)
                ],
            )
        )
        for key, matrix in m["pairwise"].items():
            built.append(
                Table(
                    f"{method.title}: efficiency of one class (row) at efficiency {key} of another (column)",
                    ["", *names],
                    [[name, *(number(value) for value in row)] for name, row in zip(names, matrix, strict=True)],
                )
            )
    return [rest, overall, weights_table(methods[0]), *built]


def _regression_tables(results: FactoryResults) -> list[Table]:
    built = []
    keys = ("bias", "bias_T", "rms", "rms_T", "mutual_information", "mutual_information_T")
    for target in results.dataset.info.targets:
        for sample in ("test", "training"):

            def metrics(method: MethodResult, target: str = target.label, sample: str = sample) -> dict[str, Any]:
                values: dict[str, Any] = method.metrics["targets"][target][sample]
                return values

            table = Table(
                f"Regression of {target.label}, ranked by smallest RMS on the {sample} sample",
                ["Method", "<Bias>", "<Bias_T>", "RMS", "RMS_T", "MutInf", "MutInf_T"],
                note="Bias: mean deviation from the target; _T: without deviations beyond 2 RMS; MutInf: in nats",
            )
            for method in sorted(results.methods, key=lambda method: metrics(method)["rms"]):
                table.rows.append([method.title, *(general(metrics(method)[key]) for key in keys)])
            built.append(table)
    return built


def timing_table(results: FactoryResults) -> Table:
    events = max(len(results.dataset.test), 1)
    rows = [
        [
            method.title + (" (interrupted)" if method.interrupted else ""),
            method.type_name,
            general(method.train_seconds, 3),
            general(method.test_seconds, 3),
            general(1e6 * method.test_seconds / events, 3),
        ]
        for method in results.methods
    ]
    return Table("Timing", ["Method", "Type", "training [s]", "test sample [s]", "per event [us]"], rows)
