"""Streams of a finished PDF replaced by an update at its end, so that large results wait on disk and not in memory."""

import io
import re
from typing import BinaryIO

from image.errors import ScanError, ScanFault
from image.fit.packing import Key

_TAIL_BYTES = 1024
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_ENTRY_BYTES = 20
"""ISO 32000-1 7.5.4: each entry of a cross-reference table is exactly this long."""


class Update:
    """An incremental update (ISO 32000-1 7.5.6) of the PDF in ``file``, open for reading and writing.

    Until ``finish`` readers see the file as it was, and ``undo`` takes everything back.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._before_bytes = file.seek(0, io.SEEK_END)
        file.seek(max(0, self._before_bytes - _TAIL_BYTES))
        start = _START.search(file.read())
        if start is None:
            raise ScanError(
                ScanFault.CRASHED,
                "The PDF made of this scan has no end and cannot be made smaller. Please tell your administrator.",
            )
        self._previous = int(start[1])
        self._offsets: dict[Key, int] = {}
        file.seek(self._before_bytes)

    def replace(self, key: Key, entries: bytes, data: bytes) -> None:
        """Puts a stream in the place of object ``key``. ``entries`` is its dictionary, with the right Length."""
        self._put(b"\n")
        self._offsets[key] = self._file.tell()
        self._put(b"%d %d obj\n" % key, entries, b"\nstream\n", data, b"\nendstream\nendobj\n")

    def finish(self, trailer: bytes) -> None:
        """Makes the update count. ``trailer`` are the entries of the file's trailer, without brackets and Prev."""
        start = self._file.tell()
        self._put(b"xref\n")
        for (number, generation), offset in sorted(self._offsets.items()):
            entry = b"%010d %05d n \n" % (offset, generation)
            assert len(entry) == _ENTRY_BYTES, "offsets have ten digits: files end below 10 GB"
            self._put(b"%d 1\n" % number, entry)
        self._put(b"trailer\n<< %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, self._previous, start))
        self._file.flush()

    def undo(self) -> None:
        """Takes back what was written, also after ``finish``."""
        self._file.flush()
        self._file.truncate(self._before_bytes)
        self._file.seek(self._before_bytes)
        self._offsets.clear()

    def _put(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._file.write(piece)
