"""Envelope and PDF to the exact bytes of the mail, streamed (RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 3834).

Always built anew: nothing of what a device wrote is relayed as it stands. The same facts give the same bytes.
"""

import email.utils
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from conf.model import Address
from gateway.normalise.attachment import Attachment
from gateway.normalise.body import LINE_BYTES, base64_lines, body
from gateway.normalise.wording import attachment_name, header_text, mailbox, parameter
from image.document import Thumbnail

_BLOCK_BYTES: Final = LINE_BYTES * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes into the mail: who, when, what about, the sentences of its text, and the PDF's name.

    ``recipients`` stand in To, ``copies`` in Cc; nobody else is named. ``trace`` is the body of its Received.
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
    copies: tuple[Address, ...] = ()
    trace: str = ""
    thumbnails: tuple[Thumbnail, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def encoded_size_bytes(pdf_bytes: int, letter: Letter) -> int:
    """Return the size of the mail that ``compose`` makes of a PDF of this size, to the byte."""
    attached = sum(len(_attached(letter, one)) + _base64_bytes(one.size_bytes) for one in letter.attachments)
    return len(_head(letter)) + _base64_bytes(pdf_bytes) + attached + len(_foot(letter))


def _base64_bytes(size_bytes: int) -> int:
    return -(-size_bytes // 3) * 4 + 2 * -(-size_bytes // LINE_BYTES)


def largest_pdf_bytes(mail_limit: int, head_bytes: int) -> int:
    """Return the size of the largest PDF, in whole lines of base64, that leaves ``head_bytes`` for the rest."""
    return max(0, mail_limit - head_bytes) // (LINE_BYTES // 3 * 4 + 2) * LINE_BYTES


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
                yield base64_lines(held)
                held = b""
        if held:
            yield base64_lines(held)


def _boundary(letter: Letter) -> str:
    # "=_" cannot occur in base64 or quoted-printable (RFC 2045 section 6.7), so no part can hold the boundary.
    return f"=_{letter.message_id.partition('@')[0]}"


def _head(letter: Letter) -> bytes:
    boundary = _boundary(letter)
    lines = [
        *(["Received: " + letter.trace.replace("; ", ";\r\n ")] if letter.trace else []),
        f"From: {mailbox(letter.sender_name, letter.sender, 'From')}",
        f"To: {_folded(letter.recipients) or 'undisclosed-recipients:;'}",
        *([f"Cc: {_folded(letter.copies)}"] if letter.copies else []),
        *([f"Reply-To: {letter.reply_to}"] if letter.reply_to is not None else []),
        f"Subject: {header_text(letter.subject, 'Subject')}",
        f"Date: {email.utils.format_datetime(letter.date)}",
        f"Message-ID: <{letter.message_id}>",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        f"--{boundary}",
        *body(letter.text, letter.thumbnails, letter.message_id),
        *(_file_head(letter, "application/pdf", letter.pdf_name) if letter.pdf_name else [""]),
    ]
    return "\r\n".join(lines).encode("ascii")


def _file_head(letter: Letter, content_type: str, name: str) -> list[str]:
    return [
        f"--{_boundary(letter)}",
        f"Content-Type: {content_type};\r\n {parameter('name', name)}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment;\r\n {parameter('filename', name)}",
        "",
        "",
    ]


def _attached(letter: Letter, attachment: Attachment) -> bytes:
    return "\r\n".join(_file_head(letter, attachment.content_type, attachment_name(attachment.name))).encode("ascii")


def _foot(letter: Letter) -> bytes:
    return f"--{_boundary(letter)}--\r\n".encode("ascii")


def _folded(addresses: tuple[Address, ...]) -> str:
    return ",\r\n ".join(addresses)
