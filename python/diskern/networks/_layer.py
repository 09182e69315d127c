"""What all layers share: names, calls that make graphs, checks of arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .._core import InvalidArgument


class Value:
    """What a layer gives for given inputs; made by calling a layer, taken by calling others.

    Parameters
    ----------
    layer : Layer
    inputs : tuple of Value
    """

    def __init__(self, layer: Layer, inputs: tuple[Value, ...]) -> None:
        self.layer = layer
        self.inputs = inputs

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.layer!r}>"


class Input(Value):
    """What an event brings along.

    Parameters
    ----------
    shape : int or sequence of int
        Of one event: (variables,), (steps, features), (height, width, channels), ...
    name : str, optional
        Needed where a graph has several inputs that are given by name.
    """

    def __init__(self, shape: int | Sequence[int], name: str | None = None) -> None:
        extents = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
        if not extents or not all(isinstance(extent, int | np.integer) and extent >= 1 for extent in extents):
            raise InvalidArgument(f"Input: shape must hold positive whole numbers, got {shape!r}")
        self.shape = tuple(int(extent) for extent in extents)
        self.name = name
        self.inputs = ()

    @property
    def size(self) -> int:
        """Numbers per event."""
        return int(np.prod(self.shape))

    def __repr__(self) -> str:
        return f"Input({self.shape}" + (f", name={self.name!r})" if self.name else ")")


@dataclass(eq=False)
class Layer:
    """A layer by its attributes. Calling it with values gives a value; calling it again shares its weights."""

    _kind: ClassVar[str]
    _fewest_inputs: ClassVar[int] = 1
    _most_inputs: ClassVar[int] = 1

    name: str | None = field(default=None, kw_only=True)

    def __call__(self, *values: Any) -> Value:
        """Apply the layer.

        Parameters
        ----------
        *values : Value
            Its inputs; a list of them may be given as well.

        Returns
        -------
        Value
        """
        if len(values) == 1 and isinstance(values[0], list | tuple):
            values = tuple(values[0])
        label = self.name or type(self).__name__
        for value in values:
            if not isinstance(value, Value):
                raise InvalidArgument(f"{label} is called with {value!r}, expected an Input or what another layer gave")
        if not self._fewest_inputs <= len(values) <= self._most_inputs:
            expected = (
                str(self._fewest_inputs)
                if self._fewest_inputs == self._most_inputs
                else f"{self._fewest_inputs} to {self._most_inputs}"
            )
            raise InvalidArgument(f"{label} is called with {len(values)} values, expected {expected}")
        return self._finish(Value(self, tuple(values)))

    def _finish(self, value: Value) -> Value:
        return value

    def _attributes(self) -> dict[str, Any]:
        """What the core needs to know beside kind and name."""
        return {}

    def _base_name(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", type(self).__name__).lower()

    # Checks of arguments

    def _refuse(self, argument: str, value: Any, expected: str) -> InvalidArgument:
        return InvalidArgument(f"{type(self).__name__}: {argument} must be {expected}, got {value!r}")

    def _whole(self, argument: str, value: Any, least: int = 1) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise self._refuse(argument, value, f"a whole number of {least} or more")
        return int(value)

    def _number(self, argument: str, value: Any, least: float = -np.inf, below: float = np.inf) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise self._refuse(argument, value, "a number")
        if not least <= value < below:
            raise self._refuse(argument, value, f"a number from {least:g} to below {below:g}")
        return float(value)

    def _flag(self, argument: str, value: Any) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise self._refuse(argument, value, "True or False")
        return bool(value)

    def _pair(self, argument: str, value: Any, dimensions: int, least: int = 1) -> list[int]:
        """One number for each axis, (1, n) for a series."""
        if isinstance(value, tuple | list):
            if len(value) != dimensions:
                raise self._refuse(argument, value, f"a whole number or {dimensions} of them")
            numbers = [self._whole(argument, one, least) for one in value]
        else:
            numbers = [self._whole(argument, value, least)] * dimensions
        return numbers if dimensions == 2 else [least, *numbers]

    def _padding(self, value: Any, dimensions: int) -> tuple[str, list[int]]:
        """The name of the rule and the border (top, bottom, left, right)."""
        if isinstance(value, str):
            if value not in ("valid", "same"):
                raise self._refuse("padding", value, "'valid', 'same', or a number of pixels")
            return value, [0, 0, 0, 0]
        per_axis = list(value) if isinstance(value, tuple | list) else [value] * dimensions
        if dimensions == 1 and len(per_axis) == 2 and not isinstance(per_axis[0], tuple | list):
            per_axis = [tuple(per_axis)]  # before and behind
        if len(per_axis) != dimensions:
            raise self._refuse("padding", value, f"'valid', 'same', or pixels for each of {dimensions} axes")
        border = []
        for one in per_axis:
            both = list(one) if isinstance(one, tuple | list) else [one, one]
            if len(both) != 2:
                raise self._refuse("padding", value, "a number of pixels per axis, or one before and one behind")
            border += [self._whole("padding", pixels, 0) for pixels in both]
        return "explicit", border if dimensions == 2 else [0, 0, *border]
