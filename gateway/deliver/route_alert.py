"""The alert about an upstream: that it is at fault, and that it works again, the admin hears once, another way.

Each step may be repeated after a crash: a mail is noted as begun before it is made, and as told once it is a job.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from conf.carry import may_carry
from conf.model import Address
from gateway.deliver.alerting import look_and_tell
from gateway.deliver.post import Post, reachable
from gateway.deliver.route_letter import HOUR_S, News, Waited, compose_route, news, settled
from gateway.deliver.steady import Begun, doubted
from gateway.deliver.upstream import assign
from gateway.events import Event, log
from gateway.spool.job import OWED, Job, State, new_job_id, notice_id
from gateway.spool.outages import Outage, Outages
from gateway.spool.traffic import Pause, Traffic

_LOOK_S: Final = 30.0
_SEEN_LATE_S: Final = 60.0
"""An outage is seen at the next look, and its first scan was put off before that."""


@dataclass(slots=True)
class RouteAlerter:
    """The station. ``poke`` wakes the delivery."""

    post: Post
    outages: Outages
    traffic: Traffic
    poke: asyncio.Event
    _begun: Begun = field(default_factory=lambda: Begun(time.time(), time.monotonic()))

    async def run(self) -> None:
        """Tell until cancelled. With nobody to tell STATUS.txt and the log have to do."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await look_and_tell(self.tell_all, self.poke.set, "alerting")

    def tell_all(self) -> int:
        """Look at every upstream and tell of what is new; return how many mails were made."""
        for mail in self.outages.begun():  # cut short by a stop
            if self.post.has(mail):
                self.outages.end(mail)
            else:
                self.outages.undo(mail)
        now, pauses = time.time(), self.traffic.pauses()
        self.outages.prune(now - HOUR_S, now)
        return sum(self._look(one.name, pauses, now) for one in self.post.config.upstream)

    def _look(self, name: str, pauses: Mapping[str, Pause], now: float) -> bool:
        known = self._watched(name, pauses.get(name), now)
        if not known:
            return False
        whom = self._whom(pauses)
        is_drained = all(self.outages.is_drained(one.ended_at) for one in known if one.ended_at and not one.end_mail)
        told = news(known, self.outages.mails(name), now, is_drained=is_drained) if whom else None
        if told is not None:
            self._tell(name, told, whom, now)
            known = self.outages.of(name)
        if over := settled(known, now) if self.post.config.gateway.admin else [one for one in known if one.ended_at]:
            self.outages.forget(over)
        return told is not None

    def _watched(self, name: str, pause: Pause | None, now: float) -> tuple[Outage, ...]:
        """Note what has changed about an upstream, and return its outages."""
        known = self.outages.of(name)
        lasting = next((one for one in known if not one.ended_at), None)
        if lasting is not None and not lasting.fault_mail and self._is_doubted(lasting.began_at, now):
            self.outages.forget([lasting])
            lasting = None
        if pause is None and lasting is None:
            return known
        if pause is None:
            assert lasting is not None
            seen = replace(lasting, ended_at=now)
        elif lasting is None:
            since = pause.since if 0 < pause.since <= now and not self._is_doubted(pause.since, now) else now
            seen = Outage(name, since, 0.0, pause.kind, pause.faults, pause.said, pause.advice)
        else:
            seen = replace(lasting, kind=pause.kind, faults=pause.faults, said=pause.said, advice=pause.advice)
        if seen == lasting:
            return known
        self.outages.note(seen)
        return self.outages.of(name)

    def _is_doubted(self, at: float, now: float) -> bool:
        """Tell whether a time of this run is one of a clock that was set forward since: no outage is told for that."""
        shown = doubted(self._begun, Begun(now, time.monotonic()))
        return shown is not None and shown[0] <= at <= shown[1]

    def _whom(self, pauses: Mapping[str, Pause]) -> tuple[Address, ...]:
        """Return the admins to whom a way leads that is not at fault."""
        config = self.post.config
        working = [one for one in config.upstream if one.name not in pauses]
        admins = reachable(config, config.gateway.admin)
        return tuple(admin for admin in admins if any(may_carry(one, admin) for one in working))

    def _tell(self, name: str, told: News, whom: tuple[Address, ...], now: float) -> None:
        date = datetime.fromtimestamp(int(now), UTC)
        waited = self._waited(name, told, now)
        own_id = notice_id(new_job_id(date))
        self.outages.begin(own_id, name, now, told.begun, told.ended)
        self.post.put(own_id, name, whom, lambda head: compose_route(name, told, waited, head), date)
        self.outages.end(own_id)
        log(Event.ROUTE_ALERT, own_id, upstream=name, outages=len(told.outages), told=",".join(whom))

    def _waited(self, name: str, told: News, now: float) -> Waited:
        """Count the scans that waited for an upstream, by what has become of them."""
        first, last = told.outages[0], told.outages[-1]
        found = self.outages.waited(first.began_at - _SEEN_LATE_S, last.ended_at or now)
        jobs = [job for one in found if (job := self.post.journal.job(one)) is not None and self._goes(name, job)]
        sent, waiting = (sum(job.state in states for job in jobs) for states in ({State.SENT}, OWED))
        return Waited(sent, waiting, len(jobs) - sent - waiting)

    def _goes(self, name: str, job: Job) -> bool:
        """Tell whether a job went or goes through an upstream, with one of its recipients at least."""
        open_to = assign(self.post.config, [one.address for one in job.recipients if not one.upstream])[0]
        return name in open_to or any(one.upstream == name for one in job.recipients)
