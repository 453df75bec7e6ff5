"""The whole rule against devices that hypothesis makes up: never early, and everything in the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.settle import Rule, polling
from hotfolder.verdict import Writing
from tests.hotfolder.writers import Step, Watcher, World

RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0)
REMOTE = polling(RULE)
MARGIN_S = 0.1
"""Below a limit by so much: floating point."""
SLACK_S = 12.0
"""Beyond quiet window and samples: lease tests 2 s apart, and each of the looks up to a second late."""


@dataclass(frozen=True)
class Device:
    """How one device writes one scan.

    Before each piece after the first it pauses; ``closes`` says whether with the file closed. ``dies_after``: for each
    attempt that is cut short, how many pieces it wrote and how long until the next attempt. ``rename_s``: it writes
    under a temporary name, and renames so much later.
    """

    gaps: tuple[tuple[float, bool], ...]
    is_valid_in_part: bool
    is_preset: bool
    dies_after: tuple[tuple[int, float], ...]
    rename_s: float | None
    holds_s: float

    @property
    def pieces(self) -> int:
        """How many there are."""
        return len(self.gaps) + 1

    def steps(self, name: str, at_s: float) -> Iterator[Step]:
        """Yield what it does, from this moment on; the last step is that it has finished."""
        first = f"~{name}.tmp" if self.rename_s is not None else name
        for pieces, retry_s in self.dies_after:
            yield at_s, self._create(first)
            for _ in range(min(pieces, self.pieces - 1)):
                yield at_s, partial(World.write, name=first)
                at_s += 1.0
            yield at_s, partial(World.close, name=first)
            at_s += retry_s
        yield at_s, self._create(first)
        yield at_s, partial(World.write, name=first)
        for gap_s, closes in self.gaps:
            if closes:
                yield at_s, partial(World.close, name=first)
            at_s += gap_s
            if closes:
                yield at_s, partial(World.reopen, name=first)
            yield at_s, partial(World.write, name=first)
        at_s += self.holds_s
        if self.rename_s is not None:
            at_s += self.rename_s
            yield at_s, partial(World.rename, name=first, new_name=name)
        yield at_s, partial(World.close, name=name)
        yield at_s, partial(World.done, name=name)

    def _create(self, name: str) -> partial[None]:
        return partial(
            World.create,
            name=name,
            pieces=self.pieces,
            is_valid_in_part=self.is_valid_in_part,
            preset=self.is_preset,
        )


@st.composite
def devices(draw: st.DrawFn, rule: Rule, open_s: float, holds_s: float) -> Device:
    """Draw a device whose pauses are below what the rule waits.

    A part that looks whole is told from the scan by the quiet window alone while the file is closed; a part that does
    not has the time that is left for a retry.

    Args:
        draw: hypothesis's.
        rule: that it is written against.
        open_s: its longest pause with a whole-looking file open.
        holds_s: the longest it holds a finished file open.
    """
    is_valid = draw(st.booleans())
    closed = st.floats(0.0, (rule.quiet_s if is_valid else rule.incomplete_timeout_s) - MARGIN_S)
    opened = st.floats(0.0, open_s if is_valid else 3000.0)
    no_lease = not rule.has_leases or open_s < rule.incomplete_timeout_s
    opened = st.floats(0.0, rule.incomplete_timeout_s - MARGIN_S) if no_lease and not is_valid else opened
    gap = closed.map(lambda s: (s, True)) | opened.map(lambda s: (s, False))
    gaps = tuple(draw(st.lists(gap, max_size=5)))
    deaths = st.tuples(st.integers(0, 3), st.floats(0.1, rule.incomplete_timeout_s - 5.0))
    return Device(
        gaps=gaps,
        is_valid_in_part=is_valid,
        is_preset=draw(st.booleans()),
        # A device that dies behind a whole-looking part cannot be told from one that has finished.
        dies_after=tuple(draw(st.lists(deaths, max_size=2))) if not is_valid and gaps else (),
        rename_s=draw(st.none() | st.floats(0.0, 60.0)),
        holds_s=draw(st.floats(0.0, holds_s)),
    )


LATE = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=7)


def hold(device_list: list[Device], rule: Rule, late: list[float], answer: Writing, *, has_events: bool) -> None:
    """Play the devices one after the other under one name, and hold what the rule promises."""
    steps: list[Step] = []
    finished: list[float] = []
    at_s = 1.0
    wait_s = rule.quiet_s * (2 if answer is Writing.UNKNOWN else 1) + rule.confirm_s * rule.confirmations + SLACK_S
    for device in device_list:
        steps += device.steps("scan.pdf", at_s)
        finished.append(steps[-1][0])
        at_s = steps[-1][0] + wait_s
    watcher = Watcher(World(), rule, late, has_events, answer)
    watcher.run(steps, at_s + 1.0)
    for offer in watcher.offers:
        assert offer.ready.rejected == ""
        assert offer.file.is_done, f"early: {offer}"
    assert len(watcher.offers) == len(device_list)
    for offer, finished_s in zip(watcher.offers, finished, strict=True):
        assert finished_s <= offer.at_s <= finished_s + wait_s


@settings(deadline=None, max_examples=400)
@given(st.lists(devices(RULE, 3000.0, 100.0), min_size=1, max_size=3), LATE, st.booleans())
def test_no_device_is_claimed_early_and_each_in_the_end(
    device_list: list[Device],
    late: list[float],
    has_events: bool,  # noqa: FBT001  drawn by hypothesis
):
    """Where leases work: whatever a device does, its scan is offered whole, after its close, once, and soon."""
    hold([_closing_soon(device) for device in device_list], RULE, late, Writing.YES, has_events=has_events)


def _closing_soon(device: Device) -> Device:
    """A pause in a whole-looking open file beyond ``held_open_s`` is taken for the end: that is tried below."""
    if not device.is_valid_in_part:
        return device
    gaps = tuple((min(gap_s, RULE.held_open_s - MARGIN_S), closes) for gap_s, closes in device.gaps)
    return Device(gaps, True, device.is_preset, device.dies_after, device.rename_s, device.holds_s)


@settings(deadline=None, max_examples=200)
@given(st.lists(devices(RULE, 9.9, 0.0), min_size=1, max_size=3), LATE, st.booleans())
def test_without_leases_pauses_below_twice_the_quiet_window_do_no_harm(
    device_list: list[Device],
    late: list[float],
    has_events: bool,  # noqa: FBT001  drawn by hypothesis
):
    """Where leases do not work, an open file is as a closed one, and twice the quiet window protects it."""
    hold(device_list, RULE, late, Writing.UNKNOWN, has_events=has_events)


@settings(deadline=None, max_examples=200)
@given(st.lists(devices(REMOTE, 9.9, 0.0), min_size=1, max_size=3), LATE)
def test_on_a_remote_mount_nobody_is_asked_and_nothing_is_early(device_list: list[Device], late: list[float]):
    """By polling alone: pauses below the longer quiet window do no harm, and every scan comes in bounded time."""
    hold(device_list, REMOTE, late, Writing.NO, has_events=False)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 4), st.booleans(), LATE, st.booleans())
def test_a_device_that_dies_for_good_is_told_and_never_taken_for_whole(
    pieces: int,
    is_preset: bool,  # noqa: FBT001  drawn by hypothesis
    late: list[float],
    has_events: bool,  # noqa: FBT001  drawn by hypothesis
):
    """What nobody sends again arrives as rejected, once its time is over and not before."""
    world = World()
    steps: list[Step] = [(1.0, partial(World.create, name="scan.pdf", pieces=5, preset=is_preset))]
    steps += [(1.0 + number, partial(World.write, name="scan.pdf")) for number in range(pieces)]
    steps.append((1.0 + pieces, partial(World.close, name="scan.pdf")))
    watcher = Watcher(world, RULE, late, has_events, Writing.YES)
    watcher.run(steps, 700.0)
    (offer,) = watcher.offers
    assert offer.ready.rejected.startswith("The file is cut short")
    assert offer.at_s >= pieces + RULE.incomplete_timeout_s


@settings(deadline=None, max_examples=100)
@given(st.floats(125.0, 3600.0), LATE)
def test_a_device_that_never_closes_is_served_once(holds_s: float, late: list[float]):
    """Whole and unchanged for two minutes: taken from under its writer, marked as such, and only once."""
    device = Device(((1.0, False),), False, False, (), None, holds_s)
    steps = list(device.steps("scan.pdf", 1.0))[:-2]
    watcher = Watcher(World(), RULE, late, True, Writing.YES)
    watcher.run(steps, holds_s + 10)
    (offer,) = watcher.offers
    assert offer.ready.is_held_open
    assert offer.file.filled == 2
    assert offer.at_s >= 2.0 + RULE.held_open_s


def test_the_model_can_fail():
    """Without a lease and with a quiet window below the device's pause the model sees an early claim."""
    impatient = Rule(quiet_s=1.0, incomplete_timeout_s=600.0, has_leases=False)
    device = Device(((4.0, True),), True, False, (), None, 0.0)
    with pytest.raises(AssertionError, match="early"):
        hold([device], impatient, [0.0], Writing.NO, has_events=True)
