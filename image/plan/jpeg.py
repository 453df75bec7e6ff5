"""What is done to a picture of a JPEG file."""

from collections.abc import Iterable, Iterator

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.picture import Coding, Colour, Picture
from image.plan.step import ADOBE_SEGMENT, COLOUR_BYTES, Copy, Encode, PagePlan, Proof, Target, encode, placed
from image.probe.jpeg import Edit, JpegPage, damaged_jpeg
from image.reader import Span
from image.recipe import Recipe


def plan_jpeg(page: JpegPage, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of a picture. Raises ``ScanError``: unsupported, damaged, too-large."""
    step = _step(page, limits, recipe)
    return placed(page.width_px, page.height_px, (page.dpi_x, page.dpi_y), page.orientation, step)


def _step(page: JpegPage, limits: Limits, recipe: Recipe) -> Copy | Encode:
    ids = page.component_ids
    colour = {1: Colour.GREY, 3: Colour.RGB, 4: Colour.CMYK}.get(len(ids))
    if page.bits != 8 or colour is None:  # noqa: PLR2004 -- ISO 32000-1 7.4.8: DCTDecode knows 8 bits
        raise ScanError(
            ScanFault.UNSUPPORTED,
            "The scanner wrote a kind of JPEG (not 8 bits a colour) that PDF does not know. "
            "Please set the scanner to standard JPEG, TIFF or PDF.",
        )
    is_torn = page.has_jfif and page.adobe_transform == 0 and colour is Colour.RGB
    if (
        page.headers.lacks_tables
        or (not page.has_end and not page.is_one_pass)
        or (page.mending and (is_torn or not page.has_end))
    ):
        raise damaged_jpeg()
    if is_torn:
        # JFIF says YCbCr, Adobe says RGB, and readers disagree: what the decoder sees is made plain.
        return encode(page.width_px, page.height_px, Target.JPEG, COLOUR_BYTES, limits, page.span, page.profile)
    edits = [*page.mending]
    if not recipe.is_metadata_kept:
        edits += [Edit(span) for span in page.metadata]
    is_lettered = ids == tuple(b"RGB") and not page.has_jfif and page.adobe_transform is None
    if is_lettered:
        # Decoders built on libjpeg read the letters; the PDF standard does not, so it is said in APP14.
        edits.append(Edit(Span(page.span.offset + 2, 0), ADOBE_SEGMENT + b"\x00"))
    proof = Proof.NOTHING
    if not page.has_end:
        edits.append(Edit(Span(page.span.offset + page.span.size_bytes, 0), b"\xff\xd9"))
        proof = Proof.JPEG_IS_COMPLETE
    # Adobe's CMYK is stored inverted (T.872 6.5.3 and every reader's practice).
    is_inverted = colour is Colour.CMYK and page.adobe_transform is not None
    picture = Picture(page.width_px, page.height_px, 8, colour, Coding.DCT, is_inverted=is_inverted)
    action = "rewrapped" if page.mending or is_lettered else "passed"
    return Copy(picture, tuple(edited(page.span, edits)), action, proof, profile=page.profile)


def edited(span: Span, edits: Iterable[Edit]) -> Iterator[bytes | Span]:
    """``span`` in parts, with the edits made, which do not overlap; in the order of the file."""
    position = span.offset
    for edit in sorted(edits, key=lambda edit: edit.span.offset):
        if edit.span.offset > position:
            yield Span(position, edit.span.offset - position)
        if edit.instead:
            yield edit.instead
        position = edit.span.offset + edit.span.size_bytes
    if span.offset + span.size_bytes > position:
        yield Span(position, span.offset + span.size_bytes - position)
