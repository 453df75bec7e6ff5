"""When others take a file: their rules, as their sources and threads state them, over events and listings.

paperless-ng and early paperless-ngx take a file at its close or move; paperless-ngx 2 waits for a pause in its events,
or polls until size and time stand still; simpler scripts look at the size alone; OCRmyPDF's watcher takes a file that
was created once it can be opened, five tries a second apart.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import pikepdf

STABLE_S: Final = 2.0
"""As long as our own quiet window in the same run; the default of paperless-ngx 3 is 5 s."""
PAUSE_S: Final = 0.5
"""The default of paperless-ngx 2 (PAPERLESS_CONSUMER_INOTIFY_DELAY)."""
TRIES: Final = 5
TRY_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """What a rule is shown, twenty times a second: kind and name of each event since the last view, and a listing.

    ``seen``: size in bytes and time of the last change in ns, by name.
    """

    events: tuple[tuple[str, str], ...]
    seen: Mapping[str, tuple[int, int]]
    folder: Path
    now_s: float


class Peer(Protocol):
    """One rule."""

    name: str

    def step(self, view: View) -> list[str]:
        """Return the names of the files that it takes now."""


@dataclass(slots=True)
class OnClose:
    """At its close, or when it is moved."""

    name: str = "on close (paperless-ng)"

    def step(self, view: View) -> list[str]:
        """Take what was closed."""
        return [name for kind, name in view.events if kind in {"closed", "moved"} and name in view.seen]


@dataclass(slots=True)
class PauseInEvents:
    """When no event has come for half a second."""

    name: str = "pause in events (ngx 2)"
    last: dict[str, float] = field(default_factory=dict)

    def step(self, view: View) -> list[str]:
        """Take what has paused."""
        self.last.update((name, view.now_s) for _, name in view.events)
        over = [name for name, last_s in self.last.items() if view.now_s - last_s >= PAUSE_S]
        for name in over:
            del self.last[name]
        return [name for name in over if name in view.seen]


@dataclass(slots=True)
class Stable:
    """When what is looked at has stood still: the size, or the size and the time."""

    name: str
    with_time: bool
    since: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)
    taken: dict[str, tuple[int, int]] = field(default_factory=dict)

    def step(self, view: View) -> list[str]:
        """Take what has not changed for long enough, once for each state it was found in."""
        ready = []
        for name, (size_bytes, mtime_ns) in view.seen.items():
            state = (size_bytes, mtime_ns if self.with_time else 0)
            known, since_s = self.since.get(name, (None, view.now_s))
            if known != state:
                self.since[name] = (state, view.now_s)
            elif view.now_s - since_s >= STABLE_S and self.taken.get(name) != state:
                self.taken[name] = state
                ready.append(name)
        for name in self.since.keys() - view.seen.keys():
            self.taken.pop(name, None)
            del self.since[name]
        return ready


@dataclass(slots=True)
class OpenRetried:
    """When it was created and opens as a PDF; five tries, then never again."""

    name: str = "created, opens (OCRmyPDF)"
    tries: dict[str, tuple[int, float]] = field(default_factory=dict)

    def step(self, view: View) -> list[str]:
        """Try what is due."""
        self.tries.update((name, (TRIES, view.now_s)) for kind, name in view.events if kind == "created")
        ready = []
        for name, (left, due_s) in tuple(self.tries.items()):
            if view.now_s < due_s:
                continue
            if _opens(view.folder / name):
                ready.append(name)
            if name in ready or left == 1:
                del self.tries[name]
            else:
                self.tries[name] = (left - 1, view.now_s + TRY_EVERY_S)
        return ready


def _opens(path: Path) -> bool:
    try:
        with pikepdf.open(io.BytesIO(path.read_bytes())):
            return True
    except (OSError, pikepdf.PdfError):
        return False


def peers() -> list[Peer]:
    """Each rule anew."""
    return [
        OnClose(),
        PauseInEvents(),
        Stable("size stable", with_time=False),
        Stable("size and time stable (ngx)", with_time=True),
        OpenRetried(),
    ]
