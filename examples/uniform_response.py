"""A selection that does not shape the Dalitz plane: boosting with and without flatness, trained in folds.

Signal fills the plane of D+ -> K pi pi evenly. The variables separate it best in the middle, so a cut on a plain
classifier depletes the edges; with the flatness loss the efficiency is about the same everywhere. The fold of an event
follows from its number, so that every event is scored by a model that did not see it, also from the saved file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import diskern
from diskern import FlatGradientBoostedTreesClassifier, KFoldClassifier, datasets
from diskern.evaluation import bin_efficiencies, efficiency_deviation, protected_bins, roc_curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("uniform-output"))
    parser.add_argument("--events", type=int, default=30000)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    sample = datasets.dalitz_plane(arguments.events, seed=1)
    plane = {"m2ab": sample.extra["m2ab"], "m2ac": sample.extra["m2ac"]}
    number = np.arange(len(sample))
    signal = sample.labels == 1
    bins = protected_bins(np.column_stack(list(plane.values()))[signal], n_bins=4)

    for title, coefficient in (("plain", 0.0), ("flat", 20.0)):
        trees = FlatGradientBoostedTreesClassifier(
            uniform_class=1, flatness_coefficient=coefficient, n_bins=4, learning_rate=0.3, random_state=1
        )
        folds = KFoldClassifier(trees, n_folds=2, split="int(eventNumber) % 2")
        folds.fit(sample.events, sample.labels, key={"eventNumber": number}, protected=plane)
        response = folds.out_of_fold_[:, 1]
        area = roc_curve(signal, response).integral
        efficiency, _ = bin_efficiencies(response[signal], bins, efficiencies=[0.7])
        print(
            f"{title}: ROC integral {area:.3f}, deviation of the efficiency "
            f"{efficiency_deviation(response[signal], bins):.3f}; at 70 % it runs from {efficiency.min():.2f} to "
            f"{efficiency.max():.2f} over the plane"
        )

        path = arguments.output / f"{title}.diskern"
        folds.save(path)
        again = diskern.load(path).evaluate(sample.events, key={"eventNumber": number})
        print(f"{path.name}: {'the same bits' if np.array_equal(again[:, 0], response) else 'DIFFERENT RESPONSES'}")


if __name__ == "__main__":
    main()
