"""Reads a finished PDF with an independent reader and holds it to the plan: the only module that knows pypdf."""

from collections.abc import Sequence
from pathlib import Path

from image.document import Page
from image.errors import ScanError, ScanFault
from image.paper import shown_size

TOLERANCE_PT = 0.1
"""Sizes are written with four digits; incoming PDFs are repeated as they are. A tenth of a point is 0.04 mm."""


def verify(path: Path, pages: Sequence[Page]) -> None:
    """Holds when the PDF at ``path`` has exactly ``pages``, in order and size.

    Raises ``ScanError`` (crashed) otherwise: such a file must not be delivered. ``OSError`` comes through.
    """
    from pypdf import PdfReader

    try:
        with path.open("rb") as file:
            found = [_shown(page) for page in PdfReader(file, strict=False).pages]
    except OSError:
        raise
    except Exception as error:
        raise _refused(f"a second reader cannot open it ({type(error).__name__})") from error
    if len(found) != len(pages):
        raise _refused(f"it has {len(found)} pages instead of {len(pages)}")
    for number, (page, (width_pt, height_pt)) in enumerate(zip(pages, found, strict=True), 1):
        if max(abs(page.width_pt - width_pt), abs(page.height_pt - height_pt)) > TOLERANCE_PT:
            raise _refused(f"page {number} has the wrong size")


def _shown(page: object) -> tuple[float, float]:
    from pypdf import PageObject

    assert isinstance(page, PageObject)
    box = page.cropbox
    user_unit = float(page.get("/UserUnit", 1) or 1)
    return shown_size((float(box[0]), float(box[1]), float(box[2]), float(box[3])), page.rotation, user_unit)


def _refused(why: str) -> ScanError:
    return ScanError(
        ScanFault.CRASHED, f"The PDF made of this scan did not pass its check: {why}. Please tell your administrator."
    )
