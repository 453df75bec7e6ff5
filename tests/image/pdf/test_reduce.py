"""Which images of a PDF are reduced, and how they stand in it afterwards."""

from pathlib import Path
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from image.fit.budget import Budget, Fit, Step
from image.pdf.pictures import pictures
from tests.image.drawn import SAME, difference
from tests.image.heavy import SIZE_PT, SIZE_PX, actions, as_document, fitted, jpeg, photo, refusal
from tests.image.poppler import extracted, native, rendered

BYTES = {"/DeviceRGB": jpeg(), "/DeviceGray": jpeg(mode="L"), "/DeviceCMYK": jpeg(mode="CMYK")}
PLACED = b"q 119.52 0 0 168.48 0 0 cm /Im Do Q"
LOW = (Step(150, 60),)


def _image(pdf: Pdf, data: bytes = BYTES["/DeviceRGB"], **entries: Any) -> Stream:
    usual = {"ColorSpace": Name.DeviceRGB, "Filter": Name.DCTDecode, "BitsPerComponent": 8}
    size = {"Width": SIZE_PX[0], "Height": SIZE_PX[1]}
    stream = Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, **{**usual, **size, **entries})
    return pdf.make_indirect(stream)


def _with(pdf: Pdf, image: Stream, contents: bytes = PLACED, **page: object) -> Pdf:
    added = pdf.add_blank_page(page_size=SIZE_PT)
    added.obj.Resources = Dictionary(XObject=Dictionary(Im=image))
    added.obj.Contents = Stream(pdf, contents)
    for key, value in page.items():
        added.obj[f"/{key}"] = value
    return pdf


def _reduced(folder: Path, pdf: Pdf, size_bytes: int) -> list[str]:
    pdf.save(folder / "in.pdf")
    return list(actions(fitted(as_document(folder / "in.pdf"), Budget(size_bytes, (Fit.REDUCE,), LOW, LOW))))


