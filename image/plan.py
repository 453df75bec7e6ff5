"""What is done to each page: its bytes passed, put in another wrapper, or decoded and encoded anew."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_decoded
from image.paper import page_size
from image.picture import Coding, Colour, Picture
from image.probe_bmp import BmpPage
from image.probe_jpeg import JpegPage, damaged_jpeg
from image.probe_png import PngPage
from image.probe_tiff import NEW_JPEG, TiffPage
from image.reader import Span

PageFacts = TiffPage | JpegPage | PngPage | BmpPage


class Check(StrEnum):
    """What must be proved about bytes that are passed before they are believed."""

    NOTHING = "nothing"
    JPEG_IS_COMPLETE = "jpeg-is-complete"
    DATA_INFLATES = "data-inflates"


class Target(StrEnum):
    """How a decoded page is encoded."""

    G4 = "g4"
    JPEG = "jpeg"
    FLATE = "flate"


@dataclass(frozen=True, slots=True)
class Copy:
    """The image's data is in the file already: ``parts`` one behind the other, literal bytes and runs of the file.

    ``is_bit_reversed``: the bits of each byte are to be turned round. ``action`` is ``passed`` or ``rewrapped``.
    ``inflated_bytes`` is what ``Check.DATA_INFLATES`` expects.
    """

    picture: Picture
    parts: tuple[bytes | Span, ...]
    action: str
    check: Check = Check.NOTHING
    is_bit_reversed: bool = False
    inflated_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Encode:
    """The page is decoded (``frame`` of a TIFF; ``span`` of a file of JPEGs) and encoded as ``target``.

    ``width_px`` and ``height_px`` are what the decoder must deliver. ``is_white_zero``: the decoder leaves the samples
    the wrong way round (16 bit, TIFF's WhiteIsZero).
    """

    target: Target
    width_px: int
    height_px: int
    frame: int = 0
    span: Span | None = None
    is_white_zero: bool = False


@dataclass(frozen=True, slots=True)
class PagePlan:
    """One page: its size as shown, EXIF's orientation (1 to 8) still to be undone by the page, and the step."""

    width_pt: float
    height_pt: float
    orientation: int
    step: Copy | Encode


_BIT_BYTES, _GREY_BYTES, _DEEP_BYTES, _COLOUR_BYTES, _CONVERTED_BYTES = 2, 1, 7, 4, 8
"""Memory a pixel takes in Pillow: bilevel and grey one byte, colour four; where a copy is made, both."""

_FAX_FOUR = 4
_DECODABLE = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000, 50001})
"""TIFF compressions the decoder has: none, CCITT, LZW, JPEG old and new, Deflate, PackBits, LZMA, Zstandard, WebP."""

