"""What waits for each upstream, and when the first of it would be given up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from conf.model import Config
from gateway.deliver.upstream import assign
from gateway.spool.job import Job

DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """So many jobs, of which the first is given up at a time (seconds since 1970)."""

    jobs: int
    given_up_at: float


def backlogs(config: Config, owed: Iterable[Job]) -> dict[str, Backlog]:
    """Return what waits for each upstream of a configuration; one for which nothing does is left out.

    A job's lifetime goes on while its upstream is at fault: whoever scanned is told within ``lifetime`` in any case.
    """
    found: dict[str, Backlog] = {}
    for job in owed:
        given_up_at = job.created_at + config.delivery.lifetime
        for name in assign(config, job.pending)[0]:
            known = found.get(name)
            first = given_up_at if known is None else min(given_up_at, known.given_up_at)
            found[name] = Backlog(1 if known is None else known.jobs + 1, first)
    return found


def is_last_day(given_up_at: float, lifetime_s: float, now: float) -> bool:
    """Tell whether the admin is to be warned: a day before, or half of a lifetime that is shorter than two days."""
    return given_up_at - now <= min(DAY_S, lifetime_s / 2)
