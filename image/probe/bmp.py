"""The page of a Windows bitmap from its two headers."""

from dataclasses import dataclass

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_pixels
from image.reader import Reader, ended_early

_INCH_PER_METRE = 0.0254
_CORE_HEADER_BYTES = 12
_INFO_HEADER_BYTES = 40
_RAW, _RLE8, _RLE4, _MASKED = 0, 1, 2, 3
"""MS-WMF 2.1.1.7, Compression. In the files of OS/2 3 and 4 are others, which no scanner writes."""

_MASKS = {
    16: {(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)},
    24: {(0xFF0000, 0xFF00, 0xFF)},
    32: {
        (0xFF0000, 0xFF00, 0xFF),
        (0xFF, 0xFF00, 0xFF0000),
        (0xFF000000, 0xFF0000, 0xFF00),
        (0xFF000000, 0xFF00, 0xFF),
    },
}
"""Where red, green and blue may stand in a pixel: what Windows writes, and what the decoder knows."""

_BLACK_AND_WHITE = {bytes(3), b"\xff\xff\xff"}


@dataclass(frozen=True, slots=True)
class BmpPage:
    """The picture; ``bits`` a pixel (up to 8 are entries of a palette). dpi is None when none is stated.

    ``is_bilevel``: one bit a pixel, and the palette is black and white.
    """

    width_px: int
    height_px: int
    bits: int
    is_bilevel: bool
    dpi_x: float | None
    dpi_y: float | None


def probe_bmp(reader: Reader, limits: Limits) -> BmpPage:
    """The picture of a bitmap (BITMAPCOREHEADER, BITMAPINFOHEADER and its successors; MS-WMF 2.2.2.3).

    Raises ``ScanError``: damaged (also when there are fewer bytes than uncompressed pixels need), unsupported (JPEG or
    PNG inside, colours in unusual places), too-large.
    """
    header_bytes = _unsigned(reader.read(14, 4), 0, 4)
    if header_bytes == _CORE_HEADER_BYTES:
        core = reader.read(18, 8)
        width, height, bits = _unsigned(core, 0, 2), _unsigned(core, 2, 2), _unsigned(core, 6, 2)
        compression, per_metre, colour_bytes = _RAW, (0, 0), 3
    elif header_bytes >= _INFO_HEADER_BYTES:
        info = reader.read(14, _INFO_HEADER_BYTES)
        # A negative height means the first row is the top one.
        width, height, bits = _signed(info, 4), abs(_signed(info, 8)), _unsigned(info, 14, 2)
        compression, per_metre, colour_bytes = _unsigned(info, 16, 4), (_signed(info, 24), _signed(info, 28)), 4
    else:
        raise damaged_bmp()
    if width <= 0 or height <= 0 or bits not in {1, 2, 4, 8, 16, 24, 32}:
        raise damaged_bmp()
    check_pixels(width, height, limits)
    _check_kind(reader, bits, compression)
    if compression in {_RAW, _MASKED}:
        row_bytes, padded_bytes = (width * bits + 7) // 8, (width * bits + 31) // 32 * 4
        start = _unsigned(reader.read(10, 4), 0, 4) or 14 + header_bytes
        if start + padded_bytes * (height - 1) + row_bytes > reader.size_bytes:
            raise ended_early()
    colours = reader.read(14 + header_bytes, 2 * colour_bytes) if bits == 1 else b""
    pair = {colours[:3], colours[colour_bytes : colour_bytes + 3]}
    dpi_x, dpi_y = (value * _INCH_PER_METRE if value > 0 else None for value in per_metre)
    return BmpPage(width, height, bits, bits == 1 and pair == _BLACK_AND_WHITE, dpi_x, dpi_y)


def _check_kind(reader: Reader, bits: int, compression: int) -> None:
    """Raises ``ScanError`` (unsupported) for what the decoder does not know."""
    kinds = {_RAW: {1, 4, 8, 16, 24, 32}, _RLE8: {8}, _RLE4: {4}, _MASKED: {16, 24, 32}}
    is_known = bits in kinds.get(compression, set())
    if is_known and compression == _MASKED:
        # Behind the first 40 bytes of the header, whether they belong to it or follow it (MS-WMF 2.2.2.9).
        masks = reader.read(14 + _INFO_HEADER_BYTES, 12)
        is_known = tuple(_unsigned(masks, at, 4) for at in (0, 4, 8)) in _MASKS[bits]
    if not is_known:
        raise ScanError(
            ScanFault.UNSUPPORTED,
            "The scanner wrote a kind of bitmap that cannot be read. Please set the scanner to PDF, TIFF or JPEG.",
        )


def _unsigned(data: bytes, at: int, size_bytes: int) -> int:
    return int.from_bytes(data[at : at + size_bytes], "little")


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little", signed=True)


def damaged_bmp() -> ScanError:
    """The refusal of a bitmap whose headers make no sense."""
    return ScanError(ScanFault.DAMAGED, "The bitmap from the scanner is damaged. Please scan again.")
