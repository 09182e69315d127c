"""Copies a small part of the TMVA trainings of the shared data sets: python extract.py .../tmva_trained

TMVA 4.2.1 made the weight files and the responses for this project from ROOT's tutorial samples (LGPL-2.1-or-later).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

CASES = {
    "class_variants": ["BDTG_10", "BDT_ada", "BDT_ada_noyn", "BDT_pruneEE", "Fisher_NP", "Fisher_U", "MLP_relu"],
    "class_tut": ["BDTF", "Fisher", "LD", "MLP"],
    "reg": ["LD", "MLP"],
    "multiclass": ["MLP"],
}
EVENTS = 300


def main() -> None:
    source = Path(sys.argv[1])
    target = Path(__file__).parent
    for folder, methods in CASES.items():
        events = np.load(source / folder / "test_events.npz")
        responses = np.load(source / folder / "test_responses.npz")
        kept = {name: events[name][:EVENTS] for name in events.files if events[name].dtype == np.float32}
        for method in methods:
            shutil.copy(
                source / folder / "weights" / f"{method}.weights.xml.gz", target / f"{folder}_{method}.weights.xml.gz"
            )
            for name in responses.files:
                if name == method or name.startswith(method + "."):
                    kept[f"response:{name}"] = responses[name][:EVENTS]
        np.savez_compressed(target / f"{folder}.npz", **kept)


if __name__ == "__main__":
    main()
