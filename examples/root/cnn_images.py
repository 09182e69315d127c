"""A convolutional network on images, in the manner of ROOT's tutorial. Needs the files of events.py."""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA, TFile, TString = ROOT.TMVA, ROOT.TFile, ROOT.TString
TMVA.Tools.Instance()
quick = "quick" in sys.argv
outputFile = TFile.Open("TMVA_CNN_ClassificationOutput.root", "RECREATE")
factory = TMVA.Factory(
    "TMVA_CNN_Classification",
    outputFile,
    V=False,
    ROC=True,
    Silent=False,
    Color=True,
    AnalysisType="Classification",
    Transformations=None,
    Correlations=False,
)
loader = TMVA.DataLoader("datasetcnn")
size = 8
for i in range(size * size):
    loader.AddVariable(f"p{i}")
files = TFile.Open("images_signal.root"), TFile.Open("images_background.root")
loader.AddSignalTree(files[0].Get("signal"), 1.0)
loader.AddBackgroundTree(files[1].Get("background"), 1.0)
loader.PrepareTrainingAndTestTree("", "", "SplitMode=Random:SplitSeed=100:NormMode=NumEvents:!V")
factory.BookMethod(loader, TMVA.Types.kBDT, "BDT", NTrees=40 if quick else 200, MaxDepth=2, BoostType="Grad")
factory.BookMethod(
    loader,
    TMVA.Types.kDL,
    "TMVA_CNN_CPU",
    H=False,
    V=True,
    ErrorStrategy="CROSSENTROPY",
    VarTransform=None,
    WeightInitialization="XAVIER",
    InputLayout=f"1|{size}|{size}",
    Layout=TString("CONV|6|3|3|1|1|1|1|RELU,CONV|6|3|3|1|1|1|1|RELU,MAXPOOL|2|2|2|2,RESHAPE|FLAT,DENSE|16|RELU,LINEAR"),
    TrainingStrategy=f"LearningRate=1e-3,BatchSize=50,MaxEpochs={4 if quick else 15},Optimizer=ADAM",
    Architecture="CPU",
)
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()
print("CNN:", round(factory.GetROCIntegral(loader, "TMVA_CNN_CPU"), 3))
factory.GetROCCurve(loader).SaveAs("cnn.png")
outputFile.Close()
