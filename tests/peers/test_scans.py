"""The sample scans are what real scanners write, and the same on every run."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from tests.peers import scans
from tests.peers.mailbox import pdfinfo, qpdf_check

COMPRESSION, STRIP_OFFSETS, ROWS_PER_STRIP = 259, 273, 278  # TIFF 6.0, sections 8 and 3
G4 = 4


def test_a_tiff_has_one_g4_strip_a_page():
    """Three pages of A4 at 300 dpi, each one CCITT G4 strip, no two alike."""
    with TiffImageFile(io.BytesIO(scans.tiff_g4(3))) as image:
        drawn = set()
        assert image.n_frames == 3
        for number in range(3):
            image.seek(number)
            assert image.size == (2480, 3508)
            assert image.info["dpi"] == (300, 300)
            assert image.tag_v2[COMPRESSION] == G4
            assert image.tag_v2[ROWS_PER_STRIP] == 3508
            assert len(image.tag_v2[STRIP_OFFSETS]) == 1
            drawn.add(image.tobytes())
    assert len(drawn) == 3


@pytest.mark.parametrize("compression", ["tiff_lzw", "raw", "jpeg", "tiff_adobe_deflate"])
def test_a_colour_tiff_has_one_strip_a_page(compression: str):
    """The other compressions are one strip a page too, whatever its size."""
    with TiffImageFile(io.BytesIO(scans.tiff([scans.page(1, 100, "RGB")], compression, 100))) as image:
        assert len(image.tag_v2[STRIP_OFFSETS]) == 1
        assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("scan", "kind", "mode", "dpi"),
    [
        (scans.jpeg(300), "JPEG", "RGB", 300),
        (scans.jpeg(200, colour=False), "JPEG", "L", 200),
        (scans.jpeg(None), "JPEG", "RGB", None),
        (scans.png(300), "PNG", "L", 300),
        (scans.png(150, "1"), "PNG", "1", 150),
    ],
)
def test_single_images(scan: bytes, kind: str, mode: str, dpi: int | None):
    """JPEG and PNG have the kind, mode, size and resolution asked for."""
    with Image.open(io.BytesIO(scan)) as image:
        assert (image.format, image.mode) == (kind, mode)
        assert image.size == scans.a4_px(dpi or 300)
        told = image.info.get("dpi")
        assert (None if told is None else round(told[0])) == dpi


def test_a_pdf_is_faultless(tmp_path: Path):
    """The PDF has the pages asked for, in A4, and qpdf finds no fault; cut short, it does."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(scans.pdf(3))
    assert pdfinfo(path).pages == 3
    assert pdfinfo(path).sizes_pt == ((595.2, 841.92),) * 3
    assert qpdf_check(path) is None
    path.write_bytes(scans.truncated(scans.pdf(3)))
    assert "damaged" in (qpdf_check(path) or "")


@pytest.mark.parametrize("make", [scans.tiff_g4, scans.jpeg, scans.png, scans.pdf])
def test_the_same_bytes_every_time(make: Callable[[], bytes]):
    """A sample is the same bytes whenever it is made, so that a digest may stand in a test."""
    assert make() == make()


def test_a_truncated_scan_is_its_own_beginning():
    """What is cut off is cut off the end, and nothing else changes."""
    scan = scans.jpeg(100)
    assert scans.truncated(scan, 0.25) == scan[: len(scan) // 4]
