"""The picture of a JPEG 2000 file from its boxes: colours, palette, transparency, resolution, and its codestream."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from image.document import Limits
from image.probe.icc import ProfileSource
from image.probe.jpc import Codestream, damaged_jp2, probe_codestream, unsupported_jp2
from image.reader import Reader, Span, ended_early

MAX_BOXES = 1000
"""Boxes of one level; a file of a scanner has about ten."""

_INCH_PER_METRE = 0.0254
_RAW = b"\xff\x4f\xff\x51"
_SMALL_BYTES = 64 * 1024
_ENUMERATED = b"\x01"
_PROFILED = {b"\x02", b"\x03"}
"""How a colour box tells: by number, by a restricted or any ICC profile (ISO 15444-1 I.5.3.3, 15444-2 M.11.7.3)."""


class Space(IntEnum):
    """The colour spaces that are known, by their numbers (ISO 15444-1 table I.10, ISO 15444-2 table M.25)."""

    CMYK = 12
    SRGB = 16
    GREY = 17
    SYCC = 18


_BY_PROFILE = {b"GRAY": Space.GREY, b"RGB ": Space.SRGB, b"CMYK": Space.CMYK}
_BY_COMPONENTS = {1: Space.GREY, 3: Space.SRGB}


@dataclass(frozen=True, slots=True)
class Jp2Page:
    """The picture. ``space`` is None when its colours are of another kind than those known, or not told.

    ``profile`` is where the ICC profile stands that tells them. ``has_alpha``: the last component is opacity. dpi is
    None when none is stated.
    """

    codestream: Codestream
    space: Space | None
    profile: ProfileSource | None
    has_alpha: bool
    dpi_x: float | None
    dpi_y: float | None


@dataclass(frozen=True, slots=True)
class _Box:
    """One box: its type and where its contents stand."""

    name: bytes
    body: Span


def probe_jp2(reader: Reader, limits: Limits) -> Jp2Page:
    """The picture of a JP2 file or of a bare codestream (ISO 15444-1 annexes I and A).

    Raises ``ScanError``: damaged, too-large, unsupported (several pictures, or colours that nobody here can tell).
    """
    if reader.read(0, 4) == _RAW:
        codestream = probe_codestream(reader, 0, reader.size_bytes, limits)
        return Jp2Page(codestream, _BY_COMPONENTS.get(codestream.components), None, False, None, None)
    header: Span | None = None
    codestream_at: Span | None = None
    for box in _boxes(reader, Span(0, reader.size_bytes)):
        if box.name == b"jp2h" and header is None:
            header = box.body
        elif box.name == b"jp2c" and codestream_at is None:
            codestream_at = box.body
        elif box.name in {b"jp2c", b"jpch", b"jplh", b"ftbl"}:
            # ISO 15444-2 annex M: further pictures, layers of one, or data elsewhere.
            raise unsupported_jp2()
    if header is None or codestream_at is None:
        raise damaged_jp2()
    codestream = probe_codestream(reader, codestream_at.offset, codestream_at.offset + codestream_at.size_bytes, limits)
    return _page(reader, list(_boxes(reader, header)), codestream)


def _boxes(reader: Reader, within: Span) -> Iterator[_Box]:
    """The boxes inside ``within``, in order; raises ``ScanError`` (damaged) when one does not fit."""
    position, end = within.offset, within.offset + within.size_bytes
    for _ in range(MAX_BOXES):
        if position == end:
            return
        if end - position < 8:  # noqa: PLR2004 -- I.4: length and type, four bytes each
            # Less than a box can be: padding of the file system or of the scanner.
            return
        size_bytes, name = struct.unpack(">I4s", reader.read(position, 8))
        head_bytes = 8
        if size_bytes == 1:
            (size_bytes,) = struct.unpack(">Q", reader.read(position + 8, 8))
            head_bytes = 16
        elif size_bytes == 0:
            size_bytes = end - position
        if size_bytes < head_bytes:
            raise damaged_jp2()
        if position + size_bytes > end:
            raise ended_early()
        yield _Box(name, Span(position + head_bytes, size_bytes - head_bytes))
        position += size_bytes
    raise damaged_jp2()


def _page(reader: Reader, boxes: list[_Box], codestream: Codestream) -> Jp2Page:
    small = {box.name: reader.read(box.body.offset, min(box.body.size_bytes, _SMALL_BYTES)) for box in boxes[::-1]}
    header = small.get(b"ihdr", b"")
    if len(header) < 14:  # noqa: PLR2004 -- I.5.3.1
        raise damaged_jp2()
    height, width, components = struct.unpack(">IIH", header[:10])
    if (width, height, components) != (codestream.width_px, codestream.height_px, codestream.components):
        raise damaged_jp2()
    if b"pclr" in small:
        raise unsupported_jp2()
    space, profile = _colours(reader, [box.body for box in boxes if box.name == b"colr"])
    dpi_x, dpi_y = _dpi(reader, [box.body for box in boxes if box.name == b"res "])
    return Jp2Page(
        codestream=codestream,
        space=space,
        profile=profile,
        has_alpha=_has_alpha(small.get(b"cdef"), components),
        dpi_x=dpi_x,
        dpi_y=dpi_y,
    )


def _colours(reader: Reader, bodies: list[Span]) -> tuple[Space | None, ProfileSource | None]:
    """What the first colour box of a known method tells; the others repeat it (I.5.3.3)."""
    for body in bodies:
        head = reader.read(body.offset, min(body.size_bytes, 3 + 20))
        if head[:1] == _ENUMERATED and len(head) >= 7:  # noqa: PLR2004 -- method, precedence, nearness, number
            number = int.from_bytes(head[3:7], "big")
            return next((space for space in Space if space == number), None), None
        if head[:1] in _PROFILED and len(head) == 3 + 20:
            source = ProfileSource((Span(body.offset + 3, body.size_bytes - 3),))
            return _BY_PROFILE.get(head[3 + 16 :]), source
    return None, None


def _has_alpha(definition: bytes | None, components: int) -> bool:
    """Whether the channel definition box calls the last component opacity (I.5.3.6).

    Raises ``ScanError`` (unsupported) for colours in another order, and for opacity of another kind.
    """
    if definition is None:
        return False
    count = int.from_bytes(definition[:2], "big")
    body = definition[2 : 2 + 6 * count]
    if count != components or len(body) != 6 * count:
        raise unsupported_jp2()
    channels = sorted(struct.iter_unpack(">3H", body))
    colours = [(index, 0, index + 1) for index in range(components)]
    if channels == colours:
        return False
    if components > 1 and channels == [*colours[:-1], (components - 1, 1, 0)]:
        return True
    raise unsupported_jp2()


def _dpi(reader: Reader, bodies: list[Span]) -> tuple[float | None, float | None]:
    """The resolution of capture, else of display; what makes no sense counts as not stated (I.5.3.7)."""
    found: dict[bytes, bytes] = {}
    for body in bodies[:1]:
        found = {box.name: reader.read(box.body.offset, min(box.body.size_bytes, 10)) for box in _boxes(reader, body)}
    data = found.get(b"resc", found.get(b"resd", b""))
    if len(data) < 10:  # noqa: PLR2004 -- two fractions and their powers of ten
        return None, None
    above_y, below_y, above_x, below_x, power_y, power_x = struct.unpack(">4H2b", data)
    if not below_x or not below_y:
        return None, None
    return above_x / below_x * 10.0**power_x * _INCH_PER_METRE, above_y / below_y * 10.0**power_y * _INCH_PER_METRE
