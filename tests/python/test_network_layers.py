"""Layers of graphs: gradients by differences, float32 against float64, threads, adjointness, shapes."""

from __future__ import annotations

import numpy as np
import pytest

from diskern import InvalidArgument, _core
from diskern.networks import (
    GRU,
    Add,
    Concatenate,
    Convolution2D,
    Dense,
    DistanceCorrelation,
    Dropout,
    Embedding,
    GaussianNoise,
    GradientReversal,
    Graph,
    Input,
    MaximumPooling2D,
    Sampling,
    TransposedConvolution2D,
)
from network_graphs import CASES, sample


@pytest.mark.parametrize(
    ("name", "training"), [(name, False) for name in CASES] + [(name, True) for name in CASES if "normalis" in name]
)
def test_gradients_are_differences(name: str, training: bool) -> None:
    graph = CASES[name]().core()
    parameters, x, slopes = sample(graph, 5)
    outputs, by_parameters, by_events = _core.graph_gradients(
        graph, parameters, x, slopes, training=training, single_precision=False
    )
    assert np.isfinite(outputs).all()
    trained = np.ones(graph.parameter_count, bool)
    for one in graph.parameters:
        trained[one["offset"] : one["offset"] + int(np.prod(one["shape"]))] = one["trained"]

    def value(parameters: np.ndarray, x: np.ndarray) -> float:
        result = _core.graph_gradients(graph, parameters, x, slopes, training=training, single_precision=False)[0]
        return float((result * slopes).sum())

    generator = np.random.default_rng(2)
    step = 1e-6
    scale = max(1.0, np.abs(by_parameters).max(initial=0.0), np.abs(by_events).max())
    mask_columns = 0
    inputs = graph.describe()["inputs"]
    if len(inputs) == 2 and len(inputs[0]["shape"]) == 2:
        mask_columns = inputs[1]["shape"][0]
    for i in generator.permutation(np.flatnonzero(trained))[:60]:
        moved = parameters.copy()
        moved[i] += step
        up = value(moved, x)
        moved[i] -= 2 * step
        assert (up - value(moved, x)) / (2 * step) == pytest.approx(by_parameters[i], abs=2e-8 * scale), (
            f"parameter {i}"
        )
    assert (by_parameters[~trained] == 0.0).all()
    for i in generator.permutation(x.size)[:60]:
        row, column = np.unravel_index(i, x.shape)
        if column >= x.shape[1] - mask_columns:
            assert by_events[row, column] == 0.0
            continue
        moved = x.copy()
        moved[row, column] += step
        up = value(parameters, moved)
        moved[row, column] -= 2 * step
        assert (up - value(parameters, moved)) / (2 * step) == pytest.approx(by_events[row, column], abs=2e-8 * scale)


@pytest.mark.parametrize("name", CASES)
def test_float32_is_float64_and_independent_of_threads(name: str) -> None:
    graph = CASES[name]().core()
    parameters, x, slopes = sample(graph, 70)
    parameters, x = parameters.astype(np.float32).astype(float), x.astype(np.float32).astype(float)
    slopes = slopes.astype(np.float32).astype(float)
    training = "normalisation" in name
    exact = _core.graph_gradients(graph, parameters, x, slopes, training=training, single_precision=False)
    one = _core.graph_gradients(graph, parameters, x, slopes, training=training)
    for given, expected in zip(one, exact, strict=True):
        assert np.linalg.norm(given - expected) <= 2e-6 * max(np.linalg.norm(expected), 1e-3)
    for threads in (2, 3, 5):
        again = _core.graph_gradients(graph, parameters, x, slopes, training=training, threads=threads)
        for given, expected in zip(again, one, strict=True):
            np.testing.assert_array_equal(given, expected)


