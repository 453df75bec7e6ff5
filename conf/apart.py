"""The configuration read by a short-lived process: what checks it never comes into the service, and costs it nothing.

A fresh interpreter, not a fork: a service with threads may read its configuration again in the same way.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conf.loaded import Loaded, Mistakes

LIMIT_S: Final = 60.0
"""A small board with a worn card needs 5 s; a secret on a mount that hangs is never read."""

_END_S: Final = 5.0
_ROOT: Final = Path(__file__).resolve().parent.parent
_COMMAND: Final = (sys.executable, "-sP", "-m", "conf.reading")


class ReadingError(Exception):
    """The process that reads the configuration gave no answer; the sentence says what became of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration that is being read; ``ended`` waits for it."""

    path: Path
    process: subprocess.Popen[bytes]


def begin(path: Path, command: Sequence[str] = _COMMAND) -> Reading:
    """Begin to read the configuration in ``path`` and the environment, while the caller does something else.

    The process is given the path, and this environment and working directory as they are. Raises OSError when it
    cannot be started.
    """
    found = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        (*command, str(path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": found},
        start_new_session=True,  # a terminal's Ctrl-C ends this process, and with the pipe the other one
    )
    return Reading(path, process)


def ended(reading: Reading, limit_s: float = LIMIT_S) -> Loaded | Mistakes:
    """Return what ``conf.load.load`` returns, as soon as it is there. Raises ReadingError when it never will be."""
    process = reading.process
    try:
        answer, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        what = f"took more than {limit_s:.0f} s: does a file it names lie on a mount that hangs?"
        raise _error(reading, what) from error
    finally:
        _end(process)
    if process.returncode:
        raise _error(reading, f"ended with {_in_words(process.returncode)}; its own message stands above")
    try:
        found = pickle.loads(answer)  # noqa: S301  through a pipe that only this process and its child hold
    except Exception as error:  # what is no pickle raises anything
        raise _error(reading, "gave an answer that cannot be understood") from error
    if not isinstance(found, Loaded | Mistakes):
        raise _error(reading, "gave an answer that is no configuration")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what has not ended; one that the kernel holds on a dead mount is not waited for without end."""
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)


def _error(reading: Reading, what: str) -> ReadingError:
    return ReadingError(f"{reading.path}: could not be read: the process that checks it {what}")


def _in_words(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
