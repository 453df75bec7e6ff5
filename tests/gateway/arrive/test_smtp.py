import asyncio
import smtplib
import subprocess
from dataclasses import replace
from email.message import EmailMessage

import pytest

from gateway.arrive.listener import Listener, ListenError
from gateway.spool import files
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, port_of, send, stored, talk
from tests.peers.loopback import until
from tests.peers.scanner import Device, Expect, Firmware, dialogue, send_mail


async def test_a_mail_is_taken_and_named(box):
    """A mail is answered 250 with the id of its job, and kept as it came with who sent it to whom."""
    async with listening(box) as listener:
        reply = await talk(listener, send)
    (job,) = box.journal.jobs()
    assert reply == f"250 2.0.0 Ok: taken as {job.id}\r\n".encode()
    assert stored(box) == [MAIL]
    envelope = files.read_envelope(box.spool.jobs / job.id)
    assert (envelope.sender, envelope.recipients) == ("printer@local", ("office@contoso.com",))
    assert (str(envelope.origin), envelope.origin.client) == ("smtp/smtp", "127.0.0.1")
    assert envelope.message_id == f"{job.id}@contoso.com"
    assert box.spool.in_hand == set()


async def test_swaks_and_smtplib_are_taken(box, tmp_path):
    """Two ordinary clients that speak ESMTP deliver, attachment and all."""
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 50)
    mail = EmailMessage()
    mail["Subject"] = "by smtplib"
    mail.add_attachment(scan.read_bytes(), maintype="application", subtype="pdf", filename="scan.pdf")

    def swaks(port: int) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(port), "--timeout", "10", "--from", "a@b.example",
             "--to", "office@contoso.com", "--attach", f"@{scan}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def by_smtplib(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(mail, "a@b.example", ["office@contoso.com"])

    async with listening(box) as listener:
        ended = await asyncio.to_thread(swaks, port_of(listener))
        assert ended.returncode == 0, ended.stdout + ended.stderr
        await asyncio.to_thread(by_smtplib, port_of(listener))
    assert sum(b"by smtplib" in message for message in stored(box)) == 1
    assert len(stored(box)) == 2


@pytest.mark.parametrize(
    "firmware",
    [
        Firmware(),
        Firmware(greeting=b"EHLO printer", is_lower_case=True),
        Firmware(has_bare_paths=True, piece_bytes=1),
        Firmware(line_end=b"\n"),
    ],
)
async def test_old_firmware_is_taken(box, firmware):
    """Old devices with their habits deliver; each line comes with the line end it was sent with, dots undone."""
    lines = [b"Subject: x", b"", b".", b"..two", b"end."]
    async with listening(box) as listener:
        if firmware.line_end == b"\n":  # such a device ends its last line right, or nothing would end the message
            lines.append(b"\r")
        replies = await asyncio.to_thread(send_mail, port_of(listener), ["office@contoso.com"], lines, firmware)
    assert [reply[:3] for reply in replies] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    expected = [b"Subject: x", b"", b".", b"..two", b"end."]
    if firmware.line_end == b"\n":
        expected = [b"Subject: x", b"", b"..", b"...two", b"end.", b"\r"]  # dots were doubled behind bare LF: content
    assert stored(box) == [b"".join(line + firmware.line_end for line in expected)]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\r\n",
        b"a\nb\rc\r\r\nd\r\n",
        b"NUL \0 and 8 bit \xff\xfe\r\n",
        b"x" * 300_000 + b"\r\n",
        b"\n.\nMAIL FROM:<evil@contoso.com>\r\n",
        b"\n.\r\nMAIL FROM:<evil@contoso.com>\r\n",
        b"\r\n.\nRCPT TO:<evil@contoso.com>\r\n"[2:],
        b"a\r.\rDATA\r\n",
    ],
)
async def test_bytes_come_through_as_one_message(box, message):
    """Bare line ends, NUL, 8 bit, endless lines and false ends are content, byte for byte, of one message."""
    async with listening(box) as listener:
        reply = await talk(listener, lambda device: send(device, message))
    assert reply.startswith(b"250")
    expected = message.removeprefix(b".") if message.startswith(b".") else message
    assert stored(box) == [expected]


