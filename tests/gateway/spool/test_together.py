import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.spool.together import Together
from tests.peers.loopback import wait_until

DEADLINE_S = 10.0


class Work:
    """What is done for those who ask; the first time it waits until the gate is opened."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.opened = threading.Event()
        self.inside = 0

    def do(self, asked: Sequence[int]) -> list[Exception | None]:
        """Odd numbers go wrong; a hundred ends it all."""
        self.inside += 1
        assert self.inside == 1
        self.done.append(list(asked))
        if len(self.done) == 1:
            assert self.opened.wait(DEADLINE_S)
        self.inside -= 1
        if 100 in asked:
            raise ZeroDivisionError
        return [KeyError(number) if number % 2 else None for number in asked]


def ends(numbers: Sequence[int]) -> tuple[list[list[int]], list[type[BaseException] | None]]:
    """Ask with the first number, with the others while that is being done; return the batches and each one's end."""
    work = Work()
    together = Together(work.do)
    with ThreadPoolExecutor(len(numbers)) as threads:
        asking = [threads.submit(together.ask, numbers[0])]
        wait_until(lambda: bool(work.done), DEADLINE_S, "the first begun")
        for number in numbers[1:]:
            asking.append(threads.submit(together.ask, number))
            wait_until(lambda: len(together._waiting) == len(asking) - 1, DEADLINE_S, "the next waits")
        work.opened.set()
        errors = [one.exception(DEADLINE_S) for one in asking]
    assert not together._is_led
    return work.done, [None if error is None else type(error) for error in errors]


def test_those_who_come_meanwhile_are_done_at_once():
    """The first is done alone; all who came while it was being done are done together, in the order they came."""
    assert ends([2, 4, 6, 8]) == ([[2], [4, 6, 8]], [None] * 4)


def test_each_hears_of_its_own_fault():
    """What goes wrong with one of several is raised to that one, and to nobody else."""
    assert ends([2, 3, 4, 5]) == ([[2], [3, 4, 5]], [None, KeyError, None, KeyError])


def test_a_fault_of_the_whole_is_told_to_all_and_ends_nothing():
    """What is raised for several is raised to each of them: nobody waits for ever, and the next who comes is served."""
    assert ends([2, 100, 4]) == ([[2], [100, 4]], [None, ZeroDivisionError, ZeroDivisionError])
    work = Work()
    work.opened.set()
    together = Together(work.do)
    with pytest.raises(ZeroDivisionError):
        together.ask(100)
    together.ask(2)
    assert work.done == [[100], [2]]


def test_many_threads_are_each_served_once():
    """However many threads ask at the same time, each is done exactly once, and never two at once."""
    done: list[int] = []

    def do(asked: Sequence[int]) -> list[Exception | None]:
        done.extend(asked)
        return [None] * len(asked)

    together = Together(do)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(together.ask, range(2000)))
    assert sorted(done) == list(range(2000))
