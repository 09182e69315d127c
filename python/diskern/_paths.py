"""Where the C++ library that comes with the package lies."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _existing(folder: Path, file: str) -> str:
    if not (folder / file).is_file():
        raise FileNotFoundError(
            f"{folder / file} is not there: this diskern was not installed by pip (a development build keeps the C++ "
            "library in its build folder; use cmake --install there)"
        )
    return str(folder)


def get_cmake_dir() -> str:
    """Folder for ``cmake -Ddiskern_DIR=...``, so that ``find_package(diskern)`` finds this package's C++ library.

    Raises
    ------
    FileNotFoundError
        The package is a development build without the installed library.
    """
    return _existing(_PACKAGE / "lib" / "cmake" / "diskern", "diskernConfig.cmake")


def get_include() -> str:
    """Folder of the C++ headers (``#include <diskern/model.hpp>``); raises as ``get_cmake_dir`` does."""
    return str(Path(_existing(_PACKAGE / "include" / "diskern", "model.hpp")).parent)
