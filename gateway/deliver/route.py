"""The upstreams at work: one offer of one message to one of them, with its pool, its pace and its pauses."""

import asyncio
import functools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conf.model import Address, Config, DirectSend, Maildir, Relay
from gateway.deliver import maildir, pacing, transfer, upstream
from gateway.deliver.dkim_sign import Signer, signer_of
from gateway.deliver.offer import Offer, deferred, paced
from gateway.deliver.pacer import Pacer
from gateway.deliver.pool import Pool
from gateway.deliver.resting import Resting, booked, fault_of
from gateway.deliver.route_watch import RouteWatch
from gateway.deliver.session import LostError, RefusedError, Session
from gateway.deliver.tls import upstream_context
from gateway.deliver.token_fault import TokenError
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import TokenStore
from gateway.deliver.transaction import MOST_RECIPIENTS
from gateway.events import Event, log
from gateway.spool.job import JobId
from gateway.spool.others import without_others
from gateway.spool.reply import Deferral, Receipt, Scope, Verdict
from gateway.spool.traffic import Traffic


@dataclass(slots=True)
class Routes:
    """All upstreams of a configuration."""

    config: Config
    traffic: Traffic
    _pools: dict[str, Pool] = field(default_factory=dict)
    _probes: dict[str, asyncio.Lock] = field(default_factory=dict)
    _text_until_s: dict[str, float] = field(default_factory=dict)
    _signers: dict[str, Signer] = field(default_factory=dict)
    _pacers: dict[str, Pacer] = field(default_factory=dict)
    _watch: RouteWatch = field(init=False)
    _resting: Resting = field(init=False)

    def __post_init__(self) -> None:
        self._watch = RouteWatch(self.config, self.traffic)
        self._resting = Resting(self.config, self.traffic, self._pacers, self._watch)

    def prepare(self) -> None:
        """Make the pool of each upstream, and count what went through it lately.

        Raises CertificateError naming the file that cannot be used.
        """
        now = time.time()
        self.traffic.begin(now)
        self._watch.begin()
        self._resting.names.update(self.traffic.pauses())
        for configured in self.config.upstream:
            self._probes[configured.name] = asyncio.Lock()
            if isinstance(configured, Maildir):
                continue
            route = upstream.route_of(configured)
            context = upstream_context(route.ca_file, route.certificate)
            tokens = None
            if isinstance(route.login, upstream.TokenLogin):
                store = TokenStore(self.config.gateway.state, route.name)
                tokens = TokenSource(route.login.settings, store)
            if isinstance(configured, DirectSend | Relay) and (signer := signer_of(configured, self.config)):
                self._signers[route.name] = signer
            pacer = self._pacers[route.name] = Pacer(route, self.traffic)
            pacer.begin(now)
            self._pools[route.name] = Pool(route, context, self.config.gateway.name, tokens, pacer.connections)

    def _return_path(self, name: str, job_id: JobId) -> Address:
        configured = next(one for one in self.config.upstream if one.name == name)
        return upstream.return_path(configured, self.config.sender.address, job_id)

    async def paused(self) -> Mapping[str, float]:
        """Return until when (seconds since 1970) upstreams rest that may be passed over; one under probe still does.

        By notices always: one holds no scan, and may be about the very upstream at fault. By scans with ``fallback``.
        """
        if not (self.config.delivery.fallback or self._resting.names):
            return {}
        faults = await asyncio.to_thread(self.traffic.pauses)
        known = {name: fault for name, fault in faults.items() if name in self._probes}
        return {
            n: fault.until for n, fault in known.items() if self._resting.is_resting(fault) or self._probes[n].locked()
        }

    def room(self, name: str) -> int:
        """Return how many jobs an upstream may be given just now: one more than it has connections for."""
        pacer = self._pacers.get(name)
        return 1 + (1 if pacer is None else pacer.connections())

    @property
    def at_once(self) -> int:
        """How many jobs all upstreams may be given at the most."""
        return sum(1 + (1 if isinstance(one, Maildir) else one.connections) for one in self.config.upstream)

    def held_until(self, names: frozenset[str]) -> float:
        """Return until when (seconds since 1970) one of these upstreams is at its limit; 0 when none is.

        A job that is not started costs nothing; one that is started and told to wait costs a write to the journal.
        """
        now = time.time()
        ends = (self._pacers[name].held_until for name in names if name in self._pacers)
        # One that ends later than any may was set before the clock was set back.
        return max((until for until in ends if until - now <= pacing.MINUTE_S), default=0.0)

    async def look(self) -> None:
        """See to the upstreams at fault: what a person asks for, and what is about to be given up."""
        try:
            await asyncio.to_thread(self._watch.look)
        except (OSError, sqlite3.Error) as error:
            log(Event.LOCAL_FAULT, reason=f"upstreams at fault: {error}")

    async def close_idle(self) -> None:
        """Close the sessions that nobody has used for a while."""
        for pool in self._pools.values():
            await pool.close_idle()

    async def close(self) -> None:
        """Close every idle session."""
        for pool in self._pools.values():
            await pool.close_idle(older_than_s=-1.0)

    def with_login(self) -> list[Pool]:
        """Return the pools of the upstreams that log in."""
        return [pool for pool in self._pools.values() if pool.route.login is not None]

    async def try_login(self, name: str, *, in_spite_of_pause: bool = False) -> Deferral | None:
        """Log in without a mail, with a token fetched anew; return the fault, or None when it works.

        It counts as any job's attempt: a fault pauses the upstream, success ends its pause, and while it rests nothing
        is tried unless ``in_spite_of_pause``.
        """
        pool = self._pools[name]
        async with self._probes[name]:
            known = (await asyncio.to_thread(self.traffic.pauses)).get(name)
            if known is not None and self._resting.is_resting(known):
                if not in_spite_of_pause:
                    return Deferral(known.said, Scope.ROUTE, 0.0, known.advice)
                # Else it would count as found at the same time as the fault before. That one stands until it works.
                await asyncio.to_thread(self.traffic.probe, name, time.time())
                await booked(name, functools.partial(self._watch.remember, name))
            try:
                await pool.try_login()
            except (LostError, RefusedError, TokenError) as error:
                fault = fault_of(error)
                await self._resting.begin(name, (), fault)
                return fault
            if await booked(name, functools.partial(self.traffic.resume, name)) or known is not None:
                log(Event.ROUTE_RECOVERED, upstream=name)
            return None

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
            return await self._attempt(name, job_id, recipients, message, before_dot)

        fault = await self._resting.known(name)
        if fault is None:
            return await self._resumed(name, await attempt(), is_probe=False)
        self._resting.names.add(name)
        # A route at fault is probed by one job at a time; the others see what came of it.
        async with self._probes[name]:
            fault = (await asyncio.to_thread(self.traffic.pauses)).get(name)
            if fault is not None and self._resting.is_resting(fault):
                # It was said of another scan, whose recipients are not for this one's share, sender and notice.
                said = without_others(fault.said, recipients)
                return deferred(recipients, Deferral(said, Scope.ROUTE), fault.until)
            return await self._resumed(name, await attempt(), is_probe=True)

    async def _resumed(self, name: str, made: Offer, *, is_probe: bool) -> Offer:
        """End the rest of an upstream that has dealt with a mail; return what it made of that."""
        is_at_fault = any(isinstance(one, Deferral) and one.scope is Scope.ROUTE for one in made.verdicts.values())
        if not made.is_uncertain and not is_at_fault and name in self._resting.names:
            await self._resting.resume(name, is_probe=is_probe)
        return made

    async def _deposit(self, box: Maildir, job_id: JobId, recipients: Sequence[Address], message: Path) -> Offer:
        sender = self._return_path(box.name, job_id)
        try:
            path = await asyncio.to_thread(maildir.deliver, box.path, job_id, sender, recipients, message)
        except OSError as error:
            said = f"{box.path} cannot be written ({error.strerror or error})"
            advice = "Name a folder in path that the service's user owns."
            return await self._resting.begin(box.name, recipients, Deferral(said, Scope.ROUTE, 0.0, advice))
        verdicts: dict[Address, Verdict] = dict.fromkeys(recipients, Receipt(f"written to {path}"))
        return await self._concluded(box.name, recipients, transfer.Transfer(verdicts))

    async def _attempt(
        self,
        name: str,
        job_id: JobId,
        recipients: Sequence[Address],
        message: Path,
        before_dot: Callable[[], Awaitable[None]],
    ) -> Offer:
        pool, pacer = self._pools[name], self._pacers[name]
        if (wait_s := pacer.wait_s(len(recipients))) > 0:
            return paced(pacer, recipients, wait_s)
        try:
            async with pool.lend() as lease:
                if (wait_s := await pacer.reserve(min(len(recipients), MOST_RECIPIENTS))) > 0:
                    lease.is_reusable = True
                    return paced(pacer, recipients, wait_s)
                sender = self._return_path(name, job_id)
                outcome = await self._send(lease.session, sender, recipients, message, before_dot)
                if sender == upstream.NOBODY and outcome.is_reusable and not outcome.is_taken:
                    # It may be the null return path that was refused: no scan behind a notice is to pay for that.
                    sender = self.config.sender.address
                    outcome = await self._send(lease.session, sender, recipients, message, before_dot)
                lease.is_reusable = outcome.is_reusable
                self._note_form(name, outcome)
        except (LostError, RefusedError, TokenError) as error:
            return await self._resting.begin(name, recipients, fault_of(error))
        return await self._concluded(name, recipients, outcome)

    async def _send(
        self,
        session: Session,
        sender: Address,
        recipients: Sequence[Address],
        message: Path,
        before_dot: Callable[[], Awaitable[None]],
    ) -> transfer.Transfer:
        route = session.route
        signer = self._signers.get(route.name)
        prefix = await asyncio.to_thread(signer.sign, message) if signer is not None else b""
        may_be_binary = route.may_be_binary and time.monotonic() >= self._text_until_s.get(route.name, 0.0)
        return await transfer.send(
            session, sender, recipients, message, before_dot, prefix, may_be_binary=may_be_binary
        )

    async def _concluded(self, name: str, recipients: Sequence[Address], outcome: transfer.Transfer) -> Offer:
        for verdict in outcome.verdicts.values():
            if isinstance(verdict, Deferral) and verdict.scope is Scope.ROUTE:
                return await self._resting.begin(name, recipients, verdict)
        pacer = self._pacers.get(name)
        if pacer is not None and any(isinstance(verdict, Receipt) for verdict in outcome.verdicts.values()):
            await booked(name, functools.partial(pacer.took, time.time()))
        return Offer(dict(outcome.verdicts), is_uncertain=outcome.is_uncertain, left_over=outcome.left_over)

    def _note_form(self, name: str, outcome: transfer.Transfer) -> None:
        """Let an upstream that had no use for the binary form have text for a day: nothing may wait for it twice."""
        if outcome.binary_fault:
            self._text_until_s[name] = time.monotonic() + pacing.DAY_S
            log(Event.BINARY_REFUSED, upstream=name, said=outcome.binary_fault)
