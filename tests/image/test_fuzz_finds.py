"""What fuzzing has found, each as a test of its own."""

from pathlib import Path

from image.convert import to_pdf
from image.errors import ScanFault
from tests.image.archived_scans import CLAIM
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
