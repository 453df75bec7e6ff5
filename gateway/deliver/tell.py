"""The telling: of every failed scan a person hears, in the share it came from and by a notice, once.

A notice is a job like any other, born ready, with the null fate of never having a notice of its own. Each step may be
repeated after a crash: the notice has the failed job's id (``post``), and the share's file its ticket (``board``).
"""

import asyncio
import contextlib
import math
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conf.model import Address, Config, Share
from gateway.deliver import scan_mail
from gateway.deliver.board import Board
from gateway.deliver.flood import kind_of
from gateway.deliver.notice import Failure
from gateway.deliver.post import Failures, reachable
from gateway.deliver.tidy import Tidier
from gateway.deliver.whom import whom
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import JournalError
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Origin, OriginKind
from gateway.spool.files import Spool
from gateway.spool.held import Held
from gateway.spool.job import Job, JobId, notice_id
from gateway.spool.journal import Journal
from gateway.spool.untold import UNTOLD
from hotfolder import names

_LOOK_S: Final = 30.0
_AT_ONCE: Final = 1000
_TIDY_S: Final = 3600.0
_MOVE_S: Final = 10.0
_UNSHOWN: Final = 10
"""After so many that a share does not show it is the share; fewer may be files that the disk cannot read."""
_REST: Final = 20
"""From tidying to tidying so many times what it took: a ``_failed`` with 10,000 files takes half a second."""


