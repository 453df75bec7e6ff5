"""Whether values are those of a table: pydantic's verdict, in records of ours. The only module that holds it.

Not for the running service: pydantic and its validators are 9 MB there (measured 2026-11-25), see ``conf.apart``.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from conf.lines import KeyPath

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One value that is refused: where, pydantic's word for why, and what it says beside it. Never the value."""

    at: KeyPath
    kind: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """Every refusal, in the order of the keys; at least one."""

    refusals: tuple[Refusal, ...]


def validated(kind: type[T], values: object) -> T | Refused:
    """Return what the values are as a ``kind`` (a table, or a list or mapping of tables), or why they are not."""
    try:
        found: T = _adapter(cast("Hashable", kind)).validate_python(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return Refused(tuple(Refusal(tuple(one["loc"]), one["type"], one.get("ctx", {})) for one in details))
    return found


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))
