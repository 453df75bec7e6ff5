"""A device that goes leaves no trace on stderr."""

import asyncio
import subprocess
import sys
from pathlib import Path

from gateway.arrive.smtp import DeviceSession
from tests.gateway.arrive.doorway import DEADLINE_S, listening, talk
from tests.peers.loopback import until
from tests.peers.scanner import Device

ROOT = Path(__file__).resolve().parents[3]


def test_devices_that_go_leave_stderr_empty(tmp_path):
    """Gone in DATA, by close, reset and half-close, in the clear and in TLS: not one traceback, even at the end."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.gateway.arrive.leaving", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["6", "lost"]


async def test_a_reset_leaves_no_error_behind(box):
    """The error of a connection that was reset waits in no future, whose end without a listener would go to stderr."""

    def words(device: Device) -> DeviceSession:
        assert device.ask(b"NOOP\r\n").startswith(b"250")
        (session,) = listener.sessions
        device.reset()
        return session

    async with listening(box) as listener:
        session = await talk(listener, words)
        closed: asyncio.Future[None] = session._closed  # type: ignore[attr-defined]  # asyncio's own
        await until(closed.done, DEADLINE_S, "the session ended")
        assert closed.exception() is None
