"""Runs one contender once, in a process of its own, and says what it took."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall and processor seconds, the peak resident memory, and why it failed, if it did.

    ``private_kib`` is what a forked process shares with no other when it has done its work; 0 when it is not known.
    ``server_kib`` is the peak of the largest process that stays when the job's own has ended, where there is one.
    """

    wall_s: float
    cpu_s: float
    peak_kib: int
    fault: str = ""
    server_kib: int = 0
    private_kib: int = 0


def run_command(command: Sequence[str], log: Path) -> Run:
    """Runs ``command``, which prints to ``log``.

    The kernel counts a process's peak from that of the one that starts it, so this script stays small itself.
    """
    with log.open("wb") as said:
        actions = [(os.POSIX_SPAWN_DUP2, said.fileno(), number) for number in (1, 2)]
        program = shutil.which(command[0]) or command[0]
        began = time.perf_counter()
        pid = os.posix_spawn(program, list(command), ENVIRONMENT, file_actions=actions)
        _, status, used = os.wait4(pid, 0)
        wall_s = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    return Run(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss, f"exit code {code}" if code else "")


class Driver:
    """driver.py as a process that stays, for the warm worker and what is forked; a context manager."""

    def __init__(self, python: Path, way: str) -> None:
        self._process = subprocess.Popen(
            [str(python), str(HERE / "driver.py"), way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def run(self, sources: Sequence[Path], out: Path) -> Run:
        """One scan."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"sources": [str(path) for path in sources], "out": str(out)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        if not said:
            return Run(0.0, 0.0, 0, "the driver ended")
        return Run(**json.loads(said))
