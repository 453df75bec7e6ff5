from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.arrival import Hold, Sighting, Stamp
from hotfolder.settle import (
    AskLease,
    AskStructure,
    History,
    Ready,
    Rule,
    Step,
    Wait,
    disturbed,
    first_seen,
    lease_tested,
    left,
    seen,
    settle,
    structure_tested,
)
from hotfolder.verdict import Incomplete, Malformed, Structure, UnknownType, Unreadable, Whole, Writing

PATH = Path("scan.pdf")
RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0)
CUT = Incomplete("the PDF has no end mark")


def sighting(seen_s: float, size_bytes: int = 9, mtime_ns: int = 1, blocks: int = 8, inode: int = 7) -> Sighting:
    """The file as seen at seen_s."""
    return Sighting(Stamp(inode, size_bytes, mtime_ns, blocks), seen_s)


def quiet(writing: Writing | None = None, structure: Structure | None = None, now_s: float = 5.5) -> History:
    """A file first seen at 0, unchanged since, confirmed at 5.5, tested at now_s."""
    history = first_seen(sighting(0.0))
    for seen_s in (5.0, 5.5, now_s):
        history = seen(history, sighting(seen_s), RULE)
    if writing is not None:
        history = lease_tested(history, writing, now_s)
    return history if structure is None else structure_tested(history, structure, now_s)


def test_a_file_is_asked_about_only_after_quiet_and_confirmation():
    """A finished file goes through the stages in order: quiet window, second stamp, lease, ends, ready."""
    history = first_seen(sighting(0.0))
    assert settle(history, 0.0, RULE) == Wait(5.0)
    history = seen(history, sighting(5.0), RULE)
    assert settle(history, 5.0, RULE) == Wait(5.5)
    history = seen(history, sighting(5.5), RULE)
    assert settle(history, 5.5, RULE) == AskLease()
    history = lease_tested(history, Writing.NO, 5.5)
    assert settle(history, 5.5, RULE) == AskStructure()
    history = structure_tested(history, Whole(), 5.5)
    assert settle(history, 5.5, RULE) == Ready()


def test_one_look_after_the_quiet_window_is_not_enough():
    """A file that was not looked at for an hour still needs two equal stamps, half a second apart."""
    history = seen(first_seen(sighting(0.0)), sighting(3600.0), RULE)
    assert settle(history, 3600.0, RULE) == Wait(3600.5)


@pytest.mark.parametrize(
    "changed",
    [sighting(5.5, size_bytes=10), sighting(5.5, mtime_ns=2), sighting(5.5, blocks=16), sighting(5.5, inode=8)],
    ids=["size", "time", "blocks", "another file"],
)
def test_any_change_of_the_stamp_starts_again(changed: Sighting):
    """Size, time, blocks and inode each restart the quiet window, and what tests said before is forgotten."""
    history = seen(quiet(Writing.NO, Whole()), changed, RULE)
    assert settle(history, 5.5, RULE) == Wait(10.5)
    assert history.structure is None


def test_an_event_starts_again_though_the_stamp_is_the_same():
    """A close or rename restarts the quiet window; an event older than what is known does not."""
    assert settle(disturbed(quiet(Writing.NO, Whole()), 5.6), 5.6, RULE) == Wait(10.6)
    known = quiet(Writing.NO, Whole())
    assert disturbed(known, -1.0) == known


def test_a_file_in_use_is_waited_for_without_limit():
    """A broken file that stays open is asked about again and again, for days, and never given up."""
    history = structure_tested(quiet(Writing.YES, now_s=90_000.0), CUT, 90_000.0)
    assert settle(history, 90_000.0, RULE) == Wait(90_002.0, Hold.OPEN, "a device keeps it open and writes no more")
    assert settle(history, 90_002.0, RULE) == AskLease()


