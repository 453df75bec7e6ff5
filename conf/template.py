"""Texts with fields in braces, such as ``{device}, {date}``: read strictly, filled in one pass."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

FIELDS: Final = ("subject", "name", "device", "date", "time", "pages", "job")
"""What a template may name; ``gateway.normalise.letter`` knows the values."""

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|(?P<stray>[{}])|[^{}]+")
_SINGLE: Final = {"{{": "{", "}}": "}"}


def check(template: str) -> str:
    """Return the template when it is right. Raises ValueError with what is wrong in it."""
    if not template.strip():
        raise ValueError("must not be empty")
    for found in _TOKEN.finditer(template):
        if found["stray"]:
            raise ValueError(f"has a single {found['stray']}: a brace that is meant as one is written twice")
        field = found["field"]
        if field is not None and field not in FIELDS:
            raise ValueError(f"has the unknown field {{{field}}}; {_hint(field)}")
    return template


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a checked template with the value of each field in its place; braces in values stay what they are."""
    return "".join(_filled(template, values))


def _filled(template: str, values: Mapping[str, str]) -> Iterator[str]:
    for found in _TOKEN.finditer(template):
        field = found["field"]
        yield _SINGLE.get(found[0], found[0]) if field is None else values[field]


def _hint(written: str) -> str:
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(written.strip().lower(), FIELDS, n=1)
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    return f"did you mean {{{near[0]}}}?" if near else f"the fields are {known}"
