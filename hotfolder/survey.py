"""One full look at a folder: every file is seen, and carried as far as it goes without waiting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

from hotfolder.errors import advice
from hotfolder.look import ask_lease, ask_structure, list_folder
from hotfolder.settle import AskLease, AskStructure, History, Rule, Step, Wait, lease_tested, settle, structure_tested
from hotfolder.track import Outlook, Track, observe, outlook

# Tests made in one look. More wait for the next one, so that 20 000 files at once do not hold up the first of them.
_TESTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look came to. ``unreadable`` is empty, or the clause why the folder could not be listed."""

    track: Track
    outlook: Outlook
    unreadable: str
    took_s: float


def take_survey(
    folder: Path, track: Track, events: Mapping[str, float], rule: Rule, clock: Callable[[], float]
) -> Survey:
    """Look at the top level of a folder once; events as ``observe`` takes them.

    A folder that cannot be listed to its end is a clause, not an error, and what is known of its files stays: what
    cannot be listed was not deleted.
    """
    began_s = clock()
    try:
        listing = list_folder(folder, clock)
    except OSError as error:
        return Survey(track, outlook(track, {}, {}, began_s), advice(error), clock() - began_s)
    track = observe(track, listing.sightings, events, rule)
    histories, steps = _carry_on(folder, track.histories, rule, clock)
    track = Track(histories, track.offered, track.left)
    now_s = clock()
    return Survey(track, outlook(track, steps, listing.strange, now_s), "", now_s - began_s)


def _carry_on(
    folder: Path, histories: Mapping[str, History], rule: Rule, clock: Callable[[], float]
) -> tuple[dict[str, History], dict[str, Step]]:
    carried: dict[str, History] = {}
    steps: dict[str, Step] = {}
    tests = 0
    for name, known in histories.items():
        history, step = known, settle(known, clock(), rule)
        while tests < _TESTS and isinstance(step, AskLease | AskStructure):
            tests += 1
            asked = _ask(folder / name, history, step, clock)
            if asked is None:
                step = Wait(clock())
                break
            history, step = asked, settle(asked, clock(), rule)
        carried[name], steps[name] = history, step
    return carried, steps


def _ask(path: Path, history: History, step: AskLease | AskStructure, clock: Callable[[], float]) -> History | None:
    """Do the test that was asked for; None when the file is not the same any more."""
    match step:
        case AskLease():
            return lease_tested(history, ask_lease(path), clock())
        case AskStructure():
            structure = ask_structure(path, history.stamp)
            return None if structure is None else structure_tested(history, structure, clock())
        case _:
            assert_never(step)
