"""The report is one self-contained page whose numbers are those of the evaluation."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from diskern import InvalidArgument
from diskern.data.sample import DataSet, DataSetInfo, Sample, VariableInfo
from diskern.evaluation import roc_curve
from diskern.report import write_report
from diskern.tmva.methods.base import LearningCurve
from diskern.tmva.results import FactoryResults, MethodResult

NAMES = {"Classification": ("Signal", "Background"), "Multiclass": ("A", "B", "C"), "Regression": ("Regression",)}


def sample(rng, n, analysis_type):
    names = NAMES[analysis_type]
    classes = rng.integers(0, len(names), n).astype(np.int32)
    variables = (rng.normal(size=(n, 3)) + classes[:, None]).astype(np.float32)
    weight = rng.uniform(0.5, 1.5, n) * np.where(rng.uniform(size=n) < 0.1, -1.0, 1.0)
    targets = variables[:, :1] * 2 if analysis_type == "Regression" else np.empty((n, 0), np.float32)
    return Sample(variables, classes, weight, weight.copy(), targets)


def make_results(analysis_type="Classification", methods=("a <b> & c",)):
    rng = np.random.default_rng(5)
    training, test = sample(rng, 600, analysis_type), sample(rng, 500, analysis_type)
    variables = tuple(VariableInfo(n, n, n) for n in ("x<1>", "y", "z"))
    targets = (VariableInfo("t", "t", "t", "GeV"),) if analysis_type == "Regression" else ()
    info = DataSetInfo(variables, (), targets, NAMES[analysis_type])
    accounting = [{"step": "read", "class": "Signal", "events": 1100, "sum of weights": 880.25}]
    data = DataSet("dataset", info, training, test, None, accounting)

    def response(s):
        if analysis_type == "Multiclass":
            scores = np.exp(-((s.variables[:, :1] - np.arange(3)) ** 2))
            return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float64)
        if analysis_type == "Regression":
            return s.targets.astype(np.float64) + 0.1
        return -s.variables[:, :1].astype(np.float64)

    results = [
        MethodResult(
            title=title,
            type_name="BDT",
            options={"NTrees": 10},
            analysis_type=analysis_type,
            response_training=response(training),
            response_test=response(test),
            train_seconds=1.25,
            test_seconds=0.5,
            ranking_name="Importance",
            ranking=[("y", 0.6), ("z", 0.4)],
            curves=[LearningCurve("deviance", np.arange(4.0), np.array([4.0, 3.0, 2.0, 1.0]))],
        )
        for title in methods
    ]
    return FactoryResults("job <1>", analysis_type, data, results, provenance={"seed": 100})


class Page(HTMLParser):
    void = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self):
        super().__init__()
        self.ids, self.hrefs, self.external, self.open, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src"):
                (self.hrefs if value.startswith("#") else self.external).append(value)
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("analysis_type", ["Classification", "Multiclass", "Regression"])
def test_page_is_self_contained_and_well_formed(tmp_path, analysis_type):
    path = tmp_path / "report.html"
    write_report(make_results(analysis_type), path)
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.external == []
    assert len(page.ids) == len(set(page.ids))
    assert {h[1:] for h in page.hrefs} <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    assert "<script" not in text
    assert "@import" not in text
    assert "<b>" not in text  # names from users are escaped
    assert "a <b> & c" in "".join(page.text)
    assert text.count("<svg") >= 5


def test_numbers_are_those_of_the_evaluation(tmp_path):
    results = make_results(methods=("BDT",))
    write_report(results, tmp_path / "r.html")
    test = results.dataset.test
    expected = roc_curve(test.class_index == 0, results.methods[0].response_test[:, 0], test.weight).integral
    numbers = json.loads((tmp_path / "r.json").read_text())
    found = next(m for m in numbers["methods"] if m["title"] == "BDT")["metrics"]["roc_integral"]
    assert found == pytest.approx(expected, rel=1e-12)
    assert f"{expected:.4f}" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_same_results_give_the_same_page(tmp_path):
    write_report(make_results(methods=("BDT",)), tmp_path / "a.html")
    write_report(make_results(methods=("BDT",)), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_interrupted_method_is_said(tmp_path):
    results = make_results(methods=("BDT",))
    results.methods[0].interrupted = True
    write_report(results, tmp_path / "r.html")
    assert "was interrupted in training" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_nothing_to_report(tmp_path):
    with pytest.raises(InvalidArgument, match="no tested method"):
        write_report(make_results(methods=()), tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_named_and_nothing_is_left(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        write_report(make_results(methods=("BDT",)), tmp_path / "absent" / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_page_and_json_are_two_files(tmp_path):
    with pytest.raises(InvalidArgument, match=r"expected \.html"):
        write_report(make_results(), tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_report(make_results(methods=("BDT",)), tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []
