"""A port that is listened on: its sessions, the tables that are its rules, and what must finish before a stop."""

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from conf.model import Smtp
from gateway.arrive.intake import Intake
from gateway.arrive.smtp import DeviceSession
from gateway.events import Event, log


class ListenError(Exception):
    """A listener cannot be opened; the sentence names the key and the mend."""


@dataclass(slots=True)
class Listener:
    """One open port: ``rules`` are the ``[[smtp]]`` that name it, each for its own clients."""

    intake: Intake
    rules: tuple[Smtp, ...]
    sessions: set[DeviceSession] = field(default_factory=set)
    commits: set["asyncio.Future[None]"] = field(default_factory=set)
    server: asyncio.Server | None = None

    async def open(self) -> None:
        """Start to listen. Raises ListenError when the address cannot be had."""
        listen = self.rules[0].listen
        host, _, port = listen.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            self.server = await loop.create_server(
                lambda: DeviceSession(self.intake, self.rules, self.sessions, self.commits),
                host.strip("[]"),
                int(port),
                backlog=128,
            )
        except OSError as error:
            key = f"smtp.{self.rules[0].name}.listen: {listen}"
            raise ListenError(f"{key} cannot be opened: {_why_closed(error)}") from error
        for rule in self.rules:
            log(Event.SMTP_LISTENING, listener=rule.name, listen=listen)

    async def close(self) -> None:
        """Stop listening, end the sessions, and wait for every commit that was begun."""
        if self.server is not None:
            self.server.close()
        for session in tuple(self.sessions):
            if session.transport is not None:
                session.transport.close()
        if self.commits:
            await asyncio.wait(self.commits)


def listeners(intake: Intake, tables: Sequence[Smtp]) -> list[Listener]:
    """Return a listener for each port: tables that name the same share it."""
    ports: dict[str, list[Smtp]] = {}
    for number, table in enumerate(tables):
        is_any = table.listen.endswith(":0")  # a free port at each start is another one for each
        ports.setdefault(f"{table.listen} {number}" if is_any else table.listen, []).append(table)
    return [Listener(intake, tuple(rules)) for rules in ports.values()]


def _why_closed(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there; stop it, or name another port"
        case errno.EACCES | errno.EPERM:
            return "ports below 1024 need the right to bind them (CAP_NET_BIND_SERVICE); or name a higher port"
        case errno.EADDRNOTAVAIL:
            return "no interface of this machine has that address; name one that it has, or 0.0.0.0"
        case _:
            return os.strerror(error.errno or 0)
