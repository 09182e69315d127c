"""Clusterings as classifiers: the signal fraction of the cluster that an event belongs to."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_SHARED = (
    Option("PriorWeight", "float", 10.0, "weight, in mean events, of the whole sample's fractions in every cluster"),
    Option("ScaleVariables", "bool", True, "divide the variables by their standard deviations before clustering"),
    Option(
        "Response",
        "choice",
        "SignalFraction",
        "fraction of signal (of each class) in the cluster, or the distance to the nearest centre or core event",
        choices=("SignalFraction", "Distance"),
    ),
)


class _Clusters(Method):
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass"})

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if not (np.isfinite(self.values["PriorWeight"]) and self.values["PriorWeight"] >= 0):
            raise InvalidArgument(f"{title}: PriorWeight must be 0 or more, got {self.values['PriorWeight']}")
        if self.values["Response"] == "Distance" and analysis_type != "Classification":
            raise InvalidArgument(f"{title}: Response=Distance is one number per event, for Classification only")

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        if self.values["Response"] == "Distance" and "PriorWeight" in given:
            return {"PriorWeight": "with Response=Distance"}
        return {}

    def _scaled(self, sample: TrainingSample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Factors of the variables, and the events with them."""
        events = sample.variables.astype(np.float64)
        factors = np.ones(events.shape[1])
        if self.values["ScaleVariables"]:
            width = events.std(axis=0)
            factors = np.where(width > 0, 1.0 / np.where(width > 0, width, 1.0), 1.0)
        return factors, np.ascontiguousarray(events * factors)

    def _weight_by_class(self, sample: TrainingSample) -> NDArray[np.float64]:
        """(events, outputs): the weight of an event in the column of its class."""
        if self.analysis_type == "Classification":
            return np.where(sample.is_signal, sample.weight, 0.0)[:, None]
        return np.where(sample.class_index[:, None] == np.arange(len(sample.class_names)), sample.weight[:, None], 0.0)

    def _predictor(
        self,
        sample: TrainingSample,
        factors: NDArray[np.float64],
        points: NDArray[np.float64],
        cluster_of_point: NDArray[np.int64],
        cluster: NDArray[np.int64],
        n_clusters: int,
        radius: float,
    ) -> _core.Predictor:
        """Weighted fractions of the events of each cluster (-1: of none), drawn towards those of the whole sample."""
        total = float(sample.weight.sum())
        if not total > 0:
            raise InvalidArgument(f"{self.title}: the weights of the training events sum to {total:.6g}")
        by_class = self._weight_by_class(sample)
        prior = by_class.sum(axis=0) / total
        inside = cluster >= 0
        weight = np.bincount(cluster[inside], sample.weight[inside], n_clusters)
        fractions = np.stack(
            [np.bincount(cluster[inside], column[inside], n_clusters) for column in by_class.T], axis=1
        )
        share = self.values["PriorWeight"] * total / len(sample.weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            fractions = (fractions + share * prior) / (weight + share)[:, None]
        # A cluster whose weights do not sum up to more than zero (negative ones, or none) says nothing.
        fractions = np.where((weight + share > 0)[:, None], fractions, prior)
        return _core.ClusterFractions(
            factors,
            np.ascontiguousarray(points, np.float64),
            cluster_of_point.astype(np.float64),
            np.ascontiguousarray(fractions),
            prior,
            radius,
            self.values["Response"] == "Distance",
        )


class KMeans(_Clusters):
    """k-means as a classifier: the signal fraction of the cluster with the nearest centre.

    The response is (S + p w s) / (W + p w): weights S of signal and W of all training events in the cluster, signal
    fraction s of the whole sample, p = PriorWeight mean event weights w. Events cluster with the absolute values of
    their weights, and count in the fractions with their sign. In multiclass one such fraction for each class.
    After Ctrl-C no further start is made and the best clusters so far are held.
    """

    type_name: ClassVar[str] = "KMeans"
    options: ClassVar[tuple[Option, ...]] = (
        Option("NClusters", "int", 50, "number of clusters"),
        Option("MaxIterations", "int", 300, "most iterations of one start"),
        Option("NInit", "int", 1, "starts, of which that with the least sum of squared distances is kept"),
        Option("RandomSeed", "int", 1, "seed of the starts (k-means++)"),
        *_SHARED,
    )

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        values = self.values
        for name in ("NClusters", "MaxIterations", "NInit"):
            if values[name] < 1:
                raise InvalidArgument(f"{self.title}: {name} must be 1 or more, got {values[name]}")
        if values["RandomSeed"] < 0:
            raise InvalidArgument(f"{self.title}: RandomSeed must be 0 or more, got {values['RandomSeed']}")
        n_clusters = values["NClusters"]
        if n_clusters > len(sample.variables):
            raise InvalidArgument(
                f"{self.title}: NClusters is {n_clusters}, but there are {len(sample.variables)} training events"
            )
        if not sample.weight.any():
            raise InvalidArgument(f"{self.title}: the weights of the training events sum to 0")
        factors, events = self._scaled(sample)
        held = _core.KMeansPoints(events, np.abs(sample.weight), threads)
        tolerance = 1e-4 * held.mean_variance(threads)
        best: dict[str, Any] = {}
        interrupted = False
        for run in range(values["NInit"]):
            try:
                start = held.seed(n_clusters, _core.KMeansSeeding.plus_plus, values["RandomSeed"], run, threads=threads)
                result = held.fit(start, values["MaxIterations"], tolerance, threads=threads)
                if not best or result["inertia"] < best["inertia"]:
                    best = result
                interrupted = result["stop"] == _core.KMeansStop.interrupted
                if progress is not None:
                    progress(run + 1, values["NInit"], float(best["inertia"]), float("nan"))
            except KeyboardInterrupt:  # before the first iteration of this start was done, or in progress
                if not best:
                    raise
                interrupted = True
            if interrupted:
                break
        cluster = np.asarray(best["labels"], np.int64)
        predictor = self._predictor(sample, factors, best["centres"], np.arange(n_clusters), cluster, n_clusters, -1.0)
        size = np.bincount(cluster, minlength=n_clusters)
        notes = [f"{n_clusters} clusters of {size.min()} to {size.max()} events, after {best['iterations']} iterations"]
        return TrainedMethod(predictor, notes=notes, interrupted=interrupted)


class DBSCAN(_Clusters):
    """DBSCAN as a classifier: the signal fraction of the cluster of the nearest core event, if that is within Eps.

    Fractions as those of KMeans; an event without a core event within Eps is noise and gets the signal fraction of the
    whole sample. Training events count one each, whatever their weight, when core events are looked for.
    """

    type_name: ClassVar[str] = "DBSCAN"
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "Eps", "float", 0.0, "radius (of scaled variables); 0: the median distance to the MinSamples-th nearest"
        ),
        Option("MinSamples", "int", 10, "a core event has so many events within Eps, itself included"),
        *_SHARED,
    )

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        del progress
        eps, min_samples = float(self.values["Eps"]), self.values["MinSamples"]
        if min_samples < 1:
            raise InvalidArgument(f"{self.title}: MinSamples must be 1 or more, got {min_samples}")
        if not (np.isfinite(eps) and eps >= 0):
            raise InvalidArgument(f"{self.title}: Eps must be 0 or a positive number, got {eps}")
        factors, events = self._scaled(sample)
        notes = []
        if eps == 0:
            eps = _median_distance(events, min_samples, threads)
            if not eps > 0:
                raise InvalidArgument(
                    f"{self.title}: half of the events coincide with {min_samples - 1} others or more; give Eps"
                )
            notes.append(f"Eps = {eps:.4g}, the median distance to the {min_samples}th nearest training event")
        labels, core, n_clusters = _core.fit_dbscan(
            events, eps, float(min_samples), _core.Metric.euclidean, None, threads
        )
        if n_clusters == 0:
            raise InvalidArgument(
                f"{self.title}: no event has {min_samples} within Eps = {eps:.4g}; a larger Eps or fewer MinSamples?"
            )
        is_core = np.asarray(core, bool)
        predictor = self._predictor(
            sample,
            factors,
            events[is_core],
            labels[is_core],
            self._cluster_of_nearest(events, is_core, labels, threads),
            n_clusters,
            eps,
        )
        noise = int((labels < 0).sum())
        notes.append(f"{n_clusters} clusters, {int(is_core.sum())} core events, {noise} events of noise")
        return TrainedMethod(predictor, notes=notes)

    def _cluster_of_nearest(
        self, events: NDArray[np.float64], is_core: NDArray[np.bool_], labels: NDArray[np.int64], threads: int
    ) -> NDArray[np.int64]:
        """Training events belong where an event to come would: with the nearest core event, unless they are noise."""
        cluster: NDArray[np.int64] = labels.copy()
        border = (labels >= 0) & ~is_core
        if border.any():
            tree = _core.Neighbours(np.ascontiguousarray(events[is_core]), _core.Metric.euclidean, threads=threads)
            _, index = tree.nearest(np.ascontiguousarray(events[border]), 1, threads=threads)
            cluster[border] = labels[is_core][np.asarray(index)[:, 0]]
        return cluster


def _median_distance(events: NDArray[np.float64], k: int, threads: int) -> float:
    """Of at most 20000 events, spread over the sample, to the k-th nearest of all, themselves included."""
    if k > len(events):
        raise InvalidArgument(f"MinSamples is {k}, but there are {len(events)} training events")
    some = np.ascontiguousarray(events[:: max(1, len(events) // 20000)])
    distances, _ = _core.Neighbours(events, _core.Metric.euclidean, threads=threads).nearest(some, k, threads=threads)
    return float(np.median(np.asarray(distances)[:, -1]))
