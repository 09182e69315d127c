"""Classification with the keyword arguments of newer ROOT, in the manner of its Higgs tutorial.

    python higgs.py [Higgs_data.root] [quick]

Without the tutorial's file the events of events.py are taken.
"""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA, TFile, TCut, TString = ROOT.TMVA, ROOT.TFile, ROOT.TCut, ROOT.TString
TMVA.Tools.Instance()
quick = "quick" in sys.argv
given = [a for a in sys.argv[1:] if a.endswith(".root")]

outputFile = TFile.Open("Higgs_ClassificationOutput.root", "RECREATE")
factory = TMVA.Factory(
    "TMVA_Higgs_Classification", outputFile, V=False, ROC=True, Silent=False, Color=True, AnalysisType="Classification"
)
loader = TMVA.DataLoader("datasethiggs")
if given and not ROOT.gSystem.AccessPathName(given[0]):
    inputFile = TFile.Open(given[0])
    signalTree, backgroundTree = inputFile.Get("sig_tree"), inputFile.Get("bkg_tree")
    names = ["m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"]
else:
    files = TFile.Open("class_TreeS.root"), TFile.Open("class_TreeB.root")
    signalTree, backgroundTree = files[0].Get("TreeS"), files[1].Get("TreeB")
    names = ["var1", "var2", "var3", "var4"]
for name in names:
    loader.AddVariable(name)
loader.AddSignalTree(signalTree, 1.0)
loader.AddBackgroundTree(backgroundTree, 1.0)
n = 300 if quick else 2500
loader.PrepareTrainingAndTestTree(
    TCut(""), TCut(""), nTrain_Signal=n, nTrain_Background=n, SplitMode="Random", NormMode="NumEvents", V=False
)
factory.BookMethod(
    loader,
    TMVA.Types.kLikelihood,
    "Likelihood",
    H=True,
    V=False,
    TransformOutput=True,
    PDFInterpol="Spline2",
    NSmooth=1,
    NAvEvtPerBin=50,
)
factory.BookMethod(loader, TMVA.Types.kFisher, "Fisher", H=True, V=False, VarTransform=None)
factory.BookMethod(
    loader,
    TMVA.Types.kBDT,
    "BDT",
    V=False,
    NTrees=50 if quick else 200,
    MinNodeSize="2.5%",
    MaxDepth=2,
    BoostType="AdaBoost",
    AdaBoostBeta=0.5,
    UseBaggedBoost=True,
    BaggedSampleFraction=0.5,
    SeparationType="GiniIndex",
    nCuts=20,
)
layout = TString("DENSE|32|TANH,DENSE|32|TANH,DENSE|1|LINEAR")
training = TString("LearningRate=1e-3,Momentum=0.9,ConvergenceSteps=10,BatchSize=128,TestRepetitions=1")
training += ",MaxEpochs=3,WeightDecay=1e-4,Regularization=None,Optimizer=ADAM"
factory.BookMethod(
    loader,
    TMVA.Types.kDL,
    "DNN_CPU",
    H=False,
    V=True,
    ErrorStrategy="CROSSENTROPY",
    VarTransform="G",
    WeightInitialization="XAVIER",
    InputLayout=f"1|1|{len(names)}",
    BatchLayout=f"1|128|{len(names)}",
    Layout=layout,
    TrainingStrategy=training,
    Architecture="CPU",
)
factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()
c1 = factory.GetROCCurve(loader)
c1.Draw()
c1.SaveAs("higgs.png")
outputFile.Close()
print("==> TMVA_Higgs_Classification is done!")
