"""The service's hold on its fork server: started for the first job, given each job's sockets, ended when idle."""

import asyncio
import atexit
import contextlib
import errno
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

IDLE_S = 60.0
"""After so long without a job the server's memory is worth more than the fifth of a second that the next one saves."""

_ROOT = Path(__file__).resolve().parents[2]
_END_S = 5.0


@dataclass(slots=True, eq=False)
class Server:
    """A fork server that runs, the line to it, and how many jobs it was given and has in hand."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    given: int = 0
    in_hand: int = 0


_RUNNING: list[Server] = []
"""One at most, whatever event loop asks: its sockets belong to none."""


@atexit.register
def shutdown() -> None:
    """Ends the server, if there is one, and its children with it; a new one starts when it is needed."""
    for server in tuple(_RUNNING):
        _end(server)


def hand_over(sockets: Sequence[socket.socket]) -> Server:
    """Gives the job of ``sockets`` (their far ends, as ``forkserver`` wants them) to the server, and names it.

    The caller says ``done`` when the job has ended. Raises ``OSError`` when no server can be started.
    """
    is_new = not _RUNNING
    server = _start() if is_new else _RUNNING[0]
    try:
        _send(server, sockets)
    except (BrokenPipeError, ConnectionResetError) as error:
        _end(server)
        if is_new:
            raise OSError(errno.EIO, "the conversion server ended at once, and gave no answer") from error
        return hand_over(sockets)  # it died since the last job
    server.given += 1
    server.in_hand += 1
    return server


def done(server: Server, loop: asyncio.AbstractEventLoop, *, is_dead: bool) -> None:
    """A job of ``server`` has ended. A server found dead is buried; one that stays idle is ended, on ``loop``."""
    server.in_hand -= 1
    if is_dead:
        _end(server)
    elif not server.in_hand:
        loop.call_later(IDLE_S, _end_if_idle, server, server.given)


def _start() -> Server:
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        try:
            # No signal of a terminal reaches a session of its own, and it has no terminal to write to.
            process = subprocess.Popen(
                (sys.executable, "-sPB", "-m", "image.confined.forkserver"),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
    ours.setblocking(False)
    _RUNNING.append(Server(process, ours))
    return _RUNNING[-1]


def _environment() -> dict[str, str]:
    """Nothing of ours but where this package is; one memory arena, since more are address space lost."""
    return {"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}


def _send(server: Server, sockets: Sequence[socket.socket]) -> None:
    socket.send_fds(server.line, [b"-"], [one.fileno() for one in sockets])


def _end_if_idle(server: Server, given: int) -> None:
    if server.given == given and not server.in_hand:
        _end(server)


def _end(server: Server) -> None:
    """Kills the server, by which its children are killed as well (``image.confined.confine.tie_to``)."""
    if server not in _RUNNING:
        return
    _RUNNING.remove(server)
    server.line.close()
    server.process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(_END_S)
