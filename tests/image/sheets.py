"""Sheets drawn as a scanner sees them: paper with a tone and grain, dust, shadows, and sometimes a mark."""

import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

DPI = 200
WIDTH_PX, HEIGHT_PX = 1654, 2339
"""A4."""

WORDS = ("invoice", "number", "payment", "garden", "window", "letter", "silver", "monday", "kitchen", "orange")


def px(mm: float) -> int:
    """Pixels of a length."""
    return round(mm * DPI / 25.4)


def paper(tone: tuple[int, int, int] = (252, 252, 252), grain: int = 8) -> Image.Image:
    """An empty sheet; ``grain`` is how far a pixel may be from the paper's tone."""
    sheet = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), tone)
    noise = Image.frombytes("L", sheet.size, random.Random(7).randbytes(WIDTH_PX * HEIGHT_PX))
    spread = noise.point([round((level - 128) * grain / 128) + 128 for level in range(256)])
    return ImageChops.add(sheet, Image.merge("RGB", [spread] * 3), 1, -128)


def dusty(sheet: Image.Image, specks: int = 25) -> Image.Image:
    """With specks below a millimetre."""
    draw, chance = ImageDraw.Draw(sheet), random.Random(3)
    for _ in range(specks):
        x, y, size = chance.randrange(WIDTH_PX), chance.randrange(HEIGHT_PX), chance.randrange(1, 6)
        draw.ellipse((x, y, x + size, y + size), fill=(90, 90, 90))
    return sheet


def shadowed(sheet: Image.Image) -> Image.Image:
    """With the dark edges a lid leaves, and light falling off to one side."""
    slope = Image.linear_gradient("L").resize(sheet.size).rotate(180).point([level // 8 for level in range(256)])
    sheet = ImageChops.subtract(sheet, Image.merge("RGB", [slope] * 3))
    ImageDraw.Draw(sheet).rectangle((0, 0, px(3), HEIGHT_PX), fill=(60, 60, 60))
    ImageDraw.Draw(sheet).rectangle((0, 0, WIDTH_PX, px(2)), fill=(90, 90, 90))
    return sheet


def punched(sheet: Image.Image, at_mm: Sequence[float] = (108.5, 188.5), *, is_outline: bool = False) -> Image.Image:
    """With two holes of ISO 838 as a scanner shows them: dark discs, or the shadow of their rims."""
    draw = ImageDraw.Draw(sheet)
    for middle in at_mm:
        box = (px(9), px(middle - 3), px(15), px(middle + 3))
        if is_outline:
            draw.arc(box, 100, 280, fill=(150, 150, 150), width=px(0.5))
        else:
            draw.ellipse(box, fill=(70, 70, 70))
    return sheet


def shining_through(sheet: Image.Image) -> Image.Image:
    """With the other side's text shining through, mirrored and faint."""
    back = text_page().transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(3))
    faint = back.point([(255 - level) * 16 // 255 for level in range(256)])
    return ImageChops.subtract(sheet, Image.merge("RGB", [faint] * 3))


def text_page(points: float = 11, dpi: int = DPI) -> Image.Image:
    """A page of grey text in ``WORDS``."""
    sheet = Image.new("L", (round(210 * dpi / 25.4), round(297 * dpi / 25.4)), 255)
    draw, font, chance = ImageDraw.Draw(sheet), ImageFont.load_default(points * dpi / 72), random.Random(5)
    for row in range(20):
        words = " ".join(chance.choice(WORDS) for _ in range(8))
        draw.text((dpi, dpi + row * round(points * 1.6 * dpi / 72)), words, fill=0, font=font)
    return sheet


def written(sheet: Image.Image, words: str, points: float, at_mm: tuple[float, float], ink: int = 0) -> Image.Image:
    """With some words."""
    font = ImageFont.load_default(points * DPI / 72)
    ImageDraw.Draw(sheet).text((px(at_mm[0]), px(at_mm[1])), words, fill=(ink, ink, ink), font=font)
    return sheet


def pencilled(sheet: Image.Image) -> Image.Image:
    """With one faint pencil line, four centimetres long and a third of a millimetre wide."""
    draw = ImageDraw.Draw(sheet)
    draw.line((px(60), px(140), px(100), px(138)), fill=(205, 205, 205), width=px(0.35))
    return sheet


def signed(sheet: Image.Image) -> Image.Image:
    """With a small signature in blue ink."""
    points = [(150, 250), (152, 246), (153, 251), (156, 245), (157, 250), (161, 247), (168, 249)]
    ImageDraw.Draw(sheet).line([(px(x), px(y)) for x, y in points], fill=(60, 70, 150), width=px(0.3))
    return sheet


def stamped(sheet: Image.Image) -> Image.Image:
    """With a pale red stamp."""
    draw = ImageDraw.Draw(sheet)
    draw.ellipse((px(120), px(40), px(150), px(70)), outline=(235, 190, 190), width=px(0.6))
    return sheet


def highlighted(sheet: Image.Image) -> Image.Image:
    """With a stroke of a yellow marker."""
    ImageDraw.Draw(sheet).rectangle((px(50), px(100), px(90), px(104)), fill=(255, 250, 150))
    return sheet


def dotted(sheet: Image.Image) -> Image.Image:
    """With a dotted line to write on."""
    draw = ImageDraw.Draw(sheet)
    for step in range(90):
        x = px(30 + step * 1.6)
        draw.ellipse((x, px(150), x + px(0.4), px(150.4)), fill=(40, 40, 40))
    return sheet
