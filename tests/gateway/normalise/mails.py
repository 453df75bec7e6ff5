"""Mails as devices write them, and what Python's own email package finds in them."""

import email
import email.policy
from collections.abc import Sequence
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Final

from gateway.normalise.parts import Mail, split

PDF: Final = b"%PDF-1.4\r\n" + bytes(range(256)) * 20 + b"\n%%EOF\n"
TIFF: Final = b"II*\0" + bytes(range(255, -1, -1)) * 20


def attached(*attachments: tuple[str, str, bytes], text: str = "Please find the scan.\n") -> EmailMessage:
    """A mail with a text and attachments: type, file name, bytes."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = "printer@contoso.com"
    mail["To"] = "office@contoso.com"
    mail["Subject"] = "Scan"
    mail.set_content(text)
    for content_type, name, contents in attachments:
        maintype, _, subtype = content_type.partition("/")
        mail.add_attachment(contents, maintype=maintype, subtype=subtype, filename=name)
    return mail


def multipart(
    *entities: bytes, boundary: bytes = b"b", close: bytes = b"\r\n--b--\r\n", kind: bytes = b"mixed"
) -> bytes:
    """A multipart mail byte for byte: each entity with its headers, and whatever closes it."""
    head = b"Subject: Scan\r\nContent-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"".join(b"\r\n--" + boundary + b"\r\n" + entity for entity in entities) + close


def parsed(data: bytes, folder: Path) -> Mail:
    """The mail as we split it, its parts in a fresh folder."""
    source, into = folder / "mail", folder / "parts"
    source.write_bytes(data)
    into.mkdir()
    return split(source, into)


def leaves(data: bytes, folder: Path) -> list[tuple[str, str, bytes]]:
    """Type, name and decoded bytes of each leaf part that we find."""
    found = [(part, part.path.read_bytes()) for part in parsed(data, folder).parts]
    assert [len(contents) for _, contents in found] == [part.size_bytes for part, _ in found]
    return [(part.content_type, part.name, contents) for part, contents in found]


def expected(data: bytes) -> list[tuple[str, str, bytes]]:
    """The same as Python's own email package finds it."""
    return [
        (part.get_content_type(), part.get_filename() or "", _payload(part))
        for part in email.message_from_bytes(data).walk()
        if not part.is_multipart()
    ]


def _payload(part: "Message[str, str]") -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def contents_of(found: Sequence[tuple[str, str, bytes]]) -> list[bytes]:
    """Only the bytes of the parts."""
    return [contents for _, _, contents in found]
