"""Rounds of contestants that give an answer to compare rather than a quality: what they share.

The contestants of a case run in alternating order in one process; what counts is the ratio of a peer's time to
Diskern's within a round, as the median with its smallest and largest value. One round before does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from diskern._rounds import installed


@dataclass(frozen=True)
class Entry:
    """work() is timed and gives what judge takes; with its own clock, (that, seconds). Compared within one group."""

    name: str
    package: str  # distributions that must be installed, separated by blanks; empty for diskern
    settings: str
    group: str
    work: Callable[[], Any]
    own_clock: bool = False


def _timed(entry: Entry) -> tuple[Any, float]:
    begin = time.perf_counter()
    answer = entry.work()
    seconds = time.perf_counter() - begin
    return answer if entry.own_clock else (answer, seconds)


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "minimum": min(values), "maximum": max(values)}


def measure(
    entries: list[Entry], rounds: int, judge: Callable[[Any, Any], str], drop: float = float("inf")
) -> list[dict[str, Any]]:
    """Rows of a record. judge(answer, Diskern's answer of the group) says how they agree; a contestant that is
    ``drop`` times slower than Diskern in the round before runs once more only, and the better of the two counts: what
    disturbed one timing does not stay as its figure."""
    rows: list[dict[str, Any]] = []
    ready = []
    answers: dict[str, Any] = {}
    for entry in entries:
        row: dict[str, Any] = {"name": entry.name, "settings": entry.settings, "group": entry.group}
        rows.append(row)
        if any(installed(package) is None for package in entry.package.split()):
            row["absent"] = "not installed"
            continue
        answer, row["first"] = _timed(entry)
        if entry.name == "diskern":
            answers[entry.group] = answer
        row["agreement"] = judge(answer, answers[entry.group])
        ready.append((entry, row))
    own = {entry.group: row for entry, row in ready if entry.name == "diskern"}
    times: dict[int, list[float]] = {id(row): [] for _, row in ready}
    for number in range(rounds):
        for entry, row in ready if number % 2 == 0 else reversed(ready):
            if row["first"] > drop * own[entry.group]["first"]:
                if number == 0:
                    times[id(row)].append(min(row["first"], _timed(entry)[1]))
                continue
            times[id(row)].append(_timed(entry)[1])
    for entry, row in ready:
        mine = times[id(own[entry.group])]
        row["seconds"] = _spread(times[id(row)])
        row["rounds"] = len(times[id(row)])
        row["speed-up of diskern"] = _spread([a / b for a, b in zip(times[id(row)], mine, strict=False)])
        del row["first"]
    return rows


def lines(record: dict[str, Any]) -> Iterator[str]:
    """The table of one record in Markdown; of the groups one after the other."""
    yield f"### {record['title']}: {record['work']}"
    for group in dict.fromkeys(row["group"] for row in record["rows"]):
        yield ""
        yield f"{group}"
        yield ""
        yield "| | seconds (median, min .. max) | agreement | diskern is faster by (median, min .. max) |"
        yield "|---|---|---|---|"
        for row in record["rows"]:
            if row["group"] != group:
                continue
            if "absent" in row:
                yield f"| {row['name']} | {row['absent']} | | |"
                continue
            s, r = row["seconds"], row["speed-up of diskern"]
            faster = (
                "" if row["name"] == "diskern" else f"{r['median']:.2f} x ({r['minimum']:.2f} .. {r['maximum']:.2f})"
            )
            times = f"{s['median']:.4g} ({s['minimum']:.4g} .. {s['maximum']:.4g})"
            times += "" if row["rounds"] > 1 else ", one round"
            yield f"| {row['name']} | {times} | {row['agreement']} | {faster if row['name'] != 'diskern' else ''} |"
    for note in record.get("notes", ()):
        yield ""
        yield note
