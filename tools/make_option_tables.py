#!/usr/bin/env python3
"""Write docs/tmva-options.md, the booking options of every method, from the tables that read them.

python tools/make_option_tables.py
python tools/make_option_tables.py --check    # exit status 1 when the page is not what the tables say
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "docs" / "tmva-options.md"
BAR = "\\|"  # a bar inside of a table
LEAD = """# Options

Written by `tools/make_option_tables.py` from the tables that read the bookings. Do not edit.

`Key=Value:!Flag:Key[i]=Value` as one string, or keyword arguments. Unknown names are errors that name the near miss.
`H` or `V` in a booking prints the options of the method with the values that are used. What differs from TMVA is in
[Coming from TMVA](from-tmva.md).
"""


def cell(value: Any) -> str:
    """A value in a table."""
    if value is None:
        return ""
    text = str(value).replace("|", "\\|")
    return f"`{text}`" if text != "" else ""


def table(options: Any, defaults: dict[str, Any]) -> str:
    lines = ["| option | default | |", "|---|---|---|"]
    for option in options:
        name = f"{option.name}[i]" if option.array else option.name
        text = option.description + (f" ({', '.join(option.choices)})" if option.choices else "")
        lines.append(
            f"| `{name}` | {cell(defaults.get(option.name, option.default))} | {text.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(lines)


def generate() -> str:
    from diskern.tmva.booking import COMMON_OPTIONS, PDF_OPTIONS, method_class
    from diskern.tmva.cross_validation import CrossValidation
    from diskern.tmva.dataloader import split_options
    from diskern.tmva.factory import FACTORY_OPTIONS
    from diskern.tmva.methods import METHODS
    from diskern.tmva.reader import READER_OPTIONS

    parts = [LEAD]

    def section(title: str, options: Any, defaults: dict[str, Any] | None = None, note: str = "") -> None:
        body = table(options, defaults or {}) if options else "No options of its own."
        parts.append(f"## {title}\n\n{note}{body}\n")

    section("Factory", FACTORY_OPTIONS)
    section("PrepareTrainingAndTestTree", split_options(["<class>"]))
    names = {option.name for option in FACTORY_OPTIONS}
    own = [option for option in CrossValidation.option_table if option.name not in names]
    section("CrossValidation", own, note="Beside those of the Factory.\n\n")
    section("Reader", READER_OPTIONS)
    section("All methods", COMMON_OPTIONS)
    own = [option for option in PDF_OPTIONS if option.name.endswith("MVAPdf")]
    section("CreateMVAPdfs", own, note="With the suffixes `Sig` and `Bkg` for one of both densities.\n\n")
    for name in sorted(METHODS):
        cls = method_class(name)
        kinds = sorted(cls.analysis_types)
        defaults = cls.defaults(kinds[0])  # type: ignore[arg-type]
        differing = []
        for kind in kinds[1:]:
            other = cls.defaults(kind)  # type: ignore[arg-type]
            changed = ", ".join(f"`{k}={v}`" for k, v in other.items() if v != defaults.get(k))
            if changed:
                differing.append(f"In {kind.lower()} the defaults {changed} differ.")
        note = f"{', '.join(kinds)}. {' '.join(differing)}".strip() + "\n\n"
        section(name, cls.options, defaults, note)
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = generate()
    if parser.parse_args().check:
        if not TARGET.is_file() or TARGET.read_text() != text:
            print(
                "docs/tmva-options.md is not what the tables say: python tools/make_option_tables.py", file=sys.stderr
            )
            return 1
        return 0
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
