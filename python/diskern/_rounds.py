"""Timing in alternating rounds, for `diskern bench` and the programs in benchmarks/python.

A case is data: events, contestants, a quality that all must reach. Within a case the contestants run in alternating
order in one process, on the same events; what counts is the ratio of a peer's time to Diskern's within a round and a
group of contestants that do the same work (the same growth of trees, the same number of threads), reported as the
median with its smallest and largest value.
"""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EQUAL_AUC = 0.001  # contestants whose areas under the ROC curve differ by less count as equally good


@dataclass(frozen=True)
class Events:
    training: NDArray[np.float32]
    training_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]

    def head(self, count: int) -> Events:
        """The first ``count`` events of each sample."""
        return Events(self.training[:count], self.training_labels[:count], self.test[:count], self.test_labels[:count])


@dataclass(frozen=True)
class Contestant:
    """prepare(events, threads) does what is not timed and returns the timed work, which returns what quality takes."""

    name: str
    package: str  # distributions that must be installed, separated by blanks; empty for diskern
    settings: str
    prepare: Callable[[Events, int], Callable[[], Any]]
    group: str = ""  # compared within one group only
    threads: int = 0  # 0: those of the run
    apart: bool = False  # other work than the group's: listed beside it, never taken as its strongest peer


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    work: str  # what one round does, e.g. "100000 events x 28, 100 trees of 31 leaves"
    events: Callable[[], Events]
    contestants: tuple[Contestant, ...]
    items: float  # work items per round, for the rate
    unit: str
    quality: Callable[[Events, Any], float]
    warm_up: int = 0  # events of the round before, which does not count; 0: all of them
    rounds: int = 0  # 0: those of the run
    drop: float = float("inf")  # a peer this much slower than the strongest of its group runs one round only


@dataclass
class Part:
    """A result with the seconds of named parts of the work, which the total includes."""

    result: Any
    seconds: dict[str, float]


@dataclass
class Outcome:
    name: str
    settings: str
    group: str = ""
    threads: int = 0
    apart: bool = False
    numbers: list[int] = field(default_factory=list)  # of the rounds
    seconds: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)  # processor time / elapsed time
    parts: dict[str, list[float]] = field(default_factory=dict)
    quality: float | None = None
    absent: str = ""


def higgs_like_events(training: int, test: int) -> Callable[[], Events]:
    """Events of `diskern.datasets.higgs_like`."""

    def make() -> Events:
        from .datasets import higgs_like

        sample = higgs_like(training + test, seed=20260)
        x = np.ascontiguousarray(sample.events, np.float32)
        y = np.asarray(sample.labels, np.int64)
        return Events(x[:training], y[:training], x[training:], y[training:])

    return make


def auc(labels: NDArray[np.int64], response: FloatArray) -> float:
    """Area under the ROC curve of unweighted events, ties counted half (Mann-Whitney)."""
    _, inverse, counts = np.unique(response, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - 0.5 * (counts - 1))[inverse]
    n_signal = int(labels.sum())
    n_background = len(labels) - n_signal
    return float((rank[labels == 1].sum() - 0.5 * n_signal * (n_signal + 1)) / (n_signal * n_background))


