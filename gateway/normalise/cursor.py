"""A mail read once, block by block: headers, and content up to the next boundary (RFC 2046 section 5.1)."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, Protocol

from gateway.normalise import headers
from gateway.normalise.headers import Header

BLOCK_BYTES: Final = 1 << 16
"""So much is read at once."""

_AHEAD_BYTES: Final = 1 << 16
"""So far it is looked ahead for what headers and boundaries really are."""

_HEADER_LIMIT_BYTES: Final = 1 << 18
_PADDING: Final = 128
"""So many blanks behind a boundary are transport padding; a line with more is content."""

_MARGIN_BYTES: Final = _PADDING + 10  # "--" on both sides, a line end on both sides


class Readable(Protocol):
    """An open file, or the pieces of a mail one after the other."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to so many bytes, nothing at the end."""


class EndlessHeadersError(Exception):
    """The headers of a mail or part go on beyond all reason."""


class Cursor:
    """The place in the mail. ``ended_by`` is the boundary that ended what was read last, and whether it closes.

    None there: the mail has ended. Boundaries are those of all entities the cursor is in, the innermost last.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._window = bytearray()
        self._is_all = False
        self.ended_by: tuple[bytes, bool] | None = None

    def _fill(self, size_bytes: int) -> None:
        while len(self._window) < size_bytes and not self._is_all:
            block = self._file.read(max(BLOCK_BYTES, size_bytes - len(self._window)))
            if block:
                self._window += block
            else:
                self._is_all = True

    def headers(self, boundaries: tuple[bytes, ...]) -> tuple[Header, ...]:
        """Read the headers that start here, to the body or the boundary. Raises EndlessHeadersError; OSError."""
        is_boundary = partial(_is_boundary, _delimiter(boundaries))
        size_bytes = _AHEAD_BYTES
        while True:
            self._fill(size_bytes)
            is_all = self._is_all and len(self._window) <= size_bytes
            found = headers.read(bytes(self._window[:size_bytes]), is_all=is_all, is_boundary=is_boundary)
            if found is not None:
                del self._window[: found[1]]
                return found[0]
            if size_bytes >= _HEADER_LIMIT_BYTES:
                raise EndlessHeadersError
            size_bytes *= 4

    def peek(self) -> bytes:
        """Return what comes next, some of it, and leave it there."""
        self._fill(_AHEAD_BYTES)
        return bytes(self._window[:_AHEAD_BYTES])

    def content(self, boundaries: tuple[bytes, ...]) -> Iterator[bytes]:
        """Yield what stands from here to the next boundary, whose line is read over and noted. Raises OSError.

        The line end before a boundary belongs to it (RFC 2046 section 5.1.1).
        """
        pattern = _delimiter(boundaries)
        keep_bytes = _MARGIN_BYTES + max(map(len, boundaries), default=0)
        is_start = True  # a boundary may stand here at once
        while True:
            self._fill(keep_bytes + BLOCK_BYTES)
            found = None if pattern is None else self._find(pattern, is_start=is_start)
            if found is not None:
                self.ended_by = (found[1], found[2] is not None)
                if content := bytes(self._window[: self._before(found.start())]):
                    yield content
                del self._window[: found.end()]
                return
            size_bytes = len(self._window) if self._is_all else len(self._window) - keep_bytes
            if size_bytes:
                yield bytes(self._window[:size_bytes])
                del self._window[:size_bytes]
                is_start = False
            if self._is_all:
                self.ended_by = None
                return

    def _find(self, pattern: "re.Pattern[bytes]", *, is_start: bool) -> "re.Match[bytes] | None":
        """Return the first boundary whose line is in the window whole."""
        window = bytes(self._window)
        found = pattern.search(window)
        while found is not None:
            at = found.start()
            if window[at - 1 : at] in {b"\r", b"\n"} or (at == 0 and is_start):
                return found if self._is_all or found.end() < len(window) else None
            found = pattern.search(window, at + 1)
        return None

    def _before(self, at: int) -> int:
        """Return where the content before a boundary ends: without the line end, if there is one."""
        return at - (2 if self._window[max(at - 2, 0) : at] == b"\r\n" else min(at, 1))

    def skip(self, boundaries: tuple[bytes, ...]) -> None:
        """Read over everything to the next boundary."""
        for _ in self.content(boundaries):
            pass


def _delimiter(boundaries: tuple[bytes, ...]) -> "re.Pattern[bytes] | None":
    """Return the pattern of a boundary's line; the innermost goes first, a longer one is not its beginning."""
    if not boundaries:
        return None
    either = b"|".join(re.escape(boundary) for boundary in reversed(boundaries))
    return re.compile(rb"--(%s)(--)?[ \t]{0,%d}(?:\r{0,2}\n|\r|\Z)" % (either, _PADDING))


def _is_boundary(pattern: "re.Pattern[bytes] | None", line: bytes) -> bool:
    return pattern is not None and pattern.match(line) is not None
