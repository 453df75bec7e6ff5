"""Take a file off a share that lies on another file system, a remote mount: copied durably first, then removed there.

No rename leads from one file system to another. So the file stands in both places for a moment, and a crash in it must
not make two scans of one: ``finish`` and ``put_back`` are what is done then at the next start. ``mark`` is new for each
claim; the file bears it as its hidden name in the share between its claim and its removal.

Writers on other machines are not seen: only a stamp that stays as it was, asked of a file opened anew, tells of them.
"""

import hashlib
import os
import stat
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Final

from hotfolder.arrival import ArrivedFile, Stamp
from hotfolder.claim import Changed, Gone, Taken, digest_of, own_directory, what_became_of, why_moved
from hotfolder.errors import telling
from hotfolder.exclusive import free_names, rename_exclusive
from hotfolder.look import open_directory, open_folder, open_scan, share_of, stamp_of, why_strange
from hotfolder.names import CLAIM_PREFIX, display_name

_BLOCK_BYTES: Final = 1024 * 1024


def is_apart(share_dir: Path, spool_dir: Path) -> bool:
    """Tell whether no rename can lead from one folder to the other; False when one of them is not there."""
    try:
        return share_dir.stat().st_dev != spool_dir.stat().st_dev
    except OSError:
        return False


def take(file: ArrivedFile, into: Path, sha256: str, mark: str) -> Taken | Gone | Changed:
    """Copy a finished file to ``into``, durably, and remove it from its share, unless it is not the one offered.

    ``sha256`` is what it had when it was read for the envelope. When this returns ``Taken`` the copy is on disk; before
    that the file is in the share, under its name or its mark. Raises ShareError; ``put_back`` then undoes all of it.
    """
    name = file.path.name
    share_dir = share_of(file.path, file.folder)
    with telling(f"cannot take {display_name(name)} off the share"):
        try:
            with open_folder(share_dir, file.folder) as share_fd, open_directory(into.parent) as into_fd:
                if why := _copy(file, share_fd, into.name, into_fd, sha256):
                    return Changed(file.path, why)
                hidden = _hidden(mark)
                try:
                    os.rename(name, hidden, src_dir_fd=share_fd, dst_dir_fd=share_fd)
                except FileNotFoundError:
                    os.unlink(into.name, dir_fd=into_fd)  # its sender wants it no more
                    return Gone()
                is_other = not _is_same(stamp := stamp_of(_stat(hidden, share_fd)), file.stamp)
                if why := "another file took its name" if is_other else why_moved(file, share_fd):
                    os.unlink(into.name, dir_fd=into_fd)
                    return Changed(file.path.with_name(_show(hidden, name, share_fd)), why)
                _remove(hidden, share_fd)
                return Taken(into, stamp)
        except OSError as error:
            if (found := what_became_of(file, error)) is None:
                raise
            return found


def _copy(file: ArrivedFile, share_fd: int, copy: str, into_fd: int, sha256: str) -> str:
    """Copy it durably under its final name; return why not, a clause, with nothing left of the copy."""
    draft = f".{copy}.part"
    found = hashlib.sha256()
    target = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=into_fd)
    try:
        with os.fdopen(target, "wb", buffering=0) as written, open_scan(file.path.name, dir_fd=share_fd) as fd:
            while block := os.read(fd, _BLOCK_BYTES):
                found.update(block)
                written.write(block)
            os.fsync(target)
        # Opened anew: only then a network file system asks its server (nfs(5), close-to-open).
        with open_scan(file.path.name, dir_fd=share_fd) as fd:
            status = os.fstat(fd)
        why = why_strange(status)
        if not why and (found.hexdigest() != sha256 or not _is_same(stamp_of(status), file.stamp)):
            why = "it was written to"
        if not why:
            rename_exclusive(draft, into_fd, copy, into_fd)
            os.fsync(into_fd)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=into_fd)
    return why


