"""JPEG 2000 files as their boxes and markers tell them."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.jp2 import MAX_BOXES, Jp2Page, Space, probe_jp2
from image.probe.jpc import MAX_TILES
from image.reader import Span, reader_of
from image.write.srgb import srgb_profile
from tests.image.drawn import page
from tests.image.jp2 import CMYK, GREY, SRGB, box, by_number, by_profile, codestream, defined, jp2, resolution
from tests.image.outcome import outcome

STREAM = codestream(page("RGB", 40, 50))
PLAIN = jp2(STREAM, by_number(SRGB))


def probed(data: bytes, limits: Limits = Limits()) -> Jp2Page:  # noqa: B008 -- frozen
    """The picture of these bytes."""
    return probe_jp2(reader_of(io.BytesIO(data)), limits)


def fault(data: bytes, limits: Limits = Limits()) -> ScanFault:  # noqa: B008 -- frozen
    """The kind of refusal of these bytes."""
    found = outcome(lambda: probed(data, limits))
    assert isinstance(found, ScanError), found
    return found.fault


def changed(data: bytes, at: int, value: bytes) -> bytes:
    """``data`` with ``value`` written over what stands at ``at``."""
    return data[:at] + value + data[at + len(value) :]


def test_the_facts():
    """Size, components, depth and place of the codestream are found."""
    found = probed(PLAIN)
    stream = found.codestream
    assert (stream.width_px, stream.height_px, stream.components, stream.bits) == (40, 50, 3, 8)
    assert PLAIN[stream.span.offset :][: stream.span.size_bytes] == STREAM
    assert (found.space, found.profile, found.has_alpha, stream.has_end) == (Space.SRGB, None, False, True)
    assert probed(STREAM).codestream.span == Span(0, len(STREAM))


@pytest.mark.parametrize(
    ("boxes", "dpi"),
    [
        ((), (None, None)),
        ((resolution(b"resc", 300, 150),), (300, 150)),
        ((resolution(b"resd", 300, 150),), (300, 150)),
        ((box(b"res ", resolution(b"resd", 72, 72)[8:] + resolution(b"resc", 300, 150)[8:]),), (300, 150)),
        ((box(b"res ", box(b"resc", bytes(10))),), (None, None)),
        ((box(b"res ", box(b"resc", b"\x01")),), (None, None)),
    ],
)
def test_resolution(boxes: tuple[bytes, ...], dpi: tuple[float | None, float | None]):
    """The resolution of capture counts before that of display; what makes no sense is not stated."""
    found = probed(jp2(STREAM, by_number(SRGB), *boxes))
    assert tuple(value and round(value) for value in (found.dpi_x, found.dpi_y)) == dpi


@pytest.mark.parametrize(
    ("boxes", "space"),
    [
        ((by_number(GREY),), Space.GREY),
        ((by_number(CMYK),), Space.CMYK),
        ((by_number(99),), None),
        ((box(b"colr", b"\x04\x00\x00" + bytes(30)), by_number(SRGB)), Space.SRGB),
        ((by_profile(srgb_profile()), by_number(GREY)), Space.SRGB),
        ((by_profile(bytes(20)),), None),
        ((box(b"colr", b"\x01"),), None),
    ],
)
def test_colours(boxes: tuple[bytes, ...], space: Space | None):
    """The first colour box of a known method counts."""
    assert probed(jp2(STREAM, *boxes)).space is space


def test_opacity():
    """The channel definitions tell the opacity from the colours, in the usual order only."""
    stream = codestream(page("LA", 40, 50))
    assert probed(jp2(stream, by_number(GREY), defined((0, 0, 1), (1, 1, 0)))).has_alpha
    assert not probed(jp2(stream, by_number(GREY))).has_alpha
    assert fault(jp2(stream, by_number(GREY), defined((0, 1, 0), (1, 0, 1)))) is ScanFault.UNSUPPORTED
    assert fault(jp2(stream, by_number(GREY), defined((0, 0, 1)))) is ScanFault.UNSUPPORTED


def test_lengths_of_boxes():
    """A length of 1 means that eight bytes follow, a length of 0 that the box goes to the end."""
    start = len(PLAIN) - len(STREAM) - 8
    to_the_end = changed(PLAIN, start, bytes(4))
    long = PLAIN[:start] + struct.pack(">I4sQ", 1, b"jp2c", 16 + len(STREAM)) + STREAM
    for data in (to_the_end, long, PLAIN + bytes(5)):
        assert probed(data).codestream.span.size_bytes == len(STREAM)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN[:40],
        changed(PLAIN, 12, b"\x00\x00\x00\x07"),  # a box shorter than its head
        changed(PLAIN, 12, b"\x00\xff\xff\xff"),  # and one longer than the file
        changed(PLAIN, 12, b"\x00\x00\x00\x01ftyp" + bytes(8)),
        changed(PLAIN, 48, b"\x00\x00\x00\x07"),  # another height than the codestream has
        PLAIN.replace(b"jp2h", b"free"),
        PLAIN.replace(b"jp2c", b"free"),
        PLAIN.replace(b"ihdr", b"free"),
        PLAIN[:12] + box(b"free", b"") * MAX_BOXES + PLAIN[12:],
        STREAM[:20],
        changed(STREAM, 8, bytes(4)),  # no width
        changed(STREAM, 24, bytes(4)),  # tiles of no width
        changed(STREAM, 40, bytes(2)),  # no components
        changed(STREAM, STREAM.index(b"\xff\x90") + 6, b"\x00\x00\x00\x01"),  # an endless loop of tiles
        changed(STREAM, STREAM.index(b"\xff\x90") + 4, b"\x00\x07"),  # a tile that is not
        changed(STREAM, STREAM.index(b"\xff\x90") + 11, b"\x02"),  # a part is missing
        changed(STREAM, 49 + 2, b"\x00\x01"),  # a segment shorter than its length
        codestream(page("RGB", 40, 50), tile_size=(20, 20))[:-300],
    ],
)
def test_damage(data: bytes):
    """What makes no sense, leads round in circles or lacks a tile is damaged."""
    assert fault(data) is ScanFault.DAMAGED


def test_limits():
    """Pixels, tiles and components are limited by what the header announces, before anything is decoded."""
    assert fault(PLAIN, Limits(pixels=1999)) is ScanFault.TOO_LARGE
    assert fault(changed(STREAM, 24, struct.pack(">2I", 1, 2000 // MAX_TILES or 1))) is not ScanFault.TOO_LARGE
    large = changed(STREAM, 8, struct.pack(">2I", 100, 100))
    assert fault(changed(large, 24, struct.pack(">2I", 1, 1))) is ScanFault.TOO_LARGE
    assert fault(changed(STREAM, 8, b"\xff" * 8)) is ScanFault.TOO_LARGE
    assert fault(changed(STREAM, 40, b"\x40\x00")) is ScanFault.UNSUPPORTED


@given(
    st.sampled_from([PLAIN, STREAM]),
    st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=5),
    st.integers(0, 400),
)
def test_any_damage(seed: bytes, changes: list[tuple[int, int]], lost: int):
    """Damage anywhere gives the facts or a ScanError, and an end."""
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    outcome(lambda: probed(bytes(data[: len(data) - lost])))
