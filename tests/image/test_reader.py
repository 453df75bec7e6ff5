"""Reading a scan file by offset."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.errors import ScanError, ScanFault
from image.reader import CHUNK_BYTES, Span, reader_of
from tests.image.outcome import outcome


@given(st.binary(max_size=50), st.integers(-5, 60), st.integers(-5, 60))
def test_exactly_or_not_at_all(data: bytes, offset: int, size: int):
    """A read gives exactly what was asked for, or a refusal; never less, and never from outside."""
    reader = reader_of(io.BytesIO(data))
    found = outcome(lambda: reader.read(offset, size))
    if offset >= 0 and size >= 0 and offset + size <= len(data):
        assert found == data[offset : offset + size]
    else:
        assert isinstance(found, ScanError)
        assert found.fault is ScanFault.DAMAGED


def test_a_part_is_a_file_of_its_own():
    """A part counts from its own start and ends at its own end."""
    part = reader_of(io.BytesIO(b"0123456789")).part(Span(2, 5))
    assert part.read(1, 4) == b"3456"
    assert part.part(Span(1, 2)).read(0, 2) == b"34"
    with pytest.raises(ScanError):
        part.read(1, 5)
    with pytest.raises(ScanError):
        part.part(Span(4, 2))


def test_long_runs_come_in_pieces():
    """A long run is read piece by piece, complete and in order."""
    data = bytes(range(256)) * 3000
    pieces = list(reader_of(io.BytesIO(data)).chunks(Span(5, len(data) - 5)))
    assert max(map(len, pieces)) == CHUNK_BYTES
    assert b"".join(pieces) == data[5:]
