"""The checker's rules of JPEG 2000, on a file of Pillow's and on its broken copies."""

import struct
from collections.abc import Callable

import pytest

from tests.image.archive_rules_jpx import boxes, broken_in_jpx
from tests.image.drawn import page, saved

GOOD = saved(page(), "JPEG2000")


def header_changed(name: bytes, at: int, new: bytes) -> bytes:
    """The header box ``name`` with the bytes at ``at`` of its contents replaced."""
    start = GOOD.index(name) + 4 + at
    return GOOD[:start] + new + GOOD[start + len(new) :]


def with_specifications(*bodies: bytes) -> bytes:
    """The file with these colour specifications in place of its own."""

    def change(header: bytes) -> bytes:
        kept = [(name, body) for name, body in boxes(header) if name != b"colr"]
        return b"".join(box(name, body) for name, body in [*kept, *((b"colr", body) for body in bodies)])

    return b"".join(box(name, change(body) if name == b"jp2h" else body) for name, body in boxes(GOOD))


def box(name: bytes, body: bytes) -> bytes:
    """A box (ISO 15444-1 I.4)."""
    return struct.pack(">I4s", 8 + len(body), name) + body


SRGB, SECOND = b"\x01\x00\x00\x00\x00\x00\x10", b"\x01\x00\x00\x00\x00\x00\x11"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_good_file_is_good(mode: str):
    """Nothing is found in a plain file, nor in one of two specifications of which one is to be used."""
    assert list(broken_in_jpx(saved(page(mode), "JPEG2000"), "RGB", has_space=False)) == []
    two = with_specifications(SRGB[:2] + b"\x01" + SRGB[3:], SECOND)
    assert list(broken_in_jpx(two, "RGB", has_space=False)) == []


@pytest.mark.parametrize(
    ("clause", "make"),
    [
        ("6.2.8.3", lambda: GOOD[GOOD.index(b"\xff\x4f\xff\x51") :]),
        ("6.2.8.3", lambda: header_changed(b"ihdr", 8, b"\x00\x02")),
        ("6.2.8.3", lambda: header_changed(b"ihdr", 10, b"\xff")),
        ("6.2.8.3", lambda: header_changed(b"ihdr", 10, b"\x26")),
        ("6.2.8.3", lambda: header_changed(b"colr", 0, b"\x09")),
        ("6.2.8.3", lambda: header_changed(b"colr", 3, b"\x00\x00\x00\x13")),
        ("6.2.8.3", lambda: with_specifications(SRGB, SECOND)),
        ("6.2.8.3", with_specifications),
        ("6.2.4.3", lambda: header_changed(b"colr", 3, b"\x00\x00\x00\x0c")),
    ],
)
def test_each_break_is_found(clause: str, make: Callable[[], bytes]):
    """The clause that is broken is named, and no other."""
    assert {rule.partition(":")[0] for rule in broken_in_jpx(make(), "RGB", has_space=False)} == {clause}
