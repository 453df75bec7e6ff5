"""What is in a folder now: its files and their stamps, who writes one, whether one is whole. Follows no link."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.arrival import Sighting, Stamp
from hotfolder.errors import advice
from hotfolder.lease import is_being_written
from hotfolder.names import is_scan_name
from hotfolder.structure import HEAD_BYTES, TAIL_BYTES, structure_of
from hotfolder.verdict import Structure, Unreadable, Writing

# O_NONBLOCK: a FIFO under a scan's name must not stop us; O_NOCTTY: nor a terminal become ours.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Listing:
    """The scan files of a folder by name; and what bears a scan's name but is none, with a clause that says why."""

    sightings: dict[str, Sighting]
    strange: dict[str, str]


def stamp_of(status: os.stat_result) -> Stamp:
    """Return the stamp of a file as stat gives it."""
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_blocks)


def why_strange(status: os.stat_result) -> str:
    """Return a clause why this is no file to take, empty for a regular file with one name."""
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link, and links are never followed"
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    if status.st_nlink != 1:
        return "it has further names (hard links), so it may change unseen"
    return ""


def list_folder(folder: Path, clock: Callable[[], float]) -> Listing:
    """List the top level of a folder; directories and droppings are passed over.

    A file that goes away meanwhile is left out. Raises OSError when the folder cannot be listed to its end: a part of a
    listing would look as if files had been deleted.
    """
    sightings: dict[str, Sighting] = {}
    strange: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if not is_scan_name(entry.name):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(status.st_mode):
                continue
            if why := why_strange(status):
                strange[entry.name] = why
            else:
                age_s = max(0.0, time.time() - status.st_mtime)
                sightings[entry.name] = Sighting(folder / entry.name, stamp_of(status), clock(), age_s)
    return Listing(sightings, strange)


@contextmanager
def open_scan(name: str | Path, *, dir_fd: int | None = None) -> Iterator[int]:
    """Open a file for reading, for as long as the context lasts; never waits, and follows no link.

    It may turn out to be no regular file: ask ``why_strange``. Raises OSError, among them ELOOP for a symbolic link and
    EAGAIN while another process holds a lease on it.
    """
    fd = os.open(name, _OPEN, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def open_directory(path: str | Path, *, dir_fd: int | None = None, is_link_refused: bool = False) -> Iterator[int]:
    """Open a directory for as long as the context lasts. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    fd = os.open(path, flags | os.O_NOFOLLOW if is_link_refused else flags, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def ask_lease(path: Path) -> Writing:
    """Ask whether the file is being written; UNKNOWN when it cannot be opened, for then its ends tell why."""
    try:
        with open_scan(path) as fd:
            return is_being_written(fd)
    except OSError as error:
        return Writing.YES if error.errno in {errno.EAGAIN, errno.ENOENT} else Writing.UNKNOWN


def ask_structure(path: Path, stamp: Stamp) -> Structure | None:
    """Judge the ends of a file; None when it is not the one with this stamp any more."""
    try:
        with open_scan(path) as fd:
            status = os.fstat(fd)
            if why := why_strange(status):
                return Unreadable(why)
            return _structure(fd, status.st_size) if stamp_of(status) == stamp else None
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(f"it cannot be read: {advice(error)}")


def _structure(fd: int, size_bytes: int) -> Structure:
    filled_bytes = min(size_bytes, _first_hole(fd, size_bytes))

    def read(offset: int, length: int) -> bytes:
        return os.pread(fd, max(0, min(length, filled_bytes - offset)), offset)

    tail_at = max(0, filled_bytes - TAIL_BYTES)
    return structure_of(read(0, HEAD_BYTES), read(tail_at, TAIL_BYTES), filled_bytes, read)


def _first_hole(fd: int, size_bytes: int) -> int:
    """Return where the first part that was never written begins; the size when there is none or nobody can tell.

    A client that sets the final size first and dies leaves such a hole in a file of the right size (measured on
    Samba 4.17 over ext4, 2026-11).
    """
    try:
        return os.lseek(fd, 0, os.SEEK_HOLE)
    except OSError:
        return size_bytes
