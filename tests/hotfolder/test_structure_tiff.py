import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.structure_tiff import tiff_structure
from hotfolder.verdict import Incomplete, Malformed, Structure, Whole
from tests.hotfolder import samples


def judge(content: bytes) -> Structure:
    """Judge a file that is all in memory."""
    return tiff_structure(content[:2048], len(content), lambda at, length: content[at : at + length])


def directory(*entries: tuple[int, int, int, int], next_at: int = 0) -> bytes:
    """One directory, little-endian: entries of tag, type, count, value."""
    return (
        struct.pack("<H", len(entries))
        + b"".join(struct.pack("<HHLL", *entry) for entry in entries)
        + struct.pack("<L", next_at)
    )


def tiff(first: bytes, rest: bytes = b"") -> bytes:
    """A TIFF whose first directory follows its header."""
    return b"II*\0" + struct.pack("<L", 8) + first + rest


def test_a_chain_that_loops_ends():
    """A directory that names itself as the next one costs one look, and what is there is judged."""
    assert judge(tiff(directory((273, 4, 1, 4), (279, 4, 1, 4), next_at=8))) == Whole()


def test_a_strip_beyond_the_end_is_missing():
    """A page whose image data are not all there is not finished, wherever its directory stands."""
    assert judge(tiff(directory((273, 4, 1, 40), (279, 4, 1, 90)), bytes(100))) == Whole()
    assert isinstance(judge(tiff(directory((273, 4, 1, 40), (279, 4, 1, 1000)), bytes(100))), Incomplete)


def test_a_strip_without_a_length_must_begin_inside():
    """Old files leave the lengths out; their strips are still looked for."""
    assert judge(tiff(directory((273, 4, 1, 20)))) == Whole()
    assert isinstance(judge(tiff(directory((273, 4, 1, 500)))), Incomplete)


def test_values_after_the_image_must_be_there():
    """A resolution or colour map at the very end of the file is part of the page."""
    assert isinstance(judge(tiff(directory((282, 5, 1, 26)))), Incomplete)
    assert judge(tiff(directory((282, 5, 1, 26)), bytes(8))) == Whole()


def test_private_values_may_lie():
    """A maker's own tag that points nowhere does not hold a scan back."""
    assert judge(tiff(directory((50000, 7, 900, 99_999)))) == Whole()


def test_an_unpatched_header_is_not_finished():
    """A device that writes where the first page is at the very end leaves 0 until then."""
    assert isinstance(judge(b"II*\0" + bytes(4) + bytes(500)), Incomplete)


@pytest.mark.parametrize("kind", ["tiff", "big tiff, little end", "big tiff, big end"])
def test_what_lies_behind_the_first_hole_counts_as_missing(kind: str):
    """A size smaller than the file, as for one with a hole, makes everything behind it missing."""
    content = samples.ALL[kind]
    assert isinstance(tiff_structure(content[:2048], len(content) - 1, lambda at, n: content[at : at + n]), Incomplete)


def test_a_hostile_chain_is_bounded():
    """A file made of directories alone, each as large as can be, is given up after a bounded amount of reading."""
    read_bytes = 0

    def read(offset: int, length: int) -> bytes:
        nonlocal read_bytes
        read_bytes += length
        if length == 2:
            return struct.pack("<H", 4096)
        entry = struct.pack("<HHLL", 273, 4, 262_144, 0)
        return (
            (entry * 4096 + struct.pack("<L", offset + 70_000))[:length] if length == 4096 * 12 + 4 else bytes(length)
        )

    verdict = tiff_structure(b"II*\0" + struct.pack("<L", 8), 4_000_000_000, read)
    assert isinstance(verdict, Malformed)
    assert read_bytes < 200_000_000


@given(st.sampled_from(["tiff", "big tiff, little end", "big tiff, big end"]), st.data())
def test_any_change_gets_a_verdict(kind: str, data: st.DataObject):
    """No byte changed anywhere stops the judge."""
    content = bytearray(samples.ALL[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(judge(bytes(content)), Whole | Incomplete | Malformed)
