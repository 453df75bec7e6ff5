"""What is done to a page of a TIFF."""

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.picture import Coding, Colour, Picture
from image.probe_tiff import NEW_JPEG, TiffPage
from image.reader import Span
from image.recipe import Recipe
from image.step import (
    ADOBE_SEGMENT,
    BIT_BYTES,
    COLOUR_BYTES,
    CONVERTED_BYTES,
    DEEP_BYTES,
    GREY_BYTES,
    Copy,
    Encode,
    PagePlan,
    encode,
    placed,
    target_of,
)

_FAX_FOUR = 4
_DECODABLE = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000, 50001})
"""TIFF compressions the decoder has: none, CCITT, LZW, JPEG old and new, Deflate, PackBits, LZMA, Zstandard, WebP."""

_PHOTOMETRICS = frozenset({0, 1, 2, 3, 5, 6, 8})
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_SEPARATED, _LAB = 5, 8


def plan_tiff(page: TiffPage, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of a page. Raises ``ScanError``: unsupported, too-large."""
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
    size, dpi = (page.width_px, page.height_px), (page.dpi_x, page.dpi_y)
    copied = _copied_g4(page) or _copied_tiff_jpeg(page)
    if copied is not None:
        return placed(*size, dpi, page.orientation, copied)
    return placed(*size, dpi, page.orientation, _encode_tiff(page, limits, recipe), is_turned=True)


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
    if jpeg.lacks_tables and not tables:
        return None
    if tables and not (tables.startswith(b"\xff\xd8") and tables.endswith(b"\xff\xd9")):
        return None
    colours = len(jpeg.component_ids)
    if colours != page.samples or jpeg.has_jfif or jpeg.adobe_transform is not None:
        return None
    if colours == 1 and page.photometric == _BLACK_IS_ZERO:
        colour, adobe = Colour.GREY, b""
    elif colours == 3 and page.photometric in {_RGB, _YCBCR}:  # noqa: PLR2004 -- red, green, blue
        colour, adobe = Colour.RGB, ADOBE_SEGMENT + bytes([page.photometric == _YCBCR])
    else:
        return None
    picture = Picture(page.width_px, page.height_px, 8, colour, Coding.DCT)
    body = Span(page.strip.offset + 2, jpeg.span.size_bytes - 2)
    return Copy(picture, (b"\xff\xd8" + adobe + tables[2:-2], body), "rewrapped")


def _encode_tiff(page: TiffPage, limits: Limits, recipe: Recipe) -> Encode:
    is_palette = page.photometric == _PALETTE
    if page.bits == 1 and page.samples == 1 and not is_palette:
        per_pixel = BIT_BYTES
    elif page.photometric in {_SEPARATED, _LAB} or page.has_extra_samples:
        per_pixel = CONVERTED_BYTES
    elif page.samples == 1 and page.bits == 16:  # noqa: PLR2004 -- two bytes a sample
        per_pixel = DEEP_BYTES
    else:
        per_pixel = GREY_BYTES if page.samples == 1 and not is_palette else COLOUR_BYTES
    target = target_of(page.bits * page.samples, recipe, is_palette=is_palette)
    step = encode(page.width_px, page.height_px, target, per_pixel, limits)
    width, height = page.width_px, page.height_px
    if page.orientation >= 5:  # noqa: PLR2004 -- as in _placed: the TIFF decoder turns the picture upright
        width, height = height, width
    is_white_zero = page.photometric == _WHITE_IS_ZERO and page.bits == 16  # noqa: PLR2004 -- two bytes a sample
    return Encode(step.target, width, height, frame=page.frame, is_white_zero=is_white_zero)
