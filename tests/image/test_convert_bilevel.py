"""to_pdf on black and white TIFFs, fax codings above all."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from tests.image.drawn import SAME, difference, g4_entries, g4_strip, page, raw_tiff, saved
from tests.image.poppler import extracted, rendered
from tests.image.through_convert import converted, same_pixels

BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_g4_is_passed(tmp_path: Path, photometric: int, fill_order: int, order: str):
    """One-strip G4 keeps its bytes (bits turned for FillOrder 2) and its black stays black."""
    image = page("1")
    coded = image if photometric else ImageOps.invert(image.convert("L")).convert("1")
    strip = g4_strip(coded)
    entries = g4_entries(image, len(strip), t262=photometric, t266=fill_order)
    stored = strip.translate(BITS_REVERSED) if fill_order == 2 else strip
    document = converted(tmp_path, raw_tiff([(entries, stored)], order))
    assert document.pages[0].action == "passed"
    assert strip in document.path.read_bytes()
    assert difference(rendered(document.path, 100), image) < SAME
    assert same_pixels(extracted(document.path)[0], image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("strips", ["one", "many"])
def test_turned_tiff(tmp_path: Path, orientation: int, strips: str):
    """A TIFF page is shown as its Orientation says, whether its bytes are passed or encoded anew."""
    tags = Image.Exif()
    tags[274] = orientation
    image = page("1")
    size = {"one": 1 << 30, "many": 512}[strips]
    data = saved(image, "TIFF", compression="group4", strip_size=size, tiffinfo={274: orientation}, dpi=(100, 100))
    document = converted(tmp_path, data)
    assert document.pages[0].action == {"one": "passed", "many": "encoded"}[strips]
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(saved(image, "PNG", exif=tags))))
    assert difference(rendered(document.path, 100), upright) < SAME


@pytest.mark.parametrize(
    "compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "packbits", "tiff_adobe_deflate", "raw"]
)
def test_bilevel_is_exact(tmp_path: Path, compression: str):
    """Black and white comes out pixel by pixel, whatever its coding was."""
    document = converted(tmp_path, saved(page("1"), "TIFF", compression=compression, strip_size=512))
    assert same_pixels(extracted(document.path)[0], page("1"))
    assert b"/CCITTFaxDecode" in document.path.read_bytes()


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_fax_tags_do_not_stick(tmp_path: Path, compression: str, photometric: int):
    """Bit order, fax options and colours of the source do not turn up in what is encoded from it."""
    shown = page("1")
    coded = shown if photometric else ImageOps.invert(shown.convert("L")).convert("1")
    with Image.open(io.BytesIO(saved(coded, "TIFF", compression=compression, strip_size=1 << 30))) as made:
        assert isinstance(made, TiffImageFile)
        (offset,), (size,) = made.tag_v2[273], made.tag_v2[279]
        tags = dict(made.tag_v2)
    data = saved(coded, "TIFF", compression=compression, strip_size=1 << 30)[offset : offset + size]
    entries = g4_entries(shown, size, t259=tags[259], t262=photometric, t266=2, t292=tags.get(292, 0), t274=3)
    # T6Options asks for uncompressed mode, so that G4 is decoded too.
    entries += [(293, 4, (2,))] if compression == "group4" else []
    document = converted(tmp_path, raw_tiff([(sorted(entries), data.translate(BITS_REVERSED))]))
    assert document.pages[0].action == {"group3": "passed", "group4": "encoded"}[compression]
    assert same_pixels(extracted(document.path)[0], shown)
    assert difference(rendered(document.path, 100), shown.rotate(180)) < SAME
