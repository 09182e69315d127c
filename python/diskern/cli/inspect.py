"""Show what is inside a model file without running anything.

Method, variables with their expressions and ranges, classes, transformations, options and provenance. Reads .diskern
files and TMVA weight files; a damaged file is an error, exit code 3.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

EPILOG = "Example: diskern inspect --json dataset/weights/job_BDT.diskern | jq .options"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".diskern file or TMVA weight file")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def execute(arguments: argparse.Namespace) -> int:
    from .. import load

    if not arguments.model.is_file():
        raise FileNotFoundError(f"no model file {str(arguments.model)!r}")
    model = load(arguments.model)
    info: dict[str, Any] = {**model.info, "transformations": model.transformations.splitlines()}
    if arguments.json:
        print(json.dumps(info, indent=2, default=str))
        return 0
    print(f"{info['method']} {info['title']!r}: {info['analysis_type']}")
    for kind in ("variables", "spectators", "targets"):
        for index, variable in enumerate(info.get(kind, [])):
            label = f"{variable['label']} := " if variable["label"] != variable["expression"] else ""
            unit = f" [{variable['unit']}]" if variable["unit"] else ""
            extent = f"{variable['minimum']:.6g} .. {variable['maximum']:.6g}"
            print(f"  {kind[:-1]} {index}: {label}{variable['expression']}{unit}  ({extent})")
    if info.get("classes"):
        print(f"  classes: {', '.join(info['classes'])}")
    if model.transformations:
        print("  transformations:")
        print("\n".join(f"    {line}" for line in model.transformations.splitlines()))
    for title, key in (("options", "options"), ("provenance", "provenance")):
        if info.get(key):
            print(f"  {title}:")
            for name, value in info[key]:
                print(f"    {name} = {value}")
    return 0
