import asyncio
from collections.abc import Callable

import pytest

from gateway.arrive.deadline import Deadline


class Clock:
    """A loop's time and timers, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.timers: list[Timer] = []
        self.made = 0

    def time(self) -> float:
        """Return the time."""
        return self.now_s

    def call_at(self, at_s: float, ring: Callable[[], None]) -> "Timer":
        """Make a timer."""
        self.made += 1
        self.timers.append(Timer(self, at_s, ring))
        return self.timers[-1]

    def move(self, to_s: float) -> None:
        """Let time pass, and every timer on the way ring."""
        while due := [timer for timer in self.timers if timer.at_s <= to_s]:
            first = min(due, key=lambda timer: timer.at_s)
            self.timers.remove(first)
            self.now_s = max(self.now_s, first.at_s)
            first.ring()
        self.now_s = to_s


class Timer:
    """One timer of a Clock."""

    def __init__(self, clock: Clock, at_s: float, ring: Callable[[], None]) -> None:
        self.clock, self.at_s, self.ring = clock, at_s, ring

    def when(self) -> float:
        """Return when it rings."""
        return self.at_s

    def cancel(self) -> None:
        """Have it not ring."""
        if self in self.clock.timers:
            self.clock.timers.remove(self)


@pytest.fixture
def clock(monkeypatch):
    """The time of the loop."""
    made = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


@pytest.fixture
def reached(clock):
    """When the deadline was reached."""
    return []


@pytest.fixture
def deadline(clock, reached):
    """A deadline that has not begun."""
    return Deadline(lambda: reached.append(clock.now_s))


@pytest.mark.parametrize(
    ("put_off", "at_s"),
    [
        ([(0, 10)], [10]),
        ([(0, 10), (9, 10)], [19]),
        ([(0, 10), (9, 10), (18, 10)], [28]),
        ([(0, 300), (1, 180)], [181]),
        ([(0, 300), (1, 180), (2, 300)], [302]),
        ([(0, 10), (20, 10)], [10, 30]),
    ],
)
def test_it_comes_when_nobody_put_it_off(clock, deadline, reached, put_off, at_s):
    """It comes once, so long after it was last put off, whether that was later or sooner than before."""
    for now_s, wait_s in put_off:
        clock.move(now_s)
        deadline.put_off(wait_s)
    clock.move(1000)
    assert reached == at_s


def test_it_takes_one_timer_however_often(clock, deadline, reached):
    """Blocks and commands come by the thousand: a timer for each would cost more than they do."""
    for now_s in range(10):
        clock.move(now_s)
        deadline.put_off(300)
    assert (clock.made, len(clock.timers), reached) == (1, 1, [])


def test_a_cancelled_one_never_comes(clock, deadline, reached):
    """It is forgotten with its session, also when it was put off before; begun again it counts."""
    deadline.put_off(10)
    clock.move(5)
    deadline.put_off(10)
    deadline.cancel()
    deadline.cancel()
    clock.move(100)
    assert (clock.timers, reached) == ([], [])
    deadline.put_off(10)
    clock.move(200)
    assert reached == [110]
