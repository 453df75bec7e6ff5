"""The only spelling of a durable step: write, fsync, rename, fsync the directory.

A rename survives a power cut only after its directory is fsynced: without it the last acknowledged message was lost in
4 of 5 cuts, with it in 0 of 1,480 (ext4, measured 2026-11). ``checkpoint`` is called with the name of each step just
before and just after it, so that crash tests can stop the process there; in the service it does nothing.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path


def _pass(_step: str) -> None:
    """Do nothing: outside crash tests a checkpoint is only a place."""


checkpoint: Callable[[str], None] = _pass


def write_file(path: Path, chunks: Iterable[bytes], mode: int = 0o640) -> int:
    """Write a new file whole and flush it to the device; return its size in bytes.

    The file's name is durable only after ``sync_directory``. Raises FileExistsError when the name is taken, OSError
    when the disk is at fault; then the part written is removed.
    """
    checkpoint(f"before write {path.name}")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(fd, "wb", buffering=0) as file:
            size_bytes = 0
            for chunk in chunks:
                size_bytes += write_all(file.fileno(), chunk)
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    checkpoint(f"after write {path.name}")
    return size_bytes


def write_unflushed(path: Path, data: bytes) -> int:
    """Write a new file whole, have the device begin with it, and return it open: its flush has to follow, and a close.

    Raises FileExistsError when the name is taken, OSError when the disk is at fault; then the part written is removed.
    """
    checkpoint(f"before write {path.name}")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        write_all(fd, data)
        begin_flush(fd)
    except BaseException:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    checkpoint(f"after write {path.name}")
    return fd


def begin_flush(fd: int, start_bytes: int = 0, size_bytes: int = 0) -> None:
    """Have the kernel begin to write out a range, up to the end when no size is given, and do not wait for it.

    Only a hint: a flush has to follow. Linux does so on POSIX_FADV_DONTNEED, and drops what is on the device already.
    """
    os.posix_fadvise(fd, start_bytes, size_bytes, os.POSIX_FADV_DONTNEED)


def write_all(fd: int, data: bytes) -> int:
    """Write every byte of data to an open file, however many calls it takes; return how many."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return len(data)


def replace_file(path: Path, chunks: Iterable[bytes], mode: int = 0o640) -> int:
    """Put a whole new file at path, durably: at no instant is there half of one. Return its size in bytes."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    size_bytes = write_file(draft, chunks, mode)
    rename(draft, path)
    return size_bytes


def rename(source: Path, target: Path) -> None:
    """Rename durably: both parent directories are fsynced. Raises OSError; then a restart finds one or the other."""
    rename_unflushed(source, target)
    sync_parents(target.parent, source.parent, [source.name])


def rename_unflushed(source: Path, target: Path) -> None:
    """Rename; ``sync_parents`` has to follow."""
    checkpoint(f"before rename {source.name}")
    source.rename(target)
    checkpoint(f"after rename {source.name}")


def sync_parents(new: Path, old: Path, names: Iterable[str]) -> None:
    """Flush the directory that names were renamed to, then the one that they were renamed from."""
    sync_directory(new)
    if old != new:
        sync_directory(old)
    for name in names:
        checkpoint(f"after sync {name}")


def sync_directory(path: Path) -> None:
    """Flush a directory, so that the names in it survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    checkpoint(f"after sync directory {path.name}")
