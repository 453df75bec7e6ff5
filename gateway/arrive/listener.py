"""A port that is listened on: its sessions, the tables that are its rules, and what must finish before a stop."""

import asyncio
import contextlib
import errno
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from conf.model import Smtp
from gateway.arrive import lan_tls
from gateway.arrive.guard import Guard
from gateway.arrive.intake import Intake
from gateway.arrive.keep import Keeping, keeper
from gateway.arrive.smtp import DeviceSession
from gateway.events import Event, log
from gateway.spool.batches import Batches

_DAY_S: Final = 86_400.0
_LAST_WORD_S: Final = 2.0


class ListenError(Exception):
    """A listener cannot be opened; the sentence names the key and the mend."""


@dataclass(slots=True)
class Listener:
    """One open port: ``rules`` are the ``[[smtp]]`` that name it, each for its own clients."""

    intake: Intake
    rules: tuple[Smtp, ...]
    sessions: set[DeviceSession] = field(default_factory=set)
    commits: set["asyncio.Future[None]"] = field(default_factory=set)
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)
    keeper: Batches[Keeping] = field(default_factory=keeper)
    server: asyncio.Server | None = None
    guard: Guard = field(init=False)
    _watch: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        """Put a guard at the port."""
        self.guard = Guard(self.rules)

    async def open(self) -> None:
        """Start to listen. Raises ListenError when the address cannot be had, or a certificate not be used."""
        await asyncio.to_thread(self._prepare_tls)
        listen = self.rules[0].listen
        host, _, port = listen.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            self.server = await loop.create_server(
                lambda: DeviceSession(self.intake, self.guard, self.sessions, self._keep, self.contexts),
                host.strip("[]"),
                int(port),
                backlog=128,
            )
        except OSError as error:
            key = f"smtp.{self.rules[0].name}.listen: {listen}"
            raise ListenError(f"{key} cannot be opened: {_why_closed(error)}") from error
        for rule in self.rules:
            log(Event.SMTP_LISTENING, listener=rule.name, listen=listen)
        if any(rule.certificate_file for rule in self.rules):
            self._watch = loop.call_later(_DAY_S, self._watch_certificates)

    def _prepare_tls(self) -> None:
        for rule in self.rules:
            try:
                context = lan_tls.context_of(self.intake.config, rule)
            except lan_tls.LanTlsError as error:
                raise ListenError(str(error)) from error
            if context is not None:
                self.contexts[rule.name] = context

    def _watch_certificates(self) -> None:
        """Have it said each day which certificate is about to end: a service may run for years."""
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(_DAY_S, self._watch_certificates)
        loop.run_in_executor(None, self._tell_ending)

    def _tell_ending(self) -> None:
        for what in lan_tls.warnings(self.rules, datetime.now(UTC)):
            log(Event.CONFIG_WARNING, what=what)

    async def close(self) -> None:
        """Stop listening, end the sessions, and wait for every commit that was begun: its device hears the 250 still.

        One that did not would send its mail again.
        """
        if self._watch is not None:
            self._watch.cancel()
        if self.server is not None:
            self.server.close()
        self._end_sessions()
        if self.commits:
            await asyncio.wait(self.commits)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                while any(session.is_owed_answer for session in self.sessions):  # noqa: ASYNC110  a turn or two
                    await asyncio.sleep(0)
        self._end_sessions(is_last=True)
        await asyncio.to_thread(self.keeper.stop)

    def _end_sessions(self, *, is_last: bool = False) -> None:
        """End all, or all but those whose whole message waits for its 250."""
        for session in tuple(self.sessions):
            if session.transport is not None and (is_last or not session.is_owed_answer):
                session.transport.close()

    def _keep(self, keeping: Keeping) -> None:
        """Have a mail committed, and know of it until that is done."""
        self.commits.add(keeping.done)
        keeping.done.add_done_callback(self.commits.discard)
        self.keeper.put(keeping)


def listeners(intake: Intake, tables: Sequence[Smtp]) -> list[Listener]:
    """Return a listener for each port: tables that name the same share it."""
    ports: dict[str, list[Smtp]] = {}
    for number, table in enumerate(tables):
        is_any = table.listen.endswith(":0")  # a free port at each start is another one for each
        ports.setdefault(f"{table.listen} {number}" if is_any else table.listen, []).append(table)
    together = keeper()
    return [Listener(intake, tuple(rules), keeper=together) for rules in ports.values()]


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
