"""The size of a page as a reader shows it, whatever its boxes say."""

from decimal import Decimal
from typing import Any

from pikepdf import Array, Object

from image.errors import ScanError, ScanFault
from image.paper import shown_size

Box = tuple[float, float, float, float]

_LETTER: Box = (0.0, 0.0, 612.0, 792.0)
_QUARTER = 90
"""ISO 32000-1 table 30: a page is turned by multiples of 90 degrees."""

_MAX_UNIT = 1000
_MAX_SHOWN_PT = 144_000.0
"""Fifty metres: ten times the longest side a page may have (ISO 32000-1 annex C.2); units and writers stretch that."""


def normalise_boxes(page: Object) -> None:
    """Gives the page the media box every reader would assume when it has none, and drops what is no box or turn."""
    if box_of(page, "/MediaBox") is None:
        page["/MediaBox"] = Array(_LETTER)
    if "/CropBox" in page and box_of(page, "/CropBox") is None:
        del page["/CropBox"]
    if "/Rotate" in page and turn_of(page) is None:
        del page["/Rotate"]
    if "/UserUnit" in page and unit_of(page) is None:
        del page["/UserUnit"]


def size_of(page: Object) -> tuple[float, float]:
    """Width and height in points of a page whose boxes are normalised; ``ScanError`` (too-large) for an endless one."""
    box = box_of(page, "/CropBox") or box_of(page, "/MediaBox") or _LETTER
    size = shown_size(box, turn_of(page) or 0, unit_of(page) or 1.0)
    if not max(size) <= _MAX_SHOWN_PT:
        raise ScanError(
            ScanFault.TOO_LARGE, "A page of the PDF from the scanner claims to be longer than fifty metres."
        )
    return size


def box_of(page: Object, key: str) -> Box | None:
    """The corners of a box; None when it is absent, malformed or without area."""
    value = page.get(key)
    if not isinstance(value, Array):
        return None
    try:
        left, bottom, right, top = (float(side) for side in value)
    except (TypeError, ValueError):
        return None
    return (left, bottom, right, top) if left != right and bottom != top else None


def turn_of(page: Object) -> int | None:
    """Degrees clockwise by which a page is turned; None when it does not say, or says something else."""
    turn: Any = page.get("/Rotate")
    return turn if isinstance(turn, int) and not turn % _QUARTER else None


def unit_of(page: Object) -> float | None:
    """How many points a unit of a page is; None when it does not say, or says something else."""
    unit: Any = page.get("/UserUnit")
    return float(unit) if isinstance(unit, (int, Decimal)) and 0 < unit <= _MAX_UNIT else None
