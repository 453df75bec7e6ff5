"""Keep ``_failed`` of a share from growing without bound; ``shelf_life`` decides what goes."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.errors import telling
from hotfolder.look import open_directory, open_scan, why_strange
from hotfolder.names import FAILED_NAME
from hotfolder.shelf_life import Kept, ShelfLife, expired
from hotfolder.texts import MARK_BYTES, is_note

NOTE: Final = ".txt"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed: how many files, without counting their texts, and how many bytes."""

    files: int
    size_bytes: int


def prune_failed(share_dir: Path, now: float, life: ShelfLife) -> Pruned:
    """Remove from ``_failed`` what its shelf life is over of, each file with its text.

    Folders, links and other things that are no files are left alone: we put none there. Each file goes before its text,
    so that a crash between the two leaves a text that goes by its own age. Raises ShareError.
    """
    with telling(f"cannot tidy {FAILED_NAME}"):
        try:
            with (
                open_directory(share_dir) as share_fd,
                open_directory(FAILED_NAME, dir_fd=share_fd, is_link_refused=True) as failed_fd,
            ):
                gone = expired(_kept(failed_fd), now, life)
                for one in gone:
                    for name in dict.fromkeys((one.name, one.note or one.name)):
                        _remove(name, failed_fd)
                return Pruned(len(gone), sum(one.size_bytes for one in gone))
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
        size_bytes = status.st_size + (found[note].st_size if note not in {"", name} else 0)
        kept.append(Kept(name, status.st_ctime, size_bytes, note))
    return kept


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