@pytest.mark.parametrize("name", CASES)
def test_application_of_a_model_is_the_forward_pass(name: str) -> None:
    graph = CASES[name]().core()
    parameters, x, slopes = sample(graph, 70)
    parameters = parameters.astype(np.float32)
    x = x.astype(np.float32)
    predictor = _core.GraphPredictor(graph, parameters)
    outputs = _core.graph_gradients(graph, parameters.astype(float), x.astype(float), slopes)[0]
    np.testing.assert_allclose(predictor.evaluate(x), outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(predictor.evaluate(x[:1]), outputs[:1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(predictor.evaluate(x, threads=3), predictor.evaluate(x, threads=1))
    # The description makes the same graph again.
    again = _core.Graph(graph.describe())
    np.testing.assert_array_equal(_core.GraphPredictor(again, parameters).evaluate(x), predictor.evaluate(x))


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel": 3},
        {"kernel": (2, 4), "stride": (2, 1)},
        {"kernel": 3, "padding": 1},
        {"kernel": 3, "stride": 3, "dilation": 2, "padding": ((0, 2), (1, 0))},
        {"kernel": 3, "groups": 2, "padding": 1},
        {"kernel": 5, "stride": 2, "padding": 2},
    ],
)
def test_transposed_convolution_is_the_transpose(settings: dict[str, object]) -> None:
    """<conv(x), y> = <x, conv^T(y)>, and the forward pass of one layer is the gradient of the other."""
    height, width, channels, maps = 9, 8, 4, 6
    straight = Graph.chain([Convolution2D(maps, bias=False, **settings)], (height, width, channels))  # type: ignore[arg-type]
    shape = straight.output_shapes[0]
    generator = np.random.default_rng(3)
    x = generator.normal(size=(2, height * width * channels))
    y = generator.normal(size=(2, int(np.prod(shape))))
    weights = generator.normal(size=straight.core().parameter_count)
    result, _, transposed = _core.graph_gradients(straight.core(), weights, x, y, single_precision=False)
    assert (result * y).sum() == pytest.approx((x * transposed).sum(), rel=1e-12)
    # What is missing to the size of x beyond the smallest is output_padding.
    back = Graph.chain([TransposedConvolution2D(channels, bias=False, **settings)], shape)  # type: ignore[arg-type]
    missing = [a - b for a, b in zip((height, width), back.output_shapes[0], strict=False)]
    back = Graph.chain([TransposedConvolution2D(channels, bias=False, output_padding=missing, **settings)], shape)  # type: ignore[arg-type]
    given = _core.graph_gradients(back.core(), weights, y, x, single_precision=False)[0]
    np.testing.assert_allclose(given, transposed, rtol=0, atol=1e-12 * np.abs(transposed).max())


def test_convolution_by_its_definition() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(6, 7, 4))
    core = Graph.chain(
        [Convolution2D(6, (3, 2), stride=(1, 2), dilation=(2, 1), groups=2, padding=(1, 2))], (6, 7, 4)
    ).core()
    parameters = generator.normal(size=core.parameter_count)
    weights, biases = parameters[:-6].reshape(3, 2, 2, 6), parameters[-6:]
    padded = np.pad(x, ((1, 1), (2, 2), (0, 0)))
    height, width, _ = core.shapes[-1]
    expected = np.empty((height, width, 6))
    for oy in range(height):
        for ox in range(width):
            for o in range(6):
                patch = padded[oy : oy + 5 : 2, 2 * ox : 2 * ox + 2, 2 * (o // 3) : 2 * (o // 3) + 2]
                expected[oy, ox, o] = (patch * weights[..., o]).sum() + biases[o]
    given = _core.graph_gradients(
        core, parameters, x.reshape(1, -1), np.zeros((1, expected.size)), single_precision=False
    )[0]
    np.testing.assert_allclose(given.reshape(expected.shape), expected, rtol=0, atol=1e-13)


def test_gru_with_the_reset_gate_in_front_by_its_definition() -> None:
    """h = (1 - z) n + z h, n = tanh(x W + (r h) U + b): arXiv:1406.1078."""
    graph = Graph.chain([GRU(3, sequences=True, reset_after=False)], (4, 2)).core()
    parameters, x, _ = sample(graph, 5)
    weights, recurrent, biases = parameters[:18].reshape(2, 9), parameters[18:45].reshape(3, 9), parameters[45:]

    def sigmoid(v: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-v))

    h, expected = np.zeros((5, 3)), []
    for t in range(4):
        sums = x.reshape(5, 4, 2)[:, t] @ weights + biases
        r = sigmoid(sums[:, :3] + h @ recurrent[:, :3])
        z = sigmoid(sums[:, 3:6] + h @ recurrent[:, 3:6])
        n = np.tanh(sums[:, 6:] + (r * h) @ recurrent[:, 6:])
        h = (1.0 - z) * n + z * h
        expected.append(h)
    found = _core.GraphPredictor(graph, parameters.astype(np.float32)).evaluate(x.astype(np.float32))
    np.testing.assert_allclose(found, np.stack(expected, axis=1).reshape(5, -1), atol=1e-5)


def test_maximum_pooling_gives_ties_to_the_first_and_lets_nan_win() -> None:
    core = Graph.chain([MaximumPooling2D(2)], (2, 4, 1)).core()
    x = np.array([[1.0, 3.0, 2.0, np.nan, 3.0, 3.0, 5.0, 1.0]])
    outputs, _, gradient = _core.graph_gradients(core, np.empty(0), x, np.array([[1.0, 10.0]]))
    np.testing.assert_array_equal(outputs, [[3.0, np.nan]])
    np.testing.assert_array_equal(gradient, [[0.0, 1.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0]])


def test_embedding() -> None:
    core = Graph.chain([Embedding(4, 3)], (2,)).core()
    weights = np.arange(12.0)
    x = np.array([[3.0, 0.0], [1.0, 1.0]])
    slopes = np.array([[1.0, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])
    outputs, gradient, _ = _core.graph_gradients(core, weights, x, slopes)
    np.testing.assert_array_equal(outputs, [[9, 10, 11, 0, 1, 2], [3, 4, 5, 3, 4, 5]])
    np.testing.assert_array_equal(gradient.reshape(4, 3), [[4, 5, 6], [17, 19, 21], [0, 0, 0], [1, 2, 3]])
    assert np.isnan(_core.graph_gradients(core, weights, np.array([[4.0, 0.5]]), slopes[:1])[0]).all()


def test_random_layers_act_in_training_only_and_the_same_for_any_threads() -> None:
    x = np.ones((200, 50))
    slopes = np.ones((200, 50))
    for layer in (Dropout(0.25), GaussianNoise(0.5)):
        core = Graph.chain([layer], (50,)).core()
        applied = _core.graph_gradients(core, np.empty(0), x, slopes)[0]
        np.testing.assert_array_equal(applied, x)
        trained, _, gradient = _core.graph_gradients(core, np.empty(0), x, slopes, training=True, seed=7)
        again = _core.graph_gradients(core, np.empty(0), x, slopes, training=True, seed=7, threads=3)[0]
        np.testing.assert_array_equal(trained, again)
        other = _core.graph_gradients(core, np.empty(0), x, slopes, training=True, seed=8)[0]
        assert (trained != other).any()
        assert len(np.unique(trained[:, 0])) > 1  # events differ
        if isinstance(layer, Dropout):
            np.testing.assert_array_equal(np.unique(trained), [0.0, np.float32(1 / 0.75)])
            assert (trained == 0.0).mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / trained.size))
            np.testing.assert_array_equal(gradient, trained)
        else:
            noise = trained - 1.0
            assert noise.mean() == pytest.approx(0.0, abs=4 * 0.5 / np.sqrt(noise.size))
            assert noise.std() == pytest.approx(0.5, rel=0.03)
            np.testing.assert_array_equal(gradient, slopes)


