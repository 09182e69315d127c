"""Trained models from files: load, evaluate, save."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _device
from ._foams import FOAMS_ARE_ELSEWHERE, with_foams
from ._fold_files import names_folds, read_folds
from ._keys import key_matrix
from ._validation import contiguous
from .expression import Expression

FormatError = _core.FormatError
InvalidArgument = _core.InvalidArgument

# A compressed weight file may not unpack to more than this: a few kilobytes can claim terabytes.
MAXIMUM_UNPACKED_BYTES = 1 << 30


class Model:
    """A trained method with everything that is needed to apply it: variables, transformations, classes, options.

    Immutable; any number of threads may evaluate it. Pickle and ``copy`` store the bytes of the model file.

    Parameters
    ----------
    content : bytes or ``_core.Model``
        What ``to_bytes`` gave. Use :func:`load` for files.
    """

    def __init__(self, content: bytes | _core.Model) -> None:
        self._model = content if isinstance(content, _core.Model) else _core.model_from_bytes(bytes(content))
        self._info: dict[str, Any] = self._model.info

    @property
    def info(self) -> dict[str, Any]:
        """Everything the file says beside the numbers, as a dictionary."""
        result: dict[str, Any] = self._model.info
        return result

    @property
    def method(self) -> str:
        """Type of the method, e.g. ``"BDT"``."""
        return str(self._info["method"])

    @property
    def title(self) -> str:
        """Name under which the method was booked."""
        return str(self._info["title"])

    @property
    def analysis_type(self) -> str:
        """``"Classification"``, ``"Regression"`` or ``"Multiclass"``."""
        return str(self._info["analysis_type"])

    @property
    def variables(self) -> tuple[str, ...]:
        """Labels of the variables, in the order of the columns of ``evaluate``."""
        return tuple(v["label"] for v in self._info["variables"])

    @property
    def expressions(self) -> tuple[str, ...]:
        """What each variable was computed from."""
        return tuple(v["expression"] for v in self._info["variables"])

    @property
    def spectators(self) -> tuple[str, ...]:
        """Labels of the spectators. They are not needed for evaluation."""
        return tuple(v["label"] for v in self._info["spectators"])

    @property
    def targets(self) -> tuple[str, ...]:
        """Labels of the regression targets."""
        return tuple(v["label"] for v in self._info["targets"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of events."""
        return tuple(self._info["classes"])

    @property
    def signal_class(self) -> int:
        """Index of the class that counts as signal."""
        return int(self._info["signal_class"])

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the responses, one per column that ``evaluate`` gives."""
        return tuple(self._info["outputs"])

    @property
    def options(self) -> dict[str, str]:
        """Booking options with their values."""
        return dict(self._info["options"])

    @property
    def provenance(self) -> dict[str, str]:
        """Where the model comes from: versions, date, number of training events."""
        return dict(self._info["provenance"])

    @property
    def predictor(self) -> _core.Predictor:
        """The method alone, without transformations."""
        return self._model.predictor

    @property
    def transformations(self) -> str:
        """What happens to the variables before the method sees them, a line per step; empty without VarTransform."""
        chain = self._model.chain
        if chain is None:  # those that differ between signal and background (Likelihood, HMatrix)
            chain = self._model.own_transformations
        return "" if chain is None or chain.empty else str(chain.describe()).strip()

    @property
    def chain(self) -> _core.TransformationChain | None:
        """The transformations of the variables (and regression targets); None without any."""
        chain: _core.TransformationChain | None = self._model.chain
        return chain

    @property
    def memory_bytes(self) -> int:
        """About what the model occupies in memory."""
        return int(self._model.memory_bytes)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns of the key that chooses the fold of a k-fold model; empty for every other model."""
        return tuple(self._model.key_columns)

    def evaluate(self, events: Any, *, key: Any = None, threads: int = 1) -> NDArray[np.float64]:
        """Responses of events.

        Parameters
        ----------
        events : array-like of shape (events, variables), or a mapping or data frame of columns
            Values of the variables before any transformation, in the order of ``variables``; converted to float32.
            Columns of a mapping, data frame or structured array are found by label, else by expression; where neither
            is there, the expression is computed from the columns that it reads. Others are ignored. NaN is a missing
            value for trees; other methods answer NaN. Arrays on a CUDA device (CuPy, PyTorch, JAX, Numba, DLPack;
            forests only) are evaluated there, on the caller's stream.
        key : array-like of shape (events,) or (events, columns), or a mapping or data frame of columns
            Needed by k-fold models (``key_columns``): the model that was not trained on an event's fold answers. Where
            ``events`` has named columns the key may be among them instead.
        threads : int
            0 takes all that the process may use. The responses do not depend on it.

        Returns
        -------
        float64 array of shape (events, outputs); for events on a device an array of the same library there

        Raises
        ------
        DeviceError
            Events on a CUDA device for a method that is evaluated on the CPU only.
        InvalidArgument
            A column is missing, or the shape does not fit; a k-fold model without a key, another model with one.
        """
        if _device.is_on_device(events):
            if self._model.key_columns or key is not None:
                raise InvalidArgument("k-fold models are evaluated on the CPU only; events are on a CUDA device")
            on_device: NDArray[np.float64] = _device.evaluate(self._model, events)
            return on_device
        if not self._model.key_columns and key is None:
            return self._evaluate(events, threads)
        matrix = self._events(events)
        if self.key_columns:
            if key is None and _column_names(events) is not None:
                key = events
            part = "category" if self.method == "Category" else "fold"
            keys = key_matrix(key, len(matrix), self.key_columns, part=part)
            by_fold: NDArray[np.float64] = self._model.evaluate_with_key(matrix, keys, threads=threads)
            return by_fold
        raise InvalidArgument("key is given, but the model has no folds or categories to choose from")

    def _evaluate(self, events: Any, threads: int) -> NDArray[np.float64]:
        """Without a key, and without a copy where the core can read what is given."""
        names = _column_names(events)
        responses: NDArray[np.float64]
        if names is None:
            array = np.asarray(events)
            if not _readable(array) or array.ndim != 2 or array.shape[1] != self._model.variable_count:
                array = self._events(array)
            responses = self._model.evaluate(array, threads=threads)
            return responses
        columns = self._columns(events, names)
        first = columns[0] if columns else None
        if first is None or not all(
            _readable(c) and c.dtype == first.dtype and c.strides == first.strides for c in columns
        ):
            with np.errstate(over="ignore"):  # beyond float32 is infinite
                columns = [contiguous(column, np.float32) for column in columns]
        responses = self._model.evaluate_columns(columns, threads=threads)
        return responses

    def _columns(self, events: Any, names: list[str]) -> list[NDArray[Any]]:
        """The columns of the variables, in their order."""
        known = set(names)
        absent = [
            expression
            for label, expression in zip(self.variables, self.expressions, strict=True)
            if label not in known and expression not in known
        ]
        if absent:
            computed = _computed(events, names, absent)
            if computed is not None:
                names = [*names, *computed]
                events = {**{name: events[name] for name in known}, **computed}
        positions = self._model.bind(names)
        columns = [np.asarray(events[names[i]]) for i in positions]
        lengths = {column.shape for column in columns}
        if len(lengths) > 1 or any(column.ndim != 1 for column in columns):
            shapes = ", ".join(f"{names[i]}: {c.shape}" for i, c in zip(positions, columns, strict=True))
            raise InvalidArgument(f"the columns of events must be vectors of one length, got {shapes}")
        for i, column in zip(positions, columns, strict=True):
            if column.dtype.kind not in "fiub":
                raise InvalidArgument(f"column '{names[i]}' of events must be numbers, got dtype {column.dtype}")
        return columns

    def _events(self, events: Any) -> NDArray[np.float32]:
        names = _column_names(events)
        if names is None:
            array = np.asarray(events)
            if array.dtype.kind not in "fiub":
                raise InvalidArgument(f"events must be numbers, got dtype {array.dtype}")
            if array.ndim != 2:
                raise InvalidArgument(
                    f"events must have shape (events, {len(self.variables)} variables), got {array.shape}"
                )
            with np.errstate(over="ignore"):  # beyond float32 is infinite
                return contiguous(array, np.float32)
        columns = self._columns(events, names)
        result = np.empty((len(columns[0]) if columns else 0, len(columns)), np.float32)
        for j, column in enumerate(columns):
            with np.errstate(over="ignore"):
                result[:, j] = column
        return result

    @property
    def has_response_densities(self) -> bool:
        """Whether the densities of the response are known (booked with CreateMVAPdfs)."""
        return self._model.response_densities is not None

    def _response_densities(self) -> _core.ResponseDensities:
        densities = self._model.response_densities
        if densities is None:
            raise InvalidArgument(
                f"model {self.title!r} has no densities of its response: book the method with CreateMVAPdfs"
            )
        return densities

    def probability(self, response: Any, signal_fraction: float = 0.5) -> NDArray[np.float64]:
        """The probability of events to be signal, from their responses.

        With s and b the densities of the response for signal and background of the training sample, and f the
        ``signal_fraction``: f s / (f s + (1 - f) b).

        Parameters
        ----------
        response : array-like
            Responses, as ``evaluate`` gives them.
        signal_fraction : float
            The part of all events that is signal, between 0 and 1.

        Returns
        -------
        float64 array of the shape of response

        Raises
        ------
        InvalidArgument
            The model has no densities of its response; signal_fraction is outside of [0, 1].
        """
        densities = self._response_densities()
        fraction = float(signal_fraction)
        if not 0.0 <= fraction <= 1.0:
            raise InvalidArgument(f"signal_fraction is {signal_fraction!r}, expected a number between 0 and 1")
        values = np.asarray(response, np.float64)
        result: NDArray[np.float64] = densities.probability(np.ascontiguousarray(values.ravel()), fraction)
        return result.reshape(values.shape)

    def rarity(self, response: Any) -> NDArray[np.float64]:
        """The part of background with a smaller response; flat between 0 and 1 for background.

        Arguments and errors as in :meth:`probability`.
        """
        densities = self._response_densities()
        values = np.asarray(response, np.float64)
        result: NDArray[np.float64] = densities.rarity(np.ascontiguousarray(values.ravel()))
        return result.reshape(values.shape)

    def at_signal_efficiency(self, signal_efficiency: float) -> Model:
        """A model of Cuts at a signal efficiency: responds 1 for events that pass its cuts, else 0.

        Raises
        ------
        InvalidArgument
            The model is of another method, or the efficiency outside of [0, 1].
        """
        return Model(self._model.at_signal_efficiency(float(signal_efficiency)))

    def cuts(self, signal_efficiency: float) -> dict[str, tuple[float, float]]:
        """The lower and upper cut on every variable (after the transformations) that belong to a signal efficiency.

        A variable that is not cut has -1e30 or 1e30. An event passes where lower < value <= upper.
        """
        predictor = self.predictor
        if not isinstance(predictor, _core.Cuts):
            raise InvalidArgument(f"cuts are those of a model of Cuts, this is one of {self.method}")
        lower, upper = predictor.cuts_at(float(signal_efficiency))
        return dict(zip(self.variables, zip(lower, upper, strict=True), strict=True))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that the variables' expressions read, e.g. ``pt`` and ``eta`` for ``pt*cosh(eta)``.

        Raises
        ------
        InvalidArgument
            An expression cannot be computed; the message says which.
        """
        return tuple(self._model.inputs)

    def evaluate_inputs(self, inputs: Any) -> NDArray[np.float64]:
        """Responses of events given by the columns that the variables' expressions read.

        Parameters
        ----------
        inputs : mapping or data frame of columns, or array-like of shape (events, inputs)
            Columns named as in ``inputs``, in that order for an array; converted to float64.

        Returns
        -------
        float64 array of shape (events, outputs)
        """
        wanted = self.inputs
        names = _column_names(inputs)
        if names is None:
            array = contiguous(inputs, np.float64)
        else:
            missing = [name for name in wanted if name not in names]
            if missing:
                raise InvalidArgument(f"inputs lacks the columns {', '.join(missing)}; given were {', '.join(names)}")
            array = contiguous(
                np.column_stack([np.asarray(inputs[name], np.float64) for name in wanted]) if wanted else [], np.float64
            )
        if array.ndim != 2:
            raise InvalidArgument(f"inputs must have shape (events, {len(wanted)}), got {array.shape}")
        responses: NDArray[np.float64] = self._model.evaluate_inputs(array)
        return responses

    def bind(self, names: Sequence[str]) -> list[int]:
        """Positions in ``names`` of the model's variables, found by label or expression.

        Raises
        ------
        InvalidArgument
            A variable is missing or comes twice; the message has both lists.
        """
        return list(self._model.bind(list(names)))

    def to_bytes(self) -> bytes:
        """The content of the model file; the same model gives the same bytes."""
        return bytes(self._model.to_bytes())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, complete or not at all (temporary name, then renamed).

        Raises
        ------
        InvalidArgument
            The file cannot be written; the message says why.
        """
        self._model.save(os.fspath(path))

    def to_tmva_xml(self) -> str:
        """The text of a TMVA weight file, of a method that TMVA has. Reading it gives the same responses, bit for bit.

        Raises
        ------
        InvalidArgument
            TMVA's format cannot express the model; the message says why.
        """
        return str(self._model.to_tmva_xml())

    def save_tmva_xml(self, path: str | os.PathLike[str]) -> None:
        """Write a TMVA weight file, complete or not at all; see ``to_tmva_xml``."""
        self._model.save_tmva_xml(os.fspath(path))

    def to_xgboost_json(self) -> str:
        """The text of a model of XGBoost (a forest), which XGBoost 1.0 and later load.

        Every event whose variables are float32 reaches the same leaves, missing values included. Leaves and base scores
        become float32, with tree weights and averages multiplied in, and XGBoost sums them in float32. The objective
        gives the response: ``binary:logistic`` or ``reg:logistic``, ``multi:softprob``, ``reg:gamma`` (for an
        exponential), else ``reg:squarederror`` with the response itself. Of a TMVA gradient forest, whose response r
        lies between -1 and 1, XGBoost's prediction is (r + 1) / 2. A base score that XGBoost would take through its
        link becomes a first round of trees without splits. Kept of the rest are the labels of the variables.

        Raises
        ------
        InvalidArgument
            XGBoost's format cannot express the model: other methods than forests, transformations of the variables,
            preselection, Fisher cuts, medians.
        """
        return str(self._model.to_xgboost_json())

    def save_xgboost_json(self, path: str | os.PathLike[str]) -> None:
        """Write a model of XGBoost (``.json``), complete or not at all; see ``to_xgboost_json``."""
        self._model.save_xgboost_json(os.fspath(path))

    def to_onnx(self) -> bytes:
        """The bytes of an ONNX file (a forest, a dense network or a network of layers).

        Input ``variables``, float32 of shape (events, variables), output ``responses``. Names of variables and
        responses stand in the file's metadata.

        A forest uses ``TreeEnsembleRegressor`` of the operator set ai.onnx.ml 1 and one operator of ai.onnx 9 for the
        link, which runtimes since 2019 read; for classifiers too, because it gives the response and not a label. Every
        event reaches the same leaves, missing values included; leaves and base scores become float32, with tree weights
        and averages multiplied in, and runtimes sum them in float32.

        A dense network uses operators of ai.onnx 9, a network of layers those of ai.onnx 11; weights become float32.
        A network of several inputs or outputs has each of them by its name and in its shape: an output has the name of
        its layer.

        Transformations of the variables stand in front (ai.onnx 11; of regression targets N only): D, P, U and G in
        float64, as in the core, rounded to float32 after every step. The responses are those of the model to some
        1e-6 of their range.

        Raises
        ------
        InvalidArgument
            ONNX cannot express the model: other methods, preselection, Fisher cuts, medians, penalties among the
            outputs of a network.
        """
        from ._onnx import onnx_bytes

        return onnx_bytes(self._model)

    def save_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write an ONNX file, complete or not at all; see ``to_onnx``."""
        from .report.write import write_bytes

        write_bytes(Path(path), self.to_onnx())

    def to_header(self, name: str | None = None) -> str:
        """The text of a C++ header that evaluates the model with nothing but the standard library of C++11.

        Its namespace ``name`` holds ``n_inputs``, ``n_outputs``, ``variable(i)`` (labels) and
        ``evaluate(variables, responses)``: one event as float32, before the transformations, which are part of the
        header; responses of the type double (of a dense network alone ``real``, what it computes in). No allocation,
        safe from any thread. Numbers are written with all their digits; an SVM is computed in float64.

        Written are forests (medians too), networks, Fisher, LD, linear and logistic regression, HMatrix, Likelihood,
        Cuts, FDA, SVM, RuleFit, KNN (not with UseLDA), PDERS, PDEFoam (not of several targets), and
        what is made of them: Boost, Category, Committee (not of probabilities) and k-fold models, with the
        transformations N, D, P, U, G (of regression targets N only). Where a key chooses the part, it comes behind the
        variables, ``evaluate(variables, key, responses)``, as ``n_key`` numbers named by ``key_column(i)``. KNN
        and PDERS look at all their events for each event, which is slow where they are many.

        Parameters
        ----------
        name : str
            A C++ identifier; by default "network" for dense networks, else "model".

        Raises
        ------
        InvalidArgument
            Another method, a name that is no identifier.
        """
        network = self.predictor.kind == "network"
        if name is None:
            name = "network" if network else "model"
        if network and self.chain is None:
            return str(self._model.to_header(name))
        from ._cpp import cpp_header

        return cpp_header(self._model, name)

    def save_header(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write a C++ header, complete or not at all; see ``to_header``."""
        from .report.write import write_text

        write_text(Path(path), self.to_header(name))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Model, (self.to_bytes(),))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return (
            f"<diskern.Model {self.method} '{self.title}', {self.analysis_type}, {len(self.variables)} variables "
            f"({_shortened(self.variables)}), outputs {_shortened(self.outputs)}>"
        )


