"""Unpacking samples of any depth."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.codec.samples import scale, summed, unpacked


def packed(rows: list[list[int]], bits: int) -> tuple[bytes, int]:
    """Rows packed by the letter of TIFF 6.0, and the bytes of one."""
    texts = ["".join(f"{value:0{bits}b}" for value in row) for row in rows]
    row_bytes = -(-len(texts[0]) // 8)
    return b"".join(int(text.ljust(row_bytes * 8, "0"), 2).to_bytes(row_bytes, "big") for text in texts), row_bytes


@given(st.integers(1, 16), st.integers(1, 20), st.integers(1, 4), st.data())
def test_highest_bits_of_every_sample(bits: int, row_samples: int, height: int, data: st.DataObject):
    """Every sample comes out, in order, by its highest eight bits, whatever its depth and the rows' padding."""
    row = st.lists(st.integers(0, (1 << bits) - 1), min_size=row_samples, max_size=row_samples)
    rows = data.draw(st.lists(row, min_size=height, max_size=height))
    wanted = bytes(value >> max(0, bits - 8) for row in rows for value in row)
    stored, row_bytes = packed(rows, bits)
    assert unpacked(stored, row_bytes, row_samples, bits) == wanted
    if bits == 16:
        swapped = b"".join(stored[at : at + 2][::-1] for at in range(0, len(stored), 2))
        assert unpacked(swapped, row_bytes, row_samples, bits, is_little=True) == wanted


@pytest.mark.parametrize("bits", range(1, 17))
def test_scale_reaches_from_black_to_white(bits: int):
    """The least sample is 0, the greatest 255, and between them none falls back."""
    top = min(255, (1 << bits) - 1)
    table = scale(bits)
    assert (table[0], table[top]) == (0, 255)
    assert list(table[: top + 1]) == [round(value * 255 / top) for value in range(top + 1)]


@given(st.sampled_from([8, 16]), st.integers(1, 5), st.integers(1, 6), st.booleans(), st.data())
def test_differences_are_summed(bits: int, stride: int, pixels: int, is_little: bool, data: st.DataObject):  # noqa: FBT001
    """What was stored as differences to the pixel on the left comes out as it was."""
    row = data.draw(st.lists(st.integers(0, (1 << bits) - 1), min_size=stride * pixels, max_size=stride * pixels))
    before = [0] * stride + row[:-stride]
    order: Literal["little", "big"] = "little" if is_little else "big"
    stored = [
        ((value - last) % (1 << bits)).to_bytes(bits // 8, order) for value, last in zip(row, before, strict=True)
    ]
    rows = b"".join(stored) * 2
    wanted = b"".join(value.to_bytes(bits // 8, order) for value in row) * 2
    assert summed(rows, len(rows) // 2, stride, bits, is_little=is_little) == wanted
