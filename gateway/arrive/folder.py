"""A share's arrival becomes a job: the job is committed first, and only then do its files leave the share.

The order, and why:

1. each file is hashed in the share;
2. the job directory, with an envelope that names every file, its size and SHA-256, is committed: flushed,
   renamed, both parents flushed;
3. the files are flushed and renamed one by one from the share into the job, both directories flushed;
4. the journal is told.

A crash before 3 leaves the files in the share and an empty job that the next start removes; one within 3 leaves files
in both, and the next start gives back what was taken; one after 3 leaves a whole job that the next start adopts. At no
instant is a file in neither place.

A share on a remote mount has no rename into the job: in 3 the file is copied, flushed, and then removed from the share
(``hotfolder.carry``). A crash in between leaves it in both, and the next start removes it from the share; when that is
not mounted then, the job waits until it is.
"""

import asyncio
import errno
import os
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from conf.model import Share
from gateway.arrive import lone
from gateway.arrive.addressee import Addressed, Unaddressed, addressee
from gateway.arrive.intake import Intake, is_out_of_room, message_id, now_utc
from gateway.arrive.ration import Ration
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Origin, Original, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import JobId
from gateway.spool.journal import Journal
from hotfolder import carry, claim, clear, watch
from hotfolder.arrival import Arrival, ArrivedFile, Emptied, Fault, Held, Recovered, Standing, Trouble
from hotfolder.errors import ShareError
from hotfolder.look import share_of
from hotfolder.look_sidecar import read_sidecar
from hotfolder.sidecar import Sidecar, Unusable

_HELD_LINES: Final = 100
_FAULT_LINES: Final = 20


