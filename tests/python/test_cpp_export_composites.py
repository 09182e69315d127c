"""Models made of models, formulas and stored events as C++ headers: compiled, they give the responses of the core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, _core
from diskern._cpp.expression import expression_code
from diskern.tmva import Factory
from test_cpp_export import compiled, compiler, needs_compiler, subprocess, with_edges
from tmva_events import class_loader, multiclass_loader, regression_loader

# title -> (method, options, tolerance relative to the range of responses)
BOOKINGS = {
    "knn": ("KNN", "nkNN=15", 1e-13),
    "knn_gauss": ("KNN", "nkNN=15:UseKernel:Kernel=Gaus", 1e-13),
    "knn_polynomial": ("KNN", "nkNN=15:UseKernel:Kernel=Poln:ScaleFrac=0", 1e-13),
    "fda": ("FDA", "Formula=(0)+(1)*x0+(2)*x1^2+(3)*tanh(x2):ParRanges=(-1,1);(-5,5);(-5,5);(-5,5):FitMethod=MC:"
            "SampleSize=200", 1e-14),
    "foam": ("PDEFoam", "nSampl=100:Nmin=20:nActiveCells=60", 1e-15),
    "foam_separate": ("PDEFoam", "SigBgSeparate:nSampl=100:Nmin=20:nActiveCells=60", 1e-14),
    "foam_neighbours": ("PDEFoam", "Kernel=LinNeighbors:nSampl=100:Nmin=20:nActiveCells=60", 1e-13),
    "foam_gauss": ("PDEFoam", "Kernel=Gauss:nSampl=100:Nmin=20:nActiveCells=60:UseYesNoCell", 1e-13),
    "pders": ("PDERS", "NEventsMin=20:NEventsMax=40", 1e-9),
    # The library takes exponents of wide Gaussians in float32 (range_search.cpp), the header in double.
    "pders_gauss": ("PDERS", "NEventsMin=30:NEventsMax=60:KernelEstimator=Gauss:GaussSigma=0.3", 1e-6),
    "pders_knn": ("PDERS", "VolumeRangeMode=kNN:NEventsMin=10:NEventsMax=60:KernelEstimator=Trim", 1e-9),
    "pders_range": ("PDERS", "VolumeRangeMode=MinMax:DeltaFrac=0.5:KernelEstimator=Teepee", 1e-12),
    "pders_rms": ("PDERS", "VolumeRangeMode=RMS:DeltaFrac=2:KernelEstimator=Sinc5", 1e-9),
    "pders_fixed": ("PDERS", "VolumeRangeMode=Unscaled:DeltaFrac=2:KernelEstimator=Lanczos3", 1e-9),
    "boost_step": ("Fisher", "Boost_Num=4", 1e-14),
    "boost_log": ("Fisher", "Boost_Num=4:Boost_Transform=log:VarTransform=N", 1e-13),
    "boost_gauss": ("Likelihood", "Boost_Num=3:Boost_Transform=gauss:NAvEvtPerBin=30", 1e-12),
    "boost_linear": ("BDT", "Boost_Num=2:Boost_Transform=linear:NTrees=5", 1e-14),
    "fisher": ("Fisher", "VarTransform=N", 1e-14),
    "bdt": ("BDT", "NTrees=10", 1e-14),
    "mlp": ("MLP", "NCycles=3:VarTransform=N", 1e-12),
    "committee": ("Committee", "Members=fisher,bdt,mlp:MemberWeights=1,0.3,2", 1e-12),
    "ranks": ("Committee", "Members=fisher,bdt,knn:Average=Rank", 1e-12),
}  # fmt: skip


def agree(
    models: dict[str, diskern.Model], events: dict[str, np.ndarray], folder: Path, limits: dict[str, float]
) -> None:
    for title, responses in compiled(folder, models, events).items():
        expected = models[title].evaluate(events[title])
        assert responses.shape == expected.shape
        worst = np.abs(responses - expected).max() / np.ptp(expected)
        assert worst <= limits[title], (title, worst)


@needs_compiler
def test_classifiers(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 300, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    for title, (method, options, _) in BOOKINGS.items():
        factory.BookMethod(loader, method, title, options)
    factory.TrainAllMethods()
    models = {title: diskern.Model(factory.GetMethod(title).model) for title in BOOKINGS}
    X = with_edges(loader.dataset.test.variables)
    agree(models, dict.fromkeys(models, X), tmp_path, {title: limit for title, (_, _, limit) in BOOKINGS.items()})
    missing = X[:20].copy()
    missing[3, 1] = np.nan
    chosen = {title: models[title] for title in ("knn", "foam", "foam_separate", "committee", "pders")}
    for title, responses in compiled(tmp_path, chosen, dict.fromkeys(chosen, missing)).items():
        np.testing.assert_allclose(responses, models[title].evaluate(missing), rtol=1e-12, err_msg=title)


@needs_compiler
def test_regression_and_several_classes(tmp_path: Path) -> None:
    models, events, limits = {}, {}, {}
    loader = regression_loader(tmp_path / "r", 200)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    for title, method, options in (
        ("median", "BDT", "BoostType=AdaBoostR2:NTrees=25"),
        ("knn", "KNN", "nkNN=10"),
        ("foam", "PDEFoam", "nSampl=100:Nmin=10:nActiveCells=80"),
        ("svm", "SVM", "C=1:Gamma=0.2:Epsilon=0.01"),
        ("pders", "PDERS", "NEventsMin=10:NEventsMax=30:KernelEstimator=Sphere"),
        ("ld", "LD", ""),
        ("both", "Committee", "Members=median,ld"),
    ):
        factory.BookMethod(loader, method, title, options)
    factory.TrainAllMethods()
    for title in ("median", "knn", "foam", "svm", "pders", "ld", "both"):
        models[title] = diskern.Model(factory.GetMethod(title).model)
        events[title] = with_edges(loader.dataset.training.variables)
        limits[title] = 1e-5 if title == "svm" else 1e-12
    loader = multiclass_loader(tmp_path / "m", 100)
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "PDEFoam", "foams", "nSampl=100:Nmin=10:nActiveCells=40")
    factory.BookMethod(
        loader, "FDA", "formulas", "Formula=(0)+(1)*x0:ParRanges=(-3,3);(-3,3):FitMethod=MC:SampleSize=50"
    )
    factory.TrainAllMethods()
    for title in ("foams", "formulas"):
        models[title] = diskern.Model(factory.GetMethod(title).model)
        events[title] = with_edges(loader.dataset.training.variables)
        limits[title] = 1e-13
    agree(models, events, tmp_path, limits)


KEYED = """
#include "{name}.hpp"
#include <cstdio>
int main() {{
  float x[{name}::n_inputs];
  double key[{name}::n_key];
  double y[{name}::n_outputs];
  while (std::fread(x, sizeof(x), 1, stdin) == 1 && std::fread(key, sizeof(key), 1, stdin) == 1) {{
    {name}::evaluate(x, key, y);
    std::fwrite(y, sizeof(y), 1, stdout);
  }}
}}
"""


def keyed(folder: Path, name: str, model: diskern.Model, X: np.ndarray, key: np.ndarray) -> np.ndarray:
    model.save_header(folder / f"{name}.hpp", name)
    (folder / f"{name}.cpp").write_text(KEYED.format(name=name))
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-O1", "-ffp-contract=off"]
    subprocess.run([compiler, *flags, f"{name}.cpp", "-o", name], cwd=folder, check=True)
    content = b"".join(row.tobytes() + k.tobytes() for row, k in zip(X, key, strict=True))
    done = subprocess.run([folder / name], input=content, capture_output=True, check=True)
    return np.frombuffer(done.stdout).reshape(len(X), -1)


@needs_compiler
def test_folds_by_key(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "d", 200, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "BDT", "A", "NTrees=5")
    factory.BookMethod(loader, "Fisher", "B", "VarTransform=N")
    factory.TrainAllMethods()
    a, b = (factory.GetMethod(title).model for title in "AB")
    X = np.ascontiguousarray(loader.dataset.test.variables[:100])
    generator = np.random.default_rng(1)
    key = generator.integers(-(2**53), 2**53, (100, 2)).astype(np.float64)
    key[0] = (0.0, -0.0)
    parts = [a.predictor, b.predictor, a.predictor]
    chains = [a.chain, b.chain, None]
    rules = {
        "hashed": _core.FoldRule.hash(3, 2**40 + 7, ["run", "event"], [0, 2, 1, 1]),
        "expressed": _core.FoldRule.expression(3, "event > run ? 0 : (run > 0 ? 1 : 2)"),
    }
    for name, rule in rules.items():
        model = diskern.Model(_core.Model(a.info, None, _core.FoldsPredictor(rule, parts, chains)))
        columns = dict(zip(("run", "event"), key.T, strict=True))
        given = np.column_stack([columns[c] for c in model.key_columns])
        found = keyed(tmp_path, name, model, X, given)
        np.testing.assert_allclose(found, model.evaluate(X, key=given), rtol=1e-13)
        bad = given.copy()
        bad[3, 0] = np.nan
        if name == "hashed":
            assert np.isnan(keyed(tmp_path, name, model, X, bad)[3, 0])
    mean = diskern.Model(_core.Model(a.info, None, _core.FoldsPredictor(_core.FoldRule.mean(3), parts, chains)))
    agree({"mean": mean}, {"mean": X}, tmp_path, {"mean": 1e-14})


@needs_compiler
def test_categories(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:!ModelPersistence")
    loader = class_loader(tmp_path / "d", 300, "!V")
    for title, spectator in (("by_variable", "x"), ("by_spectator", "run")):
        booked = factory.BookMethod(loader, "Category", title)
        middle = "0.3" if spectator == "x" else "2.5"
        booked.AddMethod(f"{spectator} > {middle} && y < 100", "x:y", "Fisher", "F", "VarTransform=N")
        booked.AddMethod(f"!({spectator} > {middle} && y < 100)", "z:x", "BDT", "B", "NTrees=5")
    factory.TrainAllMethods()
    X = np.ascontiguousarray(loader.dataset.training.variables)
    model = diskern.Model(factory.GetMethod("by_variable").model)
    agree({"c": model}, {"c": X}, tmp_path, {"c": 1e-14})
    model = diskern.Model(factory.GetMethod("by_spectator").model)
    key = np.asarray(loader.dataset.training.spectators["run"], np.float64)[:, None]
    np.testing.assert_allclose(keyed(tmp_path, "s", model, X, key), model.evaluate(X, key=key), rtol=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "a + b*2 - -3/(a^2+1)",
        "2^3^0.5 + a**2",
        "-a^2",
        "a > 0.5 && b < 1 || !(a > b)",
        "a > 0 ? b : a < -1 ? 2 : 3e-1",
        "sqrt(abs(a)) + TMath::Max(a, b) + min(a, 2) + pow(b, 2) + std::exp(-a) + TMath::Abs(b)",
        "not (a >= b) and a != b or a == 0",
        "1/4 + a",
    ],
)
@needs_compiler
def test_expressions(tmp_path: Path, text: str) -> None:
    code = expression_code(text, {"a": "x[0]", "b": "x[1]"})
    source = "#include <algorithm>\n#include <cmath>\n#include <cstdio>\nint main() {\n  double x[2];\n"
    source += "  while (std::fread(x, sizeof(x), 1, stdin) == 1) {\n"
    source += f"    const double y = {code};\n    std::fwrite(&y, sizeof(y), 1, stdout);\n  }}\n}}\n"
    (tmp_path / "e.cpp").write_text(source)
    subprocess.run(
        [compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "e.cpp", "-o", "e"], cwd=tmp_path, check=True
    )
    values = np.random.default_rng(2).normal(size=(200, 2))
    values[0] = 0.0
    done = subprocess.run([tmp_path / "e"], input=values.tobytes(), capture_output=True, check=True)
    columns: dict[str, Any] = {"a": values[:, 0], "b": values[:, 1]}
    from diskern.expression import Expression

    np.testing.assert_allclose(np.frombuffer(done.stdout), Expression(text).evaluate(columns), rtol=1e-13)


@pytest.mark.parametrize("text", ["a % 2", "a & 1", "a < b < 1", "unknown(a)", "c + 1", "(a", "a +", "a ? b", "a $ b"])
def test_expressions_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be written as C"):
        expression_code(text, {"a": "x[0]", "b": "x[1]"})


def test_what_cannot_be_written(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 100, "!V")
    factory = Factory("job", None, "Silent:!ModelPersistence")
    factory.BookMethod(loader, "KNN", "L", "UseLDA")
    factory.BookMethod(loader, "Fisher", "D", "CreateMVAPdfs:NbinsMVAPdf=10")
    factory.BookMethod(loader, "Committee", "C", "Members=D:Average=Probability")
    factory.TrainAllMethods()
    for title, message in (
        ("L", "the discriminant of neighbours"),
        ("C", "a committee of probabilities"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            diskern.Model(factory.GetMethod(title).model).to_header()
