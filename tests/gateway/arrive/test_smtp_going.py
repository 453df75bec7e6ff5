"""Devices that go, at any moment of their dialogue."""

import asyncio
import gc
import logging
import select
import weakref
from collections.abc import Callable
from typing import Final

import pytest
from structlog.testing import capture_logs

from gateway.arrive.smtp import DeviceSession
from gateway.spool import durable
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, send, stored, talk
from tests.peers.loopback import until, wait_until
from tests.peers.scanner import Device


def say_hello(device: Device) -> None:
    """Greet."""
    device.ask(b"EHLO x\r\n")


def name_a_sender(device: Device) -> None:
    """Greet and name a sender."""
    say_hello(device)
    device.ask(b"MAIL FROM:<>\r\n")


def name_a_recipient(device: Device) -> None:
    """Say all that is said before DATA."""
    name_a_sender(device)
    device.ask(b"RCPT TO:<office@contoso.com>\r\n")


def ask_to_send(device: Device) -> None:
    """Say DATA and do not wait for its answer."""
    name_a_recipient(device)
    device.say(b"DATA\r\n")


def send_half(device: Device) -> None:
    """Stop within the message."""
    begin(device)
    device.say(b"half a message")


def send_all(device: Device) -> None:
    """Let the 250 come and do not read it."""
    begin(device)
    device.say(MAIL + b".\r\n")
    assert select.select([device._line], [], [], DEADLINE_S)[0]


def quit_early(device: Device) -> None:
    """Do not wait for the farewell."""
    say_hello(device)
    device.say(b"QUIT\r\n")


def say_much(device: Device) -> None:
    """Say what is answered many times, and read none of it."""
    device.say(b"NOOP\r\n" * 40)


WAYS: Final = [
    lambda _: None, say_hello, name_a_sender, name_a_recipient, ask_to_send, send_half, send_all, quit_early, say_much,
]  # fmt: skip


@pytest.mark.parametrize("go", [Device.reset, Device.hang_up])
@pytest.mark.parametrize("way", WAYS)
async def test_a_device_may_go_at_any_moment(box, caplog, way: Callable[[Device], None], go: Callable[[Device], None]):
    """Case 30: whenever a device resets or closes, a whole message is kept, once, and nothing is a fault of ours."""

    def words(device: Device) -> None:
        way(device)
        go(device)

    with capture_logs() as logged, caplog.at_level(logging.WARNING):
        async with listening(box) as listener:
            await talk(listener, words)
            await until(lambda: not listener.sessions and not listener.commits, DEADLINE_S, "the session forgotten")
            await until(lambda: not list(box.spool.incoming.iterdir()), DEADLINE_S, "the draft removed")
            assert (await talk(listener, send)).startswith(b"250")
        gc.collect()
        await asyncio.sleep(0)
    assert stored(box) == [MAIL] * (2 if way is send_all else 1)
    assert [line for line in logged if line["event"] == "local-fault"] == []
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_a_session_that_has_gone_is_not_kept(box, monkeypatch, gate):
    """Case 30: of a device that goes behind its dot nothing waits in memory once its scan is stored."""
    monkeypatch.setattr(durable, "checkpoint", lambda _: gate.pass_through())
    known: weakref.WeakSet[DeviceSession] = weakref.WeakSet()

    def words(device: Device) -> None:
        begin(device)
        device.say(MAIL + b".\r\n")
        assert gate.reached.wait(DEADLINE_S)
        known.update(listener.sessions)
        device.reset()
        wait_until(lambda: not listener.sessions, DEADLINE_S, "the connection ended")
        gate.opened.set()

    async with listening(box) as listener:
        await talk(listener, words)
        await until(lambda: bool(box.journal.jobs()) and not listener.commits, DEADLINE_S, "the scan stored")

        def is_forgotten() -> bool:
            gc.collect()
            return not known

        await until(is_forgotten, DEADLINE_S, "the session collected")
