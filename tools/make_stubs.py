#!/usr/bin/env python3
"""Write python/diskern/_core.pyi, the types of the extension, from the built module (needs pybind11-stubgen).

python tools/make_stubs.py            # after a build in which `import diskern._core` works
python tools/make_stubs.py --check    # exit status 1 when the file is not what the module says
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "python" / "diskern" / "_core.pyi"
HEADER = "# Written by tools/make_stubs.py from the built extension. Do not edit.\n# fmt: off\n# ruff: noqa\n"

# mypy --strict wants arguments for every generic type; pybind11 does not know them.
BARE_GENERICS = {
    "numpy.ndarray": "numpy.typing.NDArray[typing.Any]",
    "dict": "dict[str, typing.Any]",
    "list": "list[typing.Any]",
    "tuple": "tuple[typing.Any, ...]",
}


def generate() -> str:
    """The text of the stub file for the module that this interpreter imports."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "diskern._core", "-o", folder, "--exit-code"]
        command += ["--enum-class-locations", r"^[A-Z]\w*$:diskern._core"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise SystemExit(f"pybind11-stubgen failed:\n{result.stdout}{result.stderr}")
        text = (Path(folder) / "diskern" / "_core.pyi").read_text(encoding="utf-8")
    # Annotations are inside signatures and never in docstrings, whose lines hold no arrow and no colon-typed names.
    lines = []
    for line in text.splitlines():
        if re.match(r"\s*(def |[A-Za-z_]\w*: )", line):
            for bare, full in BARE_GENERICS.items():
                line = re.sub(rf"(?<![\w.\"']){re.escape(bare)}(?![\w\[.\"'(])", full, line)
        lines.append(line.rstrip())
    # The value of the version belongs to the build, not to the interface.
    lines = ["__version__: str" if line.startswith("__version__") else line for line in lines]
    return HEADER + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    expected = generate()
    if not arguments.check:
        TARGET.write_text(expected, encoding="utf-8")
        return 0
    present = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    difference = "".join(
        difflib.unified_diff(present.splitlines(True), expected.splitlines(True), str(TARGET), "what the module says")
    )
    if difference:
        print(difference + "\nRun: python tools/make_stubs.py")
    return 1 if difference else 0


if __name__ == "__main__":
    raise SystemExit(main())