async def test_pipelined_mails_are_two(box):
    """A second mail and QUIT in the same packet as the first one's end are heard, each message once."""
    again = b"MAIL FROM:<>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n"

    def words(device: Device) -> list[bytes]:
        begin(device)
        device.say(b"first\r\n.\r\n" + again)
        replies = [device.hear() for _ in range(4)]
        device.say(b"second\r\n.\r\nQUIT\r\n")
        return [*replies, device.hear(), device.hear()]

    async with listening(box) as listener:
        replies = await talk(listener, words)
    assert [reply[:3] for reply in replies] == [b"250", b"250", b"250", b"354", b"250", b"221"]
    assert sorted(stored(box)) == [b"first\r\n", b"second\r\n"]


async def test_refused_recipients_are_not_sent_to(box):
    """A mail goes to the recipients that were answered 250, each once, and to no other."""
    steps: list[bytes | Expect] = [
        Expect(b"220"), b"HELO x\r\n", Expect(b"250"), b"MAIL FROM:<>\r\n", Expect(b"250"),
        b"RCPT TO:<a@elsewhere.example>\r\n", Expect(b"550 5.7.1 a@elsewhere.example is not in recipients"),
        b"RCPT TO:<b@contoso.com>\r\n", Expect(b"250"), b"RCPT TO:<b@contoso.com>\r\n", Expect(b"250"),
        b"RCPT TO:<c@contoso.com>\r\n", Expect(b"250"), b"DATA\r\n", Expect(b"354"), b".\r\n", Expect(b"250"),
    ]  # fmt: skip
    async with listening(box) as listener:
        await asyncio.to_thread(dialogue, port_of(listener), steps)
    (job,) = box.journal.jobs()
    assert job.pending == ("b@contoso.com", "c@contoso.com")
    assert files.read_envelope(box.spool.jobs / job.id).sender is None


@pytest.mark.parametrize(
    "greeting", [b"HELO", b"EHLO", b"HELO (null)", b"EHLO [IPv6:::1]", b"ehlo a b c", b"HELO " + b"x" * 300]
)
async def test_any_greeting_is_answered(box, greeting):
    """A device that names itself oddly, or not at all, is let in: who it is, its address says."""
    steps: list[bytes | Expect] = [
        Expect(b"220"),
        greeting + b"\r\n",
        Expect(b"250"),
        b"MAIL FROM:<>\r\n",
        Expect(b"250"),
    ]
    async with listening(box) as listener:
        await asyncio.to_thread(dialogue, port_of(listener), steps)


async def test_parameters_nobody_asked_for_are_ignored(box):
    """A device that sends parameters of extensions we never offered gets its mail taken all the same."""
    steps: list[bytes | Expect] = [
        Expect(b"220"), b"EHLO x\r\n", Expect(b"250"),
        b"MAIL FROM:<a@b.example> BODY=BINARYMIME AUTH=<> RET=HDRS ENVID=x+2By X-ODD=1 SIZE=5\r\n", Expect(b"250"),
        b"RCPT TO:<b@contoso.com> NOTIFY=NEVER ORCPT=rfc822;b@contoso.com\r\n", Expect(b"250"),
        b"DATA\r\n", Expect(b"354"), MAIL + b".\r\n", Expect(b"250"),
    ]  # fmt: skip
    async with listening(box) as listener:
        await asyncio.to_thread(dialogue, port_of(listener), steps)
    assert stored(box) == [MAIL]


