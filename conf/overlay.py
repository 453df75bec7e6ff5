"""What the environment sets over the file: ``SCANGATE_GATEWAY__NAME``, ``SCANGATE_UPSTREAM__0__PASSWORD``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conf import keys
from conf.finding import Finding
from conf.lines import KeyPath

PREFIX: Final = "SCANGATE_"
TWINS: Final[Mapping[str, str]] = {"password_file": "password", "client_secret_file": "client_secret"}
"""Keys that name a file, and the key that holds what is in it: setting one displaces the other."""

_ARRAY_PARTS: Final = 3
_INDEX: Final = re.compile(r"[0-9]{1,3}")
_SWITCHES: Final = {"true": True, "false": False}
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The settings after the environment.

    ``values`` are the file's with the environment's over them; ``from_environment`` holds every key, and every table,
    that only the environment has set; ``findings`` stand at ``(variable,)``.
    """

    values: dict[str, Any] = field(repr=False)
    from_environment: frozenset[KeyPath]
    findings: tuple[Finding, ...]


def overlay(written: Mapping[str, Any], environ: Mapping[str, str]) -> Overlaid:
    """Set what the environment says over what the file says, key by key; ``written`` is left as it is.

    A variable names table and key (and which one, from 0, of several), joined by two underscores, in capitals. A list
    is written with commas. A table of several may be added to at its end. A variable of another shape is a mistake if
    it has two underscores, else a warning if it begins like a table.
    """
    values = copied(written)
    from_environment: set[KeyPath] = set()
    findings: list[Finding] = []
    for variable in sorted(environ, key=_in_order):
        if not variable.startswith(PREFIX) or variable != variable.upper():
            continue
        parts = variable.removeprefix(PREFIX).lower().split("__")
        refusal = _refusal(variable, parts, values)
        if refusal is not None:
            findings.append(refusal)
        elif len(parts) > 1:
            path: KeyPath = (parts[0], parts[1]) if len(parts) < _ARRAY_PARTS else (parts[0], int(parts[1]), parts[2])
            _set(values, path, environ[variable], from_environment)
    return Overlaid(values, frozenset(from_environment), tuple(findings))


def variable_name(path: KeyPath) -> str:
    """Return the environment variable that sets this key (or the list this item is in)."""
    parts = path[:_ARRAY_PARTS] if len(path) > 1 and isinstance(path[1], int) else path[: _ARRAY_PARTS - 1]
    return PREFIX + "__".join(str(part) for part in parts).upper()


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with their tables copied; only as deep as tables go, however deep a mistake is nested."""

    def copy(value: object) -> object:
        return dict(value) if isinstance(value, dict) else value

    return {
        name: [copy(item) for item in value] if isinstance(value, list) else copy(value)
        for name, value in values.items()
    }


def rooted(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the settings with every relative path taken from ``folder``; ``credential:NAME`` stays as written."""
    result = copied(values)
    for table in keys.TABLES:
        for settings in tables_in(result.get(table)):
            for key in keys.path_keys(table):
                written = settings.get(key)
                if isinstance(written, str) and written.strip() and not is_credential(key, written):
                    settings[key] = os.path.normpath(folder / written)
    return result


def is_credential(key: str, written: str) -> bool:
    """Tell whether a path key names a systemd credential and not a path."""
    return key.endswith("_file") and written.startswith("credential:")


def tables_in(written: object) -> list[dict[str, Any]]:
    """Return the tables under one top-level name, one or several; what is no table becomes an empty one."""
    candidates = written if isinstance(written, list) else [written]
    return [candidate if isinstance(candidate, dict) else {} for candidate in candidates]


def _in_order(variable: str) -> tuple[tuple[int, str], ...]:
    return tuple((len(part), part) if part.isdigit() else (0, part) for part in variable.split("__"))


def _refusal(variable: str, parts: list[str], values: Mapping[str, Any]) -> Finding | None:
    table = parts[0]
    at = (variable,)
    if len(parts) == 1:
        begins = next((known for known in keys.TABLES if table.startswith(f"{known}_")), None)
        if begins is None:
            return None
        meant = f"{PREFIX}{begins}__{table.removeprefix(begins).strip('_')}".upper()
        return Finding(at, f"sets nothing; did you mean {meant}, with two underscores?", is_warning=True)
    if table not in keys.TABLES:
        near = keys.nearest(table, keys.TABLES)
        known = ", ".join(name.upper() for name in keys.TABLES)
        return Finding(at, f"names no table; did you mean {near.upper()}?" if near else f"names no table: {known}")
    if keys.is_array(table):
        return _index_refusal(variable, parts, values)
    return None if len(parts) < _ARRAY_PARTS else Finding(at, f"must be {PREFIX}{table.upper()}__KEY")


def _index_refusal(variable: str, parts: list[str], values: Mapping[str, Any]) -> Finding | None:
    table, index = parts[0], parts[1]
    if len(parts) != _ARRAY_PARTS or not _INDEX.fullmatch(index):
        return Finding((variable,), f"must say which one, from 0: {PREFIX}{table.upper()}__0__KEY")
    there = values.get(table, [])
    if isinstance(there, list) and int(index) > len(there):
        count = len(there)
        return Finding((variable,), f"leaves a gap: there are {count} {keys.heading(table)}, so the next is {count}")
    return None


def _set(values: dict[str, Any], path: KeyPath, text: str, from_environment: set[KeyPath]) -> None:
    """Set one key, unless its table is none: the model reports that."""
    table, key = str(path[0]), str(path[-1])
    if table not in values:
        values[table] = [] if keys.is_array(table) else {}
        from_environment.add((table,))
    settings = values[table]
    if keys.is_array(table):
        if not isinstance(settings, list) or not isinstance(path[1], int):
            return
        if path[1] == len(settings):
            settings.append({})
            from_environment.add(path[:2])
        settings = settings[path[1]]
    if not isinstance(settings, dict):
        return
    for named, held in TWINS.items():
        twin = {named: held, held: named}.get(key)
        if twin is not None and (*path[:-1], twin) not in from_environment:
            settings.pop(twin, None)
    settings[key] = typed(table, key, text)
    from_environment.add(path)


def typed(table: str, key: str, text: str) -> object:
    """Return the value that a text means for a key: a list of what commas part, a number, a switch, or the text."""
    known = keys.field(table, key)
    if known is not None and keys.is_of(known, tuple):
        return [item.strip() for item in text.split(",") if item.strip()]
    if known is not None and keys.is_of(known, int) and _INTEGER.fullmatch(text.strip()):
        return int(text)
    if known is not None and keys.is_of(known, bool) and text.strip().lower() in _SWITCHES:
        return _SWITCHES[text.strip().lower()]
    return text
