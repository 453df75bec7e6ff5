"""The normaliser: takes accepted jobs one at a time, makes each its message, or fails it with a sentence."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from conf.model import Config
from gateway.events import Event, log
from gateway.normalise import compose, parts
from gateway.normalise.attachment import sent_bytes
from gateway.normalise.joining import Joiner
from gateway.normalise.letter import letter, said_bytes, title
from gateway.normalise.material import WORK, Material, OpaqueMailError, material_of
from gateway.normalise.partial import WAIT_S, Wait
from gateway.normalise.patience import Patience
from gateway.normalise.report import report
from gateway.normalise.returned import require_new
from gateway.normalise.settings import order_of
from gateway.spool import files, recover, split
from gateway.spool.envelope import CorruptEnvelopeError, Envelope
from gateway.spool.files import Spool
from gateway.spool.fragments import Fragments
from gateway.spool.job import Job, JobId, State
from gateway.spool.journal import Journal, WrongMoveError
from image.document import Document, Part, Thumbnail
from image.errors import ScanError, ScanFault
from image.make import make, thumbnails
from image.notes import quick_pages

_LOOK_S: Final = 30.0
_LOCAL_FAULT_S: Final = 30.0
_NOTHING: Final[Mapping[str, str]] = {}


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
    patience: Patience = field(default_factory=Patience)

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
        # A clock set back since would keep what was put off by it until it has caught up.
        await asyncio.to_thread(self.journal.clamp, time.time(), WAIT_S, State.ACCEPTED)
        due_at = await asyncio.to_thread(self.journal.next_due_at, (State.ACCEPTED,))
        return _LOOK_S if due_at is None else min(max(due_at - time.time(), 0.05), _LOOK_S)

    async def _normalise_guarded(self, job: Job) -> None:
        """Normalise one job; whatever breaks here costs this job at most."""
        directory = self.spool.jobs / job.id
        try:
            await self._normalise(directory)
        except (ScanError, parts.MailError) as error:
            is_chance = isinstance(error, ScanError) and error.fault in {ScanFault.CRASHED, ScanFault.TIMEOUT}
            if is_chance and job.attempts == 0:
                await self._postpone(job.id, str(error), attempts=1)
            else:
                await asyncio.to_thread(self._end, job.id, State.FAILED, str(error))
        except (CorruptEnvelopeError, OpaqueMailError) as error:
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
            await asyncio.to_thread(shutil.rmtree, directory / WORK, ignore_errors=True)

    async def _postpone(self, job_id: JobId, reason: str, attempts: int) -> None:
        later = time.time() + (1.0 if attempts else _LOCAL_FAULT_S)
        await asyncio.to_thread(
            self.journal.move, job_id, State.ACCEPTED, time.time(), reason=reason, next_try_at=later, attempts=attempts
        )

    async def _normalise(self, directory: Path) -> None:
        if (directory / files.MESSAGE).is_file():  # a notice, or a job whose journal was lost after it was normalised
            await asyncio.to_thread(self._make_ready, directory, None, "")
            return
        envelope = await asyncio.to_thread(files.read_envelope, directory)
        if envelope.rejected:
            raise ScanError(ScanFault.DAMAGED, envelope.rejected)
        fault = await asyncio.to_thread(_fault, directory, envelope)
        if fault:
            raise CorruptEnvelopeError(fault)
        # Before it is judged as a scan: a notice that came back holds none, and would bring forth the next.
        await asyncio.to_thread(require_new, directory, envelope)
        if await self._is_piece(directory, envelope):
            return
        material = await asyncio.to_thread(material_of, directory, envelope, self.config)
        envelope = replace(envelope, notes=(*envelope.notes, *material.notes))
        await asyncio.to_thread(_clear, directory)
        if not material.sources:
            await asyncio.to_thread(self._put_report, directory, envelope, material)
            return
        pdf = directory / files.PDF
        called = title(envelope, material.headers, material.names)
        beside_bytes = sum(map(sent_bytes, material.attachments)) + said_bytes(material.text, envelope.notes)
        order = order_of(self.config.pdf, called, envelope.recipients, beside_bytes=beside_bytes)
        document = await make(material.sources, pdf, envelope.arrived_at, order)
        try:
            small, lacking = await thumbnails(document, self.config.mail.thumbnails, self.config.pdf.memory)
            subject = await asyncio.to_thread(self._put_messages, directory, envelope, material, document, small)
        finally:
            for path in (document.path, *(part.path for part in document.parts)):
                path.unlink(missing_ok=True)  # the messages hold it
        facts = _facts(document, envelope.notes, lacking)
        await asyncio.to_thread(self._make_ready, directory, document, subject, facts)

    async def _is_piece(self, directory: Path, envelope: Envelope) -> bool:
        """Tell whether a job is a piece of a mail; then it waits for the others, or has become part of the whole."""
        joiner = Joiner(self.spool, self.journal, Fragments(self.journal.database), self.patience)
        came_to = await asyncio.to_thread(joiner.take, directory, envelope)
        if isinstance(came_to, Wait):
            reason = f"a piece of a mail that is not whole yet: {came_to.lacks}"
            log(Event.JOB_PIECE, envelope.id, reason=came_to.lacks)
            await asyncio.to_thread(
                self.journal.move, envelope.id, State.ACCEPTED, time.time(), reason=reason, next_try_at=came_to.until
            )
        return came_to is not None

    def _put_report(self, directory: Path, envelope: Envelope, material: Material) -> None:
        """Write a mail without a scan as a mail of its text, durably, and make it ready."""
        written = report(self.config, envelope, material)
        split.put_messages(directory, [compose.compose(written, None)])
        self._make_ready(directory, None, written.subject[:80])

    def _put_messages(
        self,
        directory: Path,
        envelope: Envelope,
        material: Material,
        document: Document,
        small: tuple[Thumbnail, ...],
    ) -> str:
        """Write the bytes to send, durably, and return the subject: one mail, or one for each part."""
        pieces = document.parts or (Part(document.path, 1, len(document.pages), document.size_bytes),)
        messages: list[Iterator[bytes]] = []
        for number, piece in enumerate(pieces, 1):
            own = envelope if number == 1 else split.part_envelope(envelope, number)
            written = letter(self.config, own, material.headers, material.names, document, number, small, material.text)
            if number == 1:
                written = replace(written, attachments=material.attachments)
            size_bytes, limit = compose.encoded_size_bytes(piece.size_bytes, written), self.config.pdf.mail_limit
            if size_bytes > limit and written.thumbnails:
                written = replace(written, thumbnails=())
                size_bytes = compose.encoded_size_bytes(piece.size_bytes, written)
            if size_bytes > limit:
                raise ScanError(
                    ScanFault.TOO_LARGE,
                    f"The scan makes a mail of {size_bytes / 1e6:.1f} MB, more than the {limit / 1e6:.1f} MB allowed; "
                    "scan with a lower resolution, in black and white, or fewer pages at once.",
                )
            messages.append(compose.compose(written, piece.path))
        split.put_messages(directory, messages)
        return title(envelope, material.headers, material.names)[:80]

    def _make_ready(
        self, directory: Path, document: Document | None, shown: str, facts: Mapping[str, str] = _NOTHING
    ) -> None:
        """Enter the further mails of a split scan as jobs, then make all ready; may be repeated after a crash."""
        job_id = JobId(directory.name)
        for number, message in split.further(directory):
            part = split.part_envelope(files.read_envelope(directory), number)
            if self.journal.job(part.id) is not None:
                continue
            split.commit_part(self.spool, directory, part, message)
            self.journal.admit(part, time.time())
            self.spool.in_hand.discard(part.id)
            pages = document.parts[number - 1].page_count if document is not None else 0
            self._enter(self.spool.jobs / part.id, pages, shown and f"{shown} ({number})", {})
        pages = 0 if document is None else document.parts[0].page_count if document.parts else len(document.pages)
        self._enter(self.spool.jobs / job_id, pages, shown, facts)
        self.ready()

    def _enter(self, directory: Path, pages: int, shown: str, facts: Mapping[str, str]) -> None:
        job_id, size_bytes = JobId(directory.name), (directory / files.MESSAGE).stat().st_size
        self.journal.make_ready(job_id, time.time(), pages, size_bytes, shown)
        size = {"pages": pages or None, "size_bytes": size_bytes}
        log(Event.JOB_READY, job_id, error=None, **size, **{key: fact for key, fact in facts.items() if fact})

    def _end(self, job_id: JobId, state: State, reason: str) -> None:
        self.journal.fail_pending(job_id, time.time(), reason, state)
        is_failed = state is State.FAILED
        shutil.rmtree(self.spool.jobs / job_id / WORK, ignore_errors=True)  # kept for a person is what arrived
        _clear(self.spool.jobs / job_id)
        files.move_aside(self.spool.jobs / job_id, self.spool.failed if is_failed else self.spool.quarantine)
        log(Event.JOB_FAILED if is_failed else Event.JOB_QUARANTINED, job_id, reason=reason)
        self.failed()


def _facts(document: Document, arrived_notes: Sequence[str], lacking: str) -> Mapping[str, str]:
    """What the log says of a document beside its size, by key; empty where there is nothing to say."""
    quick, notes = quick_pages(document.pages), " ".join((*arrived_notes, *document.notes))
    return {"not_archive": document.plain_because, "quick": quick, "notes": notes, "no_thumbnails": lacking}


def _clear(directory: Path) -> None:
    """Remove all that a conversion has left which was cut short: drafts, parts, folders, and mails without a job."""
    for path in directory.glob(f"{files.PDF}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    split.clear(directory)


def _fault(directory: Path, envelope: Envelope) -> str:
    return "; ".join(fault for original in envelope.originals if (fault := files.fault_of(directory, original)))
