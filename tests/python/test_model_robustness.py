"""Mutated model files and weight files are refused or evaluate; they never crash, hang or take all memory.

Mutations run in a child process under a limit of memory and time, so that a crash is a failed test and not the end of
the run. Checksums are made right again where the mutation should reach what lies behind them.
"""

from __future__ import annotations

import contextlib
import gzip
import multiprocessing
import os
import re
import resource
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diskern

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))
from make_corpus import WEIGHT_FILES, shortened, small_models

HEADER = 28
EXAMPLES = int(os.environ.get("DISKERN_FUZZ_EXAMPLES", "250"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

MODELS = [model.to_bytes() for model in small_models().values()]
TEXTS = [
    shortened(gzip.decompress(path.read_bytes()).decode())
    for path in sorted(WEIGHT_FILES.glob("*.weights.xml.gz"))
    if "Fisher_U" not in path.name
]
MODELS += [diskern.Model(text.encode()).to_bytes() for text in TEXTS]


def sections(content: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end (before the checksum) of each section of a valid file."""
    position = HEADER
    while position < len(content):
        begin = position
        name_size = content[position]
        (length,) = struct.unpack_from("<Q", content, position + 2 + name_size)
        position += 2 + name_size + 8 + length
        yield begin, position
        position += 4


def with_checksums(content: bytes) -> bytes:
    """Total size and all checksums made right, as far as the lengths can be followed."""
    result = bytearray(content)
    if len(result) < HEADER:
        return bytes(result)
    struct.pack_into("<Q", result, 16, len(result))
    struct.pack_into("<I", result, 24, zlib.crc32(result[:24]))
    position = HEADER
    while position < len(result):
        name_size = result[position]
        if position + 10 + name_size > len(result):
            break
        (length,) = struct.unpack_from("<Q", result, position + 2 + name_size)
        end = position + 10 + name_size + length
        if end + 4 > len(result):
            break
        struct.pack_into("<I", result, end, zlib.crc32(result[position:end]))
        position = end + 4
    return bytes(result)


def use(content: bytes) -> str:
    """What the child does with one mutated file: "refused" or "evaluated"; any other exception is a failure."""
    try:
        model = diskern.Model(content)
    except (diskern.FormatError, diskern.InvalidArgument):
        return "refused"
    n = len(model.variables)
    events = np.zeros((8, n), np.float32)
    events[1] = np.nan
    events[2] = np.inf
    events[3] = -np.inf
    events[4:] = np.random.default_rng(0).normal(size=(4, n)) * 10.0 ** np.arange(0, 40, 10)[:, None]
    keys = np.arange(8 * len(model.key_columns), dtype=float).reshape(8, -1)
    with np.errstate(all="ignore"):
        if model.key_columns:
            # A rule may refuse keys, e.g. by an expression that is no number for them.
            with contextlib.suppress(diskern.InvalidArgument):
                model.evaluate(events, key=keys)
        else:
            model.evaluate(events)
    with contextlib.suppress(diskern.InvalidArgument):
        model.evaluate_inputs(np.ones((2, len(model.inputs))))
    assert diskern.Model(model.to_bytes()).to_bytes() == model.to_bytes()
    with contextlib.suppress(diskern.InvalidArgument):
        diskern.Model(model.to_tmva_xml().encode())
    assert repr(model)
    return "evaluated"


def child(connection: Any) -> None:
    limit = 3 << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        content = connection.recv_bytes()
        try:
            answer = use(content)
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        connection.send(answer)


class Sandbox:
    """A process that tries mutated files; started again after a crash."""

    def __init__(self) -> None:
        self.process: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=child, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None

    def __call__(self, content: bytes) -> str:
        if self.process is None:
            self.start()
        self.connection.send_bytes(content)
        if not self.connection.poll(60):
            self.stop()
            return "hangs"
        try:
            return str(self.connection.recv())
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            self.process = None
            return f"crashed with exit code {code}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    one = Sandbox()
    yield one
    one.stop()


@st.composite
def mutated(draw: st.DrawFn, sources: list[bytes]) -> bytes:
    content = bytearray(draw(st.sampled_from(sources)))
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["flip", "byte", "number", "delete", "insert", "copy", "truncate"]))
        if kind == "flip" and content:
            content[position] ^= 1 << draw(st.integers(0, 7))
        elif kind == "byte" and content:
            content[position] = draw(st.sampled_from([0, 1, 2, 10, 11, 0x7F, 0x80, 0xFF]))
        elif kind == "number":
            number = draw(st.sampled_from([0, 1, -1, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 63) - 1, 1 << 40]))
            size = draw(st.sampled_from([4, 8]))
            content[position : position + size] = (number & ((1 << (8 * size)) - 1)).to_bytes(size, "little")
        elif kind == "delete":
            del content[position : position + draw(st.integers(1, 64))]
        elif kind == "insert":
            content[position:position] = draw(st.binary(min_size=1, max_size=32))
        elif kind == "copy":
            content[position:position] = content[position : position + draw(st.integers(1, 200))]
        elif kind == "truncate":
            del content[position:]
    return bytes(content)


def accepted(answer: str) -> bool:
    return answer in ("refused", "evaluated")


@SETTINGS
@given(content=mutated(MODELS), repair=st.booleans())
def test_mutated_model_files(sandbox: Sandbox, content: bytes, repair: bool) -> None:
    answer = sandbox(with_checksums(content) if repair else content)
    assert accepted(answer), answer


@st.composite
def with_edited_field(draw: st.DrawFn) -> bytes:
    """One element of one array of the file changed; sizes and checksums stay right."""
    content = bytearray(draw(st.sampled_from(MODELS)))
    arrays = [
        (match.end() + 8, struct.unpack_from("<Q", content, match.end())[0], width)
        for code, width in ((b"\x05", 4), (b"\x08", 8), (b"\x04", 1))
        for match in re.finditer(rb"[a-z_]{4,}" + code + rb"(?=.{8})", bytes(content), re.S)
    ]
    arrays = [(p, n, w) for p, n, w in arrays if 0 < n < 100_000 and p + n * w <= len(content)]
    for _ in range(draw(st.integers(1, 3))):
        position, count, width = draw(st.sampled_from(arrays))
        place = position + width * draw(st.integers(0, count - 1))
        if width == 8:
            values = [0.0, -1.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 0.5]
            struct.pack_into("<d", content, place, draw(st.sampled_from(values)))
        elif width == 4:
            values = [0, 1, 2, -1, -2, -3, 1 << 30, -(1 << 31), (1 << 31) - 1, 100_000_000]
            struct.pack_into("<i", content, place, draw(st.sampled_from(values)))
        else:
            content[place] = draw(st.integers(0, 255))
    return with_checksums(bytes(content))


@SETTINGS
@given(content=with_edited_field())
def test_model_files_with_edited_fields(sandbox: Sandbox, content: bytes) -> None:
    answer = sandbox(content)
    assert accepted(answer), answer


@SETTINGS
@given(content=mutated([text.encode() for text in TEXTS]))
def test_mutated_weight_files(sandbox: Sandbox, content: bytes) -> None:
    answer = sandbox(content)
    assert accepted(answer), answer


NUMBERS = [
    "0",
    "-1",
    "1",
    "2",
    "65536",
    "2147483648",
    "1e308",
    "-1e308",
    "1e-400",
    "nan",
    "inf",
    "-99",
    "",
    "0x10",
    "1e",
]


@SETTINGS
@given(data=st.data())
def test_weight_files_with_edited_attributes(sandbox: Sandbox, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 3))):
        values = list(re.finditer(r'"[^"]*"', text))
        match = data.draw(st.sampled_from(values))
        text = text[: match.start()] + '"' + data.draw(st.sampled_from(NUMBERS)) + '"' + text[match.end() :]
    answer = sandbox(text.encode())
    assert accepted(answer), answer


@SETTINGS
@given(data=st.data())
def test_weight_files_with_moved_elements(sandbox: Sandbox, data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(TEXTS)).split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        source = data.draw(st.integers(0, len(lines) - 1))
        size = data.draw(st.integers(1, 5))
        block = lines[source : source + size]
        if data.draw(st.booleans()):
            del lines[source : source + size]
        if data.draw(st.booleans()):
            target = data.draw(st.integers(0, len(lines)))
            lines[target:target] = block
    answer = sandbox("\n".join(lines).encode())
    assert accepted(answer), answer


def test_the_sandbox_notices(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: crashes and other exceptions are told."""

    def crash(content: bytes) -> str:
        os.kill(os.getpid(), 11)
        return "evaluated"

    def fail(content: bytes) -> str:
        raise RuntimeError("other")

    answers: list[str] = []
    for broken in (crash, fail):
        monkeypatch.setattr(sys.modules[__name__], "use", broken)
        fresh = Sandbox()
        answers.append(fresh(b""))
        fresh.stop()
    assert answers == ["crashed with exit code -11", "RuntimeError: other"]
    assert sandbox(MODELS[0]) == "evaluated"
    assert sandbox(MODELS[0][:-1]) == "refused"


def edit(change: Callable[[bytearray, int], None], key: bytes) -> bytes:
    content = bytearray(MODELS[0])
    change(content, content.index(bytes([len(key)]) + key) + 1 + len(key) + 1 + 8)
    return with_checksums(bytes(content))


@pytest.mark.parametrize(
    ("key", "offset", "value", "message"),
    [
        (b"left", 0, 0, "child 0"),  # a loop
        (b"left", 0, 100_000_000, "child 100000000"),
        (b"feature", 0, 100_000_000, "variable 100000000"),
        (b"feature", 0, -7, "variable -7"),
        (b"node_counts", 0, -1, "without nodes"),
        (b"node_counts", 0, 2_000_000_000, "expected"),
    ],
)
def test_edits_that_crash_other_libraries_are_refused(key: bytes, offset: int, value: int, message: str) -> None:
    content = edit(lambda data, at: struct.pack_into("<i", data, at + 4 * offset, value), key)
    with pytest.raises(diskern.FormatError, match=message):
        diskern.Model(content)


@pytest.mark.parametrize("claim", [1000, 1 << 28, (1 << 31) - 1, 1 << 31, 1 << 61, (1 << 64) - 1])
def test_claims_beyond_the_end_take_no_memory(sandbox: Sandbox, claim: int) -> None:
    content = bytearray(MODELS[0])
    position = content.index(b"\x09threshold\x08") + 11
    struct.pack_into("<Q", content, position, claim)
    damaged = with_checksums(bytes(content))
    assert sandbox(damaged) == "refused"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(diskern.FormatError, match="claims"):
        diskern.Model(damaged)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_messages_quote_any_file() -> None:
    for text in (b"<\xcdx/>", b"<a b='1'></\xff>", b'<MethodSetup Method="\xe9::x"/>'):
        with pytest.raises(diskern.FormatError) as error:
            diskern.Model(text)
        assert str(error.value).startswith("XML, line 1")


def test_checksums_protect_every_section() -> None:
    content = MODELS[0]
    found = list(sections(content))
    assert len(found) == 2
    for begin, end in found:
        for position in (begin + 20, (begin + end) // 2, end - 1):
            damaged = bytearray(content)
            damaged[position] ^= 4
            with pytest.raises(diskern.FormatError, match="checksum"):
                diskern.Model(bytes(damaged))
    assert with_checksums(content) == content
