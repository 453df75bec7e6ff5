"""What keeps a decoder from beginning, seen in a JPEG's headers; judged by a decoder on files damaged at random."""

import contextlib
import io
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, UnidentifiedImageError

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.jpeg import probe_jpeg
from image.probe.jpeg_tables import Headers, after_segment
from image.reader import reader_of
from tests.image.drawn import page, saved
from tests.image.mutated import Damage, Edit, mutated
from tests.image.outcome import outcome
from tests.image.small_scans import of_format
from tests.image.through_convert import converted, refused

QUANTISATION = b"\x00" + bytes(range(1, 65))
COUNTS = b"\x00\x01" + bytes(14)
HUFFMAN = b"\x00" + COUNTS + b"\x05" + b"\x10" + COUNTS + b"\x11"
GREY_FRAME = b"\x08\x00\x10\x00\x10\x01\x01\x11\x00"
GREY_SCAN = b"\x01\x01\x00\x00\x3f\x00"
GOOD = ((0xDB, QUANTISATION), (0xC4, HUFFMAN), (0xC0, GREY_FRAME), (0xDA, GREY_SCAN))


def after(*segments: tuple[int, bytes]) -> Headers | None:
    """The headers after these segments."""
    headers: Headers | None = Headers()
    for code, body in segments:
        assert headers is not None
        headers = after_segment(headers, code, body)
    return headers


def test_a_good_picture():
    """Tables, frame and scan that fit are taken, and nothing is missing."""
    headers = after(*GOOD, (0xE0, b"JFIF"), (0xFE, b"comment"))
    assert headers is not None
    assert not headers.lacks_tables


@pytest.mark.parametrize("left_out", [0, 1])
def test_tables_that_stand_apart(left_out: int):
    """A scan whose tables nobody brought is no damage by itself (a TIFF keeps them elsewhere), but is told."""
    headers = after(*(segment for at, segment in enumerate(GOOD) if at != left_out))
    assert headers is not None
    assert headers.lacks_tables


@pytest.mark.parametrize(
    ("at", "code", "body"),
    [
        (0, 0xDB, QUANTISATION[:-1]),
        (0, 0xDB, b"\x04" + QUANTISATION[1:]),
        (1, 0xC4, HUFFMAN[:-1]),
        (1, 0xC4, b"\x04" + HUFFMAN[1:]),
        (1, 0xC4, HUFFMAN[:10]),
        (2, 0xC0, GREY_FRAME[:-1]),
        (2, 0xC0, GREY_FRAME[:-2] + b"\x51\x00"),
        (2, 0xC0, GREY_FRAME[:-2] + b"\x10\x00"),
        (2, 0xC0, GREY_FRAME[:-1] + b"\x04"),
        (3, 0xDA, b"\x01\x02\x00\x00\x3f\x00"),
        (3, 0xDA, b"\x00\x00\x3f\x00"),
        (3, 0xDA, b"\x02\x01\x00\x01\x00\x00\x3f\x00"),
        (3, 0xDA, b"\x01\x01\x40\x00\x3f\x00"),
        (3, 0xDD, b"\x00"),
        (3, 0xF5, b""),
        (3, 0x30, b""),
    ],
)
def test_what_no_decoder_takes(at: int, code: int, body: bytes):
    """Headers that contradict themselves are refused where they stand."""
    assert after(*GOOD[:at], (code, body)) is None


@pytest.mark.parametrize("counts", [b"\x02" + bytes(15), b"\x01\x02" + bytes(14)])
def test_tables_that_are_no_code(counts: bytes):
    """A Huffman table of too many short codes is refused when a scan needs it, and not before."""
    table = b"\x00" + counts + bytes(sum(counts))
    headers = after(GOOD[0], GOOD[1], (0xC4, table), GOOD[2])
    assert headers is not None
    assert after_segment(headers, *GOOD[3]) is None


def test_a_second_scan_of_everything():
    """A sequential picture that has been told is not told again."""
    assert after(*GOOD, GOOD[3]) is None


@pytest.mark.parametrize(
    ("spectrum", "is_sound"),
    [
        (b"\x00\x00\x01", True),
        (b"\x00\x00\x10", True),
        (b"\x00\x05\x00", False),
        (b"\x01\x3f\x21", True),
        (b"\x05\x04\x00", False),
        (b"\x01\x40\x00", False),
        (b"\x01\x3f\x31", False),
        (b"\x01\x3f\x0e", False),
    ],
)
def test_progressive_scans(spectrum: bytes, *, is_sound: bool):
    """A pass over part of the spectrum must be one that T.81 G.1.1.1 knows."""
    headers = after(GOOD[0], GOOD[1], (0xC2, GREY_FRAME))
    assert headers is not None
    assert (after_segment(headers, 0xDA, GREY_SCAN[:3] + spectrum) is not None) == is_sound


def test_a_picture_without_its_tables_is_damaged(tmp_path: Path):
    """One bit off in the marker of a table, and no viewer shows the page: it is refused, not passed."""
    data = saved(page(), "JPEG", dpi=(100, 100))
    converted(tmp_path, data)
    for marker in (b"\xff\xdb", b"\xff\xc4"):
        assert refused(tmp_path, data.replace(marker, b"\xff\xec")) is ScanFault.DAMAGED


PLAIN = sorted(of_format("jpg"))
LIBJPEG_SIDE = 65500
"""The longest side that libjpeg decodes (JPEG_MAX_DIMENSION)."""

PLACE = st.one_of(st.integers(0, 65535), st.integers(0, 8191))
EDITS = st.lists(st.builds(Edit, st.sampled_from(Damage), PLACE, st.integers(1, 40), st.integers(0, 65535)), max_size=3)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(PLAIN), edits=EDITS)
def test_a_decoder_agrees(name: str, edits: list[Edit]):
    """What is let through opens in a decoder, whatever of its picture data may be wrong."""
    data = mutated(of_format("jpg")[name], b"", edits)
    found = outcome(lambda: probe_jpeg(reader_of(io.BytesIO(data)), Limits()))
    if isinstance(found, ScanError) or not data.startswith(b"\xff\xd8\xff"):
        return
    one = found[0]
    if one.headers.lacks_tables or one.mending or not one.has_end or max(one.width_px, one.height_px) > LIBJPEG_SIDE:
        return
    # Pillow reads EXIF and the like by itself and has an opinion of its own on it; what counts is libjpeg's.
    with warnings.catch_warnings(action="ignore"), contextlib.suppress(UnidentifiedImageError):
        picture = io.BytesIO(data[one.span.offset : one.span.offset + one.span.size_bytes])
        with Image.open(picture, formats=("JPEG",)) as image:
            image.load()
