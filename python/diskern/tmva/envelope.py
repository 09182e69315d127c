"""TMVA's Envelope: one DataLoader, the methods that are booked on it, and something that is done with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from .._core import InvalidArgument
from .booking import BookedMethod, analysis_type_of, book, check_title
from .factory import FACTORY_OPTIONS, MethodError
from .methods.base import AnalysisType, Option
from .options import parse_options
from .output import check_output
from .types import gConfig

if TYPE_CHECKING:
    from ..data.sample import DataSet
    from .dataloader import DataLoader


@dataclass(frozen=True)
class Booking:
    """What was booked: enough to book it again on other events."""

    kind: Any
    title: str
    options: str
    keywords: dict[str, Any]

    def on(self, data: DataSet, analysis_type: AnalysisType, title: str = "", **more: Any) -> BookedMethod:
        """The method booked on a dataset; ``more`` are options in place of those that were booked."""
        return book(data, analysis_type, self.kind, title or self.title, self.options, {**self.keywords, **more})


class Envelope(ABC):
    """Base of CrossValidation, HyperParameterOptimisation and VariableImportance.

    Parameters
    ----------
    name : name of the job
    loader : DataLoader; its training events are used
    output : name of the output file (.root), an open file of uproot, or None; an option string may stand in its place
    options : TMVA's option string
    threads : threads of everything together; 0: all that are available. Results do not depend on it.
    keywords : options as keyword arguments
    """

    # The options of the class; those of the Factory that mean something here are among them.
    option_table: tuple[Option, ...] = FACTORY_OPTIONS

    def __init__(
        self,
        name: str,
        loader: DataLoader,
        output: Any = None,
        options: str = "",
        *,
        threads: int = 0,
        **keywords: Any,
    ) -> None:
        if not isinstance(name, str) or not name or set(name) & set("/\\\0"):
            raise InvalidArgument(f"the name of the job must be able to be part of a file name, got {name!r}")
        if not hasattr(loader, "prepare"):
            raise InvalidArgument(f"loader must be a DataLoader, got {type(loader).__name__}")
        if isinstance(output, str) and not options and not output.lower().endswith(".root"):
            output, options = None, output
        if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 0:
            raise InvalidArgument(f"threads must be 0 (all) or a positive number, got {threads!r}")
        self.job = name
        self.loader = loader
        self.threads = int(threads)
        self.output = check_output(output)
        self.options, self._given = parse_options(
            options, self.option_table, _context=f"{type(self).__name__} {name!r}", **keywords
        )
        self._bookings: list[Booking] = []

    # -- booking ------------------------------------------------------------------------------------------------------

    def BookMethod(self, type: Any, title: str, options: str = "", **keywords: Any) -> None:
        """Book a method: its name, a member of Types or an estimator object; options as in ``Factory.BookMethod``.

        Raises
        ------
        InvalidArgument
            unknown type or option (with near misses), a title that is taken
        """
        check_title(title)
        if any(booking.title == title for booking in self._bookings):
            raise InvalidArgument(f"a method titled {title!r} is already booked; titles are unique")
        booking = Booking(type, title, options, dict(keywords))
        data = self._data()
        booking.on(data, self.analysis_type())  # what is wrong with it is told now
        self._bookings.append(booking)

    def GetMethods(self) -> list[str]:
        """Titles of the booked methods."""
        return [booking.title for booking in self._bookings]

    def HasMethod(self, title: str) -> bool:
        return any(booking.title == title for booking in self._bookings)

    def GetDataLoader(self) -> DataLoader:
        return self.loader

    def SetDataLoader(self, loader: DataLoader) -> None:
        """Use the events of another DataLoader."""
        if not hasattr(loader, "prepare"):
            raise InvalidArgument(f"loader must be a DataLoader, got {type(loader).__name__}")
        self.loader = loader

    def SetVerbose(self, verbose: bool = True) -> None:
        """Print the options of every method."""
        self.options["V"] = bool(verbose)

    @abstractmethod
    def Evaluate(self) -> Any:
        """Do what the class is for, with every booked method."""

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _data(self) -> DataSet:
        return self.loader.prepare(verbose=False) if self._silent() else self.loader.dataset

    def analysis_type(self) -> AnalysisType:
        """What is done: as the option says, else from the classes and targets."""
        return analysis_type_of(self._data(), self.options.get("AnalysisType", "Auto"))

    def _require_methods(self) -> None:
        if not self._bookings:
            raise InvalidArgument("no method is booked: call BookMethod first")

    def _silent(self) -> bool:
        return bool(self.options.get("Silent", False)) or gConfig().IsSilent()

    def _shows_progress(self) -> bool:
        return bool(self.options.get("DrawProgressBar", True)) and gConfig().DrawProgressBar() and not self._silent()

    def _print(self, text: str) -> None:
        if not self._silent():
            print(text, flush=True)


class _Result(Protocol):
    def table(self) -> Any: ...


R = TypeVar("R", bound=_Result)


class Study(Envelope, Generic[R]):
    """An envelope that has one result for every booked method, of what :meth:`_study` does with it."""

    option_table = (
        Option("Silent", "bool", False, "print nothing"),
        Option("V", "bool", False, "print the options of every method"),
        Option("DrawProgressBar", "bool", True, "show progress on a terminal"),
        Option(
            "AnalysisType",
            "choice",
            "Auto",
            "what to do",
            choices=("Classification", "Regression", "Multiclass", "Auto"),
        ),
    )
    #: what is done, in the message that it failed
    action: ClassVar[str]

    def __init__(self, loader: Any, options: str = "", *, threads: int = 0, **keywords: Any) -> None:
        super().__init__(type(self).__name__, loader, None, options, threads=threads, **keywords)
        self._results: list[R] | None = None

    @abstractmethod
    def _study(self, booked: BookedMethod) -> R:
        """The result of one method."""

    def Evaluate(self) -> None:
        """Do it, method after method, and print the results.

        Raises
        ------
        InvalidArgument
            no method is booked
        MethodError
            methods that failed; the others are done
        KeyboardInterrupt
        """
        self._require_methods()
        data, analysis_type = self._data(), self.analysis_type()
        results: list[R] = []
        errors: dict[str, BaseException] = {}
        for booking in self._bookings:
            try:
                result = self._study(booking.on(data, analysis_type))
            except InvalidArgument as error:
                errors[booking.title] = error
                self._print(f"ERROR: {error}")
                continue
            results.append(result)
            self._print(f"\n{result.table()}")
        self._results = results
        if errors:
            raise MethodError(self.action, errors)

    def GetResults(self) -> list[R]:
        """One result per method, in the order of booking."""
        if self._results is None:
            raise InvalidArgument("there are no results yet: call Evaluate first")
        return list(self._results)
