"""The upstreams at work: one offer of one message to one of them, with its pool, its pace and its pauses."""

import asyncio
import functools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from conf.model import Address, ClientAuth, Config, Maildir
from gateway.deliver import breaker, maildir, pacing, replies, transfer, upstream
from gateway.deliver.oauth import TokenError
from gateway.deliver.pool import Pool
from gateway.deliver.session import LostError, RefusedError
from gateway.deliver.tls import upstream_context
from gateway.events import Event, log
from gateway.spool.job import JobId
from gateway.spool.others import without_others
from gateway.spool.reply import Deferral, Receipt, Scope, Verdict
from gateway.spool.traffic import Pause, Traffic

_Answer = TypeVar("_Answer")
_UNSAFE_S: Final = replies.CONFIGURED_S


@dataclass(frozen=True, slots=True)
class Offer:
    """What an upstream made of a message; ``next_try_at`` (seconds since 1970) is when it wants to be asked again."""

    verdicts: dict[Address, Verdict]
    next_try_at: float = 0.0
    is_uncertain: bool = False


@dataclass(slots=True)
class Routes:
    """All upstreams of a configuration."""

    config: Config
    traffic: Traffic
    _pools: dict[str, Pool] = field(default_factory=dict)
    _probes: dict[str, asyncio.Lock] = field(default_factory=dict)
    _pace: dict[str, asyncio.Lock] = field(default_factory=dict)
    _paced_until: dict[str, float] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the pool of each upstream. Raises CertificateError naming the file that cannot be used."""
        for configured in self.config.upstream:
            self._probes[configured.name] = asyncio.Lock()
            self._pace[configured.name] = asyncio.Lock()
            if isinstance(configured, Maildir):
                continue
            route = upstream.route_of(configured)
            context = upstream_context(route.ca_file, route.certificate)
            settings = configured if isinstance(configured, ClientAuth) else None
            self._pools[route.name] = Pool(route, context, self.config.gateway.name, settings)

    def names_of(self, recipients: Sequence[Address]) -> frozenset[str]:
        """Return the upstreams that these recipients go to."""
        groups, _ = upstream.assign(self.config, recipients)
        return frozenset(groups)

    def room(self, name: str) -> int:
        """Return how many jobs an upstream may be given at once: one more than it has connections for."""
        pool = self._pools.get(name)
        return 1 + (1 if pool is None else pool.route.connections)

    def held_until(self, names: frozenset[str]) -> float:
        """Return until when (seconds since 1970) one of these upstreams is at its limit; 0 when none is.

        A job that is not started costs nothing; one that is started and told to wait costs a write to the journal.
        """
        return max((self._paced_until.get(name, 0.0) for name in names), default=0.0)

    async def close_idle(self) -> None:
        """Close the sessions that nobody has used for a while."""
        for pool in self._pools.values():
            await pool.close_idle()

    async def close(self) -> None:
        """Close every idle session."""
        for pool in self._pools.values():
            await pool.close_idle(older_than_s=-1.0)

    async def offer(
        self,
        name: str,
        job_id: JobId,
        recipients: Sequence[Address],
        message: Path,
        before_dot: Callable[[], Awaitable[None]],
    ) -> Offer:
        """Offer a message to one upstream. Raises OSError when the message itself cannot be read."""
        box = upstream.maildir_of(self.config, name)

        async def attempt() -> Offer:
            if box is not None:
                return await self._deposit(box, job_id, recipients, message)
            return await self._attempt(name, recipients, message, before_dot)

        fault = (await asyncio.to_thread(self.traffic.pauses)).get(name)
        if fault is None:
            return await attempt()
        # A route at fault is probed by one job at a time; the others see what came of it.
        async with self._probes[name]:
            fault = (await asyncio.to_thread(self.traffic.pauses)).get(name)
            if fault is not None and self._is_resting(fault):
                # It was said of another scan, whose recipients are not for this one's share, sender and notice.
                said = without_others(fault.said, recipients)
                return _deferred(recipients, Deferral(said, Scope.ROUTE), fault.until)
            return await attempt()

    def _is_resting(self, fault: Pause) -> bool:
        """Tell whether a pause still lasts; one that ends later than any pause may was set by a clock gone wrong."""
        longest_s = max(breaker.LONGEST_CONFIGURED_S, self.config.delivery.longest_retry)
        return 0 < fault.until - time.time() <= longest_s

    async def _deposit(self, box: Maildir, job_id: JobId, recipients: Sequence[Address], message: Path) -> Offer:
        sender = self.config.sender.address
        try:
            path = await asyncio.to_thread(maildir.deliver, box.path, job_id, sender, recipients, message)
        except OSError as error:
            said = f"{box.path} cannot be written ({error.strerror or error})"
            advice = "Name a folder in path that the service's user owns."
            return await self._at_fault(box.name, recipients, Deferral(said, Scope.ROUTE, 0.0, advice))
        verdicts: dict[Address, Verdict] = dict.fromkeys(recipients, Receipt(f"written to {path}"))
        return await self._concluded(box.name, recipients, transfer.Transfer(verdicts))

    async def _attempt(
        self, name: str, recipients: Sequence[Address], message: Path, before_dot: Callable[[], Awaitable[None]]
    ) -> Offer:
        pool = self._pools[name]
        try:
            async with pool.lend() as lease:
                wait_s = await self._reserve(pool, len(recipients))
                if wait_s > 0:
                    lease.is_reusable = True
                    self._paced_until[name] = time.time() + min(wait_s, pacing.MINUTE_S)  # a smaller mail may fit
                    paced = Deferral(f"paced: {name} takes {pool.route.per_minute} messages a minute", Scope.ROUTE)
                    return _deferred(recipients, paced, time.time() + wait_s)
                sender = self.config.sender.address
                outcome = await transfer.send(lease.session, sender, recipients, message, before_dot)
                lease.is_reusable = outcome.is_reusable
        except LostError as error:
            pause_s = _UNSAFE_S if error.needs_person else 0.0
            return await self._at_fault(name, recipients, Deferral(str(error), Scope.ROUTE, pause_s))
        except RefusedError as error:
            said = replies.classify(error.phase, error.reply)
            pause_s = getattr(said, "pause_s", 0.0)
            fault = Deferral(said.said, Scope.ROUTE, pause_s, said.advice, said.kind)
            return await self._at_fault(name, recipients, fault)
        except TokenError as error:
            return await self._at_fault(
                name, recipients, Deferral(str(error), Scope.ROUTE, error.pause_s, error.advice)
            )
        return await self._concluded(name, recipients, outcome)

    async def _concluded(self, name: str, recipients: Sequence[Address], outcome: transfer.Transfer) -> Offer:
        for verdict in outcome.verdicts.values():
            if isinstance(verdict, Deferral) and verdict.scope is Scope.ROUTE:
                return await self._at_fault(name, recipients, verdict)
        if not outcome.is_uncertain and await _booked(name, functools.partial(self.traffic.resume, name)):
            log(Event.ROUTE_RECOVERED, upstream=name)
        return Offer(dict(outcome.verdicts), is_uncertain=outcome.is_uncertain)

    async def _reserve(self, pool: Pool, recipients: int) -> float:
        """Count a message against the limits before it is sent; return the seconds to wait when there is no room."""
        route = pool.route
        async with self._pace[route.name]:
            now = time.time()
            history = await asyncio.to_thread(self.traffic.transfers, route.name, now - pacing.DAY_S)
            wait_s = pacing.wait_s(history, now, route.per_minute, route.per_day, recipients)
            if wait_s <= 0:
                await asyncio.to_thread(self.traffic.count_transfer, route.name, now, recipients)
            return wait_s

    async def _at_fault(self, name: str, recipients: Sequence[Address], verdict: Deferral) -> Offer:
        """Pause the route; its jobs lose no attempt and come back when it may be probed.

        What others found at the same time is one fault, not several in a row.
        """
        known = (await _booked(name, self.traffic.pauses) or {}).get(name)
        if known is not None and self._is_resting(known):
            return _deferred(recipients, verdict, known.until)
        faults = 1 if known is None else known.faults + 1
        delivery = self.config.delivery
        rest_s = breaker.rest_s(faults, verdict.pause_s, delivery.first_retry, delivery.longest_retry)
        until = time.time() + rest_s
        pause = Pause(until, faults, verdict.said, verdict.advice)
        await _booked(name, functools.partial(self.traffic.pause, name, pause))
        log(
            Event.ROUTE_PAUSED,
            upstream=name,
            kind=verdict.kind or None,
            said=verdict.said,
            rest_s=round(rest_s, 1),
            faults=faults,
            advice=verdict.advice or None,
        )
        return _deferred(recipients, verdict, until)


async def _booked(name: str, entry: Callable[[], _Answer]) -> _Answer | None:
    """Make an entry about an upstream; None when the journal does not take it.

    What became of the mail is known by then, and must reach its job whatever becomes of the book-keeping.
    """
    try:
        return await asyncio.to_thread(entry)
    except sqlite3.Error as error:
        log(Event.LOCAL_FAULT, upstream=name, reason=f"journal: {error}")
        return None


def _deferred(recipients: Sequence[Address], verdict: Deferral, next_try_at: float) -> Offer:
    return Offer(dict.fromkeys(recipients, verdict), next_try_at)
