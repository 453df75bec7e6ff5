"""Pictures of few colours stay exact, photographs are told apart."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from image.codec.few_colours import drawn, packed
from tests.image.drawn import furthest, page, saved
from tests.image.poppler import extracted, native
from tests.image.through_convert import converted, same_pixels

SHADES = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


@settings(max_examples=40, deadline=None)
@given(st.lists(SHADES, min_size=1, max_size=256, unique=True), st.integers(0, 10))
def test_every_colour_is_kept(colours: list[tuple[int, int, int]], shift: int):
    """Up to 256 colours come back as they were, in as few bits as they need."""
    image = Image.new("RGB", (16, 17))
    image.putdata([colours[(index + shift) % len(colours)] for index in range(16 * 17)])
    found = drawn(image)
    assert found is not None
    assert same_pixels(found, image)
    if found.mode == "P":
        entries, palette, bits = packed(found)
        assert len(palette) // 3 == len(colours)
        assert len(colours) <= 1 << bits
        assert max(entries.tobytes()) < len(colours)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_photograph_is_none(mode: str):
    """A picture of many colours is left to the JPEG."""
    noise = Image.effect_noise((100, 100), 60)
    assert drawn(noise if mode == "L" else Image.merge("RGB", (noise, noise.rotate(90), noise))) is None


def test_black_and_white_is_bilevel():
    """What is only black and white becomes so, whatever it was stored as."""
    for mode in ("L", "RGB", "P"):
        found = drawn(page("1").convert(mode))
        assert found is not None
        assert found.mode == "1"
        assert same_pixels(found, page("1"))


@pytest.mark.parametrize("form", ["TIFF", "BMP"])
def test_a_drawing_is_exact_in_the_pdf(tmp_path: Path, form: str):
    """A drawing stored as full colour keeps every pixel, and black on white is coded as a fax is."""
    drawing = page("RGB").quantize(12).convert("RGB")
    document = converted(tmp_path, saved(drawing, form), saved(page("1").convert("RGB"), form))
    found = extracted(document.path)
    assert same_pixels(found[0], drawing)
    assert same_pixels(found[1], page("1"))
    assert b"/CCITTFaxDecode" in document.path.read_bytes()


def test_a_photograph_becomes_a_jpeg(tmp_path: Path):
    """A picture of many colours is a JPEG as before."""
    image = ImageChops.add(page("L"), Image.effect_noise(page().size, 30), 1, -100)
    (data,) = native(converted(tmp_path, saved(image, "TIFF")).path)
    with Image.open(io.BytesIO(data)) as found:
        assert found.format == "JPEG"
        assert furthest(found, image) < 60
