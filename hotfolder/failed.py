"""Show in a share which scans failed: a copy in ``_failed``, a text beside it. Follows no link, replaces nothing."""

import io
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from hotfolder.claim import check_name, digest_of, own_directory
from hotfolder.errors import telling
from hotfolder.exclusive import NAME_BYTES, free_names, rename_exclusive, with_mark
from hotfolder.look import open_directory, open_scan, why_strange
from hotfolder.names import FAILED_NAME, display_name
from hotfolder.texts import note_mark, notepad

_BLOCK_BYTES: Final = 1024 * 1024
_NOTE: Final = ".txt"


def put_failed(original: Path, share_dir: Path, name: str, sentence: str, ticket: str) -> Path:
    """Copy a scan that failed into the share's ``_failed``, durably, with a text beside it; return the copy's path.

    ``scan.pdf`` gets ``scan.pdf.txt`` with the sentence (one line or several) and the ticket in it, for ``notepad``.
    When another scan has the name it becomes ``scan~TICKET.pdf``. Called again for the same ticket and the same bytes,
    also after a crash half-way, it finishes what it began or returns what is there: the text comes first, and the copy
    under its name is always complete. ``_failed`` is made when missing (mode 0770, so that clients can empty it) and
    never followed when it is a link.

    Raises ShareError; ValueError for a name or ticket that is a path.
    """
    check_name(name)
    check_name(ticket)
    with (
        telling(f"cannot show {display_name(name)} in {FAILED_NAME}"),
        open_scan(original) as fd,
        open(fd, "rb", closefd=False) as source,
        open_directory(share_dir) as share_fd,
        own_directory(FAILED_NAME, share_fd) as failed_fd,
    ):
        mark = note_mark(ticket, digest_of(fd)[1])
        text = notepad(f"{sentence}\n\nFile: {display_name(name)}\n{mark}")
        for candidate in free_names(name, ticket, NAME_BYTES - len(_NOTE)):
            is_there = _exists(candidate, failed_fd)
            note = _note(candidate + _NOTE, failed_fd)
            is_ours = note is not None and note.endswith(notepad(mark, is_start=False))
            if is_there and is_ours:
                return share_dir / FAILED_NAME / candidate
            if is_there or (note is not None and not is_ours):
                continue
            if not is_ours:
                _write(io.BytesIO(text), candidate + _NOTE, failed_fd, ticket)
            source.seek(0)
            _write(source, candidate, failed_fd, ticket)
            return share_dir / FAILED_NAME / candidate
    raise AssertionError("free_names ends")


def put_note(share_dir: Path, name: str, sentence: str, ticket: str) -> Path:
    """Put the text alone into ``_failed``, for a scan whose bytes are lost; return its path. As ``put_failed`` else."""
    check_name(name)
    check_name(ticket)
    mark = note_mark(ticket, "0" * 64)
    with (
        telling(f"cannot tell of {display_name(name)} in {FAILED_NAME}"),
        open_directory(share_dir) as share_fd,
        own_directory(FAILED_NAME, share_fd) as failed_fd,
    ):
        for candidate in free_names(name, ticket, NAME_BYTES - len(_NOTE)):
            note = _note(candidate + _NOTE, failed_fd)
            if note is None and not _exists(candidate, failed_fd):
                text = notepad(f"{sentence}\n\nFile: {display_name(name)}\n{mark}")
                _write(io.BytesIO(text), candidate + _NOTE, failed_fd, ticket)
            elif note is None or not note.endswith(notepad(mark, is_start=False)):
                continue
            return share_dir / FAILED_NAME / (candidate + _NOTE)
    raise AssertionError("free_names ends")


def obstacle(share_dir: Path) -> str:
    """Return a sentence about what stands in the way of ``_failed`` in a share; empty when nothing does."""
    try:
        status = (share_dir / FAILED_NAME).lstat()
    except OSError:
        return ""  # none yet; or the share is away, which whoever looks at it says
    if stat.S_ISDIR(status.st_mode):
        return ""
    what = "a link" if stat.S_ISLNK(status.st_mode) else "a file"
    return (
        f"{what} named {FAILED_NAME} stands where failed scans are shown, so none is; remove or rename it. "
        "Until then they are kept on the box"
    )


def _exists(name: str, dir_fd: int) -> bool:
    try:
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _note(name: str, dir_fd: int) -> bytes | None:
    """Return the text of a note; None when there is none, empty when it is none of ours."""
    try:
        with open_scan(name, dir_fd=dir_fd) as fd:
            return b"" if why_strange(os.fstat(fd)) else os.read(fd, _BLOCK_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _write(source: BinaryIO, name: str, dir_fd: int, ticket: str) -> None:
    # A hidden name until it is complete; what stands there is the rest of a crash of this very ticket.
    temporary = with_mark(f".{ticket}.part", "")
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=dir_fd)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o660, dir_fd=dir_fd)
    try:
        with os.fdopen(fd, "wb") as copy:
            os.fchmod(fd, 0o660)
            shutil.copyfileobj(source, copy, _BLOCK_BYTES)
            copy.flush()
            os.fsync(fd)
        rename_exclusive(temporary, dir_fd, name, dir_fd)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=dir_fd)
        raise
    os.fsync(dir_fd)
