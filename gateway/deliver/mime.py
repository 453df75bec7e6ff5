"""Where a mail's parts begin and end, found while it streams by (RFC 2046 section 5.1.1); no byte of it is changed."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Final

_CRLF: Final = b"\r\n"
_LONGEST_HEAD_BYTES: Final = 1 << 17
_LONGEST_LINE_BYTES: Final = 1000
"""With its CRLF (RFC 5321 section 4.5.3.1.6): no longer line is a delimiter."""

_DEEPEST: Final = 8
_MOST: Final = 10_000
_FIELD: Final = re.compile(rb"[!-9;-~]+:.*\r\n", re.DOTALL)
_FIELDS: Final = re.compile(rb".*?\r\n(?![ \t])", re.DOTALL)


class StrangeError(Exception):
    """A mail of a form that is not known here: it is to be sent as it stands."""


@dataclass(frozen=True, slots=True)
class Head:
    """The headers of an entity, counted from 0 in the order they come; ``within`` are the multiparts around it.

    ``fields`` are whole, folded lines and line ends included; the empty line behind them is the body's first CRLF.
    """

    number: int
    within: tuple[int, ...]
    fields: tuple[bytes, ...]
    encoding: str
    boundary: bytes | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A delimiter with the CRLF before it, and the one behind it when a part follows."""

    raw: bytes


Piece = Head | Edge | bytes
"""Bytes stand between: the body of the head before them, a preamble or an epilogue. The first begin with CRLF."""


@dataclass(slots=True)
class _Mail:
    """What is read of a mail: ``held`` is what no piece was made of yet."""

    blocks: Iterator[bytes]
    held: bytes = b""
    is_whole: bool = False

    def read_on(self) -> bool:
        """Read a block more; False when there is none."""
        block = next(self.blocks, b"")
        self.held += block
        self.is_whole = not block
        return not self.is_whole

    def take(self, end: int) -> bytes:
        taken, self.held = self.held[:end], self.held[end:]
        return taken


def pieces(blocks: Iterator[bytes]) -> Iterator[Piece]:
    """Yield a mail's pieces in order; joined they are its bytes. No more than a head or a block is held in memory.

    Raises StrangeError for what has no clear structure: bare line ends in a header, a field twice, no boundary.
    """
    mail = _Mail(filter(None, blocks))
    around: list[Head] = []
    for number in range(_MOST):
        head = _head(mail, number, tuple(one.number for one in around))
        yield head
        if head.boundary is not None:
            if len(around) == _DEEPEST:
                raise StrangeError("parts within parts within parts")
            around.append(head)
        is_part_next = False
        while not is_part_next:
            ended = yield from _body(mail, [one.boundary or b"" for one in around])
            if ended is None:
                return
            level, is_part_next, edge = ended
            del around[level + 1 if is_part_next else level :]
            yield edge
    raise StrangeError("more parts than any mail of ours has")


def _head(mail: _Mail, number: int, within: tuple[int, ...]) -> Head:
    while not mail.held.startswith(_CRLF) and b"\r\n\r\n" not in mail.held:
        if len(mail.held) > _LONGEST_HEAD_BYTES or not mail.read_on():
            raise StrangeError("headers without an end")
    raw = mail.take(0 if mail.held.startswith(_CRLF) else mail.held.index(b"\r\n\r\n") + 2)
    fields = tuple(_FIELDS.findall(raw))
    if (
        len(raw) > _LONGEST_HEAD_BYTES
        or not raw.isascii()
        or any(_FIELD.fullmatch(field) is None or _has_bare_ends(field) for field in fields)
    ):
        raise StrangeError("a line that is no header")
    read = BytesHeaderParser().parsebytes(raw + _CRLF)
    if any(len(read.get_all(name, [])) > 1 for name in ("Content-Type", "Content-Transfer-Encoding")):
        raise StrangeError("a field twice")
    encoding = str(read.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    boundary = _boundary(read)
    if boundary is not None and encoding not in {"7bit", "8bit", "binary"}:
        raise StrangeError("an encoded multipart")  # RFC 2045 section 6.4 has none
    return Head(number, within, fields, encoding, boundary)


def _has_bare_ends(field: bytes) -> bool:
    rest = field.replace(_CRLF, b"")
    return b"\r" in rest or b"\n" in rest


def _boundary(read: Message) -> bytes | None:
    """Return the boundary of a multipart, or None when it is none."""
    if read.get_content_maintype() != "multipart":
        return None
    boundary = read.get_boundary()
    if not boundary or not boundary.isascii():
        raise StrangeError("a multipart without a boundary")
    return boundary.encode("ascii")


def _body(mail: _Mail, boundaries: list[bytes]) -> Generator[bytes, None, tuple[int, bool, Edge] | None]:
    """Yield what stands before the next delimiter; return its multipart, whether a part follows, and itself."""
    while True:
        at = mail.held.find(b"\r\n--")
        if at < 0:
            if mail.is_whole:
                yield from filter(None, (mail.take(len(mail.held)),))
                return None
            if len(mail.held) > len(b"\r\n") + 3:
                yield mail.take(len(mail.held) - 3)
            mail.read_on()
            continue
        end = mail.held.find(_CRLF, at + 2)
        if end < 0 and not mail.is_whole and len(mail.held) - at <= _LONGEST_LINE_BYTES:
            mail.read_on()
            continue
        line = mail.held[at + 2 : end if end >= 0 else None]
        found = _delimiter(line, boundaries) if len(line) <= _LONGEST_LINE_BYTES else None
        if found is None or (end < 0 and found[1]):
            yield mail.take(end if end >= 0 else at + 4)
            continue
        if at:
            yield mail.take(at)
        level, is_part_next = found
        # The CRLF behind a closing delimiter may belong to the next one, so it is left.
        edge = mail.take(len(mail.held) if end < 0 else end - at + (2 if is_part_next else 0))
        return level, is_part_next, Edge(edge)


def _delimiter(line: bytes, boundaries: list[bytes]) -> tuple[int, bool] | None:
    """Return which multipart a line delimits, the innermost first, and whether a part follows; else None."""
    shown = line.rstrip(b" \t")
    for level in range(len(boundaries) - 1, -1, -1):
        if shown == b"--" + boundaries[level]:
            return level, True
        if shown == b"--" + boundaries[level] + b"--":
            return level, False
    return None
