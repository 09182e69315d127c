"""Write the report of a finished job from its output file.

The input is the ROOT file that a Factory wrote (TestTree and TrainTree with the responses of all methods). Output files
of ROOT's own TMVA work too: the same plots and tables are made from the stored responses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

EPILOG = "Example: diskern report magic.root -o magic.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="output file of a Factory, or of TMVA")
    parser.add_argument("-o", "--output", type=Path, help="HTML file to write; default: the input's name with .html")
    parser.add_argument("--dataset", default="", help="folder inside the file, when it holds several")


def execute(arguments: argparse.Namespace) -> int:
    from ..report import read_results, write_report

    output = arguments.output or arguments.file.with_suffix(".html")
    write_report(read_results(arguments.file, arguments.dataset), output)
    print(f"Report written to {output}")
    return 0
