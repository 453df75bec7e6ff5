"""to_pdf on grey and colour: every pixel, or what looks the same."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.image.drawn import SAME, difference, page, saved
from tests.image.poppler import extracted, native, rendered
from tests.image.through_convert import LOSSLESS, converted, same_pixels


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_lossless_is_exact(tmp_path: Path, mode: str, compression: str):
    """Every pixel is kept with ``colour = "lossless"`` or a palette; else the page becomes a JPEG that looks alike."""
    data = saved(page(mode), "TIFF", compression=compression)
    exact = converted(tmp_path, data, recipe=LOSSLESS)
    assert same_pixels(extracted(exact.path)[0], page(mode))
    close = converted(tmp_path, data)
    if mode == "P" or len(page(mode).convert("RGB").getcolors() or ()) <= 16:
        assert same_pixels(extracted(close.path)[0], page(mode))
        return
    assert native(close.path)[0].startswith(b"\xff\xd8")
    assert difference(extracted_jpeg(close.path), page(mode)) < SAME


def extracted_jpeg(pdf: Path) -> Image.Image:
    """The one JPEG in the file, decoded."""
    (data,) = native(pdf)
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_simple_png_is_rewrapped_exactly(tmp_path: Path, mode: str):
    """A simple PNG's data goes into the PDF as it is, and every pixel is kept."""
    document = converted(tmp_path, saved(page(mode), "PNG", dpi=(100, 100)))
    assert document.pages[0].action == "rewrapped"
    assert same_pixels(extracted(document.path)[0], page(mode))


def test_transparent_becomes_white(tmp_path: Path):
    """What is transparent in a PNG is white paper."""
    image = page("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    (found,) = extracted(converted(tmp_path, saved(image, "PNG"), recipe=LOSSLESS).path)
    assert found.convert("L").getextrema() == (255, 255)


def test_sixteen_bits_are_scaled(tmp_path: Path):
    """Sixteen bits become eight by scaling: a ramp stays a ramp."""
    ramp = Image.new("I;16", (256, 50))
    for x in range(256):
        for y in range(50):
            ramp.putpixel((x, y), x * 257)
    for form in ("PNG", "TIFF"):
        (found,) = extracted(converted(tmp_path, saved(ramp, form), recipe=LOSSLESS).path)
        assert found.convert("L").tobytes() == bytes(range(256)) * 50


@pytest.mark.parametrize("form", ["TIFF", "JPEG"])
def test_cmyk_colours_are_right(tmp_path: Path, form: str):
    """CMYK is shown in the colours it was scanned in, decoded or passed."""
    image = page("RGB").convert("CMYK")
    document = converted(tmp_path, saved(image, form, dpi=(100, 100)))
    assert difference(rendered(document.path, 100), image.convert("RGB")) < SAME


def test_lab_colours_are_right(tmp_path: Path):
    """CIE L*a*b* becomes RGB that looks the same."""
    from PIL import ImageCms

    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    image = ImageCms.applyTransform(page(), to_lab)
    assert image is not None
    (found,) = extracted(converted(tmp_path, saved(image, "TIFF"), recipe=LOSSLESS).path)
    assert difference(found, page()) < SAME


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_bmp(tmp_path: Path, mode: str):
    """A bitmap becomes a page, exact when it is bilevel or lossless is asked for."""
    document = converted(tmp_path, saved(page(mode), "BMP", dpi=(100, 100)), recipe=LOSSLESS)
    assert same_pixels(extracted(document.path)[0], page(mode))