def finish(path: Path, share_dir: Path, name: str, mark: str, folder: str = "") -> None:
    """Remove from the share what stands copied at ``path``, after a crash between the two. Raises ShareError.

    Only the bytes tell whether it is the same file; another one that bears the mark gets its name again. ``folder`` as
    in ``ArrivedFile``; when it has gone, so has the file.
    """
    hidden = _hidden(mark)
    with (
        telling(f"cannot take {display_name(name)} off the share"),
        suppress(FileNotFoundError),
        open_folder(share_dir, folder) as share_fd,
    ):
        if not _exists(hidden, share_fd):
            if not _is_twin(path, name, share_fd):
                return
            os.rename(name, hidden, src_dir_fd=share_fd, dst_dir_fd=share_fd)
        # Looked at once it is hidden: its name may have been another file's by the rename, now or before the crash.
        if _is_twin(path, hidden, share_fd):
            _remove(hidden, share_fd)
        else:
            _show(hidden, name, share_fd)


def put_back(path: Path, share_dir: Path, name: str, mark: str, folder: str = "") -> None:
    """Undo a claim: the file is in the share again, under its name or the first free one, and not at ``path``.

    Without a copy at ``path`` only what bears the mark is shown again. ``folder`` as in ``ArrivedFile``; it is made
    again when it is gone. Raises ShareError, the file being in one of the two places or in both.
    """
    hidden = _hidden(mark)
    with telling(f"cannot give {display_name(name)} back to the share"):
        if not path.exists():
            with suppress(FileNotFoundError), open_folder(share_dir, folder) as share_fd:
                if _exists(hidden, share_fd):
                    _show(hidden, name, share_fd)
            return
        with (
            open_directory(share_dir) as top_fd,
            own_directory(folder, top_fd) if folder else nullcontext(top_fd) as share_fd,
        ):
            if not _exists(hidden, share_fd) and not _is_twin(path, name, share_fd):
                _copy_back(path, hidden, share_fd)
            if _exists(hidden, share_fd):
                _show(hidden, name, share_fd)
            path.unlink()


def _copy_back(path: Path, hidden: str, share_fd: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    draft = hidden + ".part"
    with suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=share_fd)
    with os.fdopen(os.open(draft, flags, 0o660, dir_fd=share_fd), "wb") as back, open_scan(path) as fd:
        while block := os.read(fd, _BLOCK_BYTES):
            back.write(block)
        back.flush()
        os.fsync(back.fileno())
    os.rename(draft, hidden, src_dir_fd=share_fd, dst_dir_fd=share_fd)


def _hidden(mark: str) -> str:
    return CLAIM_PREFIX + mark  # no scan has such a name (``names.is_scan_name``), and no upload


def _show(hidden: str, name: str, share_fd: int) -> str:
    for candidate in free_names(name):
        try:
            rename_exclusive(hidden, share_fd, candidate, share_fd)
        except FileExistsError:
            continue
        os.fsync(share_fd)
        return candidate
    raise AssertionError("free_names ends")


def _remove(hidden: str, share_fd: int) -> None:
    os.unlink(hidden, dir_fd=share_fd)
    os.fsync(share_fd)


def _stat(name: str, dir_fd: int) -> os.stat_result:
    return os.stat(name, dir_fd=dir_fd, follow_symlinks=False)


def _exists(name: str, dir_fd: int) -> bool:
    try:
        _stat(name, dir_fd)
    except FileNotFoundError:
        return False
    return True


def _is_same(one: Stamp, other: Stamp) -> bool:
    """Compare what a rename or a flush leaves as it is; blocks may move."""
    return (one.inode, one.size_bytes, one.mtime_ns) == (other.inode, other.size_bytes, other.mtime_ns)


def _is_twin(path: Path, name: str, share_fd: int) -> bool:
    """Tell whether a file of the share holds the very same bytes. Raises OSError when nobody can tell."""
    try:
        status = _stat(name, share_fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size != path.stat().st_size:
            return False
        with open_scan(name, dir_fd=share_fd) as fd, open_scan(path) as copy_fd:
            return digest_of(fd) == digest_of(copy_fd)
    except FileNotFoundError:
        return False
