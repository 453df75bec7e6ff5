"""Mails that have come to their end become jobs, as many at once as there are; only then may their devices hear 250.

In one thread (``spool/batches.py``): the last bytes are written, all is committed together, each device is told, and
the jobs are handed on to be entered in the journal. A device that goes cancels its answer, never the commit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from typing import Final

from conf.model import Address, Smtp
from gateway.arrive import policy, repeat
from gateway.arrive.arriving import Arriving
from gateway.arrive.intake import Intake, message_id, now_utc
from gateway.events import Event, log
from gateway.spool.batches import Batches
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.files import Finished
from gateway.spool.job import JobId

Taken = asyncio.Future[JobId]
"""Done when the message is ours, so that the device may hear 250."""

_MOST: Final = 16
"""So many mails of up to 256 kB are held at most between their end and their commit's."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What was said before DATA."""

    client: str
    mail_from: str
    recipients: tuple[Address, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
    """A mail that has come whole. ``taken`` hears the job or what went wrong; ``done`` ends when no step is left."""

    intake: Intake
    rule: Smtp
    dialogue: Dialogue
    arriving: Arriving
    taken: Taken
    done: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True)
class _Written:
    """A mail whose last byte is in its draft."""

    finished: Finished
    original: Original
    file: FileIO


def keeper() -> Batches[Keeping]:
    """Return the thread that keeps mails; it starts with the first."""
    return Batches(_keep_all, "mails", _MOST)


def _keep_all(batch: Sequence[Keeping]) -> None:
    """Commit, say so, and only then enter the jobs in the journal: without its row one is adopted at the next start."""
    became: dict[Keeping, JobId | Exception] = {}
    written: dict[Keeping, _Written] = {}
    for one in batch:
        try:
            written[one] = _write(one)
        except Exception as error:  # noqa: BLE001  the session hears of it, if there still is one
            became[one] = error
    _commit_all({one: mail for one, mail in written.items() if not one.rule.repeats}, became)
    for one, mail in written.items():
        if one.rule.repeats:
            became[one] = _commit_once(one, mail)
    for one, outcome in became.items():
        if isinstance(outcome, Exception):
            one.arriving.discard()
    batch[0].taken.get_loop().call_soon_threadsafe(_tell_all, became)
    for one in batch:
        _end(one, written.get(one), became[one])


def _write(one: Keeping) -> _Written:
    draft, original, file = one.arriving.finish()
    envelope = Envelope(
        id=draft.id,
        arrived_at=now_utc(),
        origin=Origin(OriginKind.SMTP, one.rule.name, one.dialogue.client),
        sender=policy.whom_to_tell(one.dialogue.mail_from),
        recipients=one.dialogue.recipients,
        originals=(original,),
        message_id=message_id(draft.id, one.intake.config),
    )
    return _Written(Finished(draft, envelope, (file.fileno(),)), original, file)


def _commit_all(mails: Mapping[Keeping, _Written], became: dict[Keeping, JobId | Exception]) -> None:
    if not mails:
        return
    intake = next(iter(mails)).intake
    errors = intake.commit_all([mail.finished for mail in mails.values()])
    for (one, mail), error in zip(mails.items(), errors, strict=True):
        became[one] = mail.finished.draft.id if error is None else error


def _commit_once(one: Keeping, mail: _Written) -> JobId | Exception:
    """Commit, unless the listener knows ``repeats`` and this is one: then the job of the first is the answer."""

    def commit() -> JobId:
        (error,) = one.intake.commit_all([mail.finished])
        if error is not None:
            raise error
        return mail.finished.draft.id

    client, mail_from = one.dialogue.client, one.dialogue.mail_from
    digest = repeat.digest_of(mail_from, one.dialogue.recipients, mail.original.sha256)
    try:
        job_id, is_repeat = repeat.once(one.intake, client, digest, one.rule.repeats, commit)
    except Exception as error:  # noqa: BLE001  the session hears of it, if there still is one
        return error
    if is_repeat:
        log(Event.SMTP_REPEAT, job_id, client=client, listener=one.rule.name, size_bytes=mail.original.size_bytes)
    return job_id


def _tell_all(became: Mapping[Keeping, JobId | Exception]) -> None:
    """End the waiting of the sessions that have not gone."""
    for one, outcome in became.items():
        if one.taken.done():
            continue
        if isinstance(outcome, Exception):
            one.taken.set_exception(outcome)
        else:
            one.taken.set_result(outcome)


def _end(one: Keeping, mail: _Written | None, outcome: JobId | Exception) -> None:
    """Hand a new job on to the journal; of a repeat nothing stays."""
    loop = one.done.get_loop()

    def done() -> None:
        loop.call_soon_threadsafe(one.done.set_result, None)

    if mail is not None and outcome == mail.finished.draft.id:
        mail.file.close()
        one.intake.enter(mail.finished.envelope, done)
    else:
        one.arriving.discard()
        done()