def _shortened(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def _readable(array: NDArray[Any]) -> bool:
    """Whether the core can read the elements where they are."""
    return (
        array.dtype in (np.float32, np.float64)
        and array.flags.aligned
        and all(stride % array.itemsize == 0 for stride in array.strides)
    )


def _computed(events: Any, names: list[str], expressions: Sequence[str]) -> dict[str, NDArray[np.float64]] | None:
    """Values of expressions from the columns that they read; None where one lacks a column or cannot be computed."""
    parsed = []
    for text in dict.fromkeys(expressions):
        try:
            expression = Expression(text)
        except InvalidArgument:
            return None
        if not expression.variables or not set(expression.variables) <= set(names):
            return None
        parsed.append((text, expression))
    return {text: e.evaluate({name: np.asarray(events[name]) for name in e.variables}) for text, e in parsed}


def _column_names(events: Any) -> list[str] | None:
    """Names of the columns of a mapping, data frame or structured array; None for a plain array."""
    if isinstance(events, Mapping):
        return [str(name) for name in events]
    if isinstance(events, np.ndarray):
        return None if events.dtype.names is None else list(events.dtype.names)
    columns = getattr(events, "columns", None)
    if columns is not None and hasattr(events, "__getitem__"):
        return [str(name) for name in columns]
    return None


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file of Diskern, TMVA, XGBoost or LightGBM.

    Of TMVA weight files (``.weights.xml``) are read (those of a CrossValidation with the files of its folds beside
    them), of XGBoost JSON and UBJSON, of LightGBM text, as ``save_model`` writes them; each also compressed with gzip.

    Everything is validated here; no code from the file is run.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError, PermissionError, IsADirectoryError
        The file cannot be opened.
    FormatError
        It is no model, is damaged, or holds a method that is not known.
    """
    name = os.fspath(path)
    with open(name, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if not compressed:
        try:
            return Model(_core.load_model(name))
        except FormatError as error:
            with open(name, "rb") as file:
                start = file.read(4096)
                of_folds = names_folds(start)
                if not of_folds and FOAMS_ARE_ELSEWHERE not in str(error):
                    raise
                content = start + file.read()
        return Model(read_folds(content, name, load) if of_folds else _with_foams(content, name))
    try:
        with gzip.open(name, "rb") as stream:
            content = stream.read(MAXIMUM_UNPACKED_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"'{name}' is a damaged gzip file: {error}") from error
    if len(content) > MAXIMUM_UNPACKED_BYTES:
        raise FormatError(f"'{name}' unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes")
    if names_folds(content):
        return Model(read_folds(content, name, load))
    try:
        return Model(_core.model_from_bytes(content))
    except FormatError as error:
        if FOAMS_ARE_ELSEWHERE not in str(error):
            raise FormatError(f"'{name}': {error}") from error
    return Model(_with_foams(content, name))


def _with_foams(content: bytes, name: str) -> Any:
    """A weight file of PDEFoam with the cells that TMVA keeps in a ROOT file beside it."""
    text = with_foams(content.decode("utf-8", "replace"), name)
    try:
        return _core.model_from_bytes(text.encode())
    except FormatError as error:
        raise FormatError(f"'{name}': {error}") from error
