"""The pace of each upstream at work: what went through it, how much less it is used since it was too much."""

import asyncio
import time
from dataclasses import dataclass, field, replace

from gateway.deliver import adapt, pacing, ramp
from gateway.deliver.fault import Kind
from gateway.deliver.upstream import Route
from gateway.spool.traffic import Adaption, Traffic


@dataclass(slots=True)
class Pacer:
    """The pace of one upstream, filled from the journal by ``begin``; all of it on one event loop."""

    route: Route
    traffic: Traffic
    held_until: float = 0.0
    """Until when (seconds since 1970) it is at its limit, so that no job need be started for it."""

    _window: pacing.Window = field(default_factory=pacing.Window)
    _adaption: Adaption = field(default_factory=Adaption)
    _days: set[int] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, now: float) -> None:
        """Take up what the journal knows."""
        kept_s = pacing.HOUR_S if self.route.per_day is None else pacing.DAY_S
        self._window = pacing.Window(self.traffic.transfers(self.route.name, now - kept_s), kept_s)
        self._adaption = self.traffic.adaption(self.route.name)
        self._days = self.traffic.days(self.route.name)

    def connections(self) -> int:
        """Return how many connections may be open just now."""
        return adapt.connections(self._adaption, self.route.connections, time.time())

    def limits(self, now: float) -> pacing.Limits:
        """Return what is kept just now."""
        planned = ramp.limits(self._ramp_day(now), self.route.per_minute)
        per_minute = adapt.per_minute(self._adaption, planned.per_minute, now)
        return replace(planned, per_minute=per_minute, per_day=self.route.per_day)

    def describe(self, now: float) -> str:
        """Return in words what is kept just now, where that is less than what is configured; else nothing."""
        kept, day, route = self.limits(now), self._ramp_day(now), self.route
        open_now = adapt.connections(self._adaption, route.connections, now)
        pace = f"{kept.per_minute} a minute" + ("" if kept.per_hour is None else f", {kept.per_hour} an hour")
        said = [f"ramp-up day {day} of {ramp.DAYS}: {pace}"] if day <= ramp.DAYS else []
        if kept.per_minute < ramp.limits(day, route.per_minute).per_minute:
            said.append(f"slowed down: {kept.per_minute} of {route.per_minute} a minute")
        if open_now < route.connections:
            said.append(f"{open_now} of {route.connections} connections")
        return "; ".join(said)

    def _ramp_day(self, now: float) -> int:
        return ramp.ramp_day(self._days, now) if self.route.ramp_up else ramp.DAYS + 1

    def took(self, now: float) -> None:
        """Note that the upstream took mail, for the ramp-up. Raises sqlite3.Error."""
        day = ramp.day_of(now)
        if self._ramp_day(now) <= ramp.DAYS and day not in self._days:
            self._days.add(day)
            self.traffic.note_day(self.route.name, day)

    def wait_s(self, recipients: int) -> float:
        """Return the seconds until a message to so many recipients keeps the limits; jobs are held meanwhile."""
        now = time.time()
        wait_s = self._window.wait_s(now, self.limits(now), recipients)
        if wait_s > 0:
            self.held_until = now + min(wait_s, pacing.MINUTE_S)  # a smaller mail may fit
        return wait_s

    async def reserve(self, recipients: int) -> float:
        """Count a message against the limits before it is sent; return the seconds to wait when there is no room."""
        async with self._turn:
            wait_s = self.wait_s(recipients)
            if wait_s <= 0:
                now = time.time()
                await asyncio.to_thread(self.traffic.count_transfer, self.route.name, now, recipients)
                self._window.add(now, recipients)
            return wait_s

    def quota(self, now: float) -> tuple[int, float]:
        """Return the recipients of the last 24 hours, and the seconds until the first of them leave."""
        return self._window.recipients(now), self._window.frees_in_s(now)

    def adapt(self, kind: Kind, now: float) -> bool:
        """Use the upstream less when it was too much, beginning now; False when this kind of fault changes nothing.

        Raises sqlite3.Error when the journal does not take it; until the next start it holds all the same.
        """
        adapted = adapt.adapt(self._adaption, kind, now)
        if adapted == self._adaption:
            return False
        self._adaption = adapted
        self.traffic.adapt(self.route.name, adapted)
        return True