def test_dropout_of_whole_maps() -> None:
    core = Graph.chain([Dropout(0.5, whole_maps=True)], (4, 4, 3)).core()
    x = np.ones((20, 48))
    trained = _core.graph_gradients(core, np.empty(0), x, x, training=True, seed=1)[0].reshape(20, 16, 3)
    assert (trained == trained[:, :1]).all()
    assert 0 < (trained[:, 0] == 0).mean() < 1


def test_sampling_draws_around_the_mean() -> None:
    mean, logarithm = Input((2,)), Input((2,))
    core = Graph([mean, logarithm], Sampling()(mean, logarithm)).core()
    x = np.tile([1.0, -2.0, np.log(0.25), np.log(4.0)], (4000, 1))
    slopes = np.ones((4000, 2))
    drawn, _, gradient = _core.graph_gradients(
        core, np.empty(0), x, slopes, training=True, single_precision=False, seed=5
    )
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -2.0], atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 2.0], rtol=0.05)
    # d/dv of exp(v / 2) e is half of what was added to the mean.
    np.testing.assert_allclose(gradient[:, 2:], 0.5 * (drawn - [1.0, -2.0]), atol=1e-12)
    np.testing.assert_array_equal(_core.graph_gradients(core, np.empty(0), x, slopes)[0], x[:, :2])


