"""What a device hears when our disk is at fault: never 5xx, for on that it would throw the scan away."""

import errno
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.arrive import policy
from gateway.arrive.arriving import HELD_BYTES, STORED
from gateway.spool import durable, files, recover
from gateway.spool.job import JobId
from gateway.spool.journal import Journal
from tests.gateway.arrive.doorway import MAIL, begin, listening, send, stored, talk
from tests.gateway.spool.given import NOW_S, Box
from tests.peers.scanner import Device


def fail_writing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have every write to an arriving message fail."""

    def write_all(fd: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(durable, "write_all", write_all)


def fail_flushing(monkeypatch: pytest.MonkeyPatch, number: int, name: str) -> None:
    """Have the flush of whatever has a name like this fail."""
    real = os.fsync

    def fsync(fd: int) -> None:
        if re.fullmatch(name, Path(f"/proc/self/fd/{fd}").readlink().name):
            raise OSError(number, os.strerror(number))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)


def fail_beginning(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have no draft to be had."""

    def begin_as(*_: object) -> files.Draft:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "begin_as", begin_as)


def assert_untouched(box: Box) -> None:
    """Nothing is owed, and no draft is left or in hand."""
    assert stored(box) == []
    assert list(box.spool.incoming.iterdir()) == []
    assert box.spool.in_hand == set()


@pytest.mark.parametrize(
    ("number", "reply"),
    [
        (errno.ENOSPC, b"452 4.3.1 "),
        (errno.EDQUOT, b"452 4.3.1 "),
        (errno.EIO, b"451 4.3.0 "),
        (errno.EROFS, b"451 4.3.0 "),
    ],
)
@pytest.mark.parametrize("step", ["write", "flush", "envelope", "parent"])
@pytest.mark.parametrize("copies", [1, 20_000])
async def test_a_fault_of_the_disk_is_temporary(box, monkeypatch, number, reply, step, copies):
    """Wherever the disk fails, the device hears a temporary refusal, nothing is left, and its next try is taken."""

    def words(device: Device) -> tuple[bytes, bytes]:
        begin(device)
        refused = device.ask(MAIL * copies + b".\r\n")
        monkeypatch.undo()
        assert_untouched(box)
        return refused, send(device)

    match step:
        case "write":
            fail_writing(monkeypatch, number)
        case "flush":
            fail_flushing(monkeypatch, number, re.escape(STORED))
        case "envelope":
            fail_flushing(monkeypatch, number, re.escape(files.ENVELOPE))
        case _:
            fail_flushing(monkeypatch, number, "jobs")
    async with listening(box) as listener:
        refused, taken = await talk(listener, words)
    assert refused.startswith(reply)
    assert taken.startswith(b"250")
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("size_bytes", [100, 2 * HELD_BYTES])
@pytest.mark.parametrize(("number", "reply"), [(errno.ENOSPC, b"452 "), (errno.EMFILE, b"451 ")])
async def test_a_draft_that_cannot_be_begun_is_refused(box, monkeypatch, number, reply, size_bytes):
    """When no draft can be had, a message of any size is heard to its end and refused, and the session goes on."""

    def words(device: Device) -> tuple[bytes, bytes]:
        return send(device, b"QUIT\r\n" * (size_bytes // 6)), device.ask(b"NOOP\r\n")

    fail_beginning(monkeypatch, number)
    async with listening(box) as listener:
        refused, alive = await talk(listener, words)
    assert refused.startswith(reply)
    assert alive.startswith(b"250")
    assert_untouched(box)


@pytest.mark.parametrize("size_bytes", [100, 2 * HELD_BYTES])
async def test_after_354_the_message_is_never_heard_as_commands(box, monkeypatch, size_bytes):
    """A draft that vanishes before it is written is refused behind the message, whose lines are never commands."""
    real = files.begin_as

    def begin_as(spool: files.Spool, job_id: JobId) -> files.Draft:
        draft = real(spool, job_id)
        shutil.rmtree(draft.originals)
        return draft

    def words(device: Device) -> list[bytes]:
        return [send(device, b"QUIT\r\n" * (size_bytes // 6)), device.ask(b"NOOP\r\n")]

    monkeypatch.setattr(files, "begin_as", begin_as)
    async with listening(box) as listener:
        replies = await talk(listener, words)
    assert [reply[:3] for reply in replies] == [b"451", b"250"]
    assert_untouched(box)


@pytest.mark.parametrize("size_bytes", [100, 2 * HELD_BYTES])
async def test_a_fault_of_our_own_before_the_commit_is_temporary(box, monkeypatch, size_bytes):
    """The same for an error on the way to the commit, with a draft begun: it does not stay behind."""

    def whom_to_tell(_: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(policy, "whom_to_tell", whom_to_tell)
    async with listening(box) as listener:
        reply = await talk(listener, lambda device: send(device, b"QUIT\r\n" * (size_bytes // 6)))
    assert reply.startswith(b"451 4.3.0 ")
    assert_untouched(box)


async def test_too_little_room_is_refused_at_mail(box):
    """With less free space than the reserve and twice the declared size, MAIL is answered 452 and logged."""
    free = files.free_bytes(box.spool)

    def words(device: Device) -> list[bytes]:
        device.ask(b"EHLO x\r\n")
        return [device.ask(b"MAIL FROM:<> SIZE=%d\r\n" % size) for size in (free // 2 + 10**9, 1000)]

    with capture_logs() as logged:
        async with listening(box, message_limit=free * 2) as listener:
            replies = await talk(listener, words)
    assert [reply[:3] for reply in replies] == [b"452", b"250"]
    assert [line["listener"] for line in logged if line["event"] == "space-low"] == ["smtp"]


async def test_a_journal_that_fails_loses_nothing(box, monkeypatch):
    """A committed mail that the journal cannot take now is answered 250, and adopted later."""

    def admit(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Journal, "admit_all", admit)
    async with listening(box) as listener:
        assert (await talk(listener, send)).startswith(b"250")
    monkeypatch.undo()
    assert box.journal.jobs() == []
    assert recover.adopt(box.spool, box.journal, NOW_S) == 1
    assert stored(box) == [MAIL]


async def test_a_fault_of_our_own_is_temporary(box, monkeypatch):
    """An error nobody foresaw is answered 451 and logged with its traceback; nothing is left, the session goes on."""

    def commit_all(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(files, "commit_all", commit_all)
    with capture_logs() as logged:
        async with listening(box) as listener:
            reply, alive = await talk(listener, lambda device: (send(device), device.ask(b"NOOP\r\n")))
    assert reply.startswith(b"451 4.3.0 ")
    assert alive.startswith(b"250")
    assert [type(line["exc_info"]) for line in logged if line["event"] == "local-fault"] == [ZeroDivisionError]
    assert_untouched(box)


async def test_a_fault_of_our_own_within_a_message_is_temporary(box, monkeypatch):
    """An error nobody foresaw in the midst of a message is told behind it: its lines are never heard as commands."""

    def write_all(*_: object) -> int:
        raise ZeroDivisionError

    def words(device: Device) -> list[bytes]:
        return [send(device, b"QUIT\r\n" * (HELD_BYTES // 2)), device.ask(b"NOOP\r\n")]

    monkeypatch.setattr(durable, "write_all", write_all)
    with capture_logs() as logged:
        async with listening(box) as listener:
            replies = await talk(listener, words)
    assert [reply[:3] for reply in replies] == [b"451", b"250"]
    assert [type(line["exc_info"]) for line in logged if line["event"] == "local-fault"] == [ZeroDivisionError]
    assert_untouched(box)
