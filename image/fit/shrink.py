"""Brings one decoded image to a smaller size and codes it for a PDF: one of the modules that know Pillow."""

import io
import math
from dataclasses import dataclass, replace

from PIL import Image, ImageChops

from image.codec.encoder import g4_strip
from image.fit.picture_decoder import BAND_ROWS, DRAFTS, decoded, grey_bands
from image.picture import Coding, Picture

WHITE_FROM = 171
"""A third of a pixel inked makes it black: a line one pixel wide is still there at a third of the resolution."""

_GREY = range(52, 204)
_BLOCK_PX = 16
_GREY_BLOCK = 100
_DITHERED_SHARE = 0.003
"""How dithering is told from text: in blocks of 16 by 16 pixels it leaves more than 100 of 255 grey, text nowhere.

Blocks above that, of all blocks, from 400 or 600 to 200 dpi: text of 5 to 10 points 0.0001 at most, an error-diffused
photograph on a 24th of the page 0.03 (measured on drawn pages, 2026-11-25).
"""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """An image as it is to stand in the PDF, in the colour space and with the Decode it had."""

    picture: Picture
    data: bytes


def shrunk(picture: Picture, data: bytes, size: tuple[int, int], quality: int) -> Shrunk | None:
    """``picture``, coded as ``data`` and found readable, brought to ``size`` and coded anew.

    ``size`` (pixels) is not above its own. Black and white becomes G4, all else JPEG of ``quality``. None when the
    data is damaged, and for black and white that is dithered: a photograph in dots would be lost when they merge.
    """
    image = decoded(picture, data, size)
    if image is None:
        return None
    if picture.bits != 1:
        return _jpeg(picture, _resized(image, picture, size), quality)
    smaller = image if image.size == size else _bilevel(image, size, is_ink_one=picture.is_inverted)
    return _g4(picture, smaller) if smaller is not None else None


def _resized(image: Image.Image, picture: Picture, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    # libjpeg rounds up where the size cannot be divided: the last row and column may stand for less than a pixel.
    # What it divided by is seen from both sides: of a small picture one of them may fit several.
    whole = (picture.width_px, picture.height_px)
    by = next(by for by in (1, *DRAFTS[::-1]) if image.size == (-(-whole[0] // by), -(-whole[1] // by)))
    width, height = whole[0] / by, whole[1] / by
    smaller = Image.new(image.mode, size)
    # In bands, because Pillow holds a picture of the new width and the old height in between.
    for top in range(0, size[1], BAND_ROWS):
        bottom = min(top + BAND_ROWS, size[1])
        first, last = top * height / size[1], bottom * height / size[1]
        # The filter looks past the band by a row of the new size on either side.
        near = math.ceil(height / size[1]) + 1
        above = max(0, int(first) - near)
        rows = image.crop((0, above, image.width, min(image.height, math.ceil(last) + near)))
        box = (0, first - above, width, last - above)
        smaller.paste(rows.resize((size[0], bottom - top), Image.Resampling.HAMMING, box=box), (0, top))
    return smaller


def _bilevel(image: Image.Image, size: tuple[int, int], *, is_ink_one: bool) -> Image.Image | None:
    """Black and white of ``size``, by the share of each pixel that is inked; None when it is dithered."""
    smaller = Image.new("1", size)
    blocks = [0] * 256
    for top, grey in grey_bands(image, size):
        ink = ImageChops.invert(grey) if is_ink_one else grey
        marks = ink.point([255 if level in _GREY else 0 for level in range(256)]).reduce(_BLOCK_PX)
        blocks = [sum(pair) for pair in zip(blocks, marks.histogram(), strict=True)]
        one, zero = (0, 255) if is_ink_one else (255, 0)
        smaller.paste(ink.point([zero] * WHITE_FROM + [one] * (256 - WHITE_FROM)).convert("1"), (0, top))
    is_dithered = sum(blocks[_GREY_BLOCK:]) > _DITHERED_SHARE * sum(blocks)
    return None if is_dithered else smaller


def _jpeg(picture: Picture, image: Image.Image, quality: int) -> Shrunk:
    file = io.BytesIO()
    # Everything is stated: Pillow would inherit profile and EXIF from the source.
    image.save(file, "JPEG", quality=quality, exif=b"", icc_profile=None, comment=b"")
    coded = replace(picture, width_px=image.width, height_px=image.height, bits=8, coding=Coding.DCT)
    return Shrunk(coded, file.getvalue())


def _g4(picture: Picture, image: Image.Image) -> Shrunk:
    """Ink is coded as fax black, for which its codes are made."""
    data = g4_strip(image if picture.is_inverted else ImageChops.invert(image))
    coding = Coding.G4_BLACK_IS_1 if picture.is_inverted else Coding.G4
    coded = replace(picture, width_px=image.width, height_px=image.height, coding=coding)
    return Shrunk(coded, data)
