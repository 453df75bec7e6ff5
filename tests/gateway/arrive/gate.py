"""A gate in the way of a thread: what a slow disk is to the listener."""

import threading

from tests.gateway.arrive.doorway import DEADLINE_S


class Gate:
    """A step that a thread of the listener is stopped at until it may pass."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self) -> None:
        """Stop here until the gate is open."""
        self.reached.set()
        assert self.opened.wait(DEADLINE_S)
