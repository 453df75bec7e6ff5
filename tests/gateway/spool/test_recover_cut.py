"""A start that is killed while it adopts: the next one comes to the same end."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.spool.database import Database
from gateway.spool.job import State


class KilledError(BaseException):
    """Stands for a kill: nothing of ours handles it."""


@contextlib.contextmanager
def _killed_after(monkeypatch: pytest.MonkeyPatch, commits: int) -> Iterator[None]:
    """Let the process end when so many transactions are on disk; it does not when there are fewer."""
    whole, done = Database.transaction, 0

    @contextlib.contextmanager
    def counted(self: Database, **given: Any) -> Iterator[Any]:
        nonlocal done
        with whole(self, **given) as db:
            yield db
        done += 1
        if done == commits:
            raise KilledError

    with monkeypatch.context() as patched, contextlib.suppress(KilledError):
        patched.setattr(Database, "transaction", counted)
        yield


@pytest.mark.parametrize("commits", [1, 2, 3])
def test_a_damaged_scan_is_quarantined_whenever_the_start_is_killed(box, monkeypatch, commits):
    """A scan whose stored bytes are not those that arrived is never left for sending by a start that was cut short."""
    damaged = box.commit().id
    (box.spool.jobs / damaged / "original" / "0001").write_bytes(b"scam")
    with _killed_after(monkeypatch, commits):
        box.recover()
    box.recover()
    job = box.journal.job(damaged)
    assert (job.state, job.pending) == (State.QUARANTINE, ())
    assert "0001" in job.reason
    assert (box.spool.quarantine / damaged).is_dir()


@pytest.mark.parametrize("commits", [1, 2, 3])
def test_a_failed_scan_stays_failed_whenever_the_start_is_killed(box, monkeypatch, commits):
    """A failed scan that a new journal does not know is told as failed, not as one whose directory is gone."""
    failed = box.commit().id
    (box.spool.jobs / failed).rename(box.spool.failed / failed)
    with _killed_after(monkeypatch, commits):
        box.recover()
    box.recover()
    job = box.journal.job(failed)
    assert (job.state, job.pending) == (State.FAILED, ())
    assert (box.spool.failed / failed).is_dir()
