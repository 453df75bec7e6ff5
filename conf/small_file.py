"""A small file read in one go: its bytes, or what stands in the way and what to do."""

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds; its bytes never print, for many are secrets."""

    data: bytes = field(repr=False)
    is_open_to_all: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no content: ``what`` completes the sentence "the file …" and says what to do."""

    what: str


def read(path: Path, most_bytes: int) -> Content | Trouble:
    """Read a regular file of at most ``most_bytes``. Never waits on a pipe or a device, and never raises OSError."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                return Trouble("is a device or a pipe: name a file")
            data = file.read(most_bytes + 1)
    except ValueError:
        return Trouble("cannot be named: its path holds a NUL character")
    except OSError as error:
        return Trouble(sentence(error))
    if len(data) > most_bytes:
        return Trouble(f"is over {most_bytes // 1024} KiB: name another file")
    return Content(data, bool(mode & stat.S_IROTH))


def sentence(error: OSError) -> str:
    """Return what to do about a file that could not be opened or read."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "does not exist: write it, or name another file"
        case errno.EISDIR:
            return "is a directory: name a file in it"
        case errno.EACCES | errno.EPERM:
            return "may not be read by the service: give it to the service's user"
        case _:
            return f"cannot be read: {os.strerror(error.errno or errno.EIO)}"


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
