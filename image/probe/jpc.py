"""A JPEG 2000 codestream from its markers: size, components, tiles, and whether it is whole."""

import struct
from dataclasses import dataclass

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_pixels
from image.reader import Reader, Span

MAX_TILES = 4096
"""Tiles of one picture: a decoder keeps 6 kB for each. An A4 page at 600 dpi in tiles of 128 pixels has 2145."""

_MAX_SEGMENTS = 1024
_MAX_TILE_PARTS = 65536
_MAX_COMPONENTS = 4
_SOC, _SIZ, _SOT, _EOC = b"\xff\x4f", b"\xff\x51", b"\xff\x90", b"\xff\xd9"
_SIZ_FIXED_BYTES = 38
_SOT_BYTES = 12
_EXTENSIONS = 0xC000
"""Bits 14 and 15 of Rsiz: extensions of part 15 and part 2, which a reader of part 1 need not know (A.5.1)."""

_SIGNED = 0x80
"""The top bit of Ssiz (table A.11); the others are the depth less one."""


@dataclass(frozen=True, slots=True)
class Codestream:
    """``span`` runs from SOC to the end of EOC, or of the last tile when EOC is missing (``has_end``).

    ``bits`` are those of each component (0 when they differ, or are signed). ``tile_px`` is the size of a full tile,
    or of the picture when that is smaller. ``is_subsampled``: not every component has full resolution.
    ``is_extended``: more than ISO 15444-1 is needed to read it.
    """

    span: Span
    width_px: int
    height_px: int
    components: int
    bits: int
    tiles: int
    tile_px: int
    is_subsampled: bool
    is_extended: bool
    has_end: bool


def probe_codestream(reader: Reader, start: int, end: int, limits: Limits) -> Codestream:
    """The codestream at ``start`` of ``reader``, which may not go beyond ``end`` (ISO 15444-1 annex A).

    The picture data itself is not looked at. Raises ``ScanError``: too-large, unsupported (more than four components),
    damaged (also when a tile is missing or cut off).
    """
    if reader.read(start, 4) != _SOC + _SIZ:
        raise damaged_jp2()
    siz = reader.read(start + 4, _SIZ_FIXED_BYTES)
    _, rsiz, right, bottom, left, top, *grid, components = struct.unpack(">2H8IH", siz)
    tile_width, tile_height, tile_left, tile_top = grid
    if not (left < right and top < bottom and tile_left <= left < tile_left + tile_width):
        raise damaged_jp2()
    if not (tile_top <= top < tile_top + tile_height and components):
        raise damaged_jp2()
    check_pixels(right - left, bottom - top, limits)
    if components > _MAX_COMPONENTS:
        raise unsupported_jp2()
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    if tiles > MAX_TILES:
        raise ScanError(
            ScanFault.TOO_LARGE,
            f"A page comes in {tiles} tiles, more than this scanner gateway accepts. Please scan to PDF, TIFF or JPEG.",
        )
    shapes = [tuple(shape) for shape in struct.iter_unpack("3B", reader.read(start + 42, 3 * components))]
    has_end, finish = _walk(reader, _first_tile(reader, start + 2), end, tiles)
    depths = {depth for depth, _, _ in shapes}
    width, height = right - left, bottom - top
    return Codestream(
        span=Span(start, finish - start),
        width_px=width,
        height_px=height,
        components=components,
        bits=max(depths) + 1 if len(depths) == 1 and max(depths) < _SIGNED else 0,
        tiles=tiles,
        tile_px=min(tile_width, width) * min(tile_height, height),
        is_subsampled=any(shape[1:] != (1, 1) for shape in shapes),
        is_extended=bool(rsiz & _EXTENSIONS),
        has_end=has_end,
    )


def _first_tile(reader: Reader, position: int) -> int:
    """Where the first tile-part stands, behind the segments of the main header."""
    for _ in range(_MAX_SEGMENTS):
        marker, size_bytes = struct.unpack(">2sH", reader.read(position, 4))
        if marker == _SOT:
            return position
        if marker[0] != _SOC[0] or size_bytes < 2:  # noqa: PLR2004 -- the length counts itself
            raise damaged_jp2()
        position += 2 + size_bytes
    raise damaged_jp2()


def _walk(reader: Reader, position: int, end: int, tiles: int) -> tuple[bool, int]:
    """Whether EOC closes the tile-parts that begin at ``position``, and where they, or it, end.

    Every tile must be there, with as many parts as it says it has (A.4.2).
    """
    found: dict[int, int] = {}
    announced: dict[int, int] = {}
    for _ in range(_MAX_TILE_PARTS):
        tile, size_bytes, part, parts = struct.unpack(">HIBB", reader.read(position + 4, 8))
        if size_bytes == 0:
            # Up to EOC, so that there is no telling whether all is there unless it stands at the very end.
            size_bytes = end - 2 - position
            if size_bytes <= _SOT_BYTES or reader.read(end - 2, 2) != _EOC:
                raise damaged_jp2()
        position += size_bytes
        if size_bytes <= _SOT_BYTES or position > end or tile >= tiles or part != found.get(tile, 0):
            raise damaged_jp2()
        found[tile] = part + 1
        announced[tile] = parts or announced.get(tile, 0)
        marker = reader.read(position, min(2, end - position))
        if marker != _SOT or end - position < _SOT_BYTES:
            break
    else:
        raise damaged_jp2()
    if len(found) != tiles or any(announced[tile] not in {0, count} for tile, count in found.items()):
        raise damaged_jp2()
    has_end = marker == _EOC
    return has_end, position + 2 * has_end


def unsupported_jp2() -> ScanError:
    """The refusal of a kind of JPEG 2000 whose colours nobody here can tell."""
    return ScanError(
        ScanFault.UNSUPPORTED,
        "The scanner wrote a kind of JPEG 2000 that cannot be read. Please set the scanner to PDF, TIFF or JPEG.",
    )


def damaged_jp2() -> ScanError:
    """The refusal of a JPEG 2000 file whose boxes or markers make no sense, or that is cut off."""
    return ScanError(ScanFault.DAMAGED, "The JPEG 2000 file from the scanner is damaged or cut off. Please scan again.")
