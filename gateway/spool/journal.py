"""What has happened to each job: its state, its recipients' fates, its attempts, its history.

Every method is a transaction of its own, on disk when it returns, but for mails in ``admit_all``. Times are seconds
since 1970 (UTC).
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from conf.model import Address
from gateway.spool.database import Database
from gateway.spool.envelope import Envelope, OriginKind
from gateway.spool.job import MOVES, OWED, Fate, Job, JobId, State
from gateway.spool.job_rows import COLUMNS, jobs_of


class WrongMoveError(Exception):
    """A job was asked to make a move that MOVES does not have: a fault of ours, never of a scan."""


class Journal:
    """The jobs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """The database, which holds more than the jobs."""
        return self._database

    def admit(
        self,
        envelope: Envelope,
        now: float,
        state: State = State.ACCEPTED,
        *,
        size_bytes: int = 0,
        is_uncertain: bool = False,
    ) -> bool:
        """Enter a committed job; False, and no change, when it is there already."""
        with self._database.transaction() as db:
            return _admit(db, envelope, now, state, size_bytes=size_bytes, is_uncertain=is_uncertain)

    def admit_ended(
        self, envelope: Envelope, now: float, state: State, reason: str, *, is_uncertain: bool = False
    ) -> None:
        """Enter a committed job that has come to a bad end, in one transaction: killed between, it would be owed."""
        with self._database.transaction() as db:
            if _admit(db, envelope, now, State.ACCEPTED, is_uncertain=is_uncertain):
                self._fail_pending(db, envelope.id, now, reason, state)

    def admit_all(self, envelopes: Sequence[Envelope], now: float) -> None:
        """Enter committed jobs in one transaction, all or none; those that are there already stay as they are.

        Mails are not waited for: a row that a power cut takes is adopted from its directory, and reaches the disk with
        the next step of any job. That of a share's file is, since without it a start asks what the share still holds.
        """
        is_flushed = any(envelope.origin.kind is not OriginKind.SMTP for envelope in envelopes)
        with self._database.transaction(is_flushed=is_flushed) as db:
            for envelope in envelopes:
                _admit(db, envelope, now, State.ACCEPTED)

    def admit_wreck(self, job_id: JobId, now: float, reason: str) -> None:
        """Enter a job directory that cannot be understood, as quarantined; it has no recipients."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO job (id, state, created_at, changed_at, origin, size_bytes, reason)"
                " VALUES (?, ?, ?, ?, 'unknown/unknown', 0, ?)",
                (job_id, State.QUARANTINE, now, now, reason),
            )
            _note(db, job_id, now, State.QUARANTINE, reason)

    def move(
        self, job_id: JobId, to: State, now: float, *, reason: str = "", next_try_at: float = 0.0, attempts: int = 0
    ) -> None:
        """Move a job to a state; ``attempts`` is added to its count. Raises WrongMoveError; KeyError if unknown."""
        with self._database.transaction() as db:
            self._move(db, job_id, to, now, reason=reason, next_try_at=next_try_at, attempts=attempts)

    def begin_sending(self, job_id: JobId, now: float, upstream: str, recipients: Iterable[Address]) -> None:
        """Move a job to sending, and note through which upstream these recipients are about to get it."""
        with self._database.transaction() as db:
            self._move(db, job_id, State.SENDING, now, reason="", next_try_at=0.0, attempts=0)
            query = "UPDATE recipient SET upstream = ? WHERE job = ? AND address = ? AND fate = 'pending'"
            db.executemany(query, [(upstream, job_id, address) for address in recipients])

    def _move(
        self,
        db: sqlite3.Connection,
        job_id: JobId,
        to: State,
        now: float,
        *,
        reason: str,
        next_try_at: float,
        attempts: int,
    ) -> None:
        found = db.execute("SELECT state FROM job WHERE id = ?", (job_id,)).fetchone()
        if found is None:
            raise KeyError(job_id)
        if to not in MOVES[State(found[0])]:
            raise WrongMoveError(f"{job_id}: {found[0]} does not go to {to.value}")
        db.execute(
            "UPDATE job SET state = ?, changed_at = ?, reason = ?, next_try_at = ?, attempts = attempts + ?"
            " WHERE id = ?",
            (to, now, reason, next_try_at, attempts, job_id),
        )
        _note(db, job_id, now, to, reason)

    def make_ready(self, job_id: JobId, now: float, pages: int, size_bytes: int, title: str = "") -> None:
        """Move a normalised job to ready, with its page count, the size of its message, and a title if it had none."""
        with self._database.transaction() as db:
            self._move(db, job_id, State.READY, now, reason="", next_try_at=now, attempts=0)
            db.execute("UPDATE job SET pages = ?, size_bytes = ? WHERE id = ?", (pages, size_bytes, job_id))
            db.execute("UPDATE job SET title = ? WHERE id = ? AND title = ''", (title, job_id))

    def record(
        self, job_id: JobId, upstream: str, fates: Mapping[Address, tuple[Fate, str]], sent_at: float | None = None
    ) -> None:
        """Write what became of recipients of a job through an upstream: fate and the reply, in one transaction.

        With ``sent_at`` a job that by this has been sent to every recipient moves to its end in the same transaction.
        """
        with self._database.transaction() as db:
            db.executemany(
                "UPDATE recipient SET fate = ?, upstream = ?, reply = ?"
                " WHERE job = ? AND address = ? AND fate = 'pending'",
                [(fate, upstream, reply, job_id, address) for address, (fate, reply) in fates.items()],
            )
            if sent_at is not None and _is_just_sent(db, job_id):
                self._move(db, job_id, State.SENT, sent_at, reason="", next_try_at=0.0, attempts=0)

    def fail_pending(self, job_id: JobId, now: float, reason: str, state: State = State.FAILED) -> None:
        """End a job for every recipient that still waits, with the reason, in one transaction."""
        with self._database.transaction() as db:
            self._fail_pending(db, job_id, now, reason, state)

    def _fail_pending(self, db: sqlite3.Connection, job_id: JobId, now: float, reason: str, state: State) -> None:
        ends = "UPDATE recipient SET fate = 'failed', reply = ?, upstream = '' WHERE job = ? AND fate = 'pending'"
        db.execute(ends, (reason, job_id))
        self._move(db, job_id, state, now, reason=reason, next_try_at=0.0, attempts=0)

    def mark_told(self, job_id: JobId) -> None:
        """Note that of this job's failure all was told that is to be."""
        with self._database.transaction() as db:
            db.execute("UPDATE job SET is_told = 1 WHERE id = ?", (job_id,))

    def mark_unshown(self, job_id: JobId) -> None:
        """Note that whoever is told of this job's failure by mail was told, and that its share has still to show it."""
        with self._database.transaction() as db:
            db.execute("UPDATE job SET is_told = 2 WHERE id = ?", (job_id,))

    def mark_uncertain(self, job_id: JobId, now: float, reason: str) -> None:
        """Note that this job may have been taken without our knowing, so that the next attempt may double it."""
        with self._database.transaction() as db:
            db.execute("UPDATE job SET is_uncertain = 1 WHERE id = ?", (job_id,))
            _note(db, job_id, now, State.SENDING, reason)

    def job(self, job_id: JobId) -> Job | None:
        """Return a job, or None when the journal does not know it."""
        return next(iter(self._jobs("WHERE id = ?", (job_id,))), None)

    def due(self, states: Iterable[State], now: float, limit: int, but: Iterable[str] = ()) -> list[Job]:
        """Return jobs in these states whose next try has come, longest due first, at most ``limit``.

        ``but``: without those of these origins.
        Deferred jobs due at the same instant, those of one paused upstream, come in no order: the one whose own mail
        is what the upstream cannot bear must not be its probe every time.
        """
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        order = "next_try_at, CASE state WHEN 'deferred' THEN random() ELSE 0 END, id"
        left_out = tuple(but)
        others = f"origin NOT IN ({','.join('?' * len(left_out))})" if left_out else "true"
        query = f"WHERE state IN ({marks}) AND next_try_at <= ? AND {others} ORDER BY {order} LIMIT ?"
        return self._jobs(query, (*wanted, now, *left_out, limit))

    def untold(self, limit: int) -> list[Job]:
        """Return failed and quarantined jobs of whose failure nobody was told yet, oldest first.

        Without those that only their share has still to show: see ``unshown``.
        """
        return self._jobs("WHERE state IN ('failed', 'quarantine') AND is_told = 0 ORDER BY id LIMIT ?", (limit,))

    def unshown(self, origin: str, limit: int) -> list[Job]:
        """Return the jobs of one door that its share has still to show, oldest first."""
        query = "WHERE origin = ? AND state IN ('failed', 'quarantine') AND is_told = 2 ORDER BY id LIMIT ?"
        return self._jobs(query, (origin, limit))

    def forget(self, job_id: JobId) -> None:
        """Forget a job that has come to its end, with its history; its directory is gone."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM job WHERE id = ? AND state IN ('failed', 'sent')", (job_id,))

    def next_due_at(self, states: Iterable[State]) -> float | None:
        """Return when the next job in these states is due; None when there is none."""
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        return self._database.rows(f"SELECT min(next_try_at) FROM job WHERE state IN ({marks})", wanted)[0][0]  # type: ignore[no-any-return]  # noqa: S608

    def jobs(self, states: Iterable[State] = OWED, limit: int = 1000) -> list[Job]:
        """Return the jobs in these states, newest first."""
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        return self._jobs(f"WHERE state IN ({marks}) ORDER BY id DESC LIMIT ?", (*wanted, limit))

    def of_origin(self, origin: str, limit: int, but: Iterable[str] = ()) -> list[Job]:
        """Return the last jobs that came through one door (``share/scans``), newest first.

        ``but``: without those that failed for one of these reasons.
        """
        left_out = tuple(but)
        marks = ",".join("?" * len(left_out))
        query = f"WHERE origin = ? AND NOT (state = 'failed' AND reason IN ({marks})) ORDER BY id DESC LIMIT ?"
        return self._jobs(query, (origin, *left_out, limit))

    def owed_of(self, origin: str) -> tuple[int, float | None]:
        """Return how many jobs of one door are owed, and when the oldest of them arrived."""
        owed = tuple(sorted(OWED))
        marks = ",".join("?" * len(owed))
        query = f"SELECT count(*), min(created_at) FROM job WHERE origin = ? AND state IN ({marks})"  # noqa: S608
        ((count, oldest_at),) = self._database.rows(query, (origin, *owed))
        return count, oldest_at

    def changed_since(self, at: float, states: Iterable[State]) -> list[Job]:
        """Return the jobs in these states that came into them at or after a time, oldest first."""
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        return self._jobs(f"WHERE state IN ({marks}) AND changed_at >= ? ORDER BY id", (*wanted, at))

    def clamp(self, now: float, longest_s: float, state: State | Literal["%"] = "%") -> None:
        """Make due what waits for a time further off than any wait may be: the clock was wrong when it was set."""
        query = "UPDATE job SET next_try_at = ? WHERE next_try_at > ? AND state LIKE ?"
        with self._database.transaction() as db:
            db.execute(query, (now, now + longest_s, state))

    def _jobs(self, query: str, values: Iterable[Any]) -> list[Job]:
        return jobs_of(self._database, f"{COLUMNS} {query}", values)

    def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state, states without jobs included."""
        found = dict(self._database.rows("SELECT state, count(*) FROM job GROUP BY state"))
        return {state: found.get(state.value, 0) for state in State}

    def steps(self) -> int:
        """Return how many steps the histories of all jobs have: while this stays the same, nothing has moved."""
        return int(self._database.rows("SELECT count(*) FROM history")[0][0])

    def history(self, job_id: JobId) -> list[tuple[float, State, str]]:
        """Return when a job came into which state, and why, oldest first."""
        rows = self._database.rows("SELECT at, state, detail FROM history WHERE job = ? ORDER BY at, rowid", (job_id,))
        return [(at, State(state), detail) for at, state, detail in rows]


