"""The scan files inside an arrived e-mail, streamed to files in constant memory.

Every leaf part is written out with its transfer encoding undone; what each is, the image package finds from its bytes.
A part without disposition, of type octet-stream, without a closing boundary, or a mail that is nothing but one TIFF:
all are read. Sources: RFC 2045 sections 5 and 6, RFC 2046 section 5.1, RFC 2183.
"""

import binascii
import email.message
import email.parser
import email.policy
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_HEADER_LIMIT_BYTES: Final = 1 << 18
_LINE_LIMIT_BYTES: Final = 1 << 20
_DEPTH_LIMIT: Final = 12
_PARTS_LIMIT: Final = 500
_BASE64_JUNK: Final = re.compile(rb"[^A-Za-z0-9+/]+")


class MailError(Exception):
    """The mail cannot be read as a mail; the sentence is for the person who scanned."""


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf part: its declared type, its file name (may be empty), and where its decoded bytes are."""

    content_type: str
    name: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Mail:
    """What an arrived mail holds: the headers of its top, and its leaf parts in order."""

    headers: email.message.Message
    parts: tuple[Part, ...]


def split(source: Path, into: Path) -> Mail:
    """Write every leaf part of a mail to a file of its own in ``into``; return what was found, in MIME order.

    Raises MailError when it is nested too deep, has too many parts or a header without end; OSError from the disk.
    """
    with source.open("rb") as file:
        reader = _Reader(file, into)
        headers = reader.read_entity(())
    return Mail(headers, tuple(reader.parts))


class _Reader:
    """One pass over a mail, line by line; a line longer than the limit comes in pieces."""

    def __init__(self, file: IO[bytes], into: Path) -> None:
        self._file = file
        self._into = into
        self.parts: list[Part] = []
        # The boundary that ended what was read last, and whether it was a closing one; None at the end of the mail.
        self._ended_by: tuple[bytes, bool] | None = None
        self._has_body = False

    def read_entity(self, boundaries: tuple[bytes, ...], depth: int = 0) -> email.message.Message:
        """Read one entity to the boundary that ends it (left for the caller to see) or the end of the mail."""
        if depth > _DEPTH_LIMIT:
            raise MailError("The mail is nested too deep to be a scan.")
        headers = self._read_headers(boundaries)
        content_type = headers.get_content_type()
        own = _readable(headers.get_boundary)
        if not self._has_body:
            self._read_leaf(headers, boundaries)
        elif content_type.startswith("multipart/") and own:
            self._read_multipart(boundaries, own.encode("ascii", "replace"), depth)
        elif content_type == "message/rfc822":
            self.read_entity(boundaries, depth + 1)
        else:
            self._read_leaf(headers, boundaries)
        return headers

    def _read_multipart(self, outer: tuple[bytes, ...], own: bytes, depth: int) -> None:
        inner = (*outer, own)
        ended_by = self._skip_to(inner)
        while ended_by == (own, False):
            self.read_entity(inner, depth + 1)
            ended_by = self._ended_by
        if ended_by == (own, True):
            ended_by = self._skip_to(outer)
        self._ended_by = ended_by

    def _skip_to(self, boundaries: tuple[bytes, ...]) -> tuple[bytes, bool] | None:
        for _ in self._lines(boundaries):
            pass
        return self._ended_by

    def _lines(self, boundaries: tuple[bytes, ...]) -> Iterator[bytes]:
        """Yield lines up to the next boundary line of any entity we are inside, which is noted and not yielded."""
        is_line_start = True
        while line := self._file.readline(_LINE_LIMIT_BYTES):
            if is_line_start and line.startswith(b"--") and (found := _boundary_of(line, boundaries)) is not None:
                self._ended_by = found
                return
            is_line_start = line.endswith(b"\n")
            yield line
        self._ended_by = None

    def _read_headers(self, boundaries: tuple[bytes, ...]) -> email.message.Message:
        block = bytearray()
        for line in self._lines(boundaries):
            if not line.strip(b"\r\n"):
                break
            block += line
            if len(block) > _HEADER_LIMIT_BYTES:
                raise MailError("The mail has headers without end.")
        else:
            self._has_body = False
            return _parse_headers(bytes(block))
        self._has_body = True
        return _parse_headers(bytes(block))

    def _read_leaf(self, headers: email.message.Message, boundaries: tuple[bytes, ...]) -> None:
        if len(self.parts) >= _PARTS_LIMIT:
            raise MailError(f"The mail has more than {_PARTS_LIMIT} parts.")
        path = self._into / f"part-{len(self.parts) + 1:04d}"
        decode = _decoder(str(headers.get("Content-Transfer-Encoding", "")).strip().lower())
        size_bytes = 0
        with path.open("xb") as out:
            if self._has_body:
                held = b""  # the line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1)
                for line in self._lines(boundaries):
                    size_bytes += out.write(decode(held))
                    held = line
                if boundaries and self._ended_by is not None:
                    held = held.removesuffix(b"\n").removesuffix(b"\r")
                size_bytes += out.write(decode(held)) + out.write(decode(b""))
        name = _readable(headers.get_filename) or ""
        self.parts.append(Part(headers.get_content_type(), name, path, size_bytes))


def _boundary_of(line: bytes, boundaries: tuple[bytes, ...]) -> tuple[bytes, bool] | None:
    """Return which boundary a line is, and whether it closes; the innermost first; None for a line of content."""
    text = line[2:].rstrip(b" \t\r\n")
    for boundary in reversed(boundaries):
        if text == boundary:
            return boundary, False
        if text == boundary + b"--":
            return boundary, True
    return None


def _readable(parameter: Callable[[], str | None]) -> str | None:
    """Return a parameter of a header; None also when it claims a charset in which nothing can be read (RFC 2231)."""
    try:
        return parameter()
    except ValueError:
        return None


def _parse_headers(block: bytes) -> email.message.Message:
    return email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(block)


def _decoder(encoding: str) -> Callable[[bytes], bytes]:
    """Return a function from lines to decoded bytes; it is called with an empty line at the end."""
    match encoding:
        case "base64":
            return _Base64().feed
        case "quoted-printable":
            return quopri.decodestring
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _decode_uu_line
        case _:
            return lambda line: line


class _Base64:
    """Base64 whose lines need not be multiples of four: what is left over waits for the next line."""

    def __init__(self) -> None:
        self._left = b""
        self._is_ended = False

    def feed(self, line: bytes) -> bytes:
        """Return the bytes of one more line; an empty line ends it, and a rest without padding is completed."""
        if self._is_ended:
            return b""
        text = self._left + _BASE64_JUNK.sub(b"", line)
        if not line or b"=" in line:
            self._is_ended = b"=" in line
            self._left = b""
            whole = len(text) - (1 if len(text) % 4 == 1 else 0)
            return binascii.a2b_base64(text[:whole] + b"=" * (-whole % 4))
        cut = len(text) - len(text) % 4
        self._left = text[cut:]
        return binascii.a2b_base64(text[:cut])


def _decode_uu_line(line: bytes) -> bytes:
    stripped = line.rstrip(b"\r\n")
    if not stripped or stripped.startswith(b"begin ") or stripped == b"end":
        return b""
    try:
        return binascii.a2b_uu(stripped)
    except binascii.Error:
        # Encoders that leave trailing blanks off: the length byte says how many characters count.
        length = (((stripped[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(stripped[:length].ljust(length))
        except binascii.Error:
            return b""
