"""Makes the small picture of a page: one of the modules that know Pillow."""

import io

from PIL import Image, ImageChops

from image.document import Limits, Thumbnail
from image.fit.framing import IS_ON_SIDE, Frame, Turn
from image.fit.picture_decoder import decoded, grey_bands, is_readable
from image.picture import Colour, Picture

SIDE_PX = 340
"""The longer side: A4 becomes 240 by 340, where headlines can be read and a page be told from others."""

LIMITS = Limits(decoded_bytes=100_000_000)
"""Enough for A4 at 600 dpi in black and white, at 300 dpi in any other coding, and for a plain JPEG of any size."""

_LEAST_PX = 8
_MOST_BYTES = 20_000
_QUALITIES = (60, 45, 30)
"""A page of text takes 8 to 12 kB at the first; the others are for photographs."""

_MOST_ZOOM = 4
"""An image this many times wider than the page, which shows a piece of it, is no scanned page."""

_TRANSPOSED = {
    Turn.LEFT_RIGHT: Image.Transpose.FLIP_LEFT_RIGHT,
    Turn.TOP_BOTTOM: Image.Transpose.FLIP_TOP_BOTTOM,
    Turn.BY_90: Image.Transpose.ROTATE_90,
    Turn.BY_180: Image.Transpose.ROTATE_180,
    Turn.BY_270: Image.Transpose.ROTATE_270,
    Turn.DIAGONAL: Image.Transpose.TRANSPOSE,
    Turn.ANTI_DIAGONAL: Image.Transpose.TRANSVERSE,
}


def thumbnail(number: int, picture: Picture, data: bytes, placed: Frame) -> Thumbnail | None:
    """The page ``number`` small, which shows ``picture``, coded as ``data``, and nothing else.

    None when that cannot be decoded cheaply (``LIMITS``), is damaged, or would be large all the same.
    """
    scale = SIDE_PX / max(placed.width, placed.height)
    paper = (round(placed.width * scale), round(placed.height * scale))
    left, top, right, bottom = (round(side * scale) for side in placed.image)
    wide, high = right - left, bottom - top
    size = (high, wide) if placed.turn in IS_ON_SIDE else (wide, high)
    if min(*paper, *size) < _LEAST_PX or max(size) > _MOST_ZOOM * SIDE_PX:
        return None
    if not is_readable(picture, data, size, LIMITS):
        return None
    image = decoded(picture, data, size)
    if image is None:
        return None
    small = _small(image, picture, size)
    if placed.turn in _TRANSPOSED:
        small = small.transpose(_TRANSPOSED[placed.turn])
    sheet = Image.new(small.mode, paper, "white")
    sheet.paste(small, (left, top))
    coded = _coded(sheet)
    return Thumbnail(number, *paper, coded) if coded else None


def _small(image: Image.Image, picture: Picture, size: tuple[int, int]) -> Image.Image:
    """``image`` in grey or RGB of ``size``, as it is to be seen."""
    if picture.bits == 1 and picture.colour is Colour.GREY:
        small = Image.new("L", size)
        for top, band in grey_bands(image, size):
            small.paste(band, (0, top))
    else:
        shown = image.convert("RGB") if picture.colour is Colour.INDEXED else image
        small = shown.resize(size, Image.Resampling.BOX)
    # Pillow turns the inks of every JPEG in CMYK round, as Adobe writes them; Decode then says so.
    if picture.is_inverted is not (picture.colour is Colour.CMYK):
        small = ImageChops.invert(small)
    return small.convert("RGB") if picture.colour is Colour.CMYK else small


def _coded(image: Image.Image) -> bytes:
    for quality in _QUALITIES:
        file = io.BytesIO()
        # Everything is stated: Pillow would inherit profile and EXIF from the source.
        image.save(file, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None, comment=b"")
        if file.tell() <= _MOST_BYTES:
            return file.getvalue()
    return b""
