"""The task that keeps STATUS.txt of every share: looks, draws, and writes when it is due."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from conf.model import Share
from gateway.events import Event, log
from gateway.screen.draw import draw, sign
from gateway.screen.due import Pace, Shown, is_due
from gateway.screen.facts import Facts
from gateway.screen.look import Sources, local, look
from gateway.spool.database import JournalError
from hotfolder.arrival import Standing
from hotfolder.errors import ShareError
from hotfolder.status_file import Written, put_status, standing
from hotfolder.texts import notepad


@dataclass(slots=True)
class _Page:
    """What is known of one share's STATUS.txt. ``fault`` was logged and has not passed since."""

    shown: Shown | None = None
    written: Written | None = None
    facts: Facts | None = None
    fault: str = ""


@dataclass(slots=True)
class Screen:
    """The task. ``standings`` returns what the doors know of their shares; ``clock`` is monotonic seconds."""

    sources: Sources
    standings: Callable[[], Iterable[Standing]]
    started_at: float
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    _pages: dict[str, _Page] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _is_stopped: bool = False

    async def run(self) -> None:
        """Keep every share's text until cancelled."""
        while True:
            await asyncio.to_thread(self.show_all)
            await asyncio.sleep(self.pace.look_s)

    def show_all(self) -> None:
        """Write what is due; a share that cannot be written, or a journal that cannot be read now, holds up nothing.

        Raises JournalError for a journal that is damaged.
        """
        with self._writing:
            if self._is_stopped:
                return
            known = {one.share: one for one in self.standings()}
            for share in self.sources.config.share:
                page = self._pages.setdefault(share.name, _Page())
                try:
                    page.facts = look(self.sources, share, known.get(share.name), self.started_at)
                    self._show(share, page, page.facts)
                except (OSError, sqlite3.Error) as error:
                    _tell(page, share, f"the state of the box cannot be read: {error}")
                except JournalError:
                    raise
                except Exception as error:  # noqa: BLE001  the one broad catch: a text must not end the service
                    _tell(page, share, f"a fault of scangate: {error!r}")

    def stop(self) -> None:
        """Write into every share that the service was stopped, whatever was written when; nothing is written after."""
        with self._writing:
            if self._is_stopped:
                return
            self._is_stopped = True
            stopped_at = time.time()
            known = {one.share: one for one in self.standings()}
            for share in self.sources.config.share:
                page = self._pages.setdefault(share.name, _Page())
                try:
                    facts = look(self.sources, share, known.get(share.name), self.started_at, stopped_at)
                except (OSError, sqlite3.Error, JournalError):
                    if page.facts is None:
                        continue
                    facts = replace(page.facts, stopped_at=local(stopped_at))
                page.shown = None
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    self._show(share, page, facts)

    def _show(self, share: Share, page: _Page, facts: Facts) -> None:
        now, now_s = local(time.time()), self.clock()
        body = draw(facts, now)
        if page.shown is not None and page.shown.is_whole and standing(share.path) != page.written:
            page.shown = replace(page.shown, is_whole=False)  # removed or overwritten by somebody
        if not is_due(page.shown, body, now_s, self.pace):
            return
        page.shown = Shown(body, now_s, is_whole=False)
        try:
            page.written = put_status(share.path, notepad(sign(body, facts, now, self.pace.longest_s)))
        except ShareError as error:
            _tell(page, share, str(error))
            return
        page.shown = replace(page.shown, is_whole=True)
        if page.fault:
            log(Event.STATUS_RECOVERED, share=share.name, reason=f"it is over: {page.fault}")
            page.fault = ""


def _tell(page: _Page, share: Share, sentence: str) -> None:
    if page.fault != sentence:
        page.fault = sentence
        log(Event.STATUS_FAULT, share=share.name, reason=sentence)
