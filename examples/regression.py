"""Regression with event weights: the energy of an air shower from what the detector measures.

A toy: the energy follows a steep spectrum; the detector sees the light at the ground, attenuated by the slant depth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from diskern import tmva as TMVA


def showers(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Energy in EeV, zenith angle in rad, and measured quantities of n showers."""
    random = np.random.Generator(np.random.Philox(seed))
    energy = (1.0 - random.uniform(size=n)) ** (-1 / 1.7)  # dN/dE ~ E^-2.7 above 1 EeV
    energy = np.minimum(energy, 100.0)
    zenith = np.arccos(np.sqrt(random.uniform(0.25, 1.0, n)))
    depth = 870.0 / np.cos(zenith)  # g/cm2
    maximum = 750.0 + 55.0 * np.log10(energy) + random.normal(0, 30, n)
    signal = 40.0 * energy**1.02 * np.exp(-(depth - maximum) / 600.0) * random.lognormal(0, 0.12, n)
    stations = random.poisson(3.0 + 6.0 * np.log10(signal + 1.0))
    return {
        "lg_energy": np.log10(energy),
        "zenith": zenith,
        "signal": signal,
        "stations": stations,
        "rise_time": 300.0 * np.cos(zenith) + random.normal(0, 25, n) + 0.1 * (depth - maximum),
        "flat": energy**0.7,  # weight that takes the steepness out of the spectrum
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("regression-output"))
    parser.add_argument("--events", type=int, default=20000)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    loader = TMVA.DataLoader(str(arguments.output / "dataset"))
    loader.AddVariable("lg_signal := log10(signal)", "lg(signal)", "VEM", "F")
    loader.AddVariable("1/cos(zenith)", "secant of the zenith angle", "", "F")
    loader.AddVariable("stations", "stations", "", "I")
    loader.AddVariable("rise_time", "rise time", "ns", "F")
    loader.AddTarget("lg_energy", "lg(E/EeV)")
    loader.AddRegressionTree(showers(arguments.events))
    loader.SetWeightExpression("flat")
    loader.PrepareTrainingAndTestTree("stations >= 4", "SplitMode=Random:NormMode=NumEvents")

    factory = TMVA.Factory("energy", str(arguments.output / "energy.root"), "AnalysisType=Regression")
    factory.BookMethod(loader, "LD", "LD")
    factory.BookMethod(
        loader,
        "BDT",
        "BDTG",
        "NTrees=300:BoostType=Grad:Shrinkage=0.1:MaxDepth=4:nCuts=30:UseBaggedBoost:BaggedSampleFraction=0.5",
    )
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    factory.Report(str(arguments.output / "report.html"))

    reader = TMVA.Reader()
    for variable in ("lg_signal := log10(signal)", "1/cos(zenith)", "stations", "rise_time"):
        reader.AddVariable(variable)
    reader.BookMVA("BDTG", factory.model_path("BDTG"))
    fresh = showers(5, seed=2)
    estimate = np.asarray(reader.EvaluateRegression(fresh, "BDTG")).ravel()
    for truth, value in zip(fresh["lg_energy"], estimate, strict=True):
        print(f"lg(E/EeV): true {truth:.2f}, estimated {value:.2f}")


if __name__ == "__main__":
    main()
