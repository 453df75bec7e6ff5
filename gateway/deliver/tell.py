"""The telling: of every failed scan a person hears, in the share it came from and by a notice, once.

A notice is a job like any other, born ready, with the null fate of never having a notice of its own. Each step may be
repeated after a crash: the notice has the failed job's id, and the share's file its ticket.
"""

import asyncio
import contextlib
import math
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conf.carry import domain_of, first_carrier, is_listed
from conf.model import Address, Config
from gateway.deliver import notice
from gateway.deliver.notice import Failure
from gateway.deliver.tidy import tidy
from gateway.events import Event, log
from gateway.spool import files, loop
from gateway.spool.database import JournalError
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Origin, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import Fate, Job, JobId, State, notice_id
from gateway.spool.journal import Journal
from gateway.spool.untold import UNTOLD
from hotfolder import failed, names
from hotfolder.settle import NOT_A_SCAN

_LOOK_S: Final = 30.0
_AT_ONCE: Final = 1000
_TIDY_S: Final = 3600.0
_MOVE_S: Final = 10.0


@dataclass(slots=True)
class Teller:
    """The station. ``wake`` is set when a job has failed; ``poke`` tells the delivery that a notice is ready."""

    config: Config
    spool: Spool
    journal: Journal
    wake: asyncio.Event
    poke: asyncio.Event
    _said: dict[JobId, str] = field(default_factory=dict)
    _tidied_s: float = -math.inf

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self.wake.clear()
            try:
                told = await asyncio.to_thread(self.tell_all)
                await asyncio.to_thread(self._tidy, is_fuller=told > 0)
            except (OSError, sqlite3.Error) as error:
                log(Event.LOCAL_FAULT, reason=f"telling: {error}")
                told = 0
            if told:
                self.poke.set()
                continue
            # Not wait_for: before Python 3.12 it swallows a stop that comes in the moment of a wake (measured 2026-11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self.wake.wait()

    def tell_all(self) -> int:
        """Tell of every failure nobody was told of; return how many. What cannot be told now is told later."""
        told = 0
        for job in self.journal.untold(_AT_ONCE):
            if self._is_moving(job):
                continue
            try:
                self._tell(job)
                told += 1
            except OSError as error:  # a share that is gone or full must not keep the others from being told
                if self._said.get(job.id) != str(error):  # once, not at every try
                    self._said[job.id] = str(error)
                    log(Event.LOCAL_FAULT, job.id, reason=f"telling: {error}")
            except (sqlite3.Error, JournalError):
                raise
            except Exception as error:  # noqa: BLE001  the one broad catch, around one job
                log(Event.LOCAL_FAULT, job.id, reason="telling", error=error)
        return told

    def _is_moving(self, job: Job) -> bool:
        """Tell whether whoever ended a job is just moving its directory aside, and pokes us when that is done.

        The journal has the end before the directory is where it stays; looked for in between, the file is in neither
        place, and its share would be told nothing. A move that failed is not waited for.
        """
        return (self.spool.jobs / job.id).is_dir() and 0 <= time.time() - job.changed_at < _MOVE_S

    def _tell(self, job: Job) -> None:
        directory = files.find(self.spool, job.id)
        envelope: Envelope | None = None
        if directory is not None:
            try:
                envelope = files.read_envelope(directory)
            except CorruptEnvelopeError:
                envelope = None
        failure = _failure(job, envelope, directory)
        whom: tuple[Address, ...] = ()
        share: str | None = None
        if not _is_notice(job, envelope) and job.reason not in {UNTOLD, loop.ANSWER}:
            whom = self._whom(job, envelope)
            if whom:
                self._tell_by_mail(failure, whom)
            if envelope is not None and directory is not None:
                share = self._tell_share(envelope, failure, directory)
        self.journal.mark_told(job.id)
        self._said.pop(job.id, None)
        log(Event.JOB_TOLD, job.id, told=",".join(whom) or None, share=share)

    def _tidy(self, *, is_fuller: bool) -> None:
        """Keep ``_failed`` of every share within its bounds: after each telling, and now and then."""
        if is_fuller or time.monotonic() - self._tidied_s > _TIDY_S:
            self._tidied_s = time.monotonic()
            tidy(self.config.share, time.time())

    def _tell_share(self, envelope: Envelope, failure: Failure, directory: Path) -> str | None:
        """Put the files back where people look, ``_failed/`` in the share, each with a text beside it.

        Return the share's name; None when the job is of no share that is configured. Raises OSError when the share
        cannot be written now: it is told there later.
        """
        share = next((s for s in self.config.share if s.name == _share_name(envelope)), None)
        if share is None:
            return None
        text = notice.beside(failure, datetime.fromtimestamp(failure.job.changed_at, UTC).astimezone())
        for original in envelope.originals:
            stored = directory / files.ORIGINAL / original.stored
            if stored.exists():
                failed.put_failed(stored, share.path, original.name, text, ticket=envelope.id)
            else:
                failed.put_note(share.path, original.name, text, ticket=envelope.id)
        return share.name

    def _whom(self, job: Job, envelope: Envelope | None) -> tuple[Address, ...]:
        """Return who hears of a failure: the mail's sender if it can be reached, and the admins; each once.

        When that is nobody, those who wait for a scan from a share: a text in the share alone may never be read.
        """
        sender = () if envelope is None else self._sender_of(envelope)
        return self._reachable((*sender, *self.config.gateway.admin)) or self._reachable(_waiting(job, envelope))

    def _reachable(self, addresses: Iterable[Address]) -> tuple[Address, ...]:
        upstreams = self.config.upstream
        carried = (a for a in addresses if "." in domain_of(a) and first_carrier(upstreams, a) is not None)
        return tuple(dict.fromkeys(carried))

    def _sender_of(self, envelope: Envelope) -> tuple[Address, ...]:
        """Return the sender of a mail if a device may write to it: else a made-up one makes us write to strangers."""
        listener = next((one for one in self.config.smtp if one.name == envelope.origin.name), None)
        if envelope.sender is None or listener is None or not is_listed(listener.recipients, envelope.sender):
            return ()
        return (envelope.sender,)

    def _tell_by_mail(self, failure: Failure, whom: tuple[Address, ...]) -> None:
        about = failure.job.id
        own_id = notice_id(about)
        if files.find(self.spool, own_id) is not None or self.journal.job(own_id) is not None:
            return
        now = datetime.fromtimestamp(int(time.time()), UTC)
        message_id = f"{own_id}@{self.config.sender.address.rpartition('@')[2]}"
        gateway = self.config.gateway
        mail = notice.compose(failure, self.config.sender.address, whom, gateway.name, message_id, now)
        envelope = Envelope(
            id=own_id,
            arrived_at=now,
            origin=Origin(OriginKind.NOTICE, about),
            sender=None,
            recipients=whom,
            originals=(),
            message_id=message_id,
        )
        put_notice(self.spool, self.journal, envelope, mail)


