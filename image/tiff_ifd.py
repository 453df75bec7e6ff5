"""The directories of a TIFF (and of EXIF): tags and their numbers, read without trusting any count."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from image.errors import ScanError, ScanFault
from image.reader import Reader

MAX_ENTRIES = 4096
"""Entries in one directory. TIFF 6.0 knows about 80 tags; private ones seen in the field bring it to about 200."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIONALS = {5: "I", 10: "i"}
"""Field types: TIFF 6.0 section 2 (1 to 12), TIFF Technical Note 1 (13), BigTIFF (16 to 18)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry: ``count`` values of ``type`` at ``offset`` in the file."""

    type: int
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How numbers stand in this file: byte order, and whether offsets take eight bytes (BigTIFF)."""

    order: Literal["<", ">"]
    is_big: bool

    def numbers(self, codes: str, data: bytes) -> tuple[int, ...]:
        """The integers in ``data``, laid out as struct's ``codes`` say."""
        return struct.unpack(self.order + codes, data)


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory: where it stands, its entries by tag, and the offset of the next (0: none)."""

    reader: Reader
    layout: Layout
    offset: int
    fields: dict[int, Field]
    next_offset: int

    def integers(self, tag: int, max_count: int) -> tuple[int, ...]:
        """The integers of ``tag``; empty when it is absent or holds no integers.

        More than ``max_count`` of them, or values outside the file, are a ``ScanError`` (damaged).
        """
        field = self.fields.get(tag)
        code = _INTEGERS.get(field.type) if field else None
        if field is None or code is None:
            return ()
        if field.count > max_count:
            raise damaged_directory()
        return self.layout.numbers(f"{field.count}{code}", self._value(field))

    def integer(self, tag: int, default: int) -> int:
        """The first integer of ``tag``, or ``default``."""
        field = self.fields.get(tag)
        code = _INTEGERS.get(field.type) if field else None
        if field is None or code is None or field.count == 0:
            return default
        return self.layout.numbers(code, self._value(Field(field.type, 1, field.offset)))[0]

    def ratio(self, tag: int) -> float | None:
        """The first number of ``tag`` as a fraction, or None when it is absent or divides by zero."""
        field = self.fields.get(tag)
        if field is None or field.count == 0:
            return None
        if field.type in {11, 12}:
            size = _SIZES[field.type]
            code = "f" if size == _SIZES[11] else "d"
            value: float = struct.unpack(self.layout.order + code, self.reader.read(field.offset, size))[0]
            return value
        code_of_ratio = _RATIONALS.get(field.type)
        if code_of_ratio is None:
            whole = self.integer(tag, 0)
            return float(whole) if whole else None
        above, below = self.layout.numbers(code_of_ratio * 2, self._value(Field(field.type, 1, field.offset)))
        return above / below if below else None

    def _value(self, field: Field) -> bytes:
        return self.reader.read(field.offset, field.count * _SIZES[field.type])


def directories(reader: Reader) -> Iterator[Directory]:
    """The chain of directories in file order. A chain that comes back on itself ends there.

    Raises ``ScanError`` (damaged) when the header or a directory lies outside the file or makes no sense.
    """
    layout, offset = _header(reader)
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        directory = _directory(reader, layout, offset)
        yield directory
        offset = directory.next_offset


def is_looped(last: Directory) -> bool:
    """Whether the chain was cut at ``last`` because it came back on itself."""
    return last.next_offset != 0


def damaged_directory() -> ScanError:
    """The refusal of a TIFF whose directory makes no sense."""
    return ScanError(ScanFault.DAMAGED, "The TIFF from the scanner is damaged and cannot be read. Please scan again.")


def _header(reader: Reader) -> tuple[Layout, int]:
    head = reader.read(0, 8)
    order: Literal["<", ">"] = ">" if head[:2] == b"MM" else "<"
    (version,) = Layout(order, is_big=False).numbers("H", head[2:4])
    if version == 43:  # noqa: PLR2004 -- BigTIFF's version; classic TIFF has 42
        layout = Layout(order, is_big=True)
        offset_size, zero, first = layout.numbers("HHQ", reader.read(4, 12))
        if (offset_size, zero) != (8, 0):
            raise damaged_directory()
        return layout, first
    layout = Layout(order, is_big=False)
    return layout, layout.numbers("I", head[4:8])[0]


def _directory(reader: Reader, layout: Layout, offset: int) -> Directory:
    count_code, entry_code, offset_code = ("Q", "HHQ", "Q") if layout.is_big else ("H", "HHI", "I")
    count_bytes, inline_bytes = (8, 8) if layout.is_big else (2, 4)
    (count,) = layout.numbers(count_code, reader.read(offset, count_bytes))
    if count == 0 or count > MAX_ENTRIES:
        raise damaged_directory()
    entry_bytes = struct.calcsize(layout.order + entry_code) + inline_bytes
    start = offset + count_bytes
    block = reader.read(start, count * entry_bytes)
    fields: dict[int, Field] = {}
    for index in range(count):
        at = index * entry_bytes
        tag, kind, values = layout.numbers(entry_code, block[at : at + entry_bytes - inline_bytes])
        value_at = start + at + entry_bytes - inline_bytes
        if kind not in _SIZES or tag in fields:
            continue
        if _SIZES[kind] * values > inline_bytes:
            pointer = block[at + entry_bytes - inline_bytes : at + entry_bytes]
            (value_at,) = layout.numbers(offset_code, pointer)
        fields[tag] = Field(kind, values, value_at)
    end = start + count * entry_bytes
    next_bytes = inline_bytes
    # A last directory at the very end of the file sometimes lacks its closing zero; nothing can follow it.
    tail = reader.read(end, next_bytes) if end + next_bytes <= reader.size_bytes else bytes(next_bytes)
    return Directory(reader, layout, offset, fields, layout.numbers(offset_code, tail)[0])
