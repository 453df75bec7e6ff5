"""A process whose devices go in the midst of their messages; it prints how many were lost. Its stderr is what counts.

``python -m tests.gateway.arrive.leaving ROOT``
"""

import asyncio
import gc
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from structlog.testing import capture_logs

from tests.gateway.arrive.doorway import DEADLINE_S, begin, listening, talk
from tests.gateway.spool.given import config, opened
from tests.peers.loopback import until
from tests.peers.scanner import Device


def go_early(device: Device, way: str) -> None:
    """Go between commands, some of whose replies are still to come."""
    device.say(b"HELO x\r\n" + b"NOOP\r\n" * 50)
    getattr(device, way)()


def leave(device: Device, way: str, *, is_tls: bool) -> None:
    """Begin a message and go."""
    if is_tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        device.ask(b"EHLO x\r\n")
        device.ask(b"STARTTLS\r\n")
        device.start_tls(context)
    begin(device)
    device.say(b"half a mess")
    getattr(device, way)()


async def go(root: Path) -> int:
    """Have devices go in every way; return how many were lost."""
    gone = 0
    asyncio.get_running_loop().slow_callback_duration = 60.0  # a busy machine is no news
    with opened(config(root)) as box, capture_logs() as logged:
        async with listening(box, tls="starttls") as listener:
            for way in ("hang_up", "reset", "half_close"):
                for _ in range(10):
                    await talk(listener, lambda device, w=way: go_early(device, w))  # type: ignore[misc]
                for is_tls in (False, True):
                    await talk(listener, lambda device, w=way, t=is_tls: leave(device, w, is_tls=t))  # type: ignore[misc]
                    gone += 1
                    await until(lambda: lost(logged) == gone, DEADLINE_S, "the lost message told")  # noqa: B023  at once
        return lost(logged)


def lost(logged: Sequence[Mapping[str, object]]) -> int:
    """How many messages the log says were lost."""
    return sum(line["event"] == "smtp-lost" for line in logged)


if __name__ == "__main__":
    print(asyncio.run(go(Path(sys.argv[1]))), "lost")  # noqa: T201  its answer
    gc.collect()  # a task whose error nobody took says so when it is collected
