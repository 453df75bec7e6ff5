"""What was seen of a file in a share, and the finished files that make one scan."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another; two equal stamps mean that nobody wrote in between.

    Blocks count because a client that sets the final size first fills the file without changing size (measured with
    smbprotocol on Samba 4.17, 2026-11).
    """

    inode: int
    size_bytes: int
    mtime_ns: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as seen once. ``seen_s`` is monotonic seconds."""

    path: Path
    stamp: Stamp
    seen_s: float


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A finished file, still in the share."""

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files of one scan, in page order, ready to be taken off the share.

    ``rejected`` is empty for a whole scan. Otherwise it is the sentence that tells its sender why the files, though
    they will not change any more, cannot be a scan (cut short, not a scan type): they are taken and then failed.
    """

    share: str
    files: tuple[ArrivedFile, ...]
    rejected: str = ""
