"""Layers beside PyTorch's: outputs and all gradients with copied weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from diskern import _core
from diskern.networks import (
    GRU,
    LSTM,
    Activation,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalisation,
    Convolution1D,
    Convolution2D,
    Dense,
    Embedding,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    Graph,
    Input,
    LayerNormalisation,
    MaximumPooling1D,
    MaximumPooling2D,
    Recurrent,
    SelfAttention,
    Softmax,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling2D,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn


def convolution(weight: Any) -> np.ndarray:
    """(out, in, height, width), or without height, as (height, width, in, out)."""
    array = weight.numpy()
    return np.transpose(array if array.ndim == 4 else array[:, :, np.newaxis], (2, 3, 1, 0)).ravel()


def gates(weight: Any, order: tuple[int, ...]) -> np.ndarray:
    """Rows of gates in PyTorch's order as blocks of columns in ours."""
    blocks = np.split(weight.numpy(), len(order))
    return np.concatenate([blocks[i] for i in order]).T.ravel()


def straight(state: dict[str, Any]) -> list[np.ndarray]:
    """Parameters whose arrangement is the same, weight matrices but for a transposition."""
    return [value.numpy().T.ravel() for value in state.values()]


def of_convolution(state: dict[str, Any]) -> list[np.ndarray]:
    return [convolution(state["weight"]), *([state["bias"].numpy()] if "bias" in state else [])]


def of_lstm(state: dict[str, Any]) -> list[np.ndarray]:
    order = (0, 1, 3, 2)
    bias = state["bias_ih_l0"] + state["bias_hh_l0"]
    return [gates(state["weight_ih_l0"], order), gates(state["weight_hh_l0"], order), gates(bias, order)]


def of_recurrent(state: dict[str, Any]) -> list[np.ndarray]:
    bias = state["bias_ih_l0"] + state["bias_hh_l0"]
    return [state["weight_ih_l0"].numpy().T.ravel(), state["weight_hh_l0"].numpy().T.ravel(), bias.numpy()]


def of_gru(state: dict[str, Any]) -> list[np.ndarray]:
    inner, outer = state["bias_ih_l0"].numpy(), state["bias_hh_l0"].numpy()
    third = len(inner) // 3
    both = np.concatenate([(inner + outer)[: 2 * third], inner[2 * third :], outer[2 * third :]])
    return [state["weight_ih_l0"].numpy().T.ravel(), state["weight_hh_l0"].numpy().T.ravel(), both]


def of_normalisation(state: dict[str, Any]) -> list[np.ndarray]:
    running = (
        [state["running_mean"].numpy(), state["running_var"].numpy(), np.zeros(1)] if "running_mean" in state else []
    )
    return [state["weight"].numpy(), state["bias"].numpy(), *running]


def of_embedding(state: dict[str, Any]) -> list[np.ndarray]:
    return [state["weight"].numpy().ravel()]


class First(nn.Module):  # type: ignore[misc, name-defined]
    """The sequence that a recurrent module gives, or its last step."""

    def __init__(self, cell: Any, sequences: bool) -> None:
        super().__init__()
        self.cell, self.sequences = cell, sequences

    def forward(self, x: Any) -> Any:
        result = self.cell(x)[0]
        return result if self.sequences else result[:, -1]

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        return self.cell.state_dict(*arguments, **options)

    def named_parameters(self, *arguments: Any, **options: Any) -> Any:
        return self.cell.named_parameters(*arguments, **options)


