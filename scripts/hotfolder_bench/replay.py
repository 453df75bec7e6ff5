"""The same drops for every rule: each has a folder of its own in one real share, and all are played at once."""

import asyncio
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hotfolder_bench.drops import DROPS, Drop
from hotfolder_bench.rules import STABLE_S, Peer, View, peers
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.inotify import InotifyObserver

from conf.model import Address, Share
from hotfolder import claim, watch
from hotfolder.arrival import Arrival
from hotfolder.settle import Rule
from tests.peers.samba import Samba

OURS: Final = "scangate"
GIVE_UP_S: Final = 12.0
STEP_S: Final = 0.05
REST_S: Final = 20.0
"""After the last device has gone: by then every rule has taken what it will take."""


@dataclass(slots=True)
class Tally:
    """What one rule took: contents by the drop they belong to, in order."""

    name: str
    taken: dict[str, list[bytes]] = field(default_factory=lambda: {drop.title: [] for drop in DROPS})

    def bad(self, drop: Drop) -> int:
        """Files taken early or broken: none of the scans a person would expect."""
        return sum(content not in drop.scans for content in self.taken[drop.title])

    def missed(self, drop: Drop) -> int:
        """Scans never taken whole."""
        return sum(scan not in self.taken[drop.title] for scan in drop.scans)


class _Player(FileSystemEventHandler):
    """One rule at work over its folder: it takes a file by reading it, and removes it when it was whole."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self.tally, self.folder = Tally(peer.name), folder
        self._peer = peer
        self._events: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note an event."""
        name = Path(os.fsdecode(event.dest_path or event.src_path)).name
        if not event.is_directory and event.event_type in {"created", "modified", "closed", "moved"}:
            with self._lock:
                self._events.append((event.event_type, name))

    def step(self) -> None:
        """Show the rule what is there; what it takes broken stays, as a failed import does."""
        with self._lock:
            events, self._events = tuple(self._events), []
        for name in self._peer.step(View(events, self._seen(), self.folder, time.monotonic())):
            drop, path = _drop_of(name), self.folder / name
            if drop is None or not path.exists():
                continue
            content = path.read_bytes()
            self.tally.taken[drop.title].append(content)
            if content in drop.scans:
                path.unlink()

    def _seen(self) -> dict[str, tuple[int, int]]:
        seen = {}
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):
                status = entry.stat()
                if not entry.name.startswith("~"):
                    seen[entry.name] = (status.st_size, status.st_mtime_ns)
        return seen


def _drop_of(name: str) -> Drop | None:
    return next((drop for drop in DROPS if drop.file_name == name), None)


def replay() -> list[Tally]:
    """Play every drop for every rule, ours first; return what each took."""
    with tempfile.TemporaryDirectory(prefix="scangate-bench-") as name, Samba(_share(Path(name))) as samba:
        share = samba.share_dir
        players = [_Player(peer, _folder(share, f"p{number}")) for number, peer in enumerate(peers())]
        observer = InotifyObserver()
        for player in players:
            observer.schedule(player, str(player.folder))
        observer.start()
        done = threading.Event()
        ours = Tally(OURS)
        looking = [threading.Thread(target=_look, args=(players, done))]
        looking.append(threading.Thread(target=lambda: asyncio.run(_ours(_folder(share, "ours"), ours, done))))
        for thread in looking:
            thread.start()
        try:
            folders = ["ours", *(f"p{number}" for number in range(len(players)))]
            plays = [(drop, folder) for folder in folders for drop in DROPS]
            with ThreadPoolExecutor(len(plays)) as devices:
                for end in [devices.submit(drop.play, samba.client, folder) for drop, folder in plays]:
                    end.result()
            time.sleep(REST_S)
        finally:
            done.set()
            for thread in looking:
                thread.join()
            observer.stop()
            observer.join()
    return [ours, *(player.tally for player in players)]


def _share(folder: Path) -> Path:
    folder.chmod(0o711)
    return _folder(folder, "share")


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir(exist_ok=True)
    return made


def _look(players: list[_Player], done: threading.Event) -> None:
    while not done.wait(STEP_S):
        for player in players:
            player.step()


async def _ours(folder: Path, tally: Tally, done: threading.Event) -> None:
    claims = _folder(folder.parent.parent, "claims")
    share = Share(name="bench", path=folder, to=(Address("office@example.com"),), profile="fast")
    rule = Rule(quiet_s=STABLE_S, incomplete_timeout_s=GIVE_UP_S)
    async with aclosing(watch.arrivals(share, rule=rule)) as reports:
        ending = asyncio.create_task(asyncio.to_thread(done.wait))
        while not done.is_set():
            coming = asyncio.ensure_future(anext(reports))
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                await asyncio.wait({coming})
                return
            report = coming.result()
            if isinstance(report, Arrival):
                into = claims / f"{time.monotonic_ns()}"
                taken = await asyncio.to_thread(claim.take, report.files[0], into)
                drop = _drop_of(report.files[0].path.name)
                # What is rejected is no claim of a finished scan: it is kept, and its sender is told.
                if isinstance(taken, claim.Taken) and drop is not None and not report.rejected:
                    tally.taken[drop.title].append(into.read_bytes())