_PHOTOMETRICS = frozenset({0, 1, 2, 3, 5, 6, 8})
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_SEPARATED, _LAB = 5, 8
_ADOBE_SEGMENT = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""APP14 (T.872 6.5.3) without its last byte, the colour transform: how a JPEG says RGB or YCbCr to every reader."""


def plan_page(page: PageFacts, limits: Limits) -> PagePlan:
    """The plan of one page. Raises ``ScanError``: unsupported, too-large, damaged."""
    match page:
        case TiffPage():
            return _plan_tiff(page, limits)
        case JpegPage():
            return _placed(page, page.orientation, _jpeg_step(page, limits))
        case PngPage():
            return _placed(page, page.orientation, _png_step(page, limits))
        case BmpPage():
            target = _target(page.bits, limits, is_palette=page.bits <= 8 and not page.is_bilevel)  # noqa: PLR2004 -- MS-WMF
            per_pixel = _BIT_BYTES if page.is_bilevel else _COLOUR_BYTES
            return _placed(page, 1, _encode(page, target, per_pixel, limits))
        case _:
            assert_never(page)


def _placed(page: PageFacts, orientation: int, step: Copy | Encode, *, is_turned: bool = False) -> PagePlan:
    """``is_turned``: the step itself delivers the picture upright."""
    width, height, dpi_x, dpi_y = page.width_px, page.height_px, page.dpi_x, page.dpi_y
    if orientation >= 5:  # noqa: PLR2004 -- TIFF 6.0 page 36: 5 to 8 have rows standing upright
        width, height, dpi_x, dpi_y = height, width, dpi_y, dpi_x
    width_pt, height_pt = page_size(width, height, dpi_x, dpi_y)
    return PagePlan(width_pt, height_pt, 1 if is_turned else orientation, step)


def _plan_tiff(page: TiffPage, limits: Limits) -> PagePlan:
    if (
        page.compression not in _DECODABLE
        or page.photometric not in _PHOTOMETRICS
        or page.bits not in {1, 2, 4, 8, 16}
        or page.sample_format not in {1, 4}
    ):
        raise ScanError(
            ScanFault.UNSUPPORTED,
            f"The scanner wrote a kind of TIFF (compression {page.compression}, {page.bits} bits) that cannot be read. "
            "Please set the scanner to PDF, JPEG, or TIFF with G4 or LZW compression.",
        )
    copied = _copied_g4(page) or _copied_tiff_jpeg(page)
    if copied is not None:
        return _placed(page, page.orientation, copied)
    return _placed(page, page.orientation, _encode_tiff(page, limits), is_turned=True)


def _copied_g4(page: TiffPage) -> Copy | None:
    is_bilevel = page.bits == 1 and page.samples == 1 and page.photometric in {_WHITE_IS_ZERO, _BLACK_IS_ZERO}
    if page.compression != _FAX_FOUR or not is_bilevel or page.strip is None or page.t6_options:
        return None
    coding = Coding.G4_BLACK_IS_1 if page.photometric == _BLACK_IS_ZERO else Coding.G4
    picture = Picture(page.width_px, page.height_px, 1, Colour.GREY, coding)
    return Copy(picture, (page.strip,), "passed", is_bit_reversed=page.fill_order == 2)  # noqa: PLR2004 -- TIFF 6.0 page 32


def _copied_tiff_jpeg(page: TiffPage) -> Copy | None:
    """A page that is one JPEG: its tables put back in, and its colours said in the JPEG's own way."""
    jpeg, tables = page.jpeg, page.jpeg_tables
    if page.compression != NEW_JPEG or jpeg is None or page.strip is None or jpeg.bits != 8:  # noqa: PLR2004 -- T.81
        return None
    if tables and not (tables.startswith(b"\xff\xd8") and tables.endswith(b"\xff\xd9")):
        return None
    colours = len(jpeg.component_ids)
    if colours != page.samples or jpeg.has_jfif or jpeg.adobe_transform is not None:
        return None
    if colours == 1 and page.photometric == _BLACK_IS_ZERO:
        colour, adobe = Colour.GREY, b""
    elif colours == 3 and page.photometric in {_RGB, _YCBCR}:  # noqa: PLR2004 -- red, green, blue
        colour, adobe = Colour.RGB, _ADOBE_SEGMENT + bytes([page.photometric == _YCBCR])
    else:
        return None
    picture = Picture(page.width_px, page.height_px, 8, colour, Coding.DCT)
    body = Span(page.strip.offset + 2, jpeg.span.size_bytes - 2)
    return Copy(picture, (b"\xff\xd8" + adobe + tables[2:-2], body), "rewrapped")


def _encode_tiff(page: TiffPage, limits: Limits) -> Encode:
    is_palette = page.photometric == _PALETTE
    if page.bits == 1 and page.samples == 1 and not is_palette:
        per_pixel = _BIT_BYTES
    elif page.photometric in {_SEPARATED, _LAB} or page.has_extra_samples:
        per_pixel = _CONVERTED_BYTES
    elif page.samples == 1 and page.bits == 16:  # noqa: PLR2004 -- two bytes a sample
        per_pixel = _DEEP_BYTES
    else:
        per_pixel = _GREY_BYTES if page.samples == 1 and not is_palette else _COLOUR_BYTES
    target = _target(page.bits * page.samples, limits, is_palette=is_palette)
    encode = _encode(page, target, per_pixel, limits)
    width, height = page.width_px, page.height_px
    if page.orientation >= 5:  # noqa: PLR2004 -- as in _placed: the TIFF decoder turns the picture upright
        width, height = height, width
    is_white_zero = page.photometric == _WHITE_IS_ZERO and page.bits == 16  # noqa: PLR2004 -- two bytes a sample
    return Encode(encode.target, width, height, frame=page.frame, is_white_zero=is_white_zero)


