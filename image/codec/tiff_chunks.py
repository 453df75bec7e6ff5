"""The strips and tiles of a TIFF page, read in stacks that are small once they are decoded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from image.codec.fax import BITS_REVERSED
from image.probe.tiff import NEW_JPEG, TiffPage, chunk_table
from image.probe.tiff_ifd import directory_at
from image.reader import Reader, ended_early

STACK_BYTES = 1024 * 1024
"""What the chunks read at a time take when decoded, unless one alone takes more."""

WHOLE_BYTES = 24 * 1024 * 1024
"""What the strips of a page may take in the file so that all are decoded at once, straight into the page's picture.

A colour page of 300 dpi takes about 16 MB; putting it together from stacks takes a fifth longer.
"""

PIECE_BYTES = 256 * 1024
"""What is read at a time of a large uncompressed chunk."""

_LSB_FIRST = 2
_MOST_TIMES, _MOST_MORE_BYTES = 8, 64 * 1024
"""The most that a chunk can take in the file, seen from what it unpacks to: fax data of single dots takes 4.5 times.

More of it, that nothing would decode, is not read.
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The data of a strip or tile (bits in the order of FillOrder 1), read when it is wanted."""

    size_bytes: int
    read: Callable[[], bytes]


def held(data: bytes) -> Chunk:
    """A chunk that is in memory already."""
    return Chunk(len(data), lambda: data)


@dataclass(frozen=True, slots=True)
class Stack:
    """Chunks that stand under each other: ``rows`` rows in all, ``chunk_rows`` in each but the last.

    ``left`` and ``top`` are the pixel of the page at which the first begins. ``planes`` holds the chunks of each
    colour, or once when the colours stand together.
    """

    left: int
    top: int
    rows: int
    chunk_rows: int
    planes: tuple[tuple[Chunk, ...], ...]


@dataclass(frozen=True, slots=True)
class _Table:
    reader: Reader
    page: TiffPage
    offsets: Sequence[int]
    sizes: Sequence[int]

    def chunk(self, number: int, first_row: int, rows: int) -> Chunk:
        """A chunk; of an uncompressed one only ``rows`` rows from ``first_row`` on."""
        page, offset = self.page, self.offsets[number]
        stated = self.sizes[number] if number < len(self.sizes) else 0
        if page.is_sliceable:
            skipped, size_bytes = first_row * page.chunk_row_bytes, rows * page.chunk_row_bytes
            if 0 < stated < skipped + size_bytes:
                raise ended_early()
        else:
            most = page.chunk_row_bytes * page.chunk_height * _MOST_TIMES + _MOST_MORE_BYTES
            skipped, size_bytes = 0, min(stated or self.reader.size_bytes - offset, most)
        return Chunk(size_bytes, partial(self.read, offset + skipped, size_bytes))

    def read(self, offset: int, size_bytes: int) -> bytes:
        """The data of a chunk."""
        data = self.reader.read(offset, size_bytes)
        is_reversed = self.page.fill_order == _LSB_FIRST and self.page.compression != NEW_JPEG
        return data.translate(BITS_REVERSED) if is_reversed else data


def stacks(reader: Reader, page: TiffPage) -> Iterator[Stack]:
    """The data of ``page``, column of tiles by column, from the top down.

    Raises ``ScanError`` (damaged) when the directory or the data lies outside the file, or an uncompressed chunk is
    said to be shorter than its rows; ``OSError`` comes through.
    """
    table = _Table(reader, page, *chunk_table(directory_at(reader, page.directory_at)))
    across, down = -(-page.width_px // page.chunk_width), -(-page.height_px // page.chunk_height)
    planes = page.samples // page.chunk_samples
    chunk_bytes = page.chunk_row_bytes * page.chunk_height
    if page.is_sliceable and chunk_bytes > STACK_BYTES:
        yield from _pieces(table, across, down, planes)
        return
    at_once = max(1, STACK_BYTES // (chunk_bytes * planes))
    if page.is_direct and sum(table.sizes) <= WHOLE_BYTES and all(table.sizes):
        at_once = down
    for column in range(across):
        for first in range(0, down, at_once):
            last = min(first + at_once, down)
            top = first * page.chunk_height
            rows = (last - first) * page.chunk_height
            if not page.is_tiled:
                rows = min(rows, page.height_px - top)
            numbers = [row * across + column for row in range(first, last)]
            yield Stack(
                column * page.chunk_width,
                top,
                rows,
                page.chunk_height,
                tuple(
                    tuple(
                        table.chunk(plane * across * down + number, 0, _rows_of(page, number // across))
                        for number in numbers
                    )
                    for plane in range(planes)
                ),
            )


def _rows_of(page: TiffPage, row: int) -> int:
    """The rows of the chunks in this row of them: all, but fewer in the last strip."""
    return page.chunk_height if page.is_tiled else min(page.chunk_height, page.height_px - row * page.chunk_height)


def _pieces(table: _Table, across: int, down: int, planes: int) -> Iterator[Stack]:
    """Large uncompressed chunks, some rows at a time. Rows of a tile that lie below the picture are not read."""
    page = table.page
    at_once = max(1, PIECE_BYTES // (page.chunk_row_bytes * planes))
    for number in range(across * down):
        top = number // across * page.chunk_height
        shown = min(page.chunk_height, page.height_px - top)
        for first in range(0, shown, at_once):
            rows = min(at_once, shown - first)
            data = tuple((table.chunk(plane * across * down + number, first, rows),) for plane in range(planes))
            yield Stack(number % across * page.chunk_width, top + first, rows, rows, data)
