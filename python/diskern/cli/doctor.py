"""Say what this machine and this installation offer, for choosing and for bug reports.

Processor, instruction sets, threads, CUDA devices, versions of diskern and of the packages it can work with.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from typing import Any

EPILOG = "Put the output of `diskern doctor` into a bug report."

_PACKAGES = ("numpy", "matplotlib", "uproot", "awkward", "scikit-learn", "pandas", "h5py", "pyarrow", "pyyaml")
_PEERS = ("xgboost", "xgboost-cpu", "lightgbm", "torch", "ROOT")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def facts() -> dict[str, Any]:
    """Everything that doctor prints, JSON-ready."""
    from .. import __version__, _core

    return {
        "diskern": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "threads available": _core.available_threads(),
        "instruction set": _core.instruction_set(),
        "instruction sets supported": list(_core.supported_instruction_sets()),
        "CUDA devices": list(_core.cuda_devices()),
        "CUDA": _core.cuda_status(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "peers": {name: version for name in _PEERS if (version := _version(name)) is not None},
        "environment": {
            name: os.environ[name]
            for name in ("DISKERN_DATA", "DISKERN_ISA", "DISKERN_NUM_THREADS", "OMP_NUM_THREADS")
            if name in os.environ
        },
    }


def execute(arguments: argparse.Namespace) -> int:
    found = facts()
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    if not found["CUDA devices"]:
        found["CUDA devices"] = ["none found; none is needed: every method runs on the processor"]
    for key, value in found.items():
        if isinstance(value, dict):
            print(f"{key}:")
            for name, version in value.items():
                print(f"  {name:<20} {version if version is not None else 'not installed'}")
        elif isinstance(value, list):
            print(f"{key + ':':<28} {', '.join(map(str, value)) or 'none'}")
        else:
            print(f"{key + ':':<28} {value}")
    return 0
