"""Keep ``_failed`` of a share from growing without bound; ``shelf_life`` decides what goes."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.errors import telling
from hotfolder.look import open_directory, open_scan, why_strange
from hotfolder.names import FAILED_NAME
from hotfolder.shelf_life import Kept, ShelfLife, plan
from hotfolder.texts import MARK_BYTES, amended, is_note, ticket_of

NOTE: Final = ".txt"
_PART: Final = ".pruned.part"
_TEXT_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed: how many files, without counting their texts, and how many bytes."""

    files: int
    size_bytes: int


def prune_failed(
    share_dir: Path,
    now: float,
    life: ShelfLife,
    farewell: Callable[[str], str],
    *,
    is_steady: bool = True,
    doubted: tuple[float, float] | None = None,
) -> Pruned:
    """Remove from ``_failed`` what its shelf life is over of; ``is_steady`` and ``doubted`` as in ``plan``.

    Each file goes before its text, so that a crash between the two leaves a text that goes by its own age. A file that
    goes for want of room leaves its text, to which ``farewell`` adds, by the ticket in it, where the scan is now. A
    file without a date is given one by changing its times to what they are: that is its change time then.

    Folders, links and other things that are no files are left alone: we put none there. Raises ShareError.
    """
    with telling(f"cannot tidy {FAILED_NAME}"):
        try:
            with (
                open_directory(share_dir) as share_fd,
                open_directory(FAILED_NAME, dir_fd=share_fd, is_link_refused=True) as failed_fd,
            ):
                found = plan(_kept(failed_fd), now, life, is_steady=is_steady, doubted=doubted)
                for one in found.gone:
                    for name in dict.fromkeys((one.name, one.note or one.name)):
                        _remove(name, failed_fd)
                for one in found.crowded:
                    with suppress(OSError):  # a disk that is full: what the text says of why it failed stays
                        _amend(one.note, failed_fd, farewell)
                    _remove(one.name, failed_fd)
                for one in found.undated:
                    with suppress(OSError):  # somebody else's: then it stays
                        _date(one.name, failed_fd)
                went = (*found.gone, *found.crowded)
                return Pruned(len(went), sum(one.size_bytes for one in went))
        except FileNotFoundError:
            return Pruned(0, 0)


def _kept(failed_fd: int) -> list[Kept]:
    found: dict[str, os.stat_result] = {}
    for name in os.listdir(failed_fd):
        try:
            status = os.stat(name, dir_fd=failed_fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[name] = status
    notes = {name for name in found if name.endswith(NOTE) and _is_ours(name, failed_fd)}
    kept = []
    for name, status in found.items():
        note = name + NOTE if name + NOTE in notes else name if name in notes else ""
        if name in notes and name.removesuffix(NOTE) in found:
            continue  # goes with its scan
        kept.append(Kept(name, _changed_at(status), status.st_size, note))
    return kept


def _changed_at(status: os.stat_result) -> float:
    return status.st_ctime


def _is_ours(name: str, failed_fd: int) -> bool:
    try:
        with open_scan(name, dir_fd=failed_fd) as fd:
            status = os.fstat(fd)
            return not why_strange(status) and is_note(os.pread(fd, MARK_BYTES, max(0, status.st_size - MARK_BYTES)))
    except OSError:
        return False


def _remove(name: str, failed_fd: int) -> None:
    try:
        os.unlink(name, dir_fd=failed_fd)
    except FileNotFoundError:
        return


def _amend(note: str, failed_fd: int, farewell: Callable[[str], str]) -> None:
    """Add to a text of ours what has become of its file, by a new text under its name."""
    with open_scan(note, dir_fd=failed_fd) as fd:
        text = os.read(fd, _TEXT_BYTES)
    with suppress(FileNotFoundError):
        os.unlink(_PART, dir_fd=failed_fd)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    part_fd = os.open(_PART, flags, 0o660, dir_fd=failed_fd)
    try:
        with os.fdopen(part_fd, "wb") as part:
            os.fchmod(part_fd, 0o660)
            part.write(amended(text, farewell(ticket_of(text))))
            part.flush()
            os.fsync(part_fd)
        os.rename(_PART, note, src_dir_fd=failed_fd, dst_dir_fd=failed_fd)
    except OSError:
        with suppress(OSError):
            os.unlink(_PART, dir_fd=failed_fd)
        raise


def _date(name: str, failed_fd: int) -> None:
    status = os.stat(name, dir_fd=failed_fd, follow_symlinks=False)
    os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=failed_fd, follow_symlinks=False)
