"""Every moment of the scripted upstream can be broken, and only as the script says."""

import asyncio
import ssl

import aiosmtplib
import pytest

from tests.peers.certificates import Certificate, Certificates
from tests.peers.client import SENDER, client, mail, submit
from tests.peers.exchange import Exchange
from tests.peers.script import At, Drop, Healthy, Pause, Reset, Say, Script, Silence, StopReading, Wait


@pytest.mark.parametrize(
    ("at", "reply"),
    [
        (At.BANNER, b"421 4.3.2 Service not available\r\n"),
        (At.STARTTLS, b"454 4.7.0 TLS not available\r\n"),
        (At.AUTH, b"535 5.7.139 Authentication unsuccessful, basic authentication is disabled.\r\n"),
        (At.AUTH_DONE, b"535 5.7.3 no\r\n"),
        (At.MAIL, b"432 4.3.2 Concurrent connections limit exceeded\r\n"),
        (At.RCPT, b"550 5.1.10 RESOLVER.ADR.RecipientNotFound\r\n"),
        (At.DATA, b"451 4.7.0 Temporary server error\r\n"),
        (At.DOT, b"554-5.2.252 SendAsDenied;\r\n554 5.2.252 two lines\r\n"),
    ],
)
async def test_says_a_reply_byte_for_byte(
    server_certificate: Certificate, certificates: Certificates, at: At, reply: bytes
):
    """A reply scripted for a moment reaches the client there, and the connection after it is healthy again."""
    async with Exchange(server_certificate.server_context(), Script().on(at, reply)) as exchange:
        with pytest.raises(aiosmtplib.SMTPException) as refused:
            async with client(exchange, certificates) as smtp:
                await smtp.send_message(mail())
        assert reply.split(b"\r\n")[-2][4:].decode() in str(refused.value)
        assert not exchange.seen.accepted
        async with client(exchange, certificates) as smtp:
            await smtp.send_message(mail())
        assert len(await exchange.took(1)) == 1


async def test_a_reply_to_one_of_several_recipients(server_certificate: Certificate, certificates: Certificates):
    """A number picks the second recipient only; the message keeps the other two."""
    script = Script().on(At.RCPT, b"550 5.1.10 not here\r\n", nth=2)
    async with Exchange(server_certificate.server_context(), script) as exchange:
        async with client(exchange, certificates) as smtp:
            refused, _ = await smtp.sendmail(SENDER, ["a@x.com", "b@x.com", "c@x.com"], mail().as_bytes())
        assert list(refused) == ["b@x.com"]
        (message,) = await exchange.took(1)
        assert message.recipients == ("a@x.com", "c@x.com")


async def test_a_recipient_can_be_picked_by_name(server_certificate: Certificate, certificates: Certificates):
    """A test of the line picks by the command line itself, wherever in the order it comes."""
    script = Script().on(At.RCPT, b"550 5.1.10 not here\r\n", matching=lambda line: b"<c@" in line)
    async with Exchange(server_certificate.server_context(), script) as exchange:
        async with client(exchange, certificates) as smtp:
            refused, _ = await smtp.sendmail(SENDER, ["a@x.com", "b@x.com", "c@x.com"], mail().as_bytes())
        assert list(refused) == ["c@x.com"]


@pytest.mark.parametrize("end", [Drop(), Reset()])
@pytest.mark.parametrize("at", [At.BANNER, At.EHLO, At.HANDSHAKE, At.AUTH, At.MAIL, At.DATA, At.DOT, At.BODY])
async def test_ends_the_connection_at_any_moment(
    server_certificate: Certificate, certificates: Certificates, at: At, end: Drop | Reset
):
    """Closed or reset at a moment, the client sees the connection end there, and the server counts none as open."""
    async with Exchange(server_certificate.server_context(), Script().on(at, end, after_bytes=10)) as exchange:
        with pytest.raises((aiosmtplib.SMTPException, ConnectionError, ssl.SSLError)):
            async with client(exchange, certificates) as smtp:
                await smtp.send_message(mail())
        await exchange.left_alone()
        assert len(exchange.messages) == (1 if at is At.DOT else 0)
        assert not exchange.seen.accepted


async def test_closes_in_the_middle_of_a_body(server_certificate: Certificate, certificates: Certificates):
    """after_bytes ends the connection once that much of the message has come, long before its end."""
    script = Script().on(At.BODY, Drop(), after_bytes=100_000)
    async with Exchange(server_certificate.server_context(), script) as exchange:
        with pytest.raises((aiosmtplib.SMTPException, ConnectionError)):
            async with client(exchange, certificates) as smtp:
                await smtp.sendmail(SENDER, ["a@contoso.com"], b"x" * 5_000_000)
        assert exchange.messages == []


async def test_answers_when_the_test_says(server_certificate: Certificate, certificates: Certificates):
    """A reply held back by an event comes when it is set, and not before."""
    go = asyncio.Event()
    async with Exchange(server_certificate.server_context(), Script().on(At.DOT, Wait(go), Healthy())) as exchange:
        async with client(exchange, certificates) as smtp:
            sending = asyncio.create_task(smtp.send_message(mail()))
            await exchange.received(1)
            assert not exchange.seen.accepted
            assert not sending.done()
            go.set()
            await sending
        assert len(await exchange.took(1)) == 1


async def test_splits_a_reply(server_certificate: Certificate, certificates: Certificates):
    """A reply that comes in pieces, cut inside the code, is still one reply to the client."""
    script = Script().on(At.MAIL, Say(b"2"), Pause(0.02), Say(b"50-2.1.0 Sen"), Pause(0.02), b"der\r\n250 OK\r\n")
    async with Exchange(server_certificate.server_context(), script) as exchange:
        async with client(exchange, certificates) as smtp:
            await smtp.send_message(mail())
        assert len(await exchange.took(1)) == 1


async def test_never_answers(server_certificate: Certificate, certificates: Certificates):
    """A silent server keeps the connection open until the client's own patience ends."""
    async with Exchange(server_certificate.server_context(), Script().on(At.DATA, Silence())) as exchange:
        async with client(exchange, certificates) as smtp:
            await smtp.mail(SENDER)
            await smtp.rcpt("a@contoso.com")
            with pytest.raises(aiosmtplib.SMTPTimeoutError):
                await smtp.execute_command(b"DATA", timeout=0.2)
            assert exchange.seen.open_now == 1
            smtp.close()
        assert exchange.seen.count("DATA") == 1


async def test_stops_reading(server_certificate: Certificate, certificates: Certificates):
    """A server that stops reading in the middle of a body stalls the client's writes; the rest stays unread."""
    script = Script().on(At.BODY, StopReading(), after_bytes=1000)
    async with Exchange(server_certificate.server_context(), script, receive_buffer_bytes=16_384) as exchange:
        context = certificates.client_context()
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(submit, exchange.port, context, [b"DATA\r\n"], b"x" * 20_000_000)
        assert exchange.messages == []


async def test_clear_text_behind_the_reply_to_starttls(server_certificate: Certificate):
    """Bytes injected behind 220 reach the client in the clear, before the handshake."""
    script = Script().on(At.STARTTLS, b"220 go\r\n250 injected\r\n")
    async with Exchange(server_certificate.server_context(), script) as exchange:
        reader, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
        await reader.readline()
        writer.write(b"STARTTLS\r\n")
        assert await reader.readline() == b"220 go\r\n"
        assert await reader.readline() == b"250 injected\r\n"
        writer.close()
        await writer.wait_closed()
        await exchange.left_alone()
    assert exchange.seen.handshake_errors == ["the client hung up"]
