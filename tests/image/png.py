"""PNGs written by hand for the tests."""

import struct
import zlib
from collections.abc import Sequence

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Left, top, and the steps to the right and down of each pass (PNG 8.2)."""


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    rows: Sequence[Sequence[int]], bits: int, colour_type: int, *chunks: bytes, is_interlaced: bool = False
) -> bytes:
    """A PNG of these samples, row by row and unfiltered, with ``chunks`` in front of its data."""
    channels = _CHANNELS[colour_type]
    pixels = [[row[at : at + channels] for at in range(0, len(row), channels)] for row in rows]
    passes = _ADAM7 if is_interlaced else ((0, 0, 1, 1),)
    data = b""
    for left, top, right, down in passes:
        for line in pixels[top::down]:
            text = "".join(f"{value:0{bits}b}" for pixel in line[left::right] for value in pixel)
            packed = bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
            data += b"\x00" + packed if text else b""
    header = struct.pack(">IIBBBBB", len(pixels[0]), len(rows), bits, colour_type, 0, 0, is_interlaced)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
