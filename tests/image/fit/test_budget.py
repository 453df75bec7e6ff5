"""What is asked of a scan that is too large, and how it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.errors import ScanFault
from image.fit.budget import (
    Budget,
    Fit,
    Step,
    Tone,
    change_of,
    page_too_large,
    reduced_notes,
    scaled,
    split_note,
    tone_of,
    too_large,
)
from image.picture import Coding, Colour, Picture

BUDGET = Budget(18_000_000)
SIDES = st.integers(1, 20_000)
DPIS = st.floats(1, 5000)


def _picture(width_px: int = 2480, height_px: int = 3508, colour: Colour = Colour.RGB, bits: int = 8) -> Picture:
    return Picture(width_px, height_px, bits, colour, Coding.DCT)


def test_rungs_end_when_every_tone_is_at_its_floor():
    """A tone stays at its floor while the others go on; black and white comes last, so that text stays sharp."""
    assert BUDGET.rungs() == 5
    floor = (Step(150, 60),)
    steps = [BUDGET.steps(Tone.COLOUR, rung) for rung in range(5)]
    assert steps == [(Step(300, 75),), (Step(200, 75),), floor, floor, floor]
    firm = (Step(200, 0), Step(300, 0))
    assert [BUDGET.steps(Tone.BILEVEL, rung) for rung in range(5)] == [(), (), (), firm[1:], firm]
    assert Budget(1, grey=()).steps(Tone.GREY, 0) == ()


@pytest.mark.parametrize(
    ("picture", "tone"),
    [
        (_picture(), Tone.COLOUR),
        (_picture(colour=Colour.CMYK), Tone.COLOUR),
        (_picture(colour=Colour.GREY), Tone.GREY),
        (_picture(colour=Colour.GREY, bits=1), Tone.BILEVEL),
    ],
)
def test_tones(picture: Picture, tone: Tone):
    """Black and white is what has one bit; grey what has one channel."""
    assert tone_of(picture) is tone


@pytest.mark.parametrize(
    ("dpi", "wanted", "size"),
    [
        ((300, 300), 150, (1240, 1754)),
        ((300, 300), 300, (2480, 3508)),
        ((305, 305), 300, (2480, 3508)),
        ((100, 100), 150, (2480, 3508)),
        ((204, 98), 150, (1824, 3508)),
    ],
)
def test_pictures_come_down_to_the_step(dpi: tuple[float, float], wanted: int, size: tuple[int, int]):
    """Each axis by itself, never up, and not for next to nothing."""
    assert scaled(_picture(), dpi, Step(wanted, 75)) == size


@given(SIDES, SIDES, DPIS, DPIS, st.integers(1, 1200))
def test_scaling_never_enlarges_and_never_empties(width: int, height: int, dpi_x: float, dpi_y: float, wanted: int):
    """Whatever the resolution: at least a pixel, at most what there was."""
    made = scaled(_picture(width, height), (dpi_x, dpi_y), Step(wanted, 75))
    assert 1 <= made[0] <= width
    assert 1 <= made[1] <= height


def test_notes_say_what_was_done_to_which_pages():
    """One sentence for each change; nothing about pages that lost nothing."""
    photo = change_of(Step(200, 75), Tone.COLOUR, is_smaller=True)
    packed = change_of(Step(300, 75), Tone.GREY, is_smaller=False)
    fax = change_of(Step(200, 0), Tone.BILEVEL, is_smaller=True)
    assert change_of(Step(200, 0), Tone.BILEVEL, is_smaller=False) == ""
    assert reduced_notes({2: [photo, photo], 1: [photo], 3: [photo, fax], 7: [packed]}) == (
        "Pages 1 to 3 were reduced to 200 dpi, JPEG quality 75, so that the mail stays below its limit.",
        "Page 3 was reduced to 200 dpi, so that the mail stays below its limit.",
        "Page 7 was reduced to JPEG quality 75, so that the mail stays below its limit.",
    )
    assert split_note([7, 8, 1]) == "The scan was split into 3 mails: pages 1 to 7, 8 to 15, 16."


def test_refusals_say_how_large_and_what_to_do():
    """The sentence names both sizes and what helps at the scanner."""
    whole, page = too_large(40_000_000, BUDGET), page_too_large(3, 20_000_000, Budget(18_000_000, (Fit.SPLIT,)))
    assert whole.fault is page.fault is ScanFault.TOO_LARGE
    assert str(whole) == (
        "The scan makes a PDF of 40.0 MB, and one mail has room for a PDF of 18.0 MB; all that may be done to make it "
        "smaller is not enough. "
        "Please scan fewer pages at a time, at a lower resolution, or in black and white."
    )
    assert str(page) == (
        "Page 3 of the scan makes a PDF of 20.0 MB, and one mail has room for a PDF of 18.0 MB. "
        "Please scan it at a lower resolution, or in black and white."
    )


@pytest.mark.parametrize(
    ("size_bytes", "room_bytes", "said"),
    [
        (18_249_001, 18_249_000, "a PDF of 18.3 MB, and one mail has room for a PDF of 18.2 MB"),
        (1_000_000, 999_999, "a PDF of 1.0 MB, and one mail has room for a PDF of 999 kB"),
        (61_500, 61_400, "a PDF of 62 kB, and one mail has room for a PDF of 61 kB"),
    ],
)
def test_refusals_never_name_equal_sizes(size_bytes: int, room_bytes: int, said: str):
    """A PDF a few bytes over its budget is not said to have what there is room for."""
    assert said in str(too_large(size_bytes, Budget(room_bytes, ())))
