"""How long to wait so that an upstream's published limits are never met."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages in any 60 seconds and in any hour, recipients in any 24 hours; None has no limit."""

    per_minute: int
    per_hour: int | None = None
    per_day: int | None = None


class Window:
    """The messages handed to one upstream lately; each question costs next to nothing, however many they are.

    To be filled from the journal at a start: (time, recipients), times in seconds since 1970, oldest first. A time in
    the future (the clock was set back) counts as now when it is seen, and ages from there.
    """

    def __init__(self, sent: Iterable[tuple[float, int]] = (), kept_s: float = DAY_S) -> None:
        self._kept_s = kept_s
        self._sent = deque(sorted(sent))
        self._recipients = sum(count for _, count in self._sent)

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, at: float, recipients: int) -> None:
        """Count a message."""
        self._settle(at)
        self._sent.append((at, recipients))
        self._recipients += recipients

    def wait_s(self, now: float, limits: Limits, recipients: int) -> float:
        """Return the seconds until one more message to so many recipients keeps every limit; 0 when it does now.

        All windows slide. A message to more recipients than a day has waits until the day is empty.
        """
        self._settle(now)
        wait = self._room_s(now, MINUTE_S, limits.per_minute)
        if limits.per_hour is not None:
            wait = max(wait, self._room_s(now, HOUR_S, limits.per_hour))
        if limits.per_day is not None:
            wait = max(wait, self._free_s(now, recipients, limits.per_day))
        return wait

    def frees_in_s(self, now: float) -> float:
        """Return the seconds until the oldest message of the last 24 hours leaves them; 0 when there is none."""
        self._settle(now)
        return max(self._sent[0][0] + DAY_S - now, 0.0) if self._sent else 0.0

    def recipients(self, now: float) -> int:
        """Return how many recipients the last 24 hours had."""
        self._settle(now)
        return self._recipients

    def _room_s(self, now: float, window_s: float, most: int) -> float:
        return max(self._sent[-most][0] + window_s - now, 0.0) if len(self._sent) >= most else 0.0

    def _free_s(self, now: float, recipients: int, per_day: int) -> float:
        over, wait = self._recipients + recipients - per_day, 0.0
        for at, count in self._sent:
            if over <= 0:
                break
            over -= count
            wait = at + DAY_S - now
        return max(wait, 0.0)

    def _settle(self, now: float) -> None:
        """Let go what is too old, and let what is of the future be of now."""
        future: list[int] = []
        while self._sent and self._sent[-1][0] > now:
            future.append(self._sent.pop()[1])
        self._sent.extend((now, count) for count in reversed(future))
        while self._sent and now - self._sent[0][0] >= self._kept_s:
            self._recipients -= self._sent.popleft()[1]
