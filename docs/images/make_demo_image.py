"""Draws demo.png from the output file of `make demo`: python docs/images/make_demo_image.py demo-output/magic.root"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

from diskern import plotting
from diskern.evaluation import cut_scan, roc_curve
from diskern.plotting.style import decorate
from diskern.report import read_results


def main(path: str) -> None:
    results = read_results(path)
    data = results.dataset
    test, training = data.test, data.training
    signal = test.class_index == data.info.signal_class
    figure = Figure(figsize=(13.5, 3.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for axes in (left, middle, right):
        decorate(axes)
    best = next(m for m in results.methods if m.title == "BDTG")
    plotting.plot_response(
        best.response_test[:, 0],
        test.class_index,
        test.weight,
        best.response_training[:, 0],
        training.class_index,
        training.weight,
        label="BDTG response",
        axes=left,
    )
    curves = {m.title: roc_curve(signal, m.response_test[:, 0], test.weight) for m in results.methods}
    plotting.plot_roc(curves, axes=middle)
    plotting.plot_significance(
        cut_scan(signal, best.response_test[:, 0], test.weight), label="Cut on the BDTG response", axes=right
    )
    figure.savefig(Path(__file__).with_name("demo.png"), dpi=90)


if __name__ == "__main__":
    main(sys.argv[1])
