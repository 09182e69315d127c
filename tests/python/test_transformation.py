"""TMVA's input transformations: statistics by independent formulas, definitions, inverses, errors."""

from __future__ import annotations

import numpy as np
import pytest

from diskern import _core

Chain = _core.TransformationChain
LABELS = ["x", "y", "z", "fvalue"]
CLASSES = ["Signal", "Background"]


def make(seed: int = 3, n: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mixing = np.array([[1.0, 0.5, 0.2], [0.0, 1.0, 0.7], [0.0, 0.0, 0.4]])
    x = rng.normal(size=(n, 3)) @ mixing + [10.0, -3.0, 0.5]
    class_index = (rng.random(n) < 0.4).astype(np.int32)
    x[class_index == 1] += [0.5, 0.3, -0.6]
    target = np.exp(x[:, 2:])
    return np.hstack([x, target]).astype(np.float32), rng.uniform(0.2, 2.0, n), class_index


def fit(definition: str, n_targets: int = 0, columns: np.ndarray | None = None, **changes: object) -> Chain:
    x, weight, class_index = make()
    n = 3 + n_targets
    arguments = {
        "columns": np.ascontiguousarray(x[:, :n]) if columns is None else columns,
        "n_targets": n_targets,
        "weight": weight,
        "class_index": class_index,
        "class_names": CLASSES,
        "labels": LABELS[:n],
        **changes,
    }
    return Chain.fit(definition, *arguments.values())


def test_normalize() -> None:
    x, _, class_index = make()
    chain = fit("N")
    out = chain.apply(np.ascontiguousarray(x[:, :3]))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.min(axis=0), -1, atol=1e-6)
    np.testing.assert_allclose(out.max(axis=0), 1, atol=1e-6)
    step = chain.steps[0]
    assert step["name"] == "Normalize"
    assert len(step["sets"]) == 3
    for k in (0, 1):
        expected = x[class_index == k, :3]
        np.testing.assert_array_equal(step["sets"][k], np.stack([expected.min(axis=0), expected.max(axis=0)], 1))
    beyond = chain.apply(np.array([[1000.0, 0.0, 0.0]], np.float32))
    assert beyond[0, 0] > 100  # not clipped


def test_decorrelation_gives_unit_covariance() -> None:
    x, weight, class_index = make()
    x = np.ascontiguousarray(x[:, :3])
    for definition, chosen in (
        ("D", slice(None)),
        ("D_Signal", class_index == 0),
        ("Deco_Background", class_index == 1),
    ):
        chain = fit(definition)
        out = chain.apply(x).astype(float)[chosen]
        np.testing.assert_allclose(np.cov(out.T, aweights=weight[chosen], ddof=0), np.eye(3), atol=2e-5)
        matrix = np.asarray(chain.steps[0]["sets"][0])
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    # The class of the event wins over the class of the definition.
    np.testing.assert_array_equal(fit("D_Signal").apply(x, 1), fit("D_Background").apply(x))
    np.testing.assert_array_equal(fit("D_Signal").apply(x, 99), fit("D").apply(x))


def test_principal_components_are_unweighted_and_ordered() -> None:
    x, _, _ = make()
    x = np.ascontiguousarray(x[:, :3])
    chain = fit("P")
    out = chain.apply(x).astype(float)
    covariance = np.cov(out.T, ddof=0)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-5)
    expected = np.sort(np.linalg.eigvalsh(np.cov(x.astype(float).T, ddof=0)))[::-1]
    np.testing.assert_allclose(np.diag(covariance), expected, rtol=1e-5)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(fit("PCA", weight=np.ones(800)).apply(x), chain.apply(x))


def test_uniform_and_gauss() -> None:
    x, weight, _ = make(n=5000)
    x = np.ascontiguousarray(x[:, :3])
    arguments = {"columns": x, "weight": weight, "class_index": make(n=5000)[2]}
    uniform = fit("U", **arguments).apply(x)
    assert uniform.min() >= 1e-9
    assert uniform.max() <= 1
    for j in range(3):
        order = np.argsort(x[:, j])
        assert (np.diff(uniform[order, j]) >= -1e-7).all()
        fraction = np.cumsum(weight[order]) / weight.sum()
        np.testing.assert_allclose(uniform[order, j], fraction, atol=0.01)
    gauss = fit("G", **arguments).apply(x).astype(float)
    mean = np.average(gauss, axis=0, weights=weight)
    np.testing.assert_allclose(mean, 0, atol=0.02)
    np.testing.assert_allclose(np.average((gauss - mean) ** 2, axis=0, weights=weight), 1, atol=0.1)
    scipy_special = pytest.importorskip("scipy.special")
    inside = (uniform > 1e-4) & (uniform < 1 - 1e-4)
    expected = scipy_special.ndtri(uniform.astype(float)[inside])
    np.testing.assert_allclose(gauss[inside], expected, atol=1e-3)
    huge = fit("G", **arguments).apply(np.array([[1e30, -1e30, np.inf]], np.float32))
    np.testing.assert_allclose(np.abs(huge), 5.7307, atol=1e-3)


