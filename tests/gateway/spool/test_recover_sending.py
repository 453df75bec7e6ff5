"""After a stop in the state sending: uncertain is only what is."""

import sqlite3
import time
from pathlib import Path

import pytest

from conf.model import Address
from gateway.spool import files
from gateway.spool.database import DamagedJournalError, Database
from gateway.spool.job import Fate, State
from gateway.spool.journal import Journal
from gateway.spool.recover import recover
from tests.gateway.deliver.given import OFFICE, put_job


@pytest.mark.parametrize(
    ("fate", "state"), [(Fate.SENT, State.SENT), (Fate.FAILED, State.FAILED), (Fate.PENDING, State.DEFERRED)]
)
def test_a_recorded_reply_is_believed(tmp_path: Path, fate: Fate, state: State):
    """A job whose replies are all recorded ends as they say; one with a recipient left is uncertain and goes on."""
    spool = files.open_spool(tmp_path)
    database = Database(tmp_path / "journal.db")
    journal = Journal(database)
    job_id = put_job(spool, journal, (Address(OFFICE),))
    journal.move(job_id, State.SENDING, time.time())
    if fate is not Fate.PENDING:
        journal.record(job_id, "direct", {Address(OFFICE): (fate, "said")})
    recover(spool, journal, time.time(), is_rebuilt=False)
    job = journal.job(job_id)
    assert job is not None
    assert (job.state, job.is_uncertain) == (state, fate is Fate.PENDING)
    assert (spool.jobs / job_id).is_dir() is (state is State.DEFERRED)
    database.close()


def test_damage_found_at_run_time_is_no_passing_fault(tmp_path: Path):
    """A journal whose pages are overwritten while it is open says so: the service ends, and the next start rebuilds."""
    path = tmp_path / "journal.db"
    database = Database(path)
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    other = Database.__new__(Database)
    other.path, other._lock = path, database._lock
    other._db = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(DamagedJournalError, match="is damaged"):
        Journal(other).jobs()
    other._db.close()
    database.close()