def _jpeg_step(page: JpegPage, limits: Limits) -> Copy | Encode:
    ids = page.component_ids
    colour = {1: Colour.GREY, 3: Colour.RGB, 4: Colour.CMYK}.get(len(ids))
    if page.bits != 8 or colour is None:  # noqa: PLR2004 -- ISO 32000-1 7.4.8: DCTDecode knows 8 bits
        raise ScanError(
            ScanFault.UNSUPPORTED,
            "The scanner wrote a kind of JPEG (not 8 bits a colour) that PDF does not know. "
            "Please set the scanner to standard JPEG, TIFF or PDF.",
        )
    if not page.has_end and not page.is_one_pass:
        raise damaged_jpeg()
    if page.has_jfif and page.adobe_transform == 0 and len(ids) == 3:  # noqa: PLR2004 -- red, green, blue
        # JFIF says YCbCr, Adobe says RGB, and readers disagree: what the decoder sees is made plain.
        return _encode(page, Target.JPEG, _COLOUR_BYTES, limits, page.span)
    # Adobe's CMYK is stored inverted (T.872 6.5.3 and every reader's practice).
    picture = Picture(
        page.width_px,
        page.height_px,
        8,
        colour,
        Coding.DCT,
        is_inverted=colour is Colour.CMYK and page.adobe_transform is not None,
    )
    if not page.has_end:
        return Copy(picture, (page.span, b"\xff\xd9"), "passed", Check.JPEG_IS_COMPLETE)
    if ids == tuple(b"RGB") and not page.has_jfif and page.adobe_transform is None:
        # Decoders built on libjpeg read the letters; the PDF standard does not, so it is said in APP14.
        parts = (b"\xff\xd8" + _ADOBE_SEGMENT + b"\x00", Span(page.span.offset + 2, page.span.size_bytes - 2))
        return Copy(picture, parts, "rewrapped")
    return Copy(picture, (page.span,), "passed")


def _png_step(page: PngPage, limits: Limits) -> Copy | Encode:
    is_palette = bool(page.palette)
    if page.is_interlaced or page.has_transparency or page.bits > 8:  # noqa: PLR2004 -- deeper is scaled to 8
        per_pixel = _CONVERTED_BYTES if page.has_transparency or page.bits > 8 else _COLOUR_BYTES  # noqa: PLR2004
        return _encode(page, _target(page.bits * page.channels, limits, is_palette=is_palette), per_pixel, limits)
    colour = Colour.INDEXED if is_palette else Colour.RGB if page.channels > 1 else Colour.GREY
    picture = Picture(page.width_px, page.height_px, page.bits, colour, Coding.FLATE_PNG, palette=page.palette)
    rows_bytes = page.height_px * (1 + page.row_bytes)
    return Copy(picture, page.data, "rewrapped", Check.DATA_INFLATES, inflated_bytes=rows_bytes)


def _target(bits: int, limits: Limits, *, is_palette: bool) -> Target:
    """``bits`` a pixel. A drawing of a few colours stays exact: JPEG would blur it and save nothing."""
    if bits == 1 and not is_palette:
        return Target.G4
    if limits.colour == "lossless" or (is_palette and bits <= 4):  # noqa: PLR2004 -- sixteen colours
        return Target.FLATE
    return Target.JPEG


def _encode(page: PageFacts, target: Target, pixel_bytes: int, limits: Limits, span: Span | None = None) -> Encode:
    check_decoded(page.width_px * page.height_px * pixel_bytes, limits)
    return Encode(target, page.width_px, page.height_px, span=span)
