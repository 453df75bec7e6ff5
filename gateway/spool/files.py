"""The job directories: begin, commit, open, move aside, remove.

    spool/incoming/<JobId>/   a draft, owed to nobody; swept at start
    spool/jobs/<JobId>/       owed: envelope.json, original/…, later message.eml (the bytes to send)
    spool/failed/<JobId>/     told to a person; kept until a person removes it
    spool/quarantine/<JobId>/ could not be understood; kept for a person to look at

The rename from incoming to jobs, once flushed, is the commit: before that nothing is promised, after it everything is.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.spool import durable
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, Original, decode, encode
from gateway.spool.job import JobId, is_job_id, new_job_id

ENVELOPE: Final = "envelope.json"
ORIGINAL: Final = "original"
PDF: Final = "scan.pdf"
MESSAGE: Final = "message.eml"
_COPIED: Final = "copied"
_INCOMING: Final = "incoming"
_BLOCK_BYTES: Final = 1 << 20
_DIRECTORY_MODE: Final = 0o750


FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a full disk or quota answers."""


class SpoolError(Exception):
    """The spool cannot be used at all; the sentence names the directory and the mend."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The four directories of one state directory.

    ``in_hand`` holds the ids that this process is just committing or claiming, so that adoption leaves them alone.
    ``unsettled``: claims cut short that wait for their share, which is away; the share's name by job.
    """

    incoming: Path
    jobs: Path
    failed: Path
    quarantine: Path
    in_hand: set[JobId] = field(default_factory=set)
    unsettled: dict[JobId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A job directory under incoming that is being written; owed to nobody."""

    id: JobId
    directory: Path

    @property
    def originals(self) -> Path:
        """Where the files go, as they arrived."""
        return self.directory / ORIGINAL


def open_spool(state: Path) -> Spool:
    """Make what is missing of the spool and return it. Raises SpoolError with the sentence for the admin."""
    root = state / "spool"
    spool = Spool(root / _INCOMING, root / "jobs", root / "failed", root / "quarantine")
    try:
        for directory in (spool.incoming, spool.jobs, spool.failed, spool.quarantine):
            directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        _probe(state / ".writable")
        for directory in (root, state):
            durable.sync_directory(directory)
    except OSError as error:
        if error.errno in FULL:
            raise SpoolError(f"gateway.state: the disk of {state} is full; free some space") from error
        raise SpoolError(
            f"gateway.state: {state} cannot be written ({error.strerror}); "
            "name a directory on a local disk that the service's user owns"
        ) from error
    return spool


def _probe(path: Path) -> None:
    """Write and remove a file; a full disk is no reason not to start: delivery is what frees it."""
    path.unlink(missing_ok=True)
    try:
        durable.write_file(path, [b"scangate\n"])
    except OSError as error:
        if error.errno not in FULL:
            raise
    path.unlink(missing_ok=True)


def begin(spool: Spool, now: datetime) -> Draft:
    """Make an empty draft with a new id. Raises OSError when the disk is at fault."""
    while True:
        job_id = new_job_id(now)
        if find(spool, job_id) is not None:
            continue
        try:
            return begin_as(spool, job_id)
        except FileExistsError:
            continue


def begin_as(spool: Spool, job_id: JobId) -> Draft:
    """Make an empty draft with this id. Raises FileExistsError when there is one, OSError for a fault of the disk."""
    draft = Draft(job_id, spool.incoming / job_id)
    spool.in_hand.add(job_id)
    try:
        draft.directory.mkdir(mode=_DIRECTORY_MODE)
        draft.originals.mkdir(mode=_DIRECTORY_MODE)
    except FileExistsError:
        spool.in_hand.discard(job_id)
        raise
    except BaseException:
        discard(spool, draft)  # half a draft would keep its id from being begun again
        raise
    return draft


@dataclass(frozen=True, slots=True)
class Finished:
    """A draft that is ready for its commit.

    ``unflushed``: its originals that are not flushed yet, open for writing; the device should have begun with them.
    """

    draft: Draft
    envelope: Envelope
    unflushed: tuple[int, ...] = ()


def commit(spool: Spool, draft: Draft, envelope: Envelope) -> None:
    """Take responsibility for one draft, whose files were flushed by whoever wrote them: as ``commit_all``.

    Raises OSError; then nothing was promised. Files of a share are claimed into the job only after this.
    """
    for error in commit_all(spool, [Finished(draft, envelope)]):
        if error is not None:
            raise error


def commit_all(spool: Spool, finished: Sequence[Finished]) -> list[Exception | None]:
    """Take responsibility for drafts; return for each what went wrong with it, in order.

    When this returns, those without an error survive a power cut: originals, envelope, both directories and both
    parents are flushed. Of the others nothing was promised, and they are no jobs. All is written and renamed before the
    first flush, so that a journaling file system writes its journal once for all of them instead of at every step.
    """
    errors: dict[JobId, Exception] = {}
    envelopes: dict[JobId, int] = {}
    try:
        _each(finished, errors, lambda one: _write(spool, one, envelopes))
        _each(finished, errors, lambda one: _flush(spool, one, envelopes[one.draft.id]))
    finally:
        for fd in envelopes.values():
            os.close(fd)
    renamed = [one.draft.id for one in finished if one.draft.id not in errors]
    try:
        if renamed:
            durable.sync_parents(spool.jobs, spool.incoming, renamed)
    except OSError as error:
        errors.update(dict.fromkeys(renamed, error))
    for job_id in errors.keys() & envelopes.keys():  # its sender is refused, so it must not be sent
        remove(spool.jobs / job_id)
    return [errors.get(one.draft.id) for one in finished]


def _each(finished: Sequence[Finished], errors: dict[JobId, Exception], step: Callable[[Finished], None]) -> None:
    """Take a step with each that has no error yet; one that fails leaves the others alone."""
    for one in finished:
        if one.draft.id not in errors:
            try:
                step(one)
            except Exception as error:  # noqa: BLE001  whatever it is, its own sender hears of it
                errors[one.draft.id] = error


def _write(spool: Spool, one: Finished, envelopes: dict[JobId, int]) -> None:
    if find(spool, one.draft.id) is not None:
        raise FileExistsError(errno.EEXIST, "a job with this id exists", str(one.draft.directory))
    envelopes[one.draft.id] = durable.write_unflushed(one.draft.directory / ENVELOPE, encode(one.envelope))
    durable.rename_unflushed(one.draft.directory, spool.jobs / one.draft.id)


def _flush(spool: Spool, one: Finished, envelope: int) -> None:
    for fd in (*one.unflushed, envelope):
        os.fsync(fd)
    durable.sync_directory(spool.jobs / one.draft.id / ORIGINAL)
    durable.sync_directory(spool.jobs / one.draft.id)


def note_copied(draft: Draft) -> None:
    """Note in a draft, durably by its commit, that its files come off another file system, by copying. OSError."""
    durable.write_file(draft.directory / _COPIED, [])


def is_copied(directory: Path) -> bool:
    """Tell whether the files of a job come off another file system."""
    return (directory / _COPIED).exists()


def discard(spool: Spool, draft: Draft) -> None:
    """Remove a draft that will not be committed; what cannot be removed is swept at the next start."""
    shutil.rmtree(draft.directory, ignore_errors=True)
    spool.in_hand.discard(draft.id)


def find(spool: Spool, job_id: JobId) -> Path | None:
    """Return the job's directory, wherever a committed job can be; None when there is none."""
    places = (spool.jobs, spool.failed, spool.quarantine)
    return next((place / job_id for place in places if os.path.isdir(f"{place}/{job_id}")), None)  # noqa: PTH112  faster


def listing(directory: Path) -> tuple[JobId, ...]:
    """Return the ids of the job directories in a spool directory, oldest first; other names are left out."""
    return tuple(JobId(name) for name in sorted(os.listdir(directory)) if is_job_id(name))


def read_envelope(directory: Path) -> Envelope:
    """Return the envelope of a job directory. Raises CorruptEnvelopeError, also for none; OSError."""
    try:
        data = (directory / ENVELOPE).read_bytes()
    except FileNotFoundError:
        raise CorruptEnvelopeError("envelope.json is missing") from None
    envelope = decode(data)
    if envelope.id != directory.name:
        raise CorruptEnvelopeError(f"envelope.json belongs to {envelope.id}")
    return envelope


def fault_of(directory: Path, original: Original) -> str:
    """Return what is wrong with a stored original (missing, other size, other bytes); empty when it is as committed."""
    path = directory / ORIGINAL / original.stored
    try:
        size_bytes, sha256 = digest(path)
    except FileNotFoundError:
        return f"{original.stored} is missing"
    if size_bytes != original.size_bytes:
        return f"{original.stored} has {size_bytes} bytes where {original.size_bytes} arrived"
    return "" if sha256 == original.sha256 else f"{original.stored} is not what arrived (SHA-256 differs)"


def digest(path: Path) -> tuple[int, str]:
    """Return size in bytes and SHA-256 (hex) of a file, read in blocks."""
    sha256 = hashlib.sha256()
    size_bytes = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            sha256.update(block)
            size_bytes += len(block)
    return size_bytes, sha256.hexdigest()


def put_message(directory: Path, chunks: Iterable[bytes], name: str = MESSAGE) -> int:
    """Put the exact bytes to send beside the original, durably; return their size."""
    return durable.replace_file(directory / name, chunks)


def move_aside(directory: Path, to: Path) -> Path:
    """Move a job directory to failed or quarantine, durably; a no-op when it is there already. Return where it is."""
    target = to / directory.name
    if directory != target and directory.is_dir():
        durable.rename(directory, target)
    return target


def remove(directory: Path) -> None:
    """Remove a job directory that is owed no more; without it a no-op. A crash half way leaves the rest to the sweep.

    It leaves ``jobs`` whole, by a rename to incoming: half a job there would be taken for a damaged one.
    """
    draft = directory.parent.with_name(_INCOMING) / directory.name
    try:
        directory.rename(draft)
    except FileNotFoundError:
        return
    except OSError:
        draft = directory
    shutil.rmtree(draft, ignore_errors=True)


def free_bytes(spool: Spool) -> int:
    """Return the bytes that an unprivileged process may still write to the spool's file system."""
    state = os.statvfs(spool.jobs)
    return state.f_bavail * state.f_frsize
