"""What the benchmark programs share: the command line, the records on disk, the table and the plot."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from diskern import _core
from diskern._rounds import hardware, table_lines
from diskern.report.write import write_text

RESULTS = Path(__file__).resolve().parents[1] / "results"


def parser(description: str, names: list[str]) -> argparse.ArgumentParser:
    """The options that all programs have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--case", action="append", default=[], choices=names, metavar="NAME", help="one case; repeatable")
    made.add_argument("--all", action="store_true", help="every case")
    made.add_argument("--list", action="store_true", help="list the cases and stop")
    made.add_argument("--rounds", type=int, default=0, metavar="N", help="rounds; 0 (default): what each case says")
    made.add_argument("--quick", action="store_true", help="few events, few trees, one round: does everything run?")
    made.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER", help="default: benchmarks/results")
    return made


def run(
    name: str,
    arguments: argparse.Namespace,
    cases: dict[str, Callable[[], dict[str, Any]]],
    packages: tuple[str, ...],
    heading: str,
    plot: Callable[[list[dict[str, Any]], Path], None] | None = None,
    lines: Callable[[dict[str, Any]], Any] = table_lines,
) -> int:
    """Run the chosen cases, each giving a record; NAME.json keeps the records of other cases that it holds."""
    if arguments.list:
        print("\n".join(cases))
        return 0
    chosen = list(cases) if arguments.all else arguments.case
    if not chosen:
        print(f"give --all or --case NAME, one of: {', '.join(cases)}")
        return 2
    arguments.output.mkdir(parents=True, exist_ok=True)
    target = arguments.output / f"{name}.json"
    records = {}
    if target.exists():
        records = {record["case"]: record for record in json.loads(target.read_text(encoding="utf-8"))["cases"]}
    for case in chosen:
        begin = time.perf_counter()
        record = cases[case]()
        record["measured"] = hardware(_core.available_threads(), packages) | {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - begin, 1),
            "quick": arguments.quick,
        }
        records[case] = record
        print("\n".join(lines(record)) + "\n", flush=True)
        ordered = [records[key] for key in cases if key in records]
        write_text(target, json.dumps({"cases": ordered}, indent=1) + "\n")
        write_text(arguments.output / f"{name}.md", _page(heading, ordered, lines))
    if plot is not None:
        plot([records[key] for key in cases if key in records], arguments.output / f"{name}.png")
    return 0


def _page(heading: str, records: list[dict[str, Any]], lines: Callable[[dict[str, Any]], Any]) -> str:
    text = [f"# {heading}", ""]
    machines: dict[str, list[str]] = {}
    for record in records:
        found = record["measured"]
        peers = ", ".join(f"{package} {version}" for package, version in found["peers"].items())
        quick = "; QUICK FORM, no figure of it means anything" if found["quick"] else ""
        line = (
            f"{found['processor']} ({found['instruction set']}), {found['threads']} cores, {found['platform']}, "
            f"Python {found['python']}; diskern {found['diskern']}; {peers}{quick}"
        )
        machines.setdefault(line, []).append(record["case"])
    for line, names in machines.items():
        text += [line if len(machines) == 1 else f"{', '.join(names)}: {line}", ""]
    for record in records:
        text += [*lines(record), ""]
    return "\n".join(text)


def plot_ratios(records: list[dict[str, Any]], path: Path, title: str) -> None:
    """One line per case and group, one point per peer: how much faster Diskern is, with the spread of the rounds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    lines: list[tuple[str, list[dict[str, Any]]]] = []
    for record in records:
        for group in dict.fromkeys(row.get("group", "") for row in record.get("rows", ())):
            rows = [row for row in record["rows"] if row.get("group", "") == group and "seconds" in row]
            rows = [row for row in rows if row["name"] != "diskern" and "speed-up of diskern" in row]
            if rows:
                lines.append((f"{record['title']}\n{group}", rows))
    if not lines:
        return
    names = list(dict.fromkeys(row["name"] for _, rows in lines for row in rows))
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.42 * len(lines)))
    markers = "osD^vP*Xh<>"
    for number, name in enumerate(names):
        points = [
            (-i, row["speed-up of diskern"]) for i, (_, rows) in enumerate(lines) for row in rows if row["name"] == name
        ]
        middle = [ratio["median"] for _, ratio in points]
        spread = [
            [ratio["median"] - ratio["minimum"] for _, ratio in points],
            [ratio["maximum"] - ratio["median"] for _, ratio in points],
        ]
        axes.errorbar(
            middle,
            [y for y, _ in points],
            xerr=spread,
            fmt=markers[number % len(markers)],
            color=f"C{number % 10}",
            markersize=5,
            label=name,
        )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks([-i for i in range(len(lines))], [label for label, _ in lines], fontsize=7)
    axes.set_xlabel("time of the peer / time of Diskern (median, smallest and largest of the rounds)")
    axes.set_title(title, fontsize=10)
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
