"""What the devices of ``test_makers.py`` are made of: their mails, their old TLS, and the listener they talk to."""

import base64
import ssl
import warnings
from collections.abc import Callable
from typing import Any

from conf.hidden import SecretStr
from conf.makers import PROFILES, Maker
from tests.gateway.arrive.doorway import DEADLINE_S, listening, stored, talk
from tests.gateway.spool.given import Box
from tests.peers.loopback import until
from tests.peers.scanner import Device

RECIPIENT = b"RCPT TO:<office@contoso.com>"
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n")
LOGIN: dict[str, Any] = {"login": "required", "user": "printer1", "password": SecretStr("Abc123")}


def scan(subject: bytes, kind: bytes = b"application/pdf", name: bytes = b"doc.pdf", more: bytes = b"") -> bytes:
    """A mail with one attachment."""
    return (
        b"From: device <device@contoso.com>\r\nTo: office@contoso.com\r\nSubject: " + subject + b"\r\n" + more
        + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: " + kind
        + b'; name="' + name + b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + PDF + b"\r\n--b--\r\n"
    )  # fmt: skip


def profile(maker: Maker, **changed: Any) -> dict[str, Any]:
    """The keys of a listener with this profile and what follows from it."""
    return {"profile": maker, "bare_lf": PROFILES[maker].is_bare_lf, **changed}


def old_tls(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A device that speaks one old version, and trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that these versions are old is the point
        context.minimum_version = context.maximum_version = version
    return context


async def gets_through(box: Box, keys: dict[str, Any], words: Callable[[Device], bytes]) -> None:
    """The device's message is stored as it stands."""
    async with listening(box, **keys) as listener:
        message = await talk(listener, words)
        await until(lambda: len(box.journal.jobs()) == 1, DEADLINE_S, "the scan stored")
    assert stored(box) == [message]
