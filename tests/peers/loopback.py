"""Free ports on the loopback address, and waiting for a fact with a deadline."""

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable
from typing import Final

ADDRESS: Final = "127.0.0.1"
POLL_S: Final = 0.02
_FIRST_PORT: Final = 10_000
_SLICES: Final = 16
_SLICE: Final = 1_400
_CHANCE: Final = random.SystemRandom()  # pytest seeds the other one anew for each test, which would repeat the ports
_GIVEN: Final[set[int]] = set()


def free_port() -> int:
    """A TCP port nobody listens on at 127.0.0.1 at this moment.

    Below those the kernel gives to outgoing connections (from 32768), any of which could take it before the peer does;
    and of a range that is this test process's own, for others run beside it. None is given twice before all were given:
    a test asks for the ports of many peers before it starts the first.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _SLICES
    while True:
        if len(_GIVEN) >= _SLICE // 2:
            _GIVEN.clear()
        port = _FIRST_PORT + worker * _SLICE + _CHANCE.randrange(_SLICE)
        if port in _GIVEN:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            _GIVEN.add(port)
            return port


def is_listening(port: int) -> bool:
    """Does anybody accept a connection at 127.0.0.1:port?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((ADDRESS, port)) == 0


def wait_until(question: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return as soon as the question is answered with yes.

    Raises:
        TimeoutError: the deadline passed first; the text says what was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while not question():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        time.sleep(POLL_S)


async def until(question: Callable[[], bool], timeout_s: float, what: str) -> None:
    """The same as wait_until for a test that runs on the event loop."""
    deadline = time.monotonic() + timeout_s
    while not question():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(POLL_S)
