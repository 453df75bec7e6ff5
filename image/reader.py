"""Reading a scan file by offset: never past its end, never more than was asked for."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from image.errors import ScanError, ScanFault

CHUNK_BYTES = 256 * 1024
"""The piece in which long runs are read: large enough for the card, small enough for the box."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes in a file."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Reader:
    """A seekable file, or the part of one that begins at ``start``, and its size."""

    file: BinaryIO
    size_bytes: int
    start: int = 0

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` from ``offset``; ``ScanError`` (damaged) when the file ends before."""
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            raise ended_early()
        self.file.seek(self.start + offset)
        data = self.file.read(size_bytes)
        if len(data) != size_bytes:
            raise ended_early()
        return data

    def part(self, span: Span) -> "Reader":
        """A reader over ``span`` alone; ``ScanError`` (damaged) when it does not lie inside."""
        if span.offset < 0 or span.size_bytes < 0 or span.offset + span.size_bytes > self.size_bytes:
            raise ended_early()
        return Reader(self.file, span.size_bytes, self.start + span.offset)

    def chunks(self, span: Span) -> Iterator[bytes]:
        """The bytes of ``span`` in pieces of at most ``CHUNK_BYTES``; raises as ``read`` does."""
        end = span.offset + span.size_bytes
        for offset in range(span.offset, end, CHUNK_BYTES):
            yield self.read(offset, min(CHUNK_BYTES, end - offset))


def reader_of(file: BinaryIO) -> Reader:
    """A reader over all of ``file``."""
    return Reader(file, file.seek(0, io.SEEK_END))


def ended_early() -> ScanError:
    """The refusal of a file that stops before the data it announces."""
    return ScanError(
        ScanFault.DAMAGED,
        "The file from the scanner is cut off: it ends before the picture data it announces. Please scan again.",
    )
