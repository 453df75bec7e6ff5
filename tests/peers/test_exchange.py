"""The scripted upstream: healthy by default, and exactly as bad as it is told to be."""

import asyncio
import ssl

import aiosmtplib
import pytest

from tests.peers import healthy
from tests.peers.certificates import Certificate, Certificates
from tests.peers.client import SENDER, client, mail, submit
from tests.peers.exchange import Exchange


async def test_a_real_client_delivers(exchange: Exchange, certificates: Certificates):
    """A healthy server takes a mail over TLS with a login, and shows envelope, bytes, login and order of commands."""
    async with client(exchange, certificates) as smtp:
        await smtp.send_message(mail("one\n.two\n..three\n"))
    (message,) = await exchange.took(1)
    assert message.sender == SENDER
    assert message.recipients == ("a@contoso.com",)
    assert b"\r\none\r\n.two\r\n..three\r\n" in message.content
    assert b"\r\n..two\r\n...three\r\n" in message.raw
    (login,) = exchange.seen.logins
    assert (login.mechanism, login.given) == ("LOGIN", healthy.Credentials(SENDER, "secret"))
    assert exchange.seen.verbs()[:3] == ["EHLO", "STARTTLS", "EHLO"]
    assert all(one.is_tls for one in exchange.seen.commands if one.verb == "MAIL")
    assert exchange.seen.tls_versions == ["TLSv1.3"]
    await exchange.left_alone()
    assert exchange.seen.open_most == 1


async def test_offers_what_exchange_online_offers(exchange: Exchange, certificates: Certificates):
    """EHLO lists STARTTLS and no AUTH in the clear, and AUTH LOGIN XOAUTH2 and no STARTTLS inside TLS."""
    smtp = aiosmtplib.SMTP(
        hostname="localhost", port=exchange.port, start_tls=False, tls_context=certificates.client_context()
    )
    async with smtp:
        await smtp.ehlo()
        assert smtp.supports_extension("starttls")
        assert not smtp.supports_extension("auth")
        await smtp.starttls()
        await smtp.ehlo()
        assert not smtp.supports_extension("starttls")
        assert smtp.esmtp_extensions["size"] == "157286400"
        assert set(smtp.server_auth_methods) == {"login", "xoauth2"}


async def test_only_the_right_secret_is_taken(server_certificate: Certificate, certificates: Certificates):
    """With secrets given, a wrong password gets 535 5.7.3 and a right token gets in."""
    async with Exchange(server_certificate.server_context(), secrets={SENDER: "token"}) as exchange:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
            await client(exchange, certificates).connect()
        smtp = aiosmtplib.SMTP(
            hostname="localhost", port=exchange.port, tls_context=certificates.client_context(), start_tls=True
        )
        async with smtp:
            await smtp.auth_xoauth2(SENDER, "token")
            await smtp.sendmail(SENDER, ["a@contoso.com"], mail().as_bytes())
        assert exchange.seen.logins[-1].given == healthy.Credentials(SENDER, "token")


async def test_refuses_mail_without_login_and_without_tls(exchange: Exchange, certificates: Certificates):
    """MAIL in the clear gets 451 5.7.3, and before a login 530 5.7.57, word for word as Exchange Online."""
    smtp = aiosmtplib.SMTP(
        hostname="localhost", port=exchange.port, start_tls=False, tls_context=certificates.client_context()
    )
    async with smtp:
        await smtp.ehlo()
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="STARTTLS is required"):
            await smtp.mail(SENDER)
        await smtp.starttls()
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Client not authenticated to send mail"):
            await smtp.mail(SENDER)


async def test_takes_chunks(exchange: Exchange, certificates: Certificates):
    """BDAT is taken as RFC 3030 says: binary bytes, dots untouched, several chunks and an empty last one."""
    chunks = [b"BDAT 17\r\nSubject: x\r\n\r\n.\r\n", b"BDAT 4\r\n\x00\xff\n.", b"BDAT 0 LAST\r\n"]
    replies = await asyncio.to_thread(submit, exchange.port, certificates.client_context(), chunks, b"QUIT\r\n")
    assert [reply[:3] for reply in replies] == [b"250"] * 3
    (message,) = await exchange.took(1)
    assert message.content == b"Subject: x\r\n\r\n.\r\n\x00\xff\n."
    assert message.is_chunked


async def test_down_and_back_on_the_same_port(server_certificate: Certificate, certificates: Certificates):
    """A stopped server refuses connections, and takes mail at the same port once it is started again."""
    async with Exchange(server_certificate.server_context()) as exchange:
        await exchange.stop()
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await client(exchange, certificates).connect()
        await exchange.start()
        async with client(exchange, certificates) as smtp:
            await smtp.send_message(mail())
        assert len(await exchange.took(1)) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_an_upstream_with_old_tls_only(
    server_certificate: Certificate, certificates: Certificates, version: ssl.TLSVersion
):
    """A server that speaks TLS 1.0 or 1.1 alone is refused by a careful client, and spoken with by a careless one."""
    async with Exchange(server_certificate.legacy_server_context(version), needs_login=False) as exchange:
        with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"):
            await client(exchange, certificates).connect()
        assert exchange.seen.tls_versions == []
        careless = certificates.careless_client_context()
        smtp = aiosmtplib.SMTP(hostname="localhost", port=exchange.port, start_tls=True, tls_context=careless)
        async with smtp:
            await smtp.send_message(mail())
        assert exchange.seen.tls_versions == [version.name.replace("_", ".")]


async def test_a_message_over_the_limit(server_certificate: Certificate, certificates: Certificates):
    """Over the limit a declared size is refused at MAIL, and an undeclared one after the whole body."""
    async with Exchange(server_certificate.server_context(), size_limit_bytes=1000) as exchange:
        async with client(exchange, certificates) as smtp:
            with pytest.raises(aiosmtplib.SMTPSenderRefused, match=r"5\.3\.4"):
                await smtp.mail(SENDER, options=["SIZE=1001"])
            await smtp.mail(SENDER)
            await smtp.rcpt("a@contoso.com")
            with pytest.raises(aiosmtplib.SMTPDataError, match=r"5\.3\.4"):
                await smtp.data("x\r\n" * 500)
        assert not exchange.seen.accepted


async def test_a_wait_that_fails_says_what_was_seen(exchange: Exchange, certificates: Certificates):
    """A wait helper that gives up tells what it waited for and the last commands."""
    async with client(exchange, certificates) as smtp:
        await smtp.noop()
        with pytest.raises(TimeoutError, match=r"(?s)2 messages: not within 0.05 s.*NOOP"):
            await exchange.received(2, timeout_s=0.05)
