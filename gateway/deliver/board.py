"""The folders ``_failed`` of the shares: failed scans are shown there, and what keeps them from it is told once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from conf.model import Share
from gateway.deliver import notice
from gateway.deliver.notice import Failure
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.envelope import Envelope
from hotfolder import failed
from hotfolder.arrival import Fault, Trouble


@dataclass(slots=True)
class Board:
    """What is shown, and which share is at fault. Called from one thread at a time; ``faults`` from any."""

    shares: tuple[Share, ...]
    _in_the_way: dict[str, str] = field(default_factory=dict)
    _said: dict[str, int | None] = field(default_factory=dict)

    def look(self) -> None:
        """See in which share something is in the way of ``_failed``; say so once, and once that it is over."""
        for share in self.shares:
            what = failed.obstacle(share.path)
            before = self._in_the_way.get(share.name, "")
            if what:
                self._in_the_way = {**self._in_the_way, share.name: what}
            else:
                self._in_the_way = {name: said for name, said in self._in_the_way.items() if name != share.name}
            if what and what != before:
                log(Event.SHARE_FAULT, share=share.name, trouble=Trouble.FAILED.value, reason=what)
            elif before and not what:
                log(Event.SHARE_RECOVERED, share=share.name, reason=f"it is over: {before}")

    def faults(self, share: str) -> tuple[Fault, ...]:
        """Return what is in the way in a share, for those who look at it."""
        said = self._in_the_way.get(share)
        return () if said is None else (Fault(said, Trouble.FAILED, share),)

    def show(self, envelope: Envelope, failure: Failure, directory: Path, share: Share) -> bool:
        """Put the files of a failed scan into ``_failed``, each with a text beside it; False when that cannot be now.

        Why is logged once of each share, not at every try and for every scan. May be repeated after a crash.
        """
        if share.name in self._in_the_way:
            return False
        text = notice.beside(failure, datetime.fromtimestamp(failure.job.changed_at, UTC).astimezone())
        try:
            for original in envelope.originals:
                stored = directory / files.ORIGINAL / original.stored
                if not stored.exists():
                    failed.put_note(share.path, original.name, text, ticket=envelope.id)
                elif original.size_bytes > share.failed_room:
                    alone = f"{text}\n\n{notice.no_room(str(directory))}"
                    failed.put_note(share.path, original.name, alone, ticket=envelope.id)
                else:
                    failed.put_failed(stored, share.path, original.name, text, ticket=envelope.id)
        except OSError as error:  # gone, full or read-only
            if self._said.get(share.name) != error.errno:
                self._said[share.name] = error.errno
                log(Event.LOCAL_FAULT, envelope.id, share=share.name, reason=f"telling: {error}")
            return False
        self._said.pop(share.name, None)
        return True
