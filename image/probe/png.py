"""The page of a PNG from its chunks: size, depth, colours, resolution, turn, and where its data stands."""

import zlib
from dataclasses import dataclass, replace

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_pixels
from image.probe.exif import exif_facts
from image.probe.icc import ProfileSource
from image.reader import Reader, Span, ended_early

MAX_CHUNKS = 500_000
"""Chunks of one file: data in 8 KiB pieces, the usual size, for the largest page, with room."""

_INCH_PER_METRE = 0.0254
_SMALL_BYTES = 64 * 1024
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""PNG 11.2.2, table 11.1: the depths each colour type may have."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class PngPage:
    """The picture. ``colour_type`` is PNG's code; ``data`` are the bodies of the IDAT chunks, in order.

    ``profile`` is iCCP's. cHRM, gAMA and sRGB are not used: programs write them by rote, and viewers differ over them.
    ``palette`` holds red, green, blue bytes for colour type 3, else nothing. dpi is None when none is stated.
    """

    width_px: int
    height_px: int
    bits: int
    colour_type: int
    is_interlaced: bool
    has_transparency: bool
    palette: bytes
    data: tuple[Span, ...]
    orientation: int
    dpi_x: float | None
    dpi_y: float | None
    profile: ProfileSource | None = None

    @property
    def channels(self) -> int:
        """Samples a pixel."""
        return _CHANNELS[self.colour_type]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row before compression, without the byte that names its filter."""
        return (self.width_px * self.bits * self.channels + 7) // 8


def probe_png(reader: Reader, limits: Limits) -> PngPage:
    """The picture of a PNG; the frames of an animation are no pages. The checksum of every chunk used is checked.

    Raises ``ScanError``: damaged (also when the end is missing) or too-large.
    """
    header: tuple[int, int, int, int, bool] | None = None
    small: dict[bytes, bytes] = {}
    data: list[Span] = []
    profile: ProfileSource | None = None
    position = 8
    for _ in range(MAX_CHUNKS):
        size_bytes = int.from_bytes(reader.read(position, 4), "big")
        name = reader.read(position + 4, 4)
        body = Span(position + 8, size_bytes)
        position += 12 + size_bytes
        if position > reader.size_bytes:
            raise ended_early()
        if name == b"IHDR":
            header = _header(_checked(reader, name, body), limits)
        elif name == b"IDAT":
            _check_sum(reader, name, body)
            data.append(body)
        elif name in {b"PLTE", b"tRNS"}:
            small[name] = _checked(reader, name, body)
        elif name in {b"pHYs", b"eXIf"} and size_bytes <= _SMALL_BYTES:
            small[name] = reader.read(body.offset, size_bytes)
        elif name == b"iCCP" and profile is None:
            profile = _profile(reader, body)
        elif name == b"IEND":
            break
    else:
        raise damaged_png()
    if header is None or not data:
        raise damaged_png()
    return replace(_page(header, small, tuple(data)), profile=profile)


def _page(header: tuple[int, int, int, int, bool], small: dict[bytes, bytes], data: tuple[Span, ...]) -> PngPage:
    width, height, bits, colour_type, is_interlaced = header
    palette = small.get(b"PLTE", b"") if colour_type == 3 else b""  # noqa: PLR2004 -- PNG 11.2.2: indexed colour
    if colour_type == 3 and (not palette or len(palette) % 3 or len(palette) > 3 * 2**bits):  # noqa: PLR2004 -- the same
        raise damaged_png()
    dpi_x, dpi_y = _dpi(small.get(b"pHYs", b""))
    return PngPage(
        width_px=width,
        height_px=height,
        bits=bits,
        colour_type=colour_type,
        is_interlaced=is_interlaced,
        has_transparency=b"tRNS" in small or colour_type in {4, 6},
        palette=palette,
        data=data,
        orientation=exif_facts(small.get(b"eXIf", b""))[0],
        dpi_x=dpi_x,
        dpi_y=dpi_y,
    )


def _profile(reader: Reader, body: Span) -> ProfileSource | None:
    """Where the profile in an iCCP chunk stands: behind a name of 1 to 79 bytes and two zeros (PNG 11.3.3.3)."""
    head = reader.read(body.offset, min(body.size_bytes, 82))
    end = head.find(b"\x00")
    if not 1 <= end <= 79 or head[end + 1 : end + 2] != b"\x00":  # noqa: PLR2004 -- the same
        return None
    return ProfileSource((Span(body.offset + end + 2, body.size_bytes - end - 2),), is_deflated=True)


def _header(body: bytes, limits: Limits) -> tuple[int, int, int, int, bool]:
    if len(body) != 13:  # noqa: PLR2004 -- PNG 11.2.2
        raise damaged_png()
    width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    bits, colour_type, compression, filters, interlace = body[8:]
    if not width or not height or bits not in _DEPTHS.get(colour_type, ()) or compression or filters or interlace > 1:
        raise damaged_png()
    check_pixels(width, height, limits)
    return width, height, bits, colour_type, bool(interlace)


def _checked(reader: Reader, name: bytes, body: Span) -> bytes:
    if body.size_bytes > _SMALL_BYTES:
        raise damaged_png()
    _check_sum(reader, name, body)
    return reader.read(body.offset, body.size_bytes)


def _check_sum(reader: Reader, name: bytes, body: Span) -> None:
    value = zlib.crc32(name)
    for chunk in reader.chunks(body):
        value = zlib.crc32(chunk, value)
    if value != int.from_bytes(reader.read(body.offset + body.size_bytes, 4), "big"):
        raise damaged_png()


def _dpi(body: bytes) -> tuple[float | None, float | None]:
    if len(body) != 9 or body[8] != 1:  # noqa: PLR2004 -- PNG 11.3.4.3: nine bytes, unit 1 is the metre
        return None, None
    return int.from_bytes(body[:4], "big") * _INCH_PER_METRE, int.from_bytes(body[4:8], "big") * _INCH_PER_METRE


def damaged_png() -> ScanError:
    """The refusal of a PNG whose chunks make no sense or fail their checksums."""
    return ScanError(ScanFault.DAMAGED, "The PNG from the scanner is damaged. Please scan again.")
