"""So many at once, where how many may change meanwhile. All of it on one event loop."""

import asyncio
import types
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slots:
    """``async with`` waits for a slot and gives it back; ``most`` says how many there are just now."""

    most: Callable[[], int]
    taken: int = 0
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> None:
        """Wait for a slot."""
        while self.taken >= self.most():
            self._freed.clear()
            await self._freed.wait()
        self.taken += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Give it back, without a wait in which a stop could lose it."""
        self.taken -= 1
        self._freed.set()
