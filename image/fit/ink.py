"""Finds the ink on a page whatever its paper: one of the modules that know Pillow."""

import re
from dataclasses import replace

from PIL import Image, ImageChops, ImageFilter

from image.fit.blank import MARGIN, Ink, Run
from image.fit.picture_decoder import decoded, grey_bands
from image.picture import Colour, Picture

_CONTRAST = 24
"""Levels below the paper around it from which a pixel is ink.

A faint pencil line is 30 and more below, what shows through from the back of the sheet 15 at most (drawn pages).
"""

_BILEVEL_CONTRAST = 64
"""Of black and white: a line one pixel wide at 300 dpi gives 85, a stray pixel 28."""

_MOST_INK = 0.02
_MOST_RUNS = 20_000
"""More ink than this share of the page, or more runs, is more than dust."""

_BLOCK_PX = 8
_NEAR_BLOCKS = 7
"""The paper around a pixel is the median of 7 by 7 blocks of 8 by 8 pixels, 14 mm: wider than a line of text."""

_INKED = re.compile(rb"\xff+")


def ink_of(picture: Picture, data: bytes, size: tuple[int, int]) -> Ink | None:
    """The ink of ``picture``, found readable; ``size`` is its size in pixels at ``DPI``.

    None when it is damaged, and for CMYK, which scanners do not write for what they find on a sheet.
    """
    image = decoded(picture, data, size) if picture.colour is not Colour.CMYK else None
    if image is None:
        return None
    if picture.colour is Colour.INDEXED:
        image = image.convert("RGB")
        picture = replace(picture, bits=8, colour=Colour.RGB)
    edge = round(min(size) * MARGIN)
    grey = _grey(image, picture, size).crop((edge, edge, size[0] - edge, size[1] - edge))
    if picture.bits == 1:
        paper, contrast = Image.new("L", grey.size, 255), _BILEVEL_CONTRAST
    else:
        blocks = grey.reduce(_BLOCK_PX).filter(ImageFilter.MedianFilter(_NEAR_BLOCKS))
        paper, contrast = blocks.resize(grey.size, Image.Resampling.BICUBIC), _CONTRAST
    darkest, lightest, *_ = paper.getextrema()
    assert isinstance(darkest, (int, float))
    assert isinstance(lightest, (int, float)), "grey has one channel"
    ink = ImageChops.subtract(paper, grey).point([255 if level >= contrast else 0 for level in range(256)])
    return Ink(*size, int(lightest), int(darkest), _runs(ink, edge))


def _grey(image: Image.Image, picture: Picture, size: tuple[int, int]) -> Image.Image:
    """Of colours the darkest channel: yellow on white is as good as black."""
    if picture.bits == 1:
        grey = Image.new("L", size)
        for top, band in grey_bands(image, size):
            grey.paste(band, (0, top))
    else:
        grey = image.resize(size, Image.Resampling.BOX)
        if picture.colour is Colour.RGB:
            channels = [ImageChops.invert(one) if picture.is_inverted else one for one in grey.split()]
            return ImageChops.darker(ImageChops.darker(channels[0], channels[1]), channels[2])
    return ImageChops.invert(grey) if picture.is_inverted else grey


def _runs(ink: Image.Image, edge: int) -> tuple[Run, ...] | None:
    """The white runs of ``ink``, in the coordinates of the page; None when there are too many."""
    if ink.histogram()[255] > _MOST_INK * ink.width * ink.height:
        return None
    data, runs = ink.tobytes(), list[Run]()
    for row in range(ink.height):
        start = row * ink.width
        for found in _INKED.finditer(data, start, start + ink.width):
            runs.append(Run(row + edge, found.start() - start + edge, found.end() - start + edge))
        if len(runs) > _MOST_RUNS:
            return None
    return tuple(runs)
