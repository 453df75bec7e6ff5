"""The whole service on one page: start, run the stations, stop."""

import asyncio
import fcntl
import gc
import os
import signal
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from conf.model import Config
from gateway import heap
from gateway.arrive import descriptors, lan_tls, place, samba
from gateway.arrive.folder import FolderDoor, resume_claims
from gateway.arrive.intake import Intake
from gateway.arrive.listener import listeners
from gateway.arrive.ration import Ration
from gateway.deliver.alert import Alerter
from gateway.deliver.board import Board
from gateway.deliver.expiry_alert import ExpiryAlerter
from gateway.deliver.post import Failures, Post
from gateway.deliver.retry import Schedule
from gateway.deliver.route import Routes
from gateway.deliver.route_alert import RouteAlerter
from gateway.deliver.runner import Deliverer
from gateway.deliver.tell import Teller
from gateway.deliver.tidy import Tidier
from gateway.deliver.token_keeper import Keeper
from gateway.events import Event, log
from gateway.normalise.runner import Normaliser
from gateway.screen.look import Sources
from gateway.screen.show import Screen
from gateway.spool import files, recover
from gateway.spool.alerts import Alerts
from gateway.spool.clock_notes import ClockNotes
from gateway.spool.database import Database
from gateway.spool.digests import Digests
from gateway.spool.files import Spool
from gateway.spool.job import OWED, Job, State
from gateway.spool.journal import Journal
from gateway.spool.outages import Outages
from gateway.spool.repeats import Repeats
from gateway.spool.self_tests import SelfTests
from gateway.spool.traffic import Traffic
from hotfolder import lease
from hotfolder.arrival import Fault, Standing

_STUCK_S: Final = 5.0
"""``run_once`` gives up on what has not moved for so long while no station works."""

_EVERY: Final = 1_000_000
_THREADS: Final = 12
_THREADS_A_SHARE: Final = 4
"""A share on a server that hangs holds as many: its look, its claim, STATUS.txt, _failed. asyncio alone has four and
one a processor for everything."""

_BUSY: Final = (State.ACCEPTED, State.READY, State.SENDING)


class StartError(Exception):
    """The service cannot start; the sentence names the key and the mend."""


