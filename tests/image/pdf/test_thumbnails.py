"""Pages shown small, judged by what poppler renders."""

import contextlib
import io
import warnings
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Name, Pdf, Stream
from PIL import Image

from image.document import Thumbnail
from image.errors import ScanError
from image.pdf.thumbnails import thumbnails
from tests.image.drawn import SAME, difference, page, saved
from tests.image.mutated import mutated, random_edits
from tests.image.poppler import rendered
from tests.image.scanned_pdf import font, scan
from tests.image.through_convert import converted

DPI = (100, 100)
A4 = (1654, 2339)


def shown(path: Path, number: int = 1) -> Thumbnail | None:
    """A page of the file small, held against poppler's rendering when there is one."""
    made = thumbnails(path, (number,))
    if not made:
        return None
    (one,) = made
    with Image.open(io.BytesIO(one.jpeg)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (one.width_px, one.height_px)
        assert not set(picture.info) & {"exif", "icc_profile", "comment"}
        expected = rendered(path, 144, number).convert("RGB").resize(picture.size, Image.Resampling.BOX)
        assert difference(picture, expected) < SAME
    assert one.page == number
    assert max(one.width_px, one.height_px) == 340
    assert len(one.jpeg) <= 20_000
    return one


def one_page(folder: Path, pdf: Pdf) -> Path:
    """The PDF as a file."""
    pdf.save(folder / "in.pdf")
    return folder / "in.pdf"


SCANS = {
    "jpeg": saved(page(), "JPEG", dpi=DPI),
    "jpeg grey": saved(page("L"), "JPEG", dpi=DPI),
    "jpeg cmyk": saved(page("CMYK"), "JPEG", dpi=DPI),
    "jpeg progressive": saved(page(), "JPEG", dpi=DPI, progressive=True),
    "jpeg large": saved(page().resize(A4), "JPEG", dpi=(200, 200)),
    "png": saved(page(), "PNG", dpi=DPI),
    "png of few colours": saved(page().quantize(7), "PNG", dpi=DPI),
    "png of two colours": saved(page("1"), "PNG", dpi=DPI),
    "g4": saved(page("1"), "TIFF", compression="group4", dpi=DPI),
    "g4 large": saved(page("1").resize(A4), "TIFF", compression="group4", dpi=(200, 200)),
    "g4 of white ink": saved(page("1").point(lambda level: 255 - level), "TIFF", compression="group4", dpi=DPI),
    "lzw": saved(page(), "TIFF", compression="tiff_lzw", dpi=DPI),
}


@pytest.mark.parametrize("name", SCANS)
def test_every_coding_we_write(name: str, tmp_path: Path):
    """A page in any coding that scans are passed or encoded in is shown as poppler shows it."""
    document = converted(tmp_path, SCANS[name])
    assert shown(document.path) is not None


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_camera_that_was_turned(turn: int, tmp_path: Path):
    """A page stands upright, whichever of the eight ways its JPEG says it lies (EXIF)."""
    exif = Image.Exif()
    exif[0x112] = turn
    assert shown(converted(tmp_path, saved(page(), "JPEG", dpi=DPI, exif=exif)).path) is not None


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "contents",
    [
        b"q 119.52 0 0 168.48 0 0 cm /Im Do Q",
        b"q 80 0 0 100 10 40 cm /Im Do Q",
        b"q 0 119.52 -100 0 110 20 cm /Im Do Q",
        b"q 119.52 0 0 -168.48 0 168.48 cm /Im Do Q",
        b"q 200 0 0 300 -40 -80 cm /Im Do Q",
        b"/Form Do",
        b"q 119.52 0 0 168.48 0 0 cm /Im Do Q BT 3 Tr /F1 8 Tf 20 20 Td (found) Tj (too) ' ET",
        b"q 3 Tr 119.52 0 0 168.48 0 0 cm /Im Do BT /F1 8 Tf 20 20 Td [(found)] TJ ET Q",
    ],
)
def test_a_page_of_one_image(contents: bytes, rotate: int, tmp_path: Path):
    """Wherever and however a page draws its image, turned or not, in a form or under unseen text: it is shown so."""
    pdf = scan()
    drawn = pdf.pages[0].obj
    form = Stream(pdf, b"q 119.52 0 0 168.48 0 0 cm /Im Do Q", Type=Name.XObject, Subtype=Name.Form)
    form.BBox, form.Resources = Array([0, 0, 200, 200]), drawn.Resources
    drawn.Resources.XObject.Form = pdf.make_indirect(form)
    drawn.Contents, drawn.Rotate = Stream(pdf, contents), rotate
    made = shown(one_page(tmp_path, pdf))
    assert made is not None
    assert (made.width_px < made.height_px) is (rotate in {0, 180})


