"""The picture of a PNG from its chunks."""

import io
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.png import PngPage, probe_png
from image.reader import reader_of
from tests.image.drawn import page, saved
from tests.image.outcome import outcome

LIMITS = Limits()
PLAIN = saved(page("L"), "PNG", dpi=(150, 100))


def probe(data: bytes, limits: Limits = LIMITS) -> PngPage:
    """The picture of a PNG held in memory."""
    return probe_png(reader_of(io.BytesIO(data)), limits)


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk with its checksum (PNG 5.3)."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize(
    ("mode", "facts"),
    [
        ("1", (0, 1, False)),
        ("L", (0, 8, False)),
        ("RGB", (2, 8, False)),
        ("P", (3, 8, False)),
        ("LA", (4, 8, True)),
        ("RGBA", (6, 8, True)),
        ("I;16", (0, 16, False)),
    ],
)
def test_facts(mode: str, facts: tuple[int, int, bool]):
    """Colour type, depth and transparency are read for every kind."""
    found = probe(saved(page("I").convert("I;16") if mode == "I;16" else page(mode), "PNG"))
    assert (found.colour_type, found.bits, found.has_transparency) == facts
    assert (found.width_px, found.height_px) == (166, 234)
    assert bool(found.palette) == (mode == "P")


def test_resolution_and_turn():
    """Pixels a metre become dpi; the turn is EXIF's."""
    tags = Image.Exif()
    tags[274] = 3
    found = probe(saved(page("L"), "PNG", dpi=(150, 100), exif=tags))
    assert [found.dpi_x, found.dpi_y] == pytest.approx([150, 100], abs=0.05)
    assert found.orientation == 3


def test_data_in_many_chunks_is_one_picture():
    """All IDAT chunks belong to the picture, in order."""
    at = PLAIN.index(b"IDAT") - 4
    (size,) = struct.unpack(">I", PLAIN[at : at + 4])
    body, rest = PLAIN[at + 8 : at + 8 + size], PLAIN[at + 12 + size :]
    split = PLAIN[:at] + chunk(b"IDAT", body[:100]) + chunk(b"IDAT", body[100:]) + rest
    found = probe(split)
    reader = reader_of(io.BytesIO(split))
    assert b"".join(reader.read(part.offset, part.size_bytes) for part in found.data) == body


HEADER = struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0)
MAGIC = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (MAGIC, ScanFault.DAMAGED),
        (PLAIN[:-12], ScanFault.DAMAGED),  # the end is missing
        (PLAIN[:500], ScanFault.DAMAGED),
        (MAGIC + chunk(b"IHDR", HEADER) + chunk(b"IEND", b""), ScanFault.DAMAGED),  # no data
        (MAGIC + chunk(b"IHDR", HEADER[:8] + b"\x07" + HEADER[9:]) + chunk(b"IEND", b""), ScanFault.DAMAGED),
        (MAGIC + chunk(b"IHDR", b"\x00\x01\x00\x00" * 2 + HEADER[8:]), ScanFault.TOO_LARGE),
        (PLAIN.replace(b"IDAT\x78", b"IDAT\x79", 1), ScanFault.DAMAGED),  # a checksum fails
    ],
)
def test_refusals(data: bytes, fault: ScanFault):
    """A file that is cut, empty, contradictory, too large or fails a checksum is refused."""
    with pytest.raises(ScanError) as caught:
        probe(data)
    assert caught.value.fault is fault


def test_pixels_are_limited():
    """The pixel limit holds before the data is looked at."""
    with pytest.raises(ScanError) as caught:
        probe(PLAIN, replace(LIMITS, pixels=100))
    assert caught.value.fault is ScanFault.TOO_LARGE


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    """Any bytes behind the signature give a picture or a ScanError."""
    assert isinstance(outcome(lambda: probe(MAGIC + data)), (PngPage, ScanError))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"IEND", b"zzzz"]),
            st.binary(max_size=30),
        )
    )
)
def test_any_chunks(chunks: list[tuple[bytes, bytes]]):
    """Any sequence of well-formed chunks with any content gives a picture or a ScanError."""
    data = MAGIC + chunk(b"IHDR", HEADER) + b"".join(chunk(*one) for one in chunks)
    assert isinstance(outcome(lambda: probe(data)), (PngPage, ScanError))
