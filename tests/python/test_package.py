"""The package itself: light to import, lazy, honest about what it exports."""

from __future__ import annotations

import subprocess
import sys

import diskern


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_import_is_light():
    heavy = "'sklearn', 'scipy', 'pandas', 'uproot', 'matplotlib'"
    code = f"import sys, diskern; print(*{{{heavy}}}.intersection(sys.modules))"
    result = run(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == ""


def test_booking_front_end_needs_no_scikit_learn():
    block = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sklearn", "scipy", "pandas", "h5py", "pyarrow"):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Refuse())
import diskern.tmva, diskern.evaluation, diskern.plotting, diskern.report, diskern.datasets, diskern.cli
"""
    result = run(block)
    assert result.returncode == 0, result.stderr


def test_every_exported_name_exists():
    for name in diskern.__all__:
        assert getattr(diskern, name) is not None


def test_errors_are_the_builtin_kinds_too():
    assert issubclass(diskern.InvalidArgument, ValueError)
    assert issubclass(diskern.FormatError, ValueError)
    assert issubclass(diskern.DeviceError, RuntimeError)
    for kind in (diskern.InvalidArgument, diskern.FormatError, diskern.DeviceError):
        assert issubclass(kind, diskern.Error)
