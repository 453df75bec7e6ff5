"""A daemon started for a test: its own process group and log, and ended for certain with all its children."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.peers.loopback import wait_until

STOP_S = 10.0


class Process:
    """One daemon that stays in the foreground.

    It leads its own session, so that neither a signal to pytest's group reaches it nor its own signals reach pytest.
    """

    def __init__(self, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None, *, stdin: bool = False):
        """Start argv at once; stdout and stderr are appended to log; stdin is a pipe held open when asked for."""
        self.log = log
        self._name = Path(argv[0]).name
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the process group's."""
        return self._child.pid

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe to the daemon's standard input; only when it was asked for."""
        assert self._child.stdin is not None
        return self._child.stdin

    def is_running(self) -> bool:
        """Has the daemon itself not ended yet?"""
        return self._child.poll() is None

    def wait_ready(self, question: Callable[[], bool], timeout_s: float = 15) -> None:
        """Return when the question says yes; a daemon that ends or stays silent is stopped and reported with its log.

        Raises:
            RuntimeError: the daemon ended, or was not ready in time.
        """
        try:
            wait_until(lambda: not self.is_running() or question(), timeout_s, f"start of {self._name}")
        except TimeoutError as late:
            self.stop()
            raise RuntimeError(f"{late}\n{self.log_text()}") from late
        if not self.is_running():
            self.stop()
            raise RuntimeError(f"{self._name} ended with {self._child.returncode}\n{self.log_text()}")

    def log_text(self) -> str:
        """What the daemon has printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> None:
        """Ask the daemon to end and wait until no process of its group runs any more; what stays is killed.

        Raises:
            RuntimeError: something survived even that.
        """
        if self.is_running():
            self._child.terminate()  # the daemon alone: each of ours ends its own children in its own order
        self._close_stdin()
        try:
            self._child.wait(STOP_S)
            wait_until(lambda: not group_members(self.pid), STOP_S, f"end of {self._name}")
        except (subprocess.TimeoutExpired, TimeoutError):
            self.kill()

    def kill(self) -> None:
        """End the whole process group with SIGKILL, as a crash would, and wait for it."""
        self._close_stdin()
        # Once the leader is reaped and its group is empty the number may belong to a stranger: never signal it then.
        if self.is_running() or group_members(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._child.wait(STOP_S)
        try:
            wait_until(lambda: not group_members(self.pid), STOP_S, f"end of {self._name}")
        except TimeoutError as late:
            raise RuntimeError(f"{late}; still there: {group_members(self.pid)}") from late

    def _close_stdin(self) -> None:
        if self._child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()


def group_members(group: int) -> list[int]:
    """The ids of the processes of a process group that still run; a zombie no longer does (proc(5), field state)."""
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in parentheses may hold anything; the fields stand behind the last one: state, ppid, pgrp.
            state, _parent, pgrp = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state not in {"Z", "X"}:
            members.append(int(entry.name))
    return members
