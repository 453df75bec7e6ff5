"""Take files off a share, and give them back.

Beside this only ``clear`` (emptied folders), ``failed``, ``prune`` (both in ``_failed``) and ``status_file``
(STATUS.txt) change a share.

A share belongs to strangers. No symbolic link below it is followed, nothing in it is overwritten, names are only bytes.
The path of the share itself comes from the configuration and may be a link.

Risks that stay, and are accepted:

- A writer that held the file before it was claimed writes on into the claimed file. With leases this is found; where
  leases do not work (``Writing.UNKNOWN``), and for a device that never closes (``is_held_open``), only a change of the
  stamp up to the end of ``take`` is.
- A device that closes a valid PDF after each page is told from a finished scan by the quiet window alone.
- A change within one tick of the file system's clock (4 ms on ext4) that keeps size and blocks leaves the stamp as it
  was; the quiet window is what keeps writer and claim that far apart.
- A crash between the rename and the caller's commit leaves the file where it was renamed to: the caller adopts it from
  there at start, or gives it back.
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.arrival import ArrivedFile, Stamp
from hotfolder.errors import telling
from hotfolder.exclusive import free_names, rename_exclusive
from hotfolder.lease import is_being_written
from hotfolder.look import open_directory, open_folder, open_in_share, open_scan, share_of, stamp_of, why_strange
from hotfolder.names import display_key, display_name
from hotfolder.verdict import Writing

_BLOCK_BYTES: Final = 1024 * 1024
_NOTE: Final = ".txt"
_NO_FILE_NOW: Final = frozenset({errno.ELOOP, errno.EAGAIN, errno.ENXIO})
"""What opening answers for what is no file to read now: a link; a lease of another process; a socket."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The file is off the share, on disk, and stands at ``path``; nobody can open it by its old name any more."""

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Gone:
    """The file was not there any more: its sender deleted or renamed it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is not the finished file that was offered: ``reason`` is a clause. It stands in the share at ``path``."""

    path: Path
    reason: str


def take(file: ArrivedFile, into: Path) -> Taken | Gone | Changed:
    """Move a finished file off its share to ``into``, durably, unless it changed since it was found finished.

    ``into`` is a free name in a directory on the same file system that no client can see. The file's data reach the
    disk before its name does, and both directories before this returns. What was changed or opened for writing
    meanwhile goes back to the share, under its own name or, when that is taken by now, under a free one.

    A file in a sub-folder is taken out of the directory that bears the folder's name before and after the rename. When
    the name is another directory's by then, the file goes back into its own: a folder's name says who gets it.

    Raises ShareError: another file system, ``into`` taken, no permission, a failing disk. The file then stands in the
    share; only if giving it back failed too, it is at ``into``, as after a crash.
    """
    share_dir = share_of(file.path, file.folder)
    with telling(f"cannot take {display_name(file.path.name)} off the share"):
        try:
            with open_folder(share_dir, file.folder) as share_fd, open_directory(into.parent) as into_fd:
                return _take(file, into, share_fd, into_fd)
        except OSError as error:
            if (found := what_became_of(file, error)) is None:
                raise
            return found


def what_became_of(file: ArrivedFile, error: OSError) -> Gone | Changed | None:
    """Tell what an error in taking a file says of the file; None when it is a fault of the disk or the share."""
    is_link_now = error.errno == errno.ENOTDIR and str(error.filename) == file.folder
    if error.errno in _NO_FILE_NOW or is_link_now:
        return Changed(file.path, f"it is no file that can be read now ({error.strerror})")
    its_names = {file.path.name, file.folder, str(share_of(file.path, file.folder))}
    return Gone() if isinstance(error, FileNotFoundError) and str(error.filename) in its_names else None


