"""TMVA's Experimental namespace: RReader, RBDT, RStandardScaler, Compute, all on arrays."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import FormatError, InvalidArgument
from ..model import Model, load

_REMOVED = {
    "SaveXGBoost": "booster.save_model('model.json') and RBDT.LoadXGBoost('model.json')",
    "Classification": "Factory and CrossValidation",
    "RTensor": "a NumPy array",
    "AsTensor": "frame.AsNumpy(columns), or diskern.data.read_table",
    "RSofieReader": "Model.save_onnx, or the models of diskern.load",
    "SOFIE": "Model.save_onnx and Model.save_cpp",
}


def __getattr__(name: str) -> Any:
    if name in _REMOVED:
        raise AttributeError(f"TMVA.Experimental.{name} is not offered; use {_REMOVED[name]}")
    raise AttributeError(f"TMVA.Experimental has no {name!r} here (RReader, RBDT, RStandardScaler, Compute)")


class RReader:
    """A model that answers events; no variable has to be declared. Safe from any number of threads.

    Parameters
    ----------
    path : model file of Diskern, or weight file of TMVA
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.model: Model = load(path)

    def Compute(self, x: Any, threads: int = 1) -> Any:
        """Responses.

        Parameters
        ----------
        x : one event as a sequence of its variables (perhaps followed by its spectators, as ROOT's RReader takes them);
            events of shape (events, variables) or (events, variables + spectators); a mapping or data frame of columns

        Returns
        -------
        list of floats for one event; for many a float64 array (events,), or (events, outputs) of several outputs
        """
        if isinstance(x, Mapping) or hasattr(x, "columns"):
            return _shaped(self.model.evaluate(x, threads=threads))
        array = np.asarray(x)
        single = array.ndim == 1
        if single:
            array = array[None, :]
        n, extra = len(self.model.variables), len(self.model.spectators)
        key = None
        if array.ndim == 2 and extra and array.shape[1] == n + extra:
            spectators = dict(zip(self.model.spectators, array[:, n:].T, strict=True))
            array = array[:, :n]
            if self.model.key_columns:
                key = {name: np.ascontiguousarray(spectators[name]) for name in self.model.key_columns}
        responses = self.model.evaluate(array, key=key, threads=threads)
        return responses[0].tolist() if single else _shaped(responses)

    def GetVariableNames(self) -> list[str]:
        """Labels of the variables, in their order."""
        return list(self.model.variables)

    def GetSpectatorNames(self) -> list[str]:
        """Labels of the spectators; only models of folds read them."""
        return list(self.model.spectators)


class RBDT:
    """A forest: of Diskern, of TMVA, or of XGBoost and LightGBM.

    Parameters
    ----------
    path : model file of any of these
    """

    def __init__(self, path: str | os.PathLike[str], *others: Any) -> None:
        if others:
            raise InvalidArgument(
                "RBDT takes the path of a model file; objects in ROOT files (key, file) cannot be read: "
                "save the booster as JSON"
            )
        self.model: Model = load(path)
        if self.model.predictor.kind != "forest":
            raise InvalidArgument(f"{os.fspath(path)!r} holds a {self.model.method}, RBDT takes forests")

    @classmethod
    def LoadXGBoost(cls, path: str | os.PathLike[str]) -> RBDT:
        """The forest that XGBoost's ``save_model`` wrote (JSON or UBJSON)."""
        return cls(path)

    @staticmethod
    def LoadText(*arguments: Any) -> RBDT:
        """Not offered: text dumps round thresholds and leave names and base score out."""
        raise InvalidArgument(
            "text dumps are not read: booster.save_model('model.json'), RBDT.LoadXGBoost('model.json')"
        )

    def Compute(self, x: ArrayLike, threads: int = 1) -> Any:
        """Responses: a list for one event, float64 array (events, outputs) for many."""
        array = np.asarray(x)
        if array.ndim == 1:
            values: list[float] = self.model.evaluate(array[None, :], threads=threads)[0].tolist()
            return values
        return self.model.evaluate(array, threads=threads)


