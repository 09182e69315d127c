"""Train, test and compare the methods that a configuration books.

The configuration is YAML or TOML (a .py file is run as an ordinary booking script):

  job: magic                       # names the model files
  analysis: Classification         # or Regression, Multiclass; default: from the classes
  output: magic.root               # TestTree and TrainTree with all responses; optional
  report: magic.html               # optional
  data:
    name: dataset                  # folder of the weight files
    variables: [fLength, fWidth, "size := log10(fSize)"]
    spectators: [fDist]
    signal: {source: "gamma.root:Events", weight: 1.0}
    background: [{source: "hadron1.csv.gz"}, {source: "hadron2.parquet", cut: "fDist > 0"}]
    weight: "w"                    # expression for all classes, or {Signal: w, Background: "w*2"}
    cut: "fLength > 0"
    prepare: {SplitMode: Random, nTrain_Signal: 3000}     # PrepareTrainingAndTestTree
  methods:
    - {type: BDT, title: BDTG, options: "NTrees=400:BoostType=Grad"}
    - {type: Fisher, title: Fisher}
    - {type: MLP, title: MLP, options: {HiddenLayers: "N+5", VarTransform: N}}
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config import ConfigurationError, as_list, check_keys, read

EPILOG = """\
Paths in the configuration are relative to the folder you call diskern from. --check reads the configuration, with every
option of every method, and the names of the columns in its files, reports what it would do and stops before any event
is read.
"""

_TREE_KEYS = ("source", "weight", "cut", "class", "use")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("configuration", type=Path, help=".yaml, .toml, or a .py booking script")
    parser.add_argument("arguments", nargs="*", help="passed on to a .py script; write -- before its options")
    parser.add_argument("--check", action="store_true", help="check the configuration and stop")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads to use; 0 (default): all available"
    )


def execute(arguments: argparse.Namespace) -> int:
    path: Path = arguments.configuration
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {str(path)!r}")
    if path.suffix == ".py":
        for option, given in (("--check", arguments.check), ("--threads", arguments.threads != 0)):
            if given:
                raise ConfigurationError(
                    f"{option} is for configurations: a script books by itself (options of the script come after --)"
                )
        sys.argv = [str(path), *arguments.arguments]
        sys.path.insert(0, str(path.parent.resolve()))
        runpy.run_path(str(path), run_name="__main__")
        return 0
    if arguments.arguments:
        raise ConfigurationError(f"unexpected arguments {' '.join(arguments.arguments)!r}")
    if arguments.threads < 0:
        raise ConfigurationError(f"--threads must be 0 (all) or a positive number, got {arguments.threads}")
    configuration = check(path, read(path))
    check_options(str(path), configuration)
    if arguments.check:
        titles = ", ".join(method["title"] for method in configuration["methods"])
        load(configuration).check_columns()
        print(f"{path}: {len(configuration['data']['variables'])} variables; methods {titles}. Nothing wrong found.")
        return 0
    factory = book(configuration, threads=arguments.threads)
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    if "report" in configuration:
        factory.Report(configuration["report"])
        print(f"Report written to {configuration['report']}")
    return 0


def check(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with its lists made lists; every unknown or missing key is a ConfigurationError."""
    where = str(path)
    known = ("job", "analysis", "output", "report", "options", "data", "methods")
    result = dict(check_keys(where, content, known, ("data", "methods")))
    result.setdefault("job", path.stem)
    data_keys = (
        "name",
        "variables",
        "spectators",
        "targets",
        "signal",
        "background",
        "trees",
        "weight",
        "cut",
        "prepare",
    )
    data = dict(check_keys(f"{where}: data", result["data"], data_keys, ("variables",)))
    for key in ("variables", "spectators", "targets"):
        data[key] = [str(v) for v in as_list(f"{where}: data: {key}", data.get(key, []))]
    if not data["variables"]:
        raise ConfigurationError(f"{where}: data: variables is empty")
    trees: list[dict[str, Any]] = []
    for key, name in (("signal", "Signal"), ("background", "Background"), ("trees", None)):
        for index, entry in enumerate(as_list(f"{where}: data: {key}", data.pop(key, []))):
            here = f"{where}: data: {key}[{index}]"
            entry = {"source": entry} if isinstance(entry, str) else entry
            tree = dict(check_keys(here, entry, _TREE_KEYS, ("source",)))
            if name is not None:
                if tree.get("class", name) != name:
                    raise ConfigurationError(f"{here}: class {tree['class']!r} given under {key!r}")
                tree["class"] = name
            elif "class" not in tree:
                if not data["targets"]:
                    raise ConfigurationError(f"{here}: 'class' is missing")
                tree["class"] = "Regression"
            if tree.get("use", "both") not in ("both", "training", "test"):
                raise ConfigurationError(f"{here}: use is {tree['use']!r}, expected 'training', 'test' or 'both'")
            trees.append(tree)
    if not trees:
        raise ConfigurationError(f"{where}: data: give events under 'signal' and 'background', or under 'trees'")
    data["trees"] = trees
    result["data"] = data
    methods = []
    for index, entry in enumerate(as_list(f"{where}: methods", result["methods"])):
        method = dict(check_keys(f"{where}: methods[{index}]", entry, ("type", "title", "options"), ("type",)))
        method.setdefault("title", method["type"])
        if not isinstance(method.get("options", ""), (str, Mapping)):
            raise ConfigurationError(f"{where}: methods[{index}]: options must be TMVA's text or keys and values")
        methods.append(method)
    if not methods:
        raise ConfigurationError(f"{where}: methods is empty")
    result["methods"] = methods
    return result


