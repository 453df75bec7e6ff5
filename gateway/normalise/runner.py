"""The normaliser: takes accepted jobs one at a time, makes each its message, or fails it with a sentence."""

import asyncio
import contextlib
import email.message
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conf.model import Config
from gateway.events import Event, log
from gateway.normalise import compose, parts
from gateway.normalise.letter import decoded, letter
from gateway.spool import files, recover
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import Job, JobId, State
from gateway.spool.journal import Journal, WrongMoveError
from hotfolder import names
from image import sniff, worker
from image.document import Document, Limits
from image.errors import ScanError, ScanFault
from image.recipe import Recipe
from image.sniff import Kind

_LOOK_S: Final = 30.0
_LOCAL_FAULT_S: Final = 30.0
_WORK: Final = "work"
_HEAD_BYTES: Final = 8192
_SCAN_KINDS: Final = frozenset({Kind.PDF, Kind.TIFF, Kind.JPEG, Kind.PNG, Kind.BMP, Kind.GIF, Kind.JP2})
_SCAN_SUFFIXES: Final = frozenset({".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True)
class Material:
    """What a job is made of: the scan files in page order, their names, and the headers of the mail they came in."""

    sources: tuple[Path, ...]
    names: tuple[str, ...]
    headers: email.message.Message | None


@dataclass(slots=True)
class Normaliser:
    """The station. ``wake`` is set when a job was accepted; ``ready`` and ``failed`` tell who comes next."""

    config: Config
    spool: Spool
    journal: Journal
    wake: asyncio.Event
    ready: Callable[[], None]
    failed: Callable[[], None]
    is_idle: bool = True

    async def run(self) -> None:
        """Normalise until cancelled. What the journal could not take when it was accepted is adopted here."""
        while True:
            self.wake.clear()
            try:
                wait_s = await self._work_through()
            except (OSError, sqlite3.Error, WrongMoveError) as error:
                log(Event.LOCAL_FAULT, reason=f"normalising: {error}")
                wait_s = _LOCAL_FAULT_S
            # Not wait_for: before Python 3.12 it swallows a stop that comes in the moment of a wake (measured 2026-11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.wake.wait()

    async def _work_through(self) -> float:
        while jobs := await asyncio.to_thread(self.journal.due, (State.ACCEPTED,), time.time(), 1):
            self.is_idle = False
            try:
                await self._normalise_guarded(jobs[0])
            finally:
                self.is_idle = True
        if await asyncio.to_thread(recover.adopt, self.spool, self.journal, time.time()):
            return 0.0
        due_at = await asyncio.to_thread(self.journal.next_due_at, (State.ACCEPTED,))
        return _LOOK_S if due_at is None else min(max(due_at - time.time(), 0.05), _LOOK_S)

    async def _normalise_guarded(self, job: Job) -> None:
        """Normalise one job; whatever breaks here costs this job at most."""
        directory = self.spool.jobs / job.id
        try:
            await self._normalise(job, directory)
        except (ScanError, parts.MailError) as error:
            is_chance = isinstance(error, ScanError) and error.fault in {ScanFault.CRASHED, ScanFault.TIMEOUT}
            if is_chance and job.attempts == 0:
                await self._postpone(job.id, str(error), attempts=1)
            else:
                await asyncio.to_thread(self._end, job.id, State.FAILED, str(error))
        except CorruptEnvelopeError as error:
            await asyncio.to_thread(self._end, job.id, State.QUARANTINE, str(error))
        except (OSError, sqlite3.Error) as error:
            log(Event.LOCAL_FAULT, job.id, reason=str(error))
            if time.time() - job.created_at < self.config.delivery.lifetime:
                await self._postpone(job.id, f"waits: {error}", attempts=0)
            else:
                await asyncio.to_thread(self._end, job.id, State.FAILED, f"could not be made a PDF: {error}")
        except Exception as error:  # noqa: BLE001  the one broad catch, around one job
            log(Event.JOB_QUARANTINED, job.id, error=error)
            await asyncio.to_thread(self._end, job.id, State.QUARANTINE, f"a fault of scangate: {error!r}")
        finally:
            await asyncio.to_thread(shutil.rmtree, directory / _WORK, ignore_errors=True)

    async def _postpone(self, job_id: JobId, reason: str, attempts: int) -> None:
        later = time.time() + (1.0 if attempts else _LOCAL_FAULT_S)
        await asyncio.to_thread(
            self.journal.move, job_id, State.ACCEPTED, time.time(), reason=reason, next_try_at=later, attempts=attempts
        )

    async def _normalise(self, job: Job, directory: Path) -> None:
        if (directory / files.MESSAGE).is_file():  # a notice, or a job whose journal was lost after it was normalised
            await asyncio.to_thread(self._make_ready, job.id, 0, "")
            return
        envelope = await asyncio.to_thread(files.read_envelope, directory)
        if envelope.rejected:
            raise ScanError(ScanFault.DAMAGED, envelope.rejected)
        fault = await asyncio.to_thread(_fault, directory, envelope)
        if fault:
            raise CorruptEnvelopeError(fault)
        material = await asyncio.to_thread(_material, directory, envelope)
        pdf = directory / files.PDF
        pdf.unlink(missing_ok=True)
        settings = self.config.pdf
        limits = Limits(pages=settings.pages)
        recipe = Recipe(colour=settings.colour, jpeg_quality=settings.jpeg_quality)
        document = await worker.convert(
            material.sources,
            pdf,
            limits,
            envelope.arrived_at,
            recipe,
            memory_bytes=settings.memory,
            timeout_s=settings.timeout,
        )
        subject = await asyncio.to_thread(self._put_message, directory, envelope, material, document)
        await asyncio.to_thread(self._make_ready, job.id, len(document.pages), subject)

    def _put_message(self, directory: Path, envelope: Envelope, material: Material, document: Document) -> str:
        """Write the bytes to send, durably, and return the subject; the PDF beside them is then no longer needed."""
        written = letter(self.config, envelope, material.headers, material.names, document)
        size_bytes = compose.encoded_size_bytes(document.size_bytes, written)
        limit = self.config.pdf.mail_limit
        if size_bytes > limit:
            document.path.unlink(missing_ok=True)
            raise ScanError(
                ScanFault.TOO_LARGE,
                f"The scan makes a mail of {size_bytes / 1e6:.1f} MB, more than the {limit / 1e6:.1f} MB allowed; "
                "scan with a lower resolution, in black and white, or fewer pages at once.",
            )
        files.put_message(directory, compose.compose(written, document.path))
        document.path.unlink(missing_ok=True)
        return written.subject[:80]

    def _make_ready(self, job_id: JobId, pages: int, title: str) -> None:
        size_bytes = (self.spool.jobs / job_id / files.MESSAGE).stat().st_size
        self.journal.make_ready(job_id, time.time(), pages, size_bytes, title)
        log(Event.JOB_READY, job_id, pages=pages or None, size_bytes=size_bytes)
        self.ready()

    def _end(self, job_id: JobId, state: State, reason: str) -> None:
        self.journal.fail_pending(job_id, time.time(), reason, state)
        is_failed = state is State.FAILED
        shutil.rmtree(self.spool.jobs / job_id / _WORK, ignore_errors=True)  # kept for a person is what arrived
        files.move_aside(self.spool.jobs / job_id, self.spool.failed if is_failed else self.spool.quarantine)
        log(Event.JOB_FAILED if is_failed else Event.JOB_QUARANTINED, job_id, reason=reason)
        self.failed()


def _fault(directory: Path, envelope: Envelope) -> str:
    return "; ".join(fault for original in envelope.originals if (fault := files.fault_of(directory, original)))


def _material(directory: Path, envelope: Envelope) -> Material:
    """Return the scan files of a job: its originals, or those inside its mail. Raises ScanError when there are none."""
    originals = directory / files.ORIGINAL
    if envelope.origin.kind is not OriginKind.SMTP:
        return Material(
            tuple(originals / original.stored for original in envelope.originals),
            tuple(names.display_name(original.name) for original in envelope.originals),
            None,
        )
    work = directory / _WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    mail = parts.split(originals / envelope.originals[0].stored, work)
    scans = [part for part in mail.parts if part.size_bytes and _is_scan(part)]
    if not scans:
        raise ScanError(ScanFault.NOT_A_SCAN, "The mail holds no scan: no PDF, TIFF, JPEG or PNG is attached.")
    shown = tuple(names.display_name(decoded(part.name)) if part.name else "" for part in scans)
    return Material(tuple(part.path for part in scans), shown, mail.headers)


def _is_scan(part: parts.Part) -> bool:
    """Tell whether a part is meant as a scan: by its bytes, or by what it is called (a damaged one)."""
    with part.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(part.size_bytes - _HEAD_BYTES, 0))
        tail = file.read(_HEAD_BYTES)
    if sniff.sniff(head, tail) in _SCAN_KINDS:
        return True
    is_named_so = Path(part.name.lower()).suffix in _SCAN_SUFFIXES
    return is_named_so or part.content_type.startswith("image/") or part.content_type == "application/pdf"
