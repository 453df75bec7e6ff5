"""to_pdf: files in, one checked PDF out."""

from pathlib import Path

import pikepdf
import pytest

from image.convert import LOOPED
from tests.image.drawn import SAME, difference, g4_entries, g4_strip, page, raw_tiff, saved, tiff
from tests.image.poppler import page_sizes, rendered
from tests.image.through_convert import JPEG, converted, pdf_of


def test_each_page_its_own_size(tmp_path: Path):
    """A TIFF of different pages becomes a PDF of different pages, in order."""
    path = tiff(
        tmp_path / "a.tif",
        [page("L"), page("RGB", 300, 100), page("1", 50, 60)],
        dpi=(100, 100),
        compression="tiff_lzw",
    )
    document = converted(tmp_path, path.read_bytes())
    sizes = [(119.52, 168.48), (216.0, 72.0), (36.0, 43.2)]
    assert page_sizes(document.path) == sizes
    assert [(one.width_pt, one.height_pt) for one in document.pages] == [pytest.approx(size) for size in sizes]


def test_many_files_become_one_document(tmp_path: Path):
    """Images of every kind and PDFs, in the given order, become the pages of one document."""
    pdf = pdf_of(tmp_path, saved(page("L", 100, 50), "PNG", dpi=(100, 100)), JPEG)
    files = (
        JPEG,
        saved(page("1", 60, 60), "TIFF", dpi=(100, 100)),
        pdf,
        saved(page("L", 70, 80), "PNG", dpi=(100, 100)),
        pdf,
    )
    document = converted(tmp_path, *files)
    small, first = (72.0, 36.0), (119.52, 168.48)
    expected = [first, (43.2, 43.2), small, first, (50.4, 57.6), small, first]
    assert page_sizes(document.path) == [pytest.approx(size, abs=0.001) for size in expected]
    assert sorted(path.name for path in tmp_path.glob("out.pdf*")) == ["out.pdf"]
    assert difference(rendered(document.path, 100, 4), page()) < SAME


def test_the_same_scan_gives_the_same_bytes(tmp_path: Path):
    """Images, PDFs and both together: the same input and time give the same bytes."""
    pdf = pdf_of(tmp_path, JPEG)
    for files in ([JPEG], [pdf], [JPEG, pdf], [saved(page("L"), "TIFF", compression="tiff_lzw")]):
        first = converted(tmp_path, *files).path.read_bytes()
        assert converted(tmp_path, *files).path.read_bytes() == first


def test_a_looped_tiff_says_so(tmp_path: Path):
    """A damaged chain of pages is delivered with a word to the reader."""
    image = page("1")
    strip = g4_strip(image)
    data = raw_tiff([(g4_entries(image, len(strip)), strip)])
    looped = data[:-4] + data[4:8]
    assert converted(tmp_path, looped).notes == (LOOPED,)


def test_it_is_a_valid_pdf_to_a_third_reader(tmp_path: Path):
    """Qpdf's library, too, finds the pages."""
    document = converted(tmp_path, JPEG, JPEG)
    with pikepdf.open(document.path) as pdf:
        assert len(pdf.pages) == 2
        assert pdf.docinfo["/Producer"] == "scangate"