def _take(file: ArrivedFile, into: Path, share_fd: int, into_fd: int) -> Taken | Changed:
    name = file.path.name
    with open_scan(name, dir_fd=share_fd) as fd:
        if why := _why_unfinished(fd, file.stamp, is_held_open=file.is_held_open):
            return Changed(file.path, why)
        os.fsync(fd)
        # Writing out may move blocks; size, time and inode are still those that were offered.
        stamp = stamp_of(os.fstat(fd))
        rename_exclusive(name, share_fd, into.name, into_fd)
        try:
            os.fsync(into_fd)
            os.fsync(share_fd)
            if os.stat(into.name, dir_fd=into_fd, follow_symlinks=False).st_ino != stamp.inode:
                why = "another file took its name"
            elif (stamp.size_bytes, stamp.mtime_ns) != (file.stamp.size_bytes, file.stamp.mtime_ns):
                why = "it was written to"
            else:
                why = why_moved(file, share_fd) or _why_unfinished(fd, stamp, is_held_open=file.is_held_open)
        except OSError:
            _move_back(into.name, into_fd, name, share_fd)
            raise
        if why:
            return Changed(file.path.with_name(_move_back(into.name, into_fd, name, share_fd)), why)
    return Taken(into, stamp)


def why_moved(file: ArrivedFile, folder_fd: int) -> str:
    """Return a clause when the sub-folder that the file was taken out of has lost its name; empty otherwise."""
    if not file.folder:
        return ""
    try:
        with open_folder(share_of(file.path, file.folder), file.folder) as fd:
            is_the_same = os.path.samestat(os.fstat(fd), os.fstat(folder_fd))
    except OSError:
        is_the_same = False
    return "" if is_the_same else "its folder was renamed"


def _why_unfinished(fd: int, stamp: Stamp, *, is_held_open: bool) -> str:
    status = os.fstat(fd)
    if why := why_strange(status):
        return why
    if is_being_written(fd) is Writing.YES and not is_held_open:
        return "it is open for writing again"
    return "" if stamp_of(status) == stamp else "it was written to"


def digest(path: Path, folder: str = "") -> tuple[int, str]:
    """Return size in bytes and SHA-256 (lower-case hex) of a file, read in blocks of 1 MiB; follows no link.

    ``folder`` as in ``ArrivedFile``. Raises ShareError when it cannot be read.
    """
    with telling(f"cannot read {display_name(path.name)}"), open_in_share(path, folder) as fd:
        return digest_of(fd)


def digest_of(fd: int) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 in hex of an open file, read from its start."""
    found = hashlib.sha256()
    size_bytes = 0
    while block := os.read(fd, _BLOCK_BYTES):
        found.update(block)
        size_bytes += len(block)
    return size_bytes, found.hexdigest()


def give_back(path: Path, share_dir: Path, name: str, folder: str = "") -> Path:
    """Move a claimed file back into its share, durably, and return where it stands there.

    It gets its name, or when that is taken the first free one of ``scan~2.pdf``, ``scan~3.pdf``…; nothing is ever
    overwritten. ``folder`` is the sub-folder it came from, empty for the top level: it is made again when it is gone
    (mode 0770), and never followed when it is a link.

    Raises ShareError, the file still being at ``path``; ValueError for a name or folder that is a path.
    """
    check_name(name)
    where = f"{folder}/{name}" if folder else name
    with (
        telling(f"cannot give {display_key(where)} back to the share"),
        open_directory(path.parent) as from_fd,
        open_directory(share_dir) as share_fd,
    ):
        if not folder:
            return share_dir / _move_back(path.name, from_fd, name, share_fd)
        check_name(folder)
        with own_directory(folder, share_fd) as folder_fd:
            return share_dir / folder / _move_back(path.name, from_fd, name, folder_fd)


def _move_back(claimed: str, claimed_fd: int, name: str, share_fd: int) -> str:
    for candidate in free_names(name):
        try:
            rename_exclusive(claimed, claimed_fd, candidate, share_fd)
        except FileExistsError:
            continue
        os.fsync(share_fd)
        os.fsync(claimed_fd)
        return candidate
    raise AssertionError("free_names ends")


@contextmanager
def own_directory(name: str, share_fd: int) -> Iterator[int]:
    """Open a directory in the share for as long as the context lasts; made when missing, a link is refused."""
    try:
        os.mkdir(name, 0o770, dir_fd=share_fd)
        is_new = True
    except FileExistsError:
        is_new = False
    with open_directory(name, dir_fd=share_fd, is_link_refused=True) as fd:
        if is_new:
            os.fchmod(fd, 0o770)  # whatever the umask took away
            os.fsync(fd)
            os.fsync(share_fd)
        yield fd


def check_name(name: str) -> None:
    """Raise ValueError for what is a path, or no name."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"not the name of a file: {name!r}")
