"""The picture of a bitmap from its headers."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.bmp import BmpPage, probe_bmp
from image.reader import reader_of
from tests.image.drawn import page, saved
from tests.image.outcome import outcome

PLAIN = saved(page("RGB"), "BMP", dpi=(200, 100))


def probe(data: bytes) -> BmpPage:
    """The picture of a bitmap held in memory."""
    return probe_bmp(reader_of(io.BytesIO(data)), Limits())


def test_facts():
    """Size, depth and resolution are read."""
    found = probe(PLAIN)
    assert (found.width_px, found.height_px, found.bits, found.is_bilevel) == (166, 234, 24, False)
    assert [found.dpi_x, found.dpi_y] == pytest.approx([200, 100], abs=0.1)


def test_bilevel():
    """One bit is black and white only when the palette says so."""
    data = saved(page("1"), "BMP")
    assert probe(data).is_bilevel
    assert not probe(data[:54] + b"\xff\x00\x00\x00" + data[58:]).is_bilevel


def test_top_down():
    """A negative height is a picture from the top down, not a damaged one."""
    assert probe(PLAIN[:22] + (-234).to_bytes(4, "little", signed=True) + PLAIN[26:]).height_px == 234


def test_old_header():
    """The header of OS/2 has two bytes a side and no resolution."""
    core = b"BM" + bytes(12) + (12).to_bytes(4, "little") + bytes([9, 0, 8, 0, 1, 0, 24, 0]) + bytes(28 * 8)
    assert probe(core) == BmpPage(9, 8, 24, False, None, None)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (PLAIN[:20], ScanFault.DAMAGED),
        (PLAIN[:14] + b"\x05" + PLAIN[15:], ScanFault.DAMAGED),
        (PLAIN[:28] + b"\x05" + PLAIN[29:], ScanFault.DAMAGED),
        (PLAIN[:18] + b"\xff\xff\xff\x00" + PLAIN[22:], ScanFault.TOO_LARGE),
    ],
)
def test_refusals(data: bytes, fault: ScanFault):
    """A header that is cut, contradictory or too large is refused."""
    with pytest.raises(ScanError) as caught:
        probe(data)
    assert caught.value.fault is fault


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes):
    """Any bytes give a picture or a ScanError."""
    assert isinstance(outcome(lambda: probe(b"BM" + data)), (BmpPage, ScanError))
