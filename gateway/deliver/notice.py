"""The failure notice: what a person is told when a scan could not be delivered (RFC 3834 section 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from conf.model import Address
from gateway.spool.job import Fate, Job, State, notice_id
from gateway.spool.loop import trace


@dataclass(frozen=True, slots=True)
class Failure:
    """The facts of a failed job that its notice names. ``names`` are the scan's file names as the device gave them."""

    job: Job
    names: Sequence[str]
    arrived_at: datetime
    kept_in: str


def sentence(failure: Failure) -> str:
    """Return the one sentence that says what failed and why, for the share and the log."""
    refused = [r for r in failure.job.recipients if r.fate is Fate.FAILED]
    sent = [r for r in failure.job.recipients if r.fate is Fate.SENT]
    whom = ", ".join(r.address for r in refused) or "nobody"
    if not sent:
        return f"This scan was not delivered: {failure.job.reason or 'no reason is known'}"
    return f"This scan reached {', '.join(r.address for r in sent)}, but not {whom}: {failure.job.reason}"


def beside(failure: Failure, failed_at: datetime) -> str:
    """Return the text that lies beside the file in the share, in plain words; ``failed_at`` carries the local zone."""
    job = failure.job
    arrived_at = failure.arrived_at.astimezone(failed_at.tzinfo)
    lines = [
        "What happened:",
        sentence(failure),
        "",
        "What to do:",
        _what_to_do(job),
        "",
        f"Arrived: {arrived_at:%Y-%m-%d %H:%M} {failed_at.tzname()}",
        f"Failed:  {failed_at:%Y-%m-%d %H:%M} {failed_at.tzname()}",
        f"Job:     {job.id} (name it when you ask your administrator)",
    ]
    return "\n".join(_printable(line) for line in lines)


def compose(
    failure: Failure, sender: Address, recipients: Sequence[Address], box: str, message_id: str, date: datetime
) -> bytes:
    """Return the notice as a mail: plain text, the job id to look it up by, marked so that no machine answers it."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    mail["Received"] = trace(box, notice_id(failure.job.id), date)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = f"Scan not delivered ({failure.job.id})"
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n".join(_printable(line) for line in _lines(failure, box)))
    return mail.as_bytes()


def _printable(line: str) -> str:
    """Return a line that any mail can hold: names and replies come from devices and hosts."""
    return "".join(char if char.isprintable() else "?" for char in line)


def _lines(failure: Failure, box: str) -> list[str]:
    job = failure.job
    lines = [
        sentence(failure),
        "",
        f"Scan:      {', '.join(failure.names) or 'unknown'}",
        f"Arrived:   {failure.arrived_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Came from: {job.origin}",
        f"Job:       {job.id} (on the box: scangate show {job.id})",
        "",
    ]
    lines += [f"{recipient.address}: {recipient.fate.value} {recipient.reply}".rstrip() for recipient in job.recipients]
    kept = (
        f"The scan is kept on the box in {failure.kept_in}." if failure.kept_in else "The scan is no longer on the box."
    )
    return [*lines, "", kept, _what_to_do(job), "", f"This notice was written by scangate on {box}."]


def _what_to_do(job: Job) -> str:
    if job.state is not State.FAILED:
        return "The box's administrator should look at it."
    if job.is_uncertain:
        return "It may have arrived all the same: a reply to it was lost. Ask the recipients before you scan it again."
    if not job.recipients:
        return "Please scan it again, in a way that says who gets it."
    refused = ", ".join(r.address for r in job.recipients if r.fate is Fate.FAILED and r.upstream)
    if refused:
        return f"The mail server refused {refused}: have that address checked. Please scan it again."
    return "Please scan it again."
