"""Where each key and value stands in a TOML 1.1 text that a parser has already accepted.

A TOML parser keeps values and forgets places; a message about a value needs its line. This reads the same text again,
for its places only: it checks nothing, and it never raises, whatever the text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

KeyPath = tuple[str | int, ...]
"""Names of keys and indices of array items, outermost first: ``("upstream", 0, "domains", 1)``."""

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r]+)"
    r"|(?P<newline>\n)"
    r"|(?P<comment>\#[^\n]*)"
    r'|(?P<text>"""(?:[^\\]|\\.)*?"""(?:"{0,2})'  # up to two quotes may touch the closing three (TOML 1.1, String)
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\[^\n])*"'
    r"|'[^'\n]*')"
    r"|(?P<mark>[\[\]{},=.])"
    r"|(?P<bare>[^\s\[\]{},=.\"'#]+|.)",
    re.DOTALL,
)

_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<code2>[0-9A-Fa-f]{2})|u(?P<code4>[0-9A-Fa-f]{4})|U(?P<code8>[0-9A-Fa-f]{8})|(?P<short>.))", re.DOTALL
)
_SHORT_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}
_LAST_CODE_POINT: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


class _Kind(Enum):
    DOCUMENT = auto()
    ARRAY = auto()
    TABLE = auto()


class _Awaited(Enum):
    KEY = auto()
    HEADER = auto()
    VALUE = auto()
    END = auto()


@dataclass(slots=True)
class _Open:
    """A document, array or inline table whose end has not come yet; ``path`` is the table its keys belong to."""

    kind: _Kind
    path: KeyPath
    awaited: _Awaited
    key: list[_Token] = field(default_factory=list)
    value_path: KeyPath = ()
    item: int = 0
    header_brackets: int = 0


@dataclass(slots=True)
class _Places:
    lines: dict[KeyPath, int] = field(default_factory=dict)
    last_table: dict[KeyPath, int] = field(default_factory=dict)  # index of the newest [[table]] of each array


def locate(source: str) -> Mapping[KeyPath, int]:
    """Return the line (from 1) of every key, table and array item in an accepted TOML text.

    A key is where its name stands, an item where its value begins, a table where its own header stands, or else where
    it is first named. A table in an array is found by index: ``("upstream", 0)`` is the line of the first
    ``[[upstream]]``. Text that no parser would accept gives some mapping, never an exception.
    """
    places = _Places()
    opened = [_Open(_Kind.DOCUMENT, (), _Awaited.KEY)]
    for token in _tokens(source):
        match opened[-1].awaited:
            case _Awaited.KEY:
                _read_key(token, opened, places)
            case _Awaited.HEADER:
                _read_header(token, opened[-1], places)
            case _Awaited.VALUE:
                _read_value(token, opened, places)
            case _Awaited.END:
                _read_end(token, opened)
    return places.lines


def _tokens(source: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(source):
        kind, text = found.lastgroup or "bare", found[0]
        if kind not in {"space", "comment"}:
            yield _Token(kind, text, line)
        line += text.count("\n")


def _read_key(token: _Token, opened: list[_Open], places: _Places) -> None:
    innermost = opened[-1]
    if token.kind in {"text", "bare"}:
        innermost.key.append(token)
    elif token.text == "=":
        innermost.value_path = _record_key(innermost.path, innermost.key, places)
        innermost.key, innermost.awaited = [], _Awaited.VALUE
    elif token.text == "[" and innermost.kind is _Kind.DOCUMENT:
        innermost.awaited, innermost.header_brackets = _Awaited.HEADER, 1
    elif token.text == "}" and innermost.kind is _Kind.TABLE:
        opened.pop()


def _read_header(token: _Token, document: _Open, places: _Places) -> None:
    if token.kind in {"text", "bare"}:
        document.key.append(token)
    elif token.text == "[":
        document.header_brackets += 1
    elif token.text == "]":
        document.path = _record_header(document.key, places, in_array=document.header_brackets > 1)
        document.key, document.awaited = [], _Awaited.END


def _read_value(token: _Token, opened: list[_Open], places: _Places) -> None:
    innermost = opened[-1]
    path = innermost.value_path
    if innermost.kind is _Kind.ARRAY:
        if token.kind == "newline":
            return
        if token.text == "]":
            opened.pop()
            return
        path = (*innermost.path, innermost.item)
        places.lines[path] = token.line
    innermost.awaited = _Awaited.END
    if token.text == "[":
        opened.append(_Open(_Kind.ARRAY, path, _Awaited.VALUE))
    elif token.text == "{":
        opened.append(_Open(_Kind.TABLE, path, _Awaited.KEY))


def _read_end(token: _Token, opened: list[_Open]) -> None:
    innermost = opened[-1]
    match innermost.kind, token.text:
        case _Kind.DOCUMENT, "\n":
            innermost.awaited = _Awaited.KEY
        case _Kind.ARRAY, ",":
            innermost.awaited = _Awaited.VALUE
            innermost.item += 1
        case _Kind.TABLE, ",":
            innermost.awaited = _Awaited.KEY
        case (_Kind.ARRAY, "]") | (_Kind.TABLE, "}"):
            opened.pop()
        case _:
            pass  # the rest of a number, date or word


def _record_key(table: KeyPath, parts: list[_Token], places: _Places) -> KeyPath:
    path = table
    for part in parts:
        path = (*path, _name(part))
        places.lines.setdefault(path, part.line)
    return path


def _record_header(parts: list[_Token], places: _Places, *, in_array: bool) -> KeyPath:
    """Record a header and return the table it opens; a part that names an array of tables means its newest table."""
    path: KeyPath = ()
    for part in parts[:-1]:
        path = (*path, _name(part))
        places.lines.setdefault(path, part.line)
        if path in places.last_table:
            path = (*path, places.last_table[path])
    for part in parts[-1:]:
        path = (*path, _name(part))
        if not in_array:
            places.lines[path] = part.line
            continue
        places.lines.setdefault(path, part.line)
        places.last_table[path] = places.last_table.get(path, -1) + 1
        path = (*path, places.last_table[path])
        places.lines[path] = part.line
    return path


def _name(part: _Token) -> str:
    if part.kind == "bare" or part.text.startswith("'"):
        return part.text.strip("'")
    return _ESCAPE.sub(_unescaped, part.text[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    if found["short"] is not None:
        return _SHORT_ESCAPES.get(found["short"], found["short"])
    code = int(found["code2"] or found["code4"] or found["code8"], 16)
    return chr(code) if code <= _LAST_CODE_POINT else found[0]
