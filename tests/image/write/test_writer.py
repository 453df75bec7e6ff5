"""The PDF as written, seen by other readers."""

import io
import re
import subprocess
import xml.etree.ElementTree as ET
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from image.document import Limits, Written
from image.errors import ScanError, ScanFault
from image.picture import Coding, Colour, Picture
from image.recipe import Recipe
from image.write.writer import PdfWriter
from tests.image.drawn import SAME, difference, page, saved
from tests.image.poppler import checked, extracted, page_sizes, rendered, unpacked

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
GREY = Picture(166, 234, 8, Colour.GREY, Coding.FLATE)
DATA = zlib.compress(page("L").tobytes())


def written(path: Path, picture: Picture = GREY, data: bytes = DATA, orientation: int = 1, pages: int = 1) -> Written:
    """A PDF of ``pages`` equal pages of 120 by 169 points."""
    with path.open("wb") as file:
        writer = PdfWriter(file, Limits(), MADE_AT, Recipe())
        for _ in range(pages):
            writer.add_page(119.52, 168.48, orientation, picture, [data[:100], data[100:]])
        return writer.finish()


def test_other_readers_agree(tmp_path: Path):
    """Qpdf finds no fault, and pdfinfo the pages and sizes that were written."""
    result = written(tmp_path / "a.pdf", pages=3)
    checked(tmp_path / "a.pdf")
    assert page_sizes(tmp_path / "a.pdf") == [(119.52, 168.48)] * 3
    assert result == Written((tmp_path / "a.pdf").stat().st_size)


def test_the_same_pages_give_the_same_bytes(tmp_path: Path):
    """Identical input and time give identical bytes, whatever the time zone it is told in; other input does not."""
    for name, pages in (("a.pdf", 1), ("b.pdf", 1), ("c.pdf", 2)):
        written(tmp_path / name, pages=pages)
    first = (tmp_path / "a.pdf").read_bytes()
    assert (tmp_path / "b.pdf").read_bytes() == first
    elsewhere = MADE_AT.astimezone(timezone(timedelta(hours=5)))
    file = io.BytesIO()
    writer = PdfWriter(file, Limits(), elsewhere, Recipe())
    writer.add_page(119.52, 168.48, 1, GREY, [DATA])
    writer.finish()
    assert file.getvalue() == first
    assert _identity(first) != _identity((tmp_path / "c.pdf").read_bytes())


@pytest.mark.parametrize("place", [0, 5000, -1])
def test_other_data_gives_another_identity(tmp_path: Path, place: int):
    """Files that differ where an image begins or ends, or in its length, have different identities."""
    data = bytes(10_000)
    changed = bytearray(data)
    changed[place] = 1
    written(tmp_path / "a.pdf", data=data)
    first = _identity((tmp_path / "a.pdf").read_bytes())
    for other, is_told in ((bytes(changed), place != 5000), (data + b"x", True)):
        written(tmp_path / "a.pdf", data=other)
        assert (_identity((tmp_path / "a.pdf").read_bytes()) != first) is is_told


def _identity(pdf: bytes) -> bytes:
    return pdf.partition(b"/ID [<")[2][:32]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone(tmp_path: Path, orientation: int):
    """A page is shown as EXIF says, for all eight orientations, mirrored ones too."""
    image = page("L")
    tags = Image.Exif()
    tags[274] = orientation
    image.info["exif"] = tags.tobytes()
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(saved(image, "PNG", exif=tags))))
    with (tmp_path / "a.pdf").open("wb") as file:
        writer = PdfWriter(file, Limits(), MADE_AT, Recipe())
        writer.add_page(upright.width * 0.72, upright.height * 0.72, orientation, GREY, [DATA])
        writer.finish()
    assert difference(rendered(tmp_path / "a.pdf", 100), upright) < SAME


@pytest.mark.parametrize(
    ("picture", "data", "image"),
    [
        (GREY, DATA, page("L")),
        (Picture(166, 234, 8, Colour.RGB, Coding.FLATE), zlib.compress(page("RGB").tobytes()), page("RGB")),
        (
            Picture(166, 234, 8, Colour.INDEXED, Coding.FLATE, palette=bytes(page("P").getpalette() or ())),
            zlib.compress(page("P").tobytes()),
            page("P"),
        ),
    ],
    ids=["grey", "rgb", "indexed"],
)
def test_flate_pixels_are_exact(tmp_path: Path, picture: Picture, data: bytes, image: Image.Image):
    """What goes in as Flate comes out pixel by pixel."""
    written(tmp_path / "a.pdf", picture, data)
    (found,) = extracted(tmp_path / "a.pdf")
    assert found.convert("RGB").tobytes() == image.convert("RGB").tobytes()


def test_inverted_cmyk(tmp_path: Path):
    """Adobe's CMYK is shown the right way round."""
    image = page("RGB").convert("CMYK")
    data = saved(image, "JPEG", quality=95)
    written(tmp_path / "a.pdf", Picture(166, 234, 8, Colour.CMYK, Coding.DCT, is_inverted=True), data)
    shown = rendered(tmp_path / "a.pdf", 100).convert("L")
    assert difference(shown, image.convert("L")) < SAME


@pytest.mark.parametrize("is_archive", [True, False])
def test_archive_marks(tmp_path: Path, *, is_archive: bool):
    """The claim of PDF/A-2b and the output intent are made when the recipe says so, and the writer tells it."""
    with (tmp_path / "a.pdf").open("wb") as file:
        writer = PdfWriter(file, Limits(), MADE_AT, Recipe(is_archive=is_archive))
        writer.add_page(119.52, 168.48, 1, GREY, [DATA])
        writer.finish()
    checked(tmp_path / "a.pdf")
    text = unpacked(tmp_path / "a.pdf")
    assert (b"<pdfaid:part>2</pdfaid:part>" in text) is is_archive
    assert (b"/GTS_PDFA1" in text) is is_archive
    assert writer.is_archive is is_archive


@pytest.mark.parametrize("title", ["Scan (2) of 23\\11", "Grüße & <Küsse> 😀"])
def test_the_title(tmp_path: Path, title: str):
    """Another reader shows the title, and the packet tells the same."""
    with (tmp_path / "a.pdf").open("wb") as file:
        writer = PdfWriter(file, Limits(), MADE_AT, Recipe(title=title))
        writer.add_page(119.52, 168.48, 1, GREY, [DATA])
        writer.finish()
    checked(tmp_path / "a.pdf")
    shown = subprocess.run(["pdfinfo", str(tmp_path / "a.pdf")], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Title: +(.*)$", shown, re.MULTILINE)[1] == title  # type: ignore[index]
    packet = subprocess.run(["pdfinfo", "-meta", str(tmp_path / "a.pdf")], capture_output=True, check=True).stdout
    assert title in "".join(ET.fromstring(packet).itertext())


def test_the_output_limit():
    """A file that grows past the limit is refused while it is written."""
    writer = PdfWriter(io.BytesIO(), Limits(output_bytes=2000), MADE_AT, Recipe())
    with pytest.raises(ScanError) as caught:
        writer.add_page(100, 100, 1, GREY, [bytes(1000)] * 3)
    assert caught.value.fault is ScanFault.TOO_LARGE


def test_a_full_disk_comes_through():
    """An error of our own disk is not turned into one of the scan."""
    with Path("/dev/full").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        PdfWriter(file, Limits(), MADE_AT, Recipe()).add_page(100, 100, 1, GREY, [DATA])
