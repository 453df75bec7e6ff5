"""The first picture of a GIF from its blocks, and how many more there are."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_pixels
from image.reader import CHUNK_BYTES, Reader, ended_early

MAX_BLOCKS = 1_000_000
"""Blocks looked at: data comes in blocks of up to 255 bytes, so that is 255 MB of a file that a scanner wrote."""

_BLACK_AND_WHITE = {bytes(3), b"\xff\xff\xff"}
_HAS_TABLE = 0x80
_TRANSPARENT = 0x01
_GRAPHIC_CONTROL = 0xF9


@dataclass(frozen=True, slots=True)
class GifPage:
    """The first picture, on its screen, or as far as it reaches beyond. ``pictures`` counts all that the file holds.

    ``is_bilevel``: its colours are black and white alone.
    """

    width_px: int
    height_px: int
    pictures: int
    has_transparency: bool
    is_bilevel: bool


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture of the file: how far it reaches, and its colours (none: those of the file)."""

    right: int
    bottom: int
    colours: bytes
    has_transparency: bool


def probe_gif(reader: Reader, limits: Limits) -> GifPage:
    """The picture of a GIF (GIF89a specification, 17 to 27). Its coded data is not looked at.

    Damage behind the first picture is not told: it is not in the way. Raises ``ScanError``: damaged, too-large.
    """
    head = reader.read(0, 13)
    size_bytes = _table_bytes(head[10])
    colours = reader.read(13, size_bytes)
    blocks = _Blocks(reader, 13 + size_bytes)
    pictures = _pictures(blocks)
    first = next(pictures, None)
    if first is None or not blocks.pass_data():
        raise damaged_gif()
    width, height = max(_short(head, 6), first.right), max(_short(head, 8), first.bottom)
    if not width or not height:
        raise damaged_gif()
    check_pixels(width, height, limits)
    count = 1
    with contextlib.suppress(ScanError):
        for _ in pictures:
            count += 1
            blocks.pass_data()
    table = first.colours or colours
    return GifPage(
        width_px=width,
        height_px=height,
        pictures=count,
        has_transparency=first.has_transparency,
        is_bilevel={table[:3], table[3:]} == _BLACK_AND_WHITE,
    )


class _Blocks:
    """The bytes of a GIF from ``position`` on, read in large pieces since its blocks are small."""

    def __init__(self, reader: Reader, position: int) -> None:
        self._reader = reader
        self._position = position
        self._piece = b""
        self._at = 0
        self._left = MAX_BLOCKS

    def is_at_end(self) -> bool:
        """Whether the file ends here."""
        return self._at == len(self._piece) and self._position == self._reader.size_bytes

    def take(self, size_bytes: int) -> bytes:
        """The next ``size_bytes``, fewer than a piece; ``ScanError`` (damaged) when the file ends before."""
        if self._at + size_bytes > len(self._piece):
            ahead = min(CHUNK_BYTES, self._reader.size_bytes - self._position)
            self._piece = self._piece[self._at :] + self._reader.read(self._position, ahead)
            self._position += ahead
            self._at = 0
        if self._at + size_bytes > len(self._piece):
            raise ended_early()
        self._at += size_bytes
        return self._piece[self._at - size_bytes : self._at]

    def run(self) -> bytes:
        """Passes over a run of data blocks up to the empty one that ends it, and gives the first (15)."""
        first = block = self.take(self.take(1)[0])
        while block:
            self._left -= 1
            if not self._left:
                raise damaged_gif()
            block = self.take(self.take(1)[0])
        return first

    def pass_data(self) -> bool:
        """Passes over the data of a picture (22), and says whether there is any."""
        self.take(1)
        return bool(self.run())


def _pictures(blocks: _Blocks) -> Iterator[_Picture]:
    """The pictures in order, each before its data, up to the trailer or, when that is missing, the end or junk."""
    has_transparency = False
    while not blocks.is_at_end():
        match blocks.take(1)[0]:
            case 0x21:  # an extension (23 to 26)
                label = blocks.take(1)[0]
                body = blocks.run()
                if label == _GRAPHIC_CONTROL and body:
                    has_transparency = bool(body[0] & _TRANSPARENT)
            case 0x2C:  # an image descriptor (20)
                place = blocks.take(9)
                colours = blocks.take(_table_bytes(place[8]))
                right, bottom = _short(place, 0) + _short(place, 4), _short(place, 2) + _short(place, 6)
                yield _Picture(right, bottom, colours, has_transparency)
                has_transparency = False
            case _:
                return


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _HAS_TABLE else 0


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def damaged_gif() -> ScanError:
    """The refusal of a GIF whose blocks make no sense."""
    return ScanError(ScanFault.DAMAGED, "The GIF from the scanner is damaged. Please scan again.")
