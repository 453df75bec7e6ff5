"""The old device does on the wire and in a folder what it is told, byte for byte."""

import asyncio
from pathlib import Path

import pytest

from tests.peers.exchange import Exchange
from tests.peers.scanner import Device, Expect, Firmware, FolderWriter, dialogue, send_mail
from tests.peers.script import At, Drop, Script

LINES = [b"Subject: scan", b"", b".one", b"two"]


@pytest.fixture
async def gateway():
    """A server that takes mail from old devices: no TLS, no login."""
    async with Exchange(None, needs_login=False) as running:
        yield running


def test_writes_piece_by_piece(tmp_path: Path):
    """The file grows by what is asked for, is appended to when asked, and stays as it is when the device dies."""
    path = tmp_path / "scan.tif"
    with FolderWriter(path, b"x" * 100) as device:
        assert device.write(30) == 70
        assert path.stat().st_size == 30
        device.close()
    assert path.stat().st_size == 30
    with FolderWriter(path, b"y" * 10, is_append=True) as device:
        assert device.write() == 0
    assert path.read_bytes() == b"x" * 30 + b"y" * 10


@pytest.mark.parametrize(
    "firmware",
    [
        Firmware(),
        Firmware(greeting=b"EHLO [192.168.1.40]", is_lower_case=True),
        Firmware(piece_bytes=1),
        Firmware(hangs_up_after_dot=True),
    ],
)
async def test_old_firmware_delivers(gateway: Exchange, firmware: Firmware):
    """Every quirk ends in the same message with the dots as they were."""
    replies = await asyncio.to_thread(send_mail, gateway.port, ["a@contoso.com", "b@contoso.com"], LINES, firmware)
    (message,) = await gateway.received(1)
    assert message.content == b"Subject: scan\r\n\r\n.one\r\ntwo\r\n"
    assert message.recipients == ("a@contoso.com", "b@contoso.com")
    codes = [b"220", b"250", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert [reply[:3] for reply in replies] == (codes[:6] if firmware.hangs_up_after_dot else codes)
    assert gateway.seen.commands[1].line.startswith(b"mail from:<" if firmware.is_lower_case else b"MAIL FROM:<")


async def test_old_firmware_stops_at_a_refusal(gateway: Exchange):
    """A refused recipient ends the job, as old firmware does, with the reply as the last word."""
    gateway.then = Script().on(At.RCPT, b"550 5.1.1 no such user\r\n")
    replies = await asyncio.to_thread(send_mail, gateway.port, ["a@x"], LINES, Firmware())
    assert replies[-1] == b"550 5.1.1 no such user\r\n"
    assert gateway.seen.count("DATA") == 0


async def test_bare_line_ends_and_paths(gateway: Exchange):
    """Bare line feeds go out bare, and addresses without brackets stay without."""
    gateway.then = Script().on(At.MAIL, b"501 5.5.4 brackets\r\n")
    firmware = Firmware(line_end=b"\n", has_bare_paths=True)
    replies = await asyncio.to_thread(send_mail, gateway.port, ["a@x"], LINES, firmware)
    assert replies[-1].startswith(b"501")
    assert gateway.seen.commands[-1].line == b"MAIL FROM:printer@local"


async def test_a_dialogue_is_played_to_the_byte(gateway: Exchange):
    """What a dialogue says arrives as it was said, and its replies come back one for each Expect."""
    said = b"weird \xff\r\n"
    steps: list[bytes | Expect] = [Expect(b"220"), b"EHLO x\r\nNOOP\r\n", Expect(b"250-"), Expect(b"250 2.0.0")]
    steps += [said, Expect(b"500")]
    replies = await asyncio.to_thread(dialogue, gateway.port, steps)
    assert replies[1].count(b"\r\n") > 3
    assert [one.line for one in gateway.seen.commands] == [b"EHLO x", b"NOOP", b"weird \xff"]


async def test_a_dialogue_that_goes_otherwise_is_told(gateway: Exchange):
    """An unexpected reply fails the test with all replies, and so does a connection that ends."""
    with pytest.raises(AssertionError, match="expected b'354', the replies are"):
        await asyncio.to_thread(dialogue, gateway.port, [Expect(b"220"), b"DATA\r\n", Expect(b"354")])
    gateway.then = Script().on(At.NOOP, Drop())
    with pytest.raises(AssertionError, match=r"\[b'220 .*, b''\]"):
        await asyncio.to_thread(dialogue, gateway.port, [Expect(b"220"), b"NOOP\r\n", Expect(b"250")])


async def test_a_server_that_says_nothing_is_not_waited_for_long(gateway: Exchange):
    """The device's patience ends with TimeoutError."""
    with Device(gateway.port) as device:
        assert (await asyncio.to_thread(device.hear)).startswith(b"220")
        device.wait_at_most(0.1)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(device.hear)


@pytest.mark.parametrize("end", ["hang up", "half close", "reset"])
async def test_ends_in_every_way(gateway: Exchange, end: str):
    """However the device leaves in the middle of a message, the server has no whole message of it."""
    device = Device(gateway.port)
    words = b"HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: half"
    await asyncio.to_thread(device.say, words)
    await gateway.heard("DATA")
    match end:
        case "hang up":
            device.hang_up()
        case "half close":
            device.half_close()
        case _:
            device.reset()
    await gateway.left_alone()
    device.hang_up()
    assert gateway.messages == []
