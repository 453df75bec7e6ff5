"""Is this TIFF whole? Every directory of the chain, and every strip or tile it names, lies inside the file."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotfolder.verdict import Incomplete, Malformed, Reader, Structure, Whole

TIFF_MAGICS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""TIFF 6.0 section 2, and BigTIFF (AWare Systems, "The BigTIFF File Format Proposal"), in both byte orders."""

# Tags that hold offsets of data, and the tags that hold its lengths (TIFF 6.0 sections 8, 15 and 22).
_OFFSETS_AND_COUNTS: Final = ((273, 279), (324, 325), (513, 514))
_TAGS: Final = frozenset(tag for pair in _OFFSETS_AND_COUNTS for tag in pair)
# Sizes of the types BYTE (1) to IFD8 (18). Of standard tags every value has to be there: a resolution, colour map or
# JPEG table may be the last thing in the file. Private tags (32768 up) are known to lie.
_TYPE_BYTES: Final = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8), start=1))
_PRIVATE_TAG: Final = 32768
_VALUE_CODES: Final = {3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}  # SHORT, LONG, IFD, LONG8, IFD8

# Bounds that keep a hostile file from costing more than a second; no scanner comes near them.
_DIRECTORIES: Final = 20_000
_ENTRIES: Final = 4096
_VALUES_BYTES: Final = 1024 * 1024
_READ_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers are written: byte order, the code and size of an offset, of an entry count, of an entry."""

    order: str
    offset_code: str
    offset_bytes: int
    count_code: str
    count_bytes: int
    entry_bytes: int
    first_at: int


@dataclass(frozen=True, slots=True)
class _Directory:
    values: dict[int, tuple[int, ...]]
    next_offset: int
    read_bytes: int


def tiff_structure(head: bytes, size_bytes: int, read: Reader) -> Structure:
    """Walk the chain of directories of a TIFF or BigTIFF; a chain that loops ends where it meets itself.

    Args:
        head: starts with one of ``TIFF_MAGICS``.
        size_bytes: what lies at or behind it is missing.
        read: called with offsets inside the file, at most 64 MiB altogether.
    """
    layout = _layout(head)
    if len(head) < layout.first_at + layout.offset_bytes:
        return Incomplete("the TIFF ends in its header")
    (offset,) = struct.unpack_from(layout.order + layout.offset_code, head, layout.first_at)
    if offset == 0:
        return Incomplete("the TIFF does not yet say where its first page is")
    seen: set[int] = set()
    read_bytes = 0
    while offset != 0 and offset not in seen:
        if len(seen) >= _DIRECTORIES or read_bytes > _READ_BYTES:
            return Malformed("the TIFF has more directories than any scanner writes")
        seen.add(offset)
        directory = _directory(layout, offset, size_bytes, read)
        if not isinstance(directory, _Directory):
            return directory
        if any(end > size_bytes for end in _data_ends(directory)):
            return Incomplete(f"the image data of page {len(seen)} of the TIFF is cut short")
        read_bytes += directory.read_bytes
        offset = directory.next_offset
    return Whole()


def _layout(head: bytes) -> _Layout:
    order = "<" if head.startswith(b"II") else ">"
    if b"+" in head[2:4]:
        return _Layout(order, "Q", 8, "Q", 8, 20, first_at=8)
    return _Layout(order, "L", 4, "H", 2, 12, first_at=4)


def _directory(layout: _Layout, offset: int, size_bytes: int, read: Reader) -> _Directory | Incomplete | Malformed:
    raw = _entries(layout, offset, size_bytes, read)
    if not isinstance(raw, bytes):
        return raw
    entries_bytes = len(raw) - layout.offset_bytes
    (next_offset,) = struct.unpack_from(layout.order + layout.offset_code, raw, entries_bytes)
    values: dict[int, tuple[int, ...]] = {}
    for at in range(0, entries_bytes, layout.entry_bytes):
        (tag,) = struct.unpack_from(layout.order + "H", raw, at)
        entry = raw[at : at + layout.entry_bytes]
        if tag < _PRIVATE_TAG and _value_end(layout, entry) > size_bytes:
            return Incomplete(f"a part of the TIFF's directory is cut short (tag {tag})")
        if tag in _TAGS and tag not in values:
            values[tag] = _values(layout, entry, read)
    return _Directory(values, next_offset, len(raw) + 8 * sum(map(len, values.values())))


def _entries(layout: _Layout, offset: int, size_bytes: int, read: Reader) -> bytes | Incomplete | Malformed:
    """Return the entries of the directory at offset and the offset of the next one, as they stand in the file."""
    cut = Incomplete("the TIFF's list of pages is cut short")
    raw_count = read(offset, layout.count_bytes) if offset + layout.count_bytes <= size_bytes else b""
    if len(raw_count) < layout.count_bytes:
        return cut
    (entries,) = struct.unpack(layout.order + layout.count_code, raw_count)
    length = entries * layout.entry_bytes + layout.offset_bytes
    if offset + layout.count_bytes + length > size_bytes:
        return cut
    if entries > _ENTRIES:
        return Malformed("a directory of the TIFF has more entries than any scanner writes")
    raw = read(offset + layout.count_bytes, length)
    return raw if len(raw) == length else cut


def _kind_and_count(layout: _Layout, entry: bytes) -> tuple[int, int]:
    kind, count = struct.unpack_from(f"{layout.order}H{layout.offset_code}", entry, 2)
    return kind, count


def _value_end(layout: _Layout, entry: bytes) -> int:
    """Return the offset behind an entry's values; 0 when they stand in the entry itself or their type is strange."""
    kind, count = _kind_and_count(layout, entry)
    length = _TYPE_BYTES.get(kind, 0) * count
    if length <= layout.offset_bytes:
        return 0
    return int.from_bytes(entry[-layout.offset_bytes :], "little" if layout.order == "<" else "big") + length


def _values(layout: _Layout, entry: bytes, read: Reader) -> tuple[int, ...]:
    """Return the numbers of one entry, the first MiB of them at most; none for a strange type."""
    kind, count = _kind_and_count(layout, entry)
    code = _VALUE_CODES.get(kind)
    if code is None or count == 0:
        return ()
    taken = min(count, _VALUES_BYTES // struct.calcsize(f"<{code}"))
    raw = entry[-layout.offset_bytes :]
    if _value_end(layout, entry):
        (at,) = struct.unpack(layout.order + layout.offset_code, raw)
        raw = read(at, struct.calcsize(f"<{taken}{code}"))
    wanted = struct.Struct(f"{layout.order}{taken}{code}")
    return wanted.unpack_from(raw) if len(raw) >= wanted.size else ()


def _data_ends(directory: _Directory) -> Iterator[int]:
    for offsets_tag, counts_tag in _OFFSETS_AND_COUNTS:
        offsets = directory.values.get(offsets_tag, ())
        counts = directory.values.get(counts_tag, ())
        # Old files leave the lengths out; then at least the first byte has to be there.
        padded = counts + (1,) * max(0, len(offsets) - len(counts))
        yield from (offset + max(count, 1) for offset, count in zip(offsets, padded, strict=False) if offset)
