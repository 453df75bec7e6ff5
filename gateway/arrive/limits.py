"""How much a client of a port may do: connections, messages a minute, failures before a pause.

Counts and answers only: every call brings its client (``policy.counted_as``) and ``now_s``, monotonic seconds. The
memory is bounded: of the clients without a connection the one unheard of for longest is forgotten first.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MOST_CLIENTS: Final = 4096
"""Remembered at once; some 400 bytes each."""

_MINUTE_S: Final = 60.0
_LINES: Final = 20
_LINES_EVERY_S: Final = 600.0


class Failure(StrEnum):
    """What a client can fail at; the value is how the log counts it."""

    LOGIN = "failed logins"
    ADDRESS = "refused senders and recipients"
    COMMAND = "unknown commands"


FAILURES_A_MINUTE: Final = {Failure.LOGIN: 3, Failure.ADDRESS: 200, Failure.COMMAND: 20}
"""So many in a minute are a pause. One mail may name 150 recipients with any number of wrong ones among them."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The client may connect. ``turned_away``: how often it was not let in during a pause that has now ended."""

    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class Crowded:
    """The client has as many connections as it may have."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The client is not heard for so long."""

    left_s: float


@dataclass(slots=True)
class _Window:
    """A count that begins anew when ``every_s`` have passed since its first."""

    every_s: float = _MINUTE_S
    began_s: float = float("-inf")
    count: int = 0

    def add(self, now_s: float) -> int:
        if now_s - self.began_s >= self.every_s:
            self.began_s, self.count = now_s, 0
        self.count += 1
        return self.count


@dataclass(slots=True)
class _Record:
    connections: int = 0
    messages: _Window = field(default_factory=_Window)
    failures: dict[Failure, _Window] = field(default_factory=dict)
    lines: _Window = field(default_factory=lambda: _Window(_LINES_EVERY_S))
    paused_until_s: float = float("-inf")
    turned_away: int = 0


@dataclass(slots=True)
class Clients:
    """The clients of one port."""

    most: int = MOST_CLIENTS
    _records: OrderedDict[str, _Record] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._records)

    def connect(self, client: str, most: int, now_s: float) -> Welcome | Crowded | Paused:
        """Count one connection more when it may be; ``disconnect`` takes it off again."""
        record = self._record(client)
        if now_s < record.paused_until_s:
            record.turned_away += 1
            return Paused(record.paused_until_s - now_s)
        if record.connections >= most:
            return Crowded()
        record.connections += 1
        turned_away, record.turned_away = record.turned_away, 0
        return Welcome(turned_away)

    def disconnect(self, client: str) -> None:
        """Take one connection off."""
        self._record(client).connections -= 1

    def message(self, client: str, most: int, now_s: float) -> bool:
        """Count one message; tell whether it is among the ``most`` of a minute."""
        return self._record(client).messages.add(now_s) <= most

    def taken(self, client: str) -> None:
        """A mail was taken: a client that gets through does not fail again and again. Failed logins still count."""
        failures = self._record(client).failures
        failures.pop(Failure.ADDRESS, None)
        failures.pop(Failure.COMMAND, None)

    def logged_in(self, client: str) -> None:
        """A login was right: who knows the password guesses at none, whatever failed before."""
        self._record(client).failures.pop(Failure.LOGIN, None)

    def fail(self, client: str, failure: Failure, pause_s: float, now_s: float) -> int:
        """Count one failure; return how many there were when a pause begins with it, else 0. No pause without time."""
        record = self._record(client)
        count = record.failures.setdefault(failure, _Window()).add(now_s)
        if count < FAILURES_A_MINUTE[failure] or not pause_s or now_s < record.paused_until_s:
            return 0
        record.failures.clear()
        record.paused_until_s = now_s + pause_s
        return count

    def is_paused(self, client: str, now_s: float) -> bool:
        """Tell whether the client is not heard at the moment."""
        return now_s < self._record(client).paused_until_s

    def line(self, client: str, now_s: float) -> int:
        """Take one line of the log; return how many this client has left with it; 1 is the last of ten minutes."""
        return _LINES - self._record(client).lines.add(now_s) + 1

    def _record(self, client: str) -> _Record:
        record = self._records.get(client)
        if record is not None:
            self._records.move_to_end(client)
            return record
        if len(self._records) >= self.most:
            oldest = next((name for name, one in self._records.items() if not one.connections), None)
            if oldest is not None:
                del self._records[oldest]
        return self._records.setdefault(client, _Record())
