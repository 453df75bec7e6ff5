"""Where an image lies on a page, and how it has to be turned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.fit.framing import Turn, frame

BOX = (0.0, 0.0, 200.0, 300.0)
UPRIGHT = (200.0, 0.0, 0.0, 300.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        (UPRIGHT, Turn.NONE),
        ((-200, 0, 0, 300, 200, 0), Turn.LEFT_RIGHT),
        ((200, 0, 0, -300, 0, 300), Turn.TOP_BOTTOM),
        ((-200, 0, 0, -300, 200, 300), Turn.BY_180),
        ((0, 300, -200, 0, 200, 0), Turn.BY_90),
        ((0, -300, 200, 0, 0, 300), Turn.BY_270),
        ((0, -300, -200, 0, 200, 300), Turn.DIAGONAL),
        ((0, 300, 200, 0, 0, 0), Turn.ANTI_DIAGONAL),
        ((200, 4, -6, 300, 6, 0), Turn.NONE),
    ],
)
def test_a_page_filled_by_its_image(matrix: tuple[float, ...], turn: Turn):
    """An image that fills the page is found as such, whichever of the eight ways it is drawn, and a little askew."""
    found = frame(matrix, BOX, 0)  # type: ignore[arg-type]
    assert found is not None
    assert (found.width, found.height, found.turn) == (200, 300, turn)
    assert found.image == pytest.approx((0, 0, 200, 300), abs=7)


@pytest.mark.parametrize(
    ("rotate", "size", "turn"),
    [
        (90, (300, 200), Turn.BY_270),
        (180, (200, 300), Turn.BY_180),
        (270, (300, 200), Turn.BY_90),
        (450, (300, 200), Turn.BY_270),
    ],
)
def test_a_turned_page(rotate: int, size: tuple[int, int], turn: Turn):
    """A page's own turn, clockwise, is that of its image."""
    found = frame(UPRIGHT, BOX, rotate)
    assert found is not None
    assert (found.width, found.height) == pytest.approx(size)
    assert found.turn is turn
    assert found.image[2:] == pytest.approx(size)


def test_an_image_with_margins():
    """An image smaller than its page keeps its place, counted from the top left, also on a box beside the origin."""
    found = frame((100, 0, 0, 60, 30, 200), (10, 20, 210, 320), 0)
    assert found is not None
    assert found.image == pytest.approx((20, 60, 120, 120))
    turned = frame((100, 0, 0, 60, 30, 200), (10, 20, 210, 320), 90)
    assert turned is not None
    assert turned.image == pytest.approx((180, 20, 240, 120))


@pytest.mark.parametrize(
    "matrix", [(100, 100, -100, 100, 0, 0), (0, 0, 0, 0, 0, 0), (200, 0, 0, 0, 0, 0), (200, 60, 0, 300, 0, 0)]
)
def test_what_stands_askew_is_no_page(matrix: tuple[float, ...]):
    """An image that is slanted or a line has no frame."""
    assert frame(matrix, BOX, 0) is None  # type: ignore[arg-type]


NUMBERS = st.floats(-1e6, 1e6)


@given(st.tuples(*[NUMBERS] * 6), st.tuples(*[NUMBERS] * 4), st.sampled_from([0, 90, 180, 270, -90]))
def test_any_numbers(matrix: tuple[float, ...], box: tuple[float, ...], rotate: int):
    """Whatever a PDF says, the frame's image has its corners in order, or there is none."""
    found = frame(matrix, box, rotate)  # type: ignore[arg-type]
    if found is not None:
        assert found.image[0] <= found.image[2]
        assert found.image[1] <= found.image[3]
