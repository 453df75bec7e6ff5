"""A mail that scangate itself writes: from whom, to whom, marked so that no machine answers it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

from conf.model import Address
from gateway.spool.job import JobId
from gateway.spool.loop import trace


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
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    mail["Received"] = trace(head.box, JobId(head.message_id.partition("@")[0]), head.date)
    mail["From"] = head.sender
    mail["To"] = ", ".join(head.recipients)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(head.date)
    mail["Message-ID"] = f"<{head.message_id}>"
    mail["Auto-Submitted"] = submitted
    mail["X-Auto-Response-Suppress"] = "All"
    signed = (*lines, "", f"This notice was written by scangate on {head.box}.")
    mail.set_content("\n".join(printable(line) for line in signed))
    return mail.as_bytes()


def printable(line: str) -> str:
    """Return a line that any mail can hold: names and replies come from devices and hosts."""
    return "".join(char if char.isprintable() else "?" for char in line)
