"""A recurrent network on time series, in the manner of ROOT's tutorial. Needs the files of events.py."""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA, TFile = ROOT.TMVA, ROOT.TFile
TMVA.Tools.Instance()
ROOT.EnableImplicitMT(2)
quick = "quick" in sys.argv
steps, features = 10, 3
outputFile = TFile.Open("data_RNN_CPU.root", "RECREATE")
factory = TMVA.Factory(
    "TMVAClassification",
    outputFile,
    V=False,
    Silent=False,
    Color=True,
    DrawProgressBar=False,
    Transformations=None,
    Correlations=False,
    AnalysisType="Classification",
    ModelPersistence=True,
)
loader = TMVA.DataLoader("datasetrnn")
for i in range(steps * features):
    loader.AddVariable(f"v{i}")
chain = ROOT.TChain("signal")
chain.Add("series_signal.root")
background = TFile.Open("series_background.root")
loader.AddSignalTree(chain, 1.0)
loader.AddBackgroundTree(background.Get("background"), 1.0)
loader.PrepareTrainingAndTestTree("", "SplitMode=Random:SplitSeed=100:NormMode=NumEvents:!V")
for kind in ("RNN", "LSTM"):
    factory.BookMethod(
        loader,
        TMVA.Types.kDL,
        f"TMVA_{kind}",
        H=False,
        V=False,
        ErrorStrategy="CROSSENTROPY",
        VarTransform=None,
        WeightInitialization="XAVIERUNIFORM",
        ValidationSize=0.2,
        RandomSeed=1234,
        InputLayout=f"{steps}|{features}",
        Layout=f"{kind}|8|{features}|{steps}|0|1,RESHAPE|FLAT,DENSE|16|TANH,LINEAR",
        TrainingStrategy=f"LearningRate=5e-3,BatchSize=50,MaxEpochs={4 if quick else 20},Optimizer=ADAM",
        Architecture="CPU",
    )
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()
print("LSTM:", round(factory.GetROCIntegral(loader, "TMVA_LSTM"), 3))
outputFile.Close()
