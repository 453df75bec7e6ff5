"""From pixels and resolution to the size of a page, also when the resolution is missing or absurd."""

from dataclasses import dataclass
from fractions import Fraction

POINTS_PER_INCH = 72
MIN_SIDE_PT = 3.0
MAX_SIDE_PT = 14400.0
"""ISO 32000-1 annex C.2 (and ISO 19005-2 6.1.13): the sides a page may have."""

MIN_DPI = 50.0
MAX_DPI = 2400.0
"""Outside these a stated resolution is not believed: fax has at least 98 lines an inch, ignorant writers say 1."""

ROTE_DPI = (72, 96)
"""What programs write that know of no resolution; it is not believed of a picture that is a usual scan of a sheet."""

FALLBACK_DPI = 200.0
_ASPECT_TOLERANCE = 0.03
_USUAL_DPI = (300, 200, 600, 400, 150, 100, 240, 1200)
"""What scanners are set to, most often first."""

_USUAL_DPI_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet, upright, in points."""

    name: str
    width_pt: float
    height_pt: float


def _mm(name: str, width_mm: int, height_mm: int) -> Paper:
    return Paper(name, *(float(Fraction(side * 720, 254)) for side in (width_mm, height_mm)))


PAPERS = (
    _mm("A4", 210, 297),
    Paper("Letter", 612.0, 792.0),
    _mm("A5", 148, 210),
    _mm("A3", 297, 420),
    Paper("Legal", 612.0, 1008.0),
)
"""ISO 216 and ANSI sizes, most likely first: equal fits go to the first."""


def page_size(width_px: int, height_px: int, dpi_x: float | None, dpi_y: float | None) -> tuple[float, float]:
    """Width and height in points of a picture printed at its resolution.

    The two resolutions count separately (a fax has 204 by 98). One that is missing or not believable is taken from
    the other; when neither is, the nearest of ``PAPERS`` by aspect is taken, and failing that 200 dpi. The result
    always lies between ``MIN_SIDE_PT`` and ``MAX_SIDE_PT``.
    """
    horizontal, vertical = believed(dpi_x), believed(dpi_y)
    if is_by_rote(horizontal, vertical) and _is_usual_scan(width_px, height_px):
        horizontal = vertical = None
    horizontal, vertical = horizontal or vertical, vertical or horizontal
    if horizontal is not None and vertical is not None:
        return _clamped(width_px * POINTS_PER_INCH / horizontal, height_px * POINTS_PER_INCH / vertical)
    paper = nearest_paper(width_px, height_px)
    if paper is None:
        return _clamped(*(side * POINTS_PER_INCH / FALLBACK_DPI for side in (width_px, height_px)))
    if width_px > height_px:
        return paper.height_pt, paper.width_pt
    return paper.width_pt, paper.height_pt


def nearest_paper(width_px: int, height_px: int) -> Paper | None:
    """The sheet a picture of unknown resolution most likely shows, in either direction; None when none is within 3 %.

    The A sizes share one aspect: the one that makes the resolution the more usual one wins, then A4.
    """
    short, long = sorted((width_px, height_px))
    aspect = long / short

    def misfit(paper: Paper) -> tuple[float, int]:
        ratio = paper.height_pt / paper.width_pt
        return round(abs(aspect / ratio - 1), 2), _rarity(short, paper)

    best = min(PAPERS, key=misfit)
    return best if abs(aspect * best.width_pt / best.height_pt - 1) <= _ASPECT_TOLERANCE else None


def shown_size(box: tuple[float, float, float, float], rotate: int, user_unit: float) -> tuple[float, float]:
    """Width and height in points of a PDF page as a reader shows it.

    ``box`` is the crop box (or media box) in any corner order, ``rotate`` in degrees clockwise.
    """
    left, bottom, right, top = box
    width, height = abs(right - left) * user_unit, abs(top - bottom) * user_unit
    return (height, width) if rotate % 180 == 90 else (width, height)  # noqa: PLR2004 -- a quarter turn


def is_by_rote(dpi_x: float | None, dpi_y: float | None) -> bool:
    """Whether this is what is written where no resolution is known."""
    return dpi_x is not None and dpi_x == dpi_y and any(abs(dpi_x - rote) < 1 for rote in ROTE_DPI)


def believed(dpi: float | None) -> float | None:
    """The resolution, unless it cannot be that of a scan."""
    return dpi if dpi is not None and MIN_DPI <= dpi <= MAX_DPI else None


def _rarity(short_px: int, paper: Paper) -> int:
    """The place among ``_USUAL_DPI`` of the resolution that makes a picture ``paper``; their number for any other."""
    dpi = short_px * POINTS_PER_INCH / paper.width_pt
    fits = (place for place, known in enumerate(_USUAL_DPI) if abs(dpi / known - 1) <= _USUAL_DPI_TOLERANCE)
    return next(fits, len(_USUAL_DPI))


def _is_usual_scan(width_px: int, height_px: int) -> bool:
    """Whether the picture is a known sheet at a usual resolution, to within a hundredth."""
    paper, (short, long) = nearest_paper(width_px, height_px), sorted((width_px, height_px))
    if paper is None or _rarity(short, paper) == len(_USUAL_DPI):
        return False
    return abs(long * paper.width_pt / (short * paper.height_pt) - 1) <= _USUAL_DPI_TOLERANCE


def _clamped(width_pt: float, height_pt: float) -> tuple[float, float]:
    # One scale for both sides keeps the picture's shape; only a sliver is then widened to what a page must have.
    scale = min(1.0, MAX_SIDE_PT / max(width_pt, height_pt))
    width_pt, height_pt = (min(MAX_SIDE_PT, max(MIN_SIDE_PT, side * scale)) for side in (width_pt, height_pt))
    return width_pt, height_pt
