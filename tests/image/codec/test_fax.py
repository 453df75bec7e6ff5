"""Fax data looked at without decoding it."""

import io

import pytest
from PIL import Image

from image.codec.fax import BITS_REVERSED, end_of_block_at, has_end_of_block, rows_of, with_first_end
from image.codec.tiff_view import strips_of
from tests.image.drawn import g4_strip, page, saved

EOFB = "000000000001" * 2


def as_bytes(bits: str) -> bytes:
    """Bits, filled up with zeros."""
    bits += "0" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize("padding", [0, 1, 40])
def test_the_end_is_found_at_every_bit(before: int, padding: int):
    """EOFB counts wherever it ends, with zeros behind it; its place is told."""
    data = as_bytes("1" * (16 + before) + EOFB) + bytes(padding)
    assert has_end_of_block(data)
    assert end_of_block_at(data) == 16 + before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(20),
        as_bytes("1" * 30),
        as_bytes("1" * 30 + EOFB[:-1]),
        as_bytes("1" * 30 + EOFB + "1"),
        as_bytes("1" * 30 + "000000000001"),
        as_bytes("1" * 30 + EOFB).translate(BITS_REVERSED),
    ],
)
def test_what_is_no_end(data: bytes):
    """Half a mark, something behind it, or the bits the wrong way round do not count."""
    assert not has_end_of_block(data)
    assert end_of_block_at(data) is None


def test_libtiff_closes_its_strips():
    """What the G4 encoder writes has its end."""
    assert has_end_of_block(g4_strip(page("1")))


def g3(options: int, image: Image.Image) -> bytes:
    """The one strip of a G3 page."""
    made = saved(image, "TIFF", compression="group3", strip_size=1 << 30, tiffinfo={292: options})
    (strip,) = strips_of(made)
    return strip


@pytest.mark.parametrize("options", [0, 1, 4, 5])
def test_rows_are_counted(options: int):
    """There are as many rows as the picture has, in one and in two dimensions, with and without fill bits."""
    image = page("1")
    rows = rows_of(g3(options, image), is_two_dimensional=bool(options & 1))
    assert rows is not None
    assert len(rows) == image.height
    assert all(flat for flat, _ in rows) is not bool(options & 1)


@pytest.mark.parametrize("options", [0, 1])
def test_a_missing_first_mark_is_put_back(options: int):
    """When only the first end-of-line code is missing, the data with it holds every row."""
    image = page("1")
    data = g3(options, image)
    bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
    cut = as_bytes(bits[12 + (options & 1) :])
    is_two_dimensional = bool(options)
    mended = with_first_end(cut, image.height, is_two_dimensional=is_two_dimensional)
    assert rows_of(mended, is_two_dimensional=is_two_dimensional) == rows_of(
        data, is_two_dimensional=is_two_dimensional
    )
    assert with_first_end(data, image.height, is_two_dimensional=is_two_dimensional) == data
    assert io.BytesIO(mended).read(1) == b"\x00"
