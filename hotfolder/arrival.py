"""What was seen of a file in a share, the finished files that make one scan, and what else a share has to report."""

from dataclasses import dataclass, field
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
    """A file as seen once. ``seen_s`` is monotonic seconds.

    ``arrived_ns``: when it last came here or changed, by the file system's clock (ctime): no client can set it.
    ``age_s``: since its last change by the wall clock, which may be wrong; 0 for a change in the future.
    """

    stamp: Stamp
    seen_s: float
    arrived_ns: int = 0
    age_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A finished file, still in the share.

    ``folder``: the sub-folder of the share it lies in, by name; empty for the top level.
    ``is_held_open``: whole and long untouched, though its writer never closes it. Otherwise a writer that is found when
    the file is taken has come back, and the file is not finished after all. ``is_sidecar``: it is no page, it says who
    gets the scan.
    """

    path: Path
    stamp: Stamp
    is_held_open: bool = False
    folder: str = ""
    is_sidecar: bool = False

    @property
    def key(self) -> str:
        """Its key among the files of the share."""
        return f"{self.folder}/{self.path.name}" if self.folder else self.path.name


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files of one scan, in page order, ready to be taken off the share; all of them lie in one folder of it.

    Sidecars come last.

    ``rejected`` is empty for a whole scan. Otherwise it is the sentence that tells its sender why the files, though
    they will not change any more, cannot be a scan (cut short, not a scan type): they are taken and then failed.
    ``notes``: sentences for whoever gets the scan, such as that a page seems to be missing. ``called``: what people
    call it, when that is not the name of its first file.
    """

    share: str
    files: tuple[ArrivedFile, ...]
    rejected: str = ""
    notes: tuple[str, ...] = ()
    called: str = ""

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
    PAGES = "waits for a page"
    ALONE = "without its scan"
    EMPTY = "still empty"


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
    def key(self) -> str:
        """Its name below the share, as the file system has it: ``scan.pdf`` or ``alice/scan.pdf``."""
        return f"{self.folder}/{self.path.name}" if self.folder else self.path.name

    @property
    def name(self) -> str:
        """The same, safe to print."""
        return display_key(self.key)

    @property
    def sentence(self) -> str:
        """Such as "still incomplete: scan.pdf: the PDF has no end mark"."""
        return f"{self.hold}: {self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Emptied:
    """A sub-folder that may be removed, if there is still nothing in it."""

    folder: str
    share: str


@unique
class Trouble(StrEnum):
    """What can be wrong with a share as a whole; the value stands in the log."""

    FOLDER = "folder"
    EVENTS = "events"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fault:
    """A share is in trouble. Tried again by itself.

    Its scans wait (``FOLDER``), are seen later (``EVENTS``), or cannot be shown when they fail (``FAILED``).
    """

    sentence: str
    trouble: Trouble
    share: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The trouble told before is over."""

    sentence: str
    trouble: Trouble
    share: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds in a share from now on: every file that is held, by name, and every trouble of the share.

    ``more``: how many files stand there beside those, empty or never taken, that are only counted.
    """

    share: str
    held: tuple[Held, ...] = ()
    faults: tuple[Fault, ...] = ()
    more: int = 0
