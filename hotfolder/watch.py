"""A share as a stream of finished scans: watchdog's events as a hint, a full look at the folder as the truth.

Events get lost (queue overflow, a watch on a folder that was replaced, files there before the start; all measured with
watchdog 7.1, 2026-11), so they only bring the next look forward and restart a file's quiet window. Nothing is decided
here: ``settle`` and ``track`` decide.
"""

import asyncio
import errno
import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from watchdog.events import (
    DirDeletedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyObserver
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from conf.model import Share
from hotfolder.arrival import Arrival, ArrivedFile, Fault, Held, Hold, Recovered, Trouble
from hotfolder.overflow import Overflow
from hotfolder.remote import foreign_mount
from hotfolder.settle import History, Ready, Rule, polling
from hotfolder.survey import Survey, take_survey
from hotfolder.track import NOTHING, Track, offer

# Not FileModifiedEvent: 100 MB in 4 KiB writes are 270 events without a filter and 2 with one (measured 2026-11), and
# a look sees the same change in the stamp. Opening and closing for reading is what we do ourselves.
_EVENTS: Final[list[type[FileSystemEvent]]] = [FileCreatedEvent, FileMovedEvent, FileClosedEvent, DirDeletedEvent]
# When these run out, trying again at every look would be noise.
_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM})
# A wait that is over decides something, and comes once for each file; events come by the hundred.
_DUE_SOONER: Final = 10
_WATCHED_AGAIN: Final = "the folder was replaced or its watch had died; it is watched again"
_LOOKED_INSTEAD: Final = "more happened than the kernel notes, so events were lost; the folder was looked at instead"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a folder is looked at, in seconds.

    ``pending_s``: at the latest, while any file is there. ``idle_s``: otherwise. ``gap_s``: at the earliest, whatever
    the events say. ``retry_s``: between two tries to get events when the kernel refused them.
    """

    pending_s: float = 5.0
    idle_s: float = 10.0
    gap_s: float = 0.2
    retry_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """How a folder's events are. ``problem``: a clause why there are none. ``recovered``: what is over.

    ``is_remote``: it is on another machine's file system, so neither events nor leases tell who writes.
    """

    problem: str = ""
    recovered: str = ""
    is_remote: bool = False


Report = Arrival | Held | Fault | Recovered


async def arrivals(
    share: Share,
    *,
    until_empty: bool = False,
    wake: asyncio.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
    rule: Rule | None = None,
    pace: Pace | None = None,
) -> AsyncGenerator[Report, None]:
    """Yield every finished scan of a share, one file each, oldest first; and what an operator should know of the share.

    Whoever asks for the next item has taken the files of the last ``Arrival`` off the share. A file that is still there
    begins again from scratch, later each time. A missing or unreadable folder is a ``Fault``, tried again until
    ``Recovered``; so are events that the kernel refuses, while looking alone goes on. Close it with ``aclose``.

    Args:
        share: whose top level is watched; directories in it are not.
        until_empty: end when nothing is on its way any more: files that are held, or a folder that is missing, are told
            and end it too.
        wake: set it to have the folder looked at now. One for each share; it is cleared here.
        clock: monotonic seconds. After moving it by hand, set ``wake``.
        rule: by default the share's, with the times of ``Rule``.
        pace: by default that of ``Pace``.
    """
    rule = rule or Rule(quiet_s=share.quiet, incomplete_timeout_s=share.incomplete_timeout)
    pace = pace or Pace()
    wake = wake or asyncio.Event()
    hints = _Hints(share.path, _waker(wake), clock, pace.retry_s)
    track, told = NOTHING, _Told(share)
    try:
        while True:
            wake.clear()
            began_s = clock()
            watched, survey = await asyncio.to_thread(_look, share.path, hints, track, rule, clock)
            for report in told.news(survey, watched):
                yield report
            offered: list[str] = []
            for name, ready in survey.outlook.ready:
                offered.append(name)
                yield _arrival(share, name, ready, survey.track.histories[name])
                if clock() >= began_s + pace.pending_s:
                    break
            track = offer(survey.track, tuple(offered))
            if until_empty and not offered and not survey.outlook.is_pending:
                return
            if not offered:
                await _sleep(wake, *_next_look_in_s(survey, pace, began_s, clock()))
    finally:
        await asyncio.to_thread(hints.stop)


def _waker(wake: asyncio.Event) -> Callable[[], None]:
    loop = asyncio.get_running_loop()

    def notify() -> None:
        with suppress(RuntimeError):  # the loop has ended before the observer
            loop.call_soon_threadsafe(wake.set)

    return notify


def _next_look_in_s(survey: Survey, pace: Pace, began_s: float, now_s: float) -> tuple[float, float]:
    """In how many seconds the next look comes: at the earliest for an event, and at the latest."""
    latest_s = began_s + (pace.pending_s if survey.track.histories else pace.idle_s)
    # A look at a huge folder takes long; neither events nor its files' waits may make it all that the box does.
    rest_s = 4 * survey.took_s
    due_in_s = min(survey.outlook.due_s, latest_s) - now_s
    return max(pace.gap_s, rest_s), max(pace.gap_s / _DUE_SOONER, rest_s, due_in_s)


async def _sleep(wake: asyncio.Event, gap_s: float, due_in_s: float) -> None:
    await asyncio.sleep(min(gap_s, due_in_s))
    if due_in_s > gap_s:
        with suppress(TimeoutError):
            async with asyncio.timeout(due_in_s - gap_s):
                await wake.wait()


def _arrival(share: Share, name: str, ready: Ready, history: History) -> Arrival:
    file = ArrivedFile(share.path / name, history.stamp, is_held_open=ready.is_held_open)
    return Arrival(share=share.name, files=(file,), rejected=ready.rejected)


def _look(
    folder: Path, hints: "_Hints", track: Track, rule: Rule, clock: Callable[[], float]
) -> tuple[Watched, Survey]:
    # Watch first, look then: what comes between the two is seen by both, never by none.
    watched = hints.ensure()
    return watched, take_survey(folder, track, hints.drain(), polling(rule) if watched.is_remote else rule, clock)


class _Told:
    """What was already reported of a share, so that each thing is told once."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._faults: Mapping[Trouble, str] = {}
        self._held: Mapping[str, tuple[Hold, str]] = {}

    def news(self, survey: Survey, watched: Watched) -> Iterator[Held | Fault | Recovered]:
        """Yield what is new since the last look."""
        faults: dict[Trouble, str] = {}
        if survey.unreadable:
            faults[Trouble.FOLDER] = f"the folder cannot be read, scans in it wait: {survey.unreadable}"
        elif watched.problem:
            faults[Trouble.EVENTS] = f"no events, scans are seen some seconds later: {watched.problem}"
        before, self._faults = self._faults, faults
        for trouble, sentence in faults.items():
            if before.get(trouble) != sentence:
                yield Fault(sentence, trouble, self._share.name)
        if survey.unreadable:
            return
        for trouble in before.keys() - faults.keys():
            yield Recovered(f"it is over: {before[trouble]}", trouble, self._share.name)
        if watched.recovered and not before:
            yield Recovered(watched.recovered, Trouble.EVENTS, self._share.name)
        held_before, self._held = self._held, survey.outlook.held
        for name, (hold, reason) in survey.outlook.held.items():
            if held_before.get(name) != (hold, reason):
                yield Held(self._share.path / name, reason, hold, self._share.name)


class _Hints(FileSystemEventHandler):
    """watchdog's events of one folder, begun again whenever the watch has died. Called from worker threads."""

    def __init__(self, folder: Path, notify: Callable[[], None], clock: Callable[[], float], retry_s: float) -> None:
        self._problem = ""
        self._folder = folder
        self._notify = notify
        self._clock = clock
        self._retry_s = retry_s
        self._retry_at_s = float("-inf")
        self._events: dict[str, float] = {}
        self._events_lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._watched: tuple[int, int] | None = None
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
        """Note when something was done under which name, and wake the watcher."""
        name = PurePath(os.fsdecode(event.dest_path or event.src_path)).name
        with self._events_lock:
            self._events[name] = self._clock()
        self._notify()

    def drain(self) -> dict[str, float]:
        """Return the last event of each name since the last call, in seconds of the clock."""
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
        had_died = self._observer is not None
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
        return Watched(recovered=_WATCHED_AGAIN if had_died else "")

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
        return observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)

    def _begin(self) -> None:
        observer = InotifyObserver()
        try:
            observer.schedule(self, str(self._folder), event_filter=_EVENTS)
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
