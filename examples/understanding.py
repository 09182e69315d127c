"""What boosted trees look at: importances, SHAP values, partial dependence and learning curves on Higgs-like events."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from diskern import GradientBoostedTreesClassifier, datasets, inspection, plotting
from diskern.plotting.tree import tree_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("understanding-output"))
    parser.add_argument("--events", type=int, default=40000)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    def save(axes, name):
        axes.figure.savefig(arguments.output / f"{name}.png", dpi=130)

    # Heavy Higgs bosons against top pairs: 21 measured variables and 7 masses. The fourth jet is missing in a tenth of
    # the events, and the classes have weights that bring them to the ratio of an experiment.
    sample = datasets.higgs_like(arguments.events, seed=3)
    X, y, names = sample.events.copy(), sample.labels, sample.names
    random = np.random.Generator(np.random.Philox(4))
    X[random.uniform(size=len(y)) < 0.1, names.index("jet_4_pt")] = np.nan
    weight = np.where(y == 1, 0.1, 1.0) * random.uniform(0.8, 1.2, len(y))
    half = len(y) // 2
    training = X[:half], y[:half], weight[:half]
    test = X[half:], y[half:], weight[half:]
    model = GradientBoostedTreesClassifier(n_estimators=150, max_leaf_nodes=15, random_state=1).fit(*training)

    # The trees themselves.
    print(tree_text(model, names).splitlines()[0])
    save(plotting.plot_tree(model, names, max_depth=2), "first-tree")
    curve = inspection.tree_learning_curve(model, {"training": training, "test": test})
    print(
        f"ROC integral of the test sample: {curve.validation[0]:.4f} with one tree, {curve.validation[-1]:.4f} with all"
    )
    save(plotting.plot_learning_curve(curve), "learning-curve")

    # Importances: what the training used, and what the answers to new events depend on.
    print(inspection.forest_importance(model, "gain", labels=names), end="\n\n")
    groups = inspection.correlated_groups(np.nan_to_num(test[0]), test[2], labels=names)
    print("correlated:", "; ".join(groups) or "none")
    permutation = inspection.permutation_importance(model, *test, repeats=3, groups=groups, labels=names)
    print(permutation, end="\n\n")
    save(plotting.plot_importance(permutation, maximum=15), "permutation-importance")

    # SHAP values: the score of each event, split among the variables.
    shap = model.shap_values(test[0], test[2], labels=names)
    largest = np.abs(shap.scores[:, 0] - model.decision_function(test[0])).max()
    print(f"SHAP values of {len(shap.values)} events add up to their scores within {largest:.1g}")
    save(plotting.plot_shap_summary(shap, maximum=15), "shap-summary")
    best = shap.importance().ranking()[0][0]
    save(plotting.plot_shap_dependence(shap, best, colour_by="m_wbb"), "shap-dependence")

    # Partial dependence: the mean answer against one variable, and against two.
    few = slice(0, 2000)
    events = test[0][few], test[2][few]
    one = inspection.partial_dependence(model, events[0], best, events[1], individual=True, labels=names)
    save(plotting.plot_partial_dependence(one), "partial-dependence")
    two = inspection.partial_dependence(model, events[0], ["m_bb", "m_wbb"], events[1], grid_points=20, labels=names)
    save(plotting.plot_partial_dependence(two), "partial-dependence-2d")
    print(f"plots in {arguments.output}")


if __name__ == "__main__":
    main()
