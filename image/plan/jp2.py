"""What is done to the picture of a JPEG 2000 file."""

import struct

from image.document import Limits
from image.picture import CHANNELS, Coding, Colour, Picture
from image.plan.step import CONVERTED_BYTES, Copy, Encode, PagePlan, encode, placed, target_of
from image.probe.jp2 import Jp2Page, Space
from image.probe.jpc import unsupported_jp2
from image.recipe import Recipe

_COLOURS = {Space.GREY: Colour.GREY, Space.SRGB: Colour.RGB, Space.SYCC: Colour.RGB, Space.CMYK: Colour.CMYK}
_BITS = range(8, 17)
"""Shallower pictures come out dark from OpenJPEG's users: Pillow and poppler shift the samples (2026-11)."""

_SAMPLE_BYTES, _TILE_BYTES = 6, 6000
"""What a decoder holds of a tile it works on, by sample, and of every tile (OpenJPEG 2.5, measured 2026-11)."""

_EOC = b"\xff\xd9"


def plan_jp2(page: Jp2Page, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of a picture. Raises ``ScanError``: unsupported, too-large."""
    stream = page.codestream
    step = _step(page, limits, recipe)
    return placed(stream.width_px, stream.height_px, (page.dpi_x, page.dpi_y), 1, step)


def _step(page: Jp2Page, limits: Limits, recipe: Recipe) -> Copy | Encode:
    stream = page.codestream
    colour = _COLOURS.get(page.space) if page.space is not None else None
    is_other = stream.bits not in _BITS or (stream.is_subsampled and page.space is not Space.SYCC)
    if colour is None or is_other or CHANNELS[colour] + page.has_alpha != stream.components:
        raise unsupported_jp2()
    if page.has_alpha or page.space is Space.SYCC or stream.is_extended:
        # Readers of PDF disagree about these (transparency would end PDF/A's simple case, too).
        tiles_bytes = stream.tile_px * stream.components * _SAMPLE_BYTES + stream.tiles * _TILE_BYTES
        per_pixel = CONVERTED_BYTES + -(-tiles_bytes // (stream.width_px * stream.height_px))
        target = target_of(stream.bits * stream.components, recipe, is_palette=False)
        return encode(stream.width_px, stream.height_px, target, per_pixel, limits, profile=page.profile)
    picture = Picture(stream.width_px, stream.height_px, stream.bits, colour, Coding.JPX)
    # A wrapper of our own holds what PDF/A wants and no more, whatever boxes stood around the codestream.
    end = b"" if stream.has_end else _EOC
    head = _boxes(picture, stream.components, stream.span.size_bytes + len(end))
    return Copy(picture, (head, stream.span, end), "rewrapped", profile=page.profile)


def _boxes(picture: Picture, components: int, codestream_bytes: int) -> bytes:
    """A JP2 file up to its codestream (ISO 15444-1 annex I; CMYK makes it JPX, ISO 15444-2 annex M)."""
    space = {Colour.GREY: Space.GREY, Colour.CMYK: Space.CMYK}.get(picture.colour, Space.SRGB)
    brand = b"jpx " if space is Space.CMYK else b"jp2 "
    header = struct.pack(">IIHBBBB", picture.height_px, picture.width_px, components, picture.bits - 1, 7, 0, 0)
    colours = struct.pack(">BBBI", 1, 0, 0, space)
    return (
        _box(b"jP  ", b"\r\n\x87\n")
        + _box(b"ftyp", brand + bytes(4) + (b"jp2 " if brand == b"jp2 " else b"jpx jpxb"))
        + _box(b"jp2h", _box(b"ihdr", header) + _box(b"colr", colours))
        + struct.pack(">I4s", 8 + codestream_bytes, b"jp2c")
    )


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body
