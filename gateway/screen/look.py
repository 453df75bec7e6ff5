"""The facts of one share, read from the journal, the disk and the share's door."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from conf.model import Config, Share
from gateway.screen.draw import SCANS
from gateway.screen.facts import Facts, Rest, Scan
from gateway.spool import files
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import State
from gateway.spool.journal import Journal
from gateway.spool.no_scans import counted
from gateway.spool.traffic import FOR_A_PERSON, Traffic
from hotfolder.arrival import Standing
from hotfolder.settle import EMPTY, NOT_A_SCAN
from image.refusal import NO_SCANS

_NO_SCANS: Final = (NOT_A_SCAN, EMPTY, *sorted(NO_SCANS))
"""Failures that are only counted: thirty files of a copy program would leave no scan among the last ten."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts of every share come from."""

    config: Config
    spool: Spool
    journal: Journal
    traffic: Traffic


def look(
    sources: Sources, share: Share, standing: Standing | None, started_at: float, stopped_at: float | None = None
) -> Facts:
    """Return the facts of a share; times are seconds since 1970. Raises OSError, sqlite3.Error and JournalError."""
    config, journal = sources.config, sources.journal
    origin = str(Origin(OriginKind.SHARE, share.name))
    waiting, oldest_at = journal.owed_of(origin)
    pauses = sources.traffic.pauses()
    return Facts(
        box=config.gateway.name,
        admin=config.gateway.admin,
        share=share.name,
        started_at=local(started_at),
        stopped_at=None if stopped_at is None else local(stopped_at),
        upstreams=len(config.upstream),
        resting=tuple(
            Rest(
                one.name,
                local(pause.until),
                pause.said,
                pause.advice,
                local(pause.since) if pause.since else None,
                is_for_a_person=pause.kind in FOR_A_PERSON,
            )
            for one in config.upstream
            if (pause := pauses.get(one.name)) is not None
        ),
        free_bytes=files.free_bytes(sources.spool),
        reserve_bytes=config.gateway.free_space,
        waiting=waiting,
        oldest_at=None if oldest_at is None else local(oldest_at),
        scans=tuple(_scans(journal, origin)),
        standing=standing or Standing(share.name),
        given_up_at=None if oldest_at is None else local(oldest_at + config.delivery.lifetime),
    )


def _scans(journal: Journal, origin: str) -> Iterator[Scan]:
    """Yield the last scans of a door, newest first; of what is no scan the last alone, in its place among them."""
    count, last = counted(journal.database, origin, _NO_SCANS)
    rubbish = None if last is None else journal.job(last)
    jobs = [*journal.of_origin(origin, SCANS, but=_NO_SCANS), *((rubbish,) if rubbish is not None else ())]
    for job in sorted(jobs, key=lambda one: one.id, reverse=True)[:SCANS]:
        next_try_at = local(job.next_try_at) if job.state is State.DEFERRED and job.next_try_at else None
        alike = count - 1 if job is rubbish else 0
        arrived_at = local(job.created_at)
        yield Scan(job.title, arrived_at, job.pages, job.recipients, job.state, job.reason, next_try_at, alike)


def local(at: float) -> datetime:
    """Return a time as it stands on the wall beside the box, with the zone that held then."""
    return datetime.fromtimestamp(at, UTC).astimezone()
