"""Models as C++ headers: compiled by themselves they give the responses of the core."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, _core
from diskern.tmva import DataLoader, Factory
from tmva_events import class_loader, multiclass_loader, regression_loader

compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(compiler is None, reason="no C++ compiler is installed")

RUN = """
  if (std::string(arguments[1]) == "{name}") {{
    float x[{name}::n_inputs];
    double y[{name}::n_outputs];
    while (std::fread(x, sizeof(float), {name}::n_inputs, stdin) == static_cast<std::size_t>({name}::n_inputs)) {{
      {name}::evaluate(x, y);
      std::fwrite(y, sizeof(double), {name}::n_outputs, stdout);
    }}
  }}
"""
# title -> (method, options, tolerance relative to the range of responses)
BOOKINGS = {
    "fisher": ("Fisher", "", 1e-14),
    "fisher_g": ("Fisher", "VarTransform=G,D", 1e-6),  # float32 after the inverse error function
    "ld": ("LD", "VarTransform=P", 1e-14),
    "hmatrix": ("HMatrix", "VarTransform=D", 1e-13),
    "likelihood": ("Likelihood", "NAvEvtPerBin=20:NSmooth=1:TransformOutput", 1e-12),
    "likelihood_u": ("Likelihood", "NAvEvtPerBin=20:PDFInterpol=Spline0:VarTransform=U", 1e-12),
    "likelihood_d": ("Likelihood", "NAvEvtPerBin=20:PDFInterpol=KDE:VarTransform=D", 1e-12),
    "cuts": ("Cuts", "FitMethod=MC:SampleSize=500", 1e-15),
    "svm": ("SVM", "Gamma=0.5:VarTransform=N", 1e-5),  # float32 in the core
    "svm_polynomial": ("SVM", "Kernel=Polynomial:Order=2:VarTransform=N", 1e-4),
    "svm_product": (
        "SVM",
        "Kernel=Prod:KernelList=RBF*MultiGauss:Gamma=0.3:GammaList=0.1,0.2,0.3:VarTransform=N",
        1e-5,
    ),
    "svm_sum": ("SVM", "Kernel=Sum:KernelList=RBF+Polynomial:Gamma=0.3:Order=1:VarTransform=N", 1e-4),
    "bdt": ("BDT", "NTrees=20:MaxDepth=3", 1e-14),
    "bdtg": ("BDT", "NTrees=20:BoostType=Grad:VarTransform=N", 1e-14),
    "bdtf": ("BDT", "NTrees=10:UseFisherCuts:MinLinCorrForFisher=0.01", 1e-14),
    "trees": ("GradientBoostedTrees", "NTrees=20", 1e-14),
    "mlp": ("MLP", "NCycles=5:VarTransform=N", 1e-12),
    "logistic": ("LogisticRegression", "VarTransform=N", 1e-13),
    "rules": ("RuleFit", "fEventsMin=0.05:fEventsMax=0.3", 1e-13),
    "rules_only": ("RuleFit", "Model=ModRule:fEventsMin=0.05:fEventsMax=0.3", 1e-13),
    "linear_terms": ("RuleFit", "Model=ModLinear", 1e-13),
}


def compiled(folder: Path, models: dict[str, diskern.Model], events: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Responses of the headers, compiled into one program."""
    for name, model in models.items():
        model.save_header(folder / f"{name}.hpp", name)
    includes = "".join(f'#include "{name}.hpp"\n' for name in models)
    body = "".join(RUN.format(name=name) for name in models)
    source = f"{includes}#include <cstdio>\n#include <string>\nint main(int, char** arguments) {{\n{body}}}\n"
    (folder / "main.cpp").write_text(source)
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-O1", "-ffp-contract=off"]
    subprocess.run([compiler, *flags, "main.cpp", "-o", "main"], cwd=folder, check=True)
    found = {}
    for name in models:
        done = subprocess.run([folder / "main", name], input=events[name].tobytes(), capture_output=True, check=True)
        found[name] = np.frombuffer(done.stdout).reshape(len(events[name]), -1)
    return found


def with_edges(X: np.ndarray) -> np.ndarray:
    """Some events, some far outside of the training sample."""
    far = np.float32([[50, -50, 9], [-50, 50, -9], [0, 0, 0]])
    return np.ascontiguousarray(np.vstack([X[:150], far]).astype(np.float32))


