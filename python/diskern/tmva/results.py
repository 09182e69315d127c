"""What a Factory knows after training and testing: the input of tables, plots and the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..data.sample import DataSet
from .methods.base import AnalysisType, LearningCurve


@dataclass
class MethodResult:
    title: str
    type_name: str
    options: dict[str, Any]  # all options with their values
    analysis_type: AnalysisType
    response_training: NDArray[np.float64]  # (events, outputs)
    response_test: NDArray[np.float64]
    train_seconds: float
    test_seconds: float  # evaluation of the whole test sample
    ranking_name: str = ""
    ranking: list[tuple[str, float]] = field(default_factory=list)
    curves: list[LearningCurve] = field(default_factory=list)
    interrupted: bool = False
    # Responses above it count as signal (classification); None: where eff_S = 1 - eff_B on the training sample.
    signal_cut: float | None = None
    notes: list[str] = field(default_factory=list)  # what the method said about its training
    # Numbers of the evaluation, JSON-ready ("roc_integral", "separation" ...); filled by evaluation.evaluate
    metrics: dict[str, Any] = field(default_factory=dict)
    # What evaluates events; None for results read from a file beside which there is no model of these responses
    model: Any = None
    # Densities of the response (CreateMVAPdfs); None: not booked
    densities: _core.ResponseDensities | None = None
    # The model file, as the Factory wrote it; empty where there is none
    model_path: str = ""
    # What the method looks at; filled by the report (report.insight.inspect)
    insight: dict[str, Any] = field(default_factory=dict)


@dataclass
class FactoryResults:
    job: str
    analysis_type: AnalysisType
    dataset: DataSet
    methods: list[MethodResult]
    input_ranking: list[tuple[str, float]] = field(default_factory=list)  # separation of each input variable
    provenance: dict[str, Any] = field(default_factory=dict)  # versions, host, date, seed, options
