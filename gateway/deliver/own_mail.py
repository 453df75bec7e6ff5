"""A mail that scangate itself writes: from whom, to whom, marked so that no machine answers it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Literal

from conf.model import Address
from gateway.spool.job import JobId
from gateway.spool.loop import trace

_POLICY: Final = SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail of our own bears. ``box`` is what the gateway is called; ``message_id`` is without brackets."""

    sender: Address
    recipients: tuple[Address, ...]
    box: str
    message_id: str
    date: datetime


def own_mail(
    head: Letterhead,
    subject: str,
    lines: Iterable[str],
    submitted: Literal["auto-generated", "auto-replied"] = "auto-generated",
) -> bytes:
    """Return a plain text mail, signed by the box. ``submitted``: whether it answers a scan (RFC 3834 section 5)."""
    mail = _headed(head, subject, submitted)
    mail.set_content(_signed(head, lines))
    return mail.as_bytes()


def own_report(head: Letterhead, subject: str, lines: Iterable[str], status: bytes, headers: bytes = b"") -> bytes:
    """Return a delivery report (RFC 6522): the text, what machines read of it, and the headers of the mail it is about.

    ``status`` is the body of a message/delivery-status, ``headers`` of a text/rfc822-headers, left out when empty; both
    in ASCII, with CRLF behind each line.
    """
    text = EmailMessage(policy=_POLICY)
    text.set_content(_signed(head, lines))
    del text["MIME-Version"]
    parts = [text.as_bytes(), _part("message/delivery-status", status)]
    if headers:
        parts.append(_part("text/rfc822-headers", headers))
    # No line of a part begins so: those of the text begin with words of ours, of the others with a field's name.
    boundary = f"=_{head.message_id.partition('@')[0]}"
    headed = _headed(head, subject, "auto-replied").as_bytes().removesuffix(b"\r\n")
    kind = (
        f'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"'
    )
    opening = f"\r\n--{boundary}\r\n".encode("ascii")
    return headed + kind.encode("ascii") + b"\r\n" + opening + opening.join(parts) + opening[:-2] + b"--\r\n"


def _part(kind: str, body: bytes) -> bytes:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n".encode("ascii") + body


def _headed(head: Letterhead, subject: str, submitted: str) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    mail["Received"] = trace(head.box, JobId(head.message_id.partition("@")[0]), head.date)
    mail["From"] = head.sender
    mail["To"] = ", ".join(head.recipients)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(head.date)
    mail["Message-ID"] = f"<{head.message_id}>"
    mail["Auto-Submitted"] = submitted
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def _signed(head: Letterhead, lines: Iterable[str]) -> str:
    signed = (*lines, "", f"This notice was written by scangate on {head.box}.")
    return "\n".join(printable(line) for line in signed)


def printable(line: str) -> str:
    """Return a line that any mail can hold: names and replies come from devices and hosts."""
    return "".join(char if char.isprintable() else "?" for char in line)
