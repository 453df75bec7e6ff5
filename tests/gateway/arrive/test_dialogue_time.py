import select
import threading
import time
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from gateway.arrive import ending, receive, smtp
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, send, stored, talk
from tests.gateway.arrive.saying import logged_once, mail_steps, say_all
from tests.peers.loopback import until
from tests.peers.scanner import Device


def stalled(device: Device) -> bytes:
    """Say nothing more, and hear what the listener says before it hangs up."""
    heard = b""
    while reply := device.hear():
        heard += reply
    return heard


def has_heard(device: Device) -> bool:
    """Has anything come from the server that was not read yet?"""
    return bool(select.select([device._line], [], [], 0)[0])


@pytest.mark.parametrize(
    "said", [b"", b"HELO x\r\n", b"MAIL FROM:<>\r\n", b"AUTH LOGIN\r\n", b"HEL", b"\r\n\r\n", b"x" * 9000]
)
async def test_case_31_a_stall_between_commands_ends(box, monkeypatch, said):
    """Case 31: a device that stops between commands, or within one, is given up after the time for a command."""
    monkeypatch.setattr(smtp, "_COMMAND_TIMEOUT_S", 0.2)

    def words(device: Device) -> None:
        device.say(said)
        stalled(device)

    async with listening(box, login="any") as listener:
        await talk(listener, words)
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert stored(box) == []


async def test_case_31_each_command_has_its_time(box, monkeypatch):
    """Case 31: commands renew the time: more of them than fit into one time limit are all answered."""
    monkeypatch.setattr(smtp, "_COMMAND_TIMEOUT_S", 0.5)

    def words(device: Device) -> None:
        for _ in range(6):
            assert not threading.Event().wait(0.15)  # a device that thinks, and not a wait for something
            say_all(device, (b"NOOP", b"250"))
        say_all(device, *mail_steps())

    async with listening(box) as listener:
        await talk(listener, words)
    assert stored(box) == [MAIL]


async def test_case_31_a_stall_within_a_message_ends(box, monkeypatch):
    """Case 31: a device that stops in its message is given up after the time for a block, and nothing of it is kept."""
    monkeypatch.setattr(receive, "_BLOCK_TIMEOUT_S", 0.2)

    def words(device: Device) -> bytes:
        begin(device)
        device.say(b"Subject: half")
        return stalled(device)

    with capture_logs() as logged:
        async with listening(box) as listener:
            await talk(listener, words)
            lost = await logged_once(logged, "smtp-lost")
    assert "advice" not in lost
    assert stored(box) == []


async def test_case_31_a_message_of_single_bytes_is_taken(box, monkeypatch):
    """Case 31: one byte after the other, for longer than any time limit, is progress: the scan is taken."""
    monkeypatch.setattr(receive, "_BLOCK_TIMEOUT_S", 0.5)
    monkeypatch.setattr(smtp, "_COMMAND_TIMEOUT_S", 0.5)

    def words(device: Device) -> bytes:
        begin(device)
        device.trickle(MAIL[:20], gap_s=0.05)
        return device.ask(MAIL[20:] + b".\r\n")

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [MAIL]


@pytest.mark.parametrize(
    ("elapsed_s", "size_bytes", "is_over"),
    [
        (1200, 1200, False),
        (1800, 1800, False),
        (1801, 1801, True),
        (1801, 17_000_000, True),
        (1801, 18_020_000, False),
        (15_000, 150_000_000, False),
        (15_001, 150_000_000, True),
    ],
)
def test_case_31_the_time_of_a_message(elapsed_s, size_bytes, is_over):
    """Case 31: a byte a second has half an hour; longer only who sends 10 kB a second on the whole, up to the limit."""
    assert ending.is_overdue(elapsed_s, size_bytes) == is_over


@pytest.mark.parametrize("gap_s", [0.0, 0.02])
async def test_case_31_a_message_without_end_ends(box, monkeypatch, gap_s):
    """Case 31: neither a drip nor a flood over the limit holds its connection for ever: 421, a line, nothing kept."""
    monkeypatch.setattr(ending, "MESSAGE_TIMEOUT_S", 0.3)
    monkeypatch.setattr(ending, "SLOWEST_BYTES_S", 20_000)

    def words(device: Device) -> bytes:
        begin(device)
        with suppress(ConnectionError):
            while not has_heard(device):
                device.say(b"x" if gap_s else b"x" * 10_000)
                time.sleep(gap_s)
        with suppress(ConnectionError):  # the reply is lost to a device that goes on talking
            return device.hear()
        return b""

    with capture_logs() as logged:
        async with listening(box, message_limit=10_000) as listener:
            heard = await talk(listener, words)
            lost = await logged_once(logged, "smtp-lost")
            await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
            assert (await talk(listener, send)).startswith(b"250")
    assert lost["reason"] == "the message took too long"
    assert heard.startswith(b"421 4.4.2 ") or not gap_s
    assert stored(box) == [MAIL]
    assert list(box.spool.incoming.iterdir()) == []


async def test_case_31_a_long_message_that_comes_on_is_taken(box, monkeypatch):
    """Case 31: a message that goes on to come at a fair rate is taken, though it takes longer than the time for one."""
    monkeypatch.setattr(ending, "MESSAGE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(ending, "SLOWEST_BYTES_S", 1)

    def words(device: Device) -> bytes:
        begin(device)
        device.trickle(MAIL[:20], gap_s=0.02)
        return device.ask(MAIL[20:] + b".\r\n")

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n"])
@pytest.mark.parametrize("who", ["we", "the device"])
async def test_case_32_a_message_that_ends_in_bare_lf_is_explained(box, monkeypatch, end, who):
    """Case 32: strict, such a message never ends; whoever gives up first, the log names the key that takes it."""
    if who == "we":
        monkeypatch.setattr(receive, "_BLOCK_TIMEOUT_S", 0.2)

    def words(device: Device) -> None:
        begin(device)
        device.say(b"Subject: scan\n\nThe scan." + end[:1])
        device.say(end[1:])
        if who == "we":
            assert not stalled(device).startswith(b"2")

    with capture_logs() as logged:
        async with listening(box) as listener:
            await talk(listener, words)
            lost = await logged_once(logged, "smtp-lost")
    assert "set bare_lf = true in [[smtp]] smtp" in lost["advice"]
    assert stored(box) == []


@pytest.mark.parametrize("end", [b".\n", b".\r\n"])
async def test_case_32_with_bare_lf_it_is_taken(box, end):
    """Case 32: with ``bare_lf`` the message ends where the device says so, and the next one is heard."""
    message = b"Subject: scan\n\n..dot\nThe scan.\n"

    def words(device: Device) -> None:
        for _ in range(2):
            say_all(
                device,
                (b"HELO x\n", b"250"),
                (b"MAIL FROM:<>\n", b"250"),
                (b"RCPT TO:<office@contoso.com>\n", b"250"),
                (b"DATA\n", b"354"),
                (message + end, b"250 2.0.0 Ok: taken as "),
            )
        say_all(device, (b"QUIT\n", b"221"))

    async with listening(box, bare_lf=True) as listener:
        await talk(listener, words)
    assert stored(box) == [message.replace(b"\n..", b"\n.")] * 2
