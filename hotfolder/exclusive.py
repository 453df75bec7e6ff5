"""A name no other file has: free names near a wanted one, and a rename that never overwrites."""

import ctypes
import errno
import os
from collections.abc import Iterator
from itertools import count
from pathlib import PurePath
from typing import Final

NAME_BYTES: Final = 255
"""Longest file name on the file systems of Linux (limits.h NAME_MAX)."""

_NOREPLACE: Final = 1  # renameat2(2) RENAME_NOREPLACE
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def free_names(name: str, mark: str = "", name_bytes: int = NAME_BYTES) -> Iterator[str]:
    """Yield ``scan.pdf``, ``scan~2.pdf``, ``scan~3.pdf``…, without end, each at most ``name_bytes`` long.

    With a mark: ``scan.pdf``, ``scan~mark.pdf``, ``scan~mark~2.pdf``…
    """
    yield with_mark(name, "", name_bytes)
    prefix = f"~{mark}" if mark else ""
    if prefix:
        yield with_mark(name, prefix, name_bytes)
    for number in count(2):
        yield with_mark(name, f"{prefix}~{number}", name_bytes)


def with_mark(name: str, mark: str, name_bytes: int = NAME_BYTES) -> str:
    """Return the name with a mark before its suffix, its stem cut so that the whole fits into ``name_bytes``."""
    suffix = os.fsencode(PurePath(name).suffix)
    stem = os.fsencode(name).removesuffix(suffix)
    ending = os.fsencode(mark) + suffix
    if len(ending) >= name_bytes:  # a suffix that leaves no room for a stem is none
        stem, ending = stem + suffix, os.fsencode(mark)
    return os.fsdecode(stem[: name_bytes - len(ending)] + ending)


def rename_exclusive(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
    """Rename a file between directories of one file system; FileExistsError when the new name is taken.

    Raises OSError as rename(2) does, EXDEV between file systems among them.
    """
    old, new = os.fsencode(name), os.fsencode(new_name)
    failed = _LIBC.renameat2(ctypes.c_int(dir_fd), old, ctypes.c_int(new_dir_fd), new, ctypes.c_uint(_NOREPLACE))
    number = ctypes.get_errno() if failed else 0
    if number in {errno.EINVAL, errno.ENOSYS}:
        # A file system without the flag. Between the two steps the file has two names; a crash there leaves both, and
        # the one in the share is then reported as a hard link.
        os.link(name, new_name, src_dir_fd=dir_fd, dst_dir_fd=new_dir_fd, follow_symlinks=False)
        os.unlink(name, dir_fd=dir_fd)
    elif number:
        raise OSError(number, os.strerror(number), name, None, new_name)
