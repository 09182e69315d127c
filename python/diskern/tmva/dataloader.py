"""The DataLoader: which events, which variables, which weights; split into training and test."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._core import InvalidArgument
from .._near_misses import near_misses
from ..data.accounting import format_accounting
from ..data.preparation import prepare_dataset
from ..data.sample import DataSet, DataSetInfo, VariableInfo
from ..data.selection import (
    TEST,
    TRAINING,
    UNDECIDED,
    VALIDATION,
    SelectionPlan,
    TreeInput,
    check_inputs,
    join_cuts,
)
from ..data.source import open_table
from ..data.table import MemoryTable
from ..expression import split_label
from .methods.base import Option
from .options import parse_options

SIGNAL, BACKGROUND, REGRESSION = "Signal", "Background", "Regression"

_MODES = ("Random", "Alternate", "Block")


def split_options(classes: Sequence[str]) -> tuple[Option, ...]:
    """The options of `DataLoader.PrepareTrainingAndTestTree` for some classes."""
    general = (
        Option("SplitMode", "choice", "Random", "how events are divided into training and test", _MODES),
        Option(
            "MixMode",
            "choice",
            "SameAsSplitMode",
            "order of the classes in a sample; Input keeps the order in which the events were given",
            ("SameAsSplitMode", *_MODES, "Input"),
        ),
        Option("SplitSeed", "int", 100, "seed of the split; 0 = another one each time"),
        Option(
            "NormMode",
            "choice",
            "EqualNumEvents",
            "training weights of each class: left, normalised to its number of events, or to that of the first class",
            ("None", "NumEvents", "EqualNumEvents"),
        ),
        Option("ScaleWithPreselEff", "bool", False, "scale the requested numbers by the efficiency of the cuts"),
        Option("ValidationFraction", "float", 0.0, "part of the training events set aside for early stopping"),
        Option("nan", "choice", "drop", "events with NaN: dropped, kept or an error", ("drop", "keep", "error")),
        Option("V", "bool", True, "print what happened to the events"),
        Option("VerboseLevel", "choice", "Info", "TMVA's; only V matters here", ("Debug", "Verbose", "Info")),
    )
    per_class = tuple(
        option
        for name in classes
        for option in (
            Option(f"nTrain_{name}", "int", 0, "number of training events, 0 = all"),
            Option(f"nTest_{name}", "int", 0, "number of test events, 0 = all"),
            Option(f"nValidation_{name}", "int", 0, "number of training events set aside for early stopping"),
            Option(f"TrainTestSplit_{name}", "float", 0.0, "fraction of events for training, instead of nTrain"),
        )
    )
    return general + per_class


class DataLoader:
    """Events, variables and weights of a training, in TMVA's words.

    Parameters
    ----------
    name : name of the data set; the Factory writes its models below a folder of this name.

    Notes
    -----
    Events come from anything `diskern.data.open_table` opens: ROOT, HDF5, Parquet and CSV files
    (``"files/*.root:Events"``), dictionaries of arrays, data frames, trees of uproot or PyROOT. They are read when
    they are first needed (`prepare`), in chunks, and only the columns that are used.

    Variables and targets are stored as float32 as in TMVA, spectators with their exact type. The weight of an event is
    the weight of its tree times the weight expression of its class, in float64; it may be negative. A cut passes when
    its value is at least 0.5; NaN does not. Events with NaN in a variable, target, spectator or weight are dropped
    with a warning (option `nan`); infinite variables pass and are judged by each method; an infinite weight or target
    is an error.

    The split is reproducible: see `diskern.data.split`.

    Examples
    --------
    >>> loader = DataLoader("dataset")                             # doctest: +SKIP
    >>> loader.AddVariable("m := sqrt(E*E - p*p)", "Mass", "GeV")  # doctest: +SKIP
    >>> loader.AddSignalTree("signal.root:Events")                 # doctest: +SKIP
    >>> loader.AddBackgroundTree("background*.root:Events", 0.3)   # doctest: +SKIP
    >>> loader.PrepareTrainingAndTestTree("m > 20", "SplitMode=Random:NormMode=NumEvents")  # doctest: +SKIP
    """

    def __init__(self, name: str = "default") -> None:
        if not isinstance(name, str) or not name:
            raise InvalidArgument(f"name is {name!r}, expected the name of the data set")
        self.name = name
        self._variables: list[VariableInfo] = []
        self._targets: list[VariableInfo] = []
        self._spectators: list[VariableInfo] = []
        self._classes: list[str] = []
        self._inputs: list[TreeInput] = []
        self._cuts: dict[str, str] = {}
        self._weights: dict[str, str] = {}
        # (class, tree type) -> rows and weights of events given one by one
        self._events: dict[tuple[str, int], tuple[list[list[float]], list[float]]] = {}
        self._option_text = ""
        self._option_keywords: dict[str, Any] = {}
        self._dataset: DataSet | None = None

    # ---------------------------------------------------------------- columns

    def AddVariable(
        self, expression: str, title: str = "", unit: str | float = "", type: str | float = "F", *limits: float
    ) -> None:
        """Add an input variable: ``AddVariable(expression, title, unit, type, min, max)`` or
        ``AddVariable(expression, type, min, max)``.

        Parameters
        ----------
        expression : a column, an expression of columns, or ``label := expression``
        title, unit : for plots
        type : 'F' (or TMVA's 'D') for numbers, 'I' (or 'L') for integers
        min, max : range for plots and binning; equal values: taken from the training events
        """
        if title in ("F", "I", "D", "L") and not isinstance(unit, str):
            limits = (unit, *(() if isinstance(type, str) else (type,)), *limits)
            title, unit, type = "", "", title
        elif title in ("F", "I", "D", "L") and unit == "" and type == "F" and not limits:
            title, type = "", title
        if not isinstance(unit, str) or not isinstance(type, str) or len(limits) > 2:
            raise InvalidArgument(
                f"AddVariable({expression!r}, ...): expected (expression, title, unit, type, min, max) "
                "or (expression, type, min, max)"
            )
        self._add(self._variables, "variable", expression, title, unit, type, *limits)

    def AddVariablesArray(self, expression: str, size: int, type: str = "F", min: float = 0, max: float = 0) -> None:
        """Add the elements of a fixed-size array column as variables ``expression[0]`` to ``expression[size-1]``."""
        if size < 1:
            raise InvalidArgument(f"AddVariablesArray({expression!r}): size is {size}, expected at least 1")
        for i in range(size):
            self._add(self._variables, "variable", f"{expression}[{i}]", "", "", type, min, max)

    def AddTarget(self, expression: str, title: str = "", unit: str = "", min: float = 0, max: float = 0) -> None:
        """Add a regression target."""
        self._add(self._targets, "target", expression, title, unit, "F", min, max)

    AddRegressionTarget = AddTarget

    def AddSpectator(
        self, expression: str, title: str = "", unit: str = "", min: float | str = 0, max: float = 0
    ) -> None:
        """Add a column that is carried along, with its exact type, but not trained on."""
        if min in ("F", "I"):  # TMVA's tutorials give a type here; C++ takes the letter for a number
            min = 0
        if isinstance(min, str):
            raise InvalidArgument(f"AddSpectator({expression!r}, ...): min is {min!r}, expected a number")
        self._add(self._spectators, "spectator", expression, title, unit, "F", min, max)

    def _add(
        self,
        to: list[VariableInfo],
        role: str,
        expression: str,
        title: str,
        unit: str,
        type: str,
        minimum: float = 0.0,
        maximum: float = 0.0,
    ) -> None:
        if not isinstance(expression, str) or not expression.strip():
            raise InvalidArgument(f"the expression of a {role} is {expression!r}; expected text")
        kinds = {"F": "F", "D": "F", "I": "I", "L": "I"}
        if type not in kinds:
            raise InvalidArgument(f"{role} {expression!r}: type is {type!r}, expected 'F' (numbers) or 'I' (integers)")
        if not (math.isfinite(minimum) and math.isfinite(maximum)) or minimum > maximum:
            raise InvalidArgument(f"{role} {expression!r}: the range is {minimum} to {maximum}")
        label, text = split_label(expression)
        if any(info.label == label for info in to):
            raise InvalidArgument(f"the {role} {label!r} is added twice")
        to.append(VariableInfo(text, label, title or label, unit, kinds[type], float(minimum), float(maximum)))
        self._dataset = None

    # ---------------------------------------------------------------- events

    def AddSignalTree(self, tree: Any, weight: float = 1.0, tree_type: Any = "") -> None:
        """Add events of class Signal; see `AddTree`."""
        self.AddTree(tree, SIGNAL, weight, "", tree_type)

    def AddBackgroundTree(self, tree: Any, weight: float = 1.0, tree_type: Any = "") -> None:
        """Add events of class Background; see `AddTree`."""
        self.AddTree(tree, BACKGROUND, weight, "", tree_type)

    def AddRegressionTree(self, tree: Any, weight: float = 1.0, tree_type: Any = "") -> None:
        """Add events for regression (class Regression); see `AddTree`."""
        self.AddTree(tree, REGRESSION, weight, "", tree_type)

    def AddTree(self, tree: Any, class_name: str, weight: float = 1.0, cut: str = "", tree_type: Any = "") -> None:
        """Add events of a class.

        Parameters
        ----------
        tree : whatever `diskern.data.open_table` opens; opened now, read later
        class_name : the first class named gets index 0; "Signal" is the signal class, else the first one
        weight : factor on the weights of these events
        cut : which events are used; ANDed with the cuts of the class
        tree_type : "" (split later), "Train" or "Test", also TMVA's names and numbers (kTraining = 0, kTesting = 1);
            "Validation" for events of early stopping
        """
        weight = self._tree_weight(weight)
        self._class_index(class_name)
        kind = tree_type_of(tree_type)
        self._inputs.append(TreeInput(open_table(tree), class_name, weight, cut_text(cut), kind))
        self._dataset = None

    def AddLabelledTree(
        self,
        tree: Any,
        label: str,
        classes: Mapping[Any, str],
        weight: float = 1.0,
        cut: str = "",
        tree_type: Any = "",
    ) -> None:
        """Add events of several classes, told apart by a column (not in TMVA).

        Parameters
        ----------
        label : column or expression that tells the class of each event
        classes : class name of each of its values, e.g. ``{1: "Signal", 0: "Background"}``; another value is an error
        tree, weight, cut, tree_type : as for `AddTree`

        With ``MixMode=Input`` the order of these events is kept.
        """
        weight = self._tree_weight(weight)
        if not isinstance(classes, Mapping) or not classes:
            raise InvalidArgument("classes: expected the class name of each value of the label, like {1: 'Signal'}")
        kind = tree_type_of(tree_type)
        source = TreeInput(open_table(tree), None, weight, cut_text(cut), kind, label=label, classes=dict(classes))
        for name in source.class_names:
            self._class_index(name)
        self._inputs.append(source)
        self._dataset = None

    def SetInputTrees(self, signal: Any, background: Any, *rest: Any) -> None:
        """``SetInputTrees(signal, background, signal weight, background weight)``, or ``SetInputTrees(tree, signal cut,
        background cut)`` for one tree that holds both."""
        if len(rest) == 1 and _is_cut(background) and _is_cut(rest[0]):
            self.AddTree(signal, SIGNAL, 1.0, background)
            self.AddTree(signal, BACKGROUND, 1.0, rest[0])
            return
        if len(rest) > 2:
            raise InvalidArgument("SetInputTrees: expected (signal, background, weight, weight) or (tree, cut, cut)")
        signal_weight, background_weight = (*rest, 1.0, 1.0)[:2] if rest else (1.0, 1.0)
        self.AddSignalTree(signal, signal_weight)
        self.AddBackgroundTree(background, background_weight)

    def AddTrainingEvent(self, class_name: str, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one training event: values of the variables, then targets, then spectators. Its weight is final: weight
        expressions do not apply to it."""
        self._add_event(class_name, TRAINING, event, weight)

    def AddTestEvent(self, class_name: str, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one test event; see `AddTrainingEvent`."""
        self._add_event(class_name, TEST, event, weight)

    def AddSignalTrainingEvent(self, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one training event of class Signal; see `AddTrainingEvent`."""
        self._add_event(SIGNAL, TRAINING, event, weight)

    def AddBackgroundTrainingEvent(self, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one training event of class Background; see `AddTrainingEvent`."""
        self._add_event(BACKGROUND, TRAINING, event, weight)

    def AddSignalTestEvent(self, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one test event of class Signal; see `AddTrainingEvent`."""
        self._add_event(SIGNAL, TEST, event, weight)

    def AddBackgroundTestEvent(self, event: ArrayLike, weight: float = 1.0) -> None:
        """Add one test event of class Background; see `AddTrainingEvent`."""
        self._add_event(BACKGROUND, TEST, event, weight)

    def _add_event(self, class_name: str, kind: int, event: ArrayLike, weight: float) -> None:
        values = np.asarray(event, dtype=np.float64)
        expected = len(self._variables) + len(self._targets) + len(self._spectators)
        if values.shape != (expected,):
            raise InvalidArgument(
                f"event has shape {values.shape}; expected {expected} values: {len(self._variables)} variables, "
                f"{len(self._targets)} targets, {len(self._spectators)} spectators"
            )
        self._class_index(class_name)
        rows, weights = self._events.setdefault((class_name, kind), ([], []))
        rows.append(values.tolist())
        weights.append(float(weight))
        self._dataset = None

    def _class_index(self, name: str) -> int:
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgument(f"the class name is {name!r}; expected text")
        if name not in self._classes:
            self._classes.append(name)
        return self._classes.index(name)

    @staticmethod
    def _tree_weight(weight: Any) -> float:
        if isinstance(weight, str) or not math.isfinite(weight):
            raise InvalidArgument(
                f"the weight of a tree is {weight!r}; expected a number (for a weight per event: SetWeightExpression)"
            )
        return float(weight)

    # ---------------------------------------------------------------- weights and cuts

    def SetSignalWeightExpression(self, expression: str) -> None:
        """Weight of each event of class Signal, an expression of columns."""
        self.SetWeightExpression(expression, SIGNAL)

    def SetBackgroundWeightExpression(self, expression: str) -> None:
        """Weight of each event of class Background, an expression of columns."""
        self.SetWeightExpression(expression, BACKGROUND)

    def SetWeightExpression(self, expression: str, class_name: str = "") -> None:
        """Weight of each event of a class, or of all classes known so far when `class_name` is empty."""
        for name in self._for_classes(class_name, "SetWeightExpression"):
            self._weights[name] = cut_text(expression)
        self._dataset = None

    def SetCut(self, cut: str, class_name: str = "") -> None:
        """Replace the cut of a class, or of all classes known so far when `class_name` is empty."""
        for name in self._for_classes(class_name, "SetCut"):
            self._cuts[name] = cut_text(cut)
        self._dataset = None

    def AddCut(self, cut: str, class_name: str = "") -> None:
        """AND a cut to that of a class, or of all classes known so far when `class_name` is empty."""
        for name in self._for_classes(class_name, "AddCut"):
            self._cuts[name] = join_cuts(self._cuts.get(name, ""), cut_text(cut))
        self._dataset = None

    def _for_classes(self, class_name: str, verb: str) -> list[str]:
        if class_name:
            self._class_index(class_name)
            return [class_name]
        if not self._classes:
            raise InvalidArgument(f"{verb}: no class is known yet; add the trees first, or name the class")
        return list(self._classes)

    # ---------------------------------------------------------------- split

    def PrepareTrainingAndTestTree(self, *arguments: Any, **options: Any) -> None:
        """Say which events are used and how they are split into training and test.

        ``PrepareTrainingAndTestTree(cut, options)``,
        ``PrepareTrainingAndTestTree(signal cut, background cut, options)``,
        ``PrepareTrainingAndTestTree(cut, NsigTrain, NbkgTrain, NsigTest, NbkgTest, options="SplitMode=Random:!V")``,
        ``PrepareTrainingAndTestTree(cut, Ntrain, Ntest=-1)``; options as TMVA's string, as keyword arguments, or both.

        Options
        -------
        nTrain_<class>, nTest_<class> : int, default 0
            Numbers of events, 0 = all. Both 0: the undecided events make both samples equally large. One given: the
            other sample takes all the rest. Both given: exactly these.
        TrainTestSplit_<class> : float, default 0
            Fraction of events for training, in place of the numbers (both together is an error).
        SplitMode : Random, Alternate or Block; default Random
            Shuffled by `SplitSeed` and then divided; training, test, training, ...; the first ones train.
        MixMode : SameAsSplitMode, Random, Alternate, Block or Input; default SameAsSplitMode
            Order of the classes in each sample: shuffled, in turn, one class after the other; Input (not in TMVA) keeps
            the order in which events were given, to replay a stored split with `tree_type`.
        SplitSeed : int, default 100; 0 = another one each time (`DataSet.split_options` tells which)
        NormMode : None, NumEvents or EqualNumEvents; default EqualNumEvents
            Factor on the training weights of class c: 1, N_c / sum(w_c) or N_0 / sum(w_c), N the numbers of training
            events. Test weights stay as they are; validation weights get the same factors.
        ScaleWithPreselEff : bool, default False
            Multiply the requested numbers by the efficiency of the cuts; that none is left is an error.
        ValidationFraction, nValidation_<class> : default 0 (not in TMVA)
            Training events taken out, at random by SplitSeed, for early stopping; apart from the test events. The
            number of a class wins over the fraction of all.
        nan : drop, keep or error; default drop (not in TMVA, which drops)
        V : bool, default True
            Print the table of what happened to the events.

        Raises
        ------
        InvalidArgument
            Unknown option (with near misses) or wrong arguments. Everything that needs the events is told by `prepare`.
        """
        cuts, text, numbers = _prepare_arguments(arguments)
        if numbers:
            options = {**{name: n for name, n in numbers.items() if name not in options}, **options}
            for name in (SIGNAL, BACKGROUND):
                self._class_index(name)
        if len(cuts) == 2:
            self.AddCut(cuts[0], SIGNAL)
            self.AddCut(cuts[1], BACKGROUND)
        elif cuts[0]:
            self._known_classes("PrepareTrainingAndTestTree")
            self.AddCut(cuts[0])
        values, given = parse_options(
            text, split_options(self._classes), _context="PrepareTrainingAndTestTree", **options
        )
        if "VerboseLevel" in given and values["V"]:
            print("Note: VerboseLevel of PrepareTrainingAndTestTree has no effect; V has")
        self._option_text, self._option_keywords = text, dict(options)
        self._dataset = None

    def _known_classes(self, verb: str) -> None:
        if not self._classes:
            raise InvalidArgument(
                f"{verb}: there are no events; add the trees first (AddSignalTree, AddBackgroundTree, AddTree)"
            )

    def prepare(self, *, verbose: bool | None = None) -> DataSet:
        """Read the events and make the samples; does nothing when that is done already.

        Parameters
        ----------
        verbose : print the table of events; None: as the option V says

        Raises
        ------
        InvalidArgument
            No variables or events, one class only (and no target), a class that is empty, cut away or of zero weight,
            more events requested than there are, unknown columns.
        FormatError, FileNotFoundError
            Files that cannot be read.
        """
        if self._dataset is None:
            self._check()
            values, _ = parse_options(
                self._option_text,
                split_options(self._classes),
                _context="PrepareTrainingAndTestTree",
                **self._option_keywords,
            )
            signal = self._classes.index(SIGNAL) if SIGNAL in self._classes else 0
            info = DataSetInfo(
                tuple(self._variables), tuple(self._spectators), tuple(self._targets), tuple(self._classes), signal
            )
            plan = SelectionPlan(
                self._variables, self._targets, self._spectators, self._cuts, self._weights, nan=values["nan"]
            )
            self._dataset = prepare_dataset(self.name, info, [*self._inputs, *self._event_inputs()], plan, values)
            if values["V"] if verbose is None else verbose:
                print(f"Events of {self.name!r}:\n{format_accounting(self._dataset.accounting)}\n")
        return self._dataset

    def check_columns(self) -> None:
        """Check that every tree has the columns that variables, targets, spectators, cuts and weights read.

        Raises
        ------
        InvalidArgument
            as `prepare`, for what can be told without reading events
        """
        self._check()
        plan = SelectionPlan(self._variables, self._targets, self._spectators, self._cuts, self._weights)
        check_inputs(self._inputs, plan)

    @property
    def dataset(self) -> DataSet:
        """The prepared samples; prepared on first use."""
        return self.prepare()

    def GetCorrelationMatrix(self, class_name: str) -> np.ndarray:
        """Linear correlation coefficients of the variables in the training events of a class, weighted, from -1 to 1.

        Raises
        ------
        InvalidArgument
            unknown class, with near misses
        """
        from ..evaluation import correlation_matrix

        data = self.dataset
        names = data.info.class_names
        if class_name not in names:
            raise InvalidArgument(f"no class {class_name!r}{near_misses(str(class_name), names)} ({', '.join(names)})")
        mask = data.training.class_index == names.index(class_name)
        return correlation_matrix(data.training.variables[mask], data.training.weight[mask])

    def GetDataSetInfo(self) -> DataSetInfo:
        """Variables, spectators, targets and classes."""
        return self.dataset.info

    GetDefaultDataSetInfo = GetDataSetInfo

    def MakeCopy(self, name: str) -> DataLoader:
        """A DataLoader of another name with the same events, variables and options."""
        twin = DataLoader(name)
        for attribute, value in vars(self).items():
            if attribute not in ("name", "_dataset"):
                setattr(twin, attribute, copy.deepcopy(value) if attribute == "_events" else copy.copy(value))
        return twin

    def _check(self) -> None:
        if not self._variables:
            raise InvalidArgument(f"the DataLoader {self.name!r} has no variables: AddVariable first")
        self._known_classes(f"DataLoader {self.name!r}")
        used = {name for source in self._inputs for name in source.class_names} | {name for name, _ in self._events}
        for name in self._classes:
            if name not in used:
                raise InvalidArgument(
                    f"class {name!r} has no events: no tree was added for it{near_misses(name, used - {name})} "
                    f"(classes with events: {', '.join(sorted(used)) or 'none'})"
                )
        if len(self._classes) < 2 and not self._targets:
            raise InvalidArgument(
                f"there is only one class, {self._classes[0]!r}: classification needs at least two "
                "(regression: AddTarget)"
            )
        labels = [info.label for info in (*self._variables, *self._targets)]
        for label in labels:
            if labels.count(label) > 1:
                raise InvalidArgument(f"{label!r} is both a variable and a target")

    def _event_inputs(self) -> list[TreeInput]:
        """Events given one by one, as tables whose columns are named by label."""
        labels = [info.label for info in (*self._variables, *self._targets, *self._spectators)]
        inputs = []
        for (class_name, kind), (rows, weights) in self._events.items():
            if len(rows[0]) != len(labels):
                raise InvalidArgument("variables, targets or spectators were added after the first event")
            values = np.array(rows, dtype=np.float64)
            columns: dict[str, Any] = {}
            for i, label in enumerate(labels):  # a spectator may repeat a variable; then its value is the variable's
                columns.setdefault(label, values[:, i])
            hidden = "weight of the event"
            columns[hidden] = np.array(weights, dtype=np.float64)
            table = MemoryTable(columns, f"events of class {class_name!r} given one by one")
            inputs.append(TreeInput(table, class_name, 1.0, "", kind, direct=True, weight_column=hidden))
        return inputs


def cut_text(cut: Any) -> str:
    """A cut or weight as text; also a ROOT TCut."""
    if cut is None:
        return ""
    if isinstance(cut, str):
        return cut.strip()
    if hasattr(cut, "GetTitle"):
        return str(cut.GetTitle()).strip()
    if isinstance(cut, (int, float)) and not isinstance(cut, bool):
        return repr(cut)
    raise InvalidArgument(f"the cut or weight is a {type(cut).__name__}; expected an expression as text")


def _is_cut(value: Any) -> bool:
    return isinstance(value, str) or hasattr(value, "GetTitle")


def tree_type_of(tree_type: Any) -> int:
    """Undecided, training, test or validation, from TMVA's names and numbers."""
    numbers = {0: TRAINING, 1: TEST, 2: UNDECIDED, 3: VALIDATION}  # TMVA::Types::ETreeType
    if tree_type is None or tree_type == "":
        return UNDECIDED
    if isinstance(tree_type, (int, np.integer)) and not isinstance(tree_type, bool) and int(tree_type) in numbers:
        return numbers[int(tree_type)]
    name = str(getattr(tree_type, "name", tree_type)).lower()
    if name in ("kmaxtreetype", "undecided"):
        return UNDECIDED
    found = [kind for word, kind in (("train", TRAINING), ("test", TEST), ("validation", VALIDATION)) if word in name]
    if found == [TRAINING, TEST]:  # "TrainAndTest": split later, as in TMVA
        return UNDECIDED
    if len(found) == 1:
        return found[0]
    raise InvalidArgument(f"tree_type is {tree_type!r}; expected 'Train', 'Test', 'Validation' or '' (split later)")


def _prepare_arguments(arguments: Sequence[Any]) -> tuple[list[str], str, dict[str, int]]:
    """Cuts, option string and numbers of events of PrepareTrainingAndTestTree's signatures."""
    numbers = [a for a in arguments if isinstance(a, (int, np.integer)) and not isinstance(a, bool)]
    words = [cut_text(a) for a in arguments if a is None or not isinstance(a, (int, float, np.integer))]
    first_is_cut = not arguments or arguments[0] is None or _is_cut(arguments[0])
    given = {}
    if first_is_cut and not numbers and len(words) == len(arguments) and len(words) <= 3:
        if len(words) == 3:
            return words[:2], words[2], {}
        return [words[0] if words else ""], words[1] if len(words) == 2 else "", {}
    if first_is_cut and len(words) + len(numbers) == len(arguments) and len(words) <= 2:
        text = words[1] if len(words) == 2 else "SplitMode=Random:!V"
        if len(numbers) == 4 and all(a == b for a, b in zip(arguments[1:5], numbers, strict=True)):
            keys = (f"nTrain_{SIGNAL}", f"nTrain_{BACKGROUND}", f"nTest_{SIGNAL}", f"nTest_{BACKGROUND}")
            given = dict(zip(keys, numbers, strict=True))
        elif len(numbers) in (1, 2) and len(words) == 1:
            test = numbers[1] if len(numbers) == 2 else 0
            for name in (SIGNAL, BACKGROUND):
                given[f"nTrain_{name}"], given[f"nTest_{name}"] = numbers[0], test
        if given:
            return [words[0]], text, {name: max(int(n), 0) for name, n in given.items()}  # -1 is TMVA's "all"
    raise InvalidArgument(
        "PrepareTrainingAndTestTree: expected (cut, options), (signal cut, background cut, options), "
        "(cut, NsigTrain, NbkgTrain, NsigTest, NbkgTest, options) or (cut, Ntrain, Ntest)"
    )
