"""The failure notice: what a person is told when a scan could not be delivered (RFC 3464, RFC 3834 section 5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from conf.model import Address
from gateway.deliver.delivery_status import Reporter, compose_status, is_about_size, is_smtp, parted
from gateway.deliver.own_mail import Letterhead, own_mail, own_report, printable
from gateway.deliver.retry import is_gave_up
from gateway.spool.job import Fate, Job, Recipient, State

NO_HOSTS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Failure:
    """The facts of a failed job that its notice names. ``names`` are the scan's file names as the device gave them.

    ``headers`` are those of the mail that was made of it, with CRLF behind each line; empty when none was made.
    """

    job: Job
    names: Sequence[str]
    arrived_at: datetime
    kept_in: str
    headers: bytes = b""


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
    return "\n".join(printable(line) for line in lines)


def no_room(kept_in: str) -> str:
    """Return what the text beside a file says of it when it is not shown, or not any more, for want of room."""
    where = f"It is kept on the box in {kept_in}: ask your administrator." if kept_in else "It is no longer on the box."
    return f"The file itself is not here: it takes more room than failed scans may take in this folder. {where}"


def compose(failure: Failure, head: Letterhead, hosts: Mapping[str, str] = NO_HOSTS) -> bytes:
    """Return the notice as a mail: a delivery report (RFC 3464) with a text that anybody understands.

    Marked so that no machine answers it. ``hosts`` are those of the upstreams by their names. About a scan for nobody
    it is plain text: a report needs a recipient.
    """
    subject, lines = f"Scan not delivered ({failure.job.id})", _lines(failure)
    if not failure.job.recipients:
        return own_mail(head, subject, lines, "auto-replied")
    status = compose_status(failure.job, failure.arrived_at, Reporter(head.box, hosts))
    return own_report(head, subject, lines, status, failure.headers)


def _lines(failure: Failure) -> list[str]:
    job = failure.job
    kept = (
        f"The scan is kept on the box in {failure.kept_in}." if failure.kept_in else "The scan is no longer on the box."
    )
    return [
        *_plain(failure),
        "",
        "What to do:",
        _what_to_do(job),
        "",
        "",
        "For the administrator:",
        sentence(failure),
        f"Came from: {job.origin}",
        f"Job:       {job.id}",
        *(f"{one.address}: {one.fate.value} {one.reply}".rstrip() for one in job.recipients),
        kept,
        f'On the box "scangate show {job.id}" tells all about it, "scangate queue" what else waits or has failed,',
        f'"journalctl -u scangate | grep {job.id}" what the log says of it.',
    ]


def _plain(failure: Failure) -> Iterator[str]:
    """Yield what happened, without codes and ids."""
    job = failure.job
    sent = ", ".join(one.address for one in job.recipients if one.fate is Fate.SENT)
    missed = [one for one in job.recipients if one.fate is not Fate.SENT]
    yield f"A scan was delivered to {sent}, but not to everybody." if sent else "A scan was not delivered."
    yield ""
    yield f"Scan:    {', '.join(failure.names) or job.title or 'unknown'}"
    yield f"Scanned: {failure.arrived_at:%Y-%m-%d %H:%M:%S} UTC"
    if not missed:
        yield f"Why:     {job.reason or 'no reason is known'}"
    for why, group in _reasons(missed, job.reason).items():
        yield f"For:     {', '.join(group)}"
        yield f"Why:     {why}"


def _reasons(missed: Iterable[Recipient], reason: str) -> dict[str, list[Address]]:
    """Return why, in plain words, to the recipients whom it kept from getting the scan."""
    groups: dict[str, list[Address]] = {}
    for one in missed:
        groups.setdefault(_why(one.reply or reason), []).append(one.address)
    return groups


def _why(reply: str) -> str:
    if is_gave_up(reply):
        return f"It could not be delivered in time: {reply.partition(';')[0]}."
    if not is_smtp(reply):
        return reply or "no reason is known"
    return parted(reply)[1] or "The mail server refused it; the administrator finds its words below."


def _what_to_do(job: Job) -> str:
    if job.state is not State.FAILED:
        return "The box's administrator should look at it."
    if job.is_uncertain:
        return "It may have arrived all the same: a reply to it was lost. Ask the recipients before you scan it again."
    if not job.recipients:
        return "Please scan it again, in a way that says who gets it."
    missed = [r for r in job.recipients if r.fate is Fate.FAILED and r.upstream]
    if any(is_about_size(r.reply) for r in missed):
        return "Please scan it again with a lower resolution, or fewer pages at once."
    refused = ", ".join(r.address for r in missed)
    if refused:
        return f"The mail server refused {refused}: have that address checked. Please scan it again."
    return "Please scan it again."
