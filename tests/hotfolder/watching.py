"""A watcher that runs in a test: it takes what arrives, and its clock can be moved."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from conf.model import Address, Share
from hotfolder.arrival import Arrival, Fault, Held, Recovered
from hotfolder.claim import Taken, take
from hotfolder.errors import ShareError
from hotfolder.settle import Rule
from hotfolder.watch import Pace, Report, arrivals

RULE = Rule(quiet_s=0.12, incomplete_timeout_s=600.0, confirm_s=0.02, busy_s=0.03, unknown_s=30.0)
PACE = Pace(pending_s=0.1, idle_s=0.1, gap_s=0.01)
BY_EVENTS_ALONE = replace(PACE, idle_s=3600.0)
DEADLINE_S = 60.0


class Clock:
    """Monotonic seconds that a test may move on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Now, moved on."""
        return time.monotonic() + self.ahead_s


class Watching:
    """A share under watch. ``taken`` holds the contents of what was taken, in order."""

    def __init__(self, root: Path, rule: Rule = RULE, pace: Pace = PACE, share_dir: Path | None = None) -> None:
        self.path = share_dir or root / "share"
        self.claims = root / "claims"
        self.path.mkdir(exist_ok=True)
        self.claims.mkdir(exist_ok=True)
        self.share = Share(name="scans", path=self.path, to=(Address("office@contoso.com"),), quiet=5.0)
        self.rule, self.pace = rule, pace
        self.clock, self.wake = Clock(), asyncio.Event()
        self.reports: list[Report] = []
        self.taken: list[bytes] = []
        self.is_taking = True
        self.refused: list[ShareError] | None = None
        """What could not be taken, when a test wants to know; otherwise it ends the watcher."""
        self.with_folders = False

    def drop(self, name: str, content: bytes) -> Path:
        """Write a file into the share."""
        path = self.path / name
        path.write_bytes(content)
        return path

    async def follow(self, *, until_empty: bool = False) -> None:
        """Take everything until cancelled, or until the share is empty."""
        stream = arrivals(
            self.share,
            until_empty=until_empty,
            with_folders=self.with_folders,
            wake=self.wake,
            clock=self.clock,
            rule=self.rule,
            pace=self.pace,
        )
        async with aclosing(stream):
            async for report in stream:
                self.reports.append(report)
                if isinstance(report, Arrival) and self.is_taking:
                    await self._take(report)

    async def _take(self, arrival: Arrival) -> None:
        for file in arrival.files:
            try:
                done = await asyncio.to_thread(take, file, self.claims / f"{len(self.taken):05d}")
            except ShareError as error:
                if self.refused is None:
                    raise
                self.refused.append(error)
                return
            if isinstance(done, Taken):
                self.taken.append(done.path.read_bytes())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow in the background; what breaks there breaks the test."""
        task = asyncio.create_task(self.follow())
        try:
            yield
        finally:
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(done, asyncio.CancelledError), f"the watcher ended: {done!r}"

    def move_clock(self, seconds: float) -> None:
        """Move the clock on and have the folder looked at."""
        self.clock.ahead_s += seconds
        self.wake.set()

    @property
    def arrivals(self) -> list[Arrival]:
        """The scans offered so far."""
        return [report for report in self.reports if isinstance(report, Arrival)]

    @property
    def held(self) -> list[Held]:
        """The files told as held so far."""
        return [report for report in self.reports if isinstance(report, Held)]

    @property
    def troubles(self) -> list[Fault | Recovered]:
        """What was told of the share as a whole."""
        return [report for report in self.reports if isinstance(report, Fault | Recovered)]


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; TimeoutError after a minute."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  what is waited for are files and threads, which set no event
            await asyncio.sleep(0.005)
