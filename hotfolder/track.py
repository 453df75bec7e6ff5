"""Which files of a folder are finished: the histories of all of them, carried from one look to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from hotfolder.arrival import Hold, Sighting
from hotfolder.settle import History, Ready, Rule, Step, Wait, disturbed, first_seen, left, seen
from hotfolder.unfinished import Unfinished

OFFERS: Final = 3
"""A file offered this often and left each time is told as held."""
_LONGEST_BACKOFF_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of the files of a share, by key: ``name``, or ``folder/name`` for one in a sub-folder.

    ``offered``: the inode of every file just offered. ``left``: how often this inode was offered and left.
    ``unfinished``: what is there beside them and may become a page.
    ``alone``: what a sidecar would be called, by folder and stem, of scans that went without one, and until when one of
    that name may be theirs.
    """

    histories: Mapping[str, History]
    offered: Mapping[str, int]
    left: Mapping[str, tuple[int, int]]
    alone: Mapping[tuple[str, str], float] = field(default_factory=dict)
    unfinished: Mapping[str, Unfinished] = field(default_factory=dict)


NOTHING: Final = Track({}, {}, {})
"""Before the first look."""


def observe(track: Track, sightings: Mapping[str, Sighting], events: Mapping[str, float], rule: Rule) -> Track:
    """Add one complete listing, and the latest event of each name since the listing before it (monotonic seconds).

    A file that is gone is forgotten. A file that was offered and is still there begins again, and is offered later each
    time: after 1, 2, 4… quiet windows, at most a minute more.
    """
    histories: dict[str, History] = {}
    left_again: dict[str, tuple[int, int]] = {}
    for name, sighting in sightings.items():
        inode, times = track.left.get(name, (0, 0))
        known = track.histories.get(name)
        if track.offered.get(name) == sighting.stamp.inode:
            times = times + 1 if inode == sighting.stamp.inode else 1
            histories[name] = left(sighting, sighting.seen_s + backoff_s(times, rule))
            inode = sighting.stamp.inode
        elif known is None:
            histories[name] = first_seen(sighting)
        else:
            event_s = events.get(name)
            histories[name] = seen(known if event_s is None else disturbed(known, event_s), sighting, rule)
        if times and inode == sighting.stamp.inode:
            left_again[name] = (inode, times)
    return replace(track, histories=histories, offered={}, left=left_again)


def backoff_s(times: int, rule: Rule) -> float:
    """Return how long a file is not offered again after it was left this many times."""
    return float(min(_LONGEST_BACKOFF_S, rule.quiet_s * 2 ** min(times - 1, 20)))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one look at a folder comes to.

    ``ready``: in the order of their last change. ``held``: why the others are not on their way, with a clause.
    ``is_pending``: some file is on its way. ``due_s``: when to look again at the latest, because a wait is over then.
    ``companions``: the sidecars that go with a file that is ready.
    """

    ready: tuple[tuple[str, Ready], ...]
    held: Mapping[str, tuple[Hold, str]]
    is_pending: bool
    due_s: float
    companions: Mapping[str, tuple[tuple[str, Ready], ...]] = field(default_factory=dict)


def outlook(track: Track, steps: Mapping[str, Step], strange: Mapping[str, str], now_s: float) -> Outlook:
    """Sum up the steps of all files of a folder, and what in it is strange (a clause by name).

    A step that asks for a test means that the look ended before its turn: it is pending, and due now.
    """
    held = {name: (Hold.STRANGE, reason) for name, reason in strange.items()}
    ready: list[tuple[str, Ready]] = []
    is_pending = False
    due_s = float("inf")
    for name, step in steps.items():
        times = track.left.get(name, (0, 0))[1]
        if times >= OFFERS:
            held[name] = (Hold.LEFT, f"it was offered {times} times and could not be taken")
        if isinstance(step, Ready):
            ready.append((name, step))
            continue
        until_s, hold = (step.until_s, step.hold) if isinstance(step, Wait) else (now_s, None)
        due_s = min(due_s, until_s)
        if isinstance(step, Wait) and hold is not None:
            held[name] = (hold, step.reason)
        is_pending |= name not in held and until_s != float("inf")
    ready.sort(key=lambda item: (track.histories[item[0]].stamp.mtime_ns, item[0]))
    return Outlook(tuple(ready), held, is_pending, due_s)


def offer(track: Track, names: tuple[str, ...]) -> Track:
    """Note which files were offered; ``observe`` sees whether they were taken."""
    return replace(track, offered={name: track.histories[name].stamp.inode for name in names})
