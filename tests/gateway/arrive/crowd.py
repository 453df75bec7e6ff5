"""A process with a listener that many connections are made to at once; prints what it saw as one line of JSON.

``python -m tests.gateway.arrive.crowd idle ROOT``: 1,000 idle connections of one client, then a mail of another.
``python -m tests.gateway.arrive.crowd full ROOT``: more connections than this process may have files, then a mail.
The devices are a process of their own, forked before there is anything else.
"""

import asyncio
import json
import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gateway.arrive import descriptors
from gateway.arrive.listener import Listener
from gateway.arrive.ration import Ration
from tests.gateway.arrive.doorway import send
from tests.gateway.arrive.heavy import peak_bytes
from tests.gateway.spool.given import config, opened
from tests.peers.loopback import ADDRESS, free_port, is_listening, wait_until
from tests.peers.scanner import Device

IDLE: Final = 1000
FILES: Final = 64
HOG: Final = "127.0.0.2"
DEADLINE_S: Final = 60.0


def connect(port: int) -> socket.socket:
    """One connection of the client that makes many."""
    return socket.create_connection((ADDRESS, port), timeout=DEADLINE_S, source_address=(HOG, 0))


def crowd(port: int, count: int, told: int, *, is_greeted: bool) -> None:
    """Make the connections, say so, wait for the word to go on, and send a mail as another client."""
    wait_until(lambda: is_listening(port), DEADLINE_S, "the listener")
    held = [connect(port) for _ in range(count)]
    if is_greeted:
        assert all(line.recv(100).startswith(b"220 ") for line in held)
    os.write(told, b"connected\n")
    assert sys.stdin.readline() == "go on\n"
    if not is_greeted:
        for line in held:
            line.close()
    with Device(port, timeout_s=DEADLINE_S) as device:
        assert device.hear().startswith(b"220 ")
        os.write(told, send(device))


async def serve(root: Path, port: int, heard: int, to_crowd: int) -> dict[str, Any]:
    """Listen for both clients; what happened."""
    table = {"listen": f"{ADDRESS}:{port}", "recipients": ["contoso.com"]}
    hog = {**table, "name": "hog", "clients": [HOG], "connections": IDLE, "client_connections": IDLE}
    asyncio.get_running_loop().set_exception_handler(descriptors.tell_when_none_is_left(Ration(most=1)))
    with opened(config(root, smtp=[{**table, "clients": [ADDRESS]}, hog])) as box:
        listener = Listener(box.intake, box.config.smtp)
        status_fd = os.open("/proc/self/status", os.O_RDONLY)
        before_bytes = peak_bytes(status_fd)
        await listener.open()
        words = await asyncio.to_thread(os.read, heard, 100)
        assert words == b"connected\n", words
        seen = {"sessions": len(listener.sessions), "grown_bytes": peak_bytes(status_fd) - before_bytes}
        os.write(to_crowd, b"go on\n")
        reply = await asyncio.to_thread(os.read, heard, 1000)
        await listener.close()
        return {**seen, "reply": reply.decode(), "jobs": len(box.journal.jobs())}


def main(way: str, root: Path) -> None:
    """Fork the devices and serve them."""
    port = free_port()
    heard, told = os.pipe()
    from_parent, to_crowd = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(to_crowd)
        os.dup2(from_parent, 0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        crowd(port, IDLE if way == "idle" else 2 * FILES, told, is_greeted=way == "idle")
        os._exit(0)
    os.close(told)
    if way == "idle":
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        table = {"listen": "127.0.0.1:0", "clients": [HOG], "recipients": ["contoso.com"], "connections": IDLE}
        assert descriptors.raise_limit(config(root, smtp=[table]).smtp) == ""
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    try:
        print(json.dumps(asyncio.run(serve(root, port, heard, to_crowd))))  # noqa: T201  its answer
    finally:
        with suppress(BrokenPipeError):
            os.close(to_crowd)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
