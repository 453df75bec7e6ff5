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


@dataclass(slots=True)  # not frozen: a page has some twenty, and a frozen one takes three times as long to make
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
    """One image file directory: where it stands, its entries by tag, and the offset of the next (0: none).

    ``entries`` are its bytes, from ``entries_at`` in the file: most values stand in them.
    """

    reader: Reader
    layout: Layout
    offset: int
    fields: dict[int, Field]
    next_offset: int
    entries: bytes
    entries_at: int

    def integers(self, tag: int, max_count: int) -> tuple[int, ...]:
        """The integers of ``tag``; empty when it is absent or holds no integers.

        More than ``max_count`` of them, or values outside the file, are a ``ScanError`` (damaged).
        """
        field = self.fields.get(tag)
        if field is None:
            return ()
        code = _INTEGERS.get(field.type)
        if code is None:
            return ()
        if field.count > max_count:
            raise damaged_directory()
        return self.layout.numbers(f"{field.count}{code}", self._value(field, field.count))

    def integer(self, tag: int, default: int) -> int:
        """The first integer of ``tag``, or ``default``."""
        field = self.fields.get(tag)
        if field is None:
            return default
        code = _INTEGERS.get(field.type)
        if code is None or field.count == 0:
            return default
        return self.layout.numbers(code, self._value(field, 1))[0]

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
        above, below = self.layout.numbers(code_of_ratio * 2, self._value(field, 1))
        return above / below if below else None

    def fractions(self, tag: int, max_count: int) -> tuple[int, ...]:
        """The fractions of ``tag``, each as two numbers; empty when it holds none. Raises as ``integers``."""
        field = self.fields.get(tag)
        if field is None or field.type not in _RATIONALS:
            return ()
        if field.count > max_count:
            raise damaged_directory()
        return self.layout.numbers(f"{2 * field.count}{_RATIONALS[field.type]}", self._value(field, field.count))

    def _value(self, field: Field, count: int) -> bytes:
        start, size_bytes = field.offset - self.entries_at, count * _SIZES[field.type]
        if 0 <= start <= len(self.entries) - size_bytes:
            return self.entries[start : start + size_bytes]
        return self.reader.read(field.offset, size_bytes)


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


def directory_at(reader: Reader, offset: int) -> Directory:
    """The one directory at ``offset``, as ``directories`` found it; raises as that does."""
    layout, _ = _header(reader)
    return _directory(reader, layout, offset)


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
    entry = struct.Struct(f"{layout.order}{entry_code}{inline_bytes}s")
    start, end = offset + count_bytes, offset + count_bytes + count * entry.size
    block = reader.read(start, end - start)
    fields: dict[int, Field] = {}
    value_at = start + entry.size - inline_bytes
    for tag, kind, values, inline in entry.iter_unpack(block):
        if kind in _SIZES and tag not in fields:
            is_inline = _SIZES[kind] * values <= inline_bytes
            fields[tag] = Field(kind, values, value_at if is_inline else layout.numbers(offset_code, inline)[0])
        value_at += entry.size
    # A last directory at the very end of the file sometimes lacks its closing zero; nothing can follow it.
    tail = reader.read(end, inline_bytes) if end + inline_bytes <= reader.size_bytes else bytes(inline_bytes)
    return Directory(reader, layout, offset, fields, layout.numbers(offset_code, tail)[0], block, start)
