"""What was seen of a file in a share, the finished files that make one scan, and what else a share has to report."""

from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

from hotfolder.names import display_key


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
    """A finished file, still in the share.

    ``folder``: the sub-folder of the share it lies in, by name; empty for the top level.
    ``is_held_open``: whole and long untouched, though its writer never closes it. Otherwise a writer that is found when
    the file is taken has come back, and the file is not finished after all.
    """

    path: Path
    stamp: Stamp
    is_held_open: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files of one scan, in page order, ready to be taken off the share; all of them lie in one folder of it.

    ``rejected`` is empty for a whole scan. Otherwise it is the sentence that tells its sender why the files, though
    they will not change any more, cannot be a scan (cut short, not a scan type): they are taken and then failed.
    """

    share: str
    files: tuple[ArrivedFile, ...]
    rejected: str = ""

    @property
    def folder(self) -> str:
        """The sub-folder of the share that the scan lies in, by name; empty for the top level."""
        return self.files[0].folder


@unique
class Hold(StrEnum):
    """Why a file stays in the share for now; the value opens the sentence about it."""

    INCOMPLETE = "still incomplete"
    OPEN = "still open"
    STRANGE = "not taken"
    LEFT = "offered and left"


@dataclass(frozen=True, slots=True)
class Held:
    """What stays in the share for now; told once for each reason. ``reason`` is a clause without its name.

    It is a file, or a folder whose files are not taken. ``folder`` as in ``ArrivedFile``.
    """

    path: Path
    reason: str
    hold: Hold
    share: str
    folder: str = ""

    @property
    def name(self) -> str:
        """Its name below the share, safe to print: ``scan.pdf`` or ``alice/scan.pdf``."""
        return display_key(f"{self.folder}/{self.path.name}" if self.folder else self.path.name)

    @property
    def sentence(self) -> str:
        """Such as "still incomplete: scan.pdf: the PDF has no end mark"."""
        return f"{self.hold}: {self.name}: {self.reason}"


@unique
class Trouble(StrEnum):
    """What can be wrong with a share as a whole; the value stands in the log."""

    FOLDER = "folder"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Fault:
    """A share is in trouble: its scans wait (``FOLDER``) or are seen later (``EVENTS``). Tried again by itself."""

    sentence: str
    trouble: Trouble
    share: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The trouble told before is over."""

    sentence: str
    trouble: Trouble
    share: str
