"""What an attempt came to: a receipt, a deferral or a refusal, and whom it concerns."""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """Whom a failure concerns: everybody on this route, this message, or one recipient of it."""

    ROUTE = "route"
    MESSAGE = "message"
    RECIPIENT = "recipient"


class Phase(StrEnum):
    """At which step of the dialogue a reply came or a connection failed."""

    CONNECT = "connect"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end-of-data"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the smarthost said: the three-digit code and its text, lines joined by spaces (RFC 5321 section 4.2)."""

    code: int
    text: str

    def __str__(self) -> str:
        """``550 5.1.10 RecipientNotFound`` as it stands in journal and log."""
        return f"{self.code} {self.text}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Taken: the smarthost is now responsible."""

    said: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """Not now. ``pause_s`` is how long a route at fault should rest at least; 0 leaves it to the schedule.

    ``kind`` is the id of the reply catalogue's entry; empty when it was no reply.
    """

    said: str
    scope: Scope
    pause_s: float = 0.0
    advice: str = ""
    kind: str = field(default="", compare=False)  # a name for it, and nothing more that is said


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not ever, for this message or recipient; never of scope route. ``kind`` as in Deferral."""

    said: str
    scope: Scope
    advice: str = ""
    kind: str = field(default="", compare=False)


Verdict = Receipt | Deferral | Refusal
