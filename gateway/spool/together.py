"""What several threads ask for at the same time is done for all of them at once, so that they wait for the disk once.

The first thread that comes does it; those that come meanwhile wait, and are done together next, by one of them.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

Asked = TypeVar("Asked")


class _Turn(Enum):
    WAITS = auto()
    LEADS = auto()
    IS_DONE = auto()


@dataclass(slots=True, eq=False)
class _One(Generic[Asked]):
    asked: Asked
    turn: _Turn = _Turn.WAITS
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class Together(Generic[Asked]):
    """Where threads meet. ``do`` runs in one of them for all that have come, never in two at once.

    It returns what went wrong with each, in order, None where nothing did; what it raises went wrong with all.
    """

    do: Callable[[Sequence[Asked]], Sequence[Exception | None]]
    _waiting: list[_One[Asked]] = field(default_factory=list)
    _is_led: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def ask(self, asked: Asked) -> None:
        """Have it done, alone or with others; return when it is. Raises what went wrong with it."""
        one = _One(asked)
        batch: list[_One[Asked]] = []
        with self._changed:
            self._waiting.append(one)
            if not self._is_led:
                self._is_led, one.turn = True, _Turn.LEADS
            while one.turn is _Turn.WAITS:
                self._changed.wait()
            if one.turn is _Turn.LEADS:
                batch, self._waiting = self._waiting, []
        if batch:
            self._lead(batch)
        if one.error is not None:
            raise one.error

    def _lead(self, batch: Sequence[_One[Asked]]) -> None:
        errors: Sequence[Exception | None] = [RuntimeError("the thread that did it was ended")] * len(batch)
        try:
            errors = self.do([one.asked for one in batch])
        except Exception as error:  # noqa: BLE001  raised by ``ask`` in every thread that waits for it
            errors = [error] * len(batch)
        finally:
            with self._changed:
                for one, wrong in zip(batch, errors, strict=True):
                    one.turn, one.error = _Turn.IS_DONE, wrong
                self._is_led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn = _Turn.LEADS
                self._changed.notify_all()
