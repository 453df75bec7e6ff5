"""The queue runner: takes due jobs, offers each to its upstreams, records what became of it, and moves it on."""

import asyncio
import contextlib
import functools
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from conf.model import Address
from gateway.deliver import retry, upstream
from gateway.deliver.route import Offer, Routes
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import JournalError
from gateway.spool.files import Spool
from gateway.spool.job import OWED, Fate, Job, JobId, State, closing_state
from gateway.spool.journal import Journal, WrongMoveError
from gateway.spool.reply import Deferral, Receipt, Refusal, Scope, Verdict

_DUE: Final = (State.READY, State.DEFERRED)
_LOOK_S: Final = 10.0
"""The queue is looked through this often even if nobody says that there is something."""

_LOOK_AHEAD: Final = 200
"""So many due jobs are looked at, so that those of an upstream at its limit do not hide those of another."""

_LOCAL_FAULT_S: Final = 30.0
_GRACE_S: Final = 15.0


@dataclass(slots=True)
class Deliverer:
    """The station. ``wake`` is set by others when a job may be due; ``poke`` tells the telling that one has failed."""

    spool: Spool
    journal: Journal
    routes: Routes
    schedule: retry.Schedule
    wake: asyncio.Event
    poke: Callable[[], None]
    at_once: int
    _running: dict[JobId, "asyncio.Task[None]"] = field(default_factory=dict)
    _resting: dict[JobId, float] = field(default_factory=dict)
    _load: dict[JobId, frozenset[str]] = field(default_factory=dict)
    _at_dot: set[JobId] = field(default_factory=set)
    _marked: set[JobId] = field(default_factory=set)
    _broken: BaseException | None = None

    async def run(self) -> None:
        """Deliver until cancelled; then give the transfers under way a while to end."""
        try:
            while True:
                self.wake.clear()
                if self._broken is not None:
                    raise self._broken
                try:
                    wait_s = await self._start_due()
                except sqlite3.Error as error:
                    log(Event.LOCAL_FAULT, reason=f"journal: {error}")
                    wait_s = _LOOK_S
                await self._wait(wait_s)
                await self.routes.close_idle()
        finally:
            if self._running:
                await asyncio.wait(self._running.values(), timeout=_GRACE_S)
            while running := tuple(self._running.values()):
                for task in running:
                    task.cancel()
                await asyncio.wait(running, timeout=1)  # and again: aiosmtplib waits in ways that can swallow it
            await self.routes.close()

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is being delivered at the moment."""
        return not self._running

    async def _start_due(self) -> float:
        """Start what is due and fits; return the seconds until the queue must be looked at again."""
        now = time.time()
        self._resting = {job_id: until for job_id, until in self._resting.items() if until > now}
        limit = _LOOK_AHEAD + len(self._running) + len(self._resting)
        held: list[float] = []
        for job in await asyncio.to_thread(self.journal.due, _DUE, now, limit):
            if job.id in self._running or job.id in self._resting or len(self._running) >= self.at_once:
                continue
            upstreams = self.routes.names_of(job.pending)
            held_until = self.routes.held_until(upstreams)
            if held_until > now:
                held.append(held_until)
            if held_until > now or self._is_crowded(upstreams):
                continue
            task = asyncio.create_task(self._deliver_guarded(job), name=job.id)
            self._running[job.id], self._load[job.id] = task, upstreams
            task.add_done_callback(functools.partial(self._ended, job.id))
        next_due_at = await asyncio.to_thread(self.journal.next_due_at, _DUE)
        if next_due_at is None or len(self._running) >= self.at_once:
            return _LOOK_S
        # A job that is running, resting or held is due too, by the journal: the loop must not spin on it.
        least_s = 1.0 if self._running or self._resting or held else 0.05
        return min([max(next_due_at - now, least_s), _LOOK_S, *(max(until - now, 0.05) for until in held)])

    def _ended(self, job_id: JobId, task: "asyncio.Task[None]") -> None:
        self._running.pop(job_id, None)
        self._load.pop(job_id, None)
        self._at_dot.discard(job_id)
        self._marked.discard(job_id)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()  # a fault outside any job ends the service
        self.wake.set()

    def _is_crowded(self, upstreams: frozenset[str]) -> bool:
        """Tell whether one of these upstreams has all it can work on: a slow one must not take the slots of another."""
        loads = [load for load in self._load.values() if load & upstreams]
        return any(sum(name in load for load in loads) >= self.routes.room(name) for name in upstreams)

    async def _wait(self, wait_s: float) -> None:
        # Not wait_for: before Python 3.12 it swallows a stop that comes in the moment of a wake (measured 2026-11).
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.wake.wait()

    async def _deliver_guarded(self, job: Job) -> None:
        """Deliver one job; whatever breaks here costs this job at most."""
        try:
            await self._deliver(job)
        except (OSError, sqlite3.Error) as error:
            log(Event.LOCAL_FAULT, job.id, reason=str(error))
            await self._interrupted(job.id, f"a fault of this box: {error}")
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001  the one broad catch, around one job
            await self._quarantine(job.id, error)

    async def _interrupted(self, job_id: JobId, reason: str) -> None:
        """Put a job back; one that the journal has as being sent must not stay so, any other may rest in memory."""
        try:
            if job_id in self._marked:
                await self._write_down(job_id, lambda: self._put_back(job_id, reason))
            else:
                await asyncio.to_thread(self._put_back, job_id, reason)
        except (OSError, sqlite3.Error, WrongMoveError):
            self._resting[job_id] = time.time() + _LOCAL_FAULT_S

    async def _quarantine(self, job_id: JobId, error: Exception) -> None:
        """Put a job aside that we have failed; when not even that can be done it rests, so that nothing spins on it."""
        log(Event.JOB_QUARANTINED, job_id, error=error)
        try:
            await asyncio.to_thread(self._end, job_id, State.QUARANTINE, f"a fault of scangate: {error!r}")
        except (OSError, sqlite3.Error, WrongMoveError) as second:
            self._resting[job_id] = time.time() + _LOCAL_FAULT_S
            log(Event.LOCAL_FAULT, job_id, reason=str(second))

    async def _deliver(self, job: Job) -> None:
        message = self.spool.jobs / job.id / files.MESSAGE
        if not message.is_file():
            await asyncio.to_thread(self._end, job.id, State.QUARANTINE, "its message is gone from the spool")
            log(Event.JOB_QUARANTINED, job.id, reason="its message is gone from the spool")
            return
        groups, stranded = upstream.assign(self.routes.config, job.pending)
        if stranded:
            nobody = "no upstream of the configuration may carry mail to it"
            refusals: dict[Address, Verdict] = {address: Refusal(nobody, Scope.RECIPIENT) for address in stranded}
            await self._write_down(job.id, lambda: self._record(job.id, "", refusals))
        deferrals: list[Deferral] = []
        next_try_at = 0.0
        for name, recipients in groups.items():
            offer = await self.routes.offer(name, job.id, recipients, message, lambda: self._mark_sending(job.id))
            self._at_dot.discard(job.id)
            await self._write_down(job.id, functools.partial(self._note, job.id, name, offer))
            deferrals += [verdict for verdict in offer.verdicts.values() if isinstance(verdict, Deferral)]
            next_try_at = max(next_try_at, offer.next_try_at)
        await self._write_down(job.id, lambda: self._conclude(job.id, deferrals, next_try_at))

    async def _write_down(self, job_id: JobId, write: Callable[[], None]) -> None:
        """Write to the journal what has happened, again and again until it takes it.

        Given up, a mail already sent would stand in it as being sent until the next start, and then be sent again.
        """
        while True:
            try:
                return await asyncio.to_thread(write)
            except sqlite3.Error as error:
                log(Event.LOCAL_FAULT, job_id, reason=f"journal: {error}")
                await asyncio.sleep(_LOCAL_FAULT_S)

    def _note(self, job_id: JobId, name: str, offer: Offer) -> None:
        if offer.is_uncertain:
            reason = "the connection ended after the final dot: it may have been taken, and is sent again unchanged"
            self.journal.mark_uncertain(job_id, time.time(), reason)
            log(Event.JOB_UNCERTAIN, job_id, upstream=name)
        self._record(job_id, name, offer.verdicts)

    async def _mark_sending(self, job_id: JobId) -> None:
        await asyncio.to_thread(self.journal.move, job_id, State.SENDING, time.time())
        self._at_dot.add(job_id)
        self._marked.add(job_id)

    def _put_back(self, job_id: JobId, reason: str) -> None:
        """Let a job that a fault of ours interrupted wait for another try, or end it when its lifetime is over."""
        job = self.journal.job(job_id)
        assert job is not None
        if job.state not in OWED:
            return  # its end stands in the journal; the next start finishes it on disk
        now = time.time()
        if job_id in self._at_dot:
            self.journal.mark_uncertain(job_id, now, reason)
            log(Event.JOB_UNCERTAIN, job_id, reason=reason)
            self._at_dot.discard(job_id)
        if closing_state(job.recipients) is not None:
            self._conclude(job_id, [], 0.0)
        elif retry.is_over(job.created_at, now, self.schedule):
            self._end(job_id, State.FAILED, reason)
            log(Event.JOB_FAILED, job_id, reason=reason)
        else:
            self.journal.move(job_id, State.DEFERRED, now, reason=reason, next_try_at=now + _LOCAL_FAULT_S)

    def _record(self, job_id: JobId, name: str, verdicts: dict[Address, Verdict]) -> None:
        """Write the final verdicts to the journal; a deferral leaves its recipient waiting."""
        fates: dict[Address, tuple[Fate, str]] = {}
        for address, verdict in verdicts.items():
            match verdict:
                case Receipt(said):
                    fates[address] = (Fate.SENT, said)
                case Refusal(said, scope, advice, kind):
                    fates[address] = (Fate.FAILED, f"{said} ({advice})" if advice else said)
                    log(
                        Event.RECIPIENT_REFUSED,
                        job_id,
                        recipient=address,
                        upstream=name,
                        kind=kind or None,
                        said=said,
                        scope=scope.value,
                    )
                case Deferral():
                    continue
        self.journal.record(job_id, name, fates)

    def _conclude(self, job_id: JobId, deferrals: list[Deferral], next_try_at: float) -> None:
        """Move a job on after an attempt: to its end, or to deferred until the next try."""
        job = self.journal.job(job_id)
        assert job is not None
        now = time.time()
        state = closing_state(job.recipients)
        if state is State.SENT:
            self.journal.move(job_id, State.SENT, now)
            files.remove(self.spool.jobs / job_id)
            seconds = round(now - job.created_at, 1)
            log(
                Event.JOB_SENT,
                job_id,
                recipients=len(job.recipients),
                seconds=seconds,
                uncertain=job.is_uncertain or None,
            )
            return
        if state is not None:
            self._end(job_id, State.FAILED, _refusals(job))
            log(Event.JOB_FAILED, job_id, reason=_refusals(job))
            return
        said = deferrals[0].said if deferrals else "not tried"
        if retry.is_over(job.created_at, now, self.schedule):
            reason = f"not delivered within {self.schedule.lifetime_s / 86400:g} days; last: {said}"
            self._end(job_id, State.FAILED, reason)
            log(Event.JOB_FAILED, job_id, reason=reason)
            return
        counts = any(deferral.scope is not Scope.ROUTE for deferral in deferrals)
        if counts:
            jitter = random.random()  # noqa: S311  spreads retries, guards nothing
            next_try_at = max(next_try_at, now + retry.interval_s(job.attempts + 1, self.schedule, jitter))
        self.journal.move(
            job_id,
            State.DEFERRED,
            now,
            reason=said,
            next_try_at=next_try_at or now + self.schedule.first_s,
            attempts=int(counts),
        )
        log(Event.JOB_DEFERRED, job_id, reason=said, next_try_s=round(max(next_try_at - now, 0), 1))

    def _end(self, job_id: JobId, state: State, reason: str) -> None:
        """End a job badly: the journal first, then the directory, then whoever has to be told."""
        self.journal.fail_pending(job_id, time.time(), reason, state)
        aside = self.spool.failed if state is State.FAILED else self.spool.quarantine
        try:
            files.move_aside(self.spool.jobs / job_id, aside)
        finally:
            self.poke()


def _refusals(job: Job) -> str:
    return "; ".join(f"{r.address}: {r.reply}" for r in job.recipients if r.fate is Fate.FAILED)
