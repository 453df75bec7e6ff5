"""A real client for the tests of the upstream peers: a small mail, a login, and a raw submission."""

import ssl
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from tests.peers.certificates import Certificates
from tests.peers.exchange import Exchange
from tests.peers.scanner import Device

SENDER: Final = "scanner@contoso.com"


def mail(text: str = "hello\n") -> EmailMessage:
    """A small mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "a@contoso.com", "scan"
    message.set_content(text)
    return message


def client(exchange: Exchange, certificates: Certificates) -> aiosmtplib.SMTP:
    """A real client that starts TLS and logs in with a password."""
    return aiosmtplib.SMTP(
        hostname="localhost",
        port=exchange.port,
        start_tls=True,
        username=SENDER,
        password="secret",
        tls_context=certificates.client_context(),
    )


def submit(port: int, context: ssl.SSLContext, asked: list[bytes], said: bytes) -> list[bytes]:
    """Log in, name a recipient, ask each of these and return the replies; then say one thing more and hang up."""
    with Device(port) as device:
        device.hear()
        device.ask(b"STARTTLS\r\n")
        device.start_tls(context)
        device.ask(b"EHLO me\r\n")
        device.ask(b"AUTH XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIGIBAQ==\r\n")
        device.ask(b"MAIL FROM:<a@contoso.com> BODY=BINARYMIME\r\n")
        device.ask(b"RCPT TO:<b@contoso.com>\r\n")
        replies = [device.ask(words) for words in asked]
        device.wait_at_most(0.5)
        device.say(said)
        return replies
