"""A scanner that writes page after page, and the folder's watcher beside it, in time that is only counted.

Nothing is on disk: the pure parts see what a look would have seen, ``track`` and ``settle`` as the watcher runs them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hotfolder.arrival import Hold, Sighting, Stamp
from hotfolder.group import Scan, each_alone, in_sequence
from hotfolder.names import is_scan_name
from hotfolder.pages import UNSEEN, PageRule
from hotfolder.settle import AskLease, AskStructure, History, Rule, Step, lease_tested, settle, structure_tested
from hotfolder.track import NOTHING, Track, observe, offer, outlook
from hotfolder.unfinished import observe_unfinished
from hotfolder.verdict import Incomplete, Structure, UnknownType, Whole, Writing

RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0)
PAGES = PageRule(gap_s=20.0)
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Fed:
    """One file: written from ``at_s`` on for ``takes_s``.

    ``is_whole``: False for one that is cut short there, None for one that is no scan. ``size_bytes`` is reached at its
    end; 0 is an empty file. ``mtime_s`` is what the device says of its end, and ``ctime_s`` what the folder's clock
    says of its last change, when they are other ones. ``upload``: its name until its end, and for ever when it never
    gets its own. ``unseen_s``: from when to when it cannot be looked at.
    """

    name: str
    at_s: float
    takes_s: float = 1.0
    is_whole: bool | None = True
    size_bytes: int = 1000
    mtime_s: float | None = None
    ctime_s: float | None = None
    upload: str = ""
    is_renamed: bool = True
    unseen_s: tuple[float, float] = (math.inf, math.inf)

    def called(self, now_s: float) -> str:
        """Its name at a time."""
        return self.upload if self.upload and (now_s < self.end_s or not self.is_renamed) else self.name

    @property
    def end_s(self) -> float:
        """When its writer closes it."""
        return self.at_s + self.takes_s


@dataclass(slots=True)
class Feeding:
    """The folder and its watcher.

    ``taken``: when each scan was taken; ``files_taken``: of which files; ``held``: what was told as held, by name.

    ``not_before_s``: nothing can be taken until then, as with a full disk.
    """

    files: Iterable[Fed]
    rule: PageRule | None = PAGES
    starts_s: float = -1.0
    not_before_s: float = -math.inf
    taken: list[tuple[float, Scan]] = field(default_factory=list)
    files_taken: list[list[Fed]] = field(default_factory=list)
    held: dict[str, tuple[Hold, str]] = field(default_factory=dict)
    is_pending: bool = False

    def run(self, until_s: float = math.inf, look_s: float = LOOK_S) -> "Feeding":
        """Look every second until nothing is there any more that can be taken, at most until ``until_s``."""
        files = sorted(self.files, key=lambda fed: fed.at_s)
        inodes = {id(fed): number for number, fed in enumerate(files, 1)}
        there: dict[str, Fed] = {}
        track, followed, now_s = NOTHING, UNSEEN, self.starts_s
        while now_s <= until_s and (files or there):
            while files and files[0].at_s <= now_s:
                fed = files.pop(0)
                there[fed.called(now_s)] = fed
            there = {fed.called(now_s): fed for fed in sorted(there.values(), key=lambda fed: fed.at_s)}
            # The order of a directory's entries is none: here it is the wrong way round.
            listed = sorted(there.items(), reverse=True)
            sightings: dict[str, Sighting] = {}
            others: dict[str, Sighting | None] = {}
            for place, (called, fed) in enumerate(listed):
                sighting = _sighting(fed, inodes[id(fed)], now_s - 1e-3 + place * 1e-6)
                if fed.unseen_s[0] <= now_s < fed.unseen_s[1]:
                    others[called] = None
                elif is_scan_name(called):
                    sightings[called] = sighting
                else:
                    others[called] = sighting
            unfinished = observe_unfinished(track.unfinished, others, sightings, now_s, RULE)
            track = replace(observe(track, sightings, {}, RULE), unfinished=unfinished)
            track, steps = _carried(track, there, now_s)
            strange = {key: "it cannot be looked at" for key, sighting in others.items() if sighting is None}
            seen = outlook(track, steps, strange, now_s)
            if self.rule is None:
                found = each_alone(seen)
            else:
                found, followed = in_sequence(followed, track.histories, unfinished, seen, now_s, self.rule)
            self.held |= found.outlook.held
            self.is_pending = found.outlook.is_pending
            names = [name for scan in found.scans for name in scan.keys]
            assert len(set(names)) == len(names)
            track = offer(track, tuple(names))
            for scan in found.scans if now_s >= self.not_before_s else ():
                self.taken.append((now_s, scan))
                self.files_taken.append([there.pop(name) for name in scan.keys])
            now_s += look_s
            if now_s > 1e5:
                break
        return self

    @property
    def scans(self) -> list[tuple[str, ...]]:
        """The names of each scan, in the order taken."""
        return [scan.keys for _, scan in self.taken]

    @property
    def notes(self) -> list[tuple[str, ...]]:
        """What is said of each scan."""
        return [scan.notes for _, scan in self.taken]


def doc(number: int, stem: str = "Doc_") -> str:
    """The name a counter of four digits gives a page."""
    return f"{stem}{number:04d}.tif"


def fed(
    numbers: list[int], gap_s: float = 3.0, at_s: float = 0.0, stem: str = "Doc_", takes_s: float = 1.0
) -> list[Fed]:
    """One page after the other."""
    return [Fed(doc(number, stem), at_s + place * gap_s, takes_s) for place, number in enumerate(numbers)]


def names(numbers: list[int], stem: str = "Doc_") -> tuple[str, ...]:
    """What a scan of these pages holds."""
    return tuple(doc(number, stem) for number in numbers)


def _sighting(fed: Fed, inode: int, now_s: float) -> Sighting:
    part = min(1.0, (now_s - fed.at_s) / fed.takes_s) if fed.takes_s else 1.0
    size_bytes = max(1, int(fed.size_bytes * part)) if fed.size_bytes else 0
    written_s = min(now_s, fed.end_s) if fed.mtime_s is None else fed.mtime_s
    changed_s = min(now_s, fed.end_s) if fed.ctime_s is None else fed.ctime_s
    stamp = Stamp(inode, size_bytes, int(written_s * 1e9), size_bytes)
    return Sighting(stamp, now_s, int(changed_s * 1e9))


def _carried(track: Track, there: Mapping[str, Fed], now_s: float) -> tuple[Track, dict[str, Step]]:
    histories: dict[str, History] = {}
    steps: dict[str, Step] = {}
    for name, known in track.histories.items():
        history, step = known, settle(known, now_s, RULE)
        while isinstance(step, AskLease | AskStructure):
            history = _tested(history, step, there[name], now_s)
            step = settle(history, now_s, RULE)
        histories[name], steps[name] = history, step
    return replace(track, histories=histories), steps


def _tested(history: History, step: AskLease | AskStructure, fed: Fed, now_s: float) -> History:
    if isinstance(step, AskLease):
        return lease_tested(history, Writing.YES if now_s < fed.end_s else Writing.NO, now_s)
    verdicts: dict[bool | None, Structure] = {True: Whole(), False: Incomplete("cut"), None: UnknownType()}
    return structure_tested(history, verdicts[fed.is_whole], now_s)
