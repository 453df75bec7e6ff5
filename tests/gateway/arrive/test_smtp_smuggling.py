"""False ends of a message, with a dialogue behind them that must not be heard."""

import pytest

from tests.gateway.arrive.doorway import begin, listening, stored, talk
from tests.peers.scanner import Device

FALSE_ENDS = [
    b"\n.\r\n",
    b"\r\n.\n",
    b"\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\r\n..\r\n",
    b"\n\n.\n\n",
    b"\r\n.\r\r\n",
    b"\n\r.\r\n",
    b"\r\n\x85.\r\n",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
]
SMUGGLED = (
    b"MAIL FROM:<boss@contoso.com>\r\nRCPT TO:<victim@contoso.com>\r\nDATA\r\n"
    b"From: boss@contoso.com\r\n\r\nPay this.\r\n"
)


@pytest.mark.parametrize("piece_bytes", [1, 4096])
@pytest.mark.parametrize("end", FALSE_ENDS)
async def test_nothing_is_smuggled_behind_a_false_end(box, end, piece_bytes):
    """Case 33: only CRLF.CRLF ends a message; what follows another end is content of the one mail, byte for byte."""
    message = b"Subject: scan\r\n\r\nThe scan." + end + SMUGGLED

    def words(device: Device) -> list[bytes]:
        begin(device)
        device.trickle(message + b".\r\nQUIT\r\n", piece_bytes)
        return [device.hear() for _ in range(3)]

    async with listening(box) as listener:
        taken, bye, nothing = await talk(listener, words)
    assert (taken[:4], bye[:4], nothing) == (b"250 ", b"221 ", b"")
    (job,) = box.journal.jobs()
    assert job.pending == ("office@contoso.com",)
    assert stored(box) == [message.replace(b"\r\n.", b"\r\n")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\0\r\n"])
async def test_commands_end_at_line_feeds_alone(box, end):
    """Case 33: a command with a bare line end hides no second one: nobody is mailed who was not allowed."""

    def words(device: Device) -> None:
        device.ask(b"HELO x\r\n")
        device.ask(b"MAIL FROM:<a@b.example>\r\n")
        device.say(b"RCPT TO:<office@contoso.com>" + end + b"RCPT TO:<x@evil.example>\r\nDATA\r\n")
        while not (reply := device.hear()).startswith((b"354", b"503")):
            assert b"x@evil.example" not in reply or reply.startswith((b"5", b"250-"))
        if reply.startswith(b"354"):
            assert device.ask(b"The scan.\r\n.\r\n").startswith(b"250")

    async with listening(box) as listener:
        await talk(listener, words)
    assert [job.pending for job in box.journal.jobs()] in ([], [("office@contoso.com",)])