@dataclass(slots=True)
class Service:
    """The stations around one spool. Made by ``start``; everything in it is ready to run."""

    config: Config
    spool: Spool
    journal: Journal
    intake: Intake
    normaliser: Normaliser
    deliverer: Deliverer
    teller: Teller
    alerter: Alerter
    keeper: Keeper
    expiry_alerter: ExpiryAlerter
    route_alerter: RouteAlerter
    screen: Screen
    release: Callable[[], None]
    """Closes the journal and gives the state directory free."""

    doors: list[FolderDoor] = field(default_factory=list)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop: doors first, deliveries last. Raises ListenError at its start."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(descriptors.tell_when_none_is_left(Ration(most=1)))
        loop.set_default_executor(ThreadPoolExecutor(_THREADS + _THREADS_A_SHARE * len(self.config.share), "box"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        ports = listeners(self.intake, self.config.smtp)
        try:
            for port in ports:
                await port.open()
            async with asyncio.TaskGroup() as group:
                stations = [group.create_task(work) for work in (*self._stations(), self.screen.run())]
                doors = [group.create_task(door.run()) for door in self.doors]
                # What there is now stays: to look through it at each full collection would stop everything for 20 ms.
                gc.collect()
                gc.freeze()
                log(Event.SERVICE_READY, shares=len(self.doors), listeners=len(self.config.smtp))
                await stop.wait()
                for port in ports:
                    await port.close()
                for door in doors:
                    door.cancel()
                await asyncio.wait(doors or stations, timeout=None if doors else 0)
                for station in stations:
                    station.cancel()
        finally:
            for port in ports:
                await port.close()
            await asyncio.to_thread(self.intake.stop)  # no mail is written beyond the lock
            await asyncio.to_thread(self.screen.stop)
            log(Event.SERVICE_STOPPED)

    async def run_once(self) -> tuple[list[Job], list[str]]:
        """Take and deliver what is there now; return the jobs that moved, and a sentence for each file left behind."""
        started_at = time.time()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in self._stations()]
            for door in self.doors:
                await door.run(until_empty=True)
            await self._settle()
            for task in tasks:
                task.cancel()
        await asyncio.to_thread(self.screen.stop)
        owed = self.journal.jobs(OWED, limit=_EVERY)
        ended = self.journal.changed_since(started_at, frozenset(State) - OWED)
        moved = sorted((*owed, *ended), key=lambda job: job.id)
        return moved, [f"{door.share.name}: {sentence}" for door in self.doors for sentence in door.left]

    def _stations(self) -> list[Coroutine[Any, Any, None]]:
        shares = samba.keep(self.config, self.spool)
        alerters = [self.alerter.run(), self.route_alerter.run(), self.expiry_alerter.run()]
        return [self.normaliser.run(), self.deliverer.run(), self.teller.run(), *alerters, self.keeper.run(), shares]

    async def _settle(self) -> None:
        """Wait until nothing moves any more; what is stuck on a fault of this machine is not waited for without end."""
        steps, moved_at = -1, time.monotonic()
        while not await asyncio.to_thread(self._is_settled):
            now_steps = await asyncio.to_thread(self.journal.steps)
            is_idle = self.normaliser.is_idle and self.deliverer.is_idle
            if now_steps != steps or not is_idle:
                steps, moved_at = now_steps, time.monotonic()
            elif time.monotonic() - moved_at > _STUCK_S:
                return
            await asyncio.sleep(0.05)

    def _is_settled(self) -> bool:
        """Tell whether nothing moves any more: what is left waits for a later time."""
        is_due = self.journal.due((State.DEFERRED,), time.time(), 1) or self.journal.jobs(_BUSY, 1)
        return not is_due and not self.journal.untold(1) and self.normaliser.is_idle and self.deliverer.is_idle


def start(config: Config) -> Service:
    """Open the state directory, recover what the last run left, and put the stations together.

    To be called on the event loop. Raises StartError, SpoolError, JournalError and CertificateError, each with the
    sentence for the admin.
    """
    heap.keep_one()
    lease.ignore_sigio()
    few_files = descriptors.raise_limit(config.smtp)
    if few_files:
        log(Event.CONFIG_WARNING, what=few_files)
    state = config.gateway.state
    found = [*place.faults(config), *lan_tls.faults(config)]
    if found:
        raise StartError("\n".join(found))
    spool = files.open_spool(state)
    lock_fd = _lock(state)
    try:
        opened = recover.open_database(state, spool, time.time())
    except BaseException:
        os.close(lock_fd)
        raise
    database = opened.database

    def release() -> None:
        database.close()
        os.close(lock_fd)

    try:
        service = _assemble(config, spool, database, release)
        resume_claims(spool, service.journal, config.share)
        is_holding = config.delivery.on_uncertain == "hold"
        recover.recover(spool, service.journal, time.time(), is_rebuilt=opened.is_rebuilt, is_holding=is_holding)
    except BaseException:
        release()
        raise
    log(Event.SERVICE_STARTED, state=str(state), upstreams=",".join(upstream.name for upstream in config.upstream))
    return service


def _assemble(config: Config, spool: Spool, database: Database, release: Callable[[], None]) -> Service:
    loop = asyncio.get_running_loop()
    journal = Journal(database)
    traffic = Traffic(database)
    routes = Routes(config, traffic)
    routes.prepare()
    accepted, ready, failed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    intake = Intake(config, spool, journal, _poker(loop, accepted), Repeats(database))
    doors = [FolderDoor(intake, share) for share in config.share]

    board = Board(config.share)
    post = Post(config, spool, journal)

    def standings() -> list[Standing]:
        known = ((door.share.name, door.standing, board.faults(door.share.name)) for door in doors)
        return [_with(standing or Standing(name), faults) for name, standing, faults in known if standing or faults]

    return Service(
        config=config,
        spool=spool,
        journal=journal,
        intake=intake,
        normaliser=Normaliser(config, spool, journal, accepted, _poker(loop, ready), _poker(loop, failed)),
        deliverer=_deliverer(spool, journal, routes, ready, _poker(loop, failed)),
        teller=Teller(
            config,
            spool,
            journal,
            Failures(post, Digests(database)),
            board,
            Tidier(config.share, spool, journal, ClockNotes(database)),
            failed,
            ready,
        ),
        alerter=Alerter(post, Alerts(database), standings, ready),
        expiry_alerter=ExpiryAlerter(post, Alerts(database), _poker(loop, ready)),
        keeper=_keeper(routes, journal, database, _poker(loop, ready)),
        route_alerter=RouteAlerter(post, Outages(database), traffic, ready),
        screen=Screen(Sources(config, spool, journal, traffic), standings, time.time()),
        release=release,
        doors=doors,
    )


def _deliverer(
    spool: Spool, journal: Journal, routes: Routes, ready: asyncio.Event, poke: Callable[[], None]
) -> Deliverer:
    delivery = routes.config.delivery
    schedule = Schedule(delivery.first_retry, delivery.longest_retry, delivery.lifetime)
    is_holding = delivery.on_uncertain == "hold"
    return Deliverer(spool, journal, routes, schedule, ready, poke, at_once=routes.at_once, is_holding=is_holding)


def _keeper(routes: Routes, journal: Journal, database: Database, poke: Callable[[], None]) -> Keeper:
    def hasten() -> None:
        journal.clamp(time.time(), 0.0, State.DEFERRED)
        poke()

    return Keeper(routes, SelfTests(database), hasten)


def _with(standing: Standing, faults: tuple[Fault, ...]) -> Standing:
    return replace(standing, faults=(*standing.faults, *faults))


def _poker(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> Callable[[], None]:
    """Return a function that sets an event from any thread: the hint that the next station has something to do."""

    def poke() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)

    return poke


def _lock(state: Path) -> int:
    """Take the state directory for this process alone. Raises StartError when another one has it."""
    fd = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise StartError(
            f"gateway.state: another scangate works in {state}; stop it, or name another directory"
        ) from error
    return fd
