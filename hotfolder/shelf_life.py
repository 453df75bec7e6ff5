"""Which files in ``_failed`` go: those shown long enough, and the oldest when all of them take too much room."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in ``_failed``. ``since``: seconds since 1970 at which it came there, by the kernel's change time.

    ``note`` is the name of the text beside it, empty when it has none of ours: then a person put it there. A note that
    has lost its scan stands for itself.
    """

    name: str
    since: float
    size_bytes: int
    note: str = ""

    @property
    def is_ours(self) -> bool:
        """Tell whether scangate put it there."""
        return self.note != ""


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """How long failed scans are shown, and how much room they may take together."""

    longest_s: float
    room_bytes: int


def expired(kept: Iterable[Kept], now: float, life: ShelfLife) -> tuple[Kept, ...]:
    """Return what goes, oldest first.

    Everything older than ``longest_s``. Of ours as many more as are needed to take no more than ``room_bytes``; what a
    person put there neither counts nor goes for room. A time of the future, set by a clock that was wrong, is no age.
    """
    return tuple(_expired(sorted(kept, key=lambda one: (one.since, one.name)), now, life))


def _expired(oldest_first: list[Kept], now: float, life: ShelfLife) -> Iterator[Kept]:
    used_bytes = sum(one.size_bytes for one in oldest_first if one.is_ours)
    for one in oldest_first:
        is_crowded = one.is_ours and used_bytes > life.room_bytes
        if is_crowded or now - one.since > life.longest_s:
            used_bytes -= one.size_bytes if one.is_ours else 0
            yield one
