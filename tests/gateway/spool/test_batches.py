import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gateway.spool.batches import Batches
from tests.peers.loopback import wait_until

DEADLINE_S = 10.0


class Work:
    """What is done for those who ask; the first time it waits until the gate is opened."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.threads: set[str] = set()
        self.opened = threading.Event()
        self.begun = threading.Event()

    def do(self, asked: Sequence[int]) -> None:
        """Note what came."""
        self.done.append(list(asked))
        self.threads.add(threading.current_thread().name)
        self.begun.set()
        assert self.opened.wait(DEADLINE_S)


def test_those_who_come_meanwhile_are_done_at_once():
    """The first is done alone; who came while it was being done is done together, in order, by the one thread."""
    work = Work()
    batches = Batches(work.do, "batches", most=16)
    batches.put(0)
    assert work.begun.wait(DEADLINE_S)
    for number in range(1, 5):
        batches.put(number)
    assert batches.waiting == 4
    work.opened.set()
    batches.stop()
    assert work.done == [[0], [1, 2, 3, 4]]
    assert work.threads == {"batches"}


def test_no_more_at_once_than_said():
    """What is more than fits into one batch is done next, also when the thread has been told to end meanwhile."""
    work = Work()
    batches = Batches(work.do, "batches", most=3)
    batches.put(0)
    assert work.begun.wait(DEADLINE_S)
    for number in range(1, 8):
        batches.put(number)
    work.opened.set()
    batches.stop()
    assert work.done == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_one_that_lingers_takes_along_what_comes_in_that_time():
    """With a time to linger, those who ask right after the first are done with it."""
    work = Work()
    work.opened.set()
    batches = Batches(work.do, "batches", most=16, linger_s=0.2)
    for number in range(3):
        batches.put(number)
    batches.stop()
    assert [number for batch in work.done for number in batch] == [0, 1, 2]
    assert len(work.done[0]) > 1


def test_a_thread_that_has_ended_is_started_again():
    """Ending ends the thread; twice is no harm, nor before there was one; who asks later is served all the same."""
    before = threading.active_count()
    work = Work()
    work.opened.set()
    batches = Batches(work.do, "batches", most=16)
    batches.stop()
    for number in (1, 2):
        batches.put(number)
        batches.stop()
        batches.stop()
    assert threading.active_count() == before
    assert work.done == [[1], [2]]


def test_nobody_is_held_longer_than_its_work():
    """What was asked for is not kept alive by a thread that waits for the next: a mail may hold a quarter megabyte."""
    gone = threading.Event()

    class Held:
        def __del__(self) -> None:
            gone.set()

    batches: Batches[Held] = Batches(lambda _: None, "batches", most=16)
    batches.put(Held())
    assert gone.wait(DEADLINE_S)
    batches.stop()


def test_many_threads_are_each_served_once():
    """However many threads ask at the same time, each is served exactly once."""
    done: list[int] = []
    batches = Batches(done.extend, "batches", most=16)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(batches.put, range(2000)))
    wait_until(lambda: len(done) >= 2000, DEADLINE_S, "all served")
    batches.stop()
    assert sorted(done) == list(range(2000))
