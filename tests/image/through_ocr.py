"""Scans converted and then read: the document, held to what must be true of every result."""

from pathlib import Path

import pytest
from PIL import Image

from image.document import Document
from image.ocr.read import read
from image.ocr.reading import Reading
from tests.image.drawn import saved
from tests.image.poppler import checked, native, page_sizes
from tests.image.through_convert import LIMITS, converted

TEXT = Reading(is_text=True)
TURNED = Reading(rotates=True)
STRAIGHT = Reading(deskews=True)


def g4(*pages: Image.Image) -> bytes:
    """A fax-coded TIFF of these pages at 200 dpi."""
    return saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(200, 200))


def jpeg(page: Image.Image) -> bytes:
    """A JPEG of this page at 200 dpi."""
    return saved(page, "JPEG", dpi=(200, 200), quality=85)


def left_over(pdf: Path) -> list[Path]:
    """What stands beside a PDF under a name that begins with its own."""
    return list(pdf.parent.glob(f"{pdf.name}?*"))


async def reread(document: Document, reading: Reading) -> Document:
    """The document after reading: well formed, as described, its images' bytes unchanged, and nothing left over."""
    before = native(document.path)
    after = await read(document, reading, LIMITS)
    checked(after.path)
    assert after.size_bytes == after.path.stat().st_size
    assert native(after.path) == before
    assert len(page_sizes(after.path)) == len(after.pages) == len(document.pages)
    assert after.plain_because == document.plain_because
    assert left_over(after.path) == []
    return after


async def read_scan(folder: Path, reading: Reading, *files: bytes) -> Document:
    """These files, converted and read."""
    return await reread(converted(folder, *files), reading)


async def unread(folder: Path, reading: Reading, *files: bytes, path: Path | None = None) -> str:
    """The one note of these files, which were converted but not read: the PDF is as it was.

    ``path`` is where programs are looked for, by the reading only.
    """
    document = converted(folder, *files)
    before = document.path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        if path is not None:
            patch.setenv("PATH", str(path))
        after = await read(document, reading, LIMITS)
    assert after.path.read_bytes() == before
    assert after.pages == document.pages
    assert left_over(after.path) == []
    (note,) = after.notes
    return note
