"""What a Factory prints of its inputs and of how its methods go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, evaluation
from .booking import BookedMethod
from .results import FactoryResults


class InputTables:
    """Mixed into the Factory."""

    job: str
    options: dict[str, Any]
    _booked: dict[str, list[BookedMethod]]
    _input_rankings: dict[str, list[tuple[str, float]]]

    if TYPE_CHECKING:

        def _print(self, text: str) -> None: ...
        def _silent(self) -> bool: ...

    def _print_inputs(self, name: str) -> None:
        """Correlations and rankings of the inputs, before training."""
        if self._silent():
            return
        methods = self._booked[name]
        data, analysis_type = methods[0].dataset, methods[0].analysis_type
        results = FactoryResults(self.job, analysis_type, data, [])
        evaluation.evaluate(results)
        self._input_rankings[name] = results.input_ranking
        for table in evaluation.input_tables(results):
            self._print(f"\n{table}")
        if analysis_type == "Classification":
            self._print_transformed_rankings(data)
        self._print("")

    def _print_transformed_rankings(self, data: Any) -> None:
        """Rankings after the chains of the option Transformations; they do not affect training."""
        for definition in (part.strip() for part in self.options["Transformations"].split(";")):
            if definition.lower() in ("", "i", "ident", "identity", "none"):
                continue
            sample = data.training
            chain = _core.TransformationChain.fit(
                definition,
                np.ascontiguousarray(sample.variables, np.float32),
                0,
                sample.weight,
                sample.class_index,
                list(data.info.class_names),
                list(data.info.variable_labels),
            )
            ranking = evaluation.variable_ranking(
                chain.apply(np.ascontiguousarray(sample.variables, np.float32)),
                sample.class_index == data.info.signal_class,
                sample.weight,
                data.info.variable_labels,
            )
            self._print(f"\n{evaluation.ranking_table(ranking, f'Input variables after {definition}', 'Separation')}")

    def _print_correlations(self, results: FactoryResults) -> None:
        test = results.dataset.test
        titles = tuple(method.title for method in results.methods)
        responses = np.column_stack([method.response_test[:, 0] for method in results.methods])
        for index, name in enumerate(results.dataset.info.class_names):
            mask = test.class_index == index
            matrix = evaluation.correlation_matrix(responses[mask], test.weight[mask])
            self._print(f"\n{evaluation.correlation_table(matrix, titles, f'Correlation of the responses ({name})')}")
