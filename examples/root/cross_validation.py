"""Cross-validation and its application, in the manner of TMVA's tutorials. Needs the files of events.py."""

import sys
from array import array

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
quick = len(sys.argv) > 1 and sys.argv[1] == "quick"
outputFile = ROOT.TFile.Open("TMVACV.root", "RECREATE")
loader = TMVA.DataLoader("datasetcv")
for name in ("var1", "var2", "var3", "var4"):
    loader.AddVariable(name, "F")
loader.AddSpectator("eventID := eventID", "I")
signalFile, backgroundFile = ROOT.TFile.Open("class_TreeS.root"), ROOT.TFile.Open("class_TreeB.root")
loader.AddSignalTree(signalFile.Get("TreeS"), 1.0)
loader.AddBackgroundTree(backgroundFile.Get("TreeB"), 1.0)
loader.PrepareTrainingAndTestTree("", "nTest_Signal=1:nTest_Background=1:SplitMode=Random:NormMode=NumEvents:!V")

cv = TMVA.CrossValidation(
    "TMVACrossValidation",
    loader,
    outputFile,
    "!V:!Silent:ModelPersistence:AnalysisType=Classification:SplitType=Deterministic:NumFolds=2"
    ":SplitExpr=int(fabs([eventID]))%int([NumFolds])",
)
cv.BookMethod(
    TMVA.Types.kBDT,
    "BDTG",
    f"!H:!V:NTrees={30 if quick else 100}:MinNodeSize=2.5%:BoostType=Grad:NegWeightTreatment=Pray:Shrinkage=0.10"
    ":nCuts=20:MaxDepth=2",
)
cv.BookMethod(TMVA.Types.kFisher, "Fisher", "!H:!V:Fisher:VarTransform=None")
cv.Evaluate()
for result in cv.GetResults():
    result.Print()
    print(f"ROC integral {result.GetROCAverage():.4f} +- {result.GetROCStandardDeviation():.4f}")
canvas = cv.GetResults()[0].DrawAvgROCCurve(True, "Mean of the folds")
canvas.SaveAs("folds.png")
outputFile.Close()

# The Reader chooses the fold by the spectator.
reader = TMVA.Reader("!Color:!Silent")
values = [array("f", [0]) for _ in range(4)]
for name, value in zip(("var1", "var2", "var3", "var4"), values, strict=True):
    reader.AddVariable(name, value)
eventID = array("f", [0])
reader.AddSpectator("eventID := eventID", eventID)
reader.BookMVA("BDTG", "datasetcv/weights/TMVACrossValidation_BDTG.weights.xml")
tree = signalFile.Get("TreeS")
mean = 0.0
events = min(tree.GetEntries(), 500)
for i in range(events):
    tree.GetEntry(i)
    for value, name in zip(values, ("var1", "var2", "var3", "var4"), strict=True):
        value[0] = getattr(tree, name)
    eventID[0] = tree.eventID
    mean += reader.EvaluateMVA("BDTG") / events
print(f"mean response to signal: {mean:.4f}")
print("==> TMVACrossValidation is done!")