def test_distance_correlation_of_a_batch() -> None:
    x, mass, weight = Input((3,)), Input((1,)), Input((1,))
    score = Dense(1, activation="tanh")(x)
    outputs = [DistanceCorrelation()(score, mass), DistanceCorrelation()(score, mass, weight)]
    core = Graph([x, mass, weight], outputs).core()
    generator = np.random.default_rng(1)
    parameters = generator.normal(size=core.parameter_count)
    events = generator.normal(size=(50, 5))
    events[:, 3] += events[:, 0] ** 2
    events[:, 4] = generator.integers(0, 3, 50)
    slopes = generator.normal(size=(50, 2))

    def run(parameters: np.ndarray, events: np.ndarray, **options: int) -> tuple[np.ndarray, ...]:
        options = {"single_precision": False, "training": True} | options  # type: ignore[assignment]
        return _core.graph_gradients(core, parameters, events, slopes, **options)  # type: ignore[no-any-return]

    values, gradient, by_events = run(parameters, events)
    assert (values == values[0]).all()
    assert ((values > 0.0) & (values < 1.0)).all()
    repeated = np.repeat(events, events[:, 4].astype(int), axis=0)
    again = _core.graph_gradients(
        core, parameters, repeated, np.zeros((len(repeated), 2)), single_precision=False, training=True
    )[0]
    assert again[0, 0] == pytest.approx(values[0, 1], abs=1e-12)  # an integer weight repeats an event
    for i in range(len(parameters)):
        moved = parameters.copy()
        moved[i] += 1e-6
        up = (run(moved, events)[0] * slopes).sum()
        moved[i] -= 2e-6
        assert (up - (run(moved, events)[0] * slopes).sum()) / 2e-6 == pytest.approx(gradient[i], abs=1e-7)
    assert (by_events[:, 3:] == 0.0).all()  # what is protected does not learn
    for threads in (2, 3):
        for given, expected in zip(
            run(parameters, events, threads=threads), (values, gradient, by_events), strict=True
        ):
            np.testing.assert_array_equal(given, expected)
    assert (run(parameters, events, training=0)[0] == 0.0).all()  # no batch when applied


def test_gradient_reversal() -> None:
    core = Graph.chain([GradientReversal(2.5)], (3,)).core()
    x = np.arange(3.0)[np.newaxis]
    outputs, _, gradient = _core.graph_gradients(core, np.empty(0), x, np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_array_equal(outputs, x)
    np.testing.assert_array_equal(gradient, [[-2.5, -5.0, -7.5]])


def test_messages_name_the_layer() -> None:
    with pytest.raises(InvalidArgument, match=r"'wide' \(convolution\) needs 7 pixels along the height .* \(5, 9, 1\)"):
        Graph.chain([Convolution2D(3, 7, name="wide")], (5, 9, 1))
    with pytest.raises(InvalidArgument, match=r"'dense_1'|convolution_2d_1.*3 dimensions: height, width, channels"):
        Graph.chain([Convolution2D(3, 3)], (5,))
    with pytest.raises(InvalidArgument, match=r"'split' .* has 3 groups, which must divide its 4 input channels"):
        Graph.chain([Convolution2D(3, 3, groups=3, name="split")], (5, 5, 4))
    x, y = Input((3,)), Input((4,))
    with pytest.raises(InvalidArgument, match=r"'sum' \(add\) adds shapes \(3,\) and \(4,\)"):
        Graph([x, y], Add(name="sum")(x, y))
    shared = Dense(2, name="both")
    with pytest.raises(
        InvalidArgument, match=r"'both' .* used more than once, with inputs of shape \(3,\) and .* \(4,\)"
    ):
        Graph([x, y], Concatenate()(shared(x), shared(y)))
    with pytest.raises(InvalidArgument, match="two layers or inputs are called 'a'"):
        Graph.chain([Dense(2, name="a"), Dense(2, name="a")], (3,))
    with pytest.raises(InvalidArgument, match="not among its inputs"):
        Graph(x, Dense(2)(y))
    with pytest.raises(InvalidArgument, match="leads to no output"):
        Graph([x, y], Dense(2)(x))
    with pytest.raises(InvalidArgument, match=r"activation_1.*'swishh'"):
        Graph.chain([Dense(2, activation="swishh")], (3,))
    with pytest.raises(InvalidArgument, match="Dense: units must be a whole number of 1 or more, got 0"):
        Graph.chain([Dense(0)], (3,))
    with pytest.raises(InvalidArgument, match=r"kernel must be a whole number or 2 of them, got \(1, 2, 3\)"):
        Graph.chain([Convolution2D(2, (1, 2, 3))], (5, 5, 1))
