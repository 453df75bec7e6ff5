"""Jobs that wait for a person's word: those held since they may have been taken already, and what was said of them.

Every method is a transaction of its own, on disk when it returns. Times are seconds since 1970 (UTC).
"""

import sqlite3
from typing import Final

from gateway.spool.job import Job, JobId, State
from gateway.spool.journal import Journal

RESENT: Final = "is sent again unchanged"
HELD: Final = "waits for your word: scangate retry JOB sends it again, scangate drop JOB ends it"
"""What is done with a mail that may have been taken, in the words of whoever reads the queue."""

_WAITING: Final = frozenset({State.DEFERRED, State.HELD})


class Held:
    """The held and deferred jobs of one journal, for the command line beside a running service, and for the telling."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def release(self, job_id: JobId, now: float, reason: str) -> bool:
        """Make a job due; False, and no change, when it does not wait: the service may be moving it on just now."""
        with self._journal.database.transaction() as db:
            return _end_wait(db, job_id, State.DEFERRED, now, reason, is_told=False)

    def drop(self, job_id: JobId, now: float, reason: str) -> bool:
        """End a job for good, and nobody is told: somebody knows. False, and no change, when it does not wait."""
        with self._journal.database.transaction() as db:
            if not _end_wait(db, job_id, State.FAILED, now, reason, is_told=True):
                return False
            query = "UPDATE recipient SET fate = 'failed', reply = ?, upstream = '' WHERE job = ? AND fate = 'pending'"
            db.execute(query, (reason, job_id))
        return True

    def untold(self, limit: int) -> list[tuple[Job, int]]:
        """Return held jobs of which nobody was told yet, oldest first, and for which time each is held."""
        query = "SELECT id FROM job WHERE state = 'held' AND is_told = 0 ORDER BY id LIMIT ?"
        found = (self._journal.job(JobId(row[0])) for row in self._journal.database.rows(query, (limit,)))
        return [(job, self._times(job.id)) for job in found if job is not None and job.state is State.HELD]

    def mark_told(self, job_id: JobId) -> None:
        """Note that it was told of a job that is held still: of one let go meanwhile a failure is yet to be told."""
        with self._journal.database.transaction() as db:
            db.execute("UPDATE job SET is_told = 1 WHERE id = ? AND state = 'held'", (job_id,))

    def _times(self, job_id: JobId) -> int:
        return sum(state is State.HELD for _, state, _ in self._journal.history(job_id))


def _end_wait(db: sqlite3.Connection, job_id: JobId, to: State, now: float, reason: str, *, is_told: bool) -> bool:
    found = db.execute("SELECT state FROM job WHERE id = ?", (job_id,)).fetchone()
    if found is None or State(found[0]) not in _WAITING:
        return False
    db.execute(
        "UPDATE job SET state = ?, changed_at = ?, reason = ?, next_try_at = ?, is_told = ? WHERE id = ?",
        (to, now, reason, now, is_told, job_id),
    )
    db.execute("INSERT INTO history (job, at, state, detail) VALUES (?, ?, ?, ?)", (job_id, now, to, reason))
    return True
