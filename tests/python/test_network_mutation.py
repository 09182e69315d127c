"""Files of networks with anything in them: every kind of layer is read, or refused with FormatError."""

from __future__ import annotations

import functools
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diskern import _core
from network_graphs import CASES, sample
from test_model_mutation import NUMBERS, pack, read, unpack
from test_network_onnx import MORE

NAMES = sorted(CASES | MORE)


@functools.cache
def file_of(name: str) -> tuple[bytes, int]:
    core = (CASES | MORE)[name]().core()
    parameters = np.asarray(sample(core, 1)[0], np.float32)
    info = {
        "method": "GraphNetwork",
        "title": name,
        "variables": [{"expression": f"v{i}", "label": f"v{i}"} for i in range(core.input_count)],
        "analysis_type": "Regression",
        "classes": [],
        "signal_class": 0,
    }
    model = _core.Model(info, None, _core.GraphPredictor(core, parameters))
    return bytes(model.to_bytes()), core.input_count


def test_every_kind_of_layer_is_mutated() -> None:
    kinds = {layer["kind"] for name in NAMES for layer in (CASES | MORE)[name]().core().describe()["layers"]}
    unknown = {"layout": 1, "inputs": [{"name": "x", "shape": [1]}], "layers": [{"kind": "none", "name": "a"}]}
    unknown |= {"nodes": [{"layer": 0, "inputs": [0]}], "outputs": [{"value": 1, "link": 0}]}
    with pytest.raises(_core.InvalidArgument, match="expected one of") as error:
        _core.Graph(unknown)
    known = set(str(error.value).split("expected one of ")[1].split(", "))
    assert known - kinds == {"distance_correlation"}  # gives 0 where a model is applied, has no attributes
    for name in NAMES:
        assert read(*file_of(name)), name


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, int]:
    content, variables = file_of(draw(st.sampled_from(NAMES)))
    sections = unpack(content)
    # The attributes of the layers stand in front of the parameters, in the section of the predictor.
    index = next(i for i, section in enumerate(sections) if section[0] == b"predictor")
    name, flags, data = sections[index]
    change = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(change) - 1))
        match draw(st.sampled_from(["byte", "number", "real", "cut", "repeat"])):
            case "byte":
                change[at] = draw(st.integers(0, 255))
            case "number":
                width = draw(st.sampled_from([1, 4, 8]))
                change[at : at + width] = (draw(NUMBERS) % 256**width).to_bytes(width, "little")
            case "real":
                number = draw(st.sampled_from([0.0, -1.0, 1e-300, 1e300, float("nan"), float("inf")]))
                change[at : at + 8] = struct.pack("<d", number)
            case "cut":
                del change[at : at + draw(st.integers(1, 16))]
            case "repeat":
                change[at:at] = change[at : at + 12]
        if not change:
            break
    sections[index] = (name, flags, bytes(change))
    return pack(sections), variables


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutated())
def test_mutated_networks_are_read_or_refused(file: tuple[bytes, int]) -> None:
    read(*file)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_sizes_in_attributes_that_no_memory_holds(data: st.DataObject) -> None:
    """A large whole number in place of one that is there."""
    content, variables = file_of(data.draw(st.sampled_from(NAMES)))
    sections = unpack(content)
    index = next(i for i, section in enumerate(sections) if section[0] == b"predictor")
    name, flags, bytes_of = sections[index]
    places = [at for at in range(len(bytes_of) - 8) if 0 < struct.unpack_from("<q", bytes_of, at)[0] < 32]
    at = data.draw(st.sampled_from(places))
    large = data.draw(st.sampled_from([64, 4096, 2**16, 2**26, 2**31, 2**40, 2**62, -1]))
    changed = bytes_of[:at] + struct.pack("<q", large) + bytes_of[at + 8 :]
    read(pack([*sections[:index], (name, flags, changed), *sections[index + 1 :]]), variables)
