"""What a Factory does with files of models: takes trained ones in, writes C++."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from .. import _core
from .._core import InvalidArgument
from .booking import COMMON_OPTIONS, BookedMethod, analysis_type_of, check_title
from .methods.base import Method, TrainedMethod
from .training import check_samples, prepare_folder, respond

if TYPE_CHECKING:
    from .dataloader import DataLoader


class LoadedMethod(Method):
    """A method that was trained elsewhere."""

    type_name = "Loaded"
    options = ()
    analysis_types = frozenset({"Classification", "Regression", "Multiclass"})

    def train(self, *arguments: Any, **keywords: Any) -> NoReturn:
        raise InvalidArgument(f"{self.title!r} was read from a weight file: it is trained already")


class WeightFiles:
    """Mixed into the Factory."""

    job: str
    threads: int
    options: dict[str, Any]
    _booked: dict[str, list[BookedMethod]]

    if TYPE_CHECKING:

        def _dataset_name(self, dataset: Any) -> str: ...
        def _find(self, dataset: Any, title: str | None) -> BookedMethod: ...
        def _folder(self, name: str) -> Path: ...
        def _print(self, text: str) -> None: ...
        def _silent(self) -> bool: ...

    def BookMethodWeightfile(
        self, loader: DataLoader, type: Any, weightfile: str | os.PathLike[str], title: str = ""
    ) -> BookedMethod:
        """Take a trained model into the comparison: it is tested and evaluated like the methods that are trained here.

        Parameters
        ----------
        loader : DataLoader, with the variables of the model in its order
        type : the model's method, as for ``BookMethod``
        weightfile : weight file of TMVA or model file of Diskern
        title : unique in the dataset; the model's by default

        Raises
        ------
        InvalidArgument
            a model of another method or analysis, other variables, classes or targets, a title that is taken
        FormatError, FileNotFoundError
            the file cannot be read
        """
        from ..model import load

        model = load(weightfile)
        where = f"BookMethodWeightfile {os.fspath(weightfile)!r}"
        wanted = str(getattr(type, "type_name", type))
        if wanted.lower() != model.method.lower():
            raise InvalidArgument(f"{where}: the file holds a {model.method}, the booking says {wanted}")
        data = loader.prepare(verbose=False) if self._silent() else loader.dataset
        kind = analysis_type_of(data, self.options["AnalysisType"])
        labels = data.info.variable_labels
        for what, own, expected in (
            ("analysis", model.analysis_type, kind),
            ("variables", model.variables, labels),
            # A regression has no classes, and nothing else has targets that count.
            ("targets", model.targets, tuple(target.label for target in data.info.targets))
            if kind == "Regression"
            else ("classes", model.classes, data.info.class_names),
        ):
            if own != expected:
                raise InvalidArgument(f"{where}: the {what} of the model: {own}; of the dataset: {expected}")
        title = check_title(title or model.title)
        methods = self._booked.get(loader.name, [])
        if methods and methods[0].dataset is not data:
            raise InvalidArgument(
                f"two DataLoaders are named {loader.name!r}; the name is the folder of the model files"
            )
        if any(method.title == title for method in methods):
            raise InvalidArgument(f"a method titled {title!r} is already booked on {loader.name!r}; titles are unique")
        check_samples(data, kind)
        booked = BookedMethod(
            title,
            model.method,
            LoadedMethod(title, kind, {}),
            data,
            kind,
            dict(model.options),
            {option.name: option.default for option in COMMON_OPTIONS},
            set(),
            kind=model.method,
        )
        booked.model = model._model
        booked.response_training = respond(booked, data.training, self.threads)
        booked.trained = TrainedMethod(model.predictor)
        self._booked.setdefault(loader.name, methods).append(booked)
        self._print(f"Booked {model.method} as {title!r} on dataset {loader.name!r}, trained: {os.fspath(weightfile)}")
        return booked

    def MakeClass(self, dataset: Any = None, title: str | None = None) -> list[Path]:
        """Write C++ headers that evaluate trained methods with nothing but the standard library, beside the model
        files: ``<dataset>/weights/<job>_<title>.class.hpp``. TMVA writes its ``.class.C`` with every training.

        Parameters
        ----------
        dataset, title : as for ``GetROCCurve``; without a title all trained methods

        Returns
        -------
        the paths; a method that has no such form is left out, with a note

        Raises
        ------
        InvalidArgument
            nothing is trained; the method that was named cannot be written
        """
        from ..model import Model
        from ..report.write import write_text

        named = title is not None or (isinstance(dataset, str) and dataset not in self._booked)
        methods = [self._find(dataset, title)] if named else self._booked[self._dataset_name(dataset)]
        trained = [booked for booked in methods if isinstance(booked.model, _core.Model)]
        if not trained:
            raise InvalidArgument("no method with a model is trained: call TrainAllMethods first")
        paths = []
        for booked in trained:
            name = re.sub(r"\W", "_", booked.title)
            try:
                header = Model(cast(_core.Model, booked.model)).to_header(f"_{name}" if name[:1].isdigit() else name)
            except InvalidArgument as error:
                if named:
                    raise
                self._print(f"Note: no C++ of {booked.title}: {error}")
                continue
            folder = self._folder(booked.dataset.name)
            prepare_folder(folder)
            path = folder / f"{self.job}_{booked.title}.class.hpp"
            write_text(path, header)
            self._print(f"C++ of {booked.title} written to {path}")
            paths.append(path)
        return paths

    def model_path(self, title: str, dataset: Any = None) -> Path | None:
        """The model file of a trained method; None for estimator objects and without ModelPersistence."""
        return self._find(dataset, title).model_path
