"""The checked-in types of the extension are those of the built module."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import diskern
from diskern import _core

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = Path(diskern.__file__).with_name("_core.pyi")
ADVICE = "run: python tools/make_stubs.py"


def stub_names(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    names: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
    return names


def public(names: object) -> set[str]:
    return {name for name in names if not name.startswith("_")}  # type: ignore[attr-defined]


def test_every_name_of_the_module_is_in_the_stub_and_no_other() -> None:
    stub = stub_names(ast.parse(STUB.read_text(encoding="utf-8")).body)
    assert public(stub) == public(vars(_core)), ADVICE
    for name, node in stub.items():
        if not isinstance(node, ast.ClassDef) or name.startswith("_"):
            continue
        assert public(stub_names(node.body)) == public(vars(getattr(_core, name))), f"{name}: {ADVICE}"


def test_the_stub_is_what_the_generator_writes() -> None:
    script = REPOSITORY / "tools" / "make_stubs.py"
    if not script.is_file():
        pytest.skip("no tools/make_stubs.py beside the tests")
    if importlib.util.find_spec("pybind11_stubgen") is None:
        pytest.skip("pybind11-stubgen is not installed")
    if Path(diskern.__file__).resolve().parent != REPOSITORY / "python" / "diskern":
        pytest.skip("diskern is installed, not built in place; the generator's output is compared in the source tree")
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