@pytest.mark.parametrize(
    ("now_s", "structure", "step"),
    [
        (6.0, Whole(), Wait(8.0)),
        (119.0, None, Wait(121.0)),
        (120.0, None, AskStructure()),
        (120.0, Whole(), Ready(is_held_open=True)),
    ],
)
def test_a_device_that_never_closes_is_served_after_two_minutes(now_s: float, structure: Structure | None, step: Step):
    """A whole file, unchanged for 120 s and still open, is taken; not a second before."""
    assert settle(quiet(Writing.YES, structure, now_s), now_s, RULE) == step


def test_without_leases_the_quiet_window_counts_double():
    """Where nobody can tell who writes, a file has to be untouched twice as long."""
    assert settle(quiet(Writing.UNKNOWN), 5.5, RULE) == Wait(10.0)
    assert settle(quiet(Writing.UNKNOWN, now_s=10.0), 10.0, RULE) == AskStructure()
    assert settle(quiet(Writing.UNKNOWN, Whole(), 10.0), 10.0, RULE) == Ready()


def test_an_old_answer_of_the_lease_test_is_not_believed():
    """Before any decision the lease is asked again once its answer is two seconds old."""
    assert settle(quiet(Writing.NO, Whole()), 7.5, RULE) == AskLease()


@pytest.mark.parametrize(
    ("structure", "until_s", "hold", "step"),
    [
        (CUT, 600.0, Hold.INCOMPLETE, Ready("The file is cut short: the PDF has no end mark. Please scan again.")),
        (Malformed("its end is wrong"), 600.0, Hold.INCOMPLETE, Ready()),
        (
            UnknownType(),
            30.0,
            None,
            Ready("The file is not a scan: its content is no PDF, TIFF, JPEG, PNG, BMP, GIF or JPEG 2000."),
        ),
    ],
)
def test_what_is_not_whole_waits_its_time_and_is_then_told(
    structure: Structure, until_s: float, hold: Hold | None, step: Ready
):
    """Cut short waits for its retry and is then rejected; malformed then goes to the converter; strange goes soon."""
    waiting = settle(quiet(Writing.NO, structure), 5.5, RULE)
    assert isinstance(waiting, Wait)
    assert (waiting.until_s, waiting.hold) == (until_s, hold)
    assert settle(quiet(Writing.NO, structure, until_s), until_s, RULE) == step


def test_what_cannot_be_read_is_held_and_tried_again():
    """A file without permission stays in the share, is told as such, and is looked at again a minute later."""
    history = quiet(Writing.UNKNOWN, Unreadable("it cannot be opened"), 20.0)
    assert settle(history, 20.0, RULE) == Wait(80.0, Hold.STRANGE, "it cannot be opened")
    assert settle(lease_tested(history, Writing.UNKNOWN, 80.0), 80.0, RULE) == AskStructure()


def test_a_file_that_was_left_is_not_offered_before_its_time():
    """What was offered and not taken begins again, and no change makes it come sooner."""
    history = left(sighting(0.0), not_before_s=40.0)
    for seen_s in (5.0, 10.0):
        history = seen(history, sighting(seen_s), RULE)
    assert settle(history, 10.0, RULE) == Wait(40.0)
    assert settle(disturbed(history, 12.0), 20.0, RULE) == Wait(40.0)
    changed = seen(history, sighting(20.0, mtime_ns=5), RULE)
    assert settle(changed, 30.0, RULE) == Wait(40.0)


def test_a_wait_that_ends_between_look_and_decision_asks_for_a_look():
    """When the quiet window is over but nobody has looked since, the next look is due now."""
    assert settle(first_seen(sighting(0.0)), 5.0, RULE) == Wait(5.0)


# -- simulated writers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """What a writer has made of the file from this moment on."""

    at_s: float
    stamp: Stamp | None
    is_open: bool
    structure: Structure


def states(steps: list[tuple[float, int, int, bool, Structure]], inode: int = 7) -> list[State]:
    """From (pause before it, size, blocks, still open, ends) to states; every step is a write with a new time."""
    at_s, made = 0.0, []
    for number, (pause_s, size_bytes, blocks, is_open, structure) in enumerate(steps):
        at_s += pause_s
        made.append(State(at_s, Stamp(inode, size_bytes, number, blocks), is_open, structure))
    return made


