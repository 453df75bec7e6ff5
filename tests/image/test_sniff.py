"""What a file is, from its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.sniff import Kind, sniff

BMP = b"BM" + bytes(12) + (40).to_bytes(4, "little") + bytes(36)
PJL = b"\x1b%-12345X@PJL JOB\r\n@PJL SET RESOLUTION=300\r\n"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"%PDF-1.4\n", Kind.PDF),
        (b"\x00" * 900 + b"%PDF-1.4\n", Kind.PDF),
        (PJL + b"@PJL ENTER LANGUAGE=PDF\r\n%PDF-1.4", Kind.PDF),
        (b"%!PS-Adobe-3.0 PDF-1.4\n", Kind.PDF),
        (b"II*\x00\x08\x00\x00\x00", Kind.TIFF),
        (b"MM\x00*\x00\x00\x00\x08", Kind.TIFF),
        (b"II+\x00\x08\x00", Kind.TIFF),
        (b"MM\x00+\x00\x08", Kind.TIFF),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
        (BMP, Kind.BMP),
        (b"BMW service note, not a bitmap", Kind.TEXT),
        (b"GIF89a", Kind.GIF),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind.JP2),
        (b"\xff\x4f\xff\x51", Kind.JP2),
        (b"PK\x03\x04", Kind.ZIP),
        (b"<!DOCTYPE html><p>", Kind.HTML),
        (b"\xef\xbb\xbf\n<!-- a --> <!-- b --><HTML>", Kind.HTML),
        (b"%!PS-Adobe-3.0\n", Kind.POSTSCRIPT),
        (b"\x04%!PS\n", Kind.POSTSCRIPT),
        (PJL + b"@PJL ENTER LANGUAGE = POSTSCRIPT\r\n", Kind.POSTSCRIPT),
        (PJL + b"@PJL ENTER LANGUAGE=PCLXL\r\n", Kind.POSTSCRIPT),
        (b"Scan failed: no paper\r\n", Kind.TEXT),
        ("Größe".encode("utf-16"), Kind.TEXT),
        (b"\x00\x01\x02\x03", Kind.UNKNOWN),
    ],
)
def test_kinds(head: bytes, kind: Kind):
    """Each kind is known from its first bytes."""
    assert sniff(head, head) is kind


def test_long_junk_before_a_pdf_is_looked_through_by_its_end():
    """A PDF behind more than a kilobyte of binary junk is known by its end."""
    assert sniff(b"\x00" * 4096, b"startxref\n9\n%%EOF") is Kind.PDF


def test_a_text_that_quotes_a_pdf_end_is_text():
    """A mail that only talks about PDFs is not one."""
    assert sniff(b"hello " * 500, b"startxref\n%%EOF") is Kind.TEXT


def test_many_comments_take_no_time():
    """Repeated comments before no HTML do not send the search back and forth (it would run for ever)."""
    assert sniff(b"<!---->" * 580 + b"x", b"") is Kind.TEXT


@given(st.binary(max_size=5000), st.binary(max_size=3000))
def test_any_bytes_have_a_kind(head: bytes, tail: bytes):
    """Any bytes at all have a kind, and only no bytes are empty."""
    assert (sniff(head, tail) is Kind.EMPTY) == (head == b"")
