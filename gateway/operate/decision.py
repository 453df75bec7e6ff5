"""A person's word on a scan that waits: send it again now, or end it. Beside a running service, or without one.

Only the journal tells the service; it looks there every ten seconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.operate.records import journal_in
from gateway.spool import files
from gateway.spool.database import Database
from gateway.spool.held import Held
from gateway.spool.job import JobId, State, is_job_id
from gateway.spool.journal import Journal

RETRIED: Final = "a person said retry"
DROPPED: Final = "a person said drop"


class UndecidableError(Exception):
    """The scan does not wait for anybody's word; the sentence says in which state it is and what helps."""


class UnknownJobError(Exception):
    """There is no such scan; the sentence names it."""


@contextmanager
def _writing(state: Path) -> Iterator[tuple[Journal, Held]]:
    database = Database(journal_in(state))
    try:
        journal = Journal(database)
        yield journal, Held(journal)
    finally:
        database.close()


def retry(state: Path, named: str) -> None:
    """Make a held or deferred scan due now.

    Raises UnknownJobError, UndecidableError, NothingYetError, JournalError, sqlite3.Error.
    """
    with _writing(state) as (journal, held):
        job_id = _known(journal, named)
        if not held.release(job_id, time.time(), RETRIED):
            raise UndecidableError(_why_not(journal, job_id))


def drop(state: Path, named: str) -> Path:
    """End a held or deferred scan, and put its files aside; return where they are. Nobody else is told.

    Said again after a crash it finishes what was begun. Raises as ``retry``, and OSError.
    """
    spool = state / "spool"
    with _writing(state) as (journal, held):
        job_id = _known(journal, named)
        if not held.drop(job_id, time.time(), DROPPED):
            job = journal.job(job_id)
            if job is None or job.state is not State.FAILED or job.reason != DROPPED:
                raise UndecidableError(_why_not(journal, job_id))
        # The journal first: killed between the two, the next start of the service moves it.
        return files.move_aside(spool / "jobs" / job_id, spool / "failed")


def _known(journal: Journal, named: str) -> JobId:
    job_id = JobId(named)
    if not is_job_id(named) or journal.job(job_id) is None:
        raise UnknownJobError(f"there is no job {named}; scangate queue lists them")
    return job_id


def _why_not(journal: Journal, job_id: JobId) -> str:
    job = journal.job(job_id)
    match None if job is None else job.state:
        case State.ACCEPTED | State.READY:
            return f"{job_id} is on its way and goes by itself; scangate show {job_id} tells more"
        case State.SENDING:
            return f"{job_id} is being sent; wait for its end, or start the service if it was stopped on the way"
        case State.SENT | State.JOINED:
            return f"{job_id} has been sent"
        case _:
            return f"{job_id} has ended; its files are kept, and it can be scanned again"
