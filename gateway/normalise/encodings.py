"""Transfer encodings undone, block by block in constant memory (RFC 2045 section 6; uuencode as in POSIX).

Blocks may be cut anywhere; lines may have any length. What an encoding cannot mean is passed over.
"""

import binascii
import quopri
import re
from typing import Final, Protocol

_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_QUAD: Final = 4
_SOFT_BREAK: Final = re.compile(rb"=[ \t]{0,64}(?:\r{0,2}\n|\r)")
_BEGUN: Final = re.compile(rb"=(?:[0-9A-Fa-f]?|[ \t]{0,64}\r{0,2})\Z")
_BEGUN_BYTES: Final = 68
_UU_LINE_BYTES: Final = 256
"""No line of uuencode is longer than 61 characters; what goes on without an end is none."""


class Decoder(Protocol):
    """A transfer encoding being undone."""

    def feed(self, block: bytes) -> bytes:
        """Return what one more block means, as far as it is known yet."""

    def end(self) -> bytes:
        """Return what was held back."""


def decoder(encoding: str) -> Decoder:
    """Return the decoder of a Content-Transfer-Encoding; what is not known is taken as it stands."""
    match encoding.partition(";")[0].strip().strip('"').lower():
        case "base64":
            return Base64()
        case "quoted-printable":
            return QuotedPrintable()
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return Uuencode()
        case _:
            return Identity()


class Identity:
    """7bit, 8bit, binary, and whatever nobody knows."""

    def feed(self, block: bytes) -> bytes:
        """Return the block."""
        return block

    def end(self) -> bytes:
        """Return nothing: nothing was held."""
        return b""


class Base64:
    """Base64 in lines of any length or none, padded or not, with junk between.

    Padding ends a run of its own: some encoders pad every line or block that they were given.
    """

    def __init__(self) -> None:
        self._left = b""

    def feed(self, block: bytes) -> bytes:
        """Return the bytes of one more block."""
        *padded, rest = (self._left + block.translate(None, _NOT_BASE64)).split(b"=")
        cut = len(rest) - len(rest) % _QUAD
        self._left = rest[cut:]
        return b"".join([_quads(run) for run in padded if run] + [binascii.a2b_base64(rest[:cut])])

    def end(self) -> bytes:
        """Return what an end without padding leaves."""
        left, self._left = self._left, b""
        return _quads(left)


def _quads(run: bytes) -> bytes:
    """Return the bytes of a run of base64; a single character at its end means nothing."""
    whole = run[: len(run) - (len(run) % _QUAD == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % _QUAD))


class QuotedPrintable:
    """Quoted-printable; a soft break may have blanks before its line end, which may be of any kind."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, block: bytes) -> bytes:
        """Return the bytes of one more block."""
        text = self._left + block
        begun = _BEGUN.search(text, max(len(text) - _BEGUN_BYTES, 0))
        cut = len(text) if begun is None else begun.start()
        self._left = text[cut:]
        return quopri.decodestring(_SOFT_BREAK.sub(b"", text[:cut]))

    def end(self) -> bytes:
        """Return an escape that was cut short as it stands; a last soft break breaks nothing."""
        left, self._left = self._left, b""
        return b"" if left.strip(b" \t\r") == b"=" else left


class Uuencode:
    """Uuencode, with or without its ``begin`` and ``end``."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, block: bytes) -> bytes:
        """Return the bytes of the lines that one more block completes."""
        lines = (self._left + block).splitlines(keepends=True)
        self._left = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        if len(self._left) > _UU_LINE_BYTES:
            self._left = self._left[:_UU_LINE_BYTES]
        return b"".join(uu_line(line.rstrip(b"\r\n")) or b"" for line in lines)

    def end(self) -> bytes:
        """Return the bytes of a last line without an end."""
        left, self._left = self._left, b""
        return uu_line(left.rstrip(b"\r\n")) or b""


def uu_line(line: bytes) -> bytes | None:
    """Return the bytes of one line; empty for ``begin``, ``end`` and the line of no bytes; None for any other line."""
    if not line or line == b"end" or line.startswith(b"begin "):
        return b""
    if not 0x20 <= line[0] <= 0x60:  # noqa: PLR2004  the characters of the encoding
        return None
    # Some encoders and mailers leave trailing blanks off, others add a checksum: the length says how many count.
    length_bytes = (line[0] - 32) & 63
    width = 1 + (length_bytes * 4 + 2) // 3
    try:
        return binascii.a2b_uu(line[:width].ljust(width))
    except binascii.Error:
        return None
