"""Bitmaps written by hand for the tests."""

import struct
from collections.abc import Sequence

RAW, RLE8, RLE4, MASKED = 0, 1, 2, 3


def rows(values: Sequence[Sequence[int]], bits: int) -> bytes:
    """Rows of samples of ``bits``, most significant first below a byte, each row padded to four bytes."""
    out = b""
    for row in values:
        if bits >= 8:
            data = b"".join(value.to_bytes(bits // 8, "little") for value in row)
        else:
            text = "".join(f"{value:0{bits}b}" for value in row)
            data = bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
        out += data + bytes(-len(data) % 4)
    return out


def bmp(
    size: tuple[int, int],
    bits: int,
    data: bytes,
    *,
    colours: Sequence[tuple[int, int, int]] = (),
    compression: int = RAW,
    masks: Sequence[int] = (),
    header_bytes: int = 40,
) -> bytes:
    """A bitmap of ``size`` (a negative height: from the top down) around ``data``.

    ``header_bytes`` is 12 for OS/2's first header; ``masks`` stand behind the first 40 bytes, in it or after it.
    """
    width, height = size
    if header_bytes == 12:
        header = struct.pack("<I4H", 12, width, height, 1, bits)
        table = b"".join(bytes(colour[::-1]) for colour in colours)
    else:
        fields = (header_bytes, width, height, 1, bits, compression, len(data), 3937, 3937, len(colours), 0)
        header = struct.pack("<I2i2H2I2i2I", *fields) + b"".join(mask.to_bytes(4, "little") for mask in masks)
        header = header.ljust(header_bytes, b"\x00")
        table = b"".join(bytes(colour[::-1]) + b"\x00" for colour in colours)
    start = 14 + len(header) + len(table)
    return b"BM" + struct.pack("<I4xI", start + len(data), start) + header + table + data
