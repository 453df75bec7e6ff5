"""What STATUS.txt of one share tells: facts of the box, and of this share alone."""

from dataclasses import dataclass
from datetime import datetime

from conf.model import Address
from gateway.spool.job import Recipient, State
from hotfolder.arrival import Standing


@dataclass(frozen=True, slots=True)
class Rest:
    """An upstream that is at fault, until when it rests, what was said, and what to do.

    ``since`` when, if that is known; ``is_for_a_person``: waiting mends nothing.
    """

    name: str
    until: datetime
    said: str
    advice: str
    since: datetime | None = None
    is_for_a_person: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of the share. ``pages`` is 0 while nobody knows; ``next_try_at`` is None unless it is deferred.

    ``alike``: of files that are no scans only the last is one of these; so many more there were.
    """

    name: str
    arrived_at: datetime
    pages: int
    recipients: tuple[Recipient, ...]
    state: State
    reason: str
    next_try_at: datetime | None
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of a share. All times are local, with their zone.

    ``stopped_at`` is None while the service runs. ``resting`` of ``upstreams`` upstreams are at fault. ``waiting`` and
    ``oldest_at`` count what is owed of this share; at ``given_up_at`` the oldest fails at the latest. ``scans`` are its
    last ones, newest first.
    """

    box: str
    admin: tuple[Address, ...]
    share: str
    started_at: datetime
    stopped_at: datetime | None
    upstreams: int
    resting: tuple[Rest, ...]
    free_bytes: int
    reserve_bytes: int
    waiting: int
    oldest_at: datetime | None
    scans: tuple[Scan, ...]
    standing: Standing
    given_up_at: datetime | None = None
