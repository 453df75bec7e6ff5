"""The page of a Windows bitmap from its two headers."""

from dataclasses import dataclass

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_pixels
from image.reader import Reader

_INCH_PER_METRE = 0.0254
_CORE_HEADER_BYTES = 12
_INFO_HEADER_BYTES = 40
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

    Raises ``ScanError``: damaged, too-large.
    """
    header_bytes = int.from_bytes(reader.read(14, 4), "little")
    if header_bytes == _CORE_HEADER_BYTES:
        core = reader.read(18, 8)
        width, height, bits = _unsigned(core, 0, 2), _unsigned(core, 2, 2), _unsigned(core, 6, 2)
        per_metre, colour_bytes = (0, 0), 3
    elif header_bytes >= _INFO_HEADER_BYTES:
        info = reader.read(14, _INFO_HEADER_BYTES)
        # A negative height means the first row is the top one.
        width, height, bits = _signed(info, 4), abs(_signed(info, 8)), _unsigned(info, 14, 2)
        per_metre, colour_bytes = (_signed(info, 24), _signed(info, 28)), 4
    else:
        raise damaged_bmp()
    if width <= 0 or height <= 0 or bits not in {1, 2, 4, 8, 16, 24, 32}:
        raise damaged_bmp()
    check_pixels(width, height, limits)
    colours = reader.read(14 + header_bytes, 2 * colour_bytes) if bits == 1 else b""
    pair = {colours[:3], colours[colour_bytes : colour_bytes + 3]}
    dpi_x, dpi_y = (value * _INCH_PER_METRE if value > 0 else None for value in per_metre)
    return BmpPage(width, height, bits, bits == 1 and pair == _BLACK_AND_WHITE, dpi_x, dpi_y)


def _unsigned(data: bytes, at: int, size_bytes: int) -> int:
    return int.from_bytes(data[at : at + size_bytes], "little")


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little", signed=True)


def damaged_bmp() -> ScanError:
    """The refusal of a bitmap whose headers make no sense."""
    return ScanError(ScanFault.DAMAGED, "The bitmap from the scanner is damaged. Please scan again.")
