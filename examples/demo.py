"""The main job on MAGIC telescope events: book, train, test, compare, apply - from Python and from C++.

Run by `make demo`. Gamma-ray showers (signal) against hadron showers (background), ten image parameters.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import diskern
from diskern import datasets
from diskern.tmva import DataLoader, Factory, Reader


def load_events() -> tuple[str, str, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Names of the job and of the sample, signal and background columns; real events where they can be had."""
    try:
        sample = datasets.load_magic()
        job, name = "magic", "MAGIC telescope events"
    except (OSError, diskern.Error) as error:
        print(f"The MAGIC events cannot be had here ({error}).")
        print("Using the generator instead: Higgs-like events of 28 variables. These are not real events.\n")
        sample = datasets.higgs_like(15000, seed=1)
        job, name = "generated", "generated Higgs-like events"
    signal, background = sample.labels == 1, sample.labels == 0
    columns = {label: sample.events[:, i] for i, label in enumerate(sample.names)}
    return job, name, {k: v[signal] for k, v in columns.items()}, {k: v[background] for k, v in columns.items()}


def compile_reader(folder: Path) -> Path | None:
    """Builds examples/cpp against the installed package; None where no CMake is found."""
    cmake = shutil.which("cmake")
    if cmake is None:
        return None
    source = Path(__file__).parent / "cpp"
    build = folder / "cpp"
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([cmake, "-S", source, "-B", build, f"-Ddiskern_DIR={diskern.get_cmake_dir()}"], **quiet)
    subprocess.run([cmake, "--build", build], **quiet)
    return build / "apply"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for the results")
    parser.add_argument("--quick", action="store_true", help="fewer trees and epochs: shows the way, not the quality")
    arguments = parser.parse_args()
    folder: Path = arguments.output
    folder.mkdir(parents=True, exist_ok=True)

    job, name, signal, background = load_events()
    variables = list(signal)
    print(f"{name}: {len(signal[variables[0]])} signal and {len(background[variables[0]])} background events\n")

    loader = DataLoader(str(folder / "dataset"))
    for variable in variables:
        loader.AddVariable(variable)
    loader.AddSignalTree(signal)
    loader.AddBackgroundTree(background)
    loader.PrepareTrainingAndTestTree(
        "",
        "TrainTestSplit_Signal=0.8:TrainTestSplit_Background=0.8:SplitMode=Random:NormMode=NumEvents"
        ":ValidationFraction=0.15",
    )

    factory = Factory(job, str(folder / f"{job}.root"), "AnalysisType=Classification")
    trees, cycles = (60, 15) if arguments.quick else (600, 150)
    factory.BookMethod(
        loader,
        "BDT",
        "BDTG",
        f"NTrees={trees}:BoostType=Grad:Shrinkage=0.1:UseBaggedBoost:BaggedSampleFraction=0.5:MaxDepth=4:nCuts=40"
        ":MinNodeSize=1%",
    )
    factory.BookMethod(loader, "GradientBoostedTrees", "GBT")  # quantile bins, Newton leaves, early stopping
    factory.BookMethod(loader, "Fisher", "Fisher")
    factory.BookMethod(loader, "MLP", "MLP", f"TrainingMethod=Adam:HiddenLayers=32,16:NCycles={cycles}:VarTransform=N")
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        print("scikit-learn is not installed: its HistGradientBoosting is not in this comparison.")
    else:
        factory.BookMethod(loader, HistGradientBoostingClassifier(max_iter=300, random_state=1), "HistGB")

    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    factory.Report(str(folder / "report.html"))

    # Apply the best native model, from Python and from C++.
    native = [m for m in factory.results().methods if factory.model_path(m.title) is not None]
    best = max(native, key=lambda m: m.metrics["roc_integral"])
    path = factory.model_path(best.title)
    print(f"\nApplying the best native model, {best.title}: {path}")
    reader = Reader()
    for variable in variables:
        reader.AddVariable(variable)
    reader.BookMVA(best.title, path)
    events = {v: np.concatenate([signal[v][:500], background[v][:500]]) for v in variables}
    from_python = np.asarray(reader.EvaluateMVA(events, best.title)).ravel()
    print(f"Python: {len(from_python)} events, mean response of signal {from_python[:500].mean():+.3f}, ", end="")
    print(f"of background {from_python[500:].mean():+.3f}")

    program = compile_reader(folder)
    if program is None:
        print("C++: no CMake found, so the C++ example was not built.")
    else:
        matrix = np.ascontiguousarray(np.column_stack([events[v] for v in variables]), np.float32)
        (folder / "events.f32").write_bytes(matrix.tobytes())
        subprocess.run([program, path, folder / "events.f32", folder / "responses.f64"], check=True)
        from_cpp = np.fromfile(folder / "responses.f64", np.float64)
        if not np.array_equal(from_python, from_cpp):
            print("C++: the responses differ from Python's. This is a defect; please report it.", file=sys.stderr)
            return 1
        print(f"C++: {len(from_cpp)} events, every response identical to Python's, bit for bit.")

    print(f"\nReport: {folder / 'report.html'}   Output trees: {folder / f'{job}.root'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