def check_options(where: str, configuration: Mapping[str, Any]) -> None:
    """Every option string, before any event is read; a mistyped one is an InvalidArgument that names the near miss."""
    from ..tmva.booking import method_class, own_and_common
    from ..tmva.dataloader import split_options
    from ..tmva.factory import FACTORY_OPTIONS
    from ..tmva.options import parse_options

    data = configuration["data"]
    classes = list(dict.fromkeys(tree["class"] for tree in data["trees"]))
    text, keywords = _options(data.get("prepare"))
    parse_options(text, split_options(classes), _context=f"{where}: data: prepare", **keywords)
    text, keywords = _options(configuration.get("options"))
    if "analysis" in configuration:
        keywords["AnalysisType"] = configuration["analysis"]
    parse_options(text, FACTORY_OPTIONS, _context=f"{where}: options", **keywords)
    titles = [method["title"] for method in configuration["methods"]]
    for method in configuration["methods"]:
        if titles.count(method["title"]) > 1:
            raise ConfigurationError(f"{where}: methods: the title {method['title']!r} is used twice")
        text, keywords = _options(method.get("options"))
        table = own_and_common(method_class(str(method["type"])).options)
        parse_options(text, table, _context=f"{where}: methods: {method['title']}", **keywords)


def _options(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, Mapping):
        return "", dict(value)
    return str(value or ""), {}


def load(configuration: Mapping[str, Any]) -> Any:
    """The DataLoader of a checked configuration: its files are opened, no event is read."""
    from ..tmva import DataLoader

    data = configuration["data"]
    loader = DataLoader(data.get("name", "dataset"))
    for expression in data["variables"]:
        loader.AddVariable(expression)
    for expression in data["spectators"]:
        loader.AddSpectator(expression)
    for expression in data["targets"]:
        loader.AddTarget(expression)
    uses = {"both": "", "training": "Training", "test": "Test"}
    for tree in data["trees"]:
        loader.AddTree(
            tree["source"],
            tree["class"],
            float(tree.get("weight", 1.0)),
            cut=tree.get("cut", ""),
            tree_type=uses[tree.get("use", "both")],
        )
    weight = data.get("weight")
    if isinstance(weight, Mapping):
        for class_name, expression in weight.items():
            loader.SetWeightExpression(str(expression), class_name)
    elif weight is not None:
        loader.SetWeightExpression(str(weight))
    text, keywords = _options(data.get("prepare"))
    loader.PrepareTrainingAndTestTree(data.get("cut", ""), text, **keywords)
    return loader


def book(configuration: Mapping[str, Any], *, threads: int = 0) -> Any:
    """The Factory with every method of a checked configuration booked."""
    from ..tmva import Factory

    loader = load(configuration)
    text, keywords = _options(configuration.get("options"))
    if "analysis" in configuration:
        keywords["AnalysisType"] = configuration["analysis"]
    factory = Factory(configuration["job"], configuration.get("output"), text, threads=threads, **keywords)
    for method in configuration["methods"]:
        text, keywords = _options(method.get("options"))
        factory.BookMethod(loader, method["type"], method["title"], text, **keywords)
    return factory
