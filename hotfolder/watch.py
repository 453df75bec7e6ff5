"""A share as a stream of finished scans: events as a hint, a full look at the folder as the truth.

Events get lost (queue overflow, a watch on a folder that was replaced, files there before the start; all measured with
watchdog 7.1, 2026-11), so they only bring the next look forward and restart a file's quiet window. Nothing is decided
here: ``settle``, ``track`` and ``batch`` decide.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from conf.model import Share
from hotfolder.arrival import Arrival, Emptied, Fault, Held, Hold, Recovered, Standing, Trouble
from hotfolder.batch import Batches
from hotfolder.glance import Glance
from hotfolder.hints import Hints, Watched
from hotfolder.names import split_key
from hotfolder.pairing import went_alone_before
from hotfolder.settle import Rule, polling
from hotfolder.survey import Survey, take_survey
from hotfolder.track import NOTHING, Track, offer

# A wait that is over decides something, and comes once for each file; events come by the hundred.
_DUE_SOONER: Final = 10


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


Report = Arrival | Held | Emptied | Fault | Recovered | Standing


async def arrivals(
    share: Share,
    *,
    until_empty: bool = False,
    with_folders: bool = False,
    went_alone: Mapping[str, float] | None = None,
    wake: asyncio.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
    rule: Rule | None = None,
    pace: Pace | None = None,
) -> AsyncGenerator[Report, None]:
    """Yield every finished scan of a share, oldest first; and what an operator should know of the share.

    Who asks for the next item has taken the files of the last ``Arrival``; one still there begins again, later each
    time. No readable folder, or no events, is a ``Fault`` until ``Recovered``; a ``Standing`` follows each change.

    Args:
        share: whose top level is watched. Close the stream with ``aclose``.
        until_empty: end when nothing is on its way any more; what is held, or a folder that is missing, is told first.
        with_folders: watch the folders directly below it too, also those made later.
        went_alone: how many seconds ago which scans went without a sidecar in an earlier run, by key.
        wake: set it to have the folder looked at now. One for each share; it is cleared here.
        clock: monotonic seconds. After moving it by hand, set ``wake``.
        rule: by default the share's, with the times of ``Rule``.
        pace: by default that of ``Pace``.
    """
    rule, pace, wake = rule or _rule(share), pace or Pace(), wake or asyncio.Event()
    hints, batches, told = Hints(share.path, _waker(wake), clock, pace.retry_s), Batches(share), _Told(share)
    look = partial(_look, share, hints, batches, rule, clock, with_folders, Glance())
    track = replace(NOTHING, alone=went_alone_before(went_alone or {}, clock(), rule))
    try:
        while True:
            wake.clear()
            began_s = clock()
            watched, survey, found = await asyncio.to_thread(look, track)
            for report in (*told.news(survey, watched), *batches.emptied(survey, clock())):
                yield report
            offered: list[str] = []
            for arrival in found:
                offered.extend(file.key for file in arrival.files)
                yield arrival
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
    # A look at a huge folder takes long; neither events nor its files' waits may make it all that the box does. But one
    # that hung for once, as on a remote mount, is no reason to look away for minutes.
    rest_s = min(4 * survey.took_s, pace.pending_s)
    due_in_s = min(survey.outlook.due_s, latest_s) - now_s
    return max(pace.gap_s, rest_s), max(pace.gap_s / _DUE_SOONER, rest_s, due_in_s)


async def _sleep(wake: asyncio.Event, gap_s: float, due_in_s: float) -> None:
    await asyncio.sleep(min(gap_s, due_in_s))
    if due_in_s > gap_s:
        with suppress(TimeoutError):
            async with asyncio.timeout(due_in_s - gap_s):
                await wake.wait()


def _rule(share: Share) -> Rule:
    sidecar_s = share.sidecar_timeout if share.sidecars else None
    return Rule(quiet_s=share.quiet, incomplete_timeout_s=share.incomplete_timeout, sidecar_s=sidecar_s)


def _look(
    share: Share,
    hints: Hints,
    batches: Batches,
    rule: Rule,
    clock: Callable[[], float],
    with_folders: bool,  # noqa: FBT001  bound once, where the watch begins
    glance: Glance,
    track: Track,
) -> tuple[Watched, Survey, tuple[Arrival, ...]]:
    # Watch first, look then: what comes between the two is seen by both, never by none.
    watched = hints.ensure()
    rule = polling(rule) if watched.is_remote else rule
    survey = take_survey(
        share.path,
        track,
        hints.drain(),
        rule,
        clock,
        with_folders=with_folders,
        # Else an empty file may be a page that is still to be written, or say who gets the scan beside it.
        is_bounded=share.batch == "off" and not share.sidecars,
        glance=None if watched.problem or watched.recovered else glance,  # events are lost, or were
    )
    if not survey.unreadable:
        hints.follow(survey.folders)
    return watched, *batches.sort(survey, clock())


class _Told:
    """What was already reported of a share, so that each thing is told once."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._faults: Mapping[Trouble, str] = {}
        self._held: Mapping[str, tuple[Hold, str]] = {}
        self._standing = Standing(share.name)

    def news(self, survey: Survey, watched: Watched) -> Iterator[Held | Fault | Recovered | Standing]:
        """Yield what is new since the last look, and then what holds now if that has changed."""
        yield from self._news(survey, watched)
        name, path = self._share.name, self._share.path
        held = tuple(
            Held(path / key, reason, hold, name, split_key(key)[0])
            for key, (hold, reason) in sorted(self._held.items())
        )
        faults = tuple(Fault(sentence, trouble, name) for trouble, sentence in self._faults.items())
        before, self._standing = self._standing, Standing(name, held, faults, survey.more)
        if self._standing != before:
            yield self._standing

    def _news(self, survey: Survey, watched: Watched) -> Iterator[Held | Fault | Recovered]:
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
        for key, (hold, reason) in survey.outlook.held.items():
            if held_before.get(key) != (hold, reason):
                yield Held(self._share.path / key, reason, hold, self._share.name, split_key(key)[0])