@needs_compiler
def test_classifiers(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 400, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    for title, (method, options, _) in BOOKINGS.items():
        factory.BookMethod(loader, method, title, options)
    factory.TrainAllMethods()
    models = {title: diskern.Model(factory.GetMethod(title).model) for title in BOOKINGS}
    models["cuts_at"] = models["cuts"].at_signal_efficiency(0.7)
    X = with_edges(loader.dataset.test.variables)
    found = compiled(tmp_path, models, dict.fromkeys(models, X))
    for title, model in models.items():
        expected = model.evaluate(X)
        tolerance = BOOKINGS.get(title, ("", "", 0.0))[2]
        worst = np.abs(found[title] - expected).max() / max(np.ptp(expected), 1e-300)
        assert worst <= tolerance, (title, worst)
    missing = X.copy()
    missing[:, 1] = np.nan
    again = compiled(tmp_path, {k: models[k] for k in ("trees", "likelihood", "cuts")}, dict.fromkeys(models, missing))
    for title, responses in again.items():
        np.testing.assert_allclose(responses, models[title].evaluate(missing), rtol=1e-13)


@needs_compiler
def test_several_classes_and_regression(tmp_path: Path) -> None:
    models, events = {}, {}
    loader = multiclass_loader(tmp_path / "m", 100)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "BDT", "bdtg", "BoostType=Grad:NTrees=10")
    factory.BookMethod(loader, "MLP", "mlp", "NCycles=3:VarTransform=D")
    factory.BookMethod(loader, "LogisticRegression", "softmax", "L2=0.001")
    factory.TrainAllMethods()
    for title in ("bdtg", "mlp", "softmax"):
        models[title] = diskern.Model(factory.GetMethod(title).model)
        events[title] = with_edges(loader.dataset.training.variables)
    loader = regression_loader(tmp_path / "r", 200)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "LD", "ld", "")
    factory.BookMethod(loader, "MLP", "mlp_r", "NCycles=20:VarTransform=Norm")
    factory.BookMethod(loader, "BDT", "bdt_r", "BoostType=Grad:NTrees=10")
    factory.TrainAllMethods()
    for title in ("ld", "mlp_r", "bdt_r"):
        models[title] = diskern.Model(factory.GetMethod(title).model)
        events[title] = with_edges(loader.dataset.training.variables)
    for title, responses in compiled(tmp_path, models, events).items():
        expected = models[title].evaluate(events[title])
        assert responses.shape == expected.shape
        assert np.abs(responses - expected).max() <= 1e-6 * np.ptp(expected), title  # estimates pass float32


@needs_compiler
def test_rules_of_tmva(tmp_path: Path, data_directory: Path) -> None:
    path = data_directory / "tmva_testtree" / "mjongerh_pt16"
    files = list(path.rglob("*RuleFit*.xml*")) if path.is_dir() else []
    if not files:
        pytest.skip("no weight file of RuleFit among the data sets")
    model = diskern.load(files[0])
    low, high = (np.array([v[k] for v in model.info["variables"]]) for k in ("minimum", "maximum"))
    X = np.random.default_rng(1).uniform(low, high, (200, len(low))).astype(np.float32)
    found = compiled(tmp_path, {"rules": model}, {"rules": X})["rules"]
    np.testing.assert_allclose(found, model.evaluate(X), rtol=1e-12, atol=1e-14)


@needs_compiler
def test_preselection_and_quotes(tmp_path: Path) -> None:
    loader = DataLoader(str(tmp_path / "d"))
    generator = np.random.default_rng(4)
    loader.AddVariable('q"\\ := a + b')
    loader.AddVariable("b")
    for name, shift in (("Signal", 2.0), ("Background", -2.0)):
        columns = {"a": generator.normal(shift, 1, 300), "b": generator.normal(0, 1, 300)}
        loader.AddTree(columns, name)
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "BDT", "B", "NTrees=5:DoPreselection")
    factory.TrainAllMethods()
    model = diskern.Model(factory.GetMethod("B").model)
    assert model.predictor.preselection
    X = np.ascontiguousarray(loader.dataset.test.variables)
    np.testing.assert_allclose(compiled(tmp_path, {"b": model}, {"b": X})["b"], model.evaluate(X), rtol=1e-14)
    assert '"q\\"\\\\"' in model.to_header("b")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 100, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "DBSCAN", "DBSCAN")
    factory.BookMethod(loader, "Fisher", "Fisher")
    factory.TrainAllMethods()
    with pytest.raises(InvalidArgument, match="kind 'cluster_fraction'"):
        diskern.Model(factory.GetMethod("DBSCAN").model).to_header()
    model = diskern.Model(factory.GetMethod("Fisher").model)
    assert "namespace model {" in model.to_header()
    for name in ("1a", "a b", "class", "a::b", ""):
        if name:
            with pytest.raises(InvalidArgument, match="identifier"):
                model.to_header(name)
    with pytest.raises(FileNotFoundError):
        model.save_header(tmp_path / "none" / "a.hpp")
    assert _core.Model is not None
