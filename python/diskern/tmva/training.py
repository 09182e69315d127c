"""Training and testing one booked method."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .._version import __version__
from ..data.sample import DataSet, FloatMatrix, Sample, VariableInfo
from .booking import BookedMethod
from .methods.base import Evaluator, ProgressCallback, TrainedMethod, TrainingSample
from .options import to_text
from .output import check_folder
from .response_densities import fit_response_densities

if TYPE_CHECKING:
    from .methods.category import BookedCategory
    from .methods.committee import BookedCommittee


@dataclass
class TransformedEvaluator:
    """A trained method that is no native model, behind its transformations: takes events before them."""

    predictor: Evaluator
    chain: Any | None
    regression: bool

    def evaluate(self, events: NDArray[np.float32], threads: int = 1) -> NDArray[np.float64]:
        if self.chain is None:
            return self.predictor.evaluate(events, threads)
        responses = self.predictor.evaluate(self.chain.apply(events), threads)
        if self.regression:
            responses = np.asarray(self.chain.invert_targets(np.ascontiguousarray(responses)), np.float64)
        return responses


def check_samples(data: DataSet, analysis_type: str) -> None:
    """The training sample can be trained on.

    Raises
    ------
    InvalidArgument
        no variables, no events, a class that is empty or without weight, targets that are not finite
    """
    if not data.info.variables:
        raise InvalidArgument(f"dataset {data.name!r} has no variables: call AddVariable")
    sample = data.training
    if len(sample) == 0:
        raise InvalidArgument(f"dataset {data.name!r} has no training events")
    if not np.isfinite(sample.weight).all():
        raise InvalidArgument(f"dataset {data.name!r} has training weights that are not finite")
    names = data.info.class_names if analysis_type != "Regression" else ("Regression",)
    for index, name in enumerate(names):
        weight = sample.weight if analysis_type == "Regression" else sample.weight[sample.class_index == index]
        if len(weight) == 0:
            raise InvalidArgument(f"dataset {data.name!r} has no training events of class {name!r}")
        if not np.any(weight):
            raise InvalidArgument(
                f"dataset {data.name!r}: all {len(weight)} training weights of class {name!r} are zero; "
                "there is nothing to train on"
            )
        if weight.sum() <= 0:
            raise InvalidArgument(
                f"dataset {data.name!r}: the training weights of class {name!r} sum to {weight.sum():g}, "
                "expected a positive sum"
            )
    if analysis_type == "Regression" and not np.isfinite(sample.targets).all():
        raise InvalidArgument(f"dataset {data.name!r} has training targets that are not finite")
    for column, variable in zip(sample.variables.T, data.info.variables, strict=True):
        known = column[~np.isnan(column)]
        if len(known) == 0:
            raise InvalidArgument(f"variable {variable.label!r} has no value other than NaN in the training sample")
        if known.min() == known.max() and len(known) == len(column):
            raise InvalidArgument(
                f"variable {variable.label!r} is constant in the training sample ({known[0]:g}); remove it"
            )


def train(
    booked: BookedMethod,
    *,
    job: str,
    folder: Path | None,
    threads: int,
    progress: ProgressCallback | None,
) -> list[str]:
    """Fit the transformations, train, write the model files and evaluate the training sample on what was written.

    Parameters
    ----------
    folder : where model files go; None keeps the model in memory only

    Returns
    -------
    notes to print
    """
    data = booked.dataset
    sample = data.training
    notes = []
    if booked.common["IgnoreNegWeightsInTraining"]:
        negative = sample.weight < 0
        if negative.any():
            notes.append(
                f"{int(negative.sum())} of {len(sample)} training events have a negative weight and are left out"
            )
            sample = sample.select(~negative)
            check_samples(DataSet(data.name, data.info, sample, data.test), booked.analysis_type)
    model = fit(booked, job, sample, data.validation, notes, threads=threads, progress=progress)
    if booked.common["CreateMVAPdfs"] and booked.analysis_type == "Classification":
        booked.model = model
        response = respond(booked, sample, threads)[:, 0]
        try:
            booked.densities, lines = fit_response_densities(
                booked.title, booked.density_options, response, sample, data.info.signal_class
            )
        except InvalidArgument as error:  # the training itself is not lost for it
            lines = [f"no densities of the response (CreateMVAPdfs): {error}"]
        notes += lines
        if isinstance(model, _core.Model) and booked.densities is not None:
            model = model.with_response_densities(booked.densities)
    if isinstance(model, _core.Model):
        if folder is None:
            booked.model = _core.model_from_bytes(model.to_bytes())
        else:
            notes += save(booked, model, folder, job)
    else:
        booked.model = model
        if folder is not None:
            notes.append(f"no model file: a {booked.type_name} is evaluated from memory")
    booked.response_training = respond(booked, data.training, threads)
    return notes


def fit(
    booked: BookedMethod,
    job: str,
    sample: Sample,
    validation: Sample | None,
    notes: list[str],
    *,
    threads: int,
    progress: ProgressCallback | None,
) -> Evaluator:
    """Fit the transformations and train: a ``_core.Model``, or what evaluates a method without one.

    Sets what the booking knows of its training; lines to print are added to ``notes``.
    """
    from .methods.category import BookedCategory
    from .methods.committee import BookedCommittee

    if isinstance(booked, BookedCommittee):
        return fit_committee(booked, job, sample, threads)
    if isinstance(booked, BookedCategory):
        return fit_categories(booked, job, sample, validation, notes, threads=threads, progress=progress)
    check_values(booked, sample)
    start = time.perf_counter()
    chain = fit_chain(booked, sample)
    training = training_sample(booked, sample, chain)
    checked = None
    if validation is not None and len(validation):
        checked = training_sample(booked, validation, chain)
        if not booked.method.uses_validation():
            notes.append(f"the {len(validation)} validation events are neither trained nor tested on here")
    trained = booked.method.train(training, checked, threads=threads, progress=progress)
    booked.train_seconds = time.perf_counter() - start
    booked.trained = trained
    booked.interrupted = trained.interrupted
    notes += trained.notes
    if isinstance(trained.predictor, _core.Predictor):
        outer = None if booked.method.applies_transformations else chain
        model: Evaluator = _core.Model(model_info(booked, job, sample), outer, trained.predictor)
        return model
    return TransformedEvaluator(trained.predictor, chain, booked.analysis_type == "Regression")


def fit_categories(
    booked: BookedCategory,
    job: str,
    sample: Sample,
    validation: Sample | None,
    notes: list[str],
    *,
    threads: int,
    progress: ProgressCallback | None,
) -> Evaluator:
    """Train every part on the events that pass its cut."""
    start = time.perf_counter()
    masks = booked.masks(sample, "training")
    checked = None if validation is None or not len(validation) else booked.masks(validation, "validation")
    models = []
    for i, (part, mask) in enumerate(zip(booked.parts, masks, strict=True)):
        own = booked.part_sample(sample.select(mask), part, normalise=True)
        own_validation = None
        if checked is not None and validation is not None:
            own_validation = booked.part_sample(validation.select(checked[i]), part, normalise=False)
        inner = part.booked
        check_samples(DataSet(inner.dataset.name, inner.dataset.info, own, own), booked.analysis_type)
        if inner.common["IgnoreNegWeightsInTraining"]:
            own = own.select(own.weight >= 0)
        inner_notes: list[str] = []
        models.append(fit(inner, job, own, own_validation, inner_notes, threads=threads, progress=progress))
        notes.append(f"category {inner.title!r} ({inner.type_name}), {len(own)} events: {part.cut or 'all'}")
        notes += [f"  {note}" for note in inner_notes]
        if inner.interrupted:
            raise KeyboardInterrupt(f"training of category {inner.title!r} of {booked.title!r} was interrupted")
    booked.train_seconds = time.perf_counter() - start
    cuts = [part.cut for part in booked.parts]
    model = _core.Model.of_categories(model_info(booked, job, sample), cuts, cast(list[_core.Model], models))
    booked.trained = TrainedMethod(model.predictor)
    evaluator: Evaluator = model
    return evaluator


def fit_committee(booked: BookedCommittee, job: str, sample: Sample, threads: int) -> Evaluator:
    """The mean of members that are trained already."""
    start = time.perf_counter()
    predictor = booked.combine(sample, booked.dataset.info.variable_labels, threads)
    booked.train_seconds = time.perf_counter() - start
    booked.trained = TrainedMethod(predictor)
    evaluator: Evaluator = _core.Model(model_info(booked, job, sample), None, predictor)
    return evaluator


def check_values(booked: BookedMethod, sample: Sample) -> None:
    """NaN and infinities only where the method takes them."""
    method = booked.method
    labels = booked.dataset.info.variable_labels
    for accepted, mask, what in (
        (method.accepts_missing, np.isnan(sample.variables), "NaN"),
        (method.accepts_infinite, np.isinf(sample.variables), "infinities"),
    ):
        if not accepted and mask.any():
            counts = mask.sum(axis=0)
            listed = ", ".join(f"{label!r} ({n})" for label, n in zip(labels, counts, strict=True) if n)
            raise InvalidArgument(
                f"{booked.type_name} cannot train on {what}; the training sample has such values in {listed}. "
                "Cut these events away or book another method"
            )


def fit_chain(booked: BookedMethod, sample: Sample) -> Any | None:
    """The transformations of VarTransform fitted on the training sample; None for none."""
    definition = booked.common["VarTransform"].strip()
    if definition.lower() in ("", "none", "i", "ident", "identity"):
        return None
    info = booked.dataset.info
    targets = sample.targets.shape[1] if booked.analysis_type == "Regression" else 0
    columns = joined(sample, targets)
    labels = [v.label for v in (*info.variables, *info.targets[:targets])]
    return _core.TransformationChain.fit(
        definition, columns, targets, sample.weight, sample.class_index, list(info.class_names), labels
    )


def joined(sample: Sample, targets: int) -> FloatMatrix:
    if targets == 0:
        return np.ascontiguousarray(sample.variables, np.float32)
    return np.ascontiguousarray(np.hstack([sample.variables, sample.targets[:, :targets]]), np.float32)


def training_sample(booked: BookedMethod, sample: Sample, chain: Any | None) -> TrainingSample:
    """What the method sees: variables, and in regression targets, after the transformations."""
    info = booked.dataset.info
    regression = booked.analysis_type == "Regression"
    variables = np.ascontiguousarray(sample.variables, np.float32)
    targets = np.ascontiguousarray(sample.targets, np.float32)
    itself = booked.method.applies_transformations
    if chain is not None and not itself:
        if regression and targets.shape[1]:
            transformed = chain.apply_columns(joined(sample, targets.shape[1]))
            variables = np.ascontiguousarray(transformed[:, : variables.shape[1]], np.float32)
            targets = np.ascontiguousarray(transformed[:, variables.shape[1] :], np.float32)
        else:
            variables = np.ascontiguousarray(chain.apply(variables), np.float32)
    return TrainingSample(
        variables=variables,
        class_index=np.zeros(len(sample), np.int32) if regression else sample.class_index.astype(np.int32),
        targets=targets,
        weight=np.ascontiguousarray(sample.weight, np.float64),
        variable_labels=info.variable_labels,
        # After a transformation an integer is no integer any more.
        variable_types=tuple("F" if chain is not None else v.type for v in info.variables),
        class_names=info.class_names,
        signal_class=info.signal_class,
        spectators=sample.spectators,
        chain=chain if itself else None,
    )


def model_info(booked: BookedMethod, job: str, sample: Sample) -> dict[str, Any]:
    """What the model file says about itself; sample: the training events."""
    info = booked.dataset.info
    carried = [sample.spectators.get(v.label, np.empty(0)) for v in info.spectators]

    def described(variables: tuple[VariableInfo, ...], columns: Sequence[NDArray[Any]]) -> list[dict[str, Any]]:
        ranges = [_range(v, column) for v, column in zip(variables, columns, strict=True)]
        return [
            {
                "expression": v.expression,
                "label": v.label,
                "title": v.title,
                "unit": v.unit,
                "internal": v.internal,
                "type": v.type,
                "minimum": low,
                "maximum": high,
            }
            for v, (low, high) in zip(variables, ranges, strict=True)
        ]

    outputs = [booked.title]
    if booked.analysis_type == "Multiclass":
        outputs = list(info.class_names)
    elif booked.analysis_type == "Regression":
        outputs = [target.label for target in info.targets]
    now = datetime.datetime.now(datetime.timezone.utc)
    provenance = {
        "Creator": f"diskern {__version__}",
        "Date": now.isoformat(timespec="seconds"),
        "Host": platform.node(),
        "Job": job,
        "Dataset": booked.dataset.name,
        "Training events": str(len(sample)),
        "TrainingTime": f"{booked.train_seconds:.6g}",
    }
    if booked.interrupted:
        provenance["Interrupted"] = "training was interrupted; this is the best model until then"
    return {
        "method": booked.type_name,
        "title": booked.title,
        "analysis_type": booked.analysis_type,
        "variables": described(info.variables, sample.variables.T),
        "spectators": described(info.spectators, carried),
        "targets": described(info.targets, sample.targets.T) if booked.analysis_type == "Regression" else [],
        "classes": list(info.class_names),
        "signal_class": info.signal_class,
        "options": [[name, value] for name, value in to_text(booked.options)],
        "provenance": [[name, value] for name, value in provenance.items()],
        "outputs": outputs,
    }


def _range(variable: VariableInfo, column: NDArray[Any]) -> tuple[float, float]:
    """The range that was given, else that of the training events; 0 and 0 where there is none."""
    if variable.minimum != variable.maximum:
        return float(variable.minimum), float(variable.maximum)
    if column.dtype.kind not in "fiub":
        return 0.0, 0.0
    values = np.asarray(column, np.float64)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def model_folder(dataset_name: str, weight_folder: str) -> Path:
    return Path(dataset_name).expanduser() / weight_folder


def prepare_folder(folder: Path) -> None:
    """Create the folder of model files before hours are spent on training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"cannot write model files: {str(folder)!r} is not a folder") from None
    except OSError as error:
        raise type(error)(
            error.errno, f"cannot create the folder of model files: {error.strerror}", str(folder)
        ) from None
    check_folder(folder, "model files")


