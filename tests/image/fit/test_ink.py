"""Blank pages told from others, on drawn sheets."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from image.fit.blank import DPI, is_blank
from image.fit.ink import ink_of
from image.picture import Coding, Colour, Picture
from tests.image import sheets
from tests.image.drawn import g4_strip, saved
from tests.image.sheets import paper

WHITE, GREY, YELLOW = (252, 252, 252), (196, 198, 194), (240, 228, 170)

BLANK: dict[str, Callable[[], Image.Image]] = {
    "white": paper,
    "perfectly white": lambda: paper((255, 255, 255), 0),
    "recycled": lambda: paper(GREY, 14),
    "yellow": lambda: paper(YELLOW, 10),
    "grainy": lambda: paper(WHITE, 30),
    "dusty": lambda: sheets.dusty(paper()),
    "shadowed": lambda: sheets.shadowed(paper()),
    "punched": lambda: sheets.punched(paper()),
    "rims of holes": lambda: sheets.punched(paper(GREY, 12), is_outline=True),
    "four holes": lambda: sheets.punched(paper(), (28.5, 108.5, 188.5, 268.5)),
    "shining through": lambda: sheets.shining_through(paper()),
    "all of it": lambda: sheets.dusty(sheets.punched(sheets.shining_through(sheets.shadowed(paper(YELLOW, 12))))),
}
NOT_BLANK: dict[str, Callable[[], Image.Image]] = {
    "pencil": lambda: sheets.pencilled(paper()),
    "pencil on grain": lambda: sheets.pencilled(paper(WHITE, 16)),
    "page number": lambda: sheets.written(paper(), "7", 10, (105, 282)),
    "small page number": lambda: sheets.written(paper(), "1", 6, (105, 284)),
    "grey page number": lambda: sheets.written(paper(), "- 12 -", 8, (100, 12), ink=150),
    "signature": lambda: sheets.signed(paper()),
    "signature on yellow": lambda: sheets.signed(paper(YELLOW, 12)),
    "stamp": lambda: sheets.stamped(paper()),
    "marker": lambda: sheets.highlighted(paper()),
    "dotted line": lambda: sheets.dotted(paper()),
    "one hole alone": lambda: sheets.punched(paper(), (108.5,)),
    "two discs not spaced as holes": lambda: sheets.punched(paper(), (100, 150)),
    "text": lambda: sheets.text_page().convert("RGB"),
    "black": lambda: paper((5, 5, 5)),
    "dark block": lambda: _with_block((80, 80, 80)),
    "pale block": lambda: _with_block((215, 225, 235)),
}


def _with_block(fill: tuple[int, int, int]) -> Image.Image:
    sheet = paper()
    sheet.paste(fill, (sheets.px(20), sheets.px(30), sheets.px(190), sheets.px(200)))
    return sheet


def _blank(sheet: Image.Image, *, is_inverted: bool = False) -> bool:
    size = (round(sheet.width * DPI / sheets.DPI), round(sheet.height * DPI / sheets.DPI))
    if sheet.mode == "1":
        # g4_strip codes white as fax black.
        picture = Picture(*sheet.size, 1, Colour.GREY, Coding.G4 if is_inverted else Coding.G4_BLACK_IS_1)
        data = g4_strip(sheet)
    else:
        colour = Colour.GREY if sheet.mode == "L" else Colour.RGB
        picture, data = Picture(*sheet.size, 8, colour, Coding.DCT), saved(sheet, "JPEG", quality=80)
    ink = ink_of(replace(picture, is_inverted=is_inverted), data, size)
    assert ink is not None
    return is_blank(ink)


@pytest.mark.parametrize("name", BLANK)
def test_empty_sheets_are_blank(name: str):
    """Paper of any tone, with dust, shadows, holes and the other side shining through, is blank."""
    assert _blank(BLANK[name]())


@pytest.mark.parametrize("name", NOT_BLANK)
def test_any_mark_is_seen(name: str):
    """A faint line, a digit, a small signature, a stamp: not blank."""
    assert not _blank(NOT_BLANK[name]())


@pytest.mark.parametrize("name", ["dusty", "page number", "signature", "dark block"])
def test_grey_and_black_and_white_are_seen_alike(name: str):
    """The same holds for grey and for black and white, also with the samples the wrong way round."""
    sheet = {**BLANK, **NOT_BLANK}[name]().convert("L")
    bits = sheet.point([255 if level > 160 else 0 for level in range(256)]).convert("1")
    assert _blank(sheet) == (name in BLANK)
    assert _blank(ImageChops.invert(sheet), is_inverted=True) == (name in BLANK)
    assert _blank(bits) == (name in BLANK)
    assert _blank(bits, is_inverted=True) == (name in BLANK)


def test_damage_is_no_ink():
    """Data that cannot be decoded is nothing that could be called blank."""
    sheet = paper()
    picture = Picture(*sheet.size, 8, Colour.RGB, Coding.DCT)
    assert ink_of(picture, saved(sheet, "JPEG")[:5000], (827, 1170)) is None


def test_cmyk_is_not_looked_at():
    """Colours for print do not come from an empty sheet: such a page is never blank."""
    sheet = paper().convert("CMYK")
    assert ink_of(Picture(*sheet.size, 8, Colour.CMYK, Coding.DCT), saved(sheet, "JPEG"), (827, 1170)) is None
