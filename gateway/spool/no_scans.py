"""Which jobs failed for what is no scan, so that they can be counted, and need not be kept for ever."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.spool.database import Database
from gateway.spool.envelope import OriginKind
from gateway.spool.job import JobId


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has come to its end, as far as it matters for how long it is kept: when, and its size."""

    id: JobId
    changed_at: float
    size_bytes: int


def told(database: Database, door: OriginKind, reasons: Iterable[str]) -> list[Ended]:
    """Return the jobs of a kind of door that failed for one of these reasons, all being told, newest first."""
    wanted = tuple(reasons)
    query = (
        "SELECT id, changed_at, size_bytes FROM job WHERE state = 'failed' AND is_told = 1"  # noqa: S608
        f" AND origin LIKE ? AND reason IN ({_marks(wanted)}) ORDER BY id DESC"
    )
    rows = database.rows(query, (f"{door}/%", *wanted))
    return [Ended(JobId(job), at, size_bytes) for job, at, size_bytes in rows]


def counted(database: Database, origin: str, reasons: Iterable[str]) -> tuple[int, JobId | None]:
    """Return how many jobs of one door (``share/scans``) failed for one of these reasons, and the last of them."""
    wanted = tuple(reasons)
    query = f"SELECT count(*), max(id) FROM job WHERE origin = ? AND state = 'failed' AND reason IN ({_marks(wanted)})"  # noqa: S608
    ((count, last),) = database.rows(query, (origin, *wanted))
    return count, None if last is None else JobId(last)


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
