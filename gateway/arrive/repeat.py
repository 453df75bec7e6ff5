"""A mail that a device sends again, because it lost our 250: recognised, and answered as it was the first time.

Recognised is only what is the same to the last byte, of the same client, from the same sender to the same recipients.
A device that stamps its mail anew for each try (Date, Message-ID) makes two mails of it: a duplicate is an annoyance,
a scan taken for another's repeat would be lost.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable

from gateway.arrive.intake import Intake
from gateway.events import Event, log
from gateway.spool.database import JournalError
from gateway.spool.job import JobId, State

_ENDED_BADLY = frozenset({State.FAILED, State.QUARANTINE})


def digest_of(mail_from: str, recipients: Iterable[str], sha256: str) -> str:
    """Return what stands for a mail: its bytes, its sender, and its recipients in any order."""
    return hashlib.sha256(
        "\n".join((sha256, mail_from, *sorted(recipients))).encode("utf-8", "surrogateescape")
    ).hexdigest()


def once(intake: Intake, client: str, digest: str, window_s: float, commit: Callable[[], JobId]) -> tuple[JobId, bool]:
    """Commit, unless the same was taken within the window; return the job as which it is ours, and whether it was.

    The note is written after the commit: a stop in between can make a duplicate, never a loss. A job that failed does
    not count, as its device may well send it again. One mail at a time, so that two connections cannot both be first.
    Raises what ``commit`` raises.
    """
    with intake.repeats_lock:
        found = _earlier(intake, client, digest, window_s)
        if found is not None:
            return found, True
        job_id = commit()
        try:
            intake.repeats.note(client, digest, job_id, window_s, time.time())
        except (sqlite3.Error, JournalError) as error:
            log(Event.LOCAL_FAULT, job_id, reason=f"journal: {error}")
        return job_id, False


def _earlier(intake: Intake, client: str, digest: str, window_s: float) -> JobId | None:
    """Return the job of the same mail, if it is durably ours, or was and is sent."""
    try:
        found = intake.repeats.taken(client, digest, window_s, time.time())
        job = None if found is None else intake.journal.job(found)
    except (sqlite3.Error, JournalError) as error:
        log(Event.LOCAL_FAULT, reason=f"journal: {error}")
        return None
    if found is None or (job is not None and job.state in _ENDED_BADLY):
        return None
    return found if job is not None or (intake.spool.jobs / found).is_dir() else None
