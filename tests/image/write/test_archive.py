"""What a PDF says of itself."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.write.archive import info_entries, plain_title, xmp_packet

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
TITLE = "{http://purl.org/dc/elements/1.1/}title"


def test_the_packet():
    """The packet is well-formed XML with producer and time, and claims PDF/A only when asked."""
    packet = xmp_packet(MADE_AT, "", is_archive=True)
    text = "".join(ET.fromstring(packet).itertext())
    assert "scangate" in text
    assert text.count("2026-11-23T09:02:57Z") == 2
    assert b"pdfaid" in packet
    assert b"dc:title" not in packet
    assert b"pdfaid" not in xmp_packet(MADE_AT, "", is_archive=False)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Scan 2026", "Scan 2026"),
        ("a\x00b\tc\r\nd\x7f", "ab c d"),
        ("R\udcfcgen\ufffe", "Rgen"),
        ("  ", ""),
        ("Müller & <Söhne>", "Müller & <Söhne>"),
    ],
)
def test_titles(title: str, shown: str):
    """A title is one line of characters that XML can hold and readers show."""
    assert plain_title(title) == shown


@pytest.mark.parametrize(
    ("title", "entry"),
    [
        ("a (b) \\c", rb"/Title (a \(b\) \\c)"),
        ("ü", b"/Title <feff00fc>"),
        ("😀", b"/Title <feffd83dde00>"),
    ],
)
def test_text_strings(title: str, entry: bytes):
    """ASCII stands in the Info dictionary escaped, everything else in UTF-16 with its mark."""
    assert entry in info_entries(MADE_AT, title).encode("ascii")


def test_the_dates_in_info():
    """Info tells the same two dates as the packet."""
    entries = info_entries(MADE_AT, "")
    assert "/CreationDate (D:20261123090257Z) /ModDate (D:20261123090257Z)" in entries
    assert "/Title" not in entries


@given(st.text(st.characters(codec=None)))
def test_any_title(title: str):
    """Whatever the title, the packet is XML that tells it, and Info is ASCII."""
    root = ET.fromstring(xmp_packet(MADE_AT, title, is_archive=True))
    told = [" ".join("".join(found.itertext()).split()) for found in root.iter(TITLE)]
    assert told == ([plain_title(title)] if plain_title(title) else [])
    info_entries(MADE_AT, title).encode("ascii")