class RStandardScaler:
    """Shifts and scales every column to mean 0 and standard deviation 1 (with n - 1).

    Parameters
    ----------
    title, path : what ``Save`` was given; without them an empty scaler, for ``Fit``
    """

    def __init__(self, title: str | None = None, path: str | os.PathLike[str] | None = None) -> None:
        self._mean: NDArray[np.float64] | None = None
        self._deviation: NDArray[np.float64] | None = None
        if (title is None) != (path is None):
            raise InvalidArgument("RStandardScaler takes a title and a path, or nothing")
        if title is None or path is None:
            return
        try:
            with np.load(path, allow_pickle=False) as stored:
                self._mean = np.asarray(stored[f"{title}.mean"], np.float64)
                self._deviation = np.asarray(stored[f"{title}.deviation"], np.float64)
        except KeyError:
            raise InvalidArgument(f"{os.fspath(path)!r} holds no scaler {title!r}") from None
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise FormatError(f"{os.fspath(path)!r} cannot be read as a file of scalers: {error}") from None
        good = self._mean.ndim == 1 and self._mean.shape == self._deviation.shape
        if not good or not np.isfinite([self._mean, self._deviation]).all() or not (self._deviation > 0).all():
            raise FormatError(f"{os.fspath(path)!r}: the scaler {title!r} is damaged")

    def Fit(self, x: ArrayLike) -> None:
        """Take mean and standard deviation of the columns.

        Raises
        ------
        InvalidArgument
            fewer than two events, values that are not finite, a constant column
        """
        array = self._matrix(x)
        if len(array) < 2:
            raise InvalidArgument(f"x has {len(array)} events, expected two or more")
        if not np.isfinite(array).all():
            raise InvalidArgument("x holds NaN or infinity")
        deviation = array.std(axis=0, ddof=1)
        constant = np.flatnonzero(array.min(axis=0) == array.max(axis=0))
        if len(constant):
            raise InvalidArgument(f"column {int(constant[0])} of x is constant")
        self._mean, self._deviation = array.mean(axis=0), deviation

    def Compute(self, x: ArrayLike) -> Any:
        """The scaled events: a list for one event, float64 array (events, columns) for many."""
        mean, deviation = self._fitted()
        array = np.asarray(x, np.float64)
        if array.shape[-1:] != mean.shape or array.ndim not in (1, 2):
            raise InvalidArgument(f"x has shape {array.shape}, expected {len(mean)} columns")
        scaled = (array - mean) / deviation
        return scaled.tolist() if array.ndim == 1 else scaled

    def FitCompute(self, x: ArrayLike) -> NDArray[np.float64]:
        """``Fit`` and ``Compute``."""
        self.Fit(x)
        scaled: NDArray[np.float64] = self.Compute(x)
        return scaled

    def GetMeans(self) -> list[float]:
        """Mean of every column."""
        means: list[float] = self._fitted()[0].tolist()
        return means

    def GetStds(self) -> list[float]:
        """Standard deviation of every column, with n - 1."""
        deviations: list[float] = self._fitted()[1].tolist()
        return deviations

    def Save(self, title: str, path: str | os.PathLike[str]) -> None:
        """Write the scaler into a NumPy archive (``.npz``), beside others that it holds.

        ROOT writes an object of its own class into a ROOT file, which nothing but ROOT can do.
        """
        mean, deviation = self._fitted()
        target = Path(path)
        if target.suffix != ".npz":
            raise InvalidArgument(f"path is {str(path)!r}, expected a name that ends in .npz")
        content: dict[str, NDArray[np.float64]] = {}
        if target.exists():
            with np.load(target, allow_pickle=False) as stored:
                content = {name: stored[name] for name in stored.files}
        content[f"{title}.mean"], content[f"{title}.deviation"] = mean, deviation
        temporary = target.with_name(f".diskern-{os.getpid()}-{target.name}")
        try:
            np.savez(temporary, **content)  # type: ignore[arg-type]
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def _fitted(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._mean is None or self._deviation is None:
            raise InvalidArgument("the scaler is empty: call Fit first")
        return self._mean, self._deviation

    @staticmethod
    def _matrix(x: ArrayLike) -> NDArray[np.float64]:
        array = np.asarray(x, np.float64)
        if array.ndim != 2 or array.shape[1] == 0:
            raise InvalidArgument(f"x must have shape (events, columns), got {array.shape}")
        return array


class _Functor:
    """What Compute gives: a function of the variables, each a number or an array of one value per event."""

    def __init__(self, model: Any, arguments: int | None = None) -> None:
        held = getattr(model, "model", model)
        if not isinstance(held, Model):
            raise InvalidArgument(f"Compute takes an RReader, an RBDT or a Model, got {type(model).__name__}")
        self.model = held
        if arguments is not None and arguments != len(held.variables):
            raise InvalidArgument(f"the model has {len(held.variables)} variables, Compute was given {arguments}")

    def __call__(self, *variables: Any) -> Any:
        if len(variables) != len(self.model.variables):
            names = ", ".join(self.model.variables)
            raise InvalidArgument(f"expected {len(self.model.variables)} variables ({names}), got {len(variables)}")
        columns = [np.atleast_1d(np.asarray(value)) for value in variables]
        responses = self.model.evaluate(np.stack(columns, axis=1))
        return responses[0].tolist() if all(np.ndim(value) == 0 for value in variables) else _shaped(responses)


class _Compute:
    """``Compute(model)``, or as in PyROOT ``Compute[4, "float"](model)``: a function of the variables one by one."""

    def __call__(self, model: Any) -> _Functor:
        return _Functor(model)

    def __getitem__(self, arguments: Any) -> Any:
        number = arguments[0] if isinstance(arguments, tuple) else arguments
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidArgument(f"Compute[N, 'float'] takes the number of variables, got {arguments!r}")
        return lambda model: _Functor(model, number)


Compute = _Compute()


def _shaped(responses: NDArray[np.float64]) -> NDArray[np.float64]:
    return responses[:, 0] if responses.shape[1] == 1 else responses
