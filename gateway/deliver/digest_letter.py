"""The digest: one mail about many failures of one share or listener. Decided, not done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.deliver.flood import Kind
from gateway.deliver.notice import Failure, sentence
from gateway.deliver.own_mail import Letterhead, own_mail

NAMED: Final[Mapping[Kind, int]] = {Kind.SCAN: 1000, Kind.EMPTY: 50, Kind.NO_SCAN: 50}
"""So many of each kind are named. Somebody waits for a scan: those beyond wait for the next digest, so that each is
named once; a thousand an hour is about what Exchange lets through of whole ones. The rest is counted."""
COUNTED: Final = 1_000_000_000
_LINE: Final = 400

_HEAD: Final = {
    Kind.SCAN: "Scans that were not delivered",
    Kind.EMPTY: "Files that stayed empty",
    Kind.NO_SCAN: "Files that are no scans",
}
_TO_DO: Final = {
    Kind.SCAN: "Please have them scanned again. Many at once have one cause: look at their reasons, and at the device.",
    Kind.EMPTY: "Please look at the device: it makes files and does not write the scans into them.",
    Kind.NO_SCAN: "Please find out what puts them there, and have it stop. None of them was sent to anybody.",
}


@dataclass(frozen=True, slots=True)
class Heap:
    """Failures of one kind: how many, and the lines of those that are named."""

    count: int
    lines: Sequence[str]


def line_of(failure: Failure) -> str:
    """Return the line that tells of one failure in a digest."""
    names = ", ".join(failure.names) or failure.job.title or "unknown"
    line = f"{failure.arrived_at:%Y-%m-%d %H:%M} UTC, {failure.job.id}, {names}: {sentence(failure)}"
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def compose_digest(place: str, heaps: Mapping[Kind, Heap], head: Letterhead) -> bytes:
    """Return the mail: what failed, how many, their names, what to do."""
    count = sum(heap.count for heap in heaps.values())
    subject = f"{count} more {'failure' if count == 1 else 'failures'} ({place})"
    return own_mail(head, subject, tuple(_lines(place, heaps)))


def _lines(place: str, heaps: Mapping[Kind, Heap]) -> Iterator[str]:
    yield f"So much failed in {place} that not each got a mail of its own. These are told of here, and nowhere else:"
    for kind in Kind:
        heap = heaps.get(kind, Heap(0, ()))
        if not heap.count:
            continue
        yield ""
        yield f"{_HEAD[kind]}: {heap.count}"
        yield from (f"- {line}" for line in heap.lines)
        if heap.count > len(heap.lines):
            yield f"- and {heap.count - len(heap.lines)} more"
        yield _TO_DO[kind]
    yield ""
    if place.startswith("share/"):
        yield "Each lies in the folder _failed of the share, with a text beside it that says why."
    yield 'On the box "scangate show JOB" tells of each.'
