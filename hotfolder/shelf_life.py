"""Which files in ``_failed`` go: those shown long enough, and the oldest when all of them take too much room."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

EARLIEST_S: Final = 1_767_225_600.0
"""2026-01-01, before there was any scangate: a clock that shows an earlier time stands where a box without a battery
clock begins, at 1970 or at the date of its firmware."""
_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in ``_failed``. ``since``: seconds since 1970 at which it came there, by the kernel's change time.

    ``note`` is the name of the text beside it, empty when it has none of ours: then a person put it there. A note that
    has lost its scan stands for itself: it is its own.
    """

    name: str
    since: float
    size_bytes: int
    note: str = ""

    @property
    def is_ours(self) -> bool:
        """Tell whether scangate put it there."""
        return self.note != ""

    @property
    def is_scan(self) -> bool:
        """Tell whether it is a scan with its text."""
        return self.note not in {"", self.name}


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """How long failed scans are shown, how much room they may take together, and how many there may be, with texts."""

    longest_s: float
    room_bytes: int
    most: int = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, oldest first.

    ``gone``: removed, with its text. ``crowded``: removed, its text stays and says so. ``undated``: its age cannot be
    told, and begins now.
    """

    gone: tuple[Kept, ...] = ()
    crowded: tuple[Kept, ...] = ()
    undated: tuple[Kept, ...] = ()


def plan(
    kept: Iterable[Kept],
    now: float,
    life: ShelfLife,
    *,
    is_steady: bool,
    doubted: tuple[float, float] | None = None,
) -> Plan:
    """Decide about all that lies in ``_failed``.

    What is older than ``longest_s`` goes. Of our scans as many more as are needed to take no more than ``room_bytes``,
    but their texts stay: a person who looks for the file finds there what has become of it. Texts take next to no room,
    and are bounded, with their scans, by ``most``. What a person put there goes by its age alone.

    ``is_steady``: the clock has not just been set. Without that nothing goes by its age, which a leap would have made.
    A time before ``EARLIEST_S``, or of the future, is that of a clock that was wrong: no age. Such a file counts as
    younger than any other, and its age begins when the clock is right. ``doubted``: the first and the last time that a
    clock showed before it was set; no age either.
    """
    oldest_first = sorted(kept, key=lambda one: (one.since < EARLIEST_S, one.since, one.name))
    if now < EARLIEST_S:
        undated, old = set[Kept](), set[Kept]()
    else:
        first, last = doubted or (0.0, 0.0)
        undated = {
            one for one in oldest_first if not EARLIEST_S <= one.since <= now + _DAY_S or first <= one.since <= last
        }
        old = {one for one in oldest_first if is_steady and one not in undated and now - one.since > life.longest_s}
    gone = old | set(_surplus([one for one in oldest_first if one not in old], life.most))
    stays = [one for one in oldest_first if one not in gone]
    crowded = dict.fromkeys(_crowded(stays, life.room_bytes))
    return Plan(
        tuple(one for one in oldest_first if one in gone),
        tuple(crowded),
        tuple(one for one in stays if one in undated and one not in crowded),
    )


def _surplus(oldest_first: Iterable[Kept], most: int) -> Iterator[Kept]:
    ours = [one for one in oldest_first if one.is_ours]
    yield from ours[: max(0, len(ours) - most)]


def _crowded(oldest_first: Iterable[Kept], room_bytes: int) -> Iterator[Kept]:
    scans = [one for one in oldest_first if one.is_scan]
    used_bytes = sum(one.size_bytes for one in scans)
    for one in scans:
        if used_bytes <= room_bytes:
            return
        used_bytes -= one.size_bytes
        yield one
