"""Applies what classification.py trained, event by event, in the manner of TMVA's tutorial."""

from array import array

import diskern.ROOT as ROOT  # import ROOT

TMVA = ROOT.TMVA
TMVA.Tools.Instance()
reader = TMVA.Reader("!Color:!Silent")
var1, var2, var3, var4, spec1 = (array("f", [0]) for _ in range(5))
reader.AddVariable("myvar1 := var1+var2", var1)
reader.AddVariable("myvar2 := var1-var2", var2)
reader.AddVariable("var3", var3)
reader.AddVariable("var4", var4)
reader.AddSpectator("spec1 := var1*2", spec1)

methods = ["Cuts", "Likelihood", "KNN", "Fisher", "LD", "MLP", "SVM", "BDTG", "BDT"]
for method in methods:
    reader.BookMVA(method, f"dataset/weights/TMVAClassification_{method}.weights.xml")

ranges = {"Cuts": (0, 1), "Likelihood": (-1, 1), "KNN": (0, 1), "Fisher": (-4, 4), "LD": (-2, 2), "MLP": (-1.25, 1.5)}
histograms = {m: ROOT.TH1F(f"MVA_{m}", f"MVA_{m};response;events", 100, *ranges.get(m, (-1, 1))) for m in methods}

source = ROOT.TFile.Open("class_TreeS.root")
tree = source.Get("TreeS")
watch = ROOT.TStopwatch()
watch.Start()
passed = 0
events = min(tree.GetEntries(), 2000)
for number, event in enumerate(tree):
    if number >= events:
        break
    var1[0] = event.var1 + event.var2
    var2[0] = event.var1 - event.var2
    var3[0], var4[0] = event.var3, event.var4
    passed += reader.EvaluateMVA("Cuts", 0.7)
    for method in methods:
        histograms[method].Fill(reader.EvaluateMVA(method, 0.7) if method == "Cuts" else reader.EvaluateMVA(method))
watch.Stop()
print(f"Cuts keep {passed / events:.3f} of the signal at the working point 0.7")
watch.Print()

target = ROOT.TFile("TMVApp.root", "RECREATE")
for histogram in histograms.values():
    histogram.Write()
target.Close()

canvas = ROOT.TCanvas("c", "responses", 900, 400)
canvas.Divide(2, 1)
canvas.cd(1)
histograms["BDT"].SetLineColor(ROOT.kBlue)
histograms["BDT"].Draw("HIST")
canvas.cd(2)
histograms["Fisher"].Draw("HIST")
histograms["LD"].SetLineColor(ROOT.kRed)
histograms["LD"].Draw("HIST SAME")
canvas.SaveAs("application.png")
print("==> TMVAClassificationApplication is done!")
