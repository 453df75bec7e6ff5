"""A job as the journal's tables hold it: one row, and one for each recipient."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from conf.model import Address
from gateway.spool.database import Database
from gateway.spool.job import Fate, Job, JobId, Recipient, State

COLUMNS: Final = (
    "SELECT id, state, created_at, changed_at, origin, title, attempts, next_try_at, reason, is_told, is_uncertain,"
    " size_bytes, pages FROM job"
)
_IDS_A_QUERY: Final = 500  # SQLite takes 32,766 values in one query, 999 before version 3.32


def jobs_of(database: Database, query: str, values: Iterable[Any]) -> list[Job]:
    """Return the jobs that a query beginning with ``COLUMNS`` finds, with their recipients, in its order."""
    rows = database.rows(query, values)
    recipients = _recipients(database, [row[0] for row in rows])
    return [
        Job(
            id=row[0],
            state=State(row[1]),
            created_at=row[2],
            changed_at=row[3],
            origin=row[4],
            title=row[5],
            attempts=row[6],
            next_try_at=row[7],
            reason=row[8],
            is_told=row[9] == 1,
            is_uncertain=bool(row[10]),
            size_bytes=row[11],
            pages=row[12],
            recipients=tuple(recipients.get(row[0], ())),
        )
        for row in rows
    ]


def _recipients(database: Database, job_ids: Sequence[JobId]) -> dict[JobId, list[Recipient]]:
    """Return the recipients of jobs, each in its order; by one query for many jobs."""
    found: dict[JobId, list[Recipient]] = {}
    for begin in range(0, len(job_ids), _IDS_A_QUERY):
        some = job_ids[begin : begin + _IDS_A_QUERY]
        marks = ",".join("?" * len(some))
        query = f"SELECT job, address, fate, upstream, reply FROM recipient WHERE job IN ({marks}) ORDER BY job, place"  # noqa: S608
        for job_id, address, fate, upstream, reply in database.rows(query, some):
            found.setdefault(job_id, []).append(Recipient(Address(address), Fate(fate), upstream, reply))
    return found