IMAGE = (7, 6, 4)
SERIES = (9, 3)
CASES: dict[str, tuple[Any, Callable[[], Any], Callable[[Any], list[np.ndarray]], tuple[int, ...]]] = {
    "dense": (Dense(5), lambda: nn.Linear(4, 5), straight, (4,)),
    "dense on a series": (Dense(5), lambda: nn.Linear(3, 5), straight, SERIES),
    "convolution": (Convolution2D(5, 3), lambda: nn.Conv2d(4, 5, 3), of_convolution, IMAGE),
    "convolution, everything": (
        Convolution2D(6, (3, 2), stride=(2, 1), dilation=(1, 2), padding=(2, 1), groups=2, bias=False),
        lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), dilation=(1, 2), padding=(2, 1), groups=2, bias=False),
        of_convolution,
        IMAGE,
    ),
    "convolution, same": (
        Convolution2D(5, (3, 5), padding="same"),
        lambda: nn.Conv2d(4, 5, (3, 5), padding="same"),
        of_convolution,
        IMAGE,
    ),
    "convolution of series": (
        Convolution1D(5, 4, stride=2, padding=1),
        lambda: nn.Conv1d(3, 5, 4, stride=2, padding=1),
        of_convolution,
        SERIES,
    ),
    "transposed convolution": (
        TransposedConvolution2D(6, 3, stride=2, padding=1, output_padding=1, groups=2),
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        of_convolution,
        IMAGE,
    ),
    "transposed convolution, dilation": (
        TransposedConvolution2D(5, 2, stride=3, dilation=2),
        lambda: nn.ConvTranspose2d(4, 5, 2, stride=3, dilation=2),
        of_convolution,
        IMAGE,
    ),
    "transposed convolution of series": (
        TransposedConvolution1D(5, 4, stride=2, padding=1),
        lambda: nn.ConvTranspose1d(3, 5, 4, stride=2, padding=1),
        of_convolution,
        SERIES,
    ),
    "maximum pooling": (MaximumPooling2D(3, 2, 1), lambda: nn.MaxPool2d(3, 2, 1), straight, IMAGE),
    "average pooling": (
        AveragePooling2D(3, 2, 1, count_border=True),
        lambda: nn.AvgPool2d(3, 2, 1),
        straight,
        IMAGE,
    ),
    "average pooling of pixels inside": (
        AveragePooling2D(3, 2, 1),
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        straight,
        IMAGE,
    ),
    "maximum pooling of series": (MaximumPooling1D(2), lambda: nn.MaxPool1d(2), straight, SERIES),
    "average pooling of series": (AveragePooling1D(3, 1), lambda: nn.AvgPool1d(3, 1), straight, SERIES),
    "global average": (
        GlobalAveragePooling(),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        straight,
        IMAGE,
    ),
    "global maximum": (
        GlobalMaximumPooling(),
        lambda: nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()),
        straight,
        IMAGE,
    ),
    "upsampling": (Upsampling2D((2, 3)), lambda: nn.Upsample(scale_factor=(2, 3)), straight, IMAGE),
    "batch normalisation": (BatchNormalisation(), lambda: nn.BatchNorm1d(4), of_normalisation, (4,)),
    "batch normalisation of images": (BatchNormalisation(), lambda: nn.BatchNorm2d(4), of_normalisation, IMAGE),
    "layer normalisation": (LayerNormalisation(), lambda: nn.LayerNorm(3), of_normalisation, SERIES),
    "recurrent": (Recurrent(5), lambda: First(nn.RNN(3, 5, batch_first=True), False), of_recurrent, SERIES),
    "lstm": (LSTM(5), lambda: First(nn.LSTM(3, 5, batch_first=True), False), of_lstm, SERIES),
    "lstm, sequences": (
        LSTM(17, sequences=True),
        lambda: First(nn.LSTM(3, 17, batch_first=True), True),
        of_lstm,
        SERIES,
    ),
    "gru": (GRU(5), lambda: First(nn.GRU(3, 5, batch_first=True), False), of_gru, SERIES),
    "gru, sequences": (GRU(5, sequences=True), lambda: First(nn.GRU(3, 5, batch_first=True), True), of_gru, SERIES),
    "softmax": (Softmax(), lambda: nn.Softmax(dim=-1), straight, (5,)),
    "relu": (Activation("relu"), nn.ReLU, straight, (9,)),
    "leaky_relu": (Activation("leaky_relu"), nn.LeakyReLU, straight, (9,)),
    "elu": (Activation("elu"), nn.ELU, straight, (9,)),
    "selu": (Activation("selu"), nn.SELU, straight, (9,)),
    "gelu": (Activation("gelu"), nn.GELU, straight, (9,)),
    "silu": (Activation("silu"), nn.SiLU, straight, (9,)),
    "softsign": (Activation("softsign"), nn.Softsign, straight, (9,)),
    "softplus": (Activation("softplus"), nn.Softplus, straight, (9,)),
    "hard_sigmoid": (Activation("hard_sigmoid"), nn.Hardsigmoid, straight, (9,)),
}


def channels_first(x: Any, module: Any) -> bool:
    recurrent = isinstance(module, First | nn.LayerNorm | nn.Linear)
    return x.ndim >= 3 and not recurrent


