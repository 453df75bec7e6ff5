"""How many lines a share may write into the log: who writes there decides how many files there are."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Ration:
    """So many lines in any ``every_s`` seconds that begin with a line. ``clock`` is monotonic seconds."""

    most: int
    every_s: float = 600.0
    clock: Callable[[], float] = time.monotonic
    _began_s: float = float("-inf")
    _count: int = 0

    def take(self) -> int:
        """Take one line; return how many are left with it, 0 and less when there is none any more.

        1 is the last one, which may say that it is.
        """
        now_s = self.clock()
        if now_s - self._began_s >= self.every_s:
            self._began_s, self._count = now_s, 0
        self._count += 1
        return self.most - self._count + 1
