"""Whose scan goes next: the doors take turns, so that one device's hundreds do not hold back another's single one."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest

from gateway.spool.job import Job


def in_turn(due: Iterable[Job], served: Mapping[str, int]) -> list[Job]:
    """Return all jobs, one of each origin and then the next of each; within an origin they keep their order.

    ``served`` numbers the origins by when one of theirs was started last; the lowest goes first, an unknown one before.
    """
    queues: dict[str, list[Job]] = {}
    for job in due:
        queues.setdefault(job.origin, []).append(job)
    rounds = zip_longest(*(queues[origin] for origin in sorted(queues, key=lambda one: served.get(one, 0))))
    return [job for one_of_each in rounds for job in one_of_each if job is not None]
