"""Weight files of TMVA's CrossValidation: one that names the folds, and one for the method of each fold beside it.

TMVA writes ``<job>_<title>.weights.xml`` with the number of folds, the expression that chooses one, and no weights;
the methods stand in ``<job>_<title>_fold<i>.weights.xml``, i from 1. ``read_folds`` makes one model of them,
``write_folds`` writes them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from . import _core
from ._core import FormatError, InvalidArgument

_NUMBER = 1000  # folds at most
_LARGEST = 1 << 24  # bytes; such a file holds no weights
_METHOD = re.compile(rb'<MethodSetup\s[^>]*Method\s*=\s*"Cross(Validation|Evaluation)::')
# TFormula's parameters: [NumFolds] is the number of folds, any other name is a spectator. x[0] is none.
_PARAMETER = re.compile(r"(?<![\w\])])\[\s*([A-Za-z_][\w.]*)\s*\]")


# What the methods of all folds have in common.
_ALIKE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "the method": lambda info: info["method"],
    "the analysis type": lambda info: info["analysis_type"],
    "the variables": lambda info: [variable["label"] for variable in info["variables"]],
    "the classes": lambda info: info["classes"],
    "this number of outputs:": lambda info: len(info["outputs"]),
}


def formula_text(expression: str, n_folds: int) -> str:
    """TMVA's SplitExpr as an expression of spectators: ``int(fabs([eventID]))%int([NumFolds])`` ->
    ``int(fabs(eventID))%int(5)``."""

    def parameter(match: re.Match[str]) -> str:
        return str(n_folds) if match[1].lower() == "numfolds" else match[1]

    return re.sub(r"\b[nN]umFolds\b", str(n_folds), _PARAMETER.sub(parameter, expression))


def names_folds(content: bytes) -> bool:
    """Whether a weight file is that of a CrossValidation."""
    return _METHOD.search(content, 0, 4096) is not None


def fold_path(folder: Path, job: str, title: str, fold: int) -> Path:
    """The weight file of a fold, counted from 0."""
    return folder / f"{job}_{title}_fold{fold + 1}.weights.xml"


def read_folds(content: bytes, path: str | os.PathLike[str], load: Callable[[Path], Any]) -> _core.Model:
    """The model of a weight file that names folds.

    Parameters
    ----------
    content : of the file
    path : of the file; those of the folds lie beside it
    load : reads the model of a fold

    Raises
    ------
    FormatError
        An attribute or a file is missing or makes no sense; no rule says which fold an event belongs to.
    """
    where = f"'{os.fspath(path)}'"
    if len(content) > _LARGEST or b"<!" in content.replace(b"<!--", b""):
        raise FormatError(f"{where}: too large for a file of folds, or with declarations, which are not read")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise FormatError(f"{where}: not well-formed: {error}") from None
    weights = root.find("Weights")
    if weights is None:
        raise FormatError(f"{where}: the section Weights is missing")

    def attribute(name: str) -> str:
        value = weights.get(name)
        if value is None:
            given = ", ".join(weights.keys()) or "none"
            raise FormatError(f"{where}: Weights has no attribute {name} (it has {given})")
        return value

    job, title = attribute("JobName"), attribute("EncapsulatedMethodName")
    if any(character in job + title for character in "/\\\0"):
        raise FormatError(f"{where}: JobName {job!r} and EncapsulatedMethodName {title!r} are no parts of a file name")
    try:
        count = int(attribute("NumFolds"))
    except ValueError:
        count = 0
    if not 2 <= count <= _NUMBER:
        raise FormatError(f"{where}: NumFolds is {weights.get('NumFolds')!r}, expected 2 to {_NUMBER}")
    ensembling, expression = attribute("OutputEnsembling"), attribute("SplitExpr")
    try:
        if ensembling == "Avg":
            rule = _core.FoldRule.mean(count)
        elif ensembling != "None":
            raise FormatError(f"{where}: OutputEnsembling is {ensembling!r}, expected None or Avg")
        elif expression:
            rule = _core.FoldRule.expression(count, formula_text(expression, count))
        else:
            raise FormatError(
                f"{where}: the folds were drawn at random (no SplitExpr, OutputEnsembling=None), so that nothing tells "
                f"the fold of an event; load a fold, {fold_path(Path(), job, title, 0)}"
            )
    except InvalidArgument as error:
        raise FormatError(f"{where}: SplitExpr: {error}") from None
    models = []
    for fold in range(count):
        file = fold_path(Path(path).parent, job, title, fold)
        if not file.exists() and file.with_name(f"{file.name}.gz").exists():
            file = file.with_name(f"{file.name}.gz")
        if not file.exists():
            raise FormatError(f"{where}: the weight file of fold {fold + 1} of {count} is missing: '{file}'")
        models.append(load(file)._model)
    info = models[0].info
    if info["analysis_type"] == "Classification":
        info["outputs"] = [title]  # rather than that of the fold
    for fold, model in enumerate(models):
        for what, of in _ALIKE.items():
            if of(model.info) != of(info):
                raise FormatError(f"{where}: fold {fold + 1} has {what} {of(model.info)}, fold 1 {of(info)}")
    if info["method"] != attribute("EncapsulatedMethodTypeName"):
        raise FormatError(
            f"{where}: EncapsulatedMethodTypeName is {weights.get('EncapsulatedMethodTypeName')!r}, the folds hold a "
            f"{info['method']}"
        )
    spectators = [spectator["label"] for spectator in info["spectators"]]
    for name in rule.key_columns:
        if name not in spectators:
            listed = ", ".join(spectators) or "none"
            raise FormatError(f"{where}: SplitExpr reads {name!r}, which is no spectator (spectators: {listed})")
    info["title"] = title
    info["provenance"] = [*info["provenance"], ["Folds", str(count)]]
    try:
        predictor = _core.FoldsPredictor(rule, [m.predictor for m in models], [m.chain for m in models])
        return _core.Model(info, None, predictor)
    except InvalidArgument as error:
        raise FormatError(f"{where}: {error}") from None


def write_folds(models: Sequence[Any], folder: Path, job: str, title: str, expression: str, ensembling: str) -> Path:
    """Write the weight files of a CrossValidation.

    Parameters
    ----------
    models : the `Model` of each fold
    expression : TMVA's SplitExpr
    ensembling : None or Avg

    Returns
    -------
    the path of the file that names the folds

    Raises
    ------
    InvalidArgument
        TMVA's format cannot express the models; nothing is written.
    """
    from .report.write import write_text

    texts = [model.to_tmva_xml() for model in models]
    method = models[0].method
    for fold, text in enumerate(texts):
        named = rf'\g<1>{method}::{_escaped(title)}_fold{fold + 1}"'
        own = re.sub(r'(<MethodSetup\s+Method=")[^"]*"', named, text, count=1)
        write_text(fold_path(folder, job, title, fold), own)
    root = ElementTree.fromstring(texts[0].encode())
    root.set("Method", f"CrossValidation::{title}")
    settings = {
        "EncapsulatedMethodName": title,
        "EncapsulatedMethodTypeName": method,
        "NumFolds": str(len(models)),
        "OutputEnsembling": ensembling,
        "SplitExpr": expression,
    }
    options = root.find("Options")
    if options is not None:
        options.clear()
        for name, value in settings.items():
            ElementTree.SubElement(options, "Option", name=name, modified="Yes").text = value
    chains = root.find("Transformations")
    if chains is not None:
        chains.clear()
        chains.set("NTransformations", "0")
    for name in ("Weights", "MVAPdfs"):
        for old in root.findall(name):
            root.remove(old)
    ElementTree.SubElement(root, "MVAPdfs")
    ElementTree.SubElement(root, "Weights", JobName=job, **settings)
    ElementTree.indent(root)
    path = folder / f"{job}_{title}.weights.xml"
    write_text(path, '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n")
    return path


def _escaped(text: str) -> str:
    from xml.sax.saxutils import escape

    return escape(text, {'"': "&quot;"}).replace("\\", "\\\\")