def test_a_cropped_page(tmp_path: Path):
    """Of a page with a crop box only that is shown."""
    pdf = scan()
    pdf.pages[0].obj.CropBox = Array([10, 60, 90, 160])
    path = one_page(tmp_path, pdf)
    (made,) = thumbnails(path, (1,))
    assert (made.width_px, made.height_px) == (272, 340)
    whole = rendered(path, 144)  # of the media box
    expected = whole.crop((20, whole.height - 320, 180, whole.height - 120)).resize((272, 340))
    with Image.open(io.BytesIO(made.jpeg)) as picture:
        assert difference(picture, expected) < SAME


@pytest.mark.parametrize(
    "more",
    [
        b"BT /F1 8 Tf 20 20 Td (seen) Tj ET",
        b"q BT 3 Tr (unseen) Tj ET Q BT /F1 8 Tf 20 20 Td (seen) Tj ET",
        b"BT 3 Tr 0 Tr /F1 8 Tf 20 20 Td (seen) Tj ET",
        b"0 0 m 100 100 l S",
        b"q 50 0 0 50 0 0 cm /Im Do Q",
        b"/None Do",
    ],
)
def test_what_would_have_to_be_rendered_is_left_out(more: bytes, tmp_path: Path):
    """A page that shows more than one image is not shown in part."""
    pdf = scan()
    pdf.pages[0].obj.Contents = Stream(pdf, b"q 119.52 0 0 168.48 0 0 cm /Im Do Q " + more)
    pdf.pages[0].obj.Resources.Font = font()
    assert shown(one_page(tmp_path, pdf)) is None


@pytest.mark.parametrize("contents", [b"q Q", b"q 119.52 0 0 1 0 0 cm /Im Do Q", b"q 90 90 -90 90 90 0 cm /Im Do Q"])
def test_a_page_without_a_picture_is_left_out(contents: bytes, tmp_path: Path):
    """A page that is empty, or whose image is a line or stands askew."""
    pdf = scan()
    pdf.pages[0].obj.Contents = Stream(pdf, contents)
    assert shown(one_page(tmp_path, pdf)) is None


def test_images_that_cannot_be_read_are_left_out(tmp_path: Path):
    """JPEG 2000, a stencil, a soft mask, damage, and a size that the data does not have: none of it fails."""
    for change in (
        {"/Filter": Name.JPXDecode},
        {"/ImageMask": True},
        {"/Width": 165},
        {"/Decode": Array([0, 0.5] * 3)},
    ):
        pdf = scan()
        for key, value in change.items():
            pdf.pages[0].obj.Resources.XObject.Im[key] = value
        assert shown(one_page(tmp_path, pdf)) is None
    pdf = scan()
    pdf.pages[0].obj.Resources.XObject.Im.write(saved(page(), "JPEG")[:300], filter=Name.DCTDecode)
    assert shown(one_page(tmp_path, pdf)) is None


def test_a_picture_that_takes_too_much_memory_is_left_out(tmp_path: Path):
    """A progressive JPEG of many pixels would be held whole; a plain one is not."""
    large = Image.new("L", (8000, 8000), 255)
    document = converted(tmp_path, saved(large, "JPEG", progressive=True, dpi=DPI), saved(large, "JPEG", dpi=DPI))
    assert [one.page for one in thumbnails(document.path, (1, 2))] == [2]


def test_only_pages_asked_for(tmp_path: Path):
    """The pages come in their order; one that is not there is left out."""
    document = converted(tmp_path, SCANS["jpeg"], SCANS["g4"], SCANS["png"])
    assert [one.page for one in thumbnails(document.path, (2, 3, 4))] == [2, 3]


@pytest.mark.parametrize("name", ["jpeg", "g4", "png of few colours"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_survived(name: str, tmp_path: Path, seed: int):
    """Whatever a PDF has become, its page is shown, left out, or it is refused as damaged."""
    whole = tmp_path / "whole"
    if not whole.is_file():
        whole.write_bytes(converted(tmp_path, SCANS[name]).path.read_bytes())
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(mutated(whole.read_bytes(), SCANS["jpeg grey"], random_edits(Random(seed))))
    with contextlib.suppress(ScanError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(one.page == 1 for one in thumbnails(damaged, (1,)))


def test_the_same_page_is_the_same_picture(tmp_path: Path):
    """The same PDF gives the same bytes."""
    document = converted(tmp_path, SCANS["jpeg"], SCANS["g4"])
    assert thumbnails(document.path, (1, 2)) == thumbnails(document.path, (1, 2))
