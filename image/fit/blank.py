"""Whether a page is blank, from where ink was found on it; in doubt it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from image.notes import page_list

DPI = 100
"""The resolution of the facts: a pixel is a quarter of a millimetre, and a page is small enough to be looked at."""

MARGIN = 0.03
"""The share of the shorter side that is not looked at along each edge: 6 mm on A4, where scanners leave shadows.

Page numbers stand 10 mm from the edge and more.
"""

_PX_PER_MM = DPI / 25.4
_DARKEST_PAPER = 110
_UNEVEN_PAPER = 60
"""Levels of 255. Grey recycled and coloured paper is above 170; what is darker or more uneven is no empty sheet."""

_MARK_PX = 5
"""A spot longer than this (1.3 mm) is a mark: digits of 6 points are 1.5 mm high, dust is below a millimetre."""

_MOST_SPOTS = 60
"""More specks than this may be a dotted line."""

_GAP_PX = 1
"""Ink this near belongs together: a faint line breaks up into spots."""

_HOLE_MM = (2.0, 9.5)
_HOLE_FROM_EDGE_MM = (6.0, 18.0)
_HOLE_SPACING_MM = (80.0, 108.0, 70.0)
_HOLE_TOLERANCE_MM = 2.5
"""Punched holes: ISO 838 has 6 mm, 12 mm from the edge, 80 mm apart; the US three or two, 8 mm, 108 or 70 mm apart."""


@dataclass(frozen=True, slots=True)
class Run:
    """Inked pixels of one row, from ``first`` to before ``end``."""

    row: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Ink:
    """A page at ``DPI``: its size, the lightest and the darkest of its paper (255 is white), and its ink.

    ``runs`` stand in the order of rows, then columns; None when there is too much ink to list.
    """

    width_px: int
    height_px: int
    lightest: int
    darkest: int
    runs: Sequence[Run] | None


@dataclass(frozen=True, slots=True)
class Spot:
    """The box around ink that belongs together: pixels from left and top to before right and bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width_px(self) -> int:
        """Its width."""
        return self.right - self.left

    @property
    def height_px(self) -> int:
        """Its height."""
        return self.bottom - self.top


def is_blank(ink: Ink) -> bool:
    """Whether nothing but paper, dust and punched holes is there.

    Not blank is everything with a spot longer than ``_MARK_PX``: a digit, a dash, a thin line, the edge of a picture.
    """
    if ink.runs is None or ink.darkest < _DARKEST_PAPER or ink.lightest - ink.darkest > _UNEVEN_PAPER:
        return False
    spots = spots_of(ink.runs)
    marks = [spot for spot in spots if max(spot.width_px, spot.height_px) >= _MARK_PX]
    return len(spots) <= _MOST_SPOTS and not set(marks) - _holes(marks, ink)


def blank_note(pages: Sequence[int]) -> str:
    """The sentence about pages (numbers from 1, as scanned) that were left out."""
    told = "1 blank page was" if len(pages) == 1 else f"{len(pages)} blank pages were"
    return f"{told} left out ({page_list(pages)} of the scan)."


def spots_of(runs: Sequence[Run]) -> list[Spot]:
    """The boxes of the ink in ``runs``, with what lies within ``_GAP_PX`` counted together."""
    owner = list(range(len(runs)))

    def find(at: int) -> int:
        while owner[at] != at:
            owner[at] = owner[owner[at]]
            at = owner[at]
        return at

    oldest = 0
    for at, run in enumerate(runs):
        while runs[oldest].row < run.row - _GAP_PX:
            oldest += 1
        for near in range(oldest, at):
            if runs[near].first <= run.end + _GAP_PX and run.first <= runs[near].end + _GAP_PX:
                owner[find(near)] = find(at)
    boxes: dict[int, Spot] = {}
    for at, run in enumerate(runs):
        box = boxes.get(find(at), Spot(run.first, run.row, run.end, run.row + 1))
        left, right = min(box.left, run.first), max(box.right, run.end)
        boxes[find(at)] = Spot(left, box.top, right, run.row + 1)
    return list(boxes.values())


def _holes(marks: Sequence[Spot], ink: Ink) -> set[Spot]:
    """Those of ``marks`` that lie in a row along an edge as holes are punched."""
    found: set[Spot] = set()
    round_marks = [spot for spot in marks if _is_hole_sized(spot)]
    for edge in range(4):
        placed = [(*_from_edge(spot, ink, edge), spot) for spot in round_marks]
        near = sorted(
            (one for one in placed if _HOLE_FROM_EDGE_MM[0] <= one[1] <= _HOLE_FROM_EDGE_MM[1]), key=itemgetter(0)
        )
        for (along, away, spot), (next_along, next_away, next_spot) in pairwise(near):
            is_spaced = any(abs(next_along - along - apart) <= _HOLE_TOLERANCE_MM for apart in _HOLE_SPACING_MM)
            if is_spaced and abs(next_away - away) <= _HOLE_TOLERANCE_MM:
                found |= {spot, next_spot}
    return found


def _from_edge(spot: Spot, ink: Ink, edge: int) -> tuple[float, float]:
    """How far the middle of ``spot`` is along an edge (0 left, 1 right, 2 top, 3 bottom), and away from it, in mm."""
    x, y = (spot.left + spot.right) / 2 / _PX_PER_MM, (spot.top + spot.bottom) / 2 / _PX_PER_MM
    width, height = ink.width_px / _PX_PER_MM, ink.height_px / _PX_PER_MM
    return ((y, x), (y, width - x), (x, y), (x, height - y))[edge]


def _is_hole_sized(spot: Spot) -> bool:
    return all(_HOLE_MM[0] <= side / _PX_PER_MM <= _HOLE_MM[1] for side in (spot.width_px, spot.height_px))
