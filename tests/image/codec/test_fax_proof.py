"""Whether G4 data that is passed is whole: rows counted by a row put behind them."""

import random

import pytest
from PIL import Image

from image.codec import fax_proof
from image.codec.complaints import FLAW
from image.codec.fax import end_of_block_at
from image.codec.fax_proof import fax_flaw
from image.picture import Coding, Colour, Picture
from tests.image.drawn import g4_strip, page

WIDTHS = (1, 2, 3, 4, 5, 63, 64, 66, 67, 600, 1728, 2480, 2562, 2563, 5200)


def scan(width_px: int, rows: int = 60) -> Image.Image:
    """Lines and dots of all lengths."""
    image, grain = Image.new("1", (width_px, rows), 1), random.Random(width_px)
    for row in range(rows):
        for _ in range(grain.randrange(4)):
            left = grain.randrange(width_px)
            image.paste(0, (left, row, min(width_px, left + grain.choice((1, 7, 300, 3000))), row + 1))
    return image


def picture(width_px: int, rows: int) -> Picture:
    """How the PDF states it."""
    return Picture(width_px, rows, 1, Colour.GREY, Coding.G4)


@pytest.mark.parametrize("width_px", WIDTHS)
@pytest.mark.parametrize("last", [0, 1], ids=["black", "white"])
def test_as_many_rows_as_there_are(width_px: int, last: int):
    """Of the right height nothing is said; a row more or less than the data has is a flaw, whatever the last row."""
    image = scan(width_px)
    image.paste(last, (0, 59, width_px, 60))
    data = g4_strip(image)
    assert fax_flaw(picture(width_px, 60), data) == ""
    wrong = [rows for rows in (1, 58, 59, 61, 62, 90) if width_px > 1 and not fax_flaw(picture(width_px, rows), data)]
    assert wrong == []


@pytest.mark.parametrize("seed", range(40))
def test_one_decoding_sees_what_two_do(seed: int, monkeypatch: pytest.MonkeyPatch):
    """Data damaged at random is judged as by the longer way, with two different rows behind it."""
    grain = random.Random(seed)
    data = bytearray(g4_strip(page("1", 600, 800)))
    at, size = grain.randrange(len(data) - 40), grain.choice((1, 2, 16))
    data[at : at + size] = grain.randbytes(size) if seed % 3 else b""
    short = fax_flaw(picture(600, 800), bytes(data))
    monkeypatch.setattr(fax_proof, "_known_row", lambda _: None)
    assert fax_flaw(picture(600, 800), bytes(data)) == short


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_strip_that_is_closed_all_the_same(share: float):
    """Rows that are missing are told, though the end mark is there."""
    data = g4_strip(page("1", 600, 800))
    end = end_of_block_at(data)
    assert end is not None
    cut = data[: int(len(data) * share)] + b"\x00\x10\x01"
    assert fax_flaw(picture(600, 800), cut) == FLAW
