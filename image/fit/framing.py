"""Where an image lies on the page as a reader shows it, and how it has to be turned for that."""

from dataclasses import dataclass
from enum import StrEnum

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]

_SLANT = 0.1
"""A straightened page is turned by a few degrees; what is slanted more than this (6 degrees) is no page."""


class Turn(StrEnum):
    """What is done to the rows and columns of an image; the turns are counter-clockwise."""

    NONE = "none"
    LEFT_RIGHT = "left-right"
    TOP_BOTTOM = "top-bottom"
    BY_90 = "90"
    BY_180 = "180"
    BY_270 = "270"
    DIAGONAL = "diagonal"
    ANTI_DIAGONAL = "anti-diagonal"


_TURNS = {
    # Whether the image's rows run along the page's; whether its columns' numbers, and its rows', rise on the page.
    (True, True, True): Turn.NONE,
    (True, False, True): Turn.LEFT_RIGHT,
    (True, True, False): Turn.TOP_BOTTOM,
    (True, False, False): Turn.BY_180,
    (False, True, False): Turn.BY_270,
    (False, False, True): Turn.BY_90,
    (False, True, True): Turn.DIAGONAL,
    (False, False, False): Turn.ANTI_DIAGONAL,
}
IS_ON_SIDE = frozenset({Turn.BY_90, Turn.BY_270, Turn.DIAGONAL, Turn.ANTI_DIAGONAL})
"""Those after which rows are columns."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A page as it is shown, width and height; the image's box on it from the top left corner; and its turn."""

    width: float
    height: float
    image: Box
    turn: Turn


def frame(matrix: Matrix, page: Box, rotate: int) -> Frame | None:
    """Where an image drawn by ``matrix`` (ISO 32000-1 section 8.9.5.1) lies on the box ``page``, turned by ``rotate``.

    ``rotate`` are degrees clockwise, a multiple of 90. None when the image stands askew, or is a line.
    """
    left, right, bottom, top = *sorted(page[::2]), *sorted(page[1::2])
    width, height = right - left, top - bottom
    a, b, c, d, e, f = matrix
    # Along a row to the right, along a column down, and the first pixel's corner; y goes down here.
    row, column, corner = (a, -b), (-c, d), (c + e - left, top - d - f)
    for _ in range(rotate % 360 // 90):
        row, column, corner = (-row[1], row[0]), (-column[1], column[0]), (height - corner[1], corner[0])
        width, height = height, width
    is_along = abs(row[0]) > abs(row[1])
    across, down = (row[0], column[1]) if is_along else (column[0], row[1])
    slants = (row[1], column[0]) if is_along else (row[0], column[1])
    if not min(abs(across), abs(down)) > 0 or max(map(abs, slants)) > _SLANT * min(abs(across), abs(down)):
        return None
    xs = sorted((corner[0], corner[0] + across))
    ys = sorted((corner[1], corner[1] + down))
    signs = (across > 0, down > 0) if is_along else (down > 0, across > 0)
    return Frame(width, height, (xs[0], ys[0], xs[1], ys[1]), _TURNS[is_along, *signs])