def test_chain_is_each_step_on_the_output_of_the_one_before() -> None:
    x, weight, class_index = make()
    x = np.ascontiguousarray(x[:, :3])
    first = fit("G")
    second = fit("D_Signal", columns=first.apply(x))
    for definition in ("G,D_Signal", "G+D_Signal", " Gauss , Decorrelate_Signal ", "I,G,I+D_Signal"):
        both = fit(definition)
        assert [step["name"] for step in both.steps] == ["Gauss", "Decorrelation"]
        np.testing.assert_array_equal(both.apply(x), second.apply(first.apply(x)))
    assert weight.sum() > 0
    assert class_index.max() == 1


@pytest.mark.parametrize("definition", ["", "None", "I", "Identity"])
def test_no_transformation(definition: str) -> None:
    chain = fit(definition)
    assert chain.empty
    x = make()[0][:, :3].copy()
    np.testing.assert_array_equal(chain.apply(x), x)


@pytest.mark.parametrize(
    ("definition", "columns"),
    [
        ("N(_V0_,_V2_)", [0, 2]),
        ("N(z,x)", [0, 2]),
        ("N(_REARRANGE_,z,x)", [2, 0]),
        ("N(_V_)", [0, 1, 2]),
        ("N", [0, 1, 2, 3]),
        ("U", [0, 1, 2, 3]),
        ("G", [0, 1, 2]),
        ("D", [0, 1, 2]),
        ("P", [0, 1, 2]),
        ("N(y,_T_)_AllClasses", [1, 3]),
        ("P(_T0_)", [3]),
        ("N(y, y, _V1_)", [1]),
    ],
)
def test_selections(definition: str, columns: list[int]) -> None:
    chain = fit(definition, 1)
    assert chain.steps[0]["columns"] == columns
    x = make()[0]
    out = chain.apply_columns(x)
    changed = [j for j in range(4) if (out[:, j] != x[:, j]).any()]
    assert changed == sorted(columns)


def test_label_with_brackets_and_commas() -> None:
    labels = ["min(a,b)", "c+d", "e"]
    assert fit("N(min(a,b),e)", labels=labels).steps[0]["columns"] == [0, 2]
    assert fit("N(c+d)", labels=labels).steps[0]["columns"] == [1]


@pytest.mark.parametrize(
    ("definition", "message", "column"),
    [
        ("Nrm", "did you mean 'Norm'", 1),
        ("G,d", "did you mean 'D'", 3),
        ("G,", "name of a transformation", 3),
        ("N(x", r"'\(' without '\)'", 2),
        ("N)x", r"'\)' without '\('", 2),
        ("N()", "name of a variable", 3),
        ("N(xx)", "no variable 'xx'", 3),
        ("N(fvale)", "did you mean 'fvalue'", 3),
        ("N(_V3_)", "out of range, there are 3 variables", 3),
        ("N(_S_)", "spectators", 3),
        ("D_Signa", "did you mean 'Signal'", 3),
        ("D_Signal(x)", "before the class", 2),
        ("D(x)Signal", "'_' and the name", 5),
    ],
)
def test_wrong_definitions(definition: str, message: str, column: int) -> None:
    with pytest.raises(_core.InvalidArgument, match=message) as info:
        fit(definition, 1)
    lines = str(info.value).split("\n")
    assert f"(column {column})" in lines[0]
    assert lines[2].index("^") == 2 + column - 1


def test_targets_come_back() -> None:
    x = make()[0]
    target = x[:, 3:].astype(float)
    for definition, tolerance in (
        ("N", 1e-5),
        ("U", 2e-2),
        ("G(_T_)", 2e-2),
        ("P(_T_)", 1e-5),
        ("G(_T_),N,P(_T_)", 2e-2),
    ):
        chain = fit(definition, 1)
        forth = chain.apply_columns(x)[:, 3:].astype(float)
        assert not np.allclose(forth, target)
        back = chain.invert_targets(forth)
        inside = (target > np.quantile(target, 0.02)) & (target < np.quantile(target, 0.98))
        np.testing.assert_allclose(back[inside], target[inside], rtol=tolerance)
        assert back.min() >= target.min() - 1e-3
    np.testing.assert_array_equal(fit("D,G", 1).invert_targets(target), target)
    # The variables are transformed the same with and without targets at hand.
    chain = fit("N,G,D", 1)
    np.testing.assert_array_equal(chain.apply(np.ascontiguousarray(x[:, :3])), chain.apply_columns(x)[:, :3])


