"""What is done to a page of a TIFF."""

from dataclasses import replace

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_decoded
from image.picture import Coding, Colour, Picture
from image.plan.jpeg import edited
from image.plan.step import (
    ADOBE_SEGMENT,
    BIT_BYTES,
    COLOUR_BYTES,
    CONVERTED_BYTES,
    GREY_BYTES,
    Copy,
    Encode,
    PagePlan,
    Proof,
    encode,
    placed,
    target_of,
)
from image.probe.jpeg import Edit, JpegPage
from image.probe.tiff import NEW_JPEG, OLD_JPEG, TiffPage
from image.reader import Span
from image.recipe import Recipe

_MODIFIED_HUFFMAN, _T4, _T6 = 2, 3, 4
_DECODABLE = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000, 50001})
"""TIFF compressions the decoder has: none, CCITT, LZW, JPEG old and new, Deflate, PackBits, LZMA, Zstandard, WebP."""

_OF_EIGHT_BITS = frozenset({6, 7, 50001})
"""JPEG and WebP."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_SEPARATED, _LAB = 5, 8
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _PALETTE: 1, _RGB: 3, _SEPARATED: 4, _YCBCR: 3, _LAB: 3}
"""The photometric interpretations that can be shown, and their samples a pixel."""

_KEPT_COLOURS = frozenset({_BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR})
"""Those whose samples come out as a profile speaks of them."""

_JPEG_COLOURS = {(_BLACK_IS_ZERO, 1), (_RGB, 3), (_YCBCR, 3)}
"""Photometric interpretation and components of the JPEGs that can be passed."""

_CONTRADICTION = -1
_CMYK = 1
_TWO_DIMENSIONAL, _UNCOMPRESSED_MODE = 1, 2
_BYTE, _DEEPEST = 8, 16


def plan_tiff(page: TiffPage, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of a page. Raises ``ScanError``: unsupported, too-large."""
    if not _is_known(page):
        raise ScanError(
            ScanFault.UNSUPPORTED,
            f"The scanner wrote a kind of TIFF (compression {page.compression}, {page.bits} bits) that cannot be read. "
            "Please set the scanner to PDF, JPEG, or TIFF with G4 or LZW compression.",
        )
    step = _copied_fax(page, limits, recipe) or _copied_tiff_jpeg(page, recipe) or _encoded(page, limits, recipe)
    return placed(page.width_px, page.height_px, (page.dpi_x, page.dpi_y), page.orientation, step)


def _is_known(page: TiffPage) -> bool:
    """Whether the decoder can make a picture of the page; what floating point or logarithms mean is not known here."""
    colours = _COLOURS.get(page.photometric, 0)
    if page.compression == OLD_JPEG:
        return page.bits == _BYTE
    most_bits = _DEEPEST
    if page.is_fax:
        most_bits = 1
    elif page.compression in _OF_EIGHT_BITS or page.photometric in {_PALETTE, _YCBCR}:
        most_bits = _BYTE
    is_whole_byte = page.compression in _OF_EIGHT_BITS or page.photometric == _YCBCR
    return (
        page.compression in _DECODABLE
        and 0 < colours <= page.samples
        and 1 <= page.bits <= most_bits
        and (page.bits == _BYTE or not is_whole_byte)
        and page.sample_format in {1, 4}
        and (page.chunk_samples in {1, 3, 4} or page.compression not in _OF_EIGHT_BITS)
        and (page.chunk_samples == 1 or not page.is_fax)
        and (page.samples == 3 or not page.is_raw_ycbcr)  # noqa: PLR2004 -- brightness and two colours
        and (page.ink_set == _CMYK or page.photometric != _SEPARATED)
        and (page.bits in {_BYTE, _DEEPEST} or not page.has_differences)
    )


