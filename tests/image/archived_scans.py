"""What becomes of every small scan, made once for all who judge it."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from image.convert import to_pdf
from image.document import Limits
from image.errors import ScanError
from image.recipe import Recipe
from tests.image.outcome import outcome
from tests.image.small_scans import small_scans

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
CLAIM = b"http://www.aiim.org/pdfa/ns/id/"
RECIPES = {
    "jpeg": Recipe(),
    "lossless": Recipe(colour="lossless"),
    "titled": Recipe(title="Brief <4> & \u201e\u00e4\u201c (\\\\) \U0001f4a9"),
    "plain": Recipe(is_archive=False),
}


def pdf_of(*files: bytes, recipe: Recipe, made_at: datetime = MADE_AT, name: str = "scan") -> bytes | ScanError:
    """The PDF of these files, or the refusal."""
    with TemporaryDirectory() as folder:
        sources = [Path(folder) / f"{name}{number}" for number in range(len(files))]
        for source, data in zip(sources, files, strict=True):
            source.write_bytes(data)
        out = Path(folder) / "out.pdf"
        found = outcome(lambda: to_pdf(sources, out, Limits(), made_at, recipe))
        return found if isinstance(found, ScanError) else out.read_bytes()


@cache
def pdfs(recipe: str) -> dict[str, bytes]:
    """Every small scan that is no PDF itself, made by the recipe of this name; those that are refused are left out."""
    images = {name: data for name, data in small_scans().items() if not name.endswith(".pdf")}
    made = {name: pdf_of(data, recipe=RECIPES[recipe]) for name, data in images.items()}
    return {name: data for name, data in made.items() if isinstance(data, bytes)}


def archived(recipe: str) -> dict[str, bytes]:
    """Those of them that claim to be PDF/A."""
    return {name: data for name, data in pdfs(recipe).items() if CLAIM in data}
