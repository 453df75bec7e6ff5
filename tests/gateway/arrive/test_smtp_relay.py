"""Never an open relay: over the wire, whom a device may name, and as whom."""

import pytest
from structlog.testing import capture_logs

from gateway.spool import files
from tests.gateway.arrive.doorway import MAIL, listening, send, stored, talk
from tests.peers.scanner import Device


def name(device: Device, sender: bytes, recipients: list[bytes]) -> list[bytes]:
    """Name sender and recipients, as they stand; the replies to the recipients."""
    device.ask(b"EHLO x\r\n")
    assert device.ask(b"MAIL FROM:" + sender + b"\r\n").startswith(b"250")
    return [device.ask(b"RCPT TO:" + recipient + b"\r\n") for recipient in recipients]


def deliver(device: Device) -> bytes:
    """Send the message to whoever was allowed."""
    assert device.ask(b"DATA\r\n").startswith(b"354")
    return device.ask(MAIL + b".\r\n")


async def test_150_recipients_mixed(box):
    """Case 40: of 150 recipients, every second forbidden, the allowed get the mail and the forbidden are refused."""
    names = [b"<n%d@%s>" % (number, (b"contoso.com", b"evil.example")[number % 2]) for number in range(150)]

    def words(device: Device) -> list[bytes]:
        return [*name(device, b"<>", names), deliver(device)]

    with capture_logs() as logged:
        async with listening(box) as listener:
            *replies, taken = await talk(listener, words)
    assert [reply[:9] for reply in replies] == [b"250 2.1.5", b"550 5.7.1"] * 75
    assert taken.startswith(b"250")
    (job,) = box.journal.jobs()
    assert job.pending == tuple(f"n{number}@contoso.com" for number in range(0, 150, 2))
    assert len([line for line in logged if line["event"] == "smtp-refused"]) == 20


async def test_150_recipients_allowed(box):
    """Case 40: of 150 allowed recipients the first hundred are taken, the others are told to come in another mail."""
    names = [b"<n%d@contoso.com>" % number for number in range(150)]

    def words(device: Device) -> tuple[list[bytes], list[bytes]]:
        first = name(device, b"<>", [*names, names[0], b"<x@evil.example>"])
        deliver(device)
        rest = name(device, b"<>", names[100:])
        deliver(device)
        return first, rest

    async with listening(box) as listener:
        first, rest = await talk(listener, words)
    assert [reply[:3] for reply in first] == [b"250"] * 100 + [b"452"] * 50 + [b"250", b"550"]
    assert [reply[:3] for reply in rest] == [b"250"] * 50
    took = [len(files.read_envelope(box.spool.jobs / job.id).recipients) for job in box.journal.jobs()]
    assert sorted(took) == [50, 100]


@pytest.mark.parametrize(
    "named",
    [
        b"<x@evil.example>",
        b"x@evil.example",
        b"<x%evil.example@contoso.com>",
        b"<evil.example!x@contoso.com>",
        b"<@contoso.com:x@evil.example>",
        b"<@contoso.com,@b.example:x@evil.example>",
        b"<x@contoso.com@evil.example>",
        b"<x@evil.example@contoso.com>",
        b'<"x@evil.example"@contoso.com>',
        b'<"x@evil.example">',
        b"<x@[127.0.0.1]>",
        b"<x@[IPv6:::1]>",
        b"<x@127.0.0.1>",
        b"<x@sub.contoso.com>",
        b"<x@contoso.com.evil.example>",
        b"<x@evil.example\0@contoso.com>",
        b"<x@evil.example\r@contoso.com>",
        b"<x@evil.example> <office@contoso.com>",
        b"<x@evil.example>,<office@contoso.com>",
        b"<x@evil.example> ORCPT=rfc822;office@contoso.com",
        b"<postmaster>",
        b"<>",
        b"<(office@contoso.com)x@evil.example>",
    ],
)
async def test_no_form_of_an_address_is_relayed(box, named):
    """Case 40: percent hack, source route, two at signs, quotes, literals: whatever it is, nobody else is mailed."""

    def words(device: Device) -> bytes:
        name(device, b"<a@b.example>", [named])
        return device.ask(b"DATA\r\n")

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"503")
    assert stored(box) == []


async def test_a_source_route_to_us_is_left_out(box):
    """Case 40: a source route before a listed address is ignored (RFC 5321 appendix C); that address gets the mail."""

    def words(device: Device) -> bytes:
        name(device, b"<>", [b"<@evil.example:office@contoso.com>"])
        return deliver(device)

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    (job,) = box.journal.jobs()
    assert job.pending == ("office@contoso.com",)


async def test_parameters_and_the_empty_sender(box):
    """Case 40: unasked parameters of MAIL and RCPT do not keep a mail out, nor does the empty sender."""

    def words(device: Device) -> bytes:
        sender = b"<> AUTH=<> RET=HDRS ENVID=abc BODY=BINARYMIME"
        name(device, sender, [b"<office@contoso.com> NOTIFY=NEVER ORCPT=rfc822;x@evil.example"])
        return deliver(device)

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    (job,) = box.journal.jobs()
    assert job.pending == ("office@contoso.com",)


async def test_senders_are_limited(box):
    """With ``senders`` any other MAIL FROM hears 550 and the key, the log has it, and a right one goes on at once."""

    def words(device: Device) -> list[bytes]:
        device.ask(b"EHLO x\r\n")
        asked = [b"<x@evil.example>", b"<>", b"<printer>", b"<printer@contoso.com>"]
        return [device.ask(b"MAIL FROM:" + sender + b"\r\n") for sender in asked]

    with capture_logs() as logged:
        async with listening(box, senders=("contoso.com",)) as listener:
            replies = await talk(listener, words)
    assert [reply[:9] for reply in replies] == [b"550 5.7.1"] * 3 + [b"250 2.1.0"]
    assert replies[0] == b"550 5.7.1 x@evil.example is not in senders of [[smtp]] smtp\r\n"
    refused = [line["reply"] for line in logged if line["event"] == "smtp-refused"]
    assert refused == [reply.decode().strip() for reply in replies[:3]]


async def test_too_many_messages_wait(box):
    """Over ``client_messages`` a device hears 451 at MAIL, in this and in any other connection, and never 5xx."""

    def words(device: Device) -> bytes:
        assert send(device).startswith(b"250")
        assert send(device).startswith(b"250")
        return device.ask(b"MAIL FROM:<a@b.example>\r\n")

    async with listening(box, client_messages=2) as listener:
        assert (await talk(listener, words)).startswith(b"451 4.7.0 More than client_messages of [[smtp]] smtp")
        again = await talk(listener, lambda d: (d.ask(b"HELO x\r\n"), d.ask(b"MAIL FROM:<a@b.example>\r\n"))[1])
        assert again.startswith(b"451 4.7.0 ")
    assert len(stored(box)) == 2
