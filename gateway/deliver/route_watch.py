"""Upstreams at fault, seen from outside of any offer: mended by a person, asked for, or soon to cost scans."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from conf.model import Config
from gateway.deliver import settings_mark
from gateway.deliver.backlog import Backlog, backlogs, is_last_day
from gateway.events import Event, log
from gateway.spool.job import OWED
from gateway.spool.journal import Journal
from gateway.spool.traffic import Traffic, request_path

_WARN_EVERY_S: Final = 600.0
_ALL: Final = 1_000_000


@dataclass(slots=True)
class RouteWatch:
    """The upstreams of one configuration. Every method blocks, and raises sqlite3.Error and OSError."""

    config: Config
    traffic: Traffic
    _warned_at: float = 0.0

    def begin(self) -> None:
        """Let an upstream be probed at once whose settings have changed since its fault: a person has mended it.

        With the same settings a restart is no new attempt: restarted in a loop it would lock a mailbox out.
        """
        pauses = self.traffic.pauses()
        for upstream in self.config.upstream:
            if upstream.name in pauses:
                marked = self.traffic.settings_mark(upstream.name)
                if marked and not settings_mark.is_of(marked, self.config, upstream):
                    self._resume(upstream.name, "its settings have changed")
                    self.remember(upstream.name)

    def remember(self, name: str) -> None:
        """Note with which settings an upstream is at fault."""
        upstream = next(one for one in self.config.upstream if one.name == name)
        self.traffic.note_settings(name, settings_mark.mark(self.config, upstream))

    def look(self) -> None:
        """Do what ``scangate resume`` asked for, and warn when the first scan is about to be given up."""
        for upstream in self.config.upstream:
            request = request_path(self.config.gateway.state, upstream.name)
            if request.exists():
                request.unlink()
                self._resume(upstream.name, "scangate resume")
        now = time.time()
        if not 0 <= now - self._warned_at < _WARN_EVERY_S:
            self._warned_at = now
            self._warn(now)

    def backlog(self, name: str) -> Backlog | None:
        """Return what waits for an upstream; None when nothing does."""
        return self._backlogs().get(name)

    def _backlogs(self) -> dict[str, Backlog]:
        return backlogs(self.config, Journal(self.traffic.database).jobs(OWED, _ALL))

    def _resume(self, name: str, why: str) -> None:
        if self.traffic.probe(name, time.time()):
            log(Event.ROUTE_RESUMED, upstream=name, reason=why)

    def _warn(self, now: float) -> None:
        """Say once a fault that scans are about to be given up."""
        at_fault = self.traffic.pauses()
        waiting = self._backlogs() if at_fault else {}
        for name, backlog in waiting.items():
            if name not in at_fault or not is_last_day(backlog.given_up_at, self.config.delivery.lifetime, now):
                continue
            if self.traffic.warn(name):
                at = moment(backlog.given_up_at)
                pause = at_fault[name]
                advice = pause.advice or None
                log(
                    Event.ROUTE_DEADLINE,
                    upstream=name,
                    waiting=backlog.jobs,
                    given_up=at,
                    said=pause.said,
                    advice=advice,
                )


def moment(at: float) -> str:
    """Return a time as it stands in the log: UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def ask(state: Path, name: str) -> None:
    """Ask a service, or its next start, to probe an upstream now. Raises OSError."""
    request_path(state, name).touch()
