"""Scans that take much room for their paper, and what fitting them comes to."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from image.document import Document, Page
from image.errors import ScanError
from image.fit.budget import Budget, Fit
from image.fit.finish import fit
from tests.image.drawn import page, saved
from tests.image.outcome import outcome
from tests.image.poppler import checked, page_sizes
from tests.image.through_convert import LIMITS

DPI = (300, 300)
SIZE_PX = (498, 702)
SIZE_PT = (119.52, 168.48)


def photo(seed: int = 1, mode: str = "RGB", width_px: int = SIZE_PX[0]) -> Image.Image:
    """A page with grain, which is what makes photographs large."""
    image = page("RGB", width_px, SIZE_PX[1])
    grain = Image.frombytes("L", image.size, random.Random(seed).randbytes(image.width * image.height))
    return Image.blend(image, grain.convert("RGB"), 0.2).convert(mode)


def jpeg(seed: int = 1, mode: str = "RGB", width_px: int = SIZE_PX[0], quality: int = 92) -> bytes:
    """It as a JPEG of 300 dpi, about 180 kB."""
    return saved(photo(seed, mode, width_px), "JPEG", quality=quality, dpi=DPI)


def as_document(path: Path) -> Document:
    """A PDF that was made otherwise, as a finished document."""
    data = path.read_bytes()
    pages = tuple(Page(width, height, "passed") for width, height in page_sizes(path))
    return Document(path, pages, len(data))


def budget(size_bytes: int, *order: Fit) -> Budget:
    """A budget with the usual steps."""
    return Budget(size_bytes, order)


def fitted(document: Document, allowed: Budget) -> Document:
    """The document after fitting: what it says of its files is true, and qpdf has nothing against them."""
    found = fit(document, allowed, LIMITS)
    assert found.size_bytes == found.path.stat().st_size
    checked(found.path)
    assert len(page_sizes(found.path)) == len(found.pages) == len(document.pages)
    after = 1
    for part in found.parts:
        assert part.size_bytes == part.path.stat().st_size
        assert part.size_bytes <= allowed.size_bytes
        assert part.first_page == after
        assert len(page_sizes(part.path)) == part.page_count
        checked(part.path)
        after += part.page_count
    assert after == (len(found.pages) + 1 if found.parts else 1)
    if not found.parts:
        assert found.size_bytes <= allowed.size_bytes
    assert files_beside(found.path) == sorted([found.path.name, *(part.path.name for part in found.parts)])
    return found


def refusal(document: Document, allowed: Budget) -> ScanError:
    """The refusal of a scan that cannot be made to fit; no part of it is left."""
    found = outcome(lambda: fit(document, allowed, LIMITS))
    assert isinstance(found, ScanError)
    assert files_beside(document.path) == [document.path.name]
    return found


def files_beside(path: Path) -> list[str]:
    """The file and its parts and drafts."""
    return sorted(one.name for one in path.parent.glob(f"{path.name}*"))


def actions(document: Document) -> Sequence[str]:
    """What was done to each page."""
    return [one.action for one in document.pages]


def without_path(document: Document) -> Document:
    """For comparing what two runs made in two places."""
    return replace(document, path=Path(), parts=tuple(replace(part, path=Path()) for part in document.parts))
