"""Encodes a decoded page for a PDF: G4, JPEG, Flate, or a palette when it has few colours."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from PIL import Image

from image.codec.few_colours import drawn, has_many, packed
from image.codec.flate import filtered_flate, plain_flate
from image.codec.jpeg_bands import can_be_banded, joined
from image.document import Limits
from image.picture import Coding, Colour, Picture
from image.plan.step import Target
from image.probe.tiff import probe_tiff
from image.reader import reader_of
from image.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded image: its facts and its bytes, in pieces, to be read once.

    ``flaw`` is a sentence about damage that the decoder went on behind; empty when there was none.
    """

    picture: Picture
    data: Iterator[bytes]
    flaw: str = ""


class _Pieces:
    """A file that keeps what is written as it comes: one that grows has to be copied, or to be larger than its data."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """All of ``data``."""
        self.pieces.append(data)
        return len(data)


def encoded(image: Image.Image, target: Target, recipe: Recipe) -> Encoded:
    """``image`` (mode 1, L, P or RGB) as ``target`` says; a drawing of few colours without any loss."""
    if target is not Target.G4:
        image = drawn(image) or image
    match image.mode, target:
        case "1", _:
            picture = Picture(image.width, image.height, 1, Colour.GREY, Coding.G4_BLACK_IS_1)
            return Encoded(picture, iter((g4_strip(image),)))
        case "P", _:
            entries, palette, bits = packed(image)
            picture = Picture(image.width, image.height, bits, Colour.INDEXED, Coding.FLATE, palette=palette)
            return Encoded(picture, plain_flate(entries.tobytes("raw", "P" if bits == 8 else f"P;{bits}")))  # noqa: PLR2004
        case _, Target.FLATE:
            colour = Colour.GREY if image.mode == "L" else Colour.RGB
            return Encoded(Picture(image.width, image.height, 8, colour, Coding.FLATE_PNG), filtered_flate(image))
        case _, _:
            colour = Colour.GREY if image.mode == "L" else Colour.RGB
            data = _Pieces()
            _save_jpeg(image, cast("IO[bytes]", data), recipe)
            picture = Picture(image.width, image.height, 8, colour, Coding.DCT)
            return Encoded(picture, iter(data.pieces))


def encoded_bands(
    bands: Callable[[], Iterator[Image.Image]], width_px: int, height_px: int, recipe: Recipe
) -> Encoded | None:
    """The picture (L or RGB) whose ``bands`` begin anew at each call, as a JPEG, encoded while it is written.

    None when it is not for a JPEG, but a drawing of few colours, or too wide.
    """
    first = next(bands())
    if first.mode not in {"L", "RGB"} or not can_be_banded(width_px, first.mode) or not has_many(bands()):
        return None
    colour = Colour.GREY if first.mode == "L" else Colour.RGB
    picture = Picture(width_px, height_px, 8, colour, Coding.DCT)
    return Encoded(picture, joined(bands(), height_px, partial(_save_jpeg, recipe=recipe)))


def _save_jpeg(image: Image.Image, file: IO[bytes], recipe: Recipe) -> None:
    # Everything is stated: Pillow would inherit tables, profile and EXIF from the source.
    image.save(file, "JPEG", quality=recipe.jpeg_quality, exif=b"", icc_profile=None, comment=b"")


def g4_strip(image: Image.Image) -> bytes:
    """``image`` (mode 1) coded by T.6, its set bits as fax black."""
    file = io.BytesIO()
    # A copy, because Pillow writes every tag of the TIFF an image came from into the new one: its fill order turned
    # the bits round, its fax options did not fit.
    image.copy().save(file, "TIFF", compression="group4", strip_size=1 << 30, icc_profile=None)
    reader = reader_of(file)
    (page,) = probe_tiff(reader, Limits(pixels=image.width * image.height)).pages
    assert page.strip is not None, "a page is encoded as one strip"
    assert page.fill_order == 1, "bits are written as PDF reads them"
    assert page.photometric == 1, "a set bit is fax black"
    return reader.read(page.strip.offset, page.strip.size_bytes)
