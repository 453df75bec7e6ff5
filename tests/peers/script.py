"""What a scripted upstream says and does, as data: which moment of which connection, and what happens then."""

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self


class At(enum.StrEnum):
    """A moment of an SMTP dialogue at which a script may take over from the healthy server."""

    BANNER = "banner"  # the client has connected
    HANDSHAKE = "handshake"  # the reply to STARTTLS is out, the TLS handshake comes next
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"  # the command, with its initial response when it has one
    AUTH_ANSWER = "auth answer"  # a line of the client after a 334
    AUTH_DONE = "auth done"  # the credentials are complete, by whichever mechanism; the verdict comes next
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "body"  # inside the message; see Step.after_bytes
    DOT = "dot"  # the final dot has come, or the last chunk of BDAT
    BDAT = "BDAT"  # a chunk that is not the last
    RSET = "RSET"
    NOOP = "NOOP"
    QUIT = "QUIT"
    OTHER = "other"  # any other command
    IDLE = "idle"  # a transaction has ended well; before the next command


@dataclass(frozen=True, slots=True)
class Say:
    """Send exactly these bytes; line ends included."""

    reply: bytes


@dataclass(frozen=True, slots=True)
class Healthy:
    """Send what the healthy server would have sent."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on when the test sets the event."""

    until: asyncio.Event


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after this many seconds; between two Says it makes TCP send them apart."""

    pause_s: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without a word."""


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with a TCP reset."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answer and never close; go on reading, so that the client sees a live but silent server."""


@dataclass(frozen=True, slots=True)
class StopReading:
    """Never read again; the connection stays open and the client's writes stall."""


Action = Say | Healthy | Wait | Pause | Drop | Reset | Silence | StopReading


@dataclass(frozen=True, slots=True)
class Step:
    """Actions for one moment.

    Attributes:
        at: the moment.
        do: what happens, in this order, in place of the healthy answer.
        nth: only the nth time this moment comes in a connection, counted from 1; None: every time.
        after_bytes: for At.BODY: when this many bytes of the message have been taken.
        matching: only for command lines (without CRLF) for which this says yes.
    """

    at: At
    do: tuple[Action, ...]
    nth: int | None = None
    after_bytes: int = 0
    matching: Callable[[bytes], bool] | None = None

    def applies(self, at: At, nth: int, line: bytes) -> bool:
        """Is this the step for the nth occurrence of a moment, with this command line?"""
        return self.at is at and self.nth in {None, nth} and (self.matching is None or self.matching(line))


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one connection; the healthy server does everything no step covers. The empty one is all healthy."""

    steps: tuple[Step, ...] = ()

    def on(
        self,
        at: At,
        *do: Action | bytes,
        nth: int | None = None,
        after_bytes: int = 0,
        matching: Callable[[bytes], bool] | None = None,
    ) -> Self:
        """The script with one more step; plain bytes are short for Say. Of two steps that apply the first counts."""
        actions = tuple(Say(act) if isinstance(act, bytes) else act for act in do)
        return replace(self, steps=(*self.steps, Step(at, actions, nth, after_bytes, matching)))

    def step(self, at: At, nth: int, line: bytes = b"") -> Step | None:
        """The step that takes over, if any."""
        return next((step for step in self.steps if step.applies(at, nth, line)), None)


HEALTHY = Script()
