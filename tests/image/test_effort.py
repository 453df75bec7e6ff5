"""How much is decoded to prove what is passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.effort import AUTO_PX, Effort
from image.picture import Coding, Colour, Picture
from image.recipe import Check


def picture(pixels: int, coding: Coding = Coding.DCT) -> Picture:
    """A picture of so many pixels."""
    return Picture(pixels, 1, 8, Colour.RGB, coding)


@pytest.mark.parametrize(("check", "is_taken"), [(Check.FULL, True), (Check.QUICK, False)])
def test_without_a_limit(check: Check, is_taken: bool):  # noqa: FBT001 -- a parameter
    """Full takes everything on and quick nothing, however much there is; neither calls that too much."""
    effort = Effort(check)
    for _ in range(5):
        assert effort.takes_on(picture(AUTO_PX)) is is_taken
        assert not effort.is_too_much(picture(AUTO_PX))


def test_auto_stops_for_good():
    """Once a picture was too much, nothing behind it is decoded, not even a small one: so the log knows where."""
    effort = Effort(Check.AUTO, 100)
    found = [effort.takes_on(picture(pixels)) for pixels in (40, 40, 30, 1)]
    assert found == [True, True, False, False]
    assert effort.is_too_much(picture(1))


def test_fax_costs_half():
    """Fax data decodes faster, and counts so."""
    effort = Effort(Check.AUTO, 100)
    assert [effort.takes_on(picture(80, Coding.G4)) for _ in range(3)] == [True, True, False]


def test_what_is_never_decoded():
    """JPEG 2000 is passed undecoded whatever is asked, costs nothing, and is not told as too much."""
    effort = Effort(Check.AUTO, 1)
    assert not effort.takes_on(picture(AUTO_PX, Coding.JPX))
    assert not effort.is_too_much(picture(1, Coding.JPX))
    assert not Effort(Check.FULL).takes_on(picture(1, Coding.JPX))


@given(st.lists(st.integers(1, 50), max_size=20), st.integers(1, 300))
def test_never_more_than_is_allowed(sizes: list[int], left_px: int):
    """Whatever comes, what is decoded stays below the limit, and is a run from the first page on."""
    effort = Effort(Check.AUTO, left_px)
    taken = [effort.takes_on(picture(size)) for size in sizes]
    assert sum(size for size, is_taken in zip(sizes, taken, strict=True) if is_taken) < left_px
    assert taken == sorted(taken, reverse=True)
