"""Damage done to a scan file: bits flipped, runs cut, doubled or moved, numbers and words put where others stood."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Damage(StrEnum):
    """One kind of damage."""

    FLIP = "flip"
    SET = "set"
    CUT = "cut"
    DOUBLE = "double"
    SPLICE = "splice"
    NUMBER = "number"
    WORD = "word"
    END = "end"


@dataclass(frozen=True, slots=True)
class Edit:
    """``damage`` done at the fraction ``at`` (of 65536) of the file, over ``size`` bytes, with ``value``."""

    damage: Damage
    at: int
    size: int
    value: int


NUMBERS = (0, 1, 2, 3, 7, 8, 16, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = (
    # PDF
    *(b"/Length 0", b"/Length 9999999999", b"/Filter /LZWDecode", b"/Filter [/FlateDecode /FlateDecode]", b"1 0 R"),
    *(b"endobj", b"endstream", b"stream\n", b"xref", b"trailer", b"startxref\n0\n", b"/Prev 0", b"/Kids [3 0 R]"),
    *(
        b"/Count -1",
        b"<<",
        b">>",
        b"[" * 200,
        b"/Type /ObjStm",
        b"/Encrypt 1 0 R",
        b"null",
        b"-1",
        b"1e999",
        b"(",
        b"%",
    ),
    # TIFF entries: tag, type, count (little endian)
    *(b"\x00\x01\x04\x00\x01\x00\x00\x00", b"\x01\x01\x03\x00\x01\x00\x00\x00", b"\x11\x01\x04\x00\xff\xff\xff\xff"),
    *(b"\x17\x01\x05\x00\x01\x00\x00\x00", b"\x42\x01\x04\x00\x01\x00\x00\x00", b"\x5b\x01\x07\x00\xff\x00\x00\x00"),
    # JPEG markers
    *(
        b"\xff\xd8",
        b"\xff\xd9",
        b"\xff\xc0",
        b"\xff\xc2",
        b"\xff\xda",
        b"\xff\xdd\x00\x04\x00\x01",
        b"\xff\xe1\xff\xff",
    ),
    *(
        b"\xff\xee\x00\x0eAdobe",
        b"\xff\xff\xff\xff",
        b"\xff\x00",
        b"\xff\xd0",
        b"\xff\xc4\x00\x02",
        b"\xff\xdb\x00\x02",
    ),
    # PNG chunks, bitmap headers
    *(b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"acTL", b"BM", b"\x28\x00\x00\x00", b"P" * 64),
)
LONGEST = 4096


def mutated(data: bytes, other: bytes, edits: Sequence[Edit]) -> bytes:
    """``data`` after ``edits``; spliced-in runs come from ``other``."""
    out = bytearray(data)
    for edit in edits:
        _apply(out, other, edit)
    return bytes(out)


def random_edits(random: Random) -> list[Edit]:
    """A few edits, mostly one to three; more often near the start, where the headers are."""
    count = min(1 + int(random.expovariate(0.6)), 12)
    return [
        Edit(
            random.choice(tuple(Damage)),
            random.randrange(65536) >> random.choice((0, 0, 2, 5)),
            1 + int(random.expovariate(1 / random.choice((2, 16, 256)))) % LONGEST,
            random.randrange(1 << 16),
        )
        for _ in range(count)
    ]


def _apply(out: bytearray, other: bytes, edit: Edit) -> None:
    at = len(out) * edit.at >> 16
    end = min(at + edit.size, len(out))
    match edit.damage:
        case Damage.FLIP if at < len(out):
            out[at] ^= 1 << edit.value % 8
        case Damage.SET if at < len(out):
            out[at] = edit.value & 0xFF
        case Damage.CUT:
            del out[at:end]
        case Damage.DOUBLE:
            out[at:at] = out[at:end] * (1 + edit.value % 3)
        case Damage.SPLICE:
            start = len(other) * (edit.value % 1024) >> 10
            out[at : end if edit.value & 1024 else at] = other[start : start + edit.size]
        case Damage.NUMBER:
            _put_number(out, at, edit.value)
        case Damage.WORD:
            word = WORDS[edit.value % len(WORDS)]
            out[at : at + len(word) if edit.size & 1 else at] = word
        case Damage.END:
            del out[at:]


def _put_number(out: bytearray, at: int, value: int) -> None:
    """A number of two, four or eight bytes, in either order."""
    number = NUMBERS[value % len(NUMBERS)]
    width = (2, 4, 8)[value // 64 % 3]
    at -= at % 2
    packed = (number & (1 << 8 * width) - 1).to_bytes(width, "little" if value & 32 else "big")
    out[at : at + width] = packed
