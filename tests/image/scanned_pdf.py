"""A scanner's PDFs, and what cleaning makes of them."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pikepdf import Dictionary, Name, Pdf, Stream

from image.document import Limits, Written
from image.errors import ScanError, ScanFault
from image.pdf.clean import Cleaned, clean_pdf
from image.recipe import Recipe
from image.verify import verify
from tests.image.drawn import page, saved
from tests.image.outcome import outcome
from tests.image.poppler import checked, page_sizes

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
LIMITS = Limits()
RECIPE = Recipe()
JPEG = saved(page(), "JPEG", quality=90)


def scan(pages: int = 1, image_name: str = "/Im") -> Pdf:
    """A scanner's PDF: one JPEG a page, 119.52 by 168.48 points."""
    pdf = Pdf.new()
    for _ in range(pages):
        image = Stream(pdf, JPEG, Type=Name.XObject, Subtype=Name.Image, Width=166, Height=234, BitsPerComponent=8)
        image.ColorSpace, image.Filter = Name.DeviceRGB, Name.DCTDecode
        added = pdf.add_blank_page(page_size=(119.52, 168.48))
        added.obj.Resources = Dictionary({"/XObject": Dictionary({image_name: image}), "/Font": font()})
        added.obj.Contents = Stream(pdf, f"q 119.52 0 0 168.48 0 0 cm {image_name} Do Q".encode())
    return pdf


def font() -> Dictionary:
    """A font every reader has."""
    return Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))


def plain(pages: int = 1, **save: object) -> bytes:
    """A scanner's PDF as bytes."""
    file = io.BytesIO()
    scan(pages).save(file, **save)  # type: ignore[arg-type]
    return file.getvalue()


def cleaned(folder: Path, pdf: Pdf | bytes, limits: Limits = LIMITS, **save: object) -> tuple[Path, tuple[str, ...]]:
    """The file after cleaning, and the notes."""
    return folder / "out.pdf", cleaning(folder, pdf, limits, RECIPE, **save).notes


def cleaning(folder: Path, pdf: Pdf | bytes, limits: Limits = LIMITS, recipe: Recipe = RECIPE, **save: Any) -> Cleaned:
    """What cleaning made of the PDF, in ``out.pdf``: checked by qpdf, pdfinfo and the second reader."""
    source, out = folder / "in.pdf", folder / "out.pdf"
    if isinstance(pdf, Pdf):
        pdf.save(source, **save)
    else:
        source.write_bytes(pdf)
    found = clean_pdf(source, out, limits, MADE_AT, recipe)
    assert len(found.pages) == len(page_sizes(out))
    assert found.written == Written(out.stat().st_size)
    verify(out, found.pages, is_untouched=found.is_untouched)
    checked(out)
    return found


def fault_of(folder: Path, pdf: Pdf | bytes, limits: Limits = LIMITS, **save: object) -> ScanFault:
    """The kind of refusal."""
    found = outcome(lambda: cleaned(folder, pdf, limits, **save))
    assert isinstance(found, ScanError)
    return found.fault
