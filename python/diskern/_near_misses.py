"""What an unknown name was perhaps meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near_misses(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'NTrees'?"``, or an empty string where nothing is close."""
    spelling = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), list(spelling), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(spelling[c]) for c in close)}?" if close else ""
