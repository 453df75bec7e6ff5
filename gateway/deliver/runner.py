"""The queue runner: takes due jobs, offers each to its upstreams, records what became of it, and moves it on."""

import asyncio
import contextlib
import functools
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from conf.model import Address
from gateway.deliver import retry
from gateway.deliver.closing import LOCAL_FAULT_S, Closing
from gateway.deliver.route import Routes
from gateway.deliver.turns import in_turn
from gateway.deliver.ways import Ways, names_of
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import JournalError
from gateway.spool.files import Spool
from gateway.spool.job import OWED, Job, JobId, State
from gateway.spool.journal import Journal, WrongMoveError
from gateway.spool.reply import Refusal, Scope, Verdict

_DUE: Final = (State.READY, State.DEFERRED)
_LOOK_S: Final = 10.0
"""The queue is looked through this often even if nobody says that there is something."""

_LOOK_AHEAD: Final = 200
"""So many due jobs are looked at when the first do not fill what is free: those of an upstream at its limit must not
hide those of another."""

_SET_BACK_S: Final = 1.0
"""A clock that is back by more was set: what waits for a time of before would wait until that comes again."""

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
    is_holding: bool = False
    _running: dict[JobId, "asyncio.Task[None]"] = field(default_factory=dict)
    _resting: dict[JobId, float] = field(default_factory=dict)
    _load: dict[JobId, frozenset[str]] = field(default_factory=dict)
    _served: dict[str, int] = field(default_factory=dict)
    _at_dot: set[JobId] = field(default_factory=set)
    _marked: set[JobId] = field(default_factory=set)
    _just_ended: set[JobId] = field(default_factory=set)
    _looked_at: float = 0.0
    _broken: BaseException | None = None
    _closing: Closing = field(init=False)

    def __post_init__(self) -> None:
        self._closing = Closing(self.spool, self.journal, self.schedule, self.poke, self.is_holding)

    async def run(self) -> None:
        """Deliver until cancelled; then give the transfers under way a while to end."""
        try:
            while True:
                self.wake.clear()
                if self._broken is not None:
                    raise self._broken
                await self.routes.look()
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
        if now < self._looked_at - _SET_BACK_S:
            await asyncio.to_thread(self.journal.clamp, now, 0.0)
            self._resting.clear()
        self._looked_at = now
        self._resting = {job_id: until for job_id, until in self._resting.items() if until > now}
        paused = await self.routes.paused()
        busy = len(self._running) + len(self._resting)
        held: list[float] = []
        for more in (self.at_once, _LOOK_AHEAD):
            # What ends while the journal is read may stand in the answer as it was before: it would be sent once more.
            self._just_ended.clear()
            due, next_due_at = await asyncio.to_thread(self._look, now, busy + more)
            held += self._start(due, now, paused)
            if len(due) < busy + more or len(self._running) >= self.at_once:
                break
        if next_due_at is None or len(self._running) >= self.at_once:
            return _LOOK_S
        # A job that is running, resting or held is due too, by the journal: the loop must not spin on it.
        least_s = 1.0 if self._running or self._resting or held else 0.05
        return min([max(next_due_at - now, least_s), _LOOK_S, *(max(until - now, 0.05) for until in held)])

    def _look(self, now: float, limit: int) -> tuple[list[Job], float | None]:
        return self._due(now, limit), self.journal.next_due_at(_DUE)

    def _start(self, due: list[Job], now: float, paused: Mapping[str, float]) -> list[float]:
        """Start those that fit; return until when others are held by an upstream at its limit."""
        held: list[float] = []
        for job in in_turn(due, self._served):
            is_known = job.id in self._running or job.id in self._resting or job.id in self._just_ended
            if is_known or len(self._running) >= self.at_once:
                continue
            upstreams = names_of(self.routes, job, paused)
            held_until = self.routes.held_until(upstreams)
            if held_until > now:
                held.append(held_until)
            if held_until > now or self._is_crowded(upstreams):
                continue
            task = asyncio.create_task(self._deliver_guarded(job), name=job.id)
            self._running[job.id], self._load[job.id] = task, upstreams
            self._served[job.origin] = max(self._served.values(), default=0) + 1
            task.add_done_callback(functools.partial(self._ended, job.id))
        return held

    def _due(self, now: float, limit: int) -> list[Job]:
        """Return what is due; more than ``limit`` of one door must not hide what is due of the others."""
        first = self.journal.due(_DUE, now, limit)
        return (
            first if len(first) < limit else first + self.journal.due(_DUE, now, limit, {job.origin for job in first})
        )

    def _ended(self, job_id: JobId, task: "asyncio.Task[None]") -> None:
        self._running.pop(job_id, None)
        self._just_ended.add(job_id)
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
            known = await asyncio.to_thread(self.journal.job, job.id) if isinstance(error, WrongMoveError) else None
            if known is None or known.state in OWED:  # else a person has dropped it meanwhile
                await self._quarantine(job.id, error)

    async def _interrupted(self, job_id: JobId, reason: str) -> None:
        """Put a job back; one that the journal has as being sent must not stay so, any other may rest in memory."""
        try:
            put_back = functools.partial(self._closing.put_back, job_id, reason, is_uncertain=job_id in self._at_dot)
            if job_id in self._marked:
                await self._write_down(job_id, put_back)
            else:
                await asyncio.to_thread(put_back)
            self._at_dot.discard(job_id)
        except (OSError, sqlite3.Error, WrongMoveError):
            self._resting[job_id] = time.time() + LOCAL_FAULT_S

    async def _quarantine(self, job_id: JobId, error: Exception) -> None:
        """Put a job aside that we have failed; when not even that can be done it rests, so that nothing spins on it."""
        log(Event.JOB_QUARANTINED, job_id, error=error)
        try:
            await asyncio.to_thread(self._closing.end, job_id, State.QUARANTINE, f"a fault of scangate: {error!r}")
        except (OSError, sqlite3.Error, WrongMoveError) as second:
            self._resting[job_id] = time.time() + LOCAL_FAULT_S
            log(Event.LOCAL_FAULT, job_id, reason=str(second))

    async def _deliver(self, job: Job) -> None:
        message = self.spool.jobs / job.id / files.MESSAGE
        if not message.is_file():
            await asyncio.to_thread(self._closing.end, job.id, State.QUARANTINE, "its message is gone from the spool")
            log(Event.JOB_QUARANTINED, job.id, reason="its message is gone from the spool")
            return
        ways = Ways(self.routes, job)
        if stranded := await ways.begin():
            nobody = "no upstream of the configuration may carry mail to it"
            no: dict[Address, Verdict] = {address: Refusal(nobody, Scope.RECIPIENT) for address in stranded}
            await self._write_down(job.id, lambda: self._closing.record(job.id, "", no))
        while way := ways.next():
            name, recipients = way
            mark = functools.partial(self._mark_sending, job.id, name, recipients)
            offer = await self.routes.offer(name, job.id, recipients, message, mark)
            if not (offer.is_uncertain or ways.is_uncertain):  # else a fault at the next upstream must not forget it
                self._at_dot.discard(job.id)
            await self._write_down(job.id, functools.partial(self._closing.note, job.id, name, offer))
            await ways.after(name, offer)
        end = functools.partial(self._closing.conclude, is_uncertain=ways.is_uncertain)
        await self._write_down(job.id, lambda: end(job.id, ways.deferrals, ways.next_try_at))

    async def _write_down(self, job_id: JobId, write: Callable[[], None]) -> None:
        """Write to the journal what has happened, again and again until it takes it.

        Given up, a mail already sent would stand in it as being sent until the next start, and then be sent again.
        """
        while True:
            try:
                return await asyncio.to_thread(write)
            except sqlite3.Error as error:
                log(Event.LOCAL_FAULT, job_id, reason=f"journal: {error}")
                await asyncio.sleep(LOCAL_FAULT_S)

    async def _mark_sending(self, job_id: JobId, name: str, recipients: Sequence[Address]) -> None:
        await asyncio.to_thread(self.journal.begin_sending, job_id, time.time(), name, recipients)
        self._at_dot.add(job_id)
        self._marked.add(job_id)
