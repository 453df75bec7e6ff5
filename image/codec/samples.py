"""Rows of samples of 1 to 16 bits become rows of bytes: the highest eight bits of each, at the speed of C."""

import sys
from array import array
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import lcm

BYTE_BITS, WORD_BITS = 8, 16
_TOP = 255


@dataclass(frozen=True, slots=True)
class _Pick:
    """Where a sample stands in its group of bytes: in ``byte``, and the rest of it, if any, in the next.

    The tables turn either byte into its share of the sample's highest bits; the shares are joined by OR.
    """

    byte: int
    table: bytes
    next_table: bytes | None


def unpacked(rows: bytes, row_bytes: int, row_samples: int, bits: int, *, is_little: bool = False) -> bytes:
    """``row_samples`` bytes for each row of ``row_bytes``: the samples, or the highest eight bits of deeper ones.

    Samples stand as TIFF packs them (TIFF 6.0 page 29): highest bit first, each row on a byte boundary, 16 bits in
    the file's byte order (``is_little``). ``rows`` are whole rows.
    """
    if bits == BYTE_BITS:
        return _without_padding(rows, row_bytes, row_samples)
    if bits == WORD_BITS:
        return _without_padding(rows[1 if is_little else 0 :: 2], row_bytes // 2, row_samples)
    group_bytes, group_samples = lcm(bits, BYTE_BITS) // BYTE_BITS, lcm(bits, BYTE_BITS) // bits
    if row_bytes * BYTE_BITS == row_samples * bits and row_bytes % group_bytes == 0:
        return _groups(rows, bits)
    filling = bytes(-row_bytes % group_bytes)
    if not filling:
        padded = _groups(rows, bits)
        return _without_padding(padded, row_bytes // group_bytes * group_samples, row_samples)
    return b"".join(
        _groups(rows[at : at + row_bytes] + filling, bits)[:row_samples] for at in range(0, len(rows), row_bytes)
    )


@cache
def scale(bits: int) -> bytes:
    """The table that spreads a sample of ``bits``, as ``unpacked`` gives it, over 0 to 255."""
    top = (1 << min(bits, BYTE_BITS)) - 1
    return bytes(min(_TOP, (2 * value * _TOP + top) // (2 * top)) for value in range(256))


def summed(rows: bytes, row_bytes: int, stride: int, bits: int, *, is_little: bool = False) -> bytes:
    """Undoes the horizontal predictor (TIFF 6.0 section 14) of 8 or 16 bit samples, ``stride`` of them a pixel.

    For pixels that the decoder has no layout for: it takes 60 ns a sample.
    """
    width, mask = bits // BYTE_BITS, (1 << bits) - 1
    out = bytearray()
    for at in range(0, len(rows), row_bytes):
        row = array("B" if width == 1 else "H", rows[at : at + row_bytes])
        is_swapped = width > 1 and is_little != (sys.byteorder == "little")
        if is_swapped:
            row.byteswap()
        for channel in range(stride):
            row[channel::stride] = array(row.typecode, accumulate(row[channel::stride], lambda a, b: (a + b) & mask))
        if is_swapped:
            row.byteswap()
        out += row.tobytes()
    return bytes(out)


def _without_padding(rows: bytes, row_bytes: int, wanted_bytes: int) -> bytes:
    if row_bytes == wanted_bytes:
        return rows
    return b"".join(rows[at : at + wanted_bytes] for at in range(0, len(rows), row_bytes))


def _groups(data: bytes, bits: int) -> bytes:
    picks = _picks(bits)
    group_bytes = lcm(bits, BYTE_BITS) // BYTE_BITS
    out = bytearray(len(data) // group_bytes * len(picks))
    for index, pick in enumerate(picks):
        part = data[pick.byte :: group_bytes].translate(pick.table)
        if pick.next_table is not None:
            rest = data[pick.byte + 1 :: group_bytes].translate(pick.next_table)
            # Python joins long integers as fast as memory allows; byte by byte would take a hundred times longer.
            joined = int.from_bytes(part, "little") | int.from_bytes(rest, "little")
            part = joined.to_bytes(len(part), "little")
        out[index :: len(picks)] = part
    return bytes(out)


@cache
def _picks(bits: int) -> tuple[_Pick, ...]:
    kept = min(bits, BYTE_BITS)
    mask = (1 << kept) - 1
    picks = []
    for start in range(0, lcm(bits, BYTE_BITS), bits):
        byte, offset = divmod(start, BYTE_BITS)
        down = WORD_BITS - offset - kept
        table = bytes((value << BYTE_BITS >> down) & mask for value in range(256))
        next_table = bytes((value >> down) & mask for value in range(256)) if offset + kept > BYTE_BITS else None
        picks.append(_Pick(byte, table, next_table))
    return tuple(picks)