async def test_a_mail_to_nobody_is_not_begun(box):
    """When every recipient was refused DATA is refused too, and nothing is written."""
    steps: list[bytes | Expect] = [
        Expect(b"220"), b"HELO x\r\n", Expect(b"250"), b"DATA\r\n", Expect(b"503"), b"MAIL FROM:<>\r\n", Expect(b"250"),
        b"RCPT TO:<a@elsewhere.example>\r\n", Expect(b"550"), b"DATA\r\n", Expect(b"503"), b"QUIT\r\n", Expect(b"221"),
    ]  # fmt: skip
    async with listening(box) as listener:
        await asyncio.to_thread(dialogue, port_of(listener), steps)
    assert stored(box) == []


async def test_a_stranger_is_refused(box):
    """An address that is not in ``clients`` hears 554 with the key that refuses it, and is not listened to."""
    async with listening(box, clients=("192.0.2.1",)) as listener:

        def words() -> list[bytes]:
            with Device(port_of(listener)) as device:
                return [device.hear(), device.hear()]

        assert await asyncio.to_thread(words) == [b"554 5.7.1 127.0.0.1 is not in clients of [[smtp]] smtp\r\n", b""]
        assert listener.sessions == set()


async def test_one_too_many_is_told_to_wait(box):
    """Above ``connections`` a device hears 421, which it repeats, and gets in when another has gone."""
    async with listening(box, connections=2) as listener:

        def words() -> tuple[bytes, bytes]:
            with Device(port_of(listener)) as first:
                assert first.hear().startswith(b"220")
                with Device(port_of(listener)) as second:
                    assert second.hear().startswith(b"220")
                    with Device(port_of(listener)) as third:
                        refused = third.hear()
                assert second is not first
                return refused, send(first)

        refused, reply = await asyncio.to_thread(words)
        assert refused == b"421 4.7.0 Too many connections, try again later\r\n"
        assert reply.startswith(b"250")
        await until(lambda: not listener.sessions, DEADLINE_S, "sessions forgotten")
        assert (await talk(listener, send)).startswith(b"250")


async def test_over_the_limit_is_refused_and_the_session_goes_on(box):
    """A message over ``message_limit`` is refused with 552, declared or not; one of exactly the limit is taken."""
    limit = 10_000

    def words(device: Device) -> list[bytes]:
        replies = [send(device, b"x" * (limit - 1) + b"\r\n")]
        replies.append(device.ask(b"EHLO x\r\n"))
        replies.append(device.ask(b"MAIL FROM:<> SIZE=10001\r\n"))
        return [*replies, send(device, b"y" * (limit - 2) + b"\r\n")]

    async with listening(box, message_limit=limit) as listener:
        over, hello, declared, exactly = await talk(listener, words)
    assert over.startswith(b"552 5.3.4 Larger than message_limit of [[smtp]] smtp")
    assert b"250-SIZE 10000\r\n" in hello
    assert declared.startswith(b"552")
    assert exactly.startswith(b"250")
    assert stored(box) == [b"y" * (limit - 2) + b"\r\n"]
    assert list(box.spool.incoming.iterdir()) == []


async def test_many_devices_at_once(box):
    """Devices that send at the same time get a job each, and none another's message."""
    messages = [b"%d\r\n" % number * 5000 for number in range(8)]
    async with listening(box) as listener:
        replies = await asyncio.gather(*(talk(listener, lambda d, m=m: send(d, m)) for m in messages))  # type: ignore[misc]
    assert len({bytes(reply) for reply in replies}) == len(messages)
    assert sorted(stored(box)) == sorted(messages)


async def test_a_port_that_is_taken_is_told(box):
    """A listener whose port is taken says which key, why, and what may be the matter."""
    async with listening(box) as listener:
        taken = replace(box.config.smtp[0], listen=f"127.0.0.1:{port_of(listener)}")
        with pytest.raises(
            ListenError, match=r"^smtp\.smtp\.listen: 127\.0\.0\.1:\d+ cannot be opened: another program"
        ):
            await Listener(box.intake, (taken,)).open()
