"""What the report says, section by section."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plotting
from ..evaluation import correlation_matrix, cut_scan, roc_curve, tables
from ..tmva.types import gConfig
from . import insight, page

if TYPE_CHECKING:
    from ..tmva.results import FactoryResults, MethodResult

# Correlation matrices and plots of every input stop being readable beyond this many variables.
MAXIMUM_INPUT_PLOTS = 60
MAXIMUM_SCATTER_PLOTS = 6
MAXIMUM_PROFILES = 10


def render(results: FactoryResults) -> str:
    """The HTML page of a FactoryResults."""
    if not results.methods:
        from .. import _core

        raise _core.InvalidArgument("results has no tested method; call TrainAllMethods and TestAllMethods first")
    builders = [("summary", "Summary", _summary)]
    if results.analysis_type == "Regression":
        builders.append(("methods", "Estimates", _regression_methods))
    else:
        builders.append(("roc", "Signal efficiency and background rejection", _roc))
        builders.append(("methods", "Responses", _methods))
    builders += [
        ("inputs", "Input variables", _inputs),
        ("correlations", "Correlations", _correlations),
        ("training", "Training", _training),
        ("insight", "What the methods look at", insight.section),
        ("events", "Events", _events),
        ("provenance", "Provenance", _provenance),
    ]
    sections = [(identity, title, html) for identity, title, build in builders if (html := build(results))]
    return page.page(f"{results.job}: comparison of methods", _lead(results), sections)


def _lead(results: FactoryResults) -> str:
    data = results.dataset
    text = (
        f"{escape(results.analysis_type)} of {len(data.info.variables)} variables, {len(data.training)} training and "
        f"{len(data.test)} test events, dataset {escape(data.name)}."
    )
    if results.analysis_type == "Classification":
        best = max(results.methods, key=lambda m: m.metrics.get("roc_integral", float("-inf")))
        if "roc_integral" in best.metrics:
            text += (
                f" Largest ROC integral on the test sample: <strong>{escape(best.title)}</strong>, "
                f"{best.metrics['roc_integral']:.4f} ± {best.metrics['roc_integral_error']:.4f}."
            )
    parts = [f'<p class="lead">{text}</p>\n']
    for method in results.methods:
        if method.interrupted:
            parts.append(
                f'<p class="warning">{escape(method.title)} '
                "was interrupted in training; "
                "it holds its best model so far.</p>\n"
            )
    return "".join(parts)


def _summary(results: FactoryResults) -> str:
    return "".join(
        f"<h3>{escape(table.title)}</h3>\n" + page.table(table.columns, table.rows, table.note)
        for table in tables(results)
    )


def _class_response(results: FactoryResults, method: MethodResult, index: int) -> tuple[Any, Any]:
    """Responses of one output on the test and training samples."""
    return method.response_test[:, index], method.response_training[:, index]


def _targets(results: FactoryResults) -> list[tuple[str, int, int]]:
    """(name, class index, output index) of the curves to draw: one in classification, one per class in multiclass."""
    info = results.dataset.info
    if results.analysis_type == "Classification":
        return [(info.class_names[info.signal_class], info.signal_class, 0)]
    return [(name, index, index) for index, name in enumerate(info.class_names)]


def _roc(results: FactoryResults) -> str:
    test = results.dataset.test
    figures = []
    for name, class_index, output in _targets(results):
        curves = {
            method.title: roc_curve(test.class_index == class_index, method.response_test[:, output], test.weight)
            for method in results.methods
        }
        suffix = "" if results.analysis_type == "Classification" else f", {name} against the rest"
        for scale, caption in (("linear", "Background rejection"), ("log", "1 / background efficiency")):
            axes = plotting.plot_roc(curves, scale=scale)  # type: ignore[arg-type]
            figures.append(
                page.figure(
                    axes, f"roc-{scale}-{class_index}", f"{caption} against signal efficiency{suffix}; test sample"
                )
            )
    figures += _pairs(results)
    note = (
        '<p class="soft">Bands are statistical, from the sums of squared event weights. '
        "With negative weights the curve is that of the signed cumulative sums and need not be monotonic.</p>\n"
    )
    return page.grid(figures) + note


def _pairs(results: FactoryResults) -> list[str]:
    """One class against one other, in multiclass: a plot per class, of the method with the largest mean integral."""
    if results.analysis_type != "Multiclass" or not results.methods:
        return []
    test, names = results.dataset.test, results.dataset.info.class_names
    best = max(results.methods, key=lambda m: m.metrics["roc_integral"])
    figures = []
    for index, name in enumerate(names):
        curves = {}
        for other, other_name in enumerate(names):
            if other != index:
                mask = (test.class_index == index) | (test.class_index == other)
                response = best.response_test[mask, index]
                curves[f"against {other_name}"] = roc_curve(
                    test.class_index[mask] == index, response, test.weight[mask]
                )
        axes = plotting.plot_roc(curves)
        figures.append(
            page.figure(axes, f"roc-pairs-{index}", f"{best.title}: {name} against one other class; test sample")
        )
    return figures


def _methods(results: FactoryResults) -> str:
    data = results.dataset
    parts = []
    for method in results.methods:
        figures = []
        for name, class_index, output in _targets(results):
            test, training = _class_response(results, method, output)
            tag = f"{method.title}-{class_index}"
            label = f"{method.title} response" + ("" if results.analysis_type == "Classification" else f" for {name}")
            axes = plotting.plot_response(
                test,
                data.test.class_index,
                data.test.weight,
                training,
                data.training.class_index,
                data.training.weight,
                class_names=data.info.class_names,
                label=label,
                bins=gConfig().GetVariablePlotting().fNbinsMVAoutput,
            )
            caption = f"{label}: test sample filled, training sample as points"
            checked = method.metrics if results.analysis_type == "Classification" else method.metrics["classes"][name]
            values = [
                f"{what} {row['ks']:.3g} (p = {row['p_value']:.3g})" for what, row in checked["overtraining"].items()
            ]
            figures.append(page.figure(axes, f"response-{tag}", f"{caption}; Kolmogorov-Smirnov {', '.join(values)}"))
            scan = cut_scan(data.test.class_index == class_index, test, data.test.weight)
            cut = f"Cut on the {label}"
            figures.append(
                page.figure(plotting.plot_efficiencies(scan, label=cut), f"efficiency-{tag}", "Efficiencies and purity")
            )
            figures.append(
                page.figure(
                    plotting.plot_significance(scan, label=cut),
                    f"significance-{tag}",
                    f"Significance for the test sample's sums of weights, S = {scan.expected_signal:.4g}, "
                    f"B = {scan.expected_background:.4g}",
                )
            )
        confusion = method.metrics.get("confusion_matrix")
        if confusion is not None:
            names = data.info.class_names
            if results.analysis_type == "Classification":
                background = next((n for i, n in enumerate(names) if i != data.info.signal_class), "Background")
                names = (data.info.class_names[data.info.signal_class], background)
            caption = "Weighted confusion matrix"
            if method.metrics.get("cut") is not None:
                caption += f" at the cut {method.metrics['cut']:.4g}"
            figures.append(
                page.figure(plotting.plot_confusion_matrix(confusion, names), f"confusion-{method.title}", caption)
            )
        parts.append(f"<h3>{escape(method.title)} ({escape(method.type_name)})</h3>\n" + page.grid(figures))
    return "".join(parts)


def _regression_methods(results: FactoryResults) -> str:
    test, training, info = results.dataset.test, results.dataset.training, results.dataset.info
    parts = []
    summaries = []
    for target in info.targets:
        metrics = {method.title: method.metrics["targets"][target.label]["test"] for method in results.methods}
        label = target.title or target.label
        axes = plotting.plot_deviation_summary(metrics, label=label)
        summaries.append(page.figure(axes, f"summary-{target.label}", f"{label}: average deviations, test sample"))
    parts.append(page.grid(summaries))
    for method in results.methods:
        figures = []
        for index, target in enumerate(results.dataset.info.targets):
            estimate, truth = method.response_test[:, index], test.targets[:, index]
            tag = f"{method.title}-{index}"
            label = target.title or target.label
            axes = plotting.plot_deviation(estimate, truth, test.weight, label=label)
            figures.append(page.figure(axes, f"deviation-{tag}", f"{method.title}: deviation, test sample"))
            axes = plotting.plot_estimate(estimate, truth, test.weight, label=label)
            figures.append(
                page.figure(axes, f"estimate-{tag}", f"{method.title}: deviation against the target, test sample")
            )
            own = method.response_training[:, index]
            axes = plotting.plot_estimate(own, training.targets[:, index], training.weight, label=label)
            caption = f"{method.title}: deviation against the target, training sample"
            figures.append(page.figure(axes, f"estimate-training-{tag}", caption))
            for j, variable in enumerate(info.variables[:MAXIMUM_PROFILES]):
                axes = plotting.plot_deviation_profile(
                    test.variables[:, j], estimate - truth, test.weight, label=variable.label, target=label
                )
                caption = f"{method.title}: deviation against {variable.label}, test sample"
                figures.append(page.figure(axes, f"profile-{tag}-{j}", caption))
        parts.append(f"<h3>{escape(method.title)} ({escape(method.type_name)})</h3>\n" + page.grid(figures))
    return "".join(parts)


def _inputs(results: FactoryResults) -> str:
    data = results.dataset
    figures = []
    names = data.info.class_names if results.analysis_type != "Regression" else ("events",)
    shown = data.info.variables[:MAXIMUM_INPUT_PLOTS]
    for index, variable in enumerate(shown):
        label = variable.title or variable.label
        if variable.unit:
            label += f" [{variable.unit}]"
        upper, _ = plotting.plot_variable(
            data.training.variables[:, index],
            data.training.class_index,
            data.training.weight,
            class_names=names,
            label=label,
            bins=gConfig().GetVariablePlotting().fNbins1D,
        )
        figures.append(page.figure(upper, f"input-{index}", f"{variable.label}, training sample"))
    note = ""
    if len(shown) < len(data.info.variables):
        note = f'<p class="soft">The first {len(shown)} of {len(data.info.variables)} variables are drawn.</p>\n'
    ranking = ""
    if results.input_ranking:
        axes = plotting.plot_ranking(results.input_ranking, name="Separation")
        ranking = page.grid([page.figure(axes, "input-ranking", "Separation of each input variable, training sample")])
    return ranking + page.grid(figures) + note


def _correlations(results: FactoryResults) -> str:
    data = results.dataset
    labels = data.info.variable_labels
    if len(labels) < 2:
        return ""
    names = data.info.class_names if results.analysis_type != "Regression" else ("all events",)
    figures = []
    for index, name in enumerate(names):
        mask = data.training.class_index == index
        if not mask.any():
            continue
        matrix = correlation_matrix(data.training.variables[mask], data.training.weight[mask])
        axes = plotting.plot_correlation_matrix(matrix, labels, title=name)
        figures.append(
            page.figure(axes, f"correlation-{index}", f"Linear correlation coefficients (%), {name}, training sample")
        )
    return page.grid(figures) + page.details("Pairs of variables, and events as lines", page.grid(_scatter(results)))


def _scatter(results: FactoryResults) -> list[str]:
    """The pairs of variables of the largest correlation in any class, and all variables as parallel coordinates."""
    data = results.dataset
    sample, labels = data.training, data.info.variable_labels
    names = data.info.class_names if results.analysis_type != "Regression" else ("all events",)
    strength = np.zeros((len(labels), len(labels)))
    for index in range(len(names)):
        mask = sample.class_index == index
        if mask.any():
            matrix = np.abs(np.nan_to_num(correlation_matrix(sample.variables[mask], sample.weight[mask])))
            strength = np.maximum(strength, matrix)
    pairs = sorted(zip(*np.triu_indices(len(labels), 1), strict=True), key=lambda pair: -strength[pair])
    figures = []
    for i, j in pairs[:MAXIMUM_SCATTER_PLOTS]:
        axes = plotting.plot_scatter(
            sample.variables[:, i],
            sample.variables[:, j],
            sample.class_index,
            sample.weight,
            class_names=names,
            labels=(labels[i], labels[j]),
        )
        figures.append(page.figure(axes, f"scatter-{i}-{j}", f"{labels[j]} against {labels[i]}, training sample"))
    if len(labels) <= MAXIMUM_INPUT_PLOTS and np.isfinite(sample.variables).all(axis=1).any():
        axes = plotting.plot_parallel_coordinates(sample.variables, sample.class_index, labels, class_names=names)
        figures.append(page.figure(axes, "parallel", "Some training events as lines over all variables"))
    return figures


def _training(results: FactoryResults) -> str:
    n_test = max(len(results.dataset.test), 1)
    rows = [
        (
            m.title,
            m.type_name,
            *(
                "not recorded" if np.isnan(t) else f"{t:.3g}"
                for t in (m.train_seconds, m.test_seconds, 1e6 * m.test_seconds / n_test)
            ),
        )
        for m in results.methods
    ]
    parts = [
        "<h3>Times</h3>\n",
        page.table(("Method", "Type", "Training (s)", "Evaluation of the test sample (s)", "per event (µs)"), rows),
    ]
    for method in results.methods:
        figures = []
        for index, curve in enumerate(method.curves):
            axes = plotting.plot_learning_curve(curve)
            figures.append(page.figure(axes, f"curve-{method.title}-{index}", f"{curve.name} against iteration"))
        figures += _structure(results, method)
        figures += _probabilities(results, method)
        if method.ranking:
            axes = plotting.plot_ranking(method.ranking, name=method.ranking_name or "Importance")
            figures.append(page.figure(axes, f"ranking-{method.title}", f"Variable ranking: {method.ranking_name}"))
        parts.append(f"<h3>{escape(method.title)}</h3>\n")
        if figures:
            parts.append(page.grid(figures))
        options = [(name, value) for name, value in method.options.items()]
        if options:
            parts.append(page.details("Options", page.table(("Option", "Value"), options)))
    return "".join(parts)


def _structure(results: FactoryResults, method: MethodResult) -> list[str]:
    """What the training made: the network, the weights of the trees, the densities."""
    predictor: Any = getattr(method.model, "predictor", None)
    kind = getattr(predictor, "kind", "")
    if kind == "network":
        axes = plotting.plot_network(method.model)
        return [page.figure(axes, f"network-{method.title}", f"{method.title}: weights, blue positive, red negative")]
    if kind == "forest":
        drawn = plotting.plot_boosting(method.model)
        return [page.figure(drawn, f"boosting-{method.title}", f"{method.title}: weights and sizes of the trees")]
    if kind == "likelihood" and len(method.model.info["variables"]) <= MAXIMUM_INPUT_PLOTS:
        drawn = plotting.plot_likelihood(method.model)
        return [page.figure(drawn, f"likelihood-{method.title}", f"{method.title}: reference densities")]
    if kind == "foam":
        count = len(predictor.leaf_counts)
        classes = results.dataset.info.class_names
        names = ["cells of the foam"] if count == 1 else [f"cells of the foam of {name}" for name in classes[:count]]
        return [
            page.figure(
                plotting.plot_foam(method.model, foam=number),
                f"foam-{method.title}-{number}",
                f"{method.title}: {name}",
            )
            for number, name in enumerate(names)
        ]
    if kind == "boosted":
        drawn = plotting.plot_boosted_methods(method.model)
        return [page.figure(drawn, f"boosted-{method.title}", f"{method.title}: weights and cuts of its methods")]
    test = results.dataset.test
    if kind == "rules" and test.weight.sum() > 0 and np.isfinite(test.variables).all():
        axes = plotting.plot_rules(method.model, test.variables, test.weight)
        caption = f"{method.title}: most important rules, blue for signal, orange for background; test sample"
        return [page.figure(axes, f"rules-{method.title}", caption)]
    return []


def _probabilities(results: FactoryResults, method: MethodResult) -> list[str]:
    """Of methods booked with CreateMVAPdfs: signal probability and rarity of the test sample."""
    densities = method.densities
    if densities is None:
        return []
    test = results.dataset.test
    response = np.ascontiguousarray(method.response_test[:, 0], np.float64)
    names = results.dataset.info.class_names
    probability = plotting.plot_probability(
        densities.probability(response), test.class_index, test.weight, class_names=names
    )
    rarity = plotting.plot_rarity(densities.rarity(response), test.class_index, test.weight, class_names=names)
    return [
        page.figure(probability, f"probability-{method.title}", f"{method.title}: signal probability, test sample"),
        page.figure(rarity, f"rarity-{method.title}", f"{method.title}: rarity, test sample"),
    ]


def _events(results: FactoryResults) -> str:
    rows = results.dataset.accounting
    if not rows:
        return ""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    body = [[_cell(row.get(column, "")) for column in columns] for row in rows]
    titles = [str(column).replace("_", " ") for column in columns]
    return page.table(titles, body, "What each step did to the events, class by class.")


def _cell(value: Any) -> str:
    if value is None:  # not known at this step
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return str(value)


def _provenance(results: FactoryResults) -> str:
    rows = [(key, _cell(value)) for key, value in results.provenance.items()]
    return page.table(("What", "Value"), rows) if rows else ""
