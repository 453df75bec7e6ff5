"""An upstream at fault is put to rest, and put to work again."""

import asyncio
import functools
import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from conf.model import Address, Config
from gateway.deliver import breaker, fault, replies
from gateway.deliver.offer import Offer, deferred
from gateway.deliver.pacer import Pacer
from gateway.deliver.route_watch import RouteWatch, moment
from gateway.deliver.session import LostError, RefusedError
from gateway.deliver.token_fault import TokenError
from gateway.events import Event, log
from gateway.spool.reply import Deferral, Scope
from gateway.spool.traffic import FOR_A_PERSON, Pause, Traffic

_Answer = TypeVar("_Answer")
_UNSAFE_S: Final = replies.CONFIGURED_S


@dataclass(slots=True)
class Resting:
    """The pauses of all upstreams. ``names`` are those that one may stand in the journal of: nobody else enters any."""

    config: Config
    traffic: Traffic
    pacers: Mapping[str, Pacer]
    watch: RouteWatch
    names: set[str] = field(default_factory=set)
    _noting: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def is_resting(self, fault: Pause) -> bool:
        """Tell whether a pause still lasts; one that ends later than any pause may was set by a clock gone wrong."""
        longest_s = max(breaker.LONGEST_S, self.config.delivery.longest_retry)
        return 0 < fault.until - time.time() <= longest_s

    async def resume(self, name: str, *, is_probe: bool) -> None:
        """End the rest of an upstream that works.

        What was begun before its fault (no ``is_probe``), on a session that stood, says nothing of what a person has to
        mend: a refused login would be repeated for each mail of such a session, into a lock-out.
        """
        if not is_probe:
            known = (await booked(name, self.traffic.pauses) or {}).get(name)
            if known is not None and known.kind in FOR_A_PERSON:
                return
        self.names.discard(name)  # first: what is at fault meanwhile adds it again
        is_resumed = await booked(name, functools.partial(self.traffic.resume, name))
        if is_resumed is None:
            self.names.add(name)
        if is_resumed:
            log(Event.ROUTE_RECOVERED, upstream=name)

    async def known(self, name: str) -> Pause | None:
        """Return the fault of an upstream, also one that is just being written down: nobody may ask it meanwhile."""
        while True:
            async with self._noting[name]:
                pass
            found = (await asyncio.to_thread(self.traffic.pauses)).get(name)
            if not self._noting[name].locked():
                return found

    async def begin(self, name: str, recipients: Sequence[Address], verdict: Deferral) -> Offer:
        """Pause the route; its jobs lose no attempt and come back when it may be probed.

        What others found at the same time is one fault, not several in a row.
        """
        async with self._noting[name]:
            return await self._begin(name, recipients, verdict)

    async def _begin(self, name: str, recipients: Sequence[Address], verdict: Deferral) -> Offer:
        known = (await booked(name, self.traffic.pauses) or {}).get(name)
        if known is not None:
            self.names.add(name)
        if known is not None and self.is_resting(known):
            return deferred(recipients, verdict, known.until)
        kind, now = fault.kind_of(verdict.said, verdict.pause_s), time.time()
        faults = known.faults + 1 if known is not None and known.kind in {"", kind} else 1
        rest_s = self._rest_s(name, kind, faults, verdict.pause_s)
        since = known.since if known is not None and 0 < known.since <= now else now
        pause = Pause(now + rest_s, faults, verdict.said, verdict.advice, since, kind.value)
        self.names.add(name)
        await booked(name, functools.partial(self.traffic.pause, name, pause))
        if known is None:
            await booked(name, functools.partial(self.watch.remember, name))
        await self._slow(name, kind, now)
        backlog = await booked(name, functools.partial(self.watch.backlog, name))
        log(
            Event.ROUTE_PAUSED,
            upstream=name,
            kind=kind.value,
            reply=verdict.kind or None,
            said=verdict.said,
            rest_s=round(rest_s, 1),
            since=moment(since),
            faults=faults,
            waiting=None if backlog is None else backlog.jobs,
            given_up=None if backlog is None else moment(backlog.given_up_at),
            advice=verdict.advice or None,
        )
        return deferred(recipients, verdict, pause.until)

    async def _slow(self, name: str, kind: fault.Kind, now: float) -> None:
        """Use an upstream less after a fault that says it was too much."""
        pacer = self.pacers.get(name)
        if pacer is None or not await booked(name, functools.partial(pacer.adapt, kind, now)):
            return
        per_minute, connections = pacer.limits(now).per_minute, pacer.connections()
        log(Event.ROUTE_SLOWED, upstream=name, kind=kind.value, per_minute=per_minute, connections=connections)

    def _rest_s(self, name: str, kind: fault.Kind, faults: int, pause_s: float) -> float:
        delivery, pacer = self.config.delivery, self.pacers.get(name)
        if kind is fault.Kind.QUOTA and pacer is not None:
            return breaker.quota_rest_s(faults, pacer.route.per_day, *pacer.quota(time.time()))
        jitter = random.random()  # noqa: S311  spreads retries, guards nothing
        return breaker.rest_s(kind, faults, pause_s, delivery.first_retry, delivery.longest_retry, jitter)


def fault_of(error: LostError | RefusedError | TokenError) -> Deferral:
    """Return what it means for the upstream that no session could be opened."""
    match error:
        case LostError():
            return Deferral(str(error), Scope.ROUTE, _UNSAFE_S if error.needs_person else 0.0, error.advice)
        case RefusedError():
            verdict = replies.classify(error.phase, error.reply)
            return Deferral(verdict.said, Scope.ROUTE, getattr(verdict, "pause_s", 0.0), verdict.advice, verdict.kind)
        case TokenError():
            return Deferral(str(error), Scope.ROUTE, error.pause_s, error.advice, error.kind)


async def booked(name: str, entry: Callable[[], _Answer]) -> _Answer | None:
    """Make an entry about an upstream; None when the journal does not take it.

    What became of the mail is known by then, and must reach its job whatever becomes of the book-keeping.
    """
    try:
        return await asyncio.to_thread(entry)
    except sqlite3.Error as error:
        log(Event.LOCAL_FAULT, upstream=name, reason=f"journal: {error}")
        return None
