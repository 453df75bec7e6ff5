"""Envelope and PDF to the exact bytes of the mail, streamed (RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 3834).

Always built anew: nothing of what a device wrote is relayed as it stands. The same facts give the same bytes.
"""

import base64
import email.utils
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from pathlib import Path
from typing import Final
from urllib.parse import quote

from conf.model import Address
from gateway.normalise.attachment import Attachment

_LINE_BYTES: Final = 57  # 76 characters of base64 (RFC 2045 section 6.8)
_TEXT_COLUMNS: Final = 76
_BLOCK_BYTES: Final = _LINE_BYTES * 1024
_SUFFIX: Final = ".pdf"
_ENDING: Final = 10
_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes into the mail: who, when, what about, the sentences of its text, and the PDF's name.

    Without a name there is no PDF: a device's report. ``attachments`` follow the PDF as they are.
    """

    message_id: str
    date: datetime
    sender: Address
    sender_name: str
    recipients: tuple[Address, ...]
    reply_to: Address | None
    subject: str
    text: tuple[str, ...]
    pdf_name: str
    attachments: tuple[Attachment, ...] = ()


def encoded_size_bytes(pdf_bytes: int, letter: Letter) -> int:
    """Return the size of the mail that ``compose`` makes of a PDF of this size, to the byte."""
    attached = sum(len(_attached(letter, one)) + _base64_bytes(one.size_bytes) for one in letter.attachments)
    return len(_head(letter)) + _base64_bytes(pdf_bytes) + attached + len(_foot(letter))


def _base64_bytes(size_bytes: int) -> int:
    return -(-size_bytes // 3) * 4 + 2 * -(-size_bytes // _LINE_BYTES)


def largest_pdf_bytes(mail_limit: int, head_bytes: int) -> int:
    """Return the size of the largest PDF, in whole lines of base64, that leaves ``head_bytes`` for the rest."""
    return max(0, mail_limit - head_bytes) // (_LINE_BYTES // 3 * 4 + 2) * _LINE_BYTES


def compose(letter: Letter, pdf: Path | None) -> Iterator[bytes]:
    """Yield the mail's bytes: CRLF line ends, 7 bit, no line over 998, files in base64. Raises OSError."""
    yield _head(letter)
    if pdf is not None:
        yield from _base64_file(pdf)
    for attachment in letter.attachments:
        yield _attached(letter, attachment)
        yield from _base64_file(attachment.path)
    yield _foot(letter)


def _base64_file(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        held = b""
        while block := file.read(_BLOCK_BYTES - len(held)):
            held += block
            if len(held) == _BLOCK_BYTES:
                yield _base64_lines(held)
                held = b""
        if held:
            yield _base64_lines(held)


def _base64_lines(data: bytes) -> bytes:
    text = base64.b64encode(data)
    width = _LINE_BYTES // 3 * 4
    return b"".join(text[at : at + width] + b"\r\n" for at in range(0, len(text), width))


def _boundary(letter: Letter) -> str:
    # "=_" cannot occur in base64 or quoted-printable (RFC 2045 section 6.7), so no part can hold the boundary.
    return f"=_{letter.message_id.partition('@')[0]}"


def _head(letter: Letter) -> bytes:
    boundary = _boundary(letter)
    lines = [
        f"From: {_mailbox(letter.sender_name, letter.sender)}",
        f"To: {_folded(letter.recipients)}",
        *([f"Reply-To: {letter.reply_to}"] if letter.reply_to is not None else []),
        f"Subject: {header_text(letter.subject)}",
        f"Date: {email.utils.format_datetime(letter.date)}",
        f"Message-ID: <{letter.message_id}>",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="utf-8"',
        *_text_lines(letter.text),
        *(_file_head(letter, "application/pdf", letter.pdf_name) if letter.pdf_name else [""]),
    ]
    return "\r\n".join(lines).encode("ascii")


def _file_head(letter: Letter, content_type: str, name: str) -> list[str]:
    return [
        f"--{_boundary(letter)}",
        f"Content-Type: {content_type};\r\n {_parameter('name', name)}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment;\r\n {_parameter('filename', name)}",
        "",
        "",
    ]


def _attached(letter: Letter, attachment: Attachment) -> bytes:
    return "\r\n".join(_file_head(letter, attachment.content_type, attachment_name(attachment.name))).encode("ascii")


def _text_lines(text: tuple[str, ...]) -> list[str]:
    """Return the text part from its encoding on: plain where it is ASCII, base64 otherwise."""
    lines = [piece for line in text for piece in (textwrap.wrap(line, _TEXT_COLUMNS) or [""])]
    if all(line.isascii() for line in lines):
        return ["Content-Transfer-Encoding: 7bit", "", *lines]
    encoded = _base64_lines("\r\n".join((*lines, "")).encode()).decode()
    return ["Content-Transfer-Encoding: base64", "", encoded.removesuffix("\r\n")]


def _foot(letter: Letter) -> bytes:
    return f"--{_boundary(letter)}--\r\n".encode("ascii")


def _mailbox(name: str, address: Address) -> str:
    plain = clean(name)
    if plain.isascii():
        return email.utils.formataddr((plain, address))
    return f"{header_text(plain)} <{address}>"


def _folded(addresses: tuple[Address, ...]) -> str:
    return ",\r\n ".join(addresses) or "undisclosed-recipients:;"


def header_text(text: str) -> str:
    """Return text as a header body: one line, encoded words where it is not ASCII (RFC 2047), folded with CRLF."""
    plain = clean(text)
    if plain.isascii():
        return Header(plain, "us-ascii", maxlinelen=900).encode(linesep="\r\n")
    return Header(plain, "utf-8", maxlinelen=76).encode(linesep="\r\n")


def _parameter(key: str, value: str) -> str:
    """Return a MIME parameter: quoted when ASCII, RFC 2231 otherwise, with an ASCII fallback for old readers."""
    if value.isascii():
        return f'{key}="{value}"'
    stem, suffix = _parted(value)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    fallback = _UNSAFE.sub("_", plain).strip(". _") or "scan"  # decomposed, a full-width quote is a quote
    # On a line of its own: 80 characters of 4 bytes are 960 here.
    return f"{key}=\"{fallback}{suffix}\";\r\n {key}*=utf-8''{quote(value, safe='')}"


def clean(text: str, limit: int = 150) -> str:
    """Return text without control characters, lone surrogates and line ends, at most ``limit`` characters."""
    whole = text.encode("utf-8", "replace").decode()
    shown = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in whole)
    return " ".join(shown.split())[:limit].rstrip()


def pdf_name(stem: str) -> str:
    """Return a file name for the PDF: any name a device gave, without path or extension tricks, ending in .pdf."""
    plain = _UNSAFE.sub("_", clean(stem, limit=80)).strip(". _")
    return f"{plain or 'scan'}{_SUFFIX}"


def attachment_name(name: str) -> str:
    """Return a file name for what is passed on: without path or tricks, its ending kept."""
    stem, suffix = _parted(_UNSAFE.sub("_", clean(name, limit=200)).strip(". _"))
    return f"{stem[:80].strip('. _') or 'attachment'}{suffix}"


def _parted(name: str) -> tuple[str, str]:
    """Return a name's stem and its ending, which is short and ASCII or none."""
    stem, dot, ending = name.rpartition(".")
    is_ending = bool(stem and dot) and len(ending) <= _ENDING and ending.isascii() and ending.isalnum()
    return (stem, f".{ending}") if is_ending else (name, "")
