"""A scripted name server on 127.0.0.1, UDP and TCP on one port: it answers with the records it was given."""

import contextlib
import socket
import socketserver
import struct
import threading
import types
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.peers.loopback import ADDRESS, free_port

_TTL_S: Final = 60


class NameServer:
    """Running inside `with`.

    `records` are the record texts by (name, type); a name without any does not exist. `is_truncating`: by UDP only
    that the answer is too long. `rcode`: what every question is answered instead. `asked` are the questions by
    (transport, name, type).
    """

    def __init__(
        self,
        records: Mapping[tuple[str, str], Sequence[str]],
        *,
        is_truncating: bool = False,
        rcode: dns.rcode.Rcode | None = None,
    ):
        """Prepare it; entering the context starts it."""
        self.port: Final = free_port()
        self.asked: Final[list[tuple[str, str, str]]] = []
        self._records, self._is_truncating, self._rcode = records, is_truncating, rcode
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Listen."""
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, own = self.request
                own.sendto(server.answer(data, "udp"), self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                (size,) = struct.unpack("!H", self.rfile.read(2))
                wire = server.answer(self.rfile.read(size), "tcp")
                self.wfile.write(struct.pack("!H", len(wire)) + wire)

        for kind, handler in ((socketserver.UDPServer, Udp), (socketserver.TCPServer, Tcp)):
            self._serve(kind, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop."""
        self._ending.close()

    def _serve(self, kind: Any, handler: Any) -> None:
        listening = self._ending.enter_context(kind((ADDRESS, self.port), handler))
        listening.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self._ending.callback(thread.join)
        self._ending.callback(listening.shutdown)

    def answer(self, wire: bytes, transport: str) -> bytes:
        """The answer to one question."""
        question = dns.message.from_wire(wire)
        (asked,) = question.question
        name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((transport, name, kind))
        answer = dns.message.make_response(question)
        if self._rcode is not None:
            answer.set_rcode(self._rcode)
        elif self._is_truncating and transport == "udp":
            answer.flags |= dns.flags.TC
        elif texts := self._records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(asked.name, _TTL_S, "IN", kind, *texts))
        elif not any(known == name for known, _ in self._records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
