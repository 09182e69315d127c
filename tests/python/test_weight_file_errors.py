"""Damaged weight files of TMVA: whatever is wrong, the error is a FormatError that names the line."""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path

import pytest

import diskern
from diskern import FormatError

SMALL = Path(__file__).resolve().parents[1] / "data" / "tmva"
LARGE = [
    *(("class_tut", t) for t in ("Cuts", "LikelihoodKDE", "PDERS", "KNN", "HMatrix", "BoostedFisher", "FDA_GA", "SVM")),
    *(("class_tut", t) for t in ("BDTF", "RuleFit")),
    *(("class_variants", t) for t in ("Fisher_NP", "Fisher_Dsig")),
    *(("cat_offset", t) for t in ("FisherCat", "LikelihoodCat")),
    *(("reg", t) for t in ("LD", "KNN", "PDERS")),
    *(("multiclass", t) for t in ("MLP", "BDTG")),
]
WRONG = ("", ' {}="abc"', ' {}="-3"', ' {}="1e999"', ' {}=""')


def outcome(text: str) -> str:
    """What reading the text says: nothing where it is still a model."""
    try:
        diskern.Model(text.encode())
    except FormatError as error:
        return str(error)
    return ""


def damage(text: str, seed: int) -> tuple[int, int]:
    """Take attributes away and spoil them, cut the text off, leave sections out; (errors, attempts)."""
    generator = random.Random(seed)
    places: dict[str, list[re.Match[str]]] = {}
    for match in re.finditer(r'\s([A-Za-z_]\w*)="([^"]*)"', text):
        places.setdefault(match.group(1), []).append(match)
    attempts = [
        text[: match.start()] + wrong.format(name) + text[match.end() :]
        for name, found in places.items()
        for wrong in WRONG
        for match in [generator.choice(found)]
    ]
    cut = [text[: generator.randrange(1, len(text) - 20)] for _ in range(10)]
    without = [re.sub(rf"<{name}[ >].*?</{name}>", "", text, flags=re.S) for name in ("Variables", "Weights")]
    errors = 0
    for broken in attempts:
        said = outcome(broken)
        errors += bool(said)
        assert not said or re.search(r"XML, line \d+", said), said
    for broken in (*cut, *without):
        assert re.search(r"XML, line \d+", outcome(broken)), outcome(broken)
    return errors, len(attempts)


@pytest.mark.parametrize("path", sorted(SMALL.glob("*.weights.xml.gz")), ids=lambda path: path.name.split(".")[0])
def test_small_files(path: Path) -> None:
    errors, attempts = damage(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"), 1)
    assert errors > attempts / 4


@pytest.mark.parametrize(("folder", "title"), LARGE, ids=lambda value: str(value))
def test_every_method(folder: str, title: str, data_directory: Path) -> None:
    path = data_directory / "tmva_trained" / folder / "weights" / f"{title}.weights.xml.gz"
    errors, attempts = damage(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"), 2)
    assert errors > attempts / 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('value="Classification"', 'value="Sorting"', r"<Info> says: analysis_type is 'Sorting'"),
        (r'(Coefficient Index="0" Value=")[^"]*', r"\g<1>inf", r"<Weights> holds what makes no sense: .*finite"),
    ],
)
def test_what_no_line_was_known_of(old: str, new: str, message: str) -> None:
    text = gzip.decompress((SMALL / "class_tut_Fisher.weights.xml.gz").read_bytes()).decode()
    broken, count = re.subn(old, new, text)
    assert count == 1
    assert re.search(rf"XML, line \d+: {message}", outcome(broken)), outcome(broken)
