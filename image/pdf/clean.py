"""Incoming PDFs, cleaned in place down to what a page shows; signed ones passed as they are, where that is wanted."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pikepdf import Pdf

from image.codec.complaints import FLAW
from image.document import Limits, Page, Written
from image.effort import Effort
from image.errors import ScanError, ScanFault
from image.limit import check_page_count
from image.pdf.describe import describe, kept_of
from image.pdf.disarm import disarm
from image.pdf.examine import examine
from image.pdf.flatten import flatten
from image.pdf.opening import damaged_pdf, opened
from image.pdf.saving import save
from image.pdf.signed import copy_signed, is_passable, is_signed
from image.recipe import Recipe, Signed

REPAIRED = "The PDF from the scanner was damaged and has been repaired; please check that nothing is missing."
UNPROTECTED = "The copy protection of the PDF from the scanner has been removed."
UNSIGNED = "The PDF carried a digital signature, which is no longer valid and has been removed."

PASSED_SIGNED = "it is signed and has been passed unchanged"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of an incoming PDF: its pages as shown, what the reader should know, and the file.

    ``plain_because`` is why it is no PDF/A, for the log; empty when it is one. ``is_untouched``: it is a signed PDF,
    passed byte for byte, and may hold what a cleaned one never does: a form, links, an outline.
    """

    pages: tuple[Page, ...]
    notes: tuple[str, ...]
    written: Written
    plain_because: str = ""
    is_untouched: bool = False


def clean_pdf(
    source: Path, out: Path, limits: Limits, made_at: datetime, recipe: Recipe, effort: Effort | None = None
) -> Cleaned:
    """Writes the pages of ``source`` to ``out``: their boxes, rotation, contents and resources, and nothing else.

    Forms and comments become part of the page as they look; gone are the targets of links, scripts and actions,
    attachments, media, signatures, bookmarks, tags, metadata and encryption. Streams are passed as they are. What can
    be PDF/A-2b, and is to be, carries its marks. Pictures are decoded to prove them whole, as far as ``effort`` (by
    default the recipe's) goes. A signed PDF is passed unchanged, or refused, as ``recipe`` says.

    Raises ``ScanError``: encrypted (a password is needed), signed, damaged, no-pages, too-many-pages, too-large;
    ``OSError`` when ``out`` cannot be written.
    """
    effort = effort or Effort(recipe.check)
    # Twenty thousand pages take 46 MB, and may be but one that is named so often.
    with opened(source, is_for_pages=False) as pdf:
        promised: Any = pdf.Root.Pages.get("/Count")
        if isinstance(promised, int):
            check_page_count(promised, limits)
    with opened(source) as pdf:
        promised = pdf.Root.Pages.get("/Count")
        count = len(pdf.pages)
        if not count:
            raise ScanError(ScanFault.NO_PAGES, "The PDF from the scanner holds no page. Please scan again.")
        check_page_count(count, limits)
        was_signed = is_signed(pdf)
        if was_signed and recipe.signed is Signed.REFUSE:
            raise _signed()
        # qpdf forgets its warnings as it tells them.
        warnings = pdf.get_warnings()
        if was_signed and recipe.signed is Signed.KEEP and promised == count and not warnings:
            may_pass = is_passable(pdf, source)
            warnings += pdf.get_warnings()
            if may_pass and not warnings:
                pages = examine(pdf, effort, is_archive=False).pages
                return Cleaned(pages, (), copy_signed(source, out, limits), PASSED_SIGNED, is_untouched=True)
        kept, notes = kept_of(pdf, recipe), _clean(pdf)
        warnings += pdf.get_warnings()
        examined = examine(pdf, effort, is_archive=recipe.is_archive)
        if warnings and (promised != count or any(map(_is_lost, examined.pages)) or _lacks_contents(pdf)):
            raise damaged_pdf()
        told = ((REPAIRED, warnings or promised != count), (UNSIGNED, was_signed))
        notes = (*(note for note, is_so in told if is_so), *notes)
        describe(pdf, kept, made_at, is_archive=not examined.breach)
        return Cleaned(examined.pages, notes, save(pdf, out, limits), examined.breach)


def _clean(pdf: Pdf) -> tuple[str, ...]:
    notes = (*((UNPROTECTED,) if pdf.is_encrypted else ()), *flatten(pdf))
    disarm(pdf)
    return notes


def _is_lost(page: Page) -> bool:
    """Whether more may be missing of a page than what can be seen of it: not so when it shows a damaged picture."""
    return page.flaw not in {"", FLAW}


def _lacks_contents(pdf: Pdf) -> bool:
    return any("/Contents" not in page.obj for page in pdf.pages)


def _signed() -> ScanError:
    return ScanError(
        ScanFault.SIGNED,
        "The PDF carries a digital signature, and this gateway does not accept signed PDFs. "
        "Please switch signing off in the scanner's settings.",
    )
