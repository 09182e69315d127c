"""Four classes, in the manner of TMVA's tutorial. Needs the files of events.py."""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
quick = len(sys.argv) > 1 and sys.argv[1] == "quick"
outputFile = ROOT.TFile.Open("TMVAMulticlass.root", "RECREATE")
factory = TMVA.Factory(
    "TMVAMulticlass", outputFile, "!V:!Silent:Color:!DrawProgressBar:Transformations=I:AnalysisType=multiclass"
)
loader = TMVA.DataLoader("dataset")
for name in ("var1", "var2", "var3", "var4"):
    loader.AddVariable(name, "F")
sources = {}
for name, tree in (("Signal", "TreeS"), ("bg0", "TreeB0"), ("bg1", "TreeB1"), ("bg2", "TreeB2")):
    sources[name] = ROOT.TFile.Open(f"multiclass_{tree}.root")
    loader.AddTree(sources[name].Get(tree), name)
loader.PrepareTrainingAndTestTree(ROOT.TCut(""), "SplitMode=Random:NormMode=NumEvents:!V")

factory.BookMethod(
    loader,
    TMVA.Types.kBDT,
    "BDTG",
    f"!H:!V:NTrees={30 if quick else 1000}:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost:BaggedSampleFraction=0.50"
    ":nCuts=20:MaxDepth=2",
)
factory.BookMethod(
    loader,
    TMVA.Types.kMLP,
    "MLP",
    f"!H:!V:NeuronType=tanh:NCycles={20 if quick else 1000}:HiddenLayers=N+5,5:TestRate=5:EstimatorType=MSE",
)
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()

graphs = factory.GetROCCurveAsMultiGraph(loader, 2)  # bg1 against the rest
canvas = ROOT.TCanvas("c", "bg1 against the rest", 700, 600)
graphs.Draw("AL")
graphs.GetXaxis().SetTitle("Efficiency of bg1")
canvas.BuildLegend(0.15, 0.15, 0.35, 0.3)
canvas.SaveAs("multiclass.png")
outputFile.Close()
print("==> TMVAMulticlass is done!")
