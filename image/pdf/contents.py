"""The drawing instructions of a page or form, unpacked within bounds: whether they are whole, and what they draw."""

import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from image.errors import ScanError, ScanFault

_UNPACKED_BYTES = 64_000_000
"""Instructions of one stream, unpacked to see whether they are whole; scans have a few hundred bytes, maps some MB.

More than that is no drawing but an attack on whoever opens it, and refused.
"""

_ALL_UNPACKED_BYTES = 300_000_000
"""Instructions unpacked of one document; what lies behind is passed unlooked at."""

_EXAMINED_BYTES = 300_000
"""Instructions examined one by one; a page with its recognised words has some ten thousand bytes."""

_READ_WHOLE_BYTES = 100_000
"""Instructions packed in another way than Flate (LZW, in old files) are only tried up to this size."""

_UNKNOWN_BYTES = _EXAMINED_BYTES + 1
_PIECE_BYTES = 64 * 1024
_MAX_DEPTH = 12
"""Forms within forms; drawn pages have one or two."""

Instructions = Sequence[Any]
"""What ``pikepdf.parse_content_stream`` gives."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands on a page. ``instructions`` are None when there are too many to be examined, or they are damaged."""

    is_damaged: bool
    instructions: Instructions | None


@dataclass(slots=True)
class Measured:
    """What has been unpacked of a document: the size of each stream, None for a damaged one; and what is left to be."""

    sizes: dict[tuple[int, int], int | None] = field(default_factory=dict)
    left_bytes: int = _ALL_UNPACKED_BYTES


def contents_of(drawn: Object, measured: Measured) -> Contents:
    """The instructions of a page, or of a form XObject. Raises ``ScanError`` (too-large) for more than any has."""
    packed = drawn if isinstance(drawn, Stream) else drawn.get("/Contents")
    parts = list(packed) if isinstance(packed, Array) else [packed]
    streams = [one for one in parts if isinstance(one, Stream)]
    if packed is not None and len(streams) < len(parts):
        # What stood there is lost: a damaged stream is read as a dictionary, one that is missing as null.
        return Contents(is_damaged=True, instructions=None)
    total = 0
    for stream in streams:
        size = _measured(stream, measured)
        if size is None:
            return Contents(is_damaged=True, instructions=None)
        total += size
        if total > _UNPACKED_BYTES:
            raise ScanError(
                ScanFault.TOO_LARGE,
                "A page of the PDF has far more to draw than any scan. Please set the scanner to scan pictures.",
            )
    if total > _EXAMINED_BYTES:
        return Contents(is_damaged=False, instructions=None)
    if not streams:
        return Contents(is_damaged=False, instructions=())
    try:
        with warnings.catch_warnings():
            # pikepdf warns of instructions that break off.
            warnings.simplefilter("error", UserWarning)
            return Contents(is_damaged=False, instructions=pikepdf.parse_content_stream(drawn))
    except (pikepdf.PikepdfError, ValueError, TypeError, UserWarning):
        return Contents(is_damaged=True, instructions=None)


def lacks_picture(
    drawn: Object, instructions: Instructions, measured: Measured, seen: set[tuple[int, int]], depth: int = 0
) -> bool:
    """Whether ``drawn``, a page or a form, draws an image or form that is not in the file. ``seen``: forms known whole.

    Forms within are looked into as far as their instructions can be examined.
    """
    resources = drawn.get("/Resources")
    found = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    objects = found if isinstance(found, Dictionary) else Dictionary()
    present = set(objects.keys())
    drawn_names = {
        name_of(one.operands[0])
        for one in instructions
        if str(one.operator) == "Do" and len(one.operands) == 1 and isinstance(one.operands[0], Name)
    }
    for name in drawn_names:
        target = objects[name] if name in present else None
        if not isinstance(target, Stream):
            # A form without resources of its own draws from those of the page (ISO 32000-1 7.8.3).
            if depth and resources is None:
                continue
            return True
        if target.get("/Subtype") != Name.Form or target.objgen in seen or depth >= _MAX_DEPTH:
            continue
        seen.add(target.objgen)
        inner = contents_of(target, measured)
        if inner.is_damaged or lacks_picture(target, inner.instructions or (), measured, seen, depth + 1):
            seen.discard(target.objgen)
            return True
    return False


def name_of(name: Object) -> str:
    """A name as pikepdf spells keys: bytes that are no UTF-8 escaped as Python escapes them."""
    return bytes(name).decode(errors="surrogateescape")


def _measured(stream: Stream, measured: Measured) -> int | None:
    """How many bytes a stream holds, at least, when that is more than is examined; None when it is damaged."""
    if stream.objgen not in measured.sizes:
        limit = min(_UNPACKED_BYTES, measured.left_bytes)
        size = _unpacked_bytes(stream, limit)
        measured.left_bytes = max(0, measured.left_bytes - (size or 0))
        measured.sizes[stream.objgen] = size
    return measured.sizes[stream.objgen]


def _unpacked_bytes(stream: Stream, limit: int) -> int | None:
    coding = _coding(stream)
    packed: Any = stream.get("/Length")
    packed_bytes = packed if isinstance(packed, int) else len(stream.read_raw_bytes())
    if coding == []:
        return packed_bytes
    if packed_bytes > limit or (set(coding) != {"/FlateDecode"} and packed_bytes > _READ_WHOLE_BYTES):
        return _UNKNOWN_BYTES
    if set(coding) == {"/FlateDecode"} and "/DecodeParms" not in stream:
        return _inflated_bytes(stream.read_raw_bytes(), limit, len(coding))
    try:
        return len(stream.read_bytes())
    except pikepdf.PikepdfError:
        return None


def _inflated_bytes(packed: bytes, limit: int, layers: int) -> int | None:
    """The bytes that ``packed``, packed ``layers`` times, unpacks to, counted up to ``limit``; None when damaged."""
    pieces: Iterator[bytes] = iter((packed,))
    for _ in range(layers):
        pieces = _inflated(pieces)
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                break
    except zlib.error:
        return None
    return size


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One layer undone, in small pieces. Raises ``zlib.error`` when it breaks off or makes no sense."""
    unpacker = zlib.decompressobj()
    for piece in pieces:
        packed = piece
        while packed and not unpacker.eof:
            yield unpacker.decompress(packed, _PIECE_BYTES)
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise zlib.error("it breaks off")


def _coding(stream: Stream) -> list[str]:
    coding = stream.get("/Filter")
    names = list(coding) if isinstance(coding, Array) else [] if coding is None else [coding]
    return [name_of(one) if isinstance(one, Name) else "" for one in names]