def chunks(pauses: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    """One pause before each chunk of a file."""
    return st.lists(pauses, min_size=1, max_size=6)


def trickle(pauses: list[float]) -> list[State]:
    """Open, write with pauses of any length, close at the last byte."""
    last = len(pauses)
    return states(
        [(pause_s, 10 * n, 8 * n, n < last, Whole() if n == last else CUT) for n, pause_s in enumerate(pauses, 1)]
    )


def preset(pauses: list[float]) -> list[State]:
    """The final size at once, filled block by block, as copy tools do."""
    last = len(pauses)
    return states(
        [(pause_s, 4096, 8 * n, n < last, Whole() if n == last else CUT) for n, pause_s in enumerate(pauses, 1)]
    )


def append(pauses: list[float]) -> list[State]:
    """A valid file after every page, closed in between for less than the quiet window."""
    return states([(pause_s, 10 * n, 8 * n, False, Whole()) for n, pause_s in enumerate(pauses, 1)])


def append_broken(pauses: list[float]) -> list[State]:
    """Closed after every page, broken until the last one."""
    last = len(pauses)
    return states(
        [(pause_s, 10 * n, 8 * n, False, Whole() if n == last else CUT) for n, pause_s in enumerate(pauses, 1)]
    )


def killed_and_retried(pauses: list[float]) -> list[State]:
    """Killed half-way; the same name is written anew, from nothing, and closed."""
    cut_s, retry_s, write_s = (pauses * 3)[:3]
    return states(
        [
            (cut_s, 50, 8, False, CUT),
            (retry_s, 0, 0, True, CUT),
            (write_s, 70, 8, True, CUT),
            (0.3, 100, 16, False, Whole()),
        ]
    )


WRITERS = st.one_of(
    chunks(st.floats(0.01, 400)).map(trickle),
    chunks(st.floats(0.01, 400)).map(preset),
    chunks(st.floats(0.01, 4.9)).map(append),
    chunks(st.floats(0.01, 590)).map(append_broken),
    chunks(st.floats(0.01, 590)).map(killed_and_retried),
)


@settings(deadline=None, max_examples=300)
@given(
    WRITERS,
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=7),
    st.booleans(),
    st.sampled_from([Writing.YES, Writing.UNKNOWN]),
)
def test_no_writer_is_claimed_early_and_every_one_in_the_end(
    script: list[State],
    delays: list[float],
    has_events: bool,  # noqa: FBT001  drawn by hypothesis
    told_as: Writing,
):
    """Whatever a scanner does that ends in a whole closed file, it is offered whole, once it is, and soon after.

    Looks come late by the given delays; events come or do not. Without leases pauses at an open file are as at a closed
    one, so there the file may only be told early when its ends are broken.
    """
    finished_s = script[-1].at_s
    history, now_s, looks = None, 0.0, 0
    while now_s < finished_s + 60.0:
        current = next((state for state in reversed(script) if state.at_s <= now_s), None)
        if current is None or current.stamp is None:
            now_s = script[0].at_s
            continue
        sight = Sighting(current.stamp, now_s)
        if history is not None and has_events:
            changes = [state.at_s for state in script if history.seen_s < state.at_s <= now_s]
            history = disturbed(history, changes[-1]) if changes else history
        history = first_seen(sight) if history is None else seen(history, sight, RULE)
        step = settle(history, now_s, RULE)
        for _ in range(2):
            if isinstance(step, AskLease):
                writing = (told_as if current.is_open else Writing.NO) if told_as is Writing.YES else Writing.UNKNOWN
                history = lease_tested(history, writing, now_s)
            elif isinstance(step, AskStructure):
                history = structure_tested(history, current.structure, now_s)
            step = settle(history, now_s, RULE)
        if isinstance(step, Ready):
            assert step == Ready()
            assert now_s >= finished_s
            return
        assert isinstance(step, Wait)
        now_s = min(max(step.until_s, now_s + 0.05), now_s + 5.0) + delays[looks % len(delays)]
        looks += 1
    pytest.fail(f"not offered within a minute of {finished_s}")