@dataclass(slots=True)
class FolderDoor:
    """One watched ``[[share]]``."""

    intake: Intake
    share: Share
    left: list[str] = field(default_factory=list)
    """A sentence for each thing that ``run(until_empty=True)`` found and could not take."""
    standing: Standing | None = None
    """What the folder holds that is not taken, and its troubles; None before the first of either."""

    _keeps_left: bool = True
    _held_lines: Ration = field(default_factory=lambda: Ration(_HELD_LINES))
    _fault_lines: Ration = field(default_factory=lambda: Ration(_FAULT_LINES))

    async def run(self, *, until_empty: bool = False) -> None:
        """Take what arrives until cancelled; with ``until_empty`` until the folder holds nothing more to take."""
        self._keeps_left = until_empty  # nobody reads it of a service, and it would grow without end
        with_folders = self.share.folders != "off" or self.share.batch == "folder"
        alone = await asyncio.to_thread(lone.remembered, self.intake.journal, self.share)
        watching = watch.arrivals(self.share, until_empty=until_empty, with_folders=with_folders, went_alone=alone)
        async with aclosing(watching) as arrivals:
            async for item in arrivals:
                match item:
                    case Arrival():
                        await self._take_guarded(item)
                    case Emptied():
                        await asyncio.to_thread(self._remove_folder, item)
                    case Held():
                        self._tell_held(item)
                    case Fault():
                        if item.trouble is Trouble.FOLDER:
                            self._leave(item.sentence)
                        log(Event.SHARE_FAULT, share=self.share.name, trouble=item.trouble.value, reason=item.sentence)
                    case Recovered():
                        log(Event.SHARE_RECOVERED, share=self.share.name, reason=item.sentence)
                    case Standing():
                        self.standing = item
                    case _:
                        assert_never(item)

    def _leave(self, sentence: str) -> None:
        if self._keeps_left:
            self.left.append(sentence)

    def _tell_held(self, held: Held) -> None:
        self._leave(held.sentence)
        lines = self._held_lines.take()
        if lines > 1:
            log(Event.SHARE_HELD, share=self.share.name, file=held.name, reason=held.sentence)
        elif lines == 1:
            reason = f"more than {_HELD_LINES - 1} files in ten minutes are held; STATUS.txt counts them, not the log"
            log(Event.SHARE_HELD, share=self.share.name, reason=reason)

    def _tell_fault(self, event: Event, reason: str | None = None) -> None:
        """Log why a scan was left; of thousands in a share each is offered again every minute."""
        if self._fault_lines.take() > 0:
            log(event, share=self.share.name, reason=reason)

    async def _take_guarded(self, arrival: Arrival) -> None:
        taking = asyncio.create_task(asyncio.to_thread(self._take_or_leave, arrival))
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait({taking})  # the service stops: a claim begun is finished first
            raise

    def _take_or_leave(self, arrival: Arrival) -> None:
        """Take one arrival; when the disk is at fault say so, and leave it in the share."""
        try:
            self._take(arrival)
        except OSError as error:
            event = Event.SPACE_LOW if is_out_of_room(error) else Event.LOCAL_FAULT
            self._leave(str(error))
            self._tell_fault(event, str(error))

    def _take(self, arrival: Arrival) -> None:
        """Take one arrival, whole or not at all. Raises OSError; then its files are in the share."""
        intake = self.intake
        settle_claims(intake.spool, self.share)
        is_apart = carry.is_apart(self.share.path, intake.spool.jobs)
        size_bytes = sum(file.stamp.size_bytes for file in arrival.files)
        if not intake.has_room(size_bytes, is_here=not is_apart):
            self._leave("too little free space: scans stay in the share until there is more")
            self._tell_fault(Event.SPACE_LOW)
            return
        lone.note(intake.journal, self.share, arrival)
        draft = files.begin(intake.spool, now_utc())
        try:
            envelope = self._envelope(draft.id, arrival)
            if envelope is None:  # a sidecar changed: the scan is offered again
                files.discard(intake.spool, draft)
                return
            if is_apart:
                files.note_copied(draft)
            files.commit(intake.spool, draft, envelope)
        except BaseException:
            files.discard(intake.spool, draft)
            raise
        directory = intake.spool.jobs / draft.id
        try:
            # Sidecars first: one that stayed behind its scan would address the next scan of that name.
            parts = sorted(zip(arrival.files, envelope.originals, strict=True), key=lambda part: not part[0].is_sidecar)
            is_whole = all(isinstance(_take_off(file, directory, original), claim.Taken) for file, original in parts)
        except BaseException:
            self._undo(directory, envelope)
            raise
        if not is_whole:
            self._undo(directory, envelope)
            return
        intake.admit(envelope)

    def _undo(self, directory: Path, envelope: Envelope) -> None:
        """Give a claim back; what was copied and cannot be is tried again before the next arrival. Raises OSError."""
        spool = self.intake.spool
        if files.is_copied(directory):
            spool.unsettled[envelope.id] = self.share.name
        give_back(directory, envelope, self.share.path)
        spool.unsettled.pop(envelope.id, None)
        spool.in_hand.discard(envelope.id)

    def _envelope(self, job_id: JobId, arrival: Arrival) -> Envelope | None:
        """Return what is asked of us with an arrival; None when a sidecar is not the one any more that was offered."""
        config = self.intake.config
        originals = tuple(_original(number, file) for number, file in enumerate(arrival.files, start=1))
        said: Sidecar | Unusable | None = None
        for file, original in zip(arrival.files, originals, strict=True):
            if file.is_sidecar and not arrival.rejected:
                read = read_sidecar(file)
                if read is None or read.sha256 != original.sha256:
                    return None
                said = read.said
        match addressee(config, self.share, arrival.folder, said):
            case Addressed(recipients=recipients, subject=subject):
                rejected = arrival.rejected
            case Unaddressed(sentence=sentence):
                recipients, subject, rejected = (), "", arrival.rejected or sentence
        return Envelope(
            id=job_id,
            arrived_at=now_utc(),
            origin=Origin(OriginKind.SHARE, self.share.name),
            sender=None,
            recipients=recipients,
            originals=originals,
            message_id=message_id(job_id, config),
            rejected=rejected,
            subject=subject,
            notes=arrival.notes,
            called=arrival.called,
        )

    def _remove_folder(self, emptied: Emptied) -> None:
        try:
            clear.remove_folder(self.share.path, emptied.folder)
        except OSError as error:
            log(Event.LOCAL_FAULT, share=self.share.name, reason=str(error))


