"""One full look at a share: every file is seen, and carried as far as it goes without waiting."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, assert_never

from hotfolder.errors import advice
from hotfolder.glance import Glance
from hotfolder.listing import Bound, Listing, list_folder
from hotfolder.look import ask_lease, ask_structure
from hotfolder.look_sidecar import ask_sidecar
from hotfolder.names import split_key
from hotfolder.pairing import pair, went_alone
from hotfolder.settle import AskLease, AskStructure, History, Rule, Step, Wait, lease_tested, settle, structure_tested
from hotfolder.sidecar import is_sidecar_name
from hotfolder.track import Outlook, Track, observe, outlook
from hotfolder.unfinished import observe_unfinished

# Tests made in one look. More wait for the next one, so that 20 000 files at once do not hold up the first of them.
_TESTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look came to. ``unreadable`` is empty, or the clause why the share could not be listed.

    ``folders``: the inodes of the sub-folders that were looked into, by name. ``more``: as in ``Listing``.
    """

    track: Track
    outlook: Outlook
    unreadable: str
    took_s: float
    folders: Mapping[str, int] = field(default_factory=dict)
    more: int = 0


def take_survey(
    folder: Path,
    track: Track,
    events: Mapping[str, float],
    rule: Rule,
    clock: Callable[[], float],
    *,
    with_folders: bool = False,
    is_bounded: bool = False,
    glance: Glance | None = None,
) -> Survey:
    """Look at a share once, at its top level and, when asked to, into the folders below it; events as ``observe``.

    A folder that cannot be listed to its end is a clause, not an error, and what is known of its files stays: what
    cannot be listed was not deleted. ``is_bounded``: of empty and of strange files only so many are known, the others
    are counted. ``glance``, of one share, spares most looks at a huge one the listing.
    """
    began_s = time.perf_counter()  # not by ``clock``, which a test may move while we look
    try:
        listing = _list(folder, track, events, clock, with_folders, is_bounded, glance)
    except OSError as error:
        return Survey(track, outlook(track, {}, {}, clock()), advice(error), time.perf_counter() - began_s)
    unfinished = observe_unfinished(track.unfinished, listing.unfinished, listing.sightings, clock(), rule)
    track = replace(observe(track, listing.sightings, events, rule), unfinished=unfinished)
    histories, steps = _carry_on(folder, track.histories, rule, clock)
    track = replace(track, histories=histories)
    now_s = clock()
    arrived_ns = {key: sighting.arrived_ns for key, sighting in listing.sightings.items()}
    paired = pair(outlook(track, steps, listing.strange, now_s), track, arrived_ns, now_s, rule)
    track = replace(track, alone=went_alone(paired, track, now_s, rule))
    return Survey(track, paired, "", time.perf_counter() - began_s, listing.folders, listing.more)


def _list(
    folder: Path,
    track: Track,
    events: Mapping[str, float],
    clock: Callable[[], float],
    with_folders: bool,  # noqa: FBT001  handed on
    is_bounded: bool,  # noqa: FBT001  the same
    glance: Glance | None,
) -> Listing:
    if not is_bounded:
        return list_folder(folder, clock, with_folders=with_folders)
    empty = frozenset(key for key, history in track.histories.items() if not history.stamp.size_bytes)

    def whole() -> Listing:
        return list_folder(folder, clock, with_folders=with_folders, bound=Bound(empty))

    if glance is None or with_folders:
        return whole()
    return glance.listing(folder, track.histories.keys() | events.keys(), clock, Bound(empty), whole)


def _carry_on(
    folder: Path, histories: Mapping[str, History], rule: Rule, clock: Callable[[], float]
) -> tuple[dict[str, History], dict[str, Step]]:
    carried: dict[str, History] = {}
    steps: dict[str, Step] = {}
    tests = 0
    # Who waited longest for a test comes first: else a thousand files that are never finished would use them all up.
    for key, known in sorted(histories.items(), key=lambda item: item[1].writing_s):
        history, step = known, settle(known, clock(), rule)
        while tests < _TESTS and isinstance(step, AskLease | AskStructure):
            tests += 1
            asked = _ask(folder, key, history, step, rule, clock)
            if asked is None:
                step = Wait(clock())
                break
            history, step = asked, settle(asked, clock(), rule)
        carried[key], steps[key] = history, step
    return carried, steps


def _ask(
    share_dir: Path, key: str, history: History, step: AskLease | AskStructure, rule: Rule, clock: Callable[[], float]
) -> History | None:
    """Do the test that was asked for; None when the file is not the same any more."""
    path, folder = share_dir / key, split_key(key)[0]
    match step:
        case AskLease():
            return lease_tested(history, ask_lease(path, folder), clock())
        case AskStructure():
            is_sidecar = rule.sidecar_s is not None and is_sidecar_name(path.name)
            ask = ask_sidecar if is_sidecar else ask_structure
            structure = ask(path, history.stamp, folder)
            return None if structure is None else structure_tested(history, structure, clock())
        case _:
            assert_never(step)