def test_order_and_repetition_of_events() -> None:
    x, weight, class_index = make()
    x = np.ascontiguousarray(x[:, :3])
    order = np.random.default_rng(0).permutation(len(x))
    for definition in ("N", "D", "P"):
        a = fit(definition).apply(x)
        b = fit(definition, columns=x[order], weight=weight[order], class_index=class_index[order]).apply(x)
        np.testing.assert_allclose(a, b, atol=2e-6)
        twice = np.repeat(np.arange(len(x)), 2)
        c = fit(definition, columns=x[twice], weight=weight[twice] / 2, class_index=class_index[twice]).apply(x)
        np.testing.assert_allclose(a, c, atol=2e-6)


def test_negative_weights_count_in_the_covariance() -> None:
    x, weight, class_index = make()
    x = np.ascontiguousarray(x[:, :3])
    weight[::7] *= -0.3
    out = fit("D", weight=weight).apply(x).astype(float)
    mean = weight @ out / weight.sum()
    covariance = ((out - mean).T * weight) @ (out - mean) / weight.sum()
    np.testing.assert_allclose(covariance, np.eye(3), atol=5e-5)
    assert (class_index >= 0).all()


@pytest.mark.parametrize("definition", ["N", "D", "P", "U", "G"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(definition: str, bad: float) -> None:
    x = make()[0][:, :3].copy()
    x[17, 1] = bad
    with pytest.raises(_core.InvalidArgument, match="'y' of event 17 is"):
        fit(definition, columns=x)


def test_samples_without_statistics() -> None:
    x, weight, class_index = make()
    constant = x[:, :3].copy()
    constant[:, 1] = 4
    messages = {"N": "'y' is constant", "D": "variance of 'y'", "U": r"'y' in .* is constant", "G": "is constant"}
    for definition, message in messages.items():
        with pytest.raises(_core.InvalidArgument, match=message):
            fit(definition, columns=constant)
    fit("P", columns=constant)
    dependent = x[:, :3].copy()
    dependent[:, 2] = dependent[:, 0]
    with pytest.raises(_core.InvalidArgument, match="singular"):
        fit("D", columns=dependent)
    with pytest.raises(_core.InvalidArgument, match="class 'Background' has no training events"):
        fit("N", class_index=np.zeros(800, np.int32))
    with pytest.raises(_core.InvalidArgument, match="class_index of event 0 is 2"):
        fit("N", class_index=np.full(800, 2, np.int32))
    with pytest.raises(_core.InvalidArgument, match="sum of weights of class 'Signal'"):
        fit("D", weight=np.where(class_index == 0, -1.0, 1.0))
    with pytest.raises(_core.InvalidArgument, match="sum of weights"):
        fit("U", weight=np.zeros(800))
    with pytest.raises(_core.InvalidArgument, match="weight of event 3 is nan"):
        fit("N", weight=np.where(np.arange(800) == 3, np.nan, weight))
    with pytest.raises(_core.InvalidArgument, match="need training events"):
        fit("N", columns=np.empty((0, 3), np.float32), weight=np.empty(0), class_index=np.empty(0, np.int32))
    with pytest.raises(_core.InvalidArgument, match="column_labels has 2 entries"):
        fit("N", labels=["x", "y"])
    with pytest.raises(_core.InvalidArgument, match="no inverse"):
        fit("D(_T_)", 1)
    with pytest.raises(_core.InvalidArgument, match="mixes variables and targets"):
        fit("P(_V_,_T_)", 1)
    with pytest.raises(_core.InvalidArgument, match="events has 2 columns"):
        fit("N").apply(x[:, :2])


def test_one_class_has_one_set() -> None:
    chain = fit("N,D,P,U,G", class_names=["Regression"], class_index=np.zeros(800, np.int32))
    assert [len(step["sets"]) for step in chain.steps] == [1] * 5
    assert chain.describe().count("\n") == 5


def test_a_class_may_have_a_constant_variable_that_is_not_used() -> None:
    x, _, class_index = make()
    x = x[:, :3].copy()
    x[class_index == 1, 0] = 2
    fit("N", columns=x)
    with pytest.raises(_core.InvalidArgument, match=r"'x' is constant .* class 'Background'"):
        fit("N_Background", columns=x)