def _original(number: int, file: ArrivedFile) -> Original:
    size_bytes, sha256 = claim.digest(file.path, file.folder)
    return Original(f"{number:04d}", file.path.name, size_bytes, sha256, file.folder, file.is_sidecar)


def _take_off(file: ArrivedFile, directory: Path, original: Original) -> claim.Taken | claim.Gone | claim.Changed:
    """Move one file into its job; off a remote mount it is copied, since no rename leads there."""
    into = directory / files.ORIGINAL / original.stored
    if carry.is_apart(share_of(file.path, file.folder), into.parent):
        return carry.take(file, into, original.sha256, _mark(directory, original))
    return claim.take(file, into)


def _mark(directory: Path, original: Original) -> str:
    return f"{directory.name}-{original.stored}"


def give_back(directory: Path, envelope: Envelope, folder: Path) -> None:
    """Put what was claimed back into the share, each file into the sub-folder it came from, and remove the job.

    Nothing was promised yet. Raises OSError.
    """
    _assert_mounted(directory, envelope, folder)
    for original in envelope.originals:
        stored = directory / files.ORIGINAL / original.stored
        if carry.is_apart(folder, directory):  # also without a copy: what was hidden then is to be seen again
            carry.put_back(stored, folder, original.name, _mark(directory, original), original.folder)
        elif stored.exists():
            claim.give_back(stored, folder, original.name, original.folder)
    files.remove(directory)


def _assert_mounted(directory: Path, envelope: Envelope, folder: Path) -> None:
    """Raise ShareError when files of a job were copied off a share whose folder is one of our own disk now."""
    if files.is_copied(directory) and not carry.is_apart(folder, directory):
        why = "files that were being copied may be there still: mount it, or take the share out of the configuration"
        raise ShareError(errno.ENODEV, f"share {envelope.origin.name} is not mounted at {folder}, and {why}")


def resume_claims(spool: Spool, journal: Journal, shares: tuple[Share, ...]) -> None:
    """Undo, at start and before adoption, every claim that was cut short: files are given back, empty jobs removed."""
    folders = {share.name: share.path for share in shares}
    for job_id in files.listing(spool.jobs):
        if journal.job(job_id) is not None:
            continue
        try:
            _resume(spool, job_id, folders)
        except OSError as error:
            spool.in_hand.add(job_id)  # not to be adopted in part; the next start tries again
            with suppress(OSError, CorruptEnvelopeError):
                if files.is_copied(spool.jobs / job_id):
                    spool.unsettled[job_id] = files.read_envelope(spool.jobs / job_id).origin.name
            log(Event.LOCAL_FAULT, job_id, reason=f"a claim cut short cannot be undone: {error}")


def settle_claims(spool: Spool, share: Share) -> None:
    """Undo or go on with the claims of a share that was away at the start, before anything else is taken off it.

    What they copied may be there still, and would be taken for another scan. Raises OSError while it is away.
    """
    for job_id in [one for one, name in tuple(spool.unsettled.items()) if name == share.name]:
        _resume(spool, job_id, {share.name: share.path})
        del spool.unsettled[job_id]
        spool.in_hand.discard(job_id)


def _resume(spool: Spool, job_id: JobId, folders: dict[str, Path]) -> None:
    directory = spool.jobs / job_id
    try:
        envelope = files.read_envelope(directory)
    except CorruptEnvelopeError:
        return  # adoption quarantines it
    if envelope.origin.kind is not OriginKind.SHARE:
        return
    originals = directory / files.ORIGINAL
    present = set(os.listdir(originals)) if originals.is_dir() else set()
    missing = [original for original in envelope.originals if original.stored not in present]
    folder = folders.get(envelope.origin.name)
    if folder is not None:
        _assert_mounted(directory, envelope, folder)
    if not missing and folder is not None and carry.is_apart(folder, originals):
        for original in envelope.originals:  # copied; what may be left in the share is removed before it is adopted
            mark = _mark(directory, original)
            carry.finish(originals / original.stored, folder, original.name, mark, original.folder)
    if not missing or (folder is None and present):
        return
    if folder is not None:
        give_back(directory, envelope, folder)
    else:
        files.remove(directory)
    log(Event.JOB_GIVEN_BACK, job_id, share=envelope.origin.name, files=len(present))
