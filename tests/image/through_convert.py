"""Files put through to_pdf: the checked document, or the kind of refusal."""

from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from image.convert import to_pdf
from image.document import Document, Limits
from image.errors import ScanError, ScanFault
from image.recipe import Recipe
from tests.image.drawn import page, saved
from tests.image.outcome import outcome
from tests.image.poppler import checked, page_sizes

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
LIMITS = Limits()
RECIPE = Recipe()
LOSSLESS = Recipe(colour="lossless")
JPEG = saved(page(), "JPEG", dpi=(100, 100), quality=90)


def converted(folder: Path, *files: bytes, limits: Limits = LIMITS, recipe: Recipe = RECIPE) -> Document:
    """The PDF of these files, checked by qpdf and pdfinfo."""
    sources = []
    for number, data in enumerate(files):
        sources.append(folder / f"{number}.scan")
        sources[-1].write_bytes(data)
    document = to_pdf(sources, folder / "out.pdf", limits, MADE_AT, recipe)
    checked(document.path)
    assert len(page_sizes(document.path)) == len(document.pages)
    assert document.size_bytes == document.path.stat().st_size
    return document


def refused(folder: Path, *files: bytes, limits: Limits = LIMITS, recipe: Recipe = RECIPE) -> ScanFault:
    """The kind of refusal of these files, which leave nothing behind."""
    found = outcome(lambda: converted(folder, *files, limits=limits, recipe=recipe))
    assert isinstance(found, ScanError)
    assert not list(folder.glob("out.pdf*"))
    return found.fault


def pdf_of(folder: Path, *files: bytes) -> bytes:
    """A PDF made from images, to come in again."""
    inner = folder / "inner"
    inner.mkdir(exist_ok=True)
    return converted(inner, *files).path.read_bytes()


def same_pixels(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures are equal, however their modes hold them."""
    return one.size == other.size and one.convert("RGB").tobytes() == other.convert("RGB").tobytes()
