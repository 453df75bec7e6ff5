"""A process that takes messages by SMTP and prints the most memory it ever had, in bytes.

``python -m tests.gateway.arrive.heavy ROOT SIZE_BYTES DEVICES``: a listener in this process, its devices in others,
which send a small message each at the same time, and then such a one.
"""

import asyncio
import os
import smtplib
import sys
from pathlib import Path

from gateway import events
from gateway.arrive.listener import Listener
from tests.gateway.spool.given import config, opened


def peak_bytes(status_fd: int) -> int:
    """The most memory a process has had in use, from its open ``/proc/self/status``; asking opens no file.

    ``getrusage`` would count what the test that started the process had in use when it forked.
    """
    held = next(line for line in os.pread(status_fd, 8192, 0).splitlines() if line.startswith(b"VmHWM:"))
    return int(held.split()[1]) * 1024


def send(port: int, size_bytes: int) -> None:
    """Send one message of this size, in lines, from a process of its own."""
    line = b"A" * 76 + b"\r\n"
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo("printer")
        client.mail("printer@local")
        client.rcpt("office@contoso.com")
        client.docmd("DATA")
        assert client.sock is not None
        for _ in range(size_bytes // len(line) // 1000):
            client.sock.sendall(line * 1000)
        client.sock.sendall(b".\r\n")
        assert client.getreply()[0] == 250


def start(port: int, size_bytes: int) -> int:
    """Start a device; its process."""
    pid = os.fork()
    if pid == 0:
        send(port, size_bytes)
        os._exit(0)
    return pid


async def take(root: Path, size_bytes: int, devices: int) -> None:
    """Take small messages and then those of the size, so many at once; print peak resident bytes after either."""
    with opened(config(root)) as box:
        listener = Listener(box.intake, box.config.smtp[:1])
        await listener.open()
        assert listener.server is not None
        port = listener.server.sockets[0].getsockname()[1]
        status_fd = os.open("/proc/self/status", os.O_RDONLY)
        for size in (1_000_000, size_bytes):
            pids = [start(port, size) for _ in range(devices)]
            while pids:
                pids = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0]  # noqa: ASYNC222  never waits
                await asyncio.sleep(0.01)
            print(peak_bytes(status_fd), flush=True)  # noqa: T201  its answer
        await listener.close()  # only then has every mail its row
        print(len(box.journal.jobs()), flush=True)  # noqa: T201  its answer


if __name__ == "__main__":
    events.configure("text")  # to stderr: a line of the log must not come between those of the answer
    asyncio.run(take(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
