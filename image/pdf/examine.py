"""Looks at every page of a PDF: its size, whether it is whole, and whether it may stand in PDF/A-2b."""

from dataclasses import dataclass

from pikepdf import Object, Pdf

from image.codec.complaints import FLAW
from image.document import Page
from image.effort import Effort
from image.pdf.contents import Contents, Measured, contents_of, lacks_picture
from image.pdf.proof import NOT_ASKED, Proofs, prove
from image.pdf.shown import size_of
from image.pdf.survey import Known, page_breach
from image.recipe import Check

INCOMPLETE = "It is damaged in the PDF from the scanner and may be incomplete; please check."
LACKING = "A picture that belongs on it is missing in the PDF from the scanner; please check."


@dataclass(frozen=True, slots=True)
class Examined:
    """The pages, each with its flaw, and why they may not stand in PDF/A-2b; empty when they may."""

    pages: tuple[Page, ...]
    breach: str


def examine(pdf: Pdf, effort: Effort, *, is_archive: bool) -> Examined:
    """The pages of ``pdf``, in order. ``is_archive``: also asks whether they may stand in PDF/A-2b.

    ``effort`` is what may be spent on decoding their pictures.

    One page at a time; nothing of it stays but its size and its verdict. Raises ``ScanError`` (too-large).
    """
    pages: list[Page] = []
    breach = "" if is_archive else "plain PDF is asked for"
    if not breach and "/OCProperties" in pdf.Root:
        breach = "it has layers"
    whole: set[tuple[int, int]] = set()
    measured = Measured()
    known, proofs = Known(measured), Proofs(effort)
    for number, page in enumerate(pdf.pages, 1):
        contents = contents_of(page.obj, measured)
        flaw = _flaw(page.obj, contents, measured, whole)
        if pdf.get_warnings():
            # qpdf goes on behind instructions that make no sense.
            flaw = flaw or INCOMPLETE
        proved = NOT_ASKED if effort.check is Check.QUICK else prove(page.obj, proofs)
        flaw = flaw or (FLAW if proved.is_damaged else "")
        pages.append(Page(*size_of(page.obj), "passed", flaw, is_quick=proved.is_quick))
        if not breach:
            found = "damage" if flaw else page_breach(page.obj, contents.instructions, known)
            breach = f"page {number} has {found}" if found else ""
    return Examined(tuple(pages), breach)


def _flaw(page: Object, contents: Contents, measured: Measured, whole: set[tuple[int, int]]) -> str:
    if contents.is_damaged:
        return INCOMPLETE
    return LACKING if lacks_picture(page, contents.instructions or (), measured, whole) else ""
