"""How much a zlib stream holds."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.codec.inflate import Inflated, inflate

PACKED = zlib.compress(bytes(1000))


@pytest.mark.parametrize(
    ("data", "size", "result"),
    [
        (PACKED, 1000, Inflated.ENOUGH),
        (PACKED, 999, Inflated.ENOUGH),
        (PACKED, 1001, Inflated.SHORT),
        (PACKED[:-6], 1000, Inflated.DAMAGED),
        (b"nonsense", 1, Inflated.DAMAGED),
        (b"", 1, Inflated.DAMAGED),
    ],
)
def test_results(data: bytes, size: int, result: Inflated):
    """Enough, properly ended too early, or broken: each is told apart."""
    assert inflate([data], size) is result


def test_a_bomb_is_not_unpacked():
    """Unpacking stops at the size asked for, so a gigabyte of zeros costs nothing."""
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(10**7)) for _ in range(20)) + packer.flush()
    assert inflate([bomb], 1000) is Inflated.ENOUGH


@given(st.binary(max_size=200), st.integers(0, 100))
def test_any_bytes(data: bytes, size: int):
    """Any bytes have a result."""
    assert inflate([data], size) in Inflated
