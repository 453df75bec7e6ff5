"""Page sizes from pixels and resolution."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.paper import MAX_SIDE_PT, MIN_SIDE_PT, PAPERS, nearest_paper, page_size, shown_size

A4 = (595.276, 841.890)
SIZES = {paper.name: paper for paper in PAPERS}


@pytest.mark.parametrize(
    ("pixels", "dpi", "points"),
    [
        ((2480, 3508), (300, 300), (595.2, 841.92)),
        ((1728, 1145), (204, 98), (609.88, 841.22)),  # standard fax: the axes count separately
        ((1728, 2290), (204, 196), (609.88, 841.22)),
        ((2480, 3508), (300, None), (595.2, 841.92)),  # one axis known stands for both
        ((2480, 3508), (1, 300), (595.2, 841.92)),
        ((2480, 3508), (None, None), A4),
        ((3508, 2480), (None, None), A4[::-1]),
        ((2480, 3508), (1, 1), A4),  # what some writers state when they know nothing
        ((2480, 3508), (99999, 99999), A4),
        ((2480, 3508), (math.nan, math.inf), A4),
        ((2480, 3508), (72, 72), A4),  # what writers state by rote, of a sheet at 300 dpi
        ((3508, 2480), (72.009, 72.009), A4[::-1]),
        ((2550, 3300), (96, 96), (612, 792)),
        ((595, 842), (72, 72), (595, 842)),  # a sheet at 72 dpi
        ((794, 1123), (96, 96), (595.5, 842.25)),
        ((1684, 2384), (72, 72), (1684, 2384)),  # a poster at 72 dpi is no sheet at a usual one
        ((2480, 3508), (72, 96), (2480, 2631)),
        ((2400, 3600), (72, 72), (2400, 3600)),
        ((2550, 3300), (None, None), (612, 792)),
        ((2550, 4200), (0, 0), (612, 1008)),
        ((1000, 1000), (None, None), (360, 360)),  # no sheet is square: 200 dpi
        ((1, 65537), (None, None), (3, 14400)),
        ((100_000, 50_000), (100, 100), (14400, 7200)),
    ],
)
def test_sizes(pixels: tuple[int, int], dpi: tuple[float | None, float | None], points: tuple[float, float]):
    """Resolution makes the size; without one the nearest sheet does; failing that 200 dpi; within a page's limits."""
    assert page_size(*pixels, *dpi) == pytest.approx(points, abs=0.01)


@pytest.mark.parametrize(
    ("pixels", "name"),
    [
        ((2480, 3508), "A4"),
        ((827, 1169), "A4"),
        ((3508, 4961), "A3"),
        ((1748, 2480), "A5"),
        ((1654, 2339), "A4"),
        ((1000, 1414), "A4"),
        ((2550, 3300), "Letter"),
        ((3300, 2550), "Letter"),
        ((2550, 4200), "Legal"),
    ],
)
def test_nearest(pixels: tuple[int, int], name: str):
    """Of the sheets with one aspect, the one that makes a usual resolution wins, and A4 otherwise."""
    assert nearest_paper(*pixels) == SIZES[name]


def test_nothing_near():
    """A strip of till roll is no sheet."""
    assert nearest_paper(600, 4000) is None


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.none() | st.floats(allow_nan=True),
    st.none() | st.floats(allow_nan=True),
)
def test_always_a_page(width: int, height: int, dpi_x: float | None, dpi_y: float | None):
    """Whatever a file states, the page is one that PDF allows."""
    for side in page_size(width, height, dpi_x, dpi_y):
        assert MIN_SIDE_PT <= side <= MAX_SIDE_PT


@pytest.mark.parametrize(("rotate", "size"), [(0, (100, 200)), (90, (200, 100)), (180, (100, 200)), (-90, (200, 100))])
def test_shown(rotate: int, size: tuple[float, float]):
    """A quarter turn swaps the sides; corners may come in any order."""
    assert shown_size((110, 0, 10, 200), rotate, 1) == size
    assert shown_size((10, 0, 110, 200), rotate, 2) == (size[0] * 2, size[1] * 2)