def installed(package: str) -> str | None:
    """Version of a distribution, None where it is absent."""
    names = ("xgboost", "xgboost-cpu") if package == "xgboost" else (package,)
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def limit_openmp(threads: int, work: Callable[[], Any]) -> Any:
    """scikit-learn takes its threads from OpenMP; threadpoolctl (which it depends on) sets them."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(threads):
        return work()


# --- running -------------------------------------------------------------------------------------------------------


def _time(outcome: Outcome, work: Callable[[], Any]) -> Any:
    begin, processor = time.perf_counter(), time.process_time()
    result = work()
    elapsed = time.perf_counter() - begin
    outcome.seconds.append(elapsed)
    outcome.cores.append((time.process_time() - processor) / elapsed)
    if isinstance(result, Part):
        for name, seconds in result.seconds.items():
            outcome.parts.setdefault(name, []).append(seconds)
        return result.result
    return result


def _result(made: Any) -> Any:
    return made.result if isinstance(made, Part) else made


def _is_peer(outcome: Outcome) -> bool:
    return not (outcome.name.startswith("diskern") or outcome.apart or outcome.absent)


def _slow(outcomes: list[Outcome], factor: float) -> set[int]:
    """Identities of the peers that one round has shown to be `factor` slower than the strongest of their group."""
    best: dict[str, float] = {}
    for outcome in outcomes:
        if _is_peer(outcome):
            best[outcome.group] = min(best.get(outcome.group, np.inf), outcome.seconds[0])
    return {
        id(outcome)
        for outcome in outcomes
        if not outcome.absent
        and not outcome.name.startswith("diskern")
        and outcome.seconds[0] > factor * best.get(outcome.group, np.inf)
    }


def run_case(case: Case, *, rounds: int, threads: int, report: Callable[[str], None], first: int = 0) -> list[Outcome]:
    """Time all contestants of a case in alternating order; one round before does not count. ``first``: its number."""
    events = case.events()
    outcomes = []
    ready: list[tuple[Outcome, Callable[[], Any]]] = []
    for contestant in case.contestants:
        count = contestant.threads or threads
        outcome = Outcome(contestant.name, contestant.settings, contestant.group, count, contestant.apart)
        outcomes.append(outcome)
        if any(installed(package) is None for package in contestant.package.split()):
            outcome.absent = "not installed"
            continue
        if case.warm_up:
            contestant.prepare(events.head(case.warm_up), count)()
            ready.append((outcome, contestant.prepare(events, count)))
        else:
            work = contestant.prepare(events, count)
            outcome.quality = case.quality(events, _result(work()))
            ready.append((outcome, work))
    for number in range(rounds):
        for outcome, work in ready if (first + number) % 2 == 0 else reversed(ready):
            result = _time(outcome, work)
            outcome.numbers.append(first + number)
            if outcome.quality is None:
                outcome.quality = case.quality(events, result)
        report(f"{case.name}: round {number + 1} of {rounds}")
        if number == 0:
            slow = _slow(outcomes, case.drop)
            ready = [(outcome, work) for outcome, work in ready if id(outcome) not in slow]
    return outcomes


# --- reporting -----------------------------------------------------------------------------------------------------


def spread(values: list[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    ordered = sorted(values)
    return {"median": float(np.median(ordered)), "minimum": ordered[0], "maximum": ordered[-1]}


def _row(case: Case, outcome: Outcome, ours: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"name": outcome.name, "settings": outcome.settings}
    if outcome.group:
        row |= {"group": outcome.group, "threads": outcome.threads}
    if outcome.apart:
        row["apart"] = True
    if outcome.absent:
        row["absent"] = outcome.absent
        return row
    row["rounds"] = len(outcome.seconds)
    row["seconds"] = spread(outcome.seconds)
    row["rate"] = case.items / row["seconds"]["median"]
    row["processor time / elapsed time"] = float(np.median(outcome.cores))
    for name, seconds in outcome.parts.items():
        row[name] = spread(seconds)
    row["auc"] = outcome.quality
    own = dict(zip(ours.numbers, ours.seconds, strict=True))
    pairs = zip(outcome.numbers, outcome.seconds, strict=True)
    row["speed-up of diskern"] = spread([seconds / own[number] for number, seconds in pairs if number in own])
    row["each round"] = [outcome.numbers, outcome.seconds, outcome.cores, outcome.parts]
    return row


def restore(record: dict[str, Any]) -> list[Outcome]:
    """The outcomes that a record of `summarise` was made of, for further rounds to be added."""
    outcomes = []
    for row in record["rows"]:
        outcome = Outcome(
            row["name"], row["settings"], row.get("group", ""), row.get("threads", 0), row.get("apart", False)
        )
        outcomes.append(outcome)
        outcome.absent = row.get("absent", "")
        if not outcome.absent:
            outcome.quality = row["auc"]
            outcome.numbers, outcome.seconds, outcome.cores, outcome.parts = row["each round"]
    return outcomes


def add_rounds(before: list[Outcome], outcomes: list[Outcome]) -> list[Outcome]:
    """Earlier outcomes with those of further rounds of the same contestants, or of some of them."""
    merged = {(outcome.group, outcome.name): outcome for outcome in before}
    for outcome in outcomes:
        old = merged.setdefault((outcome.group, outcome.name), outcome)
        if old is outcome or outcome.absent:
            continue
        if old.absent:
            merged[outcome.group, outcome.name] = outcome
            continue
        old.numbers += outcome.numbers
        old.seconds += outcome.seconds
        old.cores += outcome.cores
        for name, seconds in outcome.parts.items():
            old.parts.setdefault(name, []).extend(seconds)
    return list(merged.values())


def summarise(case: Case, outcomes: list[Outcome]) -> dict[str, Any]:
    """One JSON-ready record per case; ratios are peer time / diskern time, round by round."""
    ours = {outcome.group: outcome for outcome in outcomes if outcome.name == "diskern"}
    rows = [_row(case, outcome, ours[outcome.group]) for outcome in outcomes]
    strongest = []
    for group, own in ours.items():
        peers = [o for o in outcomes if _is_peer(o) and o.group == group]
        if not group or not peers:
            continue
        best = min(peers, key=lambda o: float(np.median(o.seconds)))
        row = next(row for row, outcome in zip(rows, outcomes, strict=True) if outcome is best)
        behind = max((o.quality or 0.0) for o in peers) - (own.quality or 0.0)
        strongest.append(
            {
                "group": group,
                "threads": own.threads,
                "peer": best.name,
                "speed-up of diskern": row["speed-up of diskern"],
                "auc of diskern minus best peer's": -behind,
                "equal auc": behind < EQUAL_AUC,
            }
        )
    record = {"case": case.name, "title": case.title, "work": case.work, "unit": case.unit, "rows": rows}
    if strongest:
        record["strongest peers"] = strongest
    return record


def hardware(threads: int, packages: tuple[str, ...]) -> dict[str, Any]:
    """Processor, instruction set and versions, of diskern and of those of the packages that are installed."""
    from . import __version__
    from .cli.doctor import facts

    found = facts()
    return {
        "diskern": __version__,
        "processor": found["processor"],
        "instruction set": found["instruction set"],
        "threads": threads,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "peers": {name: version for name in packages if (version := installed(name)) is not None},
    }


def _range(values: dict[str, float], form: str) -> str:
    return " ".join((f"{values['median']:{form}}", f"({values['minimum']:{form}} .. {values['maximum']:{form}})"))


def _table(rows: list[dict[str, Any]], parts: list[str]) -> Iterator[str]:
    yield (
        "| | seconds (median, min .. max) |"
        + "".join(f" {part} |" for part in parts)
        + (" AUC | diskern is faster by (median, min .. max) |")
    )
    yield "|---|---|" + "---|" * len(parts) + "---|---|"
    for row in rows:
        name = row["name"] + (" (apart)" if row.get("apart") else "")
        if "absent" in row:
            yield f"| {name} | {row['absent']} |" + " |" * (len(parts) + 2)
            continue
        ratio = row["speed-up of diskern"]
        faster = "" if row["name"] == "diskern" else f"{ratio['median']:.2f} x"
        if row["rounds"] > 1 and faster:
            faster += f" ({ratio['minimum']:.2f} .. {ratio['maximum']:.2f})"
        seconds = _range(row["seconds"], ".3g") if row["rounds"] > 1 else f"{row['seconds']['median']:.3g} (one round)"
        columns = "".join(f" {row[part]['median']:.3g} |" if part in row else " |" for part in parts)
        yield f"| {name} | {seconds} |{columns} {row['auc']:.4f} | {faster} |"


def table_lines(record: dict[str, Any]) -> Iterator[str]:
    """The tables of one record, one for each group, in Markdown."""
    yield f"### {record['title']}: {record['work']}"
    rows = record["rows"]
    known = {"seconds", "speed-up of diskern"}
    parts = list(dict.fromkeys(key for row in rows for key, value in row.items() if isinstance(value, dict)))
    parts = [part for part in parts if part not in known]
    for group in dict.fromkeys(row.get("group", "") for row in rows):
        yield ""
        if group:
            yield f"**{group}**"
            yield ""
        yield from _table([row for row in rows if row.get("group", "") == group], parts)
        for best in record.get("strongest peers", ()):
            if best["group"] == group:
                difference = best["auc of diskern minus best peer's"]
                verdict = "equal within 0.001 or better" if best["equal auc"] else "NOT equal"
                ratio = best["speed-up of diskern"]["median"]
                yield ""
                yield (
                    f"Strongest peer: {best['peer']}, diskern is faster by {ratio:.2f} x; "
                    f"AUC {verdict} (diskern minus best peer {difference:+.4f})"
                )