def compare(given: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert given.shape == expected.shape
    assert np.linalg.norm(given - expected) <= tolerance * max(np.linalg.norm(expected), 1e-6)


@pytest.mark.parametrize("single_precision", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_layer(name: str, single_precision: bool) -> None:
    layer, make, copy, shape = CASES[name]
    torch.manual_seed(1)
    module = make().double()
    core = Graph.chain([layer], shape).core()
    generator = np.random.default_rng(1)
    x = generator.normal(size=(6, *shape))
    there = torch.from_numpy(x).requires_grad_()
    move = channels_first(x, module)
    parameters = np.concatenate([np.empty(0), *copy(dict(module.state_dict()))])
    result = module(there.movedim(-1, 1) if move else there)
    outcome = result.movedim(1, -1) if move and result.ndim > 2 else result
    slopes = generator.normal(size=tuple(outcome.shape))
    outcome.backward(torch.from_numpy(slopes))
    given = _core.graph_gradients(
        core,
        parameters,
        np.ascontiguousarray(x.reshape(6, -1)),
        np.ascontiguousarray(slopes.reshape(6, -1)),
        training="batch" in name,
        single_precision=single_precision,
    )
    # PyTorch's hard sigmoid has the slope 1/6 in float32.
    tolerance = 1e-5 if single_precision else 1e-7 if name == "hard_sigmoid" else 1e-11
    compare(given[0], outcome.detach().numpy().reshape(6, -1), tolerance)
    compare(given[2], there.grad.numpy().reshape(6, -1), tolerance)
    gradients = {key: value.grad for key, value in module.named_parameters()}
    if copy in (of_lstm, of_recurrent):
        # Two biases there are one here; both have the gradient of their sum.
        gradients["bias_hh_l0"] = torch.zeros_like(gradients["bias_hh_l0"])
    if copy is of_gru:
        third = len(gradients["bias_hh_l0"]) // 3
        gradients["bias_ih_l0"][: 2 * third] = 0.0
    expected = np.concatenate([np.empty(0), *copy(gradients)])
    compare(given[1][: len(expected)], expected, tolerance)


@pytest.mark.parametrize("masked", [False, True])
def test_attention(masked: bool) -> None:
    torch.manual_seed(1)
    module = nn.MultiheadAttention(6, 2, batch_first=True).double()
    nn.init.normal_(module.in_proj_bias)
    nn.init.normal_(module.out_proj.bias)
    generator = np.random.default_rng(1)
    x = generator.normal(size=(5, 7, 6))
    mask = np.ones((5, 7))
    if masked:
        mask = (generator.random((5, 7)) < 0.6).astype(float)
        mask[:, 0] = 1.0
    series, there = Input((7, 6)), Input((7,))
    core = Graph([series, there], SelfAttention(2)(series, there)).core()
    values = torch.from_numpy(x).requires_grad_()
    outcome = module(values, values, values, key_padding_mask=torch.from_numpy(mask == 0.0), need_weights=False)[0]
    slopes = generator.normal(size=x.shape)
    outcome.backward(torch.from_numpy(slopes))

    def flat(of: Callable[[Any], Any]) -> np.ndarray:
        parts = (module.in_proj_weight, module.in_proj_bias, module.out_proj.weight, module.out_proj.bias)
        return np.concatenate([of(part).numpy().T.ravel() for part in parts])

    for single_precision in (False, True):
        given = _core.graph_gradients(
            core,
            flat(lambda part: part.detach()),
            np.hstack([x.reshape(5, -1), mask]),
            slopes.reshape(5, -1),
            single_precision=single_precision,
        )
        tolerance = 1e-5 if single_precision else 1e-11
        compare(given[0], outcome.detach().numpy().reshape(5, -1), tolerance)
        compare(given[1], flat(lambda part: part.grad), tolerance)
        compare(given[2][:, :42], values.grad.numpy().reshape(5, -1), tolerance)


def test_masked_steps_are_those_of_a_packed_sequence() -> None:
    """The last state of series of different lengths."""
    torch.manual_seed(1)
    cell = nn.LSTM(3, 4, batch_first=True).double()
    lengths = [5, 2, 7, 1]
    x = np.random.default_rng(1).normal(size=(4, 7, 3))
    mask = (np.arange(7) < np.array(lengths)[:, np.newaxis]).astype(float)
    packed = nn.utils.rnn.pack_padded_sequence(torch.from_numpy(x), lengths, batch_first=True, enforce_sorted=False)
    expected = cell(packed)[1][0][0].detach().numpy()
    series, there = Input((7, 3)), Input((7,))
    core = Graph([series, there], LSTM(4)(series, there)).core()
    parameters = np.concatenate(of_lstm(dict(cell.state_dict())))
    events = np.hstack([x.reshape(4, -1), mask])
    given = _core.graph_gradients(core, parameters, events, np.zeros((4, 4)), single_precision=False)[0]
    np.testing.assert_allclose(given, expected, rtol=0, atol=1e-12)


def test_embedding() -> None:
    module = nn.Embedding(5, 3).double()
    core = Graph.chain([Embedding(5, 3)], (4,)).core()
    generator = np.random.default_rng(1)
    x = generator.integers(0, 5, (6, 4))
    slopes = generator.normal(size=(6, 12))
    outcome = module(torch.from_numpy(x)).reshape(6, -1)
    outcome.backward(torch.from_numpy(slopes))
    given = _core.graph_gradients(core, module.weight.detach().numpy().ravel(), x.astype(float), slopes)
    compare(given[0], outcome.detach().numpy(), 1e-7)
    compare(given[1], module.weight.grad.numpy().ravel(), 1e-6)
