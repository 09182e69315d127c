#!/usr/bin/env python3
"""Text files end with one newline, no line ends with blanks, and nothing large slips in.

python tools/check_text.py [--fix] file ...
"""

from __future__ import annotations

import argparse
from pathlib import Path

LARGEST = 1_000_000  # bytes
# Foreign files that are kept byte for byte as they came.
UNTOUCHED = ("tests/data/",)


def cleaned(text: bytes) -> bytes:
    """The text without blanks at the ends of lines, with exactly one newline at its end (an empty file stays empty)."""
    lines = [line.rstrip(b" \t") for line in text.split(b"\n")]
    body = b"\n".join(lines).rstrip(b"\n")
    return body + b"\n" if body else b""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="write the corrected files")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    wrong = 0
    for path in arguments.files:
        if path.as_posix().startswith(UNTOUCHED) or not path.is_file():
            continue
        text = path.read_bytes()
        if len(text) > LARGEST:
            print(f"{path}: {len(text)} bytes, expected at most {LARGEST}")
            wrong += 1
            continue
        if cleaned(text) != text:
            print(f"{path}: blanks at the end of a line or of the file")
            wrong += 1
            if arguments.fix:
                path.write_bytes(cleaned(text))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
