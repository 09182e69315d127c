"""Finds a public data file: where ``DISKERN_DATA`` points, in the cache, or at its public source.

What is fetched goes to ``$XDG_CACHE_HOME/diskern`` (``~/.cache/diskern``), under a temporary name until it is
complete and has the right contents. Its SHA-256 is then written beside it; a file with another one, found or fetched
later, is an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from .._core import FormatError
from .._version import __version__

_BLOCK = 1 << 20
_TIMEOUT = 30.0  # seconds without an answer


class DatasetUnavailable(OSError):
    """A data file is neither here nor can it be fetched."""


def data_folders() -> list[Path]:
    """Folders that may hold data sets: ``DISKERN_DATA``; without it ``../shared/data`` beside the working directory."""
    given = os.environ.get("DISKERN_DATA")
    if given:
        return [Path(given).expanduser()]
    beside = Path.cwd().parent / "shared" / "data"
    return [beside] if beside.is_dir() else []


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/diskern``, by default ``~/.cache/diskern``."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "diskern"


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def fetch(
    title: str, url: str, file_name: str, check: Callable[[Path], None], *, generator: str, cache: Path | None = None
) -> Path:
    """The file from the cache, fetched first where it is not there.

    Parameters
    ----------
    title : what it is, for messages
    url : where it comes from
    file_name : its name in the cache
    check : raises FormatError when a file has wrong contents; called before a fetched file is kept
    generator : what to use instead when it cannot be had, for the message
    cache : folder; default `cache_folder`

    Raises
    ------
    DatasetUnavailable
        It cannot be fetched, or the transfer broke off; nothing is left behind.
    FormatError
        Wrong contents, or not the file whose checksum was pinned.
    """
    folder = cache_folder() if cache is None else cache
    path, pin = folder / file_name, folder / f"{file_name}.sha256"
    pinned = pin.read_text(encoding="ascii").split()[0] if pin.is_file() and pin.stat().st_size else None
    if path.is_file():
        found = sha256(path)
        if pinned is None:  # stopped between the two writes, or put there by hand
            check(path)
            _write_pin(pin, found, file_name)
        elif found != pinned:
            raise FormatError(
                f"{path} has changed: its SHA-256 is {found}, {pinned} was pinned when it was first fetched; "
                f"remove it to fetch it again, and {pin.name} too to accept another version"
            )
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetUnavailable(f"{title}: the cache {folder} cannot be made: {error}") from error
    with _temporary(folder, file_name) as unfinished:
        try:
            _download(url, unfinished, title)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise DatasetUnavailable(
                f"{title} could not be fetched from {url}: {reason}. Put the file at {path}, or set DISKERN_DATA to a "
                f"folder that holds it; without a network use the generator {generator}"
            ) from error
        found = sha256(unfinished)
        if pinned is not None and found != pinned:
            raise FormatError(
                f"{title}: {url} now has the SHA-256 {found}, {pinned} was pinned when it was first fetched; "
                f"remove {pin} to accept the new version"
            )
        check(unfinished)
        os.replace(unfinished, path)
    _write_pin(pin, found, file_name)
    return path


@contextlib.contextmanager
def _temporary(folder: Path, file_name: str) -> Iterator[Path]:
    """A name to write to, in the same folder and with the same suffixes; removed if it is still there at the end."""
    handle, name = tempfile.mkstemp(prefix=".fetch-", suffix=f"-{file_name}", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write_pin(pin: Path, digest: str, file_name: str) -> None:
    with _temporary(pin.parent, pin.name) as unfinished:
        unfinished.write_text(f"{digest}  {file_name}\n", encoding="ascii")
        os.replace(unfinished, pin)


def _download(url: str, to: Path, title: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is not an http or https address")
    request = urllib.request.Request(
        url, headers={"User-Agent": f"diskern/{__version__}", "Accept-Encoding": "identity"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, open(to, "wb") as stream:
        length = answer.headers.get("Content-Length")
        expected = int(length) if length is not None else None
        bar = _Progress(title, expected)
        done = 0
        while block := answer.read(_BLOCK):
            stream.write(block)
            done += len(block)
            bar.show(done)
        bar.close()
    if expected is not None and done != expected:
        raise OSError(f"the transfer broke off after {done} of {expected} bytes")


class _Progress:
    """A line on the terminal: part, rate, time left; silent where standard error is none."""

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total = title, total
        self._start = self._last = time.monotonic()
        self._on = sys.stderr.isatty()
        self._width = 0

    def show(self, done: int) -> None:
        now = time.monotonic()
        if not self._on or now - self._last < 0.1:
            return
        self._last = now
        self._write(self._line(done, now - self._start))

    def _line(self, done: int, seconds: float) -> str:
        rate = done / max(seconds, 1e-9)
        text = f"{self._title}: {done / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s"
        if self._total:
            part = min(done / self._total, 1.0)
            filled = int(24 * part)
            left = (self._total - done) / max(rate, 1e-9)
            text = (
                f"{self._title}: [{'#' * filled}{'.' * (24 - filled)}] {100 * part:3.0f} % of "
                f"{self._total / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s, {left:.0f} s left"
            )
        return text

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def close(self) -> None:
        if self._on and self._width:
            self._write("")
            sys.stderr.write("\r")
