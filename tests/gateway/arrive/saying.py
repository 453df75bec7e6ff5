"""Dialogues word for word: what a device says, and how each reply must begin."""

import base64
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.gateway.arrive.doorway import DEADLINE_S
from tests.peers.loopback import until
from tests.peers.scanner import Device

_CODED: Final = re.compile(rb"([245])\d\d \1\.\d{1,3}\.\d{1,3} [ -~]+\r\n")
_WITHOUT_CODE: Final = re.compile(rb"(?:2[25]0[ -][ -~]*\r\n)+|3[35]4 [ -~]*\r\n")

USER: Final = base64.b64encode(b"printer1")
PASSWORD: Final = base64.b64encode(b"Abc123")
PLAIN: Final = base64.b64encode(b"\0printer1\0Abc123")


def say_all(device: Device, *steps: tuple[bytes, bytes]) -> list[bytes]:
    """Say each line, with CRLF where it has no line end, and hold the start of the reply to it; return the replies.

    Every reply but those to HELO and EHLO, challenges and the go-ahead of DATA has a code that fits (RFC 2034).
    """
    replies = []
    for words, start in steps:
        reply = device.ask(words if words.endswith(b"\n") else words + b"\r\n")
        replies.append(reply)
        assert reply.startswith(start), (words, reply, replies)
        greets = words.strip().upper().startswith((b"HELO", b"EHLO")) or reply.startswith((b"334", b"354"))
        assert (_WITHOUT_CODE if greets else _CODED).fullmatch(reply), (words, reply)
    return replies


async def logged_once(logged: Sequence[Mapping[str, Any]], event: str) -> Mapping[str, Any]:
    """The one line of an event, as soon as it is logged: a session may be forgotten before its end is told."""
    await until(lambda: any(line["event"] == event for line in logged), DEADLINE_S, event)
    (line,) = [line for line in logged if line["event"] == event]
    return line


def mail_steps(message: bytes = b"Subject: scan\r\n\r\nThe scan.\r\n") -> list[tuple[bytes, bytes]]:
    """The steps of one whole mail after the greeting."""
    return [
        (b"MAIL FROM:<printer@local>", b"250 2.1.0"),
        (b"RCPT TO:<office@contoso.com>", b"250 2.1.5"),
        (b"DATA", b"354 "),
        (message + b".\r\n", b"250 2.0.0 Ok: taken as "),
    ]


def trusting() -> ssl.SSLContext:
    """A device that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def secured(device: Device, *steps: tuple[bytes, bytes]) -> list[bytes]:
    """STARTTLS, the handshake, and these steps."""
    say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220 2.0.0"))
    device.start_tls(trusting())
    return say_all(device, *steps)