@pytest.mark.parametrize("space", BYTES)
@pytest.mark.parametrize("is_inverted", [True, False])
def test_colours_stay_what_they_are(tmp_path: Path, space: str, *, is_inverted: bool):
    """Grey, RGB and CMYK, with Decode either way round, look the same and keep colour space and Decode."""
    pdf = Pdf.new()
    channels = {"/DeviceGray": 1, "/DeviceRGB": 3, "/DeviceCMYK": 4}[space]
    entries: dict[str, Any] = {"Decode": Array([1, 0] * channels)} if is_inverted else {}
    _with(pdf, _image(pdf, BYTES[space], ColorSpace=Name(space), **entries))
    pdf.save(tmp_path / "before.pdf")
    assert _reduced(tmp_path, pdf, len(BYTES[space]) // 3) == ["reduced"]
    assert difference(rendered(tmp_path / "in.pdf", 50), rendered(tmp_path / "before.pdf", 50)) < SAME
    with Pdf.open(tmp_path / "in.pdf") as after:
        image = after.pages[0].obj.Resources.XObject.Im
        assert [str(image.ColorSpace), int(image.Width), str(image.Filter)] == [space, 249, "/DCTDecode"]
        assert ("/Decode" in image) == is_inverted


def test_colour_profiles_are_kept(tmp_path: Path):
    """An image in ICC based colours refers to the same profile."""
    pdf = Pdf.new()
    profile = pdf.make_indirect(Stream(pdf, b"not looked at", N=3))
    _with(pdf, _image(pdf, ColorSpace=Array([Name.ICCBased, profile])))
    assert _reduced(tmp_path, pdf, 90_000) == ["reduced"]
    with Pdf.open(tmp_path / "in.pdf") as after:
        space = after.pages[0].obj.Resources.XObject.Im.ColorSpace
        assert (space[0], space[1].read_bytes()) == (Name.ICCBased, b"not looked at")


@pytest.mark.parametrize(
    "entries",
    [
        {"SMask": "mask"},
        {"Mask": Array([0, 10] * 3)},
        {"Decode": Array([0, 0.5] * 3)},
        {"ColorSpace": Array([Name.Lab, Dictionary(WhitePoint=Array([1, 1, 1]))])},
        {"ColorSpace": Name.DeviceGray},
        {"ColorSpace": Name.Pattern},
        {"DecodeParms": Dictionary(ColorTransform=0)},
        {"Filter": Array([Name.ASCIIHexDecode, Name.DCTDecode])},
        {"Filter": Name.JPXDecode},
        {"Filter": Name.JBIG2Decode},
        {"BitsPerComponent": 16},
        {"Width": 200},
        {"Width": "no number"},
    ],
)
def test_what_cannot_be_done_exactly_is_not_done(tmp_path: Path, entries: dict[str, Any]):
    """Masks, other colours, codings and sizes that contradict the data: the image stays, and the scan is refused."""
    pdf = Pdf.new()
    if "SMask" in entries:
        entries = {"SMask": _image(pdf, BYTES["/DeviceGray"], ColorSpace=Name.DeviceGray)}
    _with(pdf, _image(pdf, **entries))
    pdf.save(tmp_path / "in.pdf", compress_streams=False)
    data = (tmp_path / "in.pdf").read_bytes()
    refusal(as_document(tmp_path / "in.pdf"), Budget(len(data) - 1, (Fit.REDUCE,), LOW, LOW))
    assert (tmp_path / "in.pdf").read_bytes() == data


def test_an_image_on_many_pages_is_reduced_once(tmp_path: Path):
    """It stays one object, sized for the page that shows it largest."""
    pdf = Pdf.new()
    image = _image(pdf)
    _with(pdf, image, b"q 40 0 0 56 0 0 cm /Im Do Q")
    _with(pdf, image)
    _with(pdf, image, b"q 60 0 0 84 0 0 cm /Im Do Q")
    assert _reduced(tmp_path, pdf, 90_000) == ["reduced"] * 3
    assert len(native(tmp_path / "in.pdf")) == 3
    assert {found.size for found in extracted(tmp_path / "in.pdf")} == {(249, 351)}
    with Pdf.open(tmp_path / "in.pdf") as after:
        assert len({page.obj.Resources.XObject.Im.objgen for page in after.pages}) == 1


@pytest.mark.parametrize(
    ("contents", "page", "dpi"),
    [
        (PLACED, {}, 300),
        (b"2 0 0 2 0 0 cm q 59.76 0 0 84.24 0 0 cm /Im Do Q", {}, 300),
        (b"q 0 119.52 -168.48 0 168.48 0 cm /Im Do Q", {"Rotate": 90}, 300),
        (b"q 239.04 0 0 336.96 0 0 cm /Im Do Q", {}, 150),
        (b"q 119.52 0 0 168.48 0 0 cm /Im Do Q", {"UserUnit": 2}, 150),
        (b"q q q 1 0 0 1 5 5 cm Q Q 119.52 0 0 168.48 0 0 cm /Im Do Q", {}, 300),
    ],
)
def test_resolution_is_what_the_page_shows(tmp_path: Path, contents: bytes, page: dict[str, object], dpi: float):
    """However the instructions come to the image's place: turned, in steps, or in other units."""
    pdf = Pdf.new()
    _with(pdf, _image(pdf), contents, **page)
    (found,) = pictures(pdf)
    assert (round(found.dpi_x), round(found.dpi_y)) == (dpi, dpi)
    assert found.pages == (0,)


def test_images_in_forms_are_found(tmp_path: Path):
    """Scanners' software wraps a page's image in one or two forms."""
    pdf = Pdf.new()
    form = Stream(pdf, PLACED, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 120, 169]))
    form.Resources, form.Matrix = Dictionary(XObject=Dictionary(Im=_image(pdf))), Array([0.5, 0, 0, 0.5, 0, 0])
    _with(pdf, form, b"q 2 0 0 2 0 0 cm /Im Do Q")
    assert _reduced(tmp_path, pdf, 90_000) == ["reduced"]
    assert difference(rendered(tmp_path / "in.pdf", 50), photo().resize((83, 117))) < SAME


def test_forms_that_draw_themselves_end():
    """A form in itself is followed for a while, then the page counts as unreadable."""
    pdf = Pdf.new()
    form = pdf.make_indirect(Stream(pdf, b"/Im Do /Im Do", Type=Name.XObject, Subtype=Name.Form))
    form.Resources = Dictionary(XObject=Dictionary(Im=form))
    _with(pdf, form, b"/Im Do")
    assert pictures(pdf) == ()


def test_an_image_that_would_not_become_smaller_stays(tmp_path: Path):
    """Of two pages only the one that gains by it is touched."""
    pdf = Pdf.new()
    small = jpeg(quality=10)
    _with(pdf, _image(pdf))
    _with(pdf, _image(pdf, small), b"q 400 0 0 564 0 0 cm /Im Do Q")
    assert _reduced(tmp_path, pdf, 100_000) == ["reduced", "passed"]
    assert native(tmp_path / "in.pdf")[1] == small
