"""A model of devices that write into a folder, and of a watcher that looks: time, kernel and disk are made up."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hotfolder.arrival import Sighting, Stamp
from hotfolder.listing import Listing
from hotfolder.settle import Ready, Rule
from hotfolder.survey import take_survey
from hotfolder.track import NOTHING, Track, offer
from hotfolder.verdict import Incomplete, Structure, Whole, Writing

FOLDER = Path("/share")
PIECE_BYTES = 4096
TICK_S = 0.004
"""The clock of a file system: two changes within it may bear the same time (ext4 at 250 Hz)."""


@dataclass
class File:
    """A file as its device made it; ``filled`` of ``pieces`` are written, ``size_pieces`` is what its size says."""

    inode: int
    pieces: int
    is_valid_in_part: bool = False
    filled: int = 0
    size_pieces: int = 0
    mtime_ns: int = 0
    is_open: bool = False
    is_done: bool = False
    """Its device will never touch it again, and all of it is there."""

    @property
    def stamp(self) -> Stamp:
        """What stat says."""
        return Stamp(self.inode, self.size_pieces * PIECE_BYTES, self.mtime_ns, 8 * self.filled)

    @property
    def structure(self) -> Structure:
        """What its ends say."""
        is_whole = self.filled == self.pieces or (self.is_valid_in_part and self.filled > 0)
        return Whole() if is_whole else Incomplete("a part is missing")


@dataclass
class World:
    """The folder now, and what inotify would tell of it."""

    now_s: float = 0.0
    files: dict[str, File] = field(default_factory=dict)
    events: dict[str, float] = field(default_factory=dict)
    inodes: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def touched(self, file: File) -> None:
        """A change that the disk notes."""
        file.mtime_ns = int(self.now_s / TICK_S) * int(TICK_S * 1e9)

    def own(self, name: str) -> File:
        """Return the file a device is busy with."""
        assert name in self.files, "early: taken from a device that goes on with it"
        return self.files[name]

    def create(self, name: str, pieces: int, *, is_valid_in_part: bool = False, preset: bool = False) -> None:
        """Open a new file, or the old one emptied, as overwriting does."""
        old = self.files.get(name)
        inode = old.inode if old else next(self.inodes)
        file = self.files[name] = File(inode, pieces, is_valid_in_part, is_open=True)
        file.size_pieces = pieces if preset else 0
        self.touched(file)
        self.events[name] = self.now_s

    def write(self, name: str) -> None:
        """Write the next piece."""
        file = self.own(name)
        file.filled += 1
        file.size_pieces = max(file.size_pieces, file.filled)
        self.touched(file)

    def close(self, name: str) -> None:
        """Close it; nothing in its stamp shows that."""
        self.own(name).is_open = False
        self.events[name] = self.now_s

    def reopen(self, name: str) -> None:
        """Open it again to go on."""
        self.own(name).is_open = True

    def rename(self, name: str, new_name: str) -> None:
        """Give it another name."""
        self.own(name)
        self.files[new_name] = self.files.pop(name)
        self.events[new_name] = self.now_s

    def done(self, name: str) -> None:
        """The device has finished with it."""
        file = self.own(name)
        assert file.filled == file.pieces
        file.is_done = True


Step = tuple[float, partial[None]]
"""When, and what a device does: a method of the world."""
HINTS = (World.create, World.close, World.rename)
"""Those that inotify tells of at once; of a write only its stamp does."""


@dataclass(frozen=True)
class Offer:
    """A file that the watcher takes: as it was in that moment."""

    at_s: float
    name: str
    file: File
    ready: Ready


@dataclass
class Watcher:
    """Looks at the world when it says that it will, late by ``delays`` in turn, and takes what is ready.

    ``has_events``: whether inotify's events arrive, ``answer``: what leases say of an open file.
    """

    world: World
    rule: Rule
    delays: list[float]
    has_events: bool
    answer: Writing
    offers: list[Offer] = field(default_factory=list)

    def run(self, steps: list[Step], until_s: float) -> None:
        """Play the steps, and look until the end."""
        ahead = sorted(steps, key=lambda step: step[0])
        track: Track = NOTHING
        delays = itertools.cycle(self.delays)
        look_at_s = 0.0
        with self._patched():
            while look_at_s < until_s:
                while ahead and ahead[0][0] <= look_at_s:
                    at_s, do = ahead.pop(0)
                    self.world.now_s = at_s
                    do(self.world)
                self.world.now_s = look_at_s
                events = self.world.events if self.has_events else {}
                survey = take_survey(FOLDER, track, events, self.rule, lambda: self.world.now_s)
                self.world.events = {}
                names = tuple(name for name, _ in survey.outlook.ready)
                for name, ready in survey.outlook.ready:
                    self.offers.append(Offer(look_at_s, name, self.world.files.pop(name), ready))
                track = offer(survey.track, names)
                hints = (at_s for at_s, do in ahead if self.has_events and do.func in HINTS)
                wanted_s = min(survey.outlook.due_s, look_at_s + 5.0, next(hints, look_at_s + 5.0))
                look_at_s = max(look_at_s + 0.05, wanted_s) + next(delays)

    @contextmanager
    def _patched(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(patch("hotfolder.survey.list_folder", self._list))
            stack.enter_context(patch("hotfolder.survey.ask_lease", self._ask_lease))
            stack.enter_context(patch("hotfolder.survey.ask_structure", self._ask_structure))
            yield

    def _list(self, folder: Path, clock: Callable[[], float], **_: Any) -> Listing:
        seen = {name: file for name, file in self.world.files.items() if not name.startswith("~")}
        return Listing({name: Sighting(file.stamp, clock()) for name, file in seen.items()}, {})

    def _ask_lease(self, path: Path, *_: Any) -> Writing:
        assert self.rule.has_leases
        if self.answer is Writing.UNKNOWN:
            return Writing.UNKNOWN
        return Writing.YES if self.world.files[path.name].is_open else Writing.NO

    def _ask_structure(self, path: Path, stamp: Stamp, *_: Any) -> Structure | None:
        file = self.world.files[path.name]
        return file.structure if file.stamp == stamp else None
