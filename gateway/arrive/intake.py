"""What both doors share: the services a door needs, and the room that must be left before it takes a scan."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

from conf.model import Config
from gateway.arrive.reserve import has_room_for
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.batches import Batches
from gateway.spool.database import JournalError
from gateway.spool.envelope import Envelope
from gateway.spool.files import Finished, Spool
from gateway.spool.job import JobId, State
from gateway.spool.journal import Journal
from gateway.spool.repeats import Repeats

_THREADS: Final = 4
"""Made as they are needed: so many blocks of large mails are written at once."""

_ENTRIES: Final = 64
_LINGER_S: Final = 0.02
"""A job is entered so long after its mail's 250, with those that come meanwhile: each transaction writes some ten pages
(0.3 ms of a PC's processor), and the next mail would wait for the interpreter meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed mail that the journal does not know yet."""

    envelope: Envelope
    then: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Intake:
    """What a door works with; ``poke`` tells the next station that a job waits, as a hint.

    ``repeats`` are the mails taken of late, to be asked and added to under ``repeats_lock``. ``threads`` write blocks
    of mails and do nothing else: those of asyncio may all wait for shares on a server that is gone.
    """

    config: Config
    spool: Spool
    journal: Journal
    poke: Callable[[], None]
    repeats: Repeats
    repeats_lock: threading.Lock = field(default_factory=threading.Lock)
    threads: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, _THREADS, "mails"))
    entries: Batches[Entry] = field(init=False)

    def __post_init__(self) -> None:
        """Make the thread that enters mails; it starts with the first."""
        object.__setattr__(self, "entries", Batches(self._enter_all, "entries", _ENTRIES, _LINGER_S))

    def stop(self) -> None:
        """Return when all that was begun is written, and end the threads."""
        self.threads.shutdown()
        self.entries.stop()

    def has_room(self, size_bytes: int = 0, *, is_here: bool = False) -> bool:
        """Tell whether a scan of this size leaves the reserve free: the mail made of it may be 1.4 times as large.

        ``is_here``: it lies on this disk already, in a share. Then less will do (``reserve.has_room_for``).
        """
        free_bytes, reserve_bytes = files.free_bytes(self.spool), self.config.gateway.free_space
        if not is_here:
            return free_bytes > reserve_bytes + 2 * size_bytes
        rooms = [
            has_room_for(size_bytes=size_bytes, free_bytes=free_bytes, reserve_bytes=reserve_bytes, is_first=is_first)
            for is_first in (False, True)
        ]
        return rooms[0] or (rooms[1] and self._is_first())

    def _is_first(self) -> bool:
        """Tell whether no scan waits to become a mail, for which room will be needed."""
        try:
            return not self.journal.jobs((State.ACCEPTED,), 1)
        except (sqlite3.Error, JournalError):
            return False

    def commit_all(self, finished: Sequence[Finished]) -> Sequence[Exception | None]:
        """Commit drafts; return for each what went wrong with it. Those that went well have to be entered.

        Of the others nothing was promised, and they are gone.
        """
        try:
            errors: Sequence[Exception | None] = files.commit_all(self.spool, finished)
        except Exception as error:  # noqa: BLE001  whatever it is, nobody was promised anything
            errors = [error] * len(finished)
        for one, wrong in zip(finished, errors, strict=True):
            if wrong is not None:
                files.discard(self.spool, one.draft)
        return errors

    def enter(self, envelope: Envelope, then: Callable[[], None]) -> None:
        """Enter a committed job in the journal in a moment, with those that come meanwhile; ``then`` is called after.

        What is entered is not waited for; until then the job is known by its directory, as after a stop.
        """
        self.entries.put(Entry(envelope, then))

    def _enter_all(self, entries: Sequence[Entry]) -> None:
        try:
            self._admit([entry.envelope for entry in entries])
        except Exception as error:  # noqa: BLE001  each is ours, and adopted; the thread has to serve the next
            log(Event.LOCAL_FAULT, reason=f"journal: {error!r}")
        finally:
            for entry in entries:
                entry.then()

    def admit(self, envelope: Envelope) -> None:
        """Enter a committed job in the journal, and poke the next station.

        The job is ours whether or not the journal takes it: what it refuses now (disk full) is adopted later.
        """
        self._admit([envelope])

    def _admit(self, envelopes: Sequence[Envelope]) -> None:
        try:
            self.journal.admit_all(envelopes, time.time())
            for envelope in envelopes:
                log(
                    Event.JOB_ACCEPTED,
                    envelope.id,
                    origin=str(envelope.origin),
                    client=envelope.origin.client or None,
                    recipients=len(envelope.recipients),
                    size_bytes=envelope.size_bytes,
                )
        except (sqlite3.Error, JournalError) as error:
            for envelope in envelopes:
                log(Event.LOCAL_FAULT, envelope.id, reason=f"journal: {error}")
        finally:
            self.spool.in_hand.difference_update(envelope.id for envelope in envelopes)
        self.poke()


def now_utc() -> datetime:
    """Return the wall clock's time, whole seconds: as precise as the Date header it becomes."""
    return datetime.fromtimestamp(int(time.time()), UTC)


def message_id(job_id: JobId, config: Config) -> str:
    """Return the Message-ID of a job's mail: fixed with the job id, in the sender's domain."""
    return f"{job_id}@{config.sender.address.rpartition('@')[2]}"


def is_out_of_room(error: OSError) -> bool:
    """Tell whether a fault means that the disk is full."""
    return error.errno in files.FULL
