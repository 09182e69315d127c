"""A classifier of its own for each region of the detector, in the manner of TMVA's tutorial. Needs events.py."""

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
outputFile = ROOT.TFile.Open("TMVACC.root", "RECREATE")
factory = TMVA.Factory("TMVAClassificationCategory", outputFile, "!V:!Silent:Color:!DrawProgressBar:Transformations=I")
loader = TMVA.DataLoader("datasetcategory")
for name in ("var1", "var2", "var3", "var4"):
    loader.AddVariable(name, "F")
loader.AddSpectator("eta")
files = ROOT.TFile.Open("class_TreeS.root"), ROOT.TFile.Open("class_TreeB.root")
loader.AddSignalTree(files[0].Get("TreeS"), 1.0)
loader.AddBackgroundTree(files[1].Get("TreeB"), 1.0)
loader.PrepareTrainingAndTestTree("", "SplitMode=Random:NormMode=NumEvents:!V")
factory.BookMethod(loader, TMVA.Types.kFisher, "Fisher", "!H:!V:Fisher")
fisherCategory = factory.BookMethod(loader, TMVA.Types.kCategory, "FisherCat", "")
fisherCategory.AddMethod(
    ROOT.TCut("abs(eta)<=1.3"), "var1:var2:var3:var4", TMVA.Types.kFisher, "Category_Fisher_1", "!H:!V:Fisher"
)
fisherCategory.AddMethod(
    ROOT.TCut("abs(eta)>1.3"), "var1:var2:var3", TMVA.Types.kFisher, "Category_Fisher_2", "!H:!V:Fisher"
)
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()
outputFile.Close()
print("==> TMVAClassificationCategory is done!")
