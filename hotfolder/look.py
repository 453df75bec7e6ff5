"""One file of a share as it is now: its stamp, who writes it, whether it is whole. Follows no link."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotfolder.arrival import Stamp
from hotfolder.errors import advice
from hotfolder.lease import is_being_written
from hotfolder.structure import HEAD_BYTES, TAIL_BYTES, structure_of
from hotfolder.verdict import Malformed, Structure, Unreadable, Whole, Writing

# O_NONBLOCK: a FIFO under a scan's name must not stop us; O_NOCTTY: nor a terminal become ours.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


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


@contextmanager
def open_folder(share_dir: Path, folder: str) -> Iterator[int]:
    """Open a share, or a sub-folder of it, for as long as the context lasts; a sub-folder that is a link is refused.

    Raises OSError.
    """
    with open_directory(share_dir) as share_fd:
        if not folder:
            yield share_fd
            return
        with open_directory(folder, dir_fd=share_fd, is_link_refused=True) as fd:
            yield fd


@contextmanager
def open_in_share(path: Path, folder: str = "") -> Iterator[int]:
    """Open a file of a share as ``open_scan`` does; ``folder`` is the sub-folder its path lies in, empty for none.

    Neither the file nor the sub-folder is followed when it is a link.
    """
    if not folder:
        with open_scan(path) as fd:
            yield fd
        return
    with open_folder(share_of(path, folder), folder) as folder_fd, open_scan(path.name, dir_fd=folder_fd) as fd:
        yield fd


def share_of(path: Path, folder: str) -> Path:
    """Return the share's own folder from the path of a file in it and the sub-folder that is in."""
    return path.parent.parent if folder else path.parent


def ask_lease(path: Path, folder: str = "") -> Writing:
    """Ask whether the file is being written; UNKNOWN when it cannot be opened, for then its ends tell why."""
    try:
        with open_in_share(path, folder) as fd:
            return is_being_written(fd)
    except OSError as error:
        return Writing.YES if error.errno in {errno.EAGAIN, errno.ENOENT} else Writing.UNKNOWN


def ask_structure(path: Path, stamp: Stamp, folder: str = "") -> Structure | None:
    """Judge the ends of a file; None when it is not the one with this stamp any more."""
    try:
        with open_in_share(path, folder) as fd:
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
    found = structure_of(read(0, HEAD_BYTES), read(tail_at, TAIL_BYTES), filled_bytes, read)
    if isinstance(found, Whole) and filled_bytes < size_bytes and _has_data(fd, filled_bytes):
        return Malformed("a part in its midst was never written")
    return found


def _has_data(fd: int, offset: int) -> bool:
    """Tell whether anything was written behind an offset: zeros at the end are padding, a gap within is none."""
    try:
        os.lseek(fd, offset, os.SEEK_DATA)
    except OSError:
        return False
    return True


def _first_hole(fd: int, size_bytes: int) -> int:
    """Return where the first part that was never written begins; the size when there is none or nobody can tell.

    A client that sets the final size first and dies leaves such a hole in a file of the right size (measured on
    Samba 4.17 over ext4, 2026-11).
    """
    try:
        return os.lseek(fd, 0, os.SEEK_HOLE)
    except OSError:
        return size_bytes
