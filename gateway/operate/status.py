"""The state of the box: is it running, what waits, what failed, which upstream rests and why."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from conf.carry import instead, reach
from conf.model import Config, Maildir, Upstream
from gateway import __version__
from gateway.arrive.reserve import opens_at_bytes
from gateway.deliver.backlog import Backlog, backlogs
from gateway.deliver.expiries import expiries
from gateway.deliver.expiry import URGENT_DAYS, days_left
from gateway.deliver.pacer import Pacer
from gateway.deliver.replies import kind_of
from gateway.deliver.upstream import route_of
from gateway.operate.records import age_s, moment, span
from gateway.spool import files
from gateway.spool.job import OWED, State
from gateway.spool.journal import Journal
from gateway.spool.self_tests import SelfTests
from gateway.spool.traffic import Pause, Traffic
from hotfolder.samba import CLOSED_NAME


@dataclass(frozen=True, slots=True)
class Route:
    """One upstream: whether it is at fault, until when it rests (seconds since 1970), what was said, and what to do.

    ``since``: when it was last well; None when it is now, or when that is not known. ``waiting`` scans are for it, of
    which the first is given up at ``given_up_at``. ``pace`` tells in words where it is used less than is configured.
    ``carries`` says whom it reaches; ``instead`` are the upstreams that mail goes by, where it may, while it rests.
    ``reply`` is the entry of the reply catalogue that knows what was said, if one does.
    """

    name: str
    method: str
    paused_until: float | None
    said: str
    advice: str
    kind: str = ""
    since: float | None = None
    waiting: int = 0
    given_up_at: float | None = None
    pace: str = ""
    carries: str = ""
    instead: tuple[str, ...] = ()
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Expiring:
    """A secret, certificate or sign-in of an upstream: the day it ends (ISO 8601), and how many days that is ahead."""

    upstream: str
    what: str
    on: str
    days: int


@dataclass(frozen=True, slots=True)
class Tried:
    """When an upstream's login was last tried without a mail (seconds since 1970); ``said`` is empty when it works."""

    upstream: str
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Status:
    """What ``scangate status`` says. ``oldest_s`` is the age of the oldest scan that is still owed.

    ``kept`` is how many failed and quarantined scans still lie in the spool for a person to look at.
    ``are_shares_closed``: they refuse new scans until ``shares_open_at_bytes`` are free. ``legacy_shares`` have SMB1.
    """

    version: str
    is_running: bool
    jobs: dict[str, int]
    kept: int
    oldest_s: float | None
    free_bytes: int
    is_space_low: bool
    are_shares_closed: bool
    shares_open_at_bytes: int
    legacy_shares: tuple[str, ...]
    routes: tuple[Route, ...]
    expiring: tuple[Expiring, ...] = ()
    tried: tuple[Tried, ...] = ()
    warnings: tuple[str, ...] = ()
    """What works, but not as it was meant: a sentence each."""

    @property
    def needs_person(self) -> bool:
        """Tell whether somebody should look: a fault, a failure, or nothing running."""
        is_full = self.is_space_low or self.are_shares_closed
        is_asked = self.kept > 0 or self.jobs[State.HELD] > 0
        is_ending = any(one.days <= URGENT_DAYS for one in self.expiring)
        is_at_fault = any(route.paused_until for route in self.routes)
        return not self.is_running or is_full or is_asked or is_ending or is_at_fault


def look(config: Config, journal: Journal, traffic: Traffic, warnings: tuple[str, ...] = ()) -> Status:
    """Return the state of the box as the journal, the lock and the disk show it; ``warnings`` are handed on."""
    owed = journal.jobs(OWED, limit=1_000_000)
    pauses = traffic.pauses()
    spool = config.gateway.state / "spool"
    disk = os.statvfs(config.gateway.state)
    free_bytes = disk.f_bavail * disk.f_frsize
    waiting = backlogs(config, owed)
    resting = {name for name, one in pauses.items() if one.until > time.time()}
    routes = [
        replace(
            _route(one, pauses.get(one.name), waiting.get(one.name)),
            pace=_pace(one, traffic),
            carries=reach(one),
            reply=kind_of(pauses[one.name].said) if one.name in pauses else "",
            instead=instead(config.upstream, one, resting) if config.delivery.fallback and one.name in resting else (),
        )
        for one in config.upstream
    ]
    return Status(
        version=__version__,
        is_running=is_running(config.gateway.state),
        jobs={state.value: count for state, count in journal.counts().items()},
        kept=sum(len(files.listing(spool / name)) for name in ("failed", "quarantine") if (spool / name).is_dir()),
        oldest_s=max((age_s(job) for job in owed), default=None),
        free_bytes=free_bytes,
        is_space_low=free_bytes < config.gateway.free_space,
        are_shares_closed=(config.gateway.state / CLOSED_NAME).exists(),
        shares_open_at_bytes=opens_at_bytes(config.gateway.free_space),
        legacy_shares=tuple(share.name for share in config.share if share.legacy_smb1),
        routes=tuple(routes),
        expiring=tuple(
            Expiring(one.upstream, one.what.value, f"{one.ends_at:%Y-%m-%d}", days_left(one, datetime.now(UTC)))
            for one in expiries(config)
        ),
        tried=tuple(
            Tried(name, test.at, test.said)
            for name, test in sorted(SelfTests(journal.database).last().items())
            if name in {one.name for one in config.upstream}
        ),
        warnings=warnings,
    )