def _copied_fax(page: TiffPage, limits: Limits, recipe: Recipe) -> Copy | None:
    """A bilevel page whose one strip PDF can hold as it is.

    T.6 is passed when it has its end. T.4 and Modified Huffman are passed only when they decode without a complaint
    and are coded the one way that poppler, PDFium and PDFBox were seen to read alike (2026-11): readers differ in how
    they go on behind a damaged row, and in what they take for its beginning.
    """
    if page.samples != 1 or page.photometric not in {_WHITE_IS_ZERO, _BLACK_IS_ZERO} or page.strip is None:
        return None
    is_black_one = page.photometric == _BLACK_IS_ZERO
    proof = Proof.FAX_DECODES
    match page.compression:
        case 4 if not page.t6_options:
            coding, proof = (Coding.G4_BLACK_IS_1 if is_black_one else Coding.G4), Proof.FAX_HAS_END
        case 3 if page.t4_options & _UNCOMPRESSED_MODE:
            return None
        case 3 if page.t4_options & _TWO_DIMENSIONAL:
            coding = Coding.G3_2D_BLACK_IS_1 if is_black_one else Coding.G3_2D
        case 3:
            coding = Coding.G3_BLACK_IS_1 if is_black_one else Coding.G3
        case 2:
            coding = Coding.MH_BLACK_IS_1 if is_black_one else Coding.MH
        case _:
            return None
    try:
        otherwise = _encoded(page, limits, recipe)
    except ScanError:
        otherwise = None
    return Copy(
        Picture(page.width_px, page.height_px, 1, Colour.GREY, coding),
        (page.strip,),
        "passed",
        proof,
        is_bit_reversed=page.fill_order == 2,  # noqa: PLR2004 -- TIFF 6.0 page 32
        otherwise=otherwise,
    )


def _copied_tiff_jpeg(page: TiffPage, recipe: Recipe) -> Copy | None:
    """A page that is one JPEG: its tables put back in, and its colours said in the JPEG's own way."""
    jpeg, tables = page.jpeg, page.jpeg_tables
    if page.compression != NEW_JPEG or jpeg is None or page.strip is None or jpeg.bits != 8:  # noqa: PLR2004 -- T.81
        return None
    if jpeg.headers.lacks_tables and not tables:
        return None
    if tables and not (tables.startswith(b"\xff\xd8") and tables.endswith(b"\xff\xd9")):
        return None
    colours = len(jpeg.component_ids)
    if colours != page.samples or (page.photometric, colours) not in _JPEG_COLOURS:
        return None
    said = _said_of_colours(jpeg)
    wanted = page.photometric if colours > 1 else None
    if said not in {None, wanted}:
        return None
    adobe = ADOBE_SEGMENT + bytes([page.photometric == _YCBCR]) if wanted is not None and said is None else b""
    edits = [Edit(Span(0, 2), b"\xff\xd8" + adobe + tables[2:-2]), *jpeg.mending]
    if not recipe.is_metadata_kept:
        edits += [Edit(span) for span in jpeg.metadata]
    picture = Picture(page.width_px, page.height_px, 8, Colour.GREY if colours == 1 else Colour.RGB, Coding.DCT)
    start = page.strip.offset
    parts = (
        replace(part, offset=start + part.offset) if isinstance(part, Span) else part
        for part in edited(jpeg.span, edits)
    )
    return Copy(picture, tuple(parts), "rewrapped", profile=page.profile)


def _said_of_colours(jpeg: JpegPage) -> int | None:
    """What the markers of a JPEG of three colours say of them, as TIFF's code; None when nothing.

    Where JFIF and Adobe contradict each other, readers differ: such a picture is of no kind that a TIFF can have.
    """
    said = {_YCBCR} if jpeg.has_jfif and len(jpeg.component_ids) > 1 else set()
    if jpeg.adobe_transform is not None and len(jpeg.component_ids) > 1:
        said.add(_YCBCR if jpeg.adobe_transform else _RGB)
    return said.pop() if len(said) == 1 else _CONTRADICTION if said else None


def _encoded(page: TiffPage, limits: Limits, recipe: Recipe) -> Encode:
    is_palette = page.photometric == _PALETTE
    if page.bits == 1 and page.samples == 1 and not is_palette:
        per_pixel = BIT_BYTES
    elif page.photometric in {_SEPARATED, _LAB} or page.extra:
        per_pixel = CONVERTED_BYTES
    else:
        per_pixel = GREY_BYTES if page.samples == 1 and not is_palette else COLOUR_BYTES
    # What stands in one strip or tile is decoded at once: to its bytes, and from them to pixels.
    if not page.is_sliceable:
        chunk_bytes = page.chunk_row_bytes * page.chunk_height * page.samples // page.chunk_samples
        check_decoded(chunk_bytes + page.width_px * page.height_px * per_pixel, limits)
    target = target_of(page.bits * page.samples, recipe, is_palette=is_palette)
    # Of other colours it would not be true any more: they are converted, or turned round.
    profile = page.profile if page.photometric in _KEPT_COLOURS else None
    step = encode(page.width_px, page.height_px, target, per_pixel, limits, profile=profile)
    return replace(step, frame=page.frame, tiff=page)
