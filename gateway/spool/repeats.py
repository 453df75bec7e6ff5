"""Which mails of which client were taken of late, so that a mail sent again is known after a restart too.

Kept in the journal's database, only for listeners with ``repeats``. Times are seconds since 1970 (UTC).
"""

from gateway.spool.database import Database
from gateway.spool.job import JobId


class Repeats:
    """What was taken, of one database; ``digest`` stands for a mail and whom it is for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def taken(self, client: str, digest: str, window_s: float, now: float) -> JobId | None:
        """Return the job as which this was taken within the last ``window_s``; None when it was not.

        What is noted for a time to come was noted by a clock that was wrong, and counts for nothing.
        """
        rows = self._database.rows(
            "SELECT job FROM taken WHERE client = ? AND digest = ? AND at > ? AND at <= ?",
            (client, digest, now - window_s, now),
        )
        return JobId(rows[0][0]) if rows else None

    def note(self, client: str, digest: str, job_id: JobId, window_s: float, now: float) -> None:
        """Note what was taken as which job, and forget what no window holds any more."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM taken WHERE until <= ? OR at > ?", (now, now))
            db.execute(
                "INSERT OR REPLACE INTO taken (client, digest, job, at, until) VALUES (?, ?, ?, ?, ?)",
                (client, digest, job_id, now, now + window_s),
            )
