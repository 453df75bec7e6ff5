"""Encodes a large picture as one JPEG, band by band: all of it is never in memory.

Each band is encoded as a JPEG of its own, and their data put behind each other with restart markers between (T.81
B.2.1, E.1.4): at a restart the decoder begins anew, as it does at the beginning of a file. A page of A4 with 600 dpi
takes 133 MiB as a whole, and 5 in bands.
"""

import io
import struct
from collections.abc import Callable, Iterable, Iterator

from PIL import Image

BAND_ROWS = 256
"""A multiple of 16, the most rows that a block of the coding has."""

_START_OF_FRAME, _START_OF_SCAN, _RESTART_INTERVAL, _RESTART = 0xC0, 0xDA, 0xDD, 0xD0
_MOST_BLOCKS = 65535
_BLOCK_PX = 8


def even_bands(pieces: Iterable[Image.Image]) -> Iterator[Image.Image]:
    """The rows of ``pieces``, which stand under each other, in bands of ``BAND_ROWS``; the last may have fewer."""
    band: Image.Image | None = None
    filled = 0
    for piece in pieces:
        top = 0
        while top < piece.height:
            if band is None:
                band, filled = Image.new(piece.mode, (piece.width, BAND_ROWS)), 0
            rows = min(piece.height - top, BAND_ROWS - filled)
            band.paste(piece.crop((0, top, piece.width, top + rows)), (0, filled))
            top, filled = top + rows, filled + rows
            if filled == BAND_ROWS:
                yield band
                band = None
    if band is not None:
        yield band.crop((0, 0, band.width, filled))


def can_be_banded(width_px: int, mode: str) -> bool:
    """Whether a band of this width has few enough blocks for the number of them to be said."""
    block_px = _BLOCK_PX if mode == "L" else 2 * _BLOCK_PX
    return -(-width_px // block_px) * (BAND_ROWS // block_px) <= _MOST_BLOCKS


def joined(
    bands: Iterable[Image.Image], height_px: int, save: Callable[[Image.Image, io.BytesIO], None]
) -> Iterator[bytes]:
    """One JPEG of ``height_px`` rows from ``bands`` (each of ``BAND_ROWS``, but the last), in pieces.

    ``save`` writes a band as a baseline JPEG of one scan, with the same tables for all.
    """
    for number, band in enumerate(bands):
        file = io.BytesIO()
        save(band, file)
        data = file.getvalue()
        head_bytes, frame_at = _parts(data)
        if number:
            yield bytes((0xFF, _RESTART + (number - 1) % 8))
        else:
            yield _head(data[:head_bytes], frame_at, height_px)
        yield data[head_bytes:-2]
    yield b"\xff\xd9"


def _head(head: bytes, frame_at: int, height_px: int) -> bytes:
    """The headers of the first band, for the whole picture."""
    _, _, width_px, count = struct.unpack_from(">BHHB", head, frame_at + 4)
    factors = [head[frame_at + 11 + 3 * component] for component in range(count)]
    across = _BLOCK_PX * max(factor >> 4 for factor in factors)
    down = _BLOCK_PX * max(factor & 15 for factor in factors)
    blocks = -(-width_px // across) * (BAND_ROWS // down)
    high = head[: frame_at + 5] + struct.pack(">H", height_px) + head[frame_at + 7 :]
    return high[:2] + struct.pack(">BBHH", 0xFF, _RESTART_INTERVAL, 4, blocks) + high[2:]


def _parts(data: bytes) -> tuple[int, int]:
    """Where the coded data begins, and where the frame's header does."""
    at, frame_at = 2, 0
    while True:
        _, code, size_bytes = struct.unpack_from(">BBH", data, at)
        if code == _START_OF_FRAME:
            frame_at = at
        at += 2 + size_bytes
        if code == _START_OF_SCAN:
            assert frame_at, "a baseline JPEG has its frame's header before its scan"
            return at, frame_at
