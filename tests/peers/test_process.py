"""A daemon of a test starts, is told apart from others, and ends for certain."""

import time
from pathlib import Path

import pytest

from tests.peers.loopback import free_port, is_listening, until, wait_until
from tests.peers.process import Process, group_members

# A shell that has a child in its group; the second ignores SIGTERM, and so does its child.
POLITE = ["sh", "-c", "sleep 300 & echo ready; trap 'kill $!; exit 0' TERM; wait"]
STUBBORN = ["sh", "-c", "trap '' TERM; sleep 300 & echo ready; wait"]


def _started(argv: list[str], log: Path) -> Process:
    daemon = Process(argv, log)
    daemon.wait_ready(lambda: "ready" in daemon.log_text())
    return daemon


def test_ends_with_its_children(tmp_path: Path):
    """Asked to stop, the daemon ends and no process of its group is left."""
    daemon = _started(POLITE, tmp_path / "log")
    assert len(group_members(daemon.pid)) == 2
    daemon.stop()
    assert not daemon.is_running()
    assert group_members(daemon.pid) == []


def test_one_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A daemon deaf to SIGTERM is killed with its children after its time."""
    monkeypatch.setattr("tests.peers.process.STOP_S", 0.2)
    daemon = _started(STUBBORN, tmp_path / "log")
    daemon.stop()
    assert group_members(daemon.pid) == []
    daemon.stop()  # and a second time is harmless


def test_a_start_that_fails_is_told(tmp_path: Path):
    """A daemon that ends at once, or never gets ready, is reported with what it printed, and nothing is left."""
    broken = Process(["sh", "-c", "echo no such port; exit 3"], tmp_path / "broken")
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3.*no such port"):
        broken.wait_ready(lambda: False)
    slow = Process(["sh", "-c", "echo thinking; exec sleep 300"], tmp_path / "slow")
    with pytest.raises(RuntimeError, match=r"(?s)not within 0\.2 s.*thinking"):
        slow.wait_ready(lambda: False, timeout_s=0.2)
    assert group_members(broken.pid) + group_members(slow.pid) == []


def test_waiting_ends_at_once_or_in_time():
    """A wait returns as soon as the answer is yes, and raises what it waited for at its deadline."""
    wait_until(lambda: True, 0, "nothing")
    with pytest.raises(TimeoutError, match=r"a miracle: not within 0\.05 s"):
        wait_until(lambda: False, 0.05, "a miracle")


async def test_waiting_lets_the_loop_run():
    """The asynchronous wait does not hold up others on the loop, and gives up too."""
    begun = time.monotonic()
    await until(lambda: time.monotonic() > begun, 1, "time to pass")
    with pytest.raises(TimeoutError, match="a miracle"):
        await until(lambda: False, 0.05, "a miracle")


def test_free_ports_are_free():
    """Nobody listens on a port that is handed out."""
    assert not is_listening(free_port())