def save(booked: BookedMethod, model: Any, folder: Path, job: str) -> list[str]:
    """Write the model file, and TMVA's XML where the method has one; go on with what was read back from the file."""
    from ..model import Model

    notes: list[str] = []
    path = folder / f"{job}_{booked.title}.diskern"
    model.save(str(path))
    booked.model_path = path
    booked.model = _core.load_model(str(path))
    xml = folder / f"{job}_{booked.title}.weights.xml"
    try:
        Model(model).to_tmva_xml()
    except InvalidArgument as error:
        notes.append(f"no TMVA weight file: {error}")
        xml.unlink(missing_ok=True)  # one of an earlier training would belong to another model
    else:
        Model(model).save_tmva_xml(xml)
        booked.xml_path = xml
    return notes


def respond(booked: BookedMethod, sample: Sample | FloatMatrix, threads: int) -> NDArray[np.float64]:
    """Responses of the trained model, float64 (events, outputs).

    Raises
    ------
    InvalidArgument
        a response is NaN, which no table could be made of
    """
    assert booked.model is not None
    variables = sample.variables if isinstance(sample, Sample) else sample
    events = np.ascontiguousarray(variables, np.float32)
    keys = getattr(booked.model, "key_columns", [])
    if keys:
        if not isinstance(sample, Sample):
            raise InvalidArgument(f"{booked.title!r} reads the spectators {', '.join(keys)} beside the variables")
        key = np.column_stack([np.asarray(sample.spectators[name], np.float64) for name in keys])
        keyed = cast(_core.Model, booked.model)
        responses = np.asarray(keyed.evaluate_with_key(events, key, threads=threads), np.float64)
    else:
        responses = np.asarray(booked.model.evaluate(events, threads=threads), np.float64)
    # An infinite response can still be ordered; an infinite estimate cannot be compared with a target.
    regression = booked.analysis_type == "Regression"
    good = np.isfinite(responses) if regression else ~np.isnan(responses)
    bad: NDArray[np.bool_] = np.asarray(~good.all(axis=1))
    if bad.any():
        what = "NaN or infinity" if regression else "NaN"
        raise InvalidArgument(
            f"method {booked.title!r} gives {what} for {int(bad.sum())} of {len(bad)} events, "
            f"the first is event {int(bad.argmax())}"
        )
    return responses


def environment() -> dict[str, Any]:
    """Versions, host and date for the provenance of results."""
    return {
        "diskern": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "processors": os.cpu_count(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
