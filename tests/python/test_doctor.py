"""diskern doctor."""

from __future__ import annotations

import json

import numpy as np

from diskern.cli import main


def test_doctor_says_what_there_is(capsys):
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["threads available"] >= 1
    assert facts["instruction set"] in facts["instruction sets supported"]
    assert facts["packages"]["numpy"] == np.__version__
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "numpy" in printed
    assert facts["CUDA devices"] or "none is needed" in printed
