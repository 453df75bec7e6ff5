"""What is done to a picture of a JPEG file."""

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.picture import Coding, Colour, Picture
from image.probe_jpeg import JpegPage, damaged_jpeg
from image.reader import Span
from image.step import ADOBE_SEGMENT, COLOUR_BYTES, Copy, Encode, PagePlan, Proof, Target, encode, placed


def plan_jpeg(page: JpegPage, limits: Limits) -> PagePlan:
    """The plan of a picture. Raises ``ScanError``: unsupported, damaged, too-large."""
    step = _step(page, limits)
    return placed(page.width_px, page.height_px, (page.dpi_x, page.dpi_y), page.orientation, step)


def _step(page: JpegPage, limits: Limits) -> Copy | Encode:
    ids = page.component_ids
    colour = {1: Colour.GREY, 3: Colour.RGB, 4: Colour.CMYK}.get(len(ids))
    if page.bits != 8 or colour is None:  # noqa: PLR2004 -- ISO 32000-1 7.4.8: DCTDecode knows 8 bits
        raise ScanError(
            ScanFault.UNSUPPORTED,
            "The scanner wrote a kind of JPEG (not 8 bits a colour) that PDF does not know. "
            "Please set the scanner to standard JPEG, TIFF or PDF.",
        )
    is_torn = page.has_jfif and page.adobe_transform == 0 and colour is Colour.RGB
    is_lettered = ids == tuple(b"RGB") and not page.has_jfif and page.adobe_transform is None
    if (not page.has_end and not page.is_one_pass) or (page.mended and (is_torn or is_lettered or not page.has_end)):
        raise damaged_jpeg()
    if is_torn:
        # JFIF says YCbCr, Adobe says RGB, and readers disagree: what the decoder sees is made plain.
        return encode(page.width_px, page.height_px, Target.JPEG, COLOUR_BYTES, limits, page.span, page.profile)
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
        return Copy(picture, (page.span, b"\xff\xd9"), "passed", Proof.JPEG_IS_COMPLETE, profile=page.profile)
    if page.mended:
        return Copy(picture, page.mended, "rewrapped", profile=page.profile)
    if is_lettered:
        # Decoders built on libjpeg read the letters; the PDF standard does not, so it is said in APP14.
        parts = (b"\xff\xd8" + ADOBE_SEGMENT + b"\x00", Span(page.span.offset + 2, page.span.size_bytes - 2))
        return Copy(picture, parts, "rewrapped", profile=page.profile)
    return Copy(picture, (page.span,), "passed", profile=page.profile)
