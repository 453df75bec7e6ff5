"""The journal as the command line sees it: read-only, beside a running service, and as JSON."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.spool.database import Database
from gateway.spool.job import OWED, Job
from gateway.spool.journal import Journal
from gateway.spool.traffic import Traffic


class NothingYetError(Exception):
    """There is no journal to read; the sentence says what to do."""


@contextmanager
def reading(state: Path) -> Iterator[tuple[Journal, Traffic]]:
    """Open the journal of a state directory for reading. Raises NothingYetError, JournalError, sqlite3.Error."""
    database = Database(journal_in(state), read_only=True)
    try:
        yield Journal(database), Traffic(database)
    finally:
        database.close()


def journal_in(state: Path) -> Path:
    """Return the journal of a state directory, which is there. Raises NothingYetError."""
    path = state / "journal.db"
    try:
        is_there = path.is_file()
    except PermissionError as error:
        raise NothingYetError(f"{path} cannot be read: run this as the service's user, or with sudo") from error
    if not is_there:
        raise NothingYetError(f"{path} does not exist: the service has not run with this configuration yet")
    return path


def moment(at: float) -> str:
    """Return a time as it stands in lists: local, to the second."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(seconds: float) -> str:
    """Return a duration as it stands in lists: ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    for limit, unit_s, unit in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def as_json(job: Job, lifetime_s: float | None = None) -> dict[str, Any]:
    """Return a job as JSON has it: every field of the record, times in ISO 8601 (UTC).

    With ``lifetime_s`` also ``given_up_at``, when a job that is owed fails at the latest.
    """
    fields: dict[str, Any] = asdict(job)
    if lifetime_s is not None and job.state in OWED:
        fields["given_up_at"] = datetime.fromtimestamp(job.created_at + lifetime_s, UTC).isoformat()
    for key in ("created_at", "changed_at", "next_try_at"):
        at = fields[key]
        fields[key] = datetime.fromtimestamp(at, UTC).isoformat() if at else None
    return fields


def age_s(job: Job) -> float:
    """Return the seconds since a job arrived."""
    return max(time.time() - job.created_at, 0.0)
