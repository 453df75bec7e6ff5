"""Pages as a scanner sees them, the same every time: text, a table, a picture, all askew, with noise and specks."""

import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX = 2480, 3508
"""A4 at 300 dpi."""

_SYLLABLES = ("ka", "lo", "mi", "ter", "an", "ver", "sol", "pu", "rin", "da", "gel", "bro", "ne", "tis", "qua", "fen")
_PAPER, _INK = (247, 244, 236), (38, 36, 44)
_SPECKS = 1500


def colour_page(number: int) -> Image.Image:
    """Page ``number`` in colour, A4 at 300 dpi, with a photograph and the noise of a sensor."""
    rng = random.Random(number)  # noqa: S311 -- drawn pages, not secrets
    page = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _PAPER)
    _text(page, rng, top_px=1900)
    _table(page, rng)
    page.paste(_photograph(rng, (2000, 1500)), (240, 320))
    turned = page.rotate(rng.uniform(-0.8, 0.8), Image.Resampling.BICUBIC, fillcolor=_PAPER)
    return ImageChops.add(turned, _noise(rng), scale=1, offset=-_NOISE_MEAN)


def bilevel_page(number: int) -> Image.Image:
    """Page ``number`` in black and white, A4 at 300 dpi, with a small halftone picture and specks."""
    rng = random.Random(number)  # noqa: S311 -- drawn pages, not secrets
    page = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
    _text(page, rng, top_px=300)
    _table(page, rng)
    turned = page.rotate(rng.uniform(-0.8, 0.8), Image.Resampling.BILINEAR, fillcolor=255)
    bilevel = turned.point([0] * 128 + [255] * 128, "1")
    coarse = _photograph(rng, (250, 200)).convert("1").resize((750, 600), Image.Resampling.NEAREST)
    bilevel.paste(coarse, (1580, 2600))
    specks = ImageDraw.Draw(bilevel)
    for _ in range(_SPECKS):
        x, y = rng.randrange(WIDTH_PX - 3), rng.randrange(HEIGHT_PX - 3)
        specks.rectangle((x, y, x + rng.randrange(3), y + rng.randrange(3)), fill=rng.choice((0, 0, 0, 255)))
    return bilevel


def _text(page: Image.Image, rng: random.Random, top_px: int) -> None:
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(40)
    ink = _INK if page.mode == "RGB" else 0
    for top in range(top_px, HEIGHT_PX - 950, 62):
        words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(14)]
        draw.text((240, top), " ".join(words)[:92], font=font, fill=ink)


def _table(page: Image.Image, rng: random.Random) -> None:
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(36)
    ink = _INK if page.mode == "RGB" else 0
    for row in range(11):
        top = HEIGHT_PX - 900 + row * 64
        draw.line((240, top, 1500, top), fill=ink, width=3)
        if row < 10:  # noqa: PLR2004 -- the last line closes the table
            cells = [f"{rng.randrange(100_000):>9,}" for _ in range(5)]
            for column, cell in enumerate(cells):
                draw.text((260 + column * 250, top + 12), cell, font=font, fill=ink)
    for column in range(6):
        left = min(240 + column * 252, 1500)
        draw.line((left, HEIGHT_PX - 900, left, HEIGHT_PX - 260), fill=ink, width=3)


def _photograph(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """Soft shapes over finer and finer ones, as a photograph has them."""
    bands = []
    for _ in range(3):
        band = Image.new("L", size, 128)
        for cells in (4, 16, 64, 512):
            share = 0.5 if cells < 64 else 0.3  # noqa: PLR2004 -- detail is fainter than shapes
            grain = Image.frombytes("L", (cells, cells), rng.randbytes(cells * cells))
            band = Image.blend(band, grain.resize(size, Image.Resampling.BICUBIC), share)
        bands.append(band)
    return Image.merge("RGB", bands)


_NOISE_PX = 1024
_NOISE_MEAN = 1


def _noise(rng: random.Random) -> Image.Image:
    """Noise around ``_NOISE_MEAN`` for a whole page: one tile, turned to another place for each page."""
    bands = []
    for seed in range(3):
        tile = _noise_tile(seed)
        tile = ImageChops.offset(tile, rng.randrange(_NOISE_PX), rng.randrange(_NOISE_PX))
        bands.append(_tiled(tile))
    return Image.merge("RGB", bands)


def _noise_tile(seed: int) -> Image.Image:
    rng = random.Random(seed)  # noqa: S311 -- drawn pages, not secrets
    # The sum of three even dice is bell-shaped enough.
    dice = bytes(value * 2 // 256 for value in range(256))
    throws: Sequence[Image.Image] = [
        Image.frombytes("L", (_NOISE_PX, _NOISE_PX), rng.randbytes(_NOISE_PX * _NOISE_PX).translate(dice))
        for _ in range(3)
    ]
    return ImageChops.add(ImageChops.add(throws[0], throws[1]), throws[2])


def _tiled(tile: Image.Image) -> Image.Image:
    page = Image.new("L", (WIDTH_PX, HEIGHT_PX))
    for top in range(0, HEIGHT_PX, _NOISE_PX):
        for left in range(0, WIDTH_PX, _NOISE_PX):
            page.paste(tile, (left, top))
    return page
