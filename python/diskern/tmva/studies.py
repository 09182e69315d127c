"""What a Factory can do beside training and testing: tune its methods, and judge its variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import evaluation
from .._core import InvalidArgument
from ..evaluation import Table
from .booking import BookedMethod, analysis_type_of, book, rebook

if TYPE_CHECKING:
    from .dataloader import DataLoader
    from .variable_importance import VariableImportanceResult


class Studies:
    """Mixed into the Factory."""

    threads: int
    options: dict[str, Any]

    if TYPE_CHECKING:

        def _methods(self) -> list[BookedMethod]: ...
        def _print(self, text: str) -> None: ...
        def _silent(self) -> bool: ...
        def _shows_progress(self) -> bool: ...
        def _require_methods(self) -> None: ...

    def OptimizeAllMethods(
        self,
        fomType: str = "ROCIntegral",
        fitType: str = "Bayesian",
        *,
        ranges: Mapping[str, Mapping[str, Any]] | None = None,
        trials: int = 40,
        folds: int = 3,
        seed: int = 100,
    ) -> dict[str, dict[str, Any]]:
        """Search the options of every booked method that is not trained, and book it with the best ones.

        The figure of merit of a point is its mean over folds of the training events; the test events stay unseen (TMVA
        takes the test sample). Ranges are TMVA's for BDT and SVM, ours for others; methods without any are left as they
        are, with a note.

        Parameters
        ----------
        fomType : ROCIntegral, Separation, SigEffAtBkgEff01, SigEffAtBkgEff001, SigEffAtBkgEff002, BkgRejAtSigEff05,
            BkgEffAtSigEff05; in a regression RMS
        fitType : Scan, FitGA, Minuit (TMVA's names), Random, Bayesian, SuccessiveHalving, Optuna
        ranges : title -> {option -> (minimum, maximum), (minimum, maximum, points), a list of choices or a Range}
        trials, folds, seed : see :func:`diskern.tmva.tuning.tune`

        Returns
        -------
        dict from the title of each tuned method to its options

        Raises
        ------
        InvalidArgument
            no method is booked; a title of ``ranges`` that is not booked; unknown figure, search or option
        KeyboardInterrupt
        """
        from .._near_misses import near_misses
        from .training import check_samples
        from .tuning import default_ranges, tune

        self._require_methods()
        titles = [booked.title for booked in self._methods()]
        for title in ranges or {}:
            if title not in titles:
                raise InvalidArgument(
                    f"ranges: no method {title!r}{near_misses(str(title), titles)} (booked: {', '.join(titles)})"
                )
        found: dict[str, dict[str, Any]] = {}
        for booked in self._methods():
            own = (ranges or {}).get(booked.title)
            if booked.trained is not None or (own is None and not default_ranges(booked)):
                reason = "is trained already" if booked.trained is not None else "has nothing to tune"
                self._print(f"Note: {booked.title} ({booked.type_name}) {reason}; it is left as it is")
                continue
            check_samples(booked.dataset, booked.analysis_type)
            result = tune(
                booked,
                figure=fomType,
                search=fitType,
                ranges=own,
                trials=trials,
                folds=folds,
                seed=seed,
                threads=self.threads,
                shown=self._shows_progress(),
            )
            new = rebook(booked, booked.dataset, result.parameters)
            for name in ("method", "options", "common", "given", "kind", "option_text", "keywords"):
                setattr(booked, name, getattr(new, name))  # users hold the handle
            found[booked.title] = result.parameters
            self._print(f"\n{result.table()}")
        return found

    def EvaluateImportance(
        self, loader: DataLoader, vitype: Any, theMethod: Any, methodTitle: str, theOption: str = "", **keywords: Any
    ) -> VariableImportanceResult:
        """Measure what each variable adds to a method, which is trained on subsets of the variables.

        Parameters
        ----------
        loader : DataLoader
        vitype : VIType.kShort, kAll, kRandom or kPermutation; see
            :func:`diskern.tmva.variable_importance.variable_importance`
        theMethod, methodTitle, theOption : as for BookMethod; the method is not booked in the Factory
        keywords : options of the method
        """
        from .training import check_samples
        from .variable_importance import variable_importance

        data = loader.prepare(verbose=False) if self._silent() else loader.dataset
        booked = book(
            data, analysis_type_of(data, self.options["AnalysisType"]), theMethod, methodTitle, theOption, keywords
        )
        check_samples(data, booked.analysis_type)
        result = variable_importance(booked, vitype, threads=self.threads, shown=self._shows_progress())
        self._print(f"\n{result.table()}")
        return result

    def EvaluateAllVariables(self, loader: DataLoader, options: str = "") -> Table:
        """Judge each input variable as if it were a classifier: ROC integral, efficiencies, separation of the test
        events. The direction of the cut is that of the larger integral.

        Parameters
        ----------
        loader : DataLoader
        options : transformations of the variables before (VarTransform), e.g. ``"VarTransform=D"`` or ``"D"``

        Returns
        -------
        Table, printed as well

        Raises
        ------
        InvalidArgument
            a regression: its input ranking is printed by TrainAllMethods
        """
        data = loader.prepare(verbose=False) if self._silent() else loader.dataset
        kind = analysis_type_of(data, self.options["AnalysisType"])
        if kind == "Regression":
            raise InvalidArgument("EvaluateAllVariables takes each variable as a classifier; this is a regression")
        columns = _transformed(data, options)
        columns_of_table = ["cut", "ROC-integral", "error", "@B=0.01", "@B=0.10", "@B=0.30", "Separation"]
        table = Table(
            "Each variable as a classifier, test sample",
            ["Variable", *(["Class"] if kind == "Multiclass" else []), *columns_of_table, "Significance"],
            note="@B=0.10: signal efficiency at background efficiency 0.10; cut: which side is signal",
        )
        test, info = data.test, data.info
        signals = [info.signal_class] if kind == "Classification" else list(range(len(info.class_names)))
        for signal in signals:
            rows = []
            is_signal = test.class_index == signal
            for j, label in enumerate(info.variable_labels):
                known = ~np.isnan(columns[:, j])
                mask, weight = is_signal[known], test.weight[known]
                values = columns[known, j].astype(np.float64)
                curve = evaluation.roc_curve(mask, values, weight)
                side = ">"
                if curve.integral < 0.5:
                    side, values = "<", -values
                    curve = evaluation.roc_curve(mask, values, weight)
                efficiencies = [f"{curve.signal_efficiency_at(b)[0]:.3f}" for b in (0.01, 0.10, 0.30)]
                separation = evaluation.separation(mask, values, weight)
                significance = evaluation.significance(mask, values, weight)
                named = [info.class_names[signal]] if kind == "Multiclass" else []
                cells = [label, *named, side, f"{curve.integral:.4f}", f"{curve.integral_error:.4f}", *efficiencies]
                rows.append((curve.integral, [*cells, f"{separation:.3f}", f"{significance:.3f}"]))
            table.rows += [row for _, row in sorted(rows, key=lambda pair: -pair[0])]
        self._print(f"\n{table}")
        return table


def _transformed(data: Any, options: str) -> Any:
    from .. import _core

    definition = options.strip()
    if definition.lower().startswith("vartransform="):
        definition = definition.partition("=")[2].strip()
    sample = np.ascontiguousarray(data.test.variables, np.float32)
    if definition.lower() in ("", "none", "i"):
        return sample
    chain = _core.TransformationChain.fit(
        definition,
        np.ascontiguousarray(data.training.variables, np.float32),
        0,
        data.training.weight,
        data.training.class_index,
        list(data.info.class_names),
        list(data.info.variable_labels),
    )
    return chain.apply(sample)
