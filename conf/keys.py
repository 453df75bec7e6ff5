"""Which tables and keys exist, read off their declarations."""

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin

from conf.declare import Declared, declared
from conf.model import Config

TABLES: Final[tuple[str, ...]] = tuple(declared(Config))


def is_array(table: str) -> bool:
    """Tell whether a known table is written ``[[table]]``, so that there may be several."""
    return get_origin(declared(Config)[table].annotation) is tuple


def heading(table: str) -> str:
    """Return a known table's name as its header is written: ``[gateway]`` or ``[[upstream]]``."""
    return f"[[{table}]]" if is_array(table) else f"[{table}]"


def models(table: str) -> tuple[type, ...]:
    """Return the models that may stand in a known table: one, or for ``upstream`` one a method in recommended order."""
    return tuple(_models(declared(Config)[table].annotation))


def methods() -> Mapping[str, type]:
    """Return the model of each upstream method, in recommended order."""
    return {allowed(declared(model)["method"])[0]: model for model in models("upstream")}


def field(table: str, key: str) -> Declared | None:
    """Return the field of a key in a known table, whatever the method; None for an unknown key."""
    return next((declared(model)[key] for model in models(table) if key in declared(model)), None)


def allowed(about: Declared) -> tuple[str, ...]:
    """Return the words a ``Literal`` field admits."""
    return get_args(about.annotation)


def is_of(about: Declared, kind: type) -> bool:
    """Tell whether a field holds a ``kind`` (``int``, ``Path``, ``tuple``), be it optional."""
    annotation = about.annotation
    options = get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)
    return any(_bare(option) is kind for option in options)


def path_keys(table: str) -> tuple[str, ...]:
    """Return the keys of a known table that hold a path, whatever the method."""
    return tuple(
        dict.fromkeys(key for model in models(table) for key, info in declared(model).items() if is_of(info, Path))
    )


def nearest(written: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to what was written, None when none is close."""
    import difflib  # only a mistake needs it

    return next(iter(difflib.get_close_matches(written.lower(), list(known), n=1)), None)


def _models(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and is_dataclass(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _bare(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if hasattr(annotation, "__metadata__"):
        return _bare(get_args(annotation)[0])
    return origin or annotation