def _route(upstream: Upstream, pause: Pause | None, backlog: Backlog | None) -> Route:
    jobs, given_up_at = (0, None) if backlog is None else (backlog.jobs, backlog.given_up_at)
    if pause is None:
        return Route(upstream.name, upstream.method, None, "", "", waiting=jobs, given_up_at=given_up_at)
    return Route(
        upstream.name,
        upstream.method,
        pause.until,
        pause.said,
        pause.advice,
        pause.kind,
        pause.since or None,
        jobs,
        given_up_at,
    )


def _pace(upstream: Upstream, traffic: Traffic) -> str:
    if isinstance(upstream, Maildir):
        return ""
    pacer, now = Pacer(route_of(upstream), traffic), time.time()
    pacer.begin(now)
    return pacer.describe(now)


def is_running(state: Path) -> bool:
    """Tell whether a service holds the state directory."""
    try:
        fd = os.open(state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def show(status: Status, console: Console, *, is_json: bool) -> None:
    """Print the status, within 80 columns; ``is_json`` prints the record."""
    if is_json:
        fields: dict[str, Any] = {**asdict(status), "needs_person": status.needs_person}
        console.print_json(json.dumps(fields))
        return
    console.print(f"scangate {status.version}: {'running' if status.is_running else 'NOT RUNNING'}")
    owed = sum(status.jobs[state] for state in OWED)
    waits = "" if status.oldest_s is None else f", the oldest for {span(status.oldest_s)}"
    console.print(f"Waiting:   {owed}{waits}")
    if held := status.jobs[State.HELD]:
        console.print(f"Held:      {held} of them, until you say retry or drop: see scangate queue")
    console.print(f"Delivered: {status.jobs[State.SENT]}")
    failed, quarantined = status.jobs[State.FAILED], status.jobs[State.QUARANTINE]
    console.print(f"Failed:    {failed}, in quarantine {quarantined}, still kept {status.kept}")
    low = ", TOO LITTLE: no scan is accepted" if status.is_space_low else ""
    console.print(f"Free:      {status.free_bytes / 1e9:.1f} GB{low}")
    if status.are_shares_closed:
        console.print("Shares:    CLOSED for new scans, because too little space is free")
        console.print(f"           They open at {status.shares_open_at_bytes / 1e6:.0f} MB free; delivery goes on")
    for name in status.legacy_shares:
        console.print(f"Warning:   share {name} has legacy_smb1, which is unsafe")
    for route in status.routes:
        _show_route(route, console, is_alone=len(status.routes) == 1)
    for test in status.tried:
        console.print(f"Tested:    {test.upstream} {'FAILED' if test.said else 'ok'}, {moment(test.at)}")
    for one in status.expiring:
        left = f"in {one.days} day{'' if one.days == 1 else 's'}" if one.days > 0 else "HAS ENDED"
        console.print(f"Expires:   {one.on}, {left}: {one.what} of {one.upstream}")
    for warning in status.warnings:
        console.print(f"Warning:   {warning}")


def _show_route(route: Route, console: Console, *, is_alone: bool) -> None:
    state = "ok" if route.paused_until is None else "at fault"
    console.print(f"Upstream:  {route.name} ({route.method}) {state}")
    if route.paused_until is not None:
        console.print(f"           Is tried again {_when(route.paused_until)}")
    if not is_alone:
        console.print(f"           carries {route.carries}")
    if route.instead:
        console.print(f"           meanwhile mail goes by {', '.join(route.instead)}, where that may carry it")
    if route.pace:
        console.print(f"           Pace: {route.pace}")
    if route.paused_until is not None:
        console.print(f"           {route.said}")
        for line in _waits(route):
            console.print(f"           {line}")
        if route.advice:
            console.print(f"           To do: {route.advice}")
        if route.reply:
            console.print(f"           More:  scangate explain {route.reply}")


def _when(paused_until: float) -> str:
    return "with the next scan" if paused_until <= time.time() else f"at {moment(paused_until)}"


def _waits(route: Route) -> Iterator[str]:
    if route.since is not None:
        yield f"Since {moment(route.since)}" + (f" ({route.kind})" if route.kind else "")
    if route.waiting and route.given_up_at is not None:
        waits = "1 waits for it, and is" if route.waiting == 1 else f"{route.waiting} wait for it; the first is"
        yield f"{waits} given up at {moment(route.given_up_at)}"
