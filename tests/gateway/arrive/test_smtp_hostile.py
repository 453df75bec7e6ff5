"""Devices gone wild, byte for byte: floods, trickles, silence, and going at any moment."""

import asyncio
import select
import socket
import time
from contextlib import suppress
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from gateway.arrive import ending, hooks, smtp
from gateway.arrive.guard import Visit
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, port_of, send, stored, talk
from tests.peers.loopback import until, wait_until
from tests.peers.scanner import Device

BOTH: Final = {"clients": ("127.0.0.1", "127.0.0.2")}
WILD: Final = "127.0.0.2"


def has_heard(device: Device) -> bool:
    """Has anything come from the server that was not read yet?"""
    return bool(select.select([device._line], [], [], 0)[0])


def everything(device: Device) -> list[bytes]:
    """Every reply until the server hangs up."""
    replies = []
    while reply := device.hear():
        replies.append(reply)
    return replies


def flood(device: Device, words: bytes) -> None:
    """Say the words as long as the server takes them."""
    with suppress(ConnectionError, TimeoutError):
        device.say(words)


@pytest.mark.parametrize(
    ("command", "most", "last"),
    [
        (b"NOOP\r\n", 50, "421 4.7.0 Closing: too many commands without a mail"),
        (b"RSET\r\n", 50, "421 4.7.0 Closing: too many commands without a mail"),
        (b"EHLO x\r\n", 50, "421 4.7.0 Closing: too many commands without a mail"),
        (b"VRFY office\r\n", 50, "421 4.7.0 Closing: too many commands without a mail"),
        (b"GET / HTTP/1.1\r\n", 5, "421 4.7.0 Closing: too many unknown commands"),
        (b"RCPT TO:<office@contoso.com>\r\n", 1000, "421 4.7.0 Closing: too many recipients"),
        (b"RCPT TO:<x@evil.example>\r\n", 200, "421 4.7.0 Too many failures, try again in 60 seconds"),
    ],
)
async def test_a_flood_of_commands_ends(box, monkeypatch, command, most, last):
    """Case 46: 100,000 pipelined commands are heard up to their limit, then 421 ends it; others are served beside.

    What is said to a device that goes on talking may be lost to it (TCP), so it is looked at where it is said.
    """
    farewells: list[str] = []
    real = Visit.answered

    def answered(visit: Visit, reply: str) -> str:
        farewell = real(visit, reply)
        if visit.address == WILD and reply[:3] not in {"220", "354"} and reply[3:4] != "-":
            farewells.append(farewell)
        return farewell

    def wild() -> None:
        with Device(port_of(listener), source=WILD) as device:
            device.hear()
            if command.startswith(b"RCPT"):
                device.ask(b"EHLO x\r\n")
                device.ask(b"MAIL FROM:<>\r\n")
            flood(device, command * 100_000)
            everything(device)

    monkeypatch.setattr(Visit, "answered", answered)
    async with listening(box, **BOTH, pause=60.0) as listener:
        _, taken = await asyncio.gather(asyncio.to_thread(wild), talk(listener, send))
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert most <= len(farewells) <= most + 2
    assert farewells == [""] * (len(farewells) - 1) + [last]
    assert taken.startswith(b"250")
    assert stored(box) == [MAIL]


async def test_pipelined_commands_leave_room_for_others(box, monkeypatch):
    """The event loop has its turn between any two of a packet of commands, however much is there already."""
    ticks, judged = 0, []
    real = hooks.Hooks.handle_RCPT

    async def counted(*args: Any) -> str:
        judged.append(ticks)
        return await real(*args)

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    def words(device: Device) -> list[bytes]:
        device.ask(b"HELO x\r\n")
        device.ask(b"MAIL FROM:<>\r\n")
        device.say(b"RCPT TO:<office@contoso.com>\r\n" * 500 + b"QUIT\r\n")
        return everything(device)

    monkeypatch.setattr(hooks.Hooks, "handle_RCPT", counted)
    ticking = asyncio.create_task(tick())
    async with listening(box) as listener:
        assert len(await talk(listener, words)) == 501
    ticking.cancel()
    assert len(set(judged)) == 500


async def test_a_pause_is_one_clients_own(box):
    """Case 46: a client that failed too often hears 421 as greeting, on each connection, while another is served."""
    with capture_logs() as logged:
        async with listening(box, **BOTH, pause=3600.0) as listener:

            def wild() -> list[bytes]:
                heard = []
                for _ in range(10):
                    with Device(port_of(listener), source=WILD) as device:
                        greeting = device.hear()
                        if greeting.startswith(b"220"):
                            flood(device, b"GET /\r\n" * 5)
                        heard.append(greeting)
                        everything(device)
                return heard

            greetings = await asyncio.to_thread(wild)
            assert (await talk(listener, send)).startswith(b"250")
    assert [greeting[:3] for greeting in greetings] == [b"220"] * 4 + [b"421"] * 6
    paused = [line for line in logged if line["event"] == "smtp-paused"]
    assert [(line["client"], line["reason"]) for line in paused] == [(WILD, "20 unknown commands")]


