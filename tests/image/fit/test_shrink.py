"""Images of a finished PDF brought to a smaller size."""

import io
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from image.document import Limits
from image.fit.picture_decoder import decoded, is_readable
from image.fit.shrink import Shrunk, _resized, shrunk
from image.picture import Coding, Colour, Picture
from tests.image.drawn import SAME, difference, g4_strip, page, saved
from tests.image.heavy import photo
from tests.image.sheets import WORDS, text_page

LIMITS = Limits()
SIZE = (166, 234)
HALF = (83, 117)


def _flate(image: Image.Image) -> tuple[Picture, bytes]:
    colour = Colour.RGB if image.mode == "RGB" else Colour.GREY
    picture = Picture(*image.size, 1 if image.mode == "1" else 8, colour, Coding.FLATE)
    return picture, zlib.compress(image.tobytes())


def _png(image: Image.Image) -> tuple[Picture, bytes]:
    data, idat, at = saved(image, "PNG"), b"", 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        idat += data[at + 8 : at + 8 + size] if data[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    return replace(_flate(image)[0], coding=Coding.FLATE_PNG), idat


def _g4(image: Image.Image, coding: Coding = Coding.G4_BLACK_IS_1) -> tuple[Picture, bytes]:
    """g4_strip codes set bits as fax black; the other coding wants them white."""
    bits = image if coding is Coding.G4_BLACK_IS_1 else ImageChops.invert(image)
    return Picture(*image.size, 1, Colour.GREY, coding), g4_strip(bits)


def _jpeg(image: Image.Image, **options: object) -> tuple[Picture, bytes]:
    colour = {"L": Colour.GREY, "RGB": Colour.RGB, "CMYK": Colour.CMYK}[image.mode]
    return Picture(*image.size, 8, colour, Coding.DCT), saved(image, "JPEG", **{"quality": 90, **options})


def _bits(image: Image.Image) -> Image.Image:
    return image.point([255 if level > 128 else 0 for level in range(256)]).convert("1")


LOSSLESS = {
    "flate rgb": _flate(page()),
    "flate grey": _flate(page("L")),
    "flate bits": _flate(page("1")),
    "png rgb": _png(page()),
    "png grey": _png(page("L")),
    "png bits": _png(page("1")),
    "g4": _g4(page("1"), Coding.G4),
    "g4, black is 1": _g4(page("1")),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_samples_come_out_exactly(name: str):
    """Decoding gives the samples that were coded, set bits white."""
    picture, data = LOSSLESS[name]
    assert is_readable(picture, data, SIZE, LIMITS)
    image = decoded(picture, data, SIZE)
    assert image is not None
    expected = page("1" if picture.bits == 1 else "L" if picture.colour is Colour.GREY else "RGB")
    assert (image.mode, image.tobytes()) == (expected.mode, expected.tobytes())


@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("size", [HALF, (120, 170), (21, 30)])
def test_photographs_keep_what_they_show(mode: str, size: tuple[int, int], *, progressive: bool):
    """A smaller JPEG shows the same in the same colours, also when libjpeg has made part of the way."""
    image = page(mode)
    picture, data = _jpeg(image, progressive=progressive)
    assert is_readable(picture, data, size, LIMITS)
    made = shrunk(picture, data, size, 75)
    assert made is not None
    assert made.picture == replace(picture, width_px=size[0], height_px=size[1])
    with Image.open(io.BytesIO(made.data)) as found:
        assert (found.mode, found.size) == (mode, size)
        assert not set(found.info) & {"exif", "icc_profile", "comment"}
        assert difference(found, image.resize(size, Image.Resampling.BOX)) < SAME


@pytest.mark.parametrize("size", [(150, 600), (331, 467), (400, 999), (500, 1500)])
def test_bands_leave_no_seams(size: tuple[int, int]):
    """A picture made smaller in bands is the one made smaller at once, to one level of 255 that rounding takes."""
    image = photo(1, "L" if size[0] == 331 else "RGB").resize((600, 1500))
    made = _resized(image, Picture(*image.size, 8, Colour.RGB, Coding.FLATE), size)
    at_once = image.resize(size, Image.Resampling.HAMMING)
    assert max(ImageChops.difference(made, at_once).tobytes()) <= 1


@pytest.mark.parametrize("by", [2, 4, 8])
@pytest.mark.parametrize("width", [1, 3, 5, 9, 13, 17, 57, 73, 113])
def test_small_photographs_become_smaller_still(width: int, by: int):
    """However few pixels there are, and whatever libjpeg rounds up, the whole picture comes out, and no more of it."""
    image = Image.linear_gradient("L").resize((max(width, by), 90))
    size = (image.width // by, image.height // by)
    made = shrunk(*_jpeg(image, quality=95), size, 95)
    assert made is not None
    with Image.open(io.BytesIO(made.data)) as found:
        assert found.size == size
        # Looked at in a size that is large enough to be compared.
        pair = [one.resize((120, 90), Image.Resampling.BOX) for one in (found, image)]
        assert difference(*pair) < SAME


def test_lossless_colour_becomes_jpeg():
    """Colour that came without loss is coded as a photograph is."""
    made = shrunk(*LOSSLESS["flate rgb"], HALF, 75)
    assert made is not None
    assert made.picture == Picture(*HALF, 8, Colour.RGB, Coding.DCT)


@pytest.mark.parametrize("is_inverted", [True, False])
@pytest.mark.parametrize("name", ["flate bits", "png bits", "g4", "g4, black is 1"])
def test_black_and_white_is_packed_without_loss_at_its_own_size(name: str, *, is_inverted: bool):
    """G4 of the same size has the same samples, whichever of them is ink."""
    picture = replace(LOSSLESS[name][0], is_inverted=is_inverted)
    made = shrunk(picture, LOSSLESS[name][1], SIZE, 75)
    assert made is not None
    assert made.picture.coding is (Coding.G4_BLACK_IS_1 if is_inverted else Coding.G4)
    again = decoded(made.picture, made.data, SIZE)
    assert again is not None
    assert again.tobytes() == page("1").tobytes()


@pytest.mark.parametrize("is_inverted", [True, False])
@pytest.mark.parametrize(("dpi", "points"), [(600, 9), (300, 9)])
def test_text_stays_readable_at_the_floor(tmp_path: Path, dpi: int, points: float, *, is_inverted: bool):
    """Of a page of black and white text brought to 200 dpi, a text recogniser reads nearly every word."""
    sheet = _bits(text_page(points, dpi))
    picture, data = _g4(ImageChops.invert(sheet) if is_inverted else sheet)
    size = (sheet.width * 200 // dpi, sheet.height * 200 // dpi)
    made = shrunk(replace(picture, is_inverted=is_inverted), data, size, 0)
    assert made is not None
    small = decoded(made.picture, made.data, size)
    assert small is not None
    (ImageChops.invert(small) if is_inverted else small).save(tmp_path / "page.png", dpi=(200, 200))
    command = ["tesseract", str(tmp_path / "page.png"), "-", "--psm", "6"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, env={"OMP_THREAD_LIMIT": "1"}).stdout
    words = text.lower().split()
    assert sum(word in WORDS for word in words) >= 0.95 * 160


def test_thin_lines_stay_lines():
    """A line of one pixel at 600 dpi is still there, unbroken, at 200."""
    sheet = Image.new("1", (600, 600), 1)
    for at in range(50, 600, 97):
        sheet.paste(0, (at, 0, at + 1, 600))
        sheet.paste(0, (0, at, 600, at + 1))
    made = shrunk(*_g4(sheet), (200, 200), 0)
    assert made is not None
    small = decoded(made.picture, made.data, (200, 200))
    assert small is not None
    inked = [at for at in range(200) if not any(small.crop((at, 0, at + 1, 200)).tobytes())]
    assert inked == [at // 3 for at in range(50, 600, 97)]


def test_dithered_photographs_are_left_alone():
    """Dots that make grey would merge to black: such a page is not resampled."""
    photo = Image.linear_gradient("L").resize((1200, 1200)).convert("1")
    assert shrunk(*_g4(photo), (400, 400), 0) is None
    sheet = _bits(text_page(9, 300))
    sheet.paste(photo.crop((200, 200, 500, 500)), (300, 300))
    assert shrunk(*_g4(sheet), (sheet.width * 2 // 3, sheet.height * 2 // 3), 0) is None


@pytest.mark.parametrize("name", [*LOSSLESS, "jpeg"])
def test_damage_leaves_an_image_as_it_is(name: str):
    """Data that breaks off is not coded anew; libtiff alone goes on without a word through its return value."""
    picture, data = _jpeg(page()) if name == "jpeg" else LOSSLESS[name]
    if not name.startswith("g4"):
        assert shrunk(picture, data[: len(data) // 2], HALF, 75) is None
    assert shrunk(picture, b"", HALF, 75) is None


def _with_marker(data: bytes, transform: int) -> bytes:
    return data[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + data[2:]


def test_jpegs_that_readers_disagree_about_are_left_alone():
    """Colours said in two ways, more channels than the PDF says, another size, a second picture, no end."""
    picture, data = _jpeg(page())
    assert is_readable(picture, data, HALF, LIMITS)
    assert not is_readable(picture, _with_marker(data, 0), HALF, LIMITS)
    assert not is_readable(replace(picture, colour=Colour.GREY), data, HALF, LIMITS)
    assert not is_readable(replace(picture, width_px=165), data, HALF, LIMITS)
    assert not is_readable(picture, data + data, HALF, LIMITS)
    assert not is_readable(picture, data[:-2], HALF, LIMITS)
    assert not is_readable(picture, b"not a JPEG", HALF, LIMITS)
    assert not is_readable(replace(picture, colour=Colour.INDEXED), data, HALF, LIMITS)


def test_memory_is_checked_before_anything_is_decoded():
    """What libjpeg makes smaller on the way needs less; progressive pictures and unpacked rows need more."""
    pixels = 166 * 234
    picture, data = _jpeg(page())
    assert not is_readable(picture, data, HALF, Limits(pixels=pixels - 1))
    assert is_readable(picture, data, HALF, Limits(decoded_bytes=pixels * 2))
    assert not is_readable(picture, data, SIZE, Limits(decoded_bytes=pixels * 8 - 1))
    assert is_readable(picture, data, SIZE, Limits(decoded_bytes=pixels * 8))
    assert not is_readable(*_jpeg(page(), progressive=True), HALF, Limits(decoded_bytes=pixels * 8 - 1))
    assert not is_readable(*LOSSLESS["flate rgb"], SIZE, Limits(decoded_bytes=pixels * 11 - 1))
    assert is_readable(*LOSSLESS["flate rgb"], SIZE, Limits(decoded_bytes=pixels * 11))


def test_bombs_are_not_unpacked():
    """A stream that holds more than the picture is read no further than the picture."""
    picture, _ = LOSSLESS["flate grey"]
    made = shrunk(picture, zlib.compress(bytes(50_000_000)), HALF, 75)
    assert isinstance(made, Shrunk)
