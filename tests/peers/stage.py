"""A script being played on one connection: which step is due, and doing what it says."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tests.peers.script import At, Drop, Healthy, Pause, Reset, Say, Script, Silence, Step, StopReading, Wait
from tests.peers.wire import Wire


class EndedByScript(Exception):  # noqa: N818 - not an error: the script wants the connection to end here
    """The script has ended the connection."""


@dataclass(slots=True)
class Stage:
    """Counts the moments of one connection and plays the step that is due at each."""

    wire: Wire
    script: Script
    _counts: Counter[At] = field(default_factory=Counter)

    def is_scripted(self, at: At, line: bytes) -> bool:
        """Does a step take over when this moment comes next?"""
        return self.script.step(at, self._counts[at] + 1, line) is not None

    def due(self, at: At) -> Step | None:
        """Count the moment and return its step without playing it: for a moment that lasts, as the body does."""
        self._counts[at] += 1
        return self.script.step(at, self._counts[at])

    async def act(self, at: At, answer: bytes, line: bytes = b"") -> bytes:
        """Say the healthy answer, or play the script's step instead; returns what was said.

        Raises:
            EndedByScript: nothing more must happen on this connection.
        """
        self._counts[at] += 1
        step = self.script.step(at, self._counts[at], line)
        if step is not None:
            return await self.perform(step, answer)
        if answer:
            await self.wire.write(answer)
        return answer

    async def perform(self, step: Step, answer: bytes) -> bytes:
        """Play one step; answer is what Healthy stands for. Returns and raises as `act`."""
        said = b""
        for action in step.do:
            match action:
                case Say(reply):
                    said += reply
                    await self.wire.write(reply)
                case Healthy():
                    said += answer
                    await self.wire.write(answer)
                case Wait(event):
                    await event.wait()
                case Pause(pause_s):
                    await asyncio.sleep(pause_s)
                case Drop():
                    raise EndedByScript
                case Reset():
                    self.wire.reset()
                    raise EndedByScript
                case Silence():
                    await self.wire.wait_gone()
                case StopReading():
                    self.wire.stop_reading()
                    await asyncio.Event().wait()
        return said
