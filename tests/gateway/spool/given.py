"""A gateway's state directory, opened as the service opens it, with ways to put jobs in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from conf.model import Address, Config
from gateway.arrive.folder import resume_claims
from gateway.arrive.intake import Intake
from gateway.spool import files, recover
from gateway.spool.database import Database
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import JobId, State
from gateway.spool.journal import Journal
from gateway.spool.repeats import Repeats
from tests.conf.given import made

NOW = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
NOW_S = NOW.timestamp()
OFFICE = Address("office@contoso.com")


def config(root: Path, **tables: Any) -> Config:
    """A right configuration: a share in ``root/share``, a listener on any port, and a Maildir to send to."""
    written: dict[str, Any] = {
        "gateway": {"state": root / "state", "free_space": "1 kB"},
        "sender": {"address": "scanner@contoso.com", "name": "Scanner"},
        "upstream": [{"method": "maildir", "path": root / "mailbox"}],
        "share": [{"name": "scans", "path": root / "share", "to": [OFFICE]}],
        "smtp": [{"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}],
    }
    return made(Config, {**written, **tables})


def envelope(job_id: str = "20261123T090257Z-k7q2", **changed: Any) -> Envelope:
    """The envelope of one scan from the share, or as changed."""
    facts: dict[str, Any] = {
        "id": JobId(job_id),
        "arrived_at": NOW,
        "origin": Origin(OriginKind.SHARE, "scans"),
        "sender": None,
        "recipients": (OFFICE,),
        "originals": (Original("0001", "scan.pdf", 4, sha256(b"scan").hexdigest()),),
        "message_id": f"{job_id}@contoso.com",
    }
    return Envelope(**{**facts, **changed})


@dataclass(frozen=True, slots=True)
class Box:
    """The opened state directory of a configuration."""

    config: Config
    spool: Spool
    database: Database
    journal: Journal
    is_rebuilt: bool

    @property
    def intake(self) -> Intake:
        """What a door works with."""
        return Intake(self.config, self.spool, self.journal, lambda: None, Repeats(self.database))

    def commit(self, contents: bytes = b"scan", **changed: Any) -> Envelope:
        """Commit a job with one original, which the journal does not know yet and nobody has in hand."""
        draft = files.begin(self.spool, NOW)
        (draft.originals / "0001").write_bytes(contents)
        original = Original("0001", "scan.pdf", len(contents), sha256(contents).hexdigest())
        committed = envelope(draft.id, **{"originals": (original,), **changed})
        files.commit(self.spool, draft, committed)
        self.spool.in_hand.discard(draft.id)
        return committed

    def admit(self, state: State = State.ACCEPTED, contents: bytes = b"scan", **changed: Any) -> JobId:
        """Commit a job, enter it in the journal, and lead it to a state by moves that exist."""
        committed = self.commit(contents, **changed)
        self.journal.admit(committed, NOW_S)
        for step in _WAYS[state]:
            self.journal.move(committed.id, step, NOW_S)
        return committed.id

    def recover(self) -> None:
        """Do what the service does at its start."""
        resume_claims(self.spool, self.journal, self.config.share)
        recover.recover(self.spool, self.journal, NOW_S, is_rebuilt=self.is_rebuilt)

    def state_of(self, job_id: JobId) -> State:
        """The state of a job that the journal knows."""
        job = self.journal.job(job_id)
        assert job is not None
        return job.state


_WAYS: dict[State, tuple[State, ...]] = {
    State.ACCEPTED: (),
    State.READY: (State.READY,),
    State.SENDING: (State.READY, State.SENDING),
    State.DEFERRED: (State.READY, State.DEFERRED),
    State.HELD: (State.READY, State.SENDING, State.HELD),
    State.SENT: (State.READY, State.SENDING, State.SENT),
    State.FAILED: (State.FAILED,),
    State.QUARANTINE: (State.QUARANTINE,),
    State.JOINED: (State.JOINED,),
}


@contextmanager
def opened(configured: Config) -> Iterator[Box]:
    """Open the state directory, as a start of the service does, and close it again."""
    state = configured.gateway.state
    state.mkdir(parents=True, exist_ok=True)
    for share in configured.share:
        share.path.mkdir(parents=True, exist_ok=True)
    spool = files.open_spool(state)
    found = recover.open_database(state, spool, NOW_S)
    try:
        yield Box(configured, spool, found.database, Journal(found.database), found.is_rebuilt)
    finally:
        found.database.close()
