"""to_pdf on JPEGs, alone and in a TIFF."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from image.errors import ScanFault
from tests.image.drawn import SAME, difference, page, saved
from tests.image.poppler import native, rendered
from tests.image.through_convert import JPEG, converted, refused


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_passed_byte_for_byte(tmp_path: Path, mode: str, progressive: bool):  # noqa: FBT001 -- a parameter
    """The JPEG in the PDF is the scanner's, unchanged."""
    data = saved(page(mode), "JPEG", dpi=(100, 100), progressive=progressive)
    document = converted(tmp_path, data)
    assert document.pages[0].action == "passed"
    assert data in document.path.read_bytes()
    assert (document.pages[0].width_pt, document.pages[0].height_pt) == pytest.approx((119.52, 168.48))
    assert difference(rendered(document.path, 100).convert("L"), page("L")) < SAME


def test_jpeg_without_its_end_is_mended(tmp_path: Path):
    """A JPEG that lacks only EOI gets one and shows the same."""
    document = converted(tmp_path, JPEG[:-2])
    assert native(document.path) == [JPEG]


@pytest.mark.parametrize("lost", [3, 20, 500, 2500])
def test_a_cut_jpeg_is_damaged(tmp_path: Path, lost: int):
    """A JPEG that lacks picture data, even a few bytes, is never passed."""
    assert refused(tmp_path, JPEG[:-lost]) is ScanFault.DAMAGED


def test_a_cut_progressive_jpeg_is_damaged(tmp_path: Path):
    """Of a progressive JPEG whole passes may be missing, so it is not mended."""
    assert refused(tmp_path, saved(page(), "JPEG", progressive=True)[:-2]) is ScanFault.DAMAGED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_jpeg(tmp_path: Path, orientation: int):
    """A JPEG is shown as its EXIF says, and not encoded anew for it."""
    tags = Image.Exif()
    tags[274] = orientation
    data = saved(page(), "JPEG", exif=tags, dpi=(100, 100))
    document = converted(tmp_path, data)
    assert document.pages[0].action == "passed"
    with Image.open(io.BytesIO(data)) as image:
        assert difference(rendered(document.path, 100), ImageOps.exif_transpose(image)) < SAME


@pytest.mark.parametrize("mode", ["RGB", "YCbCr"])
def test_tiff_jpeg_is_rewrapped(tmp_path: Path, mode: str):
    """A TIFF page that is one JPEG is not decoded, and its colours are right in both of TIFF's ways to hold them."""
    image = page("YCbCr") if mode == "YCbCr" else page()
    data = saved(image, "TIFF", compression="jpeg", quality=90, strip_size=1 << 30, dpi=(100, 100))
    document = converted(tmp_path, data)
    assert document.pages[0].action == "rewrapped"
    assert difference(rendered(document.path, 100), page()) < SAME


def test_grey_tiff_jpeg_is_rewrapped(tmp_path: Path):
    """The same for grey."""
    data = saved(page("L"), "TIFF", compression="jpeg", strip_size=1 << 30, dpi=(100, 100))
    document = converted(tmp_path, data)
    assert document.pages[0].action == "rewrapped"
    assert difference(rendered(document.path, 100), page("L")) < SAME