@dataclass(slots=True)
class Teller:
    """The station. ``wake`` is set when a job has failed; ``poke`` tells the delivery that a notice is ready."""

    config: Config
    spool: Spool
    journal: Journal
    failures: Failures
    board: Board
    tidier: Tidier
    wake: asyncio.Event
    poke: asyncio.Event
    _said: dict[JobId, str] = field(default_factory=dict)
    _tidied_s: float = -math.inf
    _rested_s: float = -math.inf
    _is_fuller: bool = False
    _unsent: str = ""

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
                async with asyncio.timeout(self._look_in_s()):
                    await self.wake.wait()

    def tell_all(self) -> int:
        """Tell of every failure nobody was told of; return how many. What cannot be told now is told later.

        So that a share that is gone or blocked keeps none of the others waiting, what it has still to show comes last.
        """
        self.board.look()
        told = self._send_digests()
        told += sum(self._tell_of_held(job, times) for job, times in Held(self.journal).untold(_AT_ONCE))
        told += sum(self._tell_guarded(job) for job in self.journal.untold(_AT_ONCE) if not self._is_moving(job))
        for share in self.config.share:
            failures = 0
            for job in self.journal.unshown(str(Origin(OriginKind.SHARE, share.name)), _AT_ONCE):
                if self._tell_guarded(job, is_mailed=True):
                    told += 1
                    continue
                failures += 1
                if failures >= _UNSHOWN:
                    break  # it is the share then
        return told

    def _send_digests(self) -> int:
        """Send what is due; what keeps one from being made keeps nobody from hearing of anything else."""
        try:
            made = self.failures.send_digests(time.time())
        except (sqlite3.Error, JournalError):
            raise
        except Exception as error:  # noqa: BLE001  a mail that cannot be made must not end the service
            if self._unsent != str(error):
                self._unsent = str(error)
                log(Event.LOCAL_FAULT, reason=f"telling of many failures: {error}")
            return 0
        self._unsent = ""
        return made

    def _tell_guarded(self, job: Job, *, is_mailed: bool = False) -> bool:
        try:
            return self._tell(job, is_mailed=is_mailed)
        except OSError as error:  # a disk that is full
            if self._said.get(job.id) != str(error):  # once, not at every try
                self._said[job.id] = str(error)
                log(Event.LOCAL_FAULT, job.id, reason=f"telling: {error}")
        except (sqlite3.Error, JournalError):
            raise
        except Exception as error:  # noqa: BLE001  the one broad catch, around one job
            log(Event.LOCAL_FAULT, job.id, reason="telling", error=error)
        return False

    def _tell_of_held(self, job: Job, times: int) -> bool:
        """Tell that a scan is held, each time once; False when that cannot be now."""
        try:
            directory = files.find(self.spool, job.id)
            envelope = None if directory is None else files.read_envelope(directory)
            told = self._hearing(job, envelope, directory) or reachable(self.config, job.pending)
            if told:
                self.failures.tell_of_held(_failure(job, envelope, directory), times, told, time.time())
        except (OSError, CorruptEnvelopeError) as error:
            log(Event.LOCAL_FAULT, job.id, reason=f"telling: {error}")
            return False
        Held(self.journal).mark_told(job.id)
        log(Event.JOB_TOLD, job.id, told=",".join(told) or None)
        return bool(told)

    def _is_moving(self, job: Job) -> bool:
        """Tell whether whoever ended a job is just moving its directory aside, and pokes us when that is done.

        The journal has the end before the directory is where it stays; looked for in between, the file is in neither
        place, and its share would be told nothing. A move that failed is not waited for.
        """
        return (self.spool.jobs / job.id).is_dir() and 0 <= time.time() - job.changed_at < _MOVE_S

    def _tell(self, job: Job, *, is_mailed: bool) -> bool:
        """Tell of one failure; False when nobody was told now. ``is_mailed``: only its share has still to show it."""
        directory = files.find(self.spool, job.id)
        envelope: Envelope | None = None
        if directory is not None:
            try:
                envelope = files.read_envelope(directory)
            except CorruptEnvelopeError:
                envelope = None
        failure = _failure(job, envelope, directory)
        told: tuple[Address, ...] = ()
        is_later, share, is_shown = False, None, True
        if not _is_notice(job, envelope) and job.reason != UNTOLD:
            if not is_mailed:
                told = self._hearing(job, envelope, directory)
            if told:
                is_later = self.failures.tell(failure, kind_of(job.reason), told, time.time())
            share = self._share(envelope)
            if share is not None and envelope is not None and directory is not None:
                is_shown = self.board.show(envelope, failure, directory, share)
        if is_shown:
            self.journal.mark_told(job.id)
        elif not is_mailed:
            self.journal.mark_unshown(job.id)
        self._said.pop(job.id, None)
        if not (told or is_shown):
            return False
        shown = share.name if share is not None and is_shown else None
        log(Event.JOB_TOLD, job.id, told=",".join(told) or None, share=shown, digest=is_later or None)
        return True

    def _hearing(self, job: Job, envelope: Envelope | None, directory: Path | None) -> tuple[Address, ...]:
        named = None if envelope is None or directory is None else scan_mail.reply_to(directory, envelope)
        return whom(self.config, job, envelope, named)

    def _tidy(self, *, is_fuller: bool) -> None:
        """Keep what has failed within its bounds: after a telling, and now and then; in a storm not after each."""
        self._is_fuller |= is_fuller
        began_s = time.monotonic()
        is_time = began_s - self._tidied_s > _TIDY_S
        if not is_time and not (self._is_fuller and began_s >= self._rested_s):
            return
        self.tidier.tidy(time.time())
        if is_time:
            self.tidier.prune_spool(time.time())
            self._tidied_s = began_s
        ended_s = time.monotonic()
        self._is_fuller, self._rested_s = False, ended_s + _REST * (ended_s - began_s)

    def _look_in_s(self) -> float:
        """Return when to look again at the latest: sooner when there is still to be tidied."""
        return min(_LOOK_S, max(0.05, self._rested_s - time.monotonic())) if self._is_fuller else _LOOK_S

    def _share(self, envelope: Envelope | None) -> Share | None:
        """Return the share that a scan came from; None when it came from none, or from none that is configured."""
        if envelope is None or envelope.origin.kind is not OriginKind.SHARE:
            return None
        return next((share for share in self.config.share if share.name == envelope.origin.name), None)


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
    headers = b"" if directory is None else scan_mail.headers_of(directory)
    return Failure(job, shown, envelope.arrived_at, kept_in, headers)
