"""What poppler takes out of our PDFs, against the source's pixels as they are known or as others decode them."""

import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from image.recipe import Recipe
from tests.image.drawn import SAME, difference, page, saved, tiff
from tests.image.poppler import extracted, native, rendered
from tests.image.small_scans import of_format, png
from tests.image.through_convert import LOSSLESS, converted, same_pixels

DECODERS_DIFFER = 2
"""Two JPEG decoders may round a sample differently, by one on each of YCbCr and RGB (T.83 allows more)."""


def by_libtiff(folder: Path, data: bytes) -> Image.Image:
    """The first page of a TIFF as libtiff's tiff2rgba shows it."""
    source, out = folder / "source.tif", folder / "rgba.tif"
    source.write_bytes(data)
    subprocess.run(["tiff2rgba", "-c", "none", str(source), str(out)], capture_output=True, check=True)
    with Image.open(out) as image:
        return image.convert("RGB")


def recoded(folder: Path, image: Image.Image, *options: str) -> bytes:
    """The picture as a TIFF that libtiff's tiffcp wrote so."""
    plain, out = tiff(folder / "plain.tif", [image], dpi=(100, 100)), folder / "recoded.tif"
    subprocess.run(["tiffcp", *options, str(plain), str(out)], capture_output=True, check=True)
    return out.read_bytes()


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any sample."""
    return max(ImageChops.difference(one.convert("RGB"), other.convert("RGB")).tobytes())


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_png_of_few_bits(tmp_path: Path, bits: int):
    """Grey of less than eight bits comes out exactly, and was not decoded for it."""
    document = converted(tmp_path, of_format("png")[f"L{bits}.png"])
    assert document.pages[0].action == "rewrapped"
    truth = page("L").point([(value >> 8 - bits) * 255 // (2**bits - 1) for value in range(256)])
    assert same_pixels(extracted(document.path)[0], truth)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palette_png_of_few_bits(tmp_path: Path, bits: int):
    """The same for palettes; poppler takes out two colours as black and white, so those are looked at as shown."""
    data = of_format("png")[f"P{bits}.png"]
    document = converted(tmp_path, data)
    assert document.pages[0].action == "rewrapped"
    with Image.open(io.BytesIO(data)) as image:
        assert difference(rendered(document.path, 100), image.convert("RGB")) < SAME
        assert bits == 1 or same_pixels(extracted(document.path)[0], image.convert("RGB"))


def test_png_of_sixteen_bits(tmp_path: Path):
    """Sixteen bits a colour become eight: the high ones."""
    document = converted(tmp_path, of_format("png")["deep-RGB.png"], recipe=LOSSLESS)
    assert same_pixels(extracted(document.path)[0], page())


def test_interlaced_png(tmp_path: Path):
    """An interlaced picture (ISO 15948 8.2) comes out in its order."""
    document = converted(tmp_path, interlaced(page("L")), recipe=LOSSLESS)
    assert same_pixels(extracted(document.path)[0], page("L"))


def interlaced(image: Image.Image) -> bytes:
    """A grey picture in the seven passes of Adam7."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b""
    for left, top, step_x, step_y in passes:
        for y in range(top, image.height, step_y):
            rows += b"\x00" + image.tobytes()[y * image.width + left : (y + 1) * image.width : step_x]
    return png(image.width, image.height, 8, 0, rows, interlace=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_half_transparent_is_laid_on_white(tmp_path: Path, mode: str):
    """What is half transparent is mixed with white, to the nearest value."""
    image = page(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    document = converted(tmp_path, saved(image, "PNG"), recipe=LOSSLESS)
    white = Image.new("RGBA", image.size, "white")
    assert furthest(extracted(document.path)[0], Image.alpha_composite(white, image.convert("RGBA"))) <= 1


@pytest.mark.parametrize("name", [name for name in of_format("jpg") if name != "endless.jpg"])
def test_jpeg_comes_out_as_it_went_in(tmp_path: Path, name: str):
    """The JPEG that poppler takes out is the scanner's byte for byte, or but for its EXIF, as the recipe says."""
    data = of_format("jpg")[name]
    assert native(converted(tmp_path, data, recipe=Recipe(is_metadata_kept=True)).path) == [data]
    assert native(converted(tmp_path, data).path) == [without_exif(data)]


def without_exif(data: bytes) -> bytes:
    """The JPEG without its first segment APP1."""
    at = data.find(b"\xff\xe1", 0, data.index(b"\xff\xdb"))
    return data if at < 0 else data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


@pytest.mark.parametrize("name", ["L-jpeg.tif", "RGB-jpeg.tif", "YCbCr-jpeg.tif"])
def test_jpeg_out_of_a_tiff(tmp_path: Path, name: str):
    """The JPEG data of a TIFF strip is in the JPEG that poppler takes out, which shows what libtiff sees."""
    data = of_format("tif")[name]
    document = converted(tmp_path, data)
    (taken,) = native(document.path)
    scan = taken[taken.index(b"\xff\xda") :]
    assert scan in data
    assert furthest(Image.open(io.BytesIO(taken)), by_libtiff(tmp_path, data)) <= DECODERS_DIFFER


LAYOUTS = {
    "none": ("-c", "none"),
    "none, big endian": ("-c", "none", "-B"),
    "lzw": ("-c", "lzw", "-r", "17"),
    "lzw, differences": ("-c", "lzw:2", "-r", "17"),
    "deflate, differences": ("-c", "zip:2", "-r", "300"),
    "packbits": ("-c", "packbits", "-r", "1"),
    "tiles": ("-c", "lzw", "-t", "-w", "64", "-l", "48"),
    "big": ("-c", "zip", "-8"),
}


@pytest.mark.parametrize(
    ("layout", "mode"),
    [(name, mode) for name in LAYOUTS for mode in ("1", "L", "RGB", "P") if mode != "1" or "differences" not in name],
)
def test_tiff_by_another_writer(tmp_path: Path, layout: str, mode: str):
    """Every pixel of a TIFF that libtiff's tiffcp laid out is kept."""
    data = recoded(tmp_path, page(mode), *LAYOUTS[layout])
    document = converted(tmp_path, data, recipe=LOSSLESS)
    assert same_pixels(extracted(document.path)[0], page(mode))


def test_tiff_of_separate_planes(tmp_path: Path):
    """The same when each colour stands by itself."""
    data = recoded(tmp_path, page(), "-c", "lzw", "-p", "separate")
    assert same_pixels(extracted(converted(tmp_path, data, recipe=LOSSLESS).path)[0], page())


FAXES = {
    "g3": ("-c", "g3:1d"),
    "g3, two-dimensional": ("-c", "g3:2d"),
    "g3, lines end on bytes": ("-c", "g3:fill"),
    "g3, bits turned": ("-c", "g3:2d", "-f", "lsb2msb"),
    "g4": ("-c", "g4"),
    "g4, strips": ("-c", "g4", "-r", "20"),
    "g4, bits turned": ("-c", "g4", "-f", "lsb2msb"),
    "g4, strips, bits turned": ("-c", "g4", "-r", "20", "-f", "lsb2msb"),
    "g4, tiles": ("-c", "g4", "-t", "-w", "64", "-l", "64"),
}


@pytest.mark.parametrize("layout", FAXES)
def test_fax_by_another_writer(tmp_path: Path, layout: str):
    """Every dot of a fax that libtiff's tiffcp coded is kept."""
    data = recoded(tmp_path, page("1"), *FAXES[layout])
    assert same_pixels(extracted(converted(tmp_path, data).path)[0], page("1"))


def test_pages_keep_their_order(tmp_path: Path):
    """Pages of one file, and files after each other, are shown in their order, each exactly."""
    images = [page("1"), page("1", 50, 60), page("1").rotate(180), page("1", 90, 40)]
    first = tiff(tmp_path / "a.tif", images[:3], compression="group4", dpi=(100, 100)).read_bytes()
    document = converted(tmp_path, first, saved(images[3], "PNG"), recipe=LOSSLESS)
    found = extracted(document.path)
    assert len(found) == len(images)
    assert all(same_pixels(one, other) for one, other in zip(found, images, strict=True))
