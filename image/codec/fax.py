"""Fax data (ITU-T T.4 and T.6) without decoding it: whether it has an end, and how many rows it counts."""

import re

BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
"""For ``bytes.translate``: FillOrder 2 (TIFF 6.0 page 32) to FillOrder 1 and back."""

TAIL_BYTES = 4096
"""As much of the end of a page as is looked at: its last code and the padding behind it."""

MAX_COUNTED_BYTES = 4 * 1024 * 1024
"""Of longer data the rows are not counted: it would take eight times as much memory."""

_EOFB, _EOFB_BITS = 0x001001, 24
_RTC_ENDS = 6
_END_OF_LINE = re.compile("0{11,}1")


def has_end_of_block(tail: bytes) -> bool:
    """Whether G4 data that ends in ``tail`` is closed by EOFB (T.6 2.4.1: two end-of-line codes), zeros behind it.

    ``tail`` has the highest bit of a byte first.
    """
    value = int.from_bytes(tail.rstrip(b"\x00")[-8:], "big")
    closed = value >> ((value & -value).bit_length() - 1) if value else 0
    return closed & ((1 << _EOFB_BITS) - 1) == _EOFB


def end_of_block_at(data: bytes) -> int | None:
    """The bit at which EOFB begins in G4 data that ends in it (zeros behind it), else None."""
    if not has_end_of_block(data[-TAIL_BYTES:]):
        return None
    last = data.rstrip(b"\x00")
    return len(last) * 8 - ((last[-1] & -last[-1]).bit_length() - 1) - _EOFB_BITS


def rows_of(data: bytes, *, is_two_dimensional: bool) -> list[tuple[bool, str]] | None:
    """The rows of G3 data between its end-of-line codes: whether each is coded in one dimension, and its bits.

    The zeros at a row's end, which are fill bits in part, are left off. None when the data does not begin with an
    end-of-line code, or is too long to be looked at.
    """
    if not data or len(data) > MAX_COUNTED_BYTES:
        return None
    bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
    if _END_OF_LINE.match(bits) is None:
        return None
    rows = bits.split("000000000001")[1:]
    if is_two_dimensional:
        return [(row[:1] == "1", row[1:].rstrip("0")) for row in rows]
    return [(True, row.rstrip("0")) for row in rows]


def with_first_end(data: bytes, rows: int, *, is_two_dimensional: bool) -> bytes:
    """G3 data of ``rows`` rows with an end-of-line code before the first of them, when that one alone is missing.

    Without it a decoder looks for the first code, and so for the second row: the first would be lost without a word.
    """
    if not data or len(data) > MAX_COUNTED_BYTES:
        return data
    bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
    if _END_OF_LINE.match(bits) or bits.count("000000000001") != rows - 1:
        return data
    # Fill bits, the code, and in two dimensions the bit that says that a row of one dimension follows.
    return (b"\x00\x03" if is_two_dimensional else b"\x00\x01") + data


def counts_rows(data: bytes, rows: int, *, is_two_dimensional: bool) -> bool:
    """Whether G3 data (the highest bit of a byte first) says by its end-of-line codes that it holds ``rows`` rows.

    There must be one before each row (T.4 4.1.2), fill bits before it or not; behind the last row there may be none,
    one, or the six that end a page (4.1.4), and then nothing but zeros.
    """
    if not data or len(data) > MAX_COUNTED_BYTES:
        return False
    bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
    # Eleven zeros stand nowhere else in valid data.
    first = _END_OF_LINE.match(bits)
    count = bits.count("000000000001")
    if first is None or count not in {rows, rows + 1, rows + _RTC_ENDS}:
        return False
    if count == rows:
        return True
    tag = "1" if is_two_dimensional else ""
    closing = f"000000000001{tag}" * (count - rows)
    return bits.rstrip("0").endswith(closing.rstrip("0"))