async def test_a_client_cannot_take_all_connections(box):
    """Case 46: a client that opens connections without end has ``client_connections``, and another is served."""
    async with listening(box, **BOTH, client_connections=4) as listener:

        def wild() -> tuple[list[bytes], bytes]:
            held = [Device(port_of(listener), source=WILD) for _ in range(40)]
            greetings = [device.hear() for device in held]
            with Device(port_of(listener)) as other:
                assert other.hear().startswith(b"220")
                reply = send(other)
            for device in held:
                device.hang_up()
            return greetings, reply

        greetings, reply = await asyncio.to_thread(wild)
        await until(lambda: not listener.sessions, DEADLINE_S, "the sessions forgotten")
    assert [greeting[:3] for greeting in greetings] == [b"220"] * 4 + [b"421"] * 36
    assert reply.startswith(b"250")


@pytest.mark.parametrize("word", [b"x", b"EHLO x\n", b"GET\r\n"])
async def test_a_trickle_does_not_renew_the_time(box, monkeypatch, word):
    """Case 46: bytes of a command that does not end, or of none that there is, do not put off the end of its time."""
    monkeypatch.setattr(smtp, "_COMMAND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(ending, "PROGRESS_TIMEOUT_S", 0.9)

    def words(device: Device) -> bytes:
        device.say(b"EHLO ")
        while not has_heard(device) or word != b"x":
            try:
                device.say(word)
            except ConnectionError:
                break
            time.sleep(0.02)
        return everything(device)[-1]

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"421 4.")
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")


async def test_a_session_without_a_mail_ends(box, monkeypatch):
    """Case 46: a device that always says something and never sends a mail is ended; one within its message is not."""
    monkeypatch.setattr(ending, "PROGRESS_TIMEOUT_S", 0.3)

    def busy(device: Device) -> bytes:
        while (reply := device.ask(b"NOOP\r\n")).startswith(b"250"):
            time.sleep(0.02)
        return reply

    def slow(device: Device) -> bytes:
        begin(device)
        device.trickle(MAIL + b".\r\n", 1, 0.03)
        return device.hear()

    async with listening(box) as listener:
        ended, taken = await asyncio.gather(talk(listener, busy), talk(listener, slow))
    assert ended == b"421 4.4.2 No mail came in time, goodbye\r\n"
    assert taken.startswith(b"250")
    assert stored(box) == [MAIL]


async def test_a_line_without_end_is_not_heard_to_its_end(box):
    """A command line of many megabytes ends the session after one of them, and takes no memory."""

    def words(device: Device) -> list[bytes]:
        flood(device, b"EHLO " + b"x" * 30_000_000)
        return everything(device)

    async with listening(box) as listener:
        assert await talk(listener, words) == [b"421 4.7.0 Closing: a line without end\r\n"]
        assert (await talk(listener, send)).startswith(b"250")


async def test_a_long_line_is_refused_and_the_session_goes_on(box):
    """A command line of 20,000 bytes is refused, and the mail behind it is taken."""
    async with listening(box) as listener:
        reply, taken = await talk(listener, lambda device: (device.ask(b"X" * 20_000 + b"\r\n"), send(device)))
    assert reply.startswith(b"500 ")
    assert taken.startswith(b"250")


async def test_a_header_line_without_end_is_content(box):
    """A header of 20 MB in one line is taken as it is: it goes to the disk, block by block."""
    message = b"Subject: " + b"x" * 20_000_000 + b"\r\n"
    async with listening(box) as listener:
        assert (await talk(listener, lambda device: send(device, message))).startswith(b"250")
    assert stored(box) == [message]


async def test_a_device_that_reads_nothing_is_cut_off(box, monkeypatch):
    """Case 46: replies that nobody reads take bounded memory, and their connection ends though it cannot be emptied."""
    monkeypatch.setattr(ending, "FAREWELL_S", 0.2)
    most = 0

    def wild() -> None:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            line.settimeout(DEADLINE_S)
            line.connect(("127.0.0.1", port_of(listener)))
            wait_until(lambda: bool(listener.sessions), DEADLINE_S, "the session")
            (session,) = listener.sessions
            assert session.transport is not None
            session.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            line.sendall(b"EHLO x\r\nMAIL FROM:<>\r\n")
            with suppress(OSError):
                line.sendall(b"RCPT TO:<office@contoso.com>\r\n" * 100_000)
            wait_until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")

    async def watch() -> None:
        nonlocal most
        while True:
            for session in listener.sessions:
                if isinstance(session.transport, asyncio.WriteTransport):
                    most = max(most, session.transport.get_write_buffer_size())
            await asyncio.sleep(0)

    async with listening(box) as listener:
        watching = asyncio.create_task(watch())
        await asyncio.to_thread(wild)
        watching.cancel()
    assert 0 < most < 100_000


async def test_a_half_open_connection_ends(box, monkeypatch):
    """Case 46: a device that was switched off, and so never says that it has gone, is forgotten after its time."""
    monkeypatch.setattr(smtp, "_COMMAND_TIMEOUT_S", 0.2)
    async with listening(box) as listener:

        def words(device: Device) -> list[bytes]:
            device.ask(b"EHLO x\r\n")
            return everything(device)

        assert await talk(listener, words) == [b"421 4.4.2 Nothing came in time, goodbye\r\n"]
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
        assert len(listener.guard.clients) == 1
        assert (await talk(listener, send)).startswith(b"250")
