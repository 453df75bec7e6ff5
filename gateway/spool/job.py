"""What a job is: its id, the states it passes through, and which moves between them exist."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NewType

from conf.model import Address

JobId = NewType("JobId", str)

_JOB_ID: Final = re.compile(r"\d{8}T\d{6}Z-[a-z2-7]{4}(-w)?(-p[1-9]\d{0,3})?(-h[1-9]\d{0,3})?(-n)?")
_PART: Final = re.compile(r"-p\d+\Z")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"


def new_job_id(now: datetime) -> JobId:
    """Return an id that sorts by arrival and fits in a ticket, such as ``20261123T090257Z-k7q2``.

    Two of the same second differ in 20 random bits; the spool creates the directory exclusively and asks again.
    """
    bits = secrets.randbits(20)  # once: each time asks the kernel
    tail = "".join(_LETTERS[bits >> shift & 31] for shift in (15, 10, 5, 0))
    return JobId(f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{tail}")


def notice_id(about: JobId) -> JobId:
    """Return the id of the failure notice about a job: the same at every attempt, so that it is told once."""
    return JobId(f"{about}-n")


def held_notice_id(about: JobId, time: int) -> JobId:
    """Return the id of the notice that a job is held for the first, second, … time: told once each."""
    return JobId(f"{about}-h{time}-n")


def is_notice_id(job_id: JobId) -> bool:
    """Tell whether a job is a notice or an alert, by its id."""
    return job_id.endswith("-n")


def part_id(of: JobId, number: int) -> JobId:
    """Return the id of a further mail of a split scan: ``…-p2`` is the second; the first has the scan's own."""
    return JobId(f"{of}-p{number}")


def whole_id(of: JobId) -> JobId:
    """Return the id of the mail that pieces are joined into: ``…-w`` after the first of them that came."""
    return JobId(f"{of}-w")


def is_whole(job_id: JobId) -> bool:
    """Tell whether a job was joined from pieces."""
    return job_id.endswith("-w")


def is_part(job_id: JobId) -> bool:
    """Tell whether a job is a further mail of a split scan: born with its message, like a notice."""
    return _PART.search(job_id) is not None


def is_job_id(text: str) -> bool:
    """Tell whether text has the form of a job id; a directory with another name is not a job."""
    return _JOB_ID.fullmatch(text) is not None


class State(StrEnum):
    """Where a job is on its way; the value stands in the journal."""

    ACCEPTED = "accepted"
    READY = "ready"
    SENDING = "sending"
    DEFERRED = "deferred"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    QUARANTINE = "quarantine"
    JOINED = "joined"


MOVES: Final[dict[State, frozenset[State]]] = {
    State.ACCEPTED: frozenset({State.ACCEPTED, State.READY, State.FAILED, State.QUARANTINE, State.JOINED}),
    State.READY: frozenset({State.SENDING, State.SENT, State.DEFERRED, State.FAILED, State.QUARANTINE}),
    State.SENDING: frozenset({State.SENDING, State.SENT, State.DEFERRED, State.HELD, State.FAILED, State.QUARANTINE}),
    State.DEFERRED: frozenset({State.SENDING, State.SENT, State.DEFERRED, State.FAILED, State.QUARANTINE}),
    State.HELD: frozenset({State.DEFERRED, State.FAILED, State.QUARANTINE}),
    State.SENT: frozenset(),
    State.FAILED: frozenset(),
    State.QUARANTINE: frozenset(),
    State.JOINED: frozenset(),
}
"""State to the states it may move to. ``sending`` repeats when one job is offered to several upstreams,
``accepted`` when its conversion is put off. ``held``: it may have been taken, and a person has to say whether it is
sent again. ``joined``: a piece of a mail, and the whole is a job of its own."""

OWED: Final = frozenset({State.ACCEPTED, State.READY, State.SENDING, State.DEFERRED, State.HELD})
"""The states in which somebody still waits for the scan."""


class Fate(StrEnum):
    """What became of one recipient; the value stands in the journal."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a job: what became of it, through which upstream, and the last reply about it."""

    address: Address
    fate: Fate = Fate.PENDING
    upstream: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the journal has it. Times are seconds since 1970 (UTC).

    ``title`` is what a person calls the scan: its file name, or the subject of its mail.
    """

    id: JobId
    state: State
    created_at: float
    changed_at: float
    origin: str
    title: str
    attempts: int
    next_try_at: float
    reason: str
    is_told: bool
    is_uncertain: bool
    size_bytes: int
    pages: int
    recipients: tuple[Recipient, ...]

    @property
    def pending(self) -> tuple[Address, ...]:
        """The recipients that still wait, in envelope order."""
        return tuple(recipient.address for recipient in self.recipients if recipient.fate is Fate.PENDING)

    @property
    def refusals(self) -> str:
        """The recipients that were refused, each with what was said of it."""
        return "; ".join(f"{r.address}: {r.reply}" for r in self.recipients if r.fate is Fate.FAILED)

    @property
    def bound(self) -> dict[Address, str]:
        """The waiting recipients that may have got the mail without our knowing, and through which upstream."""
        asked = {one.address: one.upstream for one in self.recipients if one.fate is Fate.PENDING and one.upstream}
        return asked if self.is_uncertain else {}


def closing_state(recipients: tuple[Recipient, ...]) -> State | None:
    """Return the state a job ends in once no recipient waits any more; None while one does.

    One refused recipient makes the whole job ``failed``: somebody has to be told.
    """
    fates = {recipient.fate for recipient in recipients}
    if Fate.PENDING in fates:
        return None
    return State.FAILED if Fate.FAILED in fates else State.SENT
