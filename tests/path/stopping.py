"""Runs scangate and ends it with SIGKILL at one step of a scan's path: ``python stopping.py N run --config FILE``.

Steps are the durable checkpoints, and the instants before and after a claim, a journal entry and a removal. They count
from the moment the file named in STEPS exists, and their names are appended to it; N = 0 kills nothing.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway import cli
from gateway.spool import durable, files
from gateway.spool.journal import Journal
from hotfolder import claim


class Stopper:
    """Counts steps and kills this process at the N-th."""

    def __init__(self, stop_at: int, steps: Path) -> None:
        self._stop_at = stop_at
        self._steps = steps
        self._passed = 0

    def step(self, name: str) -> None:
        """Note one step; perhaps the last."""
        if not self._steps.exists():
            return
        self._passed += 1
        with self._steps.open("a", encoding="utf-8") as names:
            names.write(f"{name}\n")
        if self._passed == self._stop_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a step before and after it."""

        @functools.wraps(function)
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step(f"before {function.__name__}")
            result = function(*args, **kwargs)
            self.step(f"after {function.__name__}")
            return result

        return stepped


def main() -> None:
    """Put the steps in place and run the command line."""
    stopper = Stopper(int(sys.argv.pop(1)), Path(os.environ["STEPS"]))
    durable.checkpoint = stopper.step
    for owner, names in (
        (Journal, ("admit", "admit_all", "move", "make_ready", "begin_sending", "record")),
        (files, ("remove",)),
        (claim, ("take",)),
    ):
        for name in names:
            setattr(owner, name, stopper.around(getattr(owner, name)))
    cli.main()


if __name__ == "__main__":
    main()
