"""The state of the box: is it running, what waits, what failed, which upstream rests and why."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from conf.model import Config
from gateway import __version__
from gateway.arrive.reserve import opens_at_bytes
from gateway.deliver.replies import kind_of
from gateway.operate.records import age_s, moment, span
from gateway.spool import files
from gateway.spool.job import OWED, State
from gateway.spool.journal import Journal
from gateway.spool.traffic import Traffic
from hotfolder.samba import CLOSED_NAME


@dataclass(frozen=True, slots=True)
class Route:
    """One upstream: whether it rests, until when (seconds since 1970), what was said, and what to do.

    ``kind`` is the entry of the reply catalogue that knows what was said, if one does.
    """

    name: str
    method: str
    paused_until: float | None
    said: str
    advice: str
    kind: str = ""


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
    warnings: tuple[str, ...] = ()
    """What works, but not as it was meant: a sentence each."""

    @property
    def needs_person(self) -> bool:
        """Tell whether somebody should look: a fault, a failure, or nothing running."""
        is_full = self.is_space_low or self.are_shares_closed
        return not self.is_running or is_full or self.kept > 0 or any(r.paused_until for r in self.routes)


def look(config: Config, journal: Journal, traffic: Traffic, warnings: tuple[str, ...] = ()) -> Status:
    """Return the state of the box as the journal, the lock and the disk show it; ``warnings`` are handed on."""
    owed = journal.jobs(OWED, limit=1_000_000)
    pauses = traffic.pauses()
    spool = config.gateway.state / "spool"
    disk = os.statvfs(config.gateway.state)
    free_bytes = disk.f_bavail * disk.f_frsize
    routes = []
    for upstream in config.upstream:
        pause = pauses.get(upstream.name)
        until, said, advice = (None, "", "") if pause is None else (pause.until, pause.said, pause.advice)
        kind = kind_of(said) if said else ""
        routes.append(Route(upstream.name, upstream.method, until, said, advice, kind))
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
        warnings=warnings,
    )


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
        console.print(f"Upstream:  {route.name} ({route.method}) {_route_state(route)}")
        if route.paused_until is not None:
            console.print(f"           {route.said}")
            if route.advice:
                console.print(f"           To do: {route.advice}")
            if route.kind:
                console.print(f"           More:  scangate explain {route.kind}")
    for warning in status.warnings:
        console.print(f"Warning:   {warning}")


def _route_state(route: Route) -> str:
    if route.paused_until is None:
        return "ok"
    if route.paused_until <= time.time():
        return "at fault, is tried again with the next scan"
    return f"at fault, is tried again at {moment(route.paused_until)}"
