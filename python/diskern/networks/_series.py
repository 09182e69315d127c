"""Layers over series and sets: recurrent ones, masks, self-attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._layer import Layer


@dataclass(eq=False)
class _Recurrent(Layer):
    _most_inputs: ClassVar[int] = 2
    units: int
    sequences: bool = False
    backwards: bool = False

    def _attributes(self) -> dict[str, Any]:
        return {
            "units": self._whole("units", self.units),
            "sequences": self._flag("sequences", self.sequences),
            "backwards": self._flag("backwards", self.backwards),
        }


_RECURRENT = """

    The inputs are a series (steps, features) and, where wanted, a mask (steps,) of numbers, of which 0 means that the
    step is not there: state and output then stay as they were.

    Parameters
    ----------
    units : int
    sequences : bool
        Give the state of every step, (steps, units), instead of the last one, (units,).
    backwards : bool
        Begin with the last step.
    """


@dataclass(eq=False)
class Recurrent(_Recurrent):
    __doc__ = f"""h = tanh(x W + h U + b).{_RECURRENT}"""
    _kind: ClassVar[str] = "recurrent"


@dataclass(eq=False)
class LSTM(_Recurrent):
    __doc__ = (
        f"""Long short-term memory. The columns of the weights are the gates i, f, o and the candidate g.{_RECURRENT}"""
    )
    _kind: ClassVar[str] = "lstm"


@dataclass(eq=False)
class GRU(_Recurrent):
    __doc__ = f"""Gated recurrent unit (arXiv:1406.1078).

    The columns of the weights are the gates r, z and the candidate n:
    n = tanh(x W + b + r (h U + b')) with ``reset_after`` (the form of cuDNN and PyTorch), where a fourth part of the
    biases is b'; else n = tanh(x W + (r h) U + b) (the paper's, TMVA's default).{_RECURRENT}reset_after : bool
        Whether the reset gate stands behind the recurrent weights.
    """
    _kind: ClassVar[str] = "gru"
    reset_after: bool = True

    def _attributes(self) -> dict[str, Any]:
        after = self._flag("reset_after", self.reset_after)
        return super()._attributes() | ({} if after else {"reset_after": False})


@dataclass(eq=False)
class Masking(Layer):
    """The mask of a series or set: 1 where any feature differs from the value, else 0.

    Parameters
    ----------
    value : float
    """

    _kind: ClassVar[str] = "masking"
    value: float = 0.0

    def _attributes(self) -> dict[str, Any]:
        return {"value": self._number("value", self.value)}


@dataclass(eq=False)
class SelfAttention(Layer):
    """Every member of a set (members, features) looks at every other (arXiv:1706.03762); a second input is a mask.

    Parameters
    ----------
    heads : int
    width : int, optional
        Of the queries of a head; default: features / heads.
    """

    _kind: ClassVar[str] = "attention"
    _most_inputs: ClassVar[int] = 2
    heads: int = 1
    width: int | None = None

    def _attributes(self) -> dict[str, Any]:
        width = 0 if self.width is None else self._whole("width", self.width)
        return {"heads": self._whole("heads", self.heads), "width": width}
