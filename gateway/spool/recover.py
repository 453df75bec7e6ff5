"""Start: what the last run left is made whole. Adopt, rebuild, mark uncertain, quarantine, sweep.

Everything here may be cut short at any instant and run again.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import DamagedJournalError, Database
from gateway.spool.envelope import CorruptEnvelopeError, OriginKind
from gateway.spool.files import Spool
from gateway.spool.held import HELD, RESENT
from gateway.spool.job import OWED, Job, JobId, State, closing_state, is_notice_id, is_part
from gateway.spool.journal import Journal

_LONGEST_WAIT_S: Final = 25 * 3600.0
"""No wait is longer: the count of a day's recipients takes 24 hours to pass."""


_GONE: Final = frozenset({State.SENT, State.JOINED})
"""The states whose directories go: nobody waits for them, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The database, and whether it had to be made anew while jobs were owed (then every job may be a duplicate)."""

    database: Database
    is_rebuilt: bool


def open_database(state: Path, spool: Spool, now: float) -> Opened:
    """Open the journal; a damaged one is put aside, and a missing or damaged one is made anew.

    The job directories are what is owed; ``adopt`` enters them again. Raises JournalError for a newer version's file.
    """
    path = state / "journal.db"
    is_missing = not path.exists()
    try:
        database = Database(path)
    except DamagedJournalError as error:
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            part = state / name
            if part.exists():
                part.rename(state / f"{name}.damaged-{int(now)}")
        log(Event.JOURNAL_REBUILT, reason=str(error))
        return Opened(Database(path), is_rebuilt=True)
    is_rebuilt = is_missing and any(map(files.listing, (spool.jobs, spool.failed, spool.quarantine)))
    if is_rebuilt:
        log(Event.JOURNAL_REBUILT, reason="the journal was missing")
    return Opened(database, is_rebuilt)


def recover(spool: Spool, journal: Journal, now: float, *, is_rebuilt: bool, is_holding: bool = False) -> None:
    """Make the spool and the journal agree after a stop of any kind. Raises OSError when the disk is at fault.

    ``is_holding``: what may have been sent already is not sent again before a person says so.
    """
    _sweep_drafts(spool)
    adopt(spool, journal, now, is_rebuilt=is_rebuilt)
    _adopt_ended(spool.failed, State.FAILED, journal, now)
    _adopt_ended(spool.quarantine, State.QUARANTINE, journal, now)
    journal.clamp(now, _LONGEST_WAIT_S)
    for job in journal.jobs(frozenset(State) - _GONE, limit=1_000_000):
        state = _after_sending(journal, job, now, is_holding=is_holding) if job.state is State.SENDING else job.state
        _agree(spool, journal, job.id, state, now)
    for job_id in files.listing(spool.jobs):
        sent = journal.job(job_id)
        if sent is not None and sent.state in _GONE:
            files.remove(spool.jobs / job_id)


def _after_sending(journal: Journal, job: Job, now: float, *, is_holding: bool) -> State:
    """Move on a job that was being sent: to its end when every reply was recorded, else it is uncertain."""
    closing = closing_state(job.recipients)
    if closing is not None:
        journal.move(job.id, closing, now, reason=job.refusals)
        return closing
    state, what = (State.HELD, HELD) if is_holding and not is_notice_id(job.id) else (State.DEFERRED, RESENT)
    reason = f"stopped between the final dot and its reply: it may have been taken, and {what}"
    journal.mark_uncertain(job.id, now, reason)
    journal.move(job.id, state, now, reason=reason, next_try_at=now)
    log(Event.JOB_UNCERTAIN, job.id, reason=reason)
    if state is State.HELD:
        log(Event.JOB_HELD, job.id)
    return state


def _sweep_drafts(spool: Spool) -> None:
    """Remove what was being written: none of it was acknowledged, and no file of a share is ever in there."""
    for leftover in spool.incoming.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
        log(Event.SWEPT, draft=leftover.name)


def adopt(spool: Spool, journal: Journal, now: float, *, is_rebuilt: bool = False) -> int:
    """Enter every committed job that the journal does not know; return how many. One that cannot be read waits."""
    adopted = 0
    for job_id in files.listing(spool.jobs):
        if job_id in spool.in_hand or journal.job(job_id) is not None:
            continue
        try:
            _adopt_one(spool, journal, job_id, now, is_rebuilt=is_rebuilt)
        except CorruptEnvelopeError as error:
            _quarantine(spool, journal, job_id, str(error), now)
        except OSError as error:
            log(Event.LOCAL_FAULT, job_id, reason=f"not adopted yet: {error}")
            continue
        adopted += 1
    return adopted


def _adopt_one(spool: Spool, journal: Journal, job_id: JobId, now: float, *, is_rebuilt: bool) -> None:
    """Enter one job, quarantined when its files are not what arrived. Raises CorruptEnvelopeError; OSError."""
    directory = spool.jobs / job_id
    envelope = files.read_envelope(directory)
    faults = [fault for original in envelope.originals if (fault := files.fault_of(directory, original))]
    # A scan gets its message after its entry: one that has it was known before, to a journal that was lost, and may
    # have been sent. A notice and a further mail of a split scan are born with their message.
    is_born_ready = envelope.origin.kind is OriginKind.NOTICE or is_part(job_id)
    is_known = is_rebuilt or not is_born_ready
    is_uncertain = is_known and (directory / files.MESSAGE).exists()
    if not faults:
        journal.admit(envelope, now, is_uncertain=is_uncertain)
        log(Event.JOB_ADOPTED, job_id, origin=str(envelope.origin))
        return
    journal.admit_ended(envelope, now, State.QUARANTINE, "; ".join(faults), is_uncertain=is_uncertain)
    files.move_aside(directory, spool.quarantine)
    log(Event.JOB_QUARANTINED, job_id, reason="; ".join(faults))


def _adopt_ended(directory: Path, state: State, journal: Journal, now: float) -> None:
    """Enter failed and quarantined jobs that a new journal does not know, as untold: better twice than never."""
    reason = "it had failed before the journal was made anew; the reason is lost"
    for job_id in files.listing(directory):
        if journal.job(job_id) is not None:
            continue
        try:
            journal.admit_ended(files.read_envelope(directory / job_id), now, state, reason)
        except (CorruptEnvelopeError, OSError):
            journal.admit_wreck(job_id, now, reason)


def _quarantine(spool: Spool, journal: Journal, job_id: JobId, reason: str, now: float) -> None:
    journal.admit_wreck(job_id, now, reason)
    files.move_aside(spool.jobs / job_id, spool.quarantine)
    log(Event.JOB_QUARANTINED, job_id, reason=reason)


def _agree(spool: Spool, journal: Journal, job_id: JobId, state: State, now: float) -> None:
    """Finish what a job's last move left undone on disk; one owed without a directory is quarantined, not forgotten."""
    directory = spool.jobs / job_id
    if state in _GONE:
        files.remove(directory)
    elif state is State.FAILED:
        files.move_aside(directory, spool.failed)
    elif state is State.QUARANTINE:
        files.move_aside(directory, spool.quarantine)
    elif state in OWED and not directory.is_dir():
        reason = "its job directory is gone"
        journal.fail_pending(job_id, now, reason, State.QUARANTINE)
        log(Event.JOB_QUARANTINED, job_id, reason=reason)
