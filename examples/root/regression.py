"""Regression, in the manner of TMVA's tutorial. Needs the files of events.py."""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
quick = len(sys.argv) > 1 and sys.argv[1] == "quick"
outputFile = ROOT.TFile("TMVAReg.root", "RECREATE")
factory = TMVA.Factory("TMVARegression", outputFile, "!V:!Silent:Color:!DrawProgressBar:AnalysisType=Regression")
loader = TMVA.DataLoader("datasetreg")
loader.AddVariable("var1", "Variable 1", "units", "F")
loader.AddVariable("var2", "Variable 2", "units", "F")
loader.AddSpectator("spec1:=var1*2", "Spectator 1", "units", "F")
loader.AddTarget("fvalue")

source = ROOT.TFile.Open("regression.root")
loader.AddRegressionTree(source.Get("TreeR"), 1.0)
loader.SetWeightExpression("var1 + 0.1", "Regression")
loader.PrepareTrainingAndTestTree(
    "", f"nTrain_Regression={300 if quick else 1000}:nTest_Regression=0:SplitMode=Random:NormMode=NumEvents:!V"
)

factory.BookMethod(loader, TMVA.Types.kKNN, "KNN", "nkNN=20:ScaleFrac=0.8:SigmaFact=1.0:Kernel=Gaus:UseKernel=F:!Trim")
factory.BookMethod(loader, TMVA.Types.kLD, "LD", "!H:!V:VarTransform=None")
factory.BookMethod(
    loader,
    TMVA.Types.kMLP,
    "MLP",
    "!H:!V:VarTransform=Norm:NeuronType=tanh:HiddenLayers=N+20:TestRate=6:TrainingMethod=BFGS:Sampling=0.3"
    f":SamplingEpoch=0.8:ConvergenceImprove=1e-6:ConvergenceTests=15:NCycles={30 if quick else 2000}",
)
factory.BookMethod(
    loader,
    "BDT",
    "BDTG",
    f"!H:!V:NTrees={100 if quick else 2000}:BoostType=Grad:Shrinkage=0.1:UseBaggedBoost:BaggedSampleFraction=0.5"
    ":nCuts=20:MaxDepth=4",
)
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()
outputFile.Close()
print("==> TMVARegression is done!")
