"""When the 250 comes, and what a device may do to us around it."""

import asyncio
import os
import select
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.arrive import receive
from gateway.arrive.arriving import STORED
from gateway.spool import durable, files, recover
from gateway.spool.journal import Journal
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, port_of, send, stored, talk
from tests.gateway.arrive.gate import Gate
from tests.gateway.spool.given import NOW_S
from tests.peers.loopback import until, wait_until
from tests.peers.scanner import Device


def stop_at(monkeypatch: pytest.MonkeyPatch, gate: Gate, step: str) -> None:
    """Have the commit stop just before a step whose name begins so."""
    monkeypatch.setattr(durable, "checkpoint", lambda name: gate.pass_through() if name.startswith(step) else None)


def stop_at_flush(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> None:
    """Have the flush of an arrived message stop."""
    real = os.fsync

    def fsync(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name == STORED:
            gate.pass_through()
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)


def has_heard(device: Device) -> bool:
    """Has anything come from the server that was not read yet?"""
    return bool(select.select([device._line], [], [], 0)[0])


@pytest.mark.parametrize("step", ["before rename", "after rename", "after sync directory jobs", "after sync 2"])
async def test_no_250_before_the_commit_has_ended(box, monkeypatch, gate, step):
    """As long as the commit is not flushed to its end the device hears nothing, while the listener serves others."""
    stop_at(monkeypatch, gate, step)

    def words(device: Device) -> bytes:
        begin(device)
        device.say(MAIL + b".\r\n")
        assert gate.reached.wait(DEADLINE_S)
        with Device(port_of(listener)) as other:
            assert other.hear().startswith(b"220")
            assert other.ask(b"NOOP\r\n").startswith(b"250")
        assert not has_heard(device)
        gate.opened.set()
        return device.hear()

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250 2.0.0 Ok: taken as ")
    assert stored(box) == [MAIL]


async def test_the_journal_knows_right_after_the_device(box, monkeypatch, gate):
    """A device hears 250 once the job is on disk; its row follows, and closing the listener waits for it."""
    monkeypatch.setattr(Journal, "admit_all", lambda *args, real=Journal.admit_all: (gate.pass_through(), real(*args)))
    async with listening(box) as listener:
        assert (await talk(listener, send)).startswith(b"250")
        await until(gate.reached.is_set, DEADLINE_S, "the entry begun")
        assert len(files.listing(box.spool.jobs)) == 1
        assert box.journal.jobs() == []
        assert recover.adopt(box.spool, box.journal, NOW_S) == 0
        closing = asyncio.create_task(listener.close())
        await until(lambda: not listener.sessions, DEADLINE_S, "the sessions ended")
        assert not closing.done()
        gate.opened.set()
        await closing
        assert stored(box) == [MAIL]


def go_by_close(device: Device) -> None:
    """End as a device that thinks it is done."""
    device.hang_up()


def go_by_reset(device: Device) -> None:
    """End as a device that is switched off and on."""
    device.reset()


def go_half(device: Device) -> None:
    """End one direction only."""
    device.half_close()


@pytest.mark.parametrize("go", [go_by_close, go_by_reset, go_half])
@pytest.mark.parametrize("where", ["flush", "commit"])
async def test_a_device_that_goes_behind_its_dot_is_stored_once(box, monkeypatch, gate, go, where):
    """Case 30: a device that shows "sent" and goes while we still write has its scan stored, exactly once."""
    if where == "flush":
        stop_at_flush(monkeypatch, gate)
    else:
        stop_at(monkeypatch, gate, "before write")

    def words(device: Device) -> None:
        begin(device)
        device.say(MAIL + b".\r\n")
        assert gate.reached.wait(DEADLINE_S)
        go(device)
        if go is not go_half:  # the listener has seen it go
            wait_until(lambda: not listener.sessions or has_ended(), DEADLINE_S, "the connection ended")
        gate.opened.set()

    def has_ended() -> bool:
        return all(session._reader.at_eof() for session in listener.sessions)

    async with listening(box) as listener:
        await talk(listener, words)
        await until(lambda: len(box.journal.jobs()) == 1, DEADLINE_S, "the scan stored")
        await until(lambda: not listener.commits and not listener.sessions, DEADLINE_S, "the session forgotten")
    assert stored(box) == [MAIL]
    assert list(box.spool.incoming.iterdir()) == []


async def test_a_half_closed_device_hears_its_250(box):
    """Case 30: a device that closes its side behind the dot still hears the reply, and then the end."""

    def words(device: Device) -> list[bytes]:
        begin(device)
        device.say(MAIL + b".\r\n")
        device.half_close()
        return [device.hear(), device.hear()]

    async with listening(box) as listener:
        reply, end = await talk(listener, words)
    assert reply.startswith(b"250 2.0.0 Ok: taken as ")
    assert end == b""


@pytest.mark.parametrize("go", [go_by_close, go_by_reset, go_half])
async def test_a_device_that_goes_before_its_dot_left_nothing(box, go):
    """Half a message is never a scan: nothing is stored, nothing stays, and the log says who went."""

    def words(device: Device) -> None:
        begin(device)
        device.say(b"half a mess")
        go(device)

    with capture_logs() as logged:
        async with listening(box) as listener:
            await talk(listener, words)
            await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
            await until(lambda: not list(box.spool.incoming.iterdir()), DEADLINE_S, "the draft removed")
    assert stored(box) == []
    assert [line["client"] for line in logged if line["event"] == "smtp-lost"] == ["127.0.0.1"]


async def test_a_silent_device_is_given_up(box, monkeypatch):
    """A device that stops in its message is given up after the time for a block, and nothing of it stays."""
    monkeypatch.setattr(receive, "_BLOCK_TIMEOUT_S", 0.05)

    def words(device: Device) -> bytes:
        begin(device)
        device.say(b"half a message")
        return device.hear()

    async with listening(box) as listener:
        assert await talk(listener, words) == b"421 4.4.2 Nothing came in time, goodbye\r\n"
        await until(lambda: not list(box.spool.incoming.iterdir()), DEADLINE_S, "the draft removed")
    assert stored(box) == []


async def test_a_slow_device_has_its_time_renewed(box, monkeypatch):
    """A device that sends a little now and then takes as long as it likes: each block starts the time anew."""
    monkeypatch.setattr(receive, "_BLOCK_TIMEOUT_S", 1.0)

    def words(device: Device) -> bytes:
        begin(device)
        device.trickle(b"x" * 14, gap_s=0.1)
        return device.ask(b"\r\n.\r\n")

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [b"x" * 14 + b"\r\n"]


async def test_closing_waits_for_a_commit(box, monkeypatch, gate):
    """The service does not stop in the middle of a commit: its device hears 250, or it would send its mail again.

    A device that has not come so far is not waited for.
    """
    stop_at(monkeypatch, gate, "before rename")
    async with listening(box) as listener:
        talking = asyncio.create_task(talk(listener, send))
        await until(gate.reached.is_set, DEADLINE_S, "the commit begun")
        other = asyncio.create_task(talk(listener, Device.hear))
        await until(lambda: len(listener.sessions) == 2, DEADLINE_S, "the other greeted")
        closing = asyncio.create_task(listener.close())
        assert await other == b""
        assert not closing.done()
        gate.opened.set()
        await closing
        assert stored(box) == [MAIL]
        assert (await talking).startswith(b"250 2.0.0 Ok: taken as ")


async def test_closing_ends_what_is_not_begun(box):
    """A device in the middle of its message hears the end of the connection, and nothing of it is kept."""

    def words(device: Device) -> bytes:
        begin(device)
        device.say(b"half a message")
        in_the_middle.set()
        return device.hear()

    in_the_middle = threading.Event()
    async with listening(box) as listener:
        talking = asyncio.create_task(talk(listener, words))
        await until(in_the_middle.is_set, DEADLINE_S, "the message begun")
        await listener.close()
        assert await talking == b""
        await until(lambda: not list(box.spool.incoming.iterdir()), DEADLINE_S, "the draft removed")
    assert stored(box) == []
