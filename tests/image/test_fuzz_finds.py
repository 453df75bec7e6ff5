"""What fuzzing has found, each as a test of its own."""

import io
from pathlib import Path

import pikepdf
import pytest

from image.convert import to_pdf
from image.errors import ScanFault
from tests.image.archived_scans import CLAIM
from tests.image.pdf_tokens import objects
from tests.image.scanned_pdf import plain
from tests.image.through_convert import LIMITS, MADE_AT, refused

PDF = plain(1, compress_streams=False)


def test_a_page_whose_instructions_lost_their_stream(tmp_path: Path):
    """A damaged keyword makes a page's stream a dictionary and the page empty: refused, not delivered as PDF/A."""
    assert b"stream\nq 119.52" in PDF
    assert refused(tmp_path, PDF.replace(b"stream\nq 119.52", b"stRaam\nq 119.52")) is ScanFault.DAMAGED


def test_a_page_whose_instructions_are_something_else(tmp_path: Path):
    """A page whose contents are no stream, in a file without other damage, is named as flawed, and is no PDF/A."""
    assert b"/Contents 4 0 R" in PDF
    source = tmp_path / "scan"
    source.write_bytes(PDF.replace(b"/Contents 4 0 R", b"/Contents (ab) "))
    document = to_pdf([source], tmp_path / "out.pdf", LIMITS, MADE_AT)
    assert document.pages[0].flaw
    assert CLAIM not in document.path.read_bytes()


@pytest.mark.parametrize(("words", "is_archive"), [(b"<70646>", False), (b"<706460>", True)])
def test_recognised_words_with_half_a_byte(tmp_path: Path, words: bytes, *, is_archive: bool):
    """A scan whose invisible words are spelt as PDF/A forbids is delivered, and does not claim to be PDF/A."""
    text = b"BT 3 Tr /F1 9 Tf %s Tj ET" % words
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.pages[0].Resources.Font.F1.Encoding = pikepdf.Name.WinAnsiEncoding
        pdf.pages[0].contents_add(text)
        pdf.save(tmp_path / "scan", compress_streams=False)
    document = to_pdf([tmp_path / "scan"], tmp_path / "out.pdf", LIMITS, MADE_AT)
    assert words in document.path.read_bytes()
    assert (document.pages[0].flaw, document.plain_because == "") == ("", is_archive)
    assert (CLAIM in document.path.read_bytes()) is is_archive


def test_a_keyword_within_a_name_ends_nothing():
    """A name that holds ``endobj``, as damage makes one, is a name; the judge of archives reads on to the keyword."""
    data = b"1 0 obj\n<< /Type /Fendobjont >>\nendobj\n"
    assert [one.body for one in objects(data)] == [b"\n<< /Type /Fendobjont >>\n"]
