"""What is in a folder now: its files and their stamps, who writes one, whether one is whole. Follows no link."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hotfolder.arrival import Sighting, Stamp
from hotfolder.errors import advice
from hotfolder.lease import is_being_written
from hotfolder.names import is_folder_name, is_scan_name, is_upload_name
from hotfolder.structure import HEAD_BYTES, TAIL_BYTES, structure_of
from hotfolder.verdict import Malformed, Structure, Unreadable, Whole, Writing

# O_NONBLOCK: a FIFO under a scan's name must not stop us; O_NOCTTY: nor a terminal become ours.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
# It went away between the listing of its share and its own, or something else took its name.
_NO_FOLDER_NOW: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_FAULTS: Final = 10
"""More files of a folder than these cannot be looked at: then it is not the files."""
_TOO_DEEP: Final = "it is a folder within a folder, and what is in it is not taken; move its scans one level up"


@dataclass(frozen=True, slots=True)
class Listing:
    """The scan files of a share by key: ``name`` at its top level, ``folder/name`` in a sub-folder.

    ``strange``: what bears the name of a scan, or of a folder for scans, but is none, with a clause that says why.
    ``folders``: the inode of each sub-folder that was looked into, by name. ``unfinished``: files that bear the name of
    an upload, with their age by ctime, and files that could not be looked at (None).
    """

    sightings: dict[str, Sighting] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    unfinished: dict[str, Sighting | None] = field(default_factory=dict)


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


def list_folder(folder: Path, clock: Callable[[], float], *, with_folders: bool = False) -> Listing:
    """List the top level of a share, and the folders directly below it when asked to; droppings are passed over.

    What goes away meanwhile is left out. A file that cannot be looked at is strange, and keeps nobody else's from being
    seen; of more than ten in one folder the disk is at fault, or the server. A sub-folder that cannot be listed to its
    end is strange, and its files are not seen: a part of it would look like a whole scan. Raises OSError when the top
    level cannot be listed to its end: a part of a listing would look as if files had been deleted.
    """
    listing = Listing()
    with open_directory(folder) as top_fd:
        below = _list_into(listing, top_fd, folder, "", clock)
        for name, inode in below.items() if with_folders else ():
            part = Listing()
            try:
                with open_directory(name, dir_fd=top_fd, is_link_refused=True) as fd:
                    deeper = _list_into(part, fd, folder / name, f"{name}/", clock)
            except OSError as error:
                if error.errno not in _NO_FOLDER_NOW:
                    listing.strange[name] = f"the folder cannot be read: {advice(error)}"
                continue
            listing.sightings.update(part.sightings)
            listing.strange.update(part.strange)
            listing.unfinished.update(part.unfinished)
            listing.folders[name] = inode
            listing.strange.update((f"{name}/{deep}", _TOO_DEEP) for deep in deeper)
    return listing


def _list_into(listing: Listing, fd: int, folder: Path, prefix: str, clock: Callable[[], float]) -> dict[str, int]:
    """Add the scan files of one directory, and return the inodes of the directories in it that may hold scans."""
    directories: dict[str, int] = {}
    faults = 0
    with os.scandir(fd) as entries:
        for entry in entries:
            name, key = entry.name, prefix + entry.name
            if not (is_scan_name(name) or is_upload_name(name) or is_folder_name(name)):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                faults += 1
                if faults > _FAULTS:
                    raise
                inode = _add_unseen(listing, key, entry, error)
            else:
                inode = _add(listing, key, folder / name, status, clock)
            if inode and is_folder_name(name):
                directories[name] = inode
    return directories


def _add_unseen(listing: Listing, key: str, entry: os.DirEntry[str], error: OSError) -> int:
    """Add what cannot be looked at, unless it is a directory; return the inode then, else 0."""
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            return entry.inode()
    listing.unfinished[key] = None
    if is_scan_name(entry.name):
        listing.strange[key] = f"it cannot be looked at: {advice(error)}"
    return 0


def _add(listing: Listing, key: str, path: Path, status: os.stat_result, clock: Callable[[], float]) -> int:
    """Add a file, unless it is a directory; return the inode then, else 0."""
    if stat.S_ISDIR(status.st_mode):
        return status.st_ino
    now = time.time()
    if is_scan_name(path.name):
        if why := why_strange(status):
            listing.strange[key] = why
        else:
            age_s = max(0.0, now - status.st_mtime)
            listing.sightings[key] = Sighting(path, stamp_of(status), clock(), status.st_ctime_ns, age_s)
    elif is_upload_name(path.name) and stat.S_ISREG(status.st_mode):
        age_s = max(0.0, now - status.st_ctime)
        listing.unfinished[key] = Sighting(path, stamp_of(status), clock(), status.st_ctime_ns, age_s)
    return 0


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
