"""Time Diskern beside the peers that are installed, on the same events, cores and settings.

Prints one table and writes one JSON file. Peers (scikit-learn, XGBoost, LightGBM, PyTorch) that are not installed are
listed as absent, not left out. Rounds alternate between the contestants, so a ratio holds when the machine drifts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

EPILOG = "Example: diskern bench --case bdt-training --rounds 5 --output results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="run only this case; repeatable")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds per case (default 3)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads for everyone; 0 (default): all")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write benchmark.json and benchmark.md there")


def execute(arguments: argparse.Namespace) -> int:
    from .. import bench

    return int(bench.main(arguments))
