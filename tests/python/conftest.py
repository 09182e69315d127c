"""Fixtures that all Python tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# A runner in the background of a shell has SIGINT ignored, and so would the processes that the Ctrl-C tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of public data sets: ``DISKERN_DATA``, or ``shared/data`` beside the checkout.

    Tests that need it skip with the reason where it is absent.
    """
    given = os.environ.get("DISKERN_DATA")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets: {folder} is not a folder (DISKERN_DATA names the folder of magic/, higgsml/, ...)")
    return folder
