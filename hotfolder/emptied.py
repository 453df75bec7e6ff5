"""Which sub-folders of a share have been empty long enough to be removed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from hotfolder.names import split_key

NEVER_FILLED_S: Final = 3600.0
"""A folder may be made long before its first file."""
TAKEN_S: Final = 600.0
"""A device may still write a late page into a folder whose files were taken; without the folder it would fail."""


@dataclass(frozen=True, slots=True)
class Empties:
    """The sub-folders at the last look: their inodes, those that held a file then or before, and empty since when."""

    inodes: Mapping[str, int] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()
    since_s: Mapping[str, float] = field(default_factory=dict)


def emptied(
    known: Empties, folders: Mapping[str, int], keys: Collection[str], now_s: float
) -> tuple[Empties, tuple[str, ...]]:
    """Add a look, and return which folders are to be removed now; one that cannot be is named again as late.

    ``keys``: of all files, and of all that is strange. Time is counted as it was seen to pass: the dates of a folder
    are those of a clock that may have been wrong.
    """
    occupied = {split_key(key)[0] for key in keys}
    same = {name for name, inode in folders.items() if known.inodes.get(name) == inode}
    filled = (known.filled & same) | (occupied & folders.keys())
    since_s: dict[str, float] = {}
    due: list[str] = []
    for name in folders.keys() - occupied:
        began_s = known.since_s.get(name, now_s) if name in same else now_s
        if now_s >= began_s + (TAKEN_S if name in filled else NEVER_FILLED_S):
            due.append(name)
            began_s = now_s
        since_s[name] = began_s
    return Empties(folders, frozenset(filled), since_s), tuple(sorted(due))
