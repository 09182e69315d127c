"""diskern.ROOT: the objects of ROOT that TMVA scripts use, and the errors for all others."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest
import uproot

import diskern.ROOT as ROOT
from diskern import FormatError, InvalidArgument
from diskern.tmva import DataLoader
from tmva_events import class_loader


@pytest.fixture
def file(tmp_path: Path) -> Path:
    columns = {"x": np.linspace(-1, 1, 25), "n": np.arange(25), "w": np.full(25, 0.5, np.float32)}
    ROOT.RDF.FromNumpy(columns).Snapshot("events", str(tmp_path / "some.root"))
    return tmp_path / "some.root"


# -- what is not there -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reach", "message"),
    [
        (lambda: ROOT.TH2D, "histogram2d"),
        (lambda: ROOT.TCanva, "did you mean 'TCanvas'"),
        (lambda: ROOT.TMVA.ROCCalc, "GetROCCurve"),
        (lambda: ROOT.TMVA.Factori, "did you mean 'Factory'"),
        (lambda: ROOT.gROOT.ProcessLine(".L a.C"), "C\\+\\+ is not interpreted"),
        (lambda: ROOT.gROOT.LoadMacro("mine.C"), "mine.C"),
        (lambda: ROOT.gSystem.Exec("ls"), "subprocess"),
        (lambda: ROOT.gSystem.Load("libMine"), "libMine"),
        (lambda: ROOT.gSystem.Getpid(), "gSystem has no Getpid"),
        (lambda: ROOT.TTree("t", "t"), "Snapshot"),
        (lambda: ROOT.TGraph().Fit("pol1"), "TGraph has no Fit"),
        (lambda: ROOT.gRandom.Landau(), "scipy"),
        (lambda: ROOT.RDF.FromNumpy({"x": [1.0]}).Histo1D("x"), "AsNumpy"),
    ],
)
def test_errors_name_what_to_use(reach, message: str) -> None:
    with pytest.raises(ROOT.NotOffered, match=message):
        reach()
    assert issubclass(ROOT.NotOffered, AttributeError)
    assert not hasattr(ROOT, "TH3F")


def test_every_offered_name_is_there() -> None:
    for name in ROOT.__all__:
        assert getattr(ROOT, name) is not None or name == "kWhite"
    for name in ROOT.TMVA.__all__:
        assert getattr(ROOT.TMVA, name) is not None
    assert ROOT.TMVA.PyMethodBase.PyInitialize() is None


# -- files and trees ---------------------------------------------------------------------------------------------------


def test_trees(file: Path) -> None:
    opened = ROOT.TFile.Open(str(file))
    tree = opened.Get("events")
    assert (tree.GetEntries(), len(tree), tree.GetName()) == (25, 25, "events")
    assert tree.GetEntries(ROOT.TCut("x > 0")) == 12
    assert [branch.GetName() for branch in tree.GetListOfBranches()] == ["x", "n", "w"]
    assert opened.events.GetEntries() == opened["events"].GetEntries() == 25
    assert [event.n for event in tree] == list(range(25))
    x, n = array("d", [0]), np.zeros(1, np.int64)
    tree.SetBranchAddress("x", x)
    tree.SetBranchAddress("n", n)
    for i in (0, 24, 7):
        assert tree.GetEntry(i) == 1
        assert (x[0], n[0], tree.n) == (np.linspace(-1, 1, 25)[i], i, i)
        assert tree.GetLeaf("n").GetValue() == i
    assert tree.GetEntry(25) == 0
    assert (tree.GetMinimum("n"), tree.GetMaximum("n")) == (0, 24)
    with pytest.raises(InvalidArgument, match="did you mean 'x'"):
        tree.SetBranchAddress("X", x)
    with pytest.raises(ROOT.NotOffered, match="such a column"):
        _ = tree.nothing
    chain = ROOT.TChain("events")
    chain.Add(str(file))
    chain.Add(f"{file}/events")
    assert chain.GetEntries() == 50
    chain.GetEntry(30)
    assert chain.n == 5
    loader = DataLoader("d")
    loader.AddVariable("x")
    loader.AddTree(chain, "a")
    loader.AddTree(tree, "b", 1.0, ROOT.TCut("n >= 6"))
    loader.PrepareTrainingAndTestTree(ROOT.TCut("n < 20"), "!V")
    data = loader.prepare(verbose=False)
    assert len(data.training) + len(data.test) == 40 + 14


def test_files(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Failed to open"):
        ROOT.TFile.Open(str(tmp_path / "none.root"))
    (tmp_path / "bad.root").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        ROOT.TFile(str(tmp_path / "bad.root"))
    opened = ROOT.TFile(str(file))
    with pytest.raises(InvalidArgument, match="did you mean 'events'"):
        opened.Get("event")
    with pytest.raises(FileExistsError):
        ROOT.TFile(str(file), "CREATE")
    with pytest.raises(InvalidArgument, match="RECREATE"):
        ROOT.TFile(str(file), "WRITE")
    target = ROOT.TFile(str(tmp_path / "new.root"), "RECREATE")
    histogram = ROOT.TH1F("h", "title;x;y", 4, 0, 2)
    for value in (0.1, 0.6, 0.7, 2.5, -1):
        histogram.Fill(value)
    histogram.Write()
    assert not (tmp_path / "new.root").exists()  # complete or not at all
    target.Close()
    target.Close()
    with uproot.open(tmp_path / "new.root") as stored:
        np.testing.assert_array_equal(stored["h"].values(), [1, 2, 0, 0])
    with pytest.raises(InvalidArgument, match="no TFile is open"):
        histogram.Write()
    update = ROOT.TFile(str(tmp_path / "new.root"), "UPDATE")
    histogram.SetName("again")
    histogram.Write()
    update.Close()
    read = ROOT.TFile(str(tmp_path / "new.root"))
    assert read.Get("again").GetBinContent(2) == read.h.GetBinContent(2) == 2
    assert [key.GetName() for key in read.GetListOfKeys()] == ["h", "again"]
    with pytest.raises(RuntimeError), ROOT.TFile(str(tmp_path / "broken.root"), "RECREATE"):
        raise RuntimeError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.root", "new.root", "some.root"]


def test_frames(file: Path, tmp_path: Path) -> None:
    frame = ROOT.RDataFrame("events", str(file))
    selected = frame.Define("twice", "2*x").Filter("n >= 10").Filter(ROOT.TCut("x < 0.5"))
    assert selected.Count().GetValue() == 8
    np.testing.assert_array_equal(selected.AsNumpy(["twice"])["twice"], 2 * np.linspace(-1, 1, 25)[10:18])
    assert selected.Mean("n").GetValue() == 13.5
    assert frame.Range(5).Sum("n") == 10
    assert frame.Define("s", lambda x, n: x + n, ["x", "n"]).AsNumpy()["s"][3] == pytest.approx(2.25)
    again = selected.Snapshot("few", str(tmp_path / "few.root"))
    assert again.GetColumnNames() == ["x", "n", "w", "twice"]
    assert again.AsNumpy(["n"])["n"].dtype == np.int64
    with pytest.raises(InvalidArgument, match="Redefine"):
        frame.Define("x", "n")
    with pytest.raises(InvalidArgument, match="did you mean 'twice'"):
        selected.AsNumpy(["twise"])
    reader = ROOT.TMVA.Experimental
    assert reader.RStandardScaler is not None


# -- text, numbers, system ---------------------------------------------------------------------------------------------


def test_cuts_and_text() -> None:
    cut = ROOT.TCut("a > 1") + "b < 2"
    assert cut.GetTitle() == "(a > 1)&&(b < 2)"
    assert str(cut * ROOT.TCut("w")) == "((a > 1)&&(b < 2))*(w)"
    assert str(ROOT.TCut("") & "b") == "b"
    assert str("a" | ROOT.TCut("b")) == "(a)||(b)"
    assert str(~ROOT.TCut("a")) == "!(a)"
    assert ROOT.TCut("name", "a") == "a"
    assert not ROOT.TCut("")
    text = ROOT.TString("Layout=")
    text += "DENSE|8"
    assert isinstance(text, ROOT.TString)
    assert (text, text.Data(), text.Length(), text.Contains("DENSE")) == ("Layout=DENSE|8", "Layout=DENSE|8", 14, True)
    assert ROOT.TString.Format("%d-%s", 3, "x") == "3-x"
    vector = ROOT.std.vector("float")(3)
    vector.push_back(2.5)
    assert (vector.size(), list(vector)) == (4, [0.0, 0.0, 0.0, 2.5])
    assert ROOT.std.vector["int"]([1.7]) == [1]


def test_random_numbers_of_root() -> None:
    # TRandom3 is MT19937 with init_genrand; the reference implementation's first word for the seed 5489 is 3499211612.
    generator = ROOT.TRandom3(5489)
    assert generator.Rndm() == 3499211612 * 2.0**-32
    assert ROOT.TRandom3(1).Rndm() == 1791095845 * 2.0**-32
    generator.SetSeed(5489)
    assert generator.Integer(10) == int(10 * 3499211612 * 2.0**-32)
    assert 2 <= generator.Uniform(2, 3) <= 3
    values = [generator.Gaus(1, 2) for _ in range(4000)]
    assert np.mean(values) == pytest.approx(1, abs=0.15)
    assert np.std(values) == pytest.approx(2, rel=0.05)
    assert ROOT.TRandom3(0).Rndm() != ROOT.TRandom3(0).Rndm()


def test_system(tmp_path: Path, capsys) -> None:
    assert ROOT.gSystem.AccessPathName(str(tmp_path / "none"))
    assert not ROOT.gSystem.AccessPathName(str(tmp_path))
    assert ROOT.gSystem.mkdir(str(tmp_path / "a")) == 0
    assert ROOT.gSystem.mkdir(str(tmp_path / "a")) == -1
    assert ROOT.gSystem.Load("libTMVA") == 0
    ROOT.gROOT.Macro("$ROOTSYS/tmva/test/TMVAlogon.C")
    assert "not needed" in capsys.readouterr().out
    ROOT.gStyle.SetOptStat(0)
    ROOT.EnableImplicitMT(2)
    assert ROOT.GetThreadPoolSize() == 2
    assert ROOT.TMVA.Factory("j", "Silent").threads == 2
    ROOT.DisableImplicitMT()
    assert not ROOT.IsImplicitMTEnabled()
    ROOT.EnableImplicitMT()
    watch = ROOT.TStopwatch()
    assert 0 <= watch.RealTime() < 5


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_graphs() -> None:
    graph = ROOT.TGraph(3, array("d", [0, 1, 2]), array("d", [0, 2, 1]))
    assert (graph.GetN(), graph.GetY()[1], graph.Eval(0.5)) == (3, 2.0, 1.0)
    graph.SetPoint(4, 9, 9)
    assert graph.GetN() == 5
    square = ROOT.TGraph([0, 1, 1, 0], [0, 0, 2, 2])
    assert square.Integral() == 2.0
    for wrong in ((3, [1.0], [1.0]), ([1.0],), ([1.0, 2.0], [1.0])):
        with pytest.raises(InvalidArgument):
            ROOT.TGraph(*wrong)


def test_canvas(tmp_path: Path) -> None:
    canvas = ROOT.TCanvas("c", "title", 400, 300)
    canvas.Divide(2, 1)
    canvas.cd(1)
    graphs = ROOT.TMultiGraph("m", "both;x axis;y axis")
    for number, colour in ((1, ROOT.kRed), (2, ROOT.kBlue + 2)):
        graph = ROOT.TGraph([0, 1], [0, number])
        graph.SetTitle(f"line {number}")
        graph.SetLineColor(colour)
        graphs.Add(graph)
    graphs.Draw("AL")
    legend = ROOT.TLegend(0.1, 0.7, 0.4, 0.9)
    legend.AddEntry("line 1", "the first", "l")
    legend.Draw()
    canvas.cd(2)
    histogram = ROOT.TH1D("h", "h;;events", 3, array("d", [0, 1, 2, 4]))
    histogram.FillN(3, [0.5, 1.5, 3.0], [1.0, 2.0, 3.0])
    histogram.Draw("HIST")
    other = ROOT.TH1D("g", "g", 3, 0, 4)
    other.Fill(1.0)
    other.Draw("E SAME")
    ROOT.gPad.SetLogy()
    figure = canvas.figure()
    left, right = figure.axes
    assert [line.get_label() for line in left.get_lines()] == ["line 1", "line 2"]
    assert (left.get_xlabel(), left.get_legend().get_texts()[0].get_text()) == ("x axis", "the first")
    assert right.get_yscale() == "log"
    assert right.get_ylabel() == "events"
    canvas.SaveAs(str(tmp_path / "c.pdf"))
    canvas.Print(str(tmp_path / "c.png"))
    assert (tmp_path / "c.pdf").stat().st_size > 1000
    with pytest.raises(InvalidArgument, match=r"\.png"):
        canvas.SaveAs(str(tmp_path / "c.C"))
    with pytest.raises(InvalidArgument, match="pads 1 to 2"):
        canvas.cd(3)
    histogram.Draw()  # without SAME the pad begins anew
    assert len(canvas.figure().axes[1].patches) == 1
    assert (histogram.GetMean(), histogram.Integral(), histogram.GetBinError(3)) == (12.5 / 6, 6.0, 3.0)
    assert "<svg" in canvas._repr_svg_()


def test_roc_curves_of_a_factory(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 200, "!V")
    output = ROOT.TFile(str(tmp_path / "out.root"), "RECREATE")
    factory = ROOT.TMVA.Factory("job", output, Silent=True, Transformations=["I", "D"])
    factory.BookMethod(loader, ROOT.TMVA.Types.kFisher, "Fisher", "")
    factory.BookMethod(loader, ROOT.TMVA.Types.kLD, "LD", VarTransform=None)
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    output.Close()
    curve = factory.GetROC(loader, "Fisher")
    graph = factory.GetROCCurve(loader, "Fisher", True)
    x, y = np.array(graph.GetX()), np.array(graph.GetY())
    area = np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2
    assert area == pytest.approx(curve.integral, abs=1e-3)
    assert factory.GetROCIntegral(loader, "Fisher") == curve.integral
    assert len(factory.GetROCCurve(loader).figure().axes[0].get_lines()) == 2
    assert factory.GetROCCurveAsMultiGraph(loader).GetListOfGraphs()[1].GetTitle() == "LD"
    importance = factory.EvaluateImportance(loader, ROOT.TMVA.VIType.kShort, "Fisher", "F")
    assert importance.GetXaxis().GetBinLabel(1) == "x"
    assert importance.Integral() == pytest.approx(100.0)
    report = ROOT.TMVA.TMVAGui(str(tmp_path / "out.root"))
    assert "Fisher" in report.read_text()


def test_reader_says_which_file_it_takes(tmp_path: Path, capsys) -> None:
    loader = class_loader(tmp_path / "dataset", 200, "!V")
    factory = ROOT.TMVA.Factory("job", "Silent")
    factory.BookMethod(loader, "KMeans", "KMeans", "")
    factory.TrainAllMethods()
    reader = ROOT.TMVA.Reader("Silent")
    reader.BookMVA("KMeans", str(tmp_path / "dataset" / "weights" / "job_KMeans.weights.xml"))
    assert "job_KMeans.diskern is taken" in capsys.readouterr().out
    assert 0 <= reader.EvaluateMVA(ROOT.std.vector("float")([0.1, 0.2, 0.3]), "KMeans") <= 1
