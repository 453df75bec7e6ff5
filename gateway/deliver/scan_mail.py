"""What a job's directory still has of mails: the headers of the one that was made, and whom the device's own names."""

import email.message
import email.utils
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path
from typing import Final

from conf.model import Address, is_address
from gateway.spool import files
from gateway.spool.envelope import Envelope, OriginKind

_MOST_BYTES: Final = 1 << 16


def headers_of(directory: Path) -> bytes:
    """Return the headers of the mail that was made of a scan, CRLF behind each line; empty when there is none."""
    head, blank, _ = _beginning(directory / files.MESSAGE).partition(b"\r\n\r\n")
    return head + b"\r\n" if blank and head.isascii() else b""


def reply_to(directory: Path, envelope: Envelope) -> Address | None:
    """Return whom the device's mail names in Reply-To, for a scan that came by mail; None when it names nobody."""
    if envelope.origin.kind is not OriginKind.SMTP or not envelope.originals:
        return None
    return reply_to_in(_beginning(directory / files.ORIGINAL / envelope.originals[0].stored))


def reply_to_in(mail: bytes) -> Address | None:
    """Return the first address in Reply-To of a mail, of which the beginning is enough; None for none, or nonsense."""
    try:
        headers: email.message.Message = BytesHeaderParser(policy=compat32).parsebytes(mail)
        written = [str(value) for value in headers.get_all("Reply-To", [])]
        found = email.utils.getaddresses(written)
    except (ValueError, LookupError, RecursionError):
        return None
    return next((Address(address) for _, address in found if is_address(address)), None)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:  # gone, or the disk cannot read it: a notice does without
        return b""
