"""The pages about options say what the tables say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from diskern.tmva.booking import COMMON_OPTIONS, PDF_OPTIONS, method_class
from diskern.tmva.dataloader import split_options
from diskern.tmva.factory import FACTORY_OPTIONS
from diskern.tmva.methods import METHODS

REPOSITORY = Path(__file__).resolve().parents[2]
tool = REPOSITORY / "tools" / "make_option_tables.py"


@pytest.mark.skipif(not tool.is_file(), reason="not a checkout")
def test_the_page_of_options_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_option_tables", tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (REPOSITORY / "docs" / "tmva-options.md").read_text()
    assert text == module.generate(), "python tools/make_option_tables.py"
    assert "| `NTrees` | `800` |" in text


@pytest.mark.skipif(not tool.is_file(), reason="not a checkout")
def test_the_migration_table_names_options_that_exist() -> None:
    text = (REPOSITORY / "docs" / "from-tmva.md").read_text()
    rows = re.findall(r"^\| ([\w, ]+) \| (.+?) \| (.*) \|$", text.split("## Options of the methods")[1], re.MULTILINE)
    by_title = {name: method_class(name) for name in METHODS}
    checked = 0
    for methods, options, remark in rows:
        if "refused" in remark or "not in this version" in remark:
            continue
        names = [name.strip() for name in methods.split(",")]
        tables = [by_title[name].options for name in names if name in by_title]
        if names == ["all"]:
            tables = [COMMON_OPTIONS, PDF_OPTIONS]
        known = {word for table in tables for option in table for word in (option.name, *option.choices)}
        if not known:
            continue  # the fitters' options: part of those of Cuts and FDA
        for option in re.findall(r"`(\w+?)(?:\[i\])?(?:=[^`]*)?`", options):
            if option in ("Sig", "Bkg"):
                continue
            assert any(one == option or one.startswith(option) for one in known), (methods, option)
            checked += 1
    assert checked > 50


# Methods of TMVA, whose bookings people bring along.
OF_TMVA = (
    *(
        "BDT",
        "Boost",
        "CFMlpANN",
        "Category",
        "Cuts",
        "DL",
        "DT",
        "FDA",
        "Fisher",
        "HMatrix",
        "KNN",
        "LD",
        "Likelihood",
    ),
    *("MLP", "PDEFoam", "PDERS", "SVM", "TMlpANN"),
)


@pytest.mark.skipif(not tool.is_file(), reason="not a checkout")
def test_the_migration_table_has_every_option_of_tmva() -> None:
    text = (REPOSITORY / "docs" / "from-tmva.md").read_text()
    named = set(re.findall(r"`(\w+?)(?:\[i\]|_<class>)?(?:=[^`]*)?`", text))
    general = {*(option.name for option in FACTORY_OPTIONS), *(option.name for option in split_options(()))}
    wanted = {"the Factory and the DataLoader": general - {"V"}}
    for name in OF_TMVA:
        wanted[name] = {re.sub("(Sig|Bkg)$", "", option.name) for option in method_class(name).options}
    # Of one class or variable: the same name with Sig[i] or Bkg[i]. Not in TMVA:
    wanted["MLP"] -= {"Adam"}
    for name, options in wanted.items():
        assert not options - named, (name, sorted(options - named))
