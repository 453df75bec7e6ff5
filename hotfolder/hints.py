"""watchdog's events of a share: when something was last done to which file, as a hint that may be lost.

Sub-folders are watched one by one. A recursive watch would need no thread for each, but its reader thread dies of a
KeyError when folders are moved and removed quickly (watchdog 7.1.0, measured 2026-11-25), and nobody is told.
"""

import errno
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.inotify import InotifyObserver
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from hotfolder.names import is_scan_name
from hotfolder.overflow import Overflow
from hotfolder.remote import foreign_mount

# Not FileModifiedEvent: 100 MB in 4 KiB writes are 270 events without a filter and 2 with one (measured 2026-11), and
# a look sees the same change in the stamp. Opening and closing for reading is what we do ourselves.
_EVENTS: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
# When these run out, trying again at every look would be noise.
_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM})
# Sub-folders whose events are asked for; those beyond are only looked at. Each costs a thread that sleeps, 22 kB
# (300 of them, watchdog 7.1.0 on Python 3.11, measured 2026-11-25).
_FOLDERS: Final = 256
_WATCHED_AGAIN: Final = "the folder was replaced or its watch had died; it is watched again"
_LOOKED_INSTEAD: Final = "more happened than the kernel notes, so events were lost; the folder was looked at instead"


@dataclass(frozen=True, slots=True)
class Watched:
    """How a folder's events are. ``problem``: a clause why there are none. ``recovered``: what is over.

    ``is_remote``: it is on another machine's file system, so neither events nor leases tell who writes.
    """

    problem: str = ""
    recovered: str = ""
    is_remote: bool = False


class Hints(FileSystemEventHandler):
    """watchdog's events of one share, begun again whenever the watch has died. Called from worker threads.

    Args:
        folder: the share's own.
        notify: called after each event, from a thread of watchdog's.
        clock: monotonic seconds.
        retry_s: between two tries when the kernel refused a watch.
    """

    def __init__(self, folder: Path, notify: Callable[[], None], clock: Callable[[], float], retry_s: float) -> None:
        self._problem = ""
        self._folder = folder
        self._notify = notify
        self._clock = clock
        self._retry_s = retry_s
        self._retry_at_s = float("-inf")
        self._follow_at_s = float("-inf")
        self._events: dict[str, float] = {}
        self._events_lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._has_ended = False
        self._watch: ObservedWatch | None = None
        self._watched: tuple[int, int] | None = None
        self._followed: dict[str, tuple[int, ObservedWatch]] = {}
        self._is_closed = False
        self._lock = threading.Lock()
        # watchdog holds back a file that is moved away for 0.5 s, to pair it with where it went, and every event behind
        # it: after each scan we take, the next one's close would be noted so much too late.
        InotifyMoveEventGrouper.delay = 0.0
        # Its own words on lost events and stopping threads; what matters of them is told by ``ensure``.
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)
        self._overflow = Overflow(notify)
        self._overflows = 0

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note when something was done under which key, and wake the watcher."""
        path = os.fsdecode(event.dest_path or event.src_path)
        if not event.is_directory and not is_scan_name(PurePath(path).name):
            return  # litter, a scan under its upload's name, or our own STATUS.txt: nothing to look for
        with self._events_lock:
            self._events[path.removeprefix(f"{self._folder}/")] = self._clock()
        self._notify()

    def drain(self) -> dict[str, float]:
        """Return the last event of each key since the last call, in seconds of the clock."""
        with self._events_lock:
            events, self._events = self._events, {}
        return events

    def ensure(self) -> Watched:
        """Have the folder watched, if it is there and the kernel lets us; begin again when the watch has died."""
        with self._lock:
            if self._is_closed:
                return Watched()
            try:
                status, mount = self._folder.stat(), foreign_mount(self._folder)
            except OSError:
                self._end()
                return Watched()  # the look that follows says why
            if mount is not None:
                self._end()
                return Watched(f"the folder is on a remote or shared file system ({mount.kind})", is_remote=True)
            return self._ensure_events((status.st_dev, status.st_ino))

    def _ensure_events(self, folder: tuple[int, int]) -> Watched:
        overflows, self._overflows = self._overflows, self._overflow.count
        if self._is_alive(folder):
            return Watched(recovered=_LOOKED_INSTEAD if self._overflows > overflows else "")
        self._end()
        if self._clock() < self._retry_at_s:
            return Watched(self._problem)
        try:
            self._begin()
        except OSError as error:
            self._problem = error.strerror or str(error)
            if error.errno in _LIMITS:
                self._problem += "; raise fs.inotify.max_user_instances and fs.inotify.max_user_watches"
                self._retry_at_s = self._clock() + self._retry_s
            return Watched(self._problem)
        self._watched = folder
        had_ended, self._has_ended = self._has_ended, False
        return Watched(recovered=_WATCHED_AGAIN if had_ended else "")

    def follow(self, folders: Mapping[str, int]) -> None:
        """Have these sub-folders watched and no others, as far as the kernel lets us; given are their inodes by name.

        Begun is a watch only after the folder was looked at: so another look is asked for.
        """
        with self._lock:
            observer = self._observer
            if observer is None or self._clock() < self._follow_at_s:
                return
            living = {emitter.watch for emitter in observer.emitters if emitter.is_alive()}
            for name, (inode, watch) in tuple(self._followed.items()):
                if folders.get(name) != inode or watch not in living:
                    observer.unschedule(watch)
                    del self._followed[name]
            is_begun = False
            for name in folders.keys() - self._followed.keys():
                if len(self._followed) >= _FOLDERS:
                    break
                try:
                    watch = observer.schedule(self, str(self._folder / name), event_filter=_EVENTS)
                except OSError as error:
                    if error.errno in _LIMITS:
                        self._follow_at_s = self._clock() + self._retry_s
                        break
                    continue
                self._followed[name] = (folders[name], watch)
                is_begun = True
        if is_begun:
            self._notify()

    def stop(self) -> None:
        """End for good; the observer's threads are joined."""
        with self._lock:
            self._is_closed = True
            self._overflow.close()
            self._end()

    def _is_alive(self, folder: tuple[int, int]) -> bool:
        # The observer outlives its emitters (watchdog#419), and a watch stays with a folder that was moved away.
        observer = self._observer
        if observer is None or self._watched != folder:
            return False
        alive = [emitter.is_alive() for emitter in observer.emitters if emitter.watch == self._watch]
        return observer.is_alive() and alive == [True]

    def _begin(self) -> None:
        observer = InotifyObserver()
        try:
            self._watch = observer.schedule(self, str(self._folder), event_filter=_EVENTS)
            observer.start()
        except OSError:
            observer.stop()  # its reader thread runs already
            raise
        self._observer = observer

    def _end(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
            # Kept until there is a watch again: a folder may be gone for the watch, and back for the look after it.
            self._has_ended = True
            self._followed = {}
