"""STATUS.txt in a share: put there whole or not at all, whatever stands in its place.

A share belongs to strangers: what stands under our names may be a link to elsewhere, a folder, a file that somebody
has open. None of it is followed or written into; a name is only ever replaced. The text is not flushed: it tells of
now, and the next start writes it anew.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.errors import telling
from hotfolder.look import open_directory
from hotfolder.names import STATUS_NAME

PART_NAME: Final = f".{STATUS_NAME}.part"
"""The name until it is whole; hidden and unfinished, so never taken for a scan (``names.is_scan_name``)."""


@dataclass(frozen=True, slots=True)
class Written:
    """Which file was written, and when it was last changed; equal as long as nobody else has touched it."""

    inode: int
    size_bytes: int
    mtime_ns: int


def put_status(share_dir: Path, text: bytes) -> Written:
    """Write STATUS.txt of a share, or replace it; readers see the old text or the new one, never a part.

    Raises ShareError: the folder is gone, full, read-only, or a folder stands in its place. Then the old one stands.
    """
    with telling(f"cannot write {STATUS_NAME}"), open_directory(share_dir) as share_fd:
        _clear(PART_NAME, share_fd)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(PART_NAME, flags, 0o640, dir_fd=share_fd)
        try:
            with os.fdopen(fd, "wb") as part:
                os.fchmod(fd, 0o640)  # whatever the umask took away; nobody but us has to write it
                part.write(text)
                part.flush()
                written = _written(os.fstat(fd))
            os.rename(PART_NAME, STATUS_NAME, src_dir_fd=share_fd, dst_dir_fd=share_fd)
        except OSError as error:
            with suppress(OSError):
                os.unlink(PART_NAME, dir_fd=share_fd)
            if error.errno == errno.EISDIR:
                raise OSError(error.errno, "a folder of that name stands there; remove it") from error
            raise
    return written


def standing(share_dir: Path) -> Written | None:
    """Return which STATUS.txt stands in a share; None when there is none, or something else than a file."""
    try:
        status = (share_dir / STATUS_NAME).lstat()
    except OSError:
        return None
    return _written(status) if stat.S_ISREG(status.st_mode) else None


def _written(status: os.stat_result) -> Written:
    return Written(status.st_ino, status.st_size, status.st_mtime_ns)


def _clear(name: str, share_fd: int) -> None:
    """Remove what a crash left, or what somebody laid there, a link itself and not what it names."""
    try:
        os.unlink(name, dir_fd=share_fd)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        os.rmdir(name, dir_fd=share_fd)
