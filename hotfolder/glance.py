"""A quick look at a huge share: only at the files that something is known of, while its folder itself has not changed.

A listing of 100,000 names takes half a second of a core, at every look. A file that comes, goes or gets another name
changes the time of its folder; one that is written into does not, but events tell of it when it is closed. Both are
hints: the full listing stays the truth, only less often.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder.listing import Bound, Listing, list_names
from hotfolder.names import is_scan_name

HUGE_S: Final = 0.05
"""A listing that takes longer is that of a huge share: more than about 10,000 names."""
LEAST_S: Final = 5.0
_SHARE: Final = 20
"""A full listing comes at the latest after so many times what it takes: a twentieth of a core."""
LONGEST_S: Final = 60.0
"""And never later than this, though one that met with a busy disk took longer than any."""
_TICK_NS: Final = 20_000_000
"""Changes within one tick of the file system's clock (10 ms at the longest) leave one and the same time."""


@dataclass(frozen=True, slots=True)
class _Full:
    """The last full listing. ``folder``: which folder that was, and when it was changed; None: just when we looked."""

    folder: tuple[int, int, int] | None
    at_s: float
    took_s: float
    strange: dict[str, str]
    more: int


class Glance:
    """What is remembered of the last full listing of one share."""

    def __init__(self) -> None:
        self._full: _Full | None = None

    def listing(
        self,
        folder: Path,
        keys: Collection[str],
        clock: Callable[[], float],
        bound: Bound,
        whole: Callable[[], Listing],
    ) -> Listing:
        """Return what is in a share: ``keys`` alone, if nothing else can have changed, or else what ``whole`` returns.

        ``keys``: the files that are known, but for those that ``bound`` left out, and those that events name. Raises
        OSError.
        """
        full, began_s = self._full, time.perf_counter()
        stamp = _stamp(folder)
        is_old = full is None or began_s - full.at_s >= min(max(LEAST_S, _SHARE * full.took_s), LONGEST_S)
        if full is not None and not is_old and stamp is not None and stamp == full.folder:
            names = (key for key in keys if is_scan_name(key) and "/" not in key)
            known = list_names(folder, names, clock, bound)
            others = {key: why for key, why in full.strange.items() if key not in known.sightings}
            known.strange = {**others, **known.strange}
            known.more = full.more
            return known
        self._full = None
        found = whole()
        took_s = time.perf_counter() - began_s
        if took_s > HUGE_S:
            self._full = _Full(stamp, began_s, took_s, found.strange, found.more)
        return found


def _stamp(folder: Path) -> tuple[int, int, int] | None:
    """Return which folder it is and when it was changed; None when that is too near for another change to show."""
    status = folder.stat()
    is_past = time.time_ns() - status.st_mtime_ns > _TICK_NS
    return (status.st_dev, status.st_ino, status.st_mtime_ns) if is_past else None
