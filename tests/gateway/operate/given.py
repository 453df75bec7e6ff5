"""A journal with one job of each kind, and ways to look at it as an operator does."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from conf.model import Address
from gateway.spool import files
from gateway.spool.database import Database
from gateway.spool.files import Spool
from gateway.spool.job import Fate, JobId, State
from gateway.spool.journal import Journal
from gateway.spool.traffic import Traffic
from tests.gateway.deliver.given import MESSAGE, OFFICE, put_job

LONG_REPLY = "550 5.7.606 Access denied, banned sending IP [203.0.113.7]. To request removal visit the portal. " * 3
LONG_NAME = "Scan of a contract with a name that is far too long for any list in eighty columns.pdf"


@dataclass(frozen=True, slots=True)
class Desk:
    """An open state directory."""

    state: Path
    spool: Spool
    journal: Journal
    traffic: Traffic

    def job(self, *, message: bytes | None = MESSAGE, name: str = "scan.pdf") -> JobId:
        """A job that is ready, or just accepted when it has no message."""
        return put_job(self.spool, self.journal, (OFFICE, Address("bob@contoso.com")), message, name=name)

    def sent(self) -> JobId:
        """A job that was sent."""
        job_id = self.job()
        fates = {OFFICE: (Fate.SENT, "250 ok"), Address("bob@contoso.com"): (Fate.SENT, "250 ok")}
        self.journal.record(job_id, "direct", fates)
        self.journal.move(job_id, State.SENT, time.time())
        return job_id

    def deferred(self, reason: str = LONG_REPLY) -> JobId:
        """A job that waits for its next try."""
        job_id = self.job(name=LONG_NAME)
        next_try_at = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC).timestamp()
        self.journal.move(job_id, State.DEFERRED, time.time(), reason=reason, next_try_at=next_try_at, attempts=3)
        return job_id

    def failed(self, state: State = State.FAILED) -> JobId:
        """A job that has failed for one of its recipients."""
        job_id = self.job()
        self.journal.record(job_id, "direct", {OFFICE: (Fate.SENT, "250 ok")})
        self.journal.fail_pending(job_id, time.time(), "550 5.1.1 no such mailbox", state)
        return job_id


@contextmanager
def desk(state: Path) -> Iterator[Desk]:
    """A new state directory, open for writing."""
    state.mkdir(parents=True, exist_ok=True)
    database = Database(state / "journal.db")
    try:
        yield Desk(state, files.open_spool(state), Journal(database), Traffic(database))
    finally:
        database.close()


def console(width: int = 80) -> Console:
    """A console as on a terminal of this width, whose output is kept."""
    return Console(file=io.StringIO(), width=width, highlight=False, markup=False, force_terminal=False)


def printed(on: Console) -> str:
    """What was printed on it."""
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()
