"""TMVA's classification tutorial as a Diskern script: the bookings are the tutorial's, only the import line differs.

    python examples/tmva_classification.py                              # generated events of the same kind
    python examples/tmva_classification.py tmva_class_example.root      # the tutorial's own events
    python examples/tmva_classification.py events.root Fisher,BDTG      # some of the methods

Trees are named as "file.root:tree"; a dict of arrays, a data frame or a tree of uproot would do as well. There is no
TFile: the Factory takes the name of its output file.
"""

from __future__ import annotations

import sys

from diskern import tmva as TMVA  # from ROOT import TMVA

BOOKINGS = {
    "Fisher": (TMVA.Types.kFisher, "H:!V:Fisher:VarTransform=None"),
    "FisherG": (TMVA.Types.kFisher, "!H:!V:VarTransform=Gauss"),
    "LD": (TMVA.Types.kLD, "!H:!V:VarTransform=None"),
    "MLP": (
        TMVA.Types.kMLP,
        "!H:!V:NeuronType=tanh:VarTransform=N:NCycles=600:HiddenLayers=N+5:TestRate=5:!UseRegulator",
    ),
    "BDTG": (
        TMVA.Types.kBDT,
        "!H:!V:NTrees=1000:MinNodeSize=2.5%:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost:BaggedSampleFraction=0.5"
        ":nCuts=20:MaxDepth=2",
    ),
    "BDT": (
        TMVA.Types.kBDT,
        "!H:!V:NTrees=850:MinNodeSize=2.5%:MaxDepth=3:BoostType=AdaBoost:AdaBoostBeta=0.5:UseBaggedBoost"
        ":BaggedSampleFraction=0.5:SeparationType=GiniIndex:nCuts=20",
    ),
    "BDTB": (TMVA.Types.kBDT, "!H:!V:NTrees=400:BoostType=Bagging:SeparationType=GiniIndex:nCuts=20"),
    "BDTD": (
        TMVA.Types.kBDT,
        "!H:!V:NTrees=400:MinNodeSize=5%:MaxDepth=3:BoostType=AdaBoost:SeparationType=GiniIndex:nCuts=20"
        ":VarTransform=Decorrelate",
    ),
}


def trees(path: str | None) -> tuple[object, object]:
    """Signal and background: of the tutorial's file, or generated."""
    if path is not None:
        return f"{path}:TreeS", f"{path}:TreeB"
    from diskern import datasets

    events = datasets.gaussians(12000, seed=100)
    return events.columns(1), events.columns(0)


def main(path: str | None = None, methods: str | None = None) -> TMVA.Factory:
    TMVA.Tools.Instance()
    factory = TMVA.Factory(
        "TMVAClassification",
        "TMVA.root",
        "!V:!Silent:Color:DrawProgressBar:Transformations=I;D;P;G,D:AnalysisType=Classification",
    )
    loader = TMVA.DataLoader("dataset")
    loader.AddVariable("myvar1 := var1+var2", "F")
    loader.AddVariable("myvar2 := var1-var2", "Expression 2", "", "F")
    loader.AddVariable("var3", "Variable 3", "units", "F")
    loader.AddVariable("var4", "Variable 4", "units", "F")
    loader.AddSpectator("spec1 := var1*2", "Spectator 1", "units", "F")
    loader.AddSpectator("spec2 := var1*3", "Spectator 2", "units", "F")

    signal, background = trees(path)
    loader.AddSignalTree(signal, 1.0)
    loader.AddBackgroundTree(background, 1.0)
    loader.SetBackgroundWeightExpression("weight")
    loader.PrepareTrainingAndTestTree(
        "", "", "nTrain_Signal=1000:nTrain_Background=1000:SplitMode=Random:NormMode=NumEvents:!V"
    )

    for title in methods.split(",") if methods else BOOKINGS:
        kind, options = BOOKINGS[title]
        factory.BookMethod(loader, kind, title, options)

    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    return factory


if __name__ == "__main__":
    main(*sys.argv[1:3])
