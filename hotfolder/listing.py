"""What is in a folder now: its files with their stamps, and what only looks like one. Follows no link."""

import errno
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hotfolder.arrival import Sighting
from hotfolder.errors import advice
from hotfolder.look import open_directory, stamp_of, why_strange
from hotfolder.names import is_folder_name, is_scan_name, is_upload_name, split_key

# It went away between the listing of its share and its own, or something else took its name.
_NO_FOLDER_NOW: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_FAULTS: Final = 10
"""More files of a folder than these cannot be looked at: then it is not the files."""
_TOO_DEEP: Final = "it is a folder within a folder, and what is in it is not taken; move its scans one level up"


@dataclass(slots=True)
class Listing:
    """The scan files of a share by key: ``name`` at its top level, ``folder/name`` in a sub-folder.

    ``strange``: what bears the name of a scan, or of a folder for scans, but is none, with a clause that says why.
    ``folders``: the inode of each sub-folder that was looked into, by name. ``more``: how many files were left out,
    all of them empty or strange. ``unfinished``: files that bear the name of an upload, with their age by ctime, unless
    the listing is bounded; and files that could not be looked at (None).
    """

    sightings: dict[str, Sighting] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    more: int = 0
    unfinished: dict[str, Sighting | None] = field(default_factory=dict)


@dataclass(slots=True)
class Bound:
    """How many files that are no scans now are listed, empty ones and strange ones apart: the rest is only counted.

    None of those that bear an upload's name: where listings are bounded nothing waits for them.
    ``known``: the empty files of the listing before. They come first, or their time would begin again.
    """

    known: Collection[str] = frozenset()
    most: int = 1000
    _strange: int = 0
    _empty: int = 0

    def admits_empty(self, key: str) -> bool:
        """Tell whether an empty file is listed."""
        if key in self.known:
            return True
        self._empty += 1
        return self._empty <= self.most - len(self.known)

    def admits_strange(self) -> bool:
        """Tell whether one more strange file is listed."""
        self._strange += 1
        return self._strange <= self.most


def list_folder(
    folder: Path, clock: Callable[[], float], *, with_folders: bool = False, bound: Bound | None = None
) -> Listing:
    """List the top level of a share, and the folders directly below it when asked to; droppings are passed over.

    What goes away meanwhile is left out. A file that cannot be looked at is strange, and keeps nobody else's from being
    seen; of more than ten in one folder the disk is at fault, or the server. A sub-folder that cannot be listed to its
    end is strange, and its files are not seen: a part of it would look like a whole scan. Raises OSError when the top
    level cannot be listed to its end: a part of a listing would look as if files had been deleted.
    """
    listing = Listing()
    with open_directory(folder) as top_fd:
        below = _list_into(listing, top_fd, "", clock, bound)
        for name, inode in below.items() if with_folders else ():
            part = Listing()
            try:
                with open_directory(name, dir_fd=top_fd, is_link_refused=True) as fd:
                    deeper = _list_into(part, fd, f"{name}/", clock, bound)
            except OSError as error:
                if error.errno not in _NO_FOLDER_NOW:
                    listing.strange[name] = f"the folder cannot be read: {advice(error)}"
                continue
            listing.sightings.update(part.sightings)
            listing.strange.update(part.strange)
            listing.unfinished.update(part.unfinished)
            listing.folders[name] = inode
            listing.more += part.more
            listing.strange.update((f"{name}/{deep}", _TOO_DEEP) for deep in deeper)
    return listing


def _list_into(
    listing: Listing, fd: int, prefix: str, clock: Callable[[], float], bound: Bound | None
) -> dict[str, int]:
    """Add the scan files of one directory, and return the inodes of the directories in it that may hold scans."""
    directories: dict[str, int] = {}
    faults = 0
    with os.scandir(fd) as entries:
        for entry in entries:
            name, key = entry.name, prefix + entry.name
            if not (is_scan_name(name) or is_folder_name(name) or (bound is None and is_upload_name(name))):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                faults += 1
                if faults > _FAULTS:
                    raise
                inode = _add_unseen(listing, key, entry, error)
            else:
                inode = _add(listing, key, status, clock, bound)
            if inode and is_folder_name(name):
                directories[name] = inode
    return directories


def _add_unseen(listing: Listing, key: str, entry: os.DirEntry[str], error: OSError) -> int:
    """Add what cannot be looked at, unless it is a directory; return the inode then, else 0."""
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            return entry.inode()
    _note_unseen(listing, key, error)
    return 0


def _note_unseen(listing: Listing, key: str, error: OSError) -> None:
    listing.unfinished[key] = None
    if is_scan_name(split_key(key)[1]):
        listing.strange[key] = f"it cannot be looked at: {advice(error)}"


def _add(listing: Listing, key: str, status: os.stat_result, clock: Callable[[], float], bound: Bound | None) -> int:
    """Add a file, unless it is a directory; return the inode then, else 0."""
    if stat.S_ISDIR(status.st_mode):
        return status.st_ino
    name = split_key(key)[1]
    if bound is None and is_upload_name(name) and stat.S_ISREG(status.st_mode):
        age_s = max(0.0, time.time() - status.st_ctime)
        listing.unfinished[key] = Sighting(stamp_of(status), clock(), status.st_ctime_ns, age_s)
    elif is_scan_name(name):
        _add_scan(listing, key, status, clock, bound)
    return 0


def _add_scan(
    listing: Listing, key: str, status: os.stat_result, clock: Callable[[], float], bound: Bound | None
) -> None:
    why = why_strange(status)
    if bound is not None and (why or not status.st_size):
        is_listed = bound.admits_strange() if why else bound.admits_empty(key)
        if not is_listed:
            listing.more += 1
            return
    if why:
        listing.strange[key] = why
        return
    age_s = max(0.0, time.time() - status.st_mtime)
    listing.sightings[key] = Sighting(stamp_of(status), clock(), status.st_ctime_ns, age_s)


def list_names(folder: Path, names: Iterable[str], clock: Callable[[], float], bound: Bound) -> Listing:
    """List these files of the top level alone. What is not there is left out. Raises OSError, as ``list_folder``."""
    listing = Listing()
    faults = 0
    with open_directory(folder) as fd:
        for name in names:
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                faults += 1
                if faults > _FAULTS:
                    raise
                _note_unseen(listing, name, error)
            else:
                _add(listing, name, status, clock, bound)
    return listing
