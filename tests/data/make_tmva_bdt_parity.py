"""Makes tmva_bdt_parity.npz of the stored TMVA trainings: training events, some test events, TMVA's responses to them.

Usage: DISKERN_DATA=... python tests/data/make_tmva_bdt_parity.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

import test_tmva_bdt_parity as parity  # noqa: E402
import tmva_reference as reference  # noqa: E402

N_TEST = 400


def main() -> None:
    data = Path(os.environ["DISKERN_DATA"])
    content = {}
    for folder in ("class_tut", "class_variants"):
        training = reference.load(data, folder)
        content[f"{folder}/variables"] = training.variables
        content[f"{folder}/class_index"] = training.class_index.astype(np.int8)
        content[f"{folder}/weight"] = training.weight
        content[f"{folder}/test_variables"] = training.test_variables[:N_TEST]
        for case_folder, name, _ in parity.CASES:
            if case_folder == folder and name not in parity.DECORRELATED:
                content[f"{folder}/{name}"] = reference.responses(data, folder, name)[:N_TEST]
    np.savez_compressed(HERE / "tmva_bdt_parity.npz", **content)


if __name__ == "__main__":
    main()
