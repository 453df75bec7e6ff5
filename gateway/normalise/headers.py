"""The headers of a mail or a part of one, however a device wrote them (RFC 5322 section 2.2, RFC 2231).

Lines may end with CRLF, LF, CR or CR CR LF. NULs are dropped. A line that is no header and no continuation begins the
body, the empty line having been forgotten, unless headers of a mail follow it: then it is a badly folded piece.
"""

import email.message
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.normalise import charsets

_LINE_BYTES: Final = 998
"""RFC 5322 section 2.1.1. Headers may be longer; a line whose beginning is no header needs no end to be none."""

_LINE: Final = re.compile(rb"([^\r\n]*)(?:\r{0,2}\n|\r|\Z)")
_HEADER: Final = re.compile(rb"([\x21-\x39\x3b-\x7e]*)[ \t]*:")
_MAIL_HEADER: Final = re.compile(
    rb"(?i)(?:content-[a-z-]+|mime-version|from|to|cc|subject|date|message-id|reply-to|sender|received|return-path"
    rb"|importance|x-[a-z0-9-]+)[ \t]*:"
)
_TYPE: Final = re.compile(r"\s*([!#-'*+.0-9A-Z^-~-]+/[!#-'*+.0-9A-Z^-~-]+)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*+"?|[^;]*)', re.DOTALL)
_PIECE: Final = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """One header: its name as written, its value unfolded and still in the bytes that came."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of a parameter: its bytes, and the charset that it claims by RFC 2231, else empty."""

    raw: bytes
    charset: str = ""

    def text(self, hint: str = "") -> str:
        """Return it as text; ``hint`` is the charset that the mail claims elsewhere."""
        return charsets.decode(self.raw, self.charset) if self.charset else charsets.guess(self.raw, hint)


def read(window: bytes, *, is_all: bool, is_boundary: Callable[[bytes], bool]) -> tuple[tuple[Header, ...], int] | None:
    """Return the headers at the start of a window, and where what follows them begins: the body, or a boundary.

    ``is_all``: nothing comes after the window. None when the headers go on beyond it.
    """
    lines: list[tuple[int, bytes]] = []
    at, is_ended = 0, False
    while at < len(window):
        found = _LINE.match(window, at)
        assert found is not None
        if found.end() == len(window) and not is_all:
            if len(found[1]) > _LINE_BYTES:  # long enough to see that it is no header
                lines.append((at, found[1]))
            break
        if not found[1]:
            at, is_ended = found.end(), True
            break
        if found[1].startswith(b"--") and is_boundary(found[1]):
            is_ended = True
            break
        lines.append((at, found[1].replace(b"\0", b"")))
        at = found.end()
    odd = next((number for number, (_, line) in enumerate(lines) if not _is_header_line(line, number)), None)
    if odd is not None and not any(_MAIL_HEADER.match(line) for _, line in lines[odd:]):
        return _joined(line for _, line in lines[:odd]), lines[odd][0]
    if not is_ended and not is_all:
        return None
    return _joined(line for _, line in lines), at


def _is_header_line(line: bytes, number: int) -> bool:
    if line[:1] in {b" ", b"\t"} or (number == 0 and line.startswith((b"From ", b">From "))):
        return True
    return _HEADER.match(line) is not None


def _joined(lines: Iterable[bytes]) -> tuple[Header, ...]:
    found: list[tuple[str, list[bytes]]] = []
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if line[:1] in {b" ", b"\t"} or header is None:
            if found and not (number == 0 and line.startswith(b"From ")):
                found[-1][1].append(line)
            continue
        found.append((header[1].decode("ascii"), [line[header.end() :]]))
    return tuple(Header(name, b"".join(pieces).strip(b" \t")) for name, pieces in found if name)


def first(headers: Sequence[Header], name: str) -> bytes:
    """Return the value of the first header of this name (lower case), empty without one."""
    return next((header.value for header in headers if header.name.lower() == name), b"")


def message_of(headers: Sequence[Header]) -> email.message.Message:
    """Return the headers as the letter wants them: text, 8-bit values guessed, encoded words left as they are."""
    _, parameters = structured(first(headers, "content-type"))
    charset = parameters.get("charset", Parameter(b"")).text()
    made: email.message.Message = email.message.Message()
    for header in headers:
        made[header.name] = charsets.guess(header.value, charset)
    return made


def structured(value: bytes) -> tuple[str, dict[str, Parameter]]:
    """Return the type of a Content-Type (lower case; empty when it is none) and its parameters by lower-case name.

    For Content-Disposition the type is empty; see ``disposition``. A name in pieces (RFC 2231) goes before a plain one.
    """
    text = value.decode("latin-1")  # a byte a character: the charset is not known yet
    kind = _TYPE.match(text)
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    plain: dict[str, Parameter] = {}
    for name, written in _PARAMETER.findall(text):
        piece = _PIECE.match(name.lower())
        assert piece is not None
        raw = _unquoted(written).encode("latin-1")
        if piece[2] is None and piece[3] is None:
            plain.setdefault(piece[1], Parameter(raw))
        else:
            pieces.setdefault(piece[1], {}).setdefault(int(piece[2] or 0), (raw, piece[3] is not None))
    joined = {name: _assembled(numbered) for name, numbered in pieces.items() if 0 in numbered}
    return kind[1].lower() if kind else "", {**plain, **joined}


def disposition(value: bytes) -> str:
    """Return what a Content-Disposition says: ``attachment``, ``inline``, or empty (RFC 2183)."""
    return value.partition(b";")[0].strip().lower().decode("latin-1")


def _unquoted(written: str) -> str:
    if not written.startswith('"'):
        return written.strip()
    # Other backslashes stay: devices write the path of a file as it is on their disk.
    return written[1:].removesuffix('"').replace("\\\\", "\\").replace('\\"', '"')


def _assembled(numbered: dict[int, tuple[bytes, bool]]) -> Parameter:
    """Return the value of pieces 0, 1, 2… as far as they go without a gap (RFC 2231 sections 3 and 4)."""
    charset, whole = "", b""
    for number in range(len(numbered)):
        if number not in numbered:
            break
        raw, is_encoded = numbered[number]
        if is_encoded and number == 0 and raw.count(b"'") >= 2:  # noqa: PLR2004  charset'language'value
            claimed, _, raw = raw.split(b"'", 2)
            charset = claimed.decode("latin-1")
        whole += unquote_to_bytes(raw) if is_encoded else raw
    return Parameter(whole, charset)
