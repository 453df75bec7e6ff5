"""Keep the ``_failed`` folders, and what the spool keeps of rubbish, within their bounds, and say what went."""

import time
from dataclasses import dataclass, field

from conf.model import Share
from gateway.deliver import notice
from gateway.deliver.flood import FORGOTTEN
from gateway.deliver.rubbish import surplus
from gateway.deliver.steady import Begun, Clock, doubted, is_steady, looked
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.clock_notes import ClockNotes
from gateway.spool.envelope import OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import JobId, is_job_id
from gateway.spool.journal import Journal
from gateway.spool.no_scans import told
from hotfolder.errors import ShareError
from hotfolder.prune import prune_failed
from hotfolder.shelf_life import ShelfLife


@dataclass(slots=True)
class Tidier:
    """What removes failed scans that were kept long enough. ``begun``: when the wall clock was last compared."""

    shares: tuple[Share, ...]
    spool: Spool
    journal: Journal
    clock: ClockNotes
    begun: Begun = field(default_factory=lambda: Begun(time.time(), time.monotonic()))

    def tidy(self, now: float) -> None:
        """Remove from ``_failed`` what has been shown long enough, or takes too much room; ``now``: seconds since 1970.

        A share in which that cannot be done now is left for the next time: its fault is told by whoever has to write
        there. Until it could be done in each, the clock that lagged is remembered. Raises sqlite3.Error.
        """
        is_trusted = self._is_steady(now)
        moment = Begun(now, time.monotonic())
        wrong = doubted(self.begun, moment)
        is_done = True
        for share in self.shares:
            life = ShelfLife(share.failed_keep, share.failed_room)
            try:
                gone = prune_failed(share.path, now, life, self._farewell, is_steady=is_trusted, doubted=wrong)
            except ShareError:
                is_done = False
                continue
            if gone.files:
                log(Event.FAILED_PRUNED, share=share.name, files=gone.files, size_bytes=gone.size_bytes)
        if wrong is not None and is_done:
            self.begun = moment

    def prune_spool(self, now: float) -> None:
        """Forget rubbish: the directory first; a crash then leaves an entry without one, for the next time.

        Not by a clock that may just have been set, and not what came by mail: nothing else shows that. Raises
        sqlite3.Error.
        """
        gone = surplus(told(self.journal.database, OriginKind.SHARE, FORGOTTEN), now) if self._is_steady(now) else ()
        for job in gone:
            directory = files.find(self.spool, job.id)  # not yet moved aside, it would be adopted as a new job
            if directory is not None:
                files.remove(directory)
            self.journal.forget(job.id)
        if gone:
            log(Event.SPOOL_PRUNED, jobs=len(gone), size_bytes=sum(job.size_bytes for job in gone))

    def _is_steady(self, now: float) -> bool:
        noted = self.clock.last()
        clock = looked(None if noted is None else Clock(*noted), now)
        if clock is not None:
            self.clock.note(clock.seen_at, clock.steady_since)
        return is_steady(clock, now)

    def _farewell(self, ticket: str) -> str:
        directory = files.find(self.spool, JobId(ticket)) if is_job_id(ticket) else None
        return notice.no_room("" if directory is None else str(directory))
