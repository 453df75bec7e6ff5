"""Directories of tags."""

import io
import struct

import pytest

from image.errors import ScanError
from image.probe.tiff_ifd import Directory, directories, is_looped
from image.reader import reader_of
from tests.image.outcome import outcome


def directory(entries: list[tuple[int, int, int, bytes]], tail: bytes = b"\x00\x00\x00\x00") -> Directory:
    """The one directory of a little file of these entries: tag, type, count and the four bytes."""
    body = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    data = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + body + tail
    return next(iter(directories(reader_of(io.BytesIO(data)))))


def test_numbers_of_every_kind():
    """Shorts, longs and signed numbers are read; what is absent or no number is the default."""
    found = directory([(1, 3, 1, b"\x07\x00\x00\x00"), (2, 4, 1, b"\xff\xff\xff\xff"), (3, 9, 1, b"\xff\xff\xff\xff")])
    assert (found.integer(1, 0), found.integer(2, 0), found.integer(3, 0), found.integer(9, 5)) == (7, 2**32 - 1, -1, 5)
    assert found.integers(1, 1) == (7,)
    assert found.integers(9, 1) == ()


def test_unknown_types_are_passed_over():
    """An entry of a type nobody knows is no reason to refuse a file."""
    assert directory([(1, 99, 1, bytes(4))]).integer(1, 3) == 3


def test_of_two_entries_the_first_counts():
    """A tag that comes twice means what it said first, as in libtiff."""
    assert directory([(1, 3, 1, b"\x01\x00\x00\x00"), (1, 3, 1, b"\x02\x00\x00\x00")]).integer(1, 0) == 1


def test_ratios():
    """A fraction by zero is no number; whole numbers and floats do as ratios."""
    rational = struct.pack("<II", 300, 2)
    found = directory([(1, 5, 1, struct.pack("<I", 42))], tail=bytes(4) + bytes(16) + rational)
    assert found.layout.numbers("II", found.reader.read(42, 8)) == (300, 2)
    assert found.ratio(1) == 150
    zero = directory([(1, 5, 1, struct.pack("<I", 26))], tail=bytes(4) + struct.pack("<II", 1, 0))
    assert zero.ratio(1) is None
    assert directory([(1, 3, 1, b"\x48\x00\x00\x00")]).ratio(1) == 72
    assert directory([(1, 11, 1, struct.pack("<f", 96.5))]).ratio(1) == 96.5
    assert directory([(1, 3, 1, bytes(4))]).ratio(2) is None


def test_a_missing_end_is_the_end():
    """A last directory without its closing zero ends the chain."""
    found = directory([(1, 3, 1, bytes(4))], tail=b"")
    assert found.next_offset == 0
    assert not is_looped(found)


@pytest.mark.parametrize(
    "data", [b"II*\x00", b"II*\x00\xff\xff\xff\xff", b"II+\x00\x04\x00\x00\x00" + bytes(8), bytes(10)]
)
def test_nonsense_is_refused(data: bytes):
    """A header that leads nowhere is refused or leads to no directory."""
    found = outcome(lambda: list(directories(reader_of(io.BytesIO(data)))))
    assert found == [] or isinstance(found, ScanError)