def _admit(
    db: sqlite3.Connection,
    envelope: Envelope,
    now: float,
    state: State,
    *,
    size_bytes: int = 0,
    is_uncertain: bool = False,
) -> bool:
    facts = (envelope.arrived_at.timestamp(), now, str(envelope.origin), envelope.title)
    entered = db.execute(
        "INSERT OR IGNORE INTO job (id, state, created_at, changed_at, origin, title, size_bytes, is_uncertain)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (envelope.id, state, *facts, size_bytes or envelope.size_bytes, is_uncertain),
    )
    if entered.rowcount == 0:
        return False
    db.executemany(
        "INSERT INTO recipient (job, place, address, fate) VALUES (?, ?, ?, ?)",
        [(envelope.id, place, address, Fate.PENDING) for place, address in enumerate(envelope.recipients)],
    )
    _note(db, envelope.id, now, state, "adopted after a restart" if is_uncertain else "")
    return True


def _is_just_sent(db: sqlite3.Connection, job_id: JobId) -> bool:
    """Tell whether every recipient has it, and the job does not stand as sent yet."""
    query = "SELECT state != 'sent' AND (SELECT min(fate = 'sent') FROM recipient WHERE job = id) FROM job WHERE id = ?"
    return bool(db.execute(query, (job_id,)).fetchone() == (1,))


def _note(db: sqlite3.Connection, job_id: JobId, now: float, state: State, detail: str) -> None:
    db.execute("INSERT INTO history (job, at, state, detail) VALUES (?, ?, ?, ?)", (job_id, now, state, detail))
