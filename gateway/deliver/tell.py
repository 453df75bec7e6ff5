"""The telling: of every failed scan a person hears, in the share it came from and by a notice, once.

A notice is a job like any other, born ready, with the null fate of never having a notice of its own. Each step may be
repeated after a crash: the notice has the failed job's id, and the share's file its ticket.
"""

import asyncio
import contextlib
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conf.carry import domain_of, first_carrier, is_listed
from conf.model import Address, Config
from gateway.deliver import notice
from gateway.deliver.notice import Failure
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import JournalError
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Origin, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import Job, JobId, State, notice_id
from gateway.spool.journal import Journal
from hotfolder import claim, names

_LOOK_S: Final = 30.0
_AT_ONCE: Final = 1000


@dataclass(slots=True)
class Teller:
    """The station. ``wake`` is set when a job has failed; ``poke`` tells the delivery that a notice is ready."""

    config: Config
    spool: Spool
    journal: Journal
    wake: asyncio.Event
    poke: asyncio.Event

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self.wake.clear()
            try:
                told = await asyncio.to_thread(self.tell_all)
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
            try:
                self._tell(job)
                told += 1
            except OSError as error:  # a share that is gone or full must not keep the others from being told
                log(Event.LOCAL_FAULT, job.id, reason=f"telling: {error}")
            except (sqlite3.Error, JournalError):
                raise
            except Exception as error:  # noqa: BLE001  the one broad catch, around one job
                log(Event.LOCAL_FAULT, job.id, reason="telling", error=error)
        return told

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
        if not _is_notice(job, envelope):
            whom = self._whom(envelope)
            if whom:
                self._tell_by_mail(failure, whom)
            if envelope is not None and directory is not None:
                share = self._tell_share(envelope, failure, directory)
        self.journal.mark_told(job.id)
        log(Event.JOB_TOLD, job.id, told=",".join(whom) or None, share=share)

    def _tell_share(self, envelope: Envelope, failure: Failure, directory: Path) -> str | None:
        """Put the files back where people look, ``_failed/`` in the share, each with a text beside it.

        Return the share's name; None when the job is of no share that is configured. Raises OSError when the share
        cannot be written now: it is told there later.
        """
        share = next((s for s in self.config.share if s.name == _share_name(envelope)), None)
        if share is None:
            return None
        for original in envelope.originals:
            stored = directory / files.ORIGINAL / original.stored
            if stored.exists():
                claim.put_failed(stored, share.path, original.name, notice.sentence(failure), ticket=envelope.id)
        return share.name

    def _whom(self, envelope: Envelope | None) -> tuple[Address, ...]:
        """Return who hears of a failure: the mail's sender if it can be reached, and the admins; each once."""
        sender = () if envelope is None else self._sender_of(envelope)
        reachable = (
            a
            for a in (*sender, *self.config.gateway.admin)
            if "." in domain_of(a) and first_carrier(self.config.upstream, a) is not None
        )
        return tuple(dict.fromkeys(reachable))

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
        draft = files.begin_as(self.spool, own_id)
        try:
            files.put_message(draft.directory, [mail])
            envelope = Envelope(
                id=own_id,
                arrived_at=now,
                origin=Origin(OriginKind.NOTICE, about),
                sender=None,
                recipients=whom,
                originals=(),
                message_id=message_id,
            )
            files.commit(self.spool, draft, envelope)
        except BaseException:
            files.discard(self.spool, draft)
            raise
        self.spool.in_hand.discard(own_id)
        self.journal.admit(envelope, now.timestamp(), State.READY, size_bytes=len(mail))


def _is_notice(job: Job, envelope: Envelope | None) -> bool:
    """Tell whether a job is a notice: by its id where its envelope is lost, or each failure would breed the next."""
    if envelope is None:
        return job.id == notice_id(JobId(job.id.removesuffix("-n")))
    return envelope.origin.kind is OriginKind.NOTICE


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
