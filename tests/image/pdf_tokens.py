"""A PDF's bytes cut into tokens and objects, as they stand: nothing is mended, so that faults of writing show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_SPACE = b"\x00\t\n\x0c\r "
_DELIMITERS = b"()<>[]{}/%"
_OBJECT = re.compile(rb"(\d+)([\x00\t\n\x0c\r ]+)(\d+)([\x00\t\n\x0c\r ]+)obj")
_LENGTH = re.compile(rb"/Length\s+(\d+)(?:\s+(\d+)\s+R)?")
_STREAM = re.compile(rb">>\s*stream")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)")


class Sort(StrEnum):
    """What a token is."""

    NAME = "name"
    HEX = "hex"
    TEXT = "text"
    NUMBER = "number"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: strings without their brackets, names without their slash."""

    sort: Sort
    data: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """One object of a file as written: where it begins, its number, its header, its body up to a stream or its end.

    ``data_at`` is where ``stream`` ended, or None; ``length`` what /Length says, looked up in the file.
    """

    offset: int
    number: int
    header: bytes
    body: bytes
    data_at: int | None
    length: int | None


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens of ``data``, which holds no stream."""
    at = 0
    while at < len(data):
        byte = data[at : at + 1]
        if byte in _SPACE:
            at += 1
        elif byte == b"%":
            at = _run_end(data, at, b"\r\n")
        elif byte == b"(":
            end = _text_end(data, at)
            yield Token(Sort.TEXT, data[at + 1 : end - 1])
            at = end
        elif data[at : at + 2] in {b"<<", b">>"}:
            yield Token(Sort.OTHER, data[at : at + 2])
            at += 2
        elif byte == b"<":
            end = data.find(b">", at)
            end = len(data) if end < 0 else end
            yield Token(Sort.HEX, data[at + 1 : end])
            at = end + 1
        elif byte == b"/":
            end = _run_end(data, at + 1, _SPACE + _DELIMITERS)
            yield Token(Sort.NAME, data[at + 1 : end])
            at = end
        elif byte in _DELIMITERS:
            yield Token(Sort.OTHER, byte)
            at += 1
        else:
            end = _run_end(data, at, _SPACE + _DELIMITERS)
            word = data[at:end]
            yield Token(Sort.NUMBER if _NUMBER.fullmatch(word) else Sort.OTHER, word)
            at = end


_END = re.compile(rb"(?<![A-Za-z0-9/])endobj(?![A-Za-z0-9])")
"""As a word: a name may hold it, when a damaged file has it in the wrong place."""


def objects(data: bytes) -> list[Written]:
    """Every object in the file, in order; what looks like one inside a stream is passed over by the stream's length."""
    starts = {int(found[1]): found.start() for found in _OBJECT.finditer(data)}
    made: list[Written] = []
    at = 0
    while found := _OBJECT.search(data, at):
        ended = _END.search(data, found.end())
        end = ended.start() if ended else -1
        stream = _STREAM.search(data, found.end(), end if end > 0 else len(data))
        if stream is None:
            end = len(data) if end < 0 else end
            made.append(Written(found.start(), int(found[1]), found[0], data[found.end() : end], None, None))
            at = end
            continue
        body = data[found.end() : stream.start() + 2]
        length = _length(data, body, starts)
        made.append(Written(found.start(), int(found[1]), found[0], body, stream.end(), length))
        at = data_end(data, stream.end(), length)
    return made


def data_end(data: bytes, data_at: int, length: int | None) -> int:
    """Where ``endstream`` stands: behind ``length`` bytes when it does, else where it is first seen."""
    said = data.find(b"endstream", data_at + (length or 0), data_at + (length or 0) + len(b"\r\n\r\nendstream"))
    seen = data.find(b"endstream", data_at) if said < 0 else said
    return data_at if seen < 0 else seen


def _length(data: bytes, body: bytes, starts: dict[int, int]) -> int | None:
    found = _LENGTH.search(body)
    if found is None:
        return None
    if found[2] is None:
        return int(found[1])
    said = re.compile(rb"\d+\s+\d+\s+obj\s+(\d+)\s").match(data, starts.get(int(found[1]), len(data)))
    return int(said[1]) if said else None


def _run_end(data: bytes, at: int, stops: bytes) -> int:
    while at < len(data) and data[at] not in stops:
        at += 1
    return at


def _text_end(data: bytes, at: int) -> int:
    depth = 0
    while at < len(data):
        byte = data[at : at + 1]
        depth += (byte == b"(") - (byte == b")")
        at += 2 if byte == b"\\" else 1
        if depth == 0:
            break
    return at
