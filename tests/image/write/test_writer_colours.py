"""Colours as written, seen by another renderer."""

import random
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw

from image.document import Limits
from image.picture import Coding, Colour, Picture
from image.recipe import Recipe
from image.write.srgb import srgb_profile
from image.write.writer import PdfWriter
from tests.image.drawn import saved
from tests.image.poppler import checked, extracted, rendered, unpacked
from tests.image.write.test_writer import MADE_AT

OTHER = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB_DATA = zlib.compress(bytes(range(192)))
FIELDS = 6


def written(path: Path, *pictures: tuple[Picture, bytes], recipe: Recipe = Recipe()) -> None:  # noqa: B008 -- frozen
    """A PDF of these, at 100 dpi."""
    with path.open("wb") as file:
        writer = PdfWriter(file, Limits(), MADE_AT, recipe)
        for picture, data in pictures:
            writer.add_page(picture.width_px * 0.72, picture.height_px * 0.72, 1, picture, [data])
        writer.finish()
    checked(path)


def inks() -> tuple[Image.Image, list[tuple[int, ...]]]:
    """A picture of fields of 20 pixels, each of one mixture, and the mixtures row by row."""
    draw = random.Random(3)
    mixtures: list[tuple[int, ...]] = [
        (0, 0, 0, 0),
        (0, 0, 0, 255),
        (255, 0, 0, 0),
        (0, 255, 0, 0),
        (0, 0, 255, 0),
        (255, 255, 0, 0),
    ]
    mixtures += [tuple(draw.randrange(256) for _ in range(4)) for _ in range(FIELDS * FIELDS - len(mixtures))]
    image = Image.new("CMYK", (20 * FIELDS, 20 * FIELDS))
    for index, mixture in enumerate(mixtures):
        left, top = index % FIELDS * 20, index // FIELDS * 20
        ImageDraw.Draw(image).rectangle((left, top, left + 19, top + 19), fill=mixture)
    return image, mixtures


@pytest.mark.parametrize("coding", [Coding.FLATE, Coding.DCT])
def test_cmyk_shows_the_colours_of_the_formula(tmp_path: Path, coding: Coding):
    """CMYK without a profile of its own is archived with ours, and each ink and mixture shown as the formula says."""
    image, mixtures = inks()
    is_dct = coding is Coding.DCT
    data = saved(image, "JPEG", quality=98, subsampling=0) if is_dct else zlib.compress(image.tobytes())
    picture = Picture(image.width, image.height, 8, Colour.CMYK, coding, is_inverted=is_dct)
    written(tmp_path / "a.pdf", (picture, data), (picture, data))
    text = unpacked(tmp_path / "a.pdf")
    assert text.count(b"/N 4") == 1
    assert b"/DeviceCMYK" not in text
    assert b"pdfaid" in text
    shown = rendered(tmp_path / "a.pdf", 100)
    for index, (*ink, black) in enumerate(mixtures):
        found = shown.getpixel((index % FIELDS * 20 + 10, index // FIELDS * 20 + 10))
        assert isinstance(found, tuple)
        wanted = [(255 - part) * (255 - black) / 255 for part in ink]
        assert max(abs(one - other) for one, other in zip(wanted, found, strict=True)) <= 3, (ink, black)


def test_cmyk_without_an_archive(tmp_path: Path):
    """A plain PDF leaves CMYK to the viewer."""
    image, _ = inks()
    picture = Picture(image.width, image.height, 8, Colour.CMYK, Coding.FLATE)
    written(tmp_path / "a.pdf", (picture, zlib.compress(image.tobytes())), recipe=Recipe(is_archive=False))
    assert b"/DeviceCMYK" in unpacked(tmp_path / "a.pdf")


def test_a_profile_is_written_once(tmp_path: Path):
    """Pages that share a profile share the object; another profile is another object."""
    first = Picture(8, 8, 8, Colour.RGB, Coding.FLATE, profile=OTHER)
    second = Picture(8, 8, 8, Colour.RGB, Coding.FLATE, profile=srgb_profile())
    written(tmp_path / "a.pdf", (first, RGB_DATA), (second, RGB_DATA), (first, RGB_DATA))
    assert unpacked(tmp_path / "a.pdf").count(b"/N 3") == 2
    assert [image.tobytes() for image in extracted(tmp_path / "a.pdf")] == [bytes(range(192))] * 3


def test_a_palette_is_explained_too(tmp_path: Path):
    """The profile of a palette picture is that of its palette."""
    picture = Picture(8, 8, 8, Colour.INDEXED, Coding.FLATE, palette=b"\xff\x00\x00\x00\x00\xff", profile=OTHER)
    written(tmp_path / "a.pdf", (picture, zlib.compress(bytes(32) + b"\x01" * 32)))
    shown = rendered(tmp_path / "a.pdf", 100)
    assert shown.getpixel((3, 1)) == (255, 0, 0)
    assert shown.getpixel((3, 6)) == (0, 0, 255)
