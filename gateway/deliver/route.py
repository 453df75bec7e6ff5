"""The upstreams at work: one offer of one message to one of them, with its pool, its pace and its pauses."""

import asyncio
import functools
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from conf.model import Address, Config, DirectSend, Maildir, Relay
from gateway.deliver import breaker, fault, maildir, pacing, replies, transfer, upstream
from gateway.deliver.dkim_sign import Signer, signer_of
from gateway.deliver.pacer import Pacer
from gateway.deliver.pool import Pool
from gateway.deliver.route_watch import RouteWatch, moment
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
from gateway.spool.traffic import Pause, Traffic

_Answer = TypeVar("_Answer")
_UNSAFE_S: Final = replies.CONFIGURED_S


@dataclass(frozen=True, slots=True)
class Offer:
    """What an upstream made of a message; ``next_try_at`` (seconds since 1970) is when it wants to be asked again.

    ``left_over`` are recipients that a mail of their own is to be offered for at once, when this outcome is noted.
    """

    verdicts: dict[Address, Verdict]
    next_try_at: float = 0.0
    is_uncertain: bool = False
    left_over: tuple[Address, ...] = ()


@dataclass(slots=True)
class Routes:
    """All upstreams of a configuration."""

    config: Config
    traffic: Traffic
    _pools: dict[str, Pool] = field(default_factory=dict)
    _probes: dict[str, asyncio.Lock] = field(default_factory=dict)
    _faulty: set[str] = field(default_factory=set)
    """Those that a pause may stand in the journal of; nobody else enters one while the service runs."""
    _text_until_s: dict[str, float] = field(default_factory=dict)
    _signers: dict[str, Signer] = field(default_factory=dict)
    _pacers: dict[str, Pacer] = field(default_factory=dict)
    _watch: RouteWatch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = RouteWatch(self.config, self.traffic)

    def prepare(self) -> None:
        """Make the pool of each upstream, and count what went through it lately.

        Raises CertificateError naming the file that cannot be used.
        """
        now = time.time()
        self.traffic.begin(now)
        self._watch.begin()
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
        if not (self.config.delivery.fallback or self._faulty):
            return {}
        faults = await asyncio.to_thread(self.traffic.pauses)
        known = {name: fault for name, fault in faults.items() if name in self._probes}
        return {n: fault.until for n, fault in known.items() if self._is_resting(fault) or self._probes[n].locked()}

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
        return max((self._pacers[name].held_until for name in names if name in self._pacers), default=0.0)

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
            if known is not None and self._is_resting(known):
                if not in_spite_of_pause:
                    return Deferral(known.said, Scope.ROUTE, 0.0, known.advice)
                # It would count as found at the same time as the fault before, and be told with that one's time.
                await asyncio.to_thread(self.traffic.resume, name)
            try:
                await pool.try_login()
            except (LostError, RefusedError, TokenError) as error:
                fault = _fault(error)
                await self._at_fault(name, (), fault)
                return fault
            if await _booked(name, functools.partial(self.traffic.resume, name)) or known is not None:
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

        fault = (await asyncio.to_thread(self.traffic.pauses)).get(name)
        if fault is None:
            return await attempt()
        self._faulty.add(name)
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
        longest_s = max(breaker.LONGEST_S, self.config.delivery.longest_retry)
        return 0 < fault.until - time.time() <= longest_s

    async def _deposit(self, box: Maildir, job_id: JobId, recipients: Sequence[Address], message: Path) -> Offer:
        sender = self._return_path(box.name, job_id)
        try:
            path = await asyncio.to_thread(maildir.deliver, box.path, job_id, sender, recipients, message)
        except OSError as error:
            said = f"{box.path} cannot be written ({error.strerror or error})"
            advice = "Name a folder in path that the service's user owns."
            return await self._at_fault(box.name, recipients, Deferral(said, Scope.ROUTE, 0.0, advice))
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
            return _paced(pacer, recipients, wait_s)
        try:
            async with pool.lend() as lease:
                if (wait_s := await pacer.reserve(min(len(recipients), MOST_RECIPIENTS))) > 0:
                    lease.is_reusable = True
                    return _paced(pacer, recipients, wait_s)
                sender = self._return_path(name, job_id)
                outcome = await self._send(lease.session, sender, recipients, message, before_dot)
                if sender == upstream.NOBODY and outcome.is_reusable and not outcome.is_taken:
                    # It may be the null return path that was refused: no scan behind a notice is to pay for that.
                    sender = self.config.sender.address
                    outcome = await self._send(lease.session, sender, recipients, message, before_dot)
                lease.is_reusable = outcome.is_reusable
                self._note_form(name, outcome)
        except (LostError, RefusedError, TokenError) as error:
            return await self._at_fault(name, recipients, _fault(error))
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
                return await self._at_fault(name, recipients, verdict)
        if not outcome.is_uncertain and name in self._faulty:
            await self._resume(name)
        pacer = self._pacers.get(name)
        if pacer is not None and any(isinstance(verdict, Receipt) for verdict in outcome.verdicts.values()):
            await _booked(name, functools.partial(pacer.took, time.time()))
        return Offer(dict(outcome.verdicts), is_uncertain=outcome.is_uncertain, left_over=outcome.left_over)

    def _note_form(self, name: str, outcome: transfer.Transfer) -> None:
        """Let an upstream that had no use for the binary form have text for a day: nothing may wait for it twice."""
        if outcome.binary_fault:
            self._text_until_s[name] = time.monotonic() + pacing.DAY_S
            log(Event.BINARY_REFUSED, upstream=name, said=outcome.binary_fault)

    async def _resume(self, name: str) -> None:
        self._faulty.discard(name)  # first: what is at fault meanwhile adds it again
        is_resumed = await _booked(name, functools.partial(self.traffic.resume, name))
        if is_resumed is None:
            self._faulty.add(name)
        if is_resumed:
            log(Event.ROUTE_RECOVERED, upstream=name)

    async def _at_fault(self, name: str, recipients: Sequence[Address], verdict: Deferral) -> Offer:
        """Pause the route; its jobs lose no attempt and come back when it may be probed.

        What others found at the same time is one fault, not several in a row.
        """
        known = (await _booked(name, self.traffic.pauses) or {}).get(name)
        if known is not None:
            self._faulty.add(name)
        if known is not None and self._is_resting(known):
            return _deferred(recipients, verdict, known.until)
        kind, now = fault.kind_of(verdict.said, verdict.pause_s), time.time()
        faults = known.faults + 1 if known is not None and known.kind in {"", kind} else 1
        rest_s = self._rest_s(name, kind, faults, verdict.pause_s)
        since = known.since if known is not None and 0 < known.since <= now else now
        pause = Pause(now + rest_s, faults, verdict.said, verdict.advice, since, kind.value)
        self._faulty.add(name)
        await _booked(name, functools.partial(self.traffic.pause, name, pause))
        if known is None:
            await _booked(name, functools.partial(self._watch.remember, name))
        await self._slow(name, kind, now)
        backlog = await _booked(name, functools.partial(self._watch.backlog, name))
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
        return _deferred(recipients, verdict, pause.until)

    async def _slow(self, name: str, kind: fault.Kind, now: float) -> None:
        """Use an upstream less after a fault that says it was too much."""
        pacer = self._pacers.get(name)
        if pacer is None or not await _booked(name, functools.partial(pacer.adapt, kind, now)):
            return
        per_minute, connections = pacer.limits(now).per_minute, pacer.connections()
        log(Event.ROUTE_SLOWED, upstream=name, kind=kind.value, per_minute=per_minute, connections=connections)

    def _rest_s(self, name: str, kind: fault.Kind, faults: int, pause_s: float) -> float:
        delivery, pacer = self.config.delivery, self._pacers.get(name)
        if kind is fault.Kind.QUOTA and pacer is not None:
            return breaker.quota_rest_s(faults, pacer.route.per_day, *pacer.quota(time.time()))
        jitter = random.random()  # noqa: S311  spreads retries, guards nothing
        return breaker.rest_s(kind, faults, pause_s, delivery.first_retry, delivery.longest_retry, jitter)


def _fault(error: LostError | RefusedError | TokenError) -> Deferral:
    """Return what it means for the upstream that no session could be opened."""
    match error:
        case LostError():
            return Deferral(str(error), Scope.ROUTE, _UNSAFE_S if error.needs_person else 0.0)
        case RefusedError():
            verdict = replies.classify(error.phase, error.reply)
            return Deferral(verdict.said, Scope.ROUTE, getattr(verdict, "pause_s", 0.0), verdict.advice, verdict.kind)
        case TokenError():
            return Deferral(str(error), Scope.ROUTE, error.pause_s, error.advice)


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


def _paced(pacer: Pacer, recipients: Sequence[Address], wait_s: float) -> Offer:
    now = time.time()
    kept = pacer.limits(now)
    most = f"{kept.per_minute} messages a minute" + ("" if kept.per_hour is None else f", {kept.per_hour} an hour")
    return _deferred(recipients, Deferral(f"paced: {pacer.route.name} takes {most}", Scope.ROUTE), now + wait_s)
