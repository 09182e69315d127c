"""Configurations of ``diskern run``: YAML or TOML checked key by key before any event is read."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class ConfigurationError(Exception):
    """A configuration that cannot be run; the message names the file and the key."""


def read(path: Path) -> dict[str, Any]:
    """The configuration in a .yaml, .yml or .toml file, unchecked."""
    text = path.read_bytes()
    suffix = path.suffix.lower()
    content: Any
    if suffix == ".toml":
        if sys.version_info >= (3, 11):
            import tomllib

            try:
                content = tomllib.loads(text.decode("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{path}: {error}") from None
        else:
            raise ConfigurationError(f"{path}: TOML needs Python 3.11 or newer; write the configuration as YAML")
    elif suffix in (".yaml", ".yml"):
        try:
            import yaml
        except ModuleNotFoundError:
            raise ConfigurationError(f"{path}: YAML needs PyYAML: pip install 'diskern[yaml]', or use TOML") from None
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{path}: {error}") from None
    else:
        raise ConfigurationError(f"{path}: expected a .yaml, .yml, .toml or .py file")
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected keys and values at the top, found {type(content).__name__}")
    return content


def check_keys(where: str, given: Any, known: Iterable[str], required: Iterable[str] = ()) -> Mapping[str, Any]:
    """The mapping itself; unknown or missing keys are errors that name the near miss."""
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where}: expected keys and values, found {given!r}")
    names = list(known)
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(names)}"
            raise ConfigurationError(f"{where}: unknown key {key!r}{hint}")
    for key in required:
        if key not in given:
            raise ConfigurationError(f"{where}: {key!r} is missing")
    return given


def as_list(where: str, value: Any) -> list[Any]:
    """A list; a single text or mapping counts as a list of one."""
    if isinstance(value, (str, Mapping)):
        return [value]
    if isinstance(value, list):
        return value
    raise ConfigurationError(f"{where}: expected a list, found {value!r}")
