"""Classification with all methods, in the manner of TMVA's tutorial. Needs the files of events.py."""

import sys

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
ROOT.gROOT.SetBatch(True)

quick = len(sys.argv) > 1 and sys.argv[1] == "quick"
outputFile = ROOT.TFile.Open("TMVAC.root", "RECREATE")
factory = TMVA.Factory(
    "TMVAClassification",
    outputFile,
    "!V:!Silent:Color:!DrawProgressBar:Transformations=I;D;P;G,D:AnalysisType=Classification",
)
loader = TMVA.DataLoader("dataset")
loader.AddVariable("myvar1 := var1+var2", "F")
loader.AddVariable("myvar2 := var1-var2", "Expression 2", "", "F")
loader.AddVariable("var3", "Variable 3", "units", "F")
loader.AddVariable("var4", "Variable 4", "units", "F")
loader.AddSpectator("spec1 := var1*2", "Spectator 1", "units", "F")

signalFile, backgroundFile = ROOT.TFile.Open("class_TreeS.root"), ROOT.TFile.Open("class_TreeB.root")
signal, background = signalFile.Get("TreeS"), backgroundFile.Get("TreeB")
loader.AddSignalTree(signal, 1.0)
loader.AddBackgroundTree(background, 1.0)
loader.SetBackgroundWeightExpression("weight")
mycut = ROOT.TCut("abs(var1) < 10")
loader.PrepareTrainingAndTestTree(mycut, mycut, "SplitMode=Random:NormMode=NumEvents:!V")

trees = 40 if quick else 850
cycles = 20 if quick else 600
sample = 2000 if quick else 200000
bookings = [
    (TMVA.Types.kCuts, "Cuts", f"!H:!V:FitMethod=MC:EffSel:SampleSize={sample}:VarProp=FSmart"),
    (
        TMVA.Types.kLikelihood,
        "Likelihood",
        "H:!V:TransformOutput:PDFInterpol=Spline2:NSmoothSig[0]=20:NSmoothBkg[0]=20:NSmoothBkg[1]=10:NSmooth=1"
        ":NAvEvtPerBin=50",
    ),
    (
        TMVA.Types.kLikelihood,
        "LikelihoodD",
        "!H:!V:TransformOutput:PDFInterpol=Spline2:NSmooth=5:NAvEvtPerBin=50:VarTransform=Decorrelate",
    ),
    (
        TMVA.Types.kPDERS,
        "PDERS",
        "!H:!V:NormTree=T:VolumeRangeMode=Adaptive:KernelEstimator=Gauss:GaussSigma=0.3:NEventsMin=400:NEventsMax=600",
    ),
    (
        TMVA.Types.kKNN,
        "KNN",
        "H:nkNN=20:ScaleFrac=0.8:SigmaFact=1.0:Kernel=Gaus:UseKernel=F:UseWeight=T:!Trim",
    ),
    (TMVA.Types.kHMatrix, "HMatrix", "!H:!V:VarTransform=None"),
    (TMVA.Types.kFisher, "Fisher", "H:!V:Fisher:VarTransform=None"),
    (TMVA.Types.kLD, "LD", "H:!V:VarTransform=None"),
    (
        TMVA.Types.kFDA,
        "FDA_MC",
        "H:!V:Formula=(0)+(1)*x0+(2)*x1+(3)*x2+(4)*x3:ParRanges=(-1,1);(-10,10);(-10,10);(-10,10);(-10,10)"
        f":FitMethod=MC:SampleSize={sample}:Sigma=0.1",
    ),
    (
        TMVA.Types.kMLP,
        "MLP",
        f"H:!V:NeuronType=tanh:VarTransform=N:NCycles={cycles}:HiddenLayers=N+5:TestRate=5:!UseRegulator",
    ),
    (
        TMVA.Types.kDL,
        "DL",
        "!H:V:ErrorStrategy=CROSSENTROPY:VarTransform=N:WeightInitialization=XAVIERUNIFORM"
        ":Layout=TANH|32,TANH|32,LINEAR"
        f":TrainingStrategy=LearningRate=1e-2,Momentum=0.9,ConvergenceSteps=20,BatchSize=100,TestRepetitions=1"
        f",MaxEpochs={5 if quick else 20},WeightDecay=1e-4:Architecture=CPU",
    ),
    (TMVA.Types.kSVM, "SVM", "Gamma=0.25:Tol=0.001:VarTransform=Norm"),
    (
        TMVA.Types.kBDT,
        "BDTG",
        f"!H:!V:NTrees={trees}:MinNodeSize=2.5%:BoostType=Grad:Shrinkage=0.10:UseBaggedBoost"
        ":BaggedSampleFraction=0.5:nCuts=20:MaxDepth=2",
    ),
    (
        TMVA.Types.kBDT,
        "BDT",
        f"!H:!V:NTrees={trees}:MinNodeSize=2.5%:MaxDepth=3:BoostType=AdaBoost:AdaBoostBeta=0.5:UseBaggedBoost"
        ":BaggedSampleFraction=0.5:SeparationType=GiniIndex:nCuts=20",
    ),
    (
        TMVA.Types.kBDT,
        "BDTD",
        f"!H:!V:NTrees={trees // 2}:MinNodeSize=5%:MaxDepth=3:BoostType=AdaBoost:SeparationType=GiniIndex:nCuts=20"
        ":VarTransform=Decorrelate",
    ),
]
for kind, title, options in bookings:
    factory.BookMethod(loader, kind, title, options)

factory.TrainAllMethods()
factory.TestAllMethods()
factory.EvaluateAllMethods()

canvas = factory.GetROCCurve(loader)
canvas.Draw()
canvas.SaveAs("roc.png")
print("Fisher:", round(factory.GetROCIntegral(loader, "Fisher"), 3))
outputFile.Close()
print("==> TMVAClassification is done!")
if not ROOT.gROOT.IsBatch():
    TMVA.TMVAGui("TMVAC.root")
