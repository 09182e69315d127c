"""Wrote the models of this folder: python make.py, once for each version of the file format.

Files of earlier versions are never written again: test_golden_models.py holds every release to reading them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import diskern

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "embed"))
from make_models import WEIGHT_FILES, native_models  # noqa: E402


def main() -> None:
    folder = HERE / "version1"
    folder.mkdir()
    models = {name.removesuffix(".diskern"): diskern.Model(model) for name, model in native_models().items()}
    for title in ("class_tut_BDTF", "class_tut_MLP", "class_variants_Fisher_NP", "class_variants_BDTG_10", "reg_LD"):
        models[title] = diskern.load(WEIGHT_FILES / f"{title}.weights.xml.gz")
    generator = np.random.default_rng(3)
    for name, model in models.items():
        model.save(folder / f"{name}.diskern")
        events = generator.normal(0, 2, (50, len(model.variables))).astype(np.float32)
        np.savez_compressed(folder / f"{name}.npz", events=events, responses=model.evaluate(events))


if __name__ == "__main__":
    main()
