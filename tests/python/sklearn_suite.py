"""Runs one of scikit-learn's own test modules with our estimators in place of its own.

As a pytest plugin (``-p sklearn_suite``) it replaces the attributes that the environment variable
``DISKERN_SKLEARN_REPLACE`` lists (JSON: "module.attribute" -> "module.attribute") before the module is imported, and
turns "from sklearn.x import Y" into ours that way.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

_VARIABLE = "DISKERN_SKLEARN_REPLACE"


def pytest_configure() -> None:
    """Called by pytest, in the process that runs scikit-learn's module."""
    for target, source in json.loads(os.environ.get(_VARIABLE, "{}")).items():
        module, attribute = target.rsplit(".", 1)
        source_module, source_attribute = source.rsplit(".", 1)
        setattr(
            importlib.import_module(module),
            attribute,
            getattr(importlib.import_module(source_module), source_attribute),
        )


def run(
    module: str, replace: dict[str, str], directory: Path, *, without: tuple[str, ...] = ()
) -> tuple[dict[str, str], int]:
    """Failed tests (name with parameters -> last line of the message) and the number of those that passed.

    ``without``: what names of tests that are left out contain, for those that take long only to be refused.
    """
    report = directory / "report.xml"
    environment = dict(os.environ)
    environment[_VARIABLE] = json.dumps(replace)
    here = str(Path(__file__).resolve().parent)
    package = str(Path(importlib.import_module("diskern").__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join([here, package, environment.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sklearn_suite", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--pyargs", module, f"--junit-xml={report}"]
    if without:
        command += ["-k", " and ".join(f"not {part}" for part in without)]
    result = subprocess.run(command, env=environment, cwd=directory, capture_output=True, text=True, timeout=600)
    assert result.returncode in (0, 1), result.stdout[-3000:] + result.stderr[-3000:]
    failed = {}
    passed = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        problems = [*case.findall("failure"), *case.findall("error")]
        if problems:
            failed[case.attrib["name"]] = problems[0].attrib.get("message", "").splitlines()[0]
        elif case.find("skipped") is None:
            passed += 1
    return failed, passed


def compare(failed: dict[str, str], allowed: dict[str, str]) -> None:
    """Every failure must match one of the patterns (regular expressions, whole name), every pattern a failure."""
    new = {name: why for name, why in failed.items() if not any(re.fullmatch(pattern, name) for pattern in allowed)}
    assert not new, f"fail and are not listed: {new}"
    stale = [pattern for pattern in allowed if not any(re.fullmatch(pattern, name) for name in failed)]
    assert not stale, f"listed and do not fail (any more): {stale}"