def put_notice(spool: Spool, journal: Journal, envelope: Envelope, mail: bytes) -> None:
    """Commit a mail of our own as a job that is born ready. Raises OSError and sqlite3.Error."""
    draft = files.begin_as(spool, envelope.id)
    try:
        files.put_message(draft.directory, [mail])
        files.commit(spool, draft, envelope)
    except BaseException:
        files.discard(spool, draft)
        raise
    spool.in_hand.discard(envelope.id)
    journal.admit(envelope, envelope.arrived_at.timestamp(), State.READY, size_bytes=len(mail))


def _is_notice(job: Job, envelope: Envelope | None) -> bool:
    """Tell whether a job is a notice: by its id where its envelope is lost, or each failure would breed the next."""
    if envelope is None:
        return job.id == notice_id(JobId(job.id.removesuffix("-n")))
    return envelope.origin.kind is OriginKind.NOTICE


def _waiting(job: Job, envelope: Envelope | None) -> tuple[Address, ...]:
    """Return the recipients of a share's scan whom no upstream has refused; nobody waits for what is no scan."""
    if envelope is None or envelope.origin.kind is not OriginKind.SHARE or envelope.rejected == NOT_A_SCAN:
        return ()
    return tuple(r.address for r in job.recipients if r.fate is Fate.FAILED and not r.upstream)


def _failure(job: Job, envelope: Envelope | None, directory: Path | None) -> Failure:
    kept_in = "" if directory is None else str(directory)
    if envelope is None:
        return Failure(job, (), datetime.fromtimestamp(job.created_at, UTC), kept_in)
    shown = tuple(
        names.display_key(f"{original.folder}/{original.name}" if original.folder else original.name)
        for original in envelope.originals
    )
    return Failure(job, shown, envelope.arrived_at, kept_in)


def _share_name(envelope: Envelope | None) -> str | None:
    if envelope is None or envelope.origin.kind is not OriginKind.SHARE:
        return None
    return envelope.origin.name
