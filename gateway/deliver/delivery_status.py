"""The part of a failure notice that mail programs read: message/delivery-status (RFC 3464), a block a recipient."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from gateway.deliver import retry
from gateway.deliver.own_mail import printable
from gateway.spool.job import Fate, Job, Recipient, State

_SMTP: Final = re.compile(r"(?P<code>[245]\d\d)(?:[ -]+(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})(?![\d.]))?(?!\w)")
"""A reply as the journal has it: the code of RFC 5321, mostly with one of RFC 3463 behind it."""
_ADVICE: Final = re.compile(r"(?s)(?P<said>.*\S) \((?P<advice>[A-Z](?:[^()]|\([^()]*\))*)\)\Z")
"""What the delivery writes behind a reply: the advice, in parentheses."""
_COLUMNS: Final = 76
_LENGTH: Final = 900
_UNROUTED: Final = "no upstream of the configuration may carry"
_TOO_LARGE: Final = re.compile(r"takes messages up to \d+ bytes")
_SIZES: Final = frozenset({"5.2.3", "5.3.4", "5.2.270"})


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: the box's name, and the host of each upstream by its name (a Maildir has none)."""

    box: str
    hosts: Mapping[str, str]


def status_of(reply: str, fate: Fate, state: State = State.FAILED) -> str:
    """Return the status code (RFC 3463) of what was said last of a recipient.

    The host's own where it gives one, its class taken from the reply's: ``550 4.4.4`` is final all the same. Else 4.4.7
    the time was over, 5.4.4 no way to the recipient, 5.3.4 too large, 5.3.0 a fault of the box, 5.0.0 anything.
    """
    if retry.is_gave_up(reply):
        return "4.4.7"
    found = _SMTP.match(reply)
    if found is not None:
        kind = "2" if fate is Fate.SENT else "5"
        tail = (found["enhanced"] or "0.0.0")[1:]
        return f"{kind}{tail}" if found["enhanced"] or found["code"] != "552" else "5.3.4"
    if fate is Fate.SENT:
        return "2.0.0"
    if _TOO_LARGE.search(reply):
        return "5.3.4"
    if reply.startswith(_UNROUTED):
        return "5.4.4"
    return "5.3.0" if state is State.QUARANTINE else "5.0.0"


def is_about_size(reply: str) -> bool:
    """Tell whether a message was refused for its size: its recipient can get a smaller one, such as a notice."""
    return status_of(reply, Fate.FAILED) in _SIZES


def parted(reply: str) -> tuple[str, str]:
    """Return what was said of a recipient and the advice that stands behind it, either may be empty."""
    found = _ADVICE.fullmatch(reply) if _SMTP.match(reply) else None
    return (reply, "") if found is None else (found["said"], found["advice"])


def is_smtp(reply: str) -> bool:
    """Tell whether this is what a mail server said, and not a sentence of ours."""
    return _SMTP.match(reply) is not None


def compose_status(job: Job, arrived_at: datetime, reporter: Reporter) -> bytes:
    """Return the body of the part: the message's fields, then each recipient's (RFC 3464 sections 2.2 and 2.3), CRLF.

    Raises ValueError for a job without recipients: the format wants one at least.
    """
    if not job.recipients:
        raise ValueError(f"{job.id} has no recipient to report about")
    message = (("Reporting-MTA", f"dns; {reporter.box}"), ("Arrival-Date", format_datetime(arrived_at.astimezone(UTC))))
    blocks = [message, *(tuple(_recipient(job, recipient, reporter)) for recipient in job.recipients)]
    return "\r\n".join("".join(_folded(*field) for field in block) for block in blocks).encode("ascii")


def _recipient(job: Job, recipient: Recipient, reporter: Reporter) -> Iterator[tuple[str, str]]:
    is_sent = recipient.fate is Fate.SENT
    host = reporter.hosts.get(recipient.upstream, "")
    said = retry.last_said(recipient.reply)
    yield "Final-Recipient", f"rfc822; {recipient.address}"
    # What a Maildir holds is there; a mail server reports by itself what it can deliver no further.
    is_there = is_sent and not host
    yield "Action", "delivered" if is_there else "relayed" if is_sent else "failed"
    yield "Status", status_of(recipient.reply, recipient.fate, job.state)
    if host:
        yield "Remote-MTA", f"dns; {host}"
    if said:
        yield "Diagnostic-Code", f"{'smtp' if is_smtp(said) else 'X-scangate'}; {said}"
    if not is_sent and (recipient.upstream or retry.is_gave_up(recipient.reply)):
        yield "Last-Attempt-Date", format_datetime(datetime.fromtimestamp(int(job.changed_at), UTC))


def _folded(name: str, value: str) -> str:
    """Return a field in lines that any mail program takes, in ASCII as RFC 3464 section 2.1 wants it."""
    shown = printable(value)[:_LENGTH].encode("ascii", "replace").decode()
    lines = textwrap.wrap(f"{name}: {shown}", _COLUMNS, subsequent_indent="  ", break_on_hyphens=False)
    return "".join(f"{line}\r\n" for line in lines)
