"""A device that sends a mail again because it lost our 250, and devices that only seem to."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.arrive.listener import Listener
from gateway.spool import files
from gateway.spool.job import JobId, State
from gateway.spool.repeats import Repeats
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, send, stored, talk
from tests.gateway.spool.given import NOW_S, Box, config, opened
from tests.peers.loopback import until
from tests.peers.scanner import Device

OTHER = MAIL.replace(b"scan", b"scab")
REPEATS = {"repeats": 600.0}


def id_in(reply: bytes) -> JobId:
    """The job that a 250 names."""
    assert reply.startswith(b"250 2.0.0 Ok: taken as "), reply
    return JobId(reply.split()[-1].decode())


async def taken_as(listener: Listener, message: bytes = MAIL) -> JobId:
    """The job as which a mail on a connection of its own was taken, once it stands in the journal too."""
    job_id = id_in(await talk(listener, lambda device: send(device, message)))
    # Its row follows the 250; that of a repeat is there, or was of a job that is gone.
    await until(lambda: not listener.commits, DEADLINE_S, "the rows of all mails")
    return job_id


async def test_a_mail_whose_250_was_lost_goes_once(box):
    """Case 47: a device that went behind its dot and sends the same again hears the first one's job; one is owed."""

    def lose(device: Device) -> None:
        begin(device)
        device.say(MAIL + b".\r\n")
        device.reset()

    with capture_logs() as logged:
        async with listening(box, **REPEATS) as listener:
            await talk(listener, lose)
            await until(lambda: bool(box.journal.jobs()), DEADLINE_S, "the first one taken")
            await until(lambda: not listener.commits, DEADLINE_S, "the first one noted")
            (first,) = box.journal.jobs()
            assert [await taken_as(listener), await taken_as(listener)] == [first.id, first.id]
    assert stored(box) == [MAIL]
    assert list(box.spool.incoming.iterdir()) == []
    assert box.spool.in_hand == set()
    repeats = [line for line in logged if line["event"] == "smtp-repeat"]
    assert [(line["job"], line["client"], line["listener"]) for line in repeats] == [
        (first.id, "127.0.0.1", "smtp")
    ] * 2


async def test_two_scans_of_one_second_are_two(box):
    """Case 47: two different one-page scans of one device, of one size, at the same time, both go."""
    assert len(OTHER) == len(MAIL)
    async with listening(box, **REPEATS) as listener:
        ids = await asyncio.gather(taken_as(listener, MAIL), taken_as(listener, OTHER))
    assert len(set(ids)) == 2
    assert sorted(stored(box)) == sorted([MAIL, OTHER])


async def test_repeats_at_the_same_time_are_one(box):
    """Case 47: a device that gives up on a slow answer and sends at once again, on further connections, has one job."""
    async with listening(box, **REPEATS) as listener:
        ids = await asyncio.gather(*(taken_as(listener) for _ in range(6)))
    assert len(set(ids)) == 1
    assert stored(box) == [MAIL]


async def test_without_repeats_each_mail_is_one(box):
    """Equal mails are taken each by itself unless the listener says ``repeats``, and nothing is noted."""
    async with listening(box) as listener:
        assert await taken_as(listener) != await taken_as(listener)
    assert len(stored(box)) == 2
    assert box.database.rows("SELECT count(*) FROM taken") == [(0,)]


@pytest.mark.parametrize(
    "envelope", [(b"printer@local", b"boss@contoso.com"), (b"copier@local", b"office@contoso.com")]
)
async def test_the_same_to_others_is_another(box, envelope):
    """Case 47: the same bytes to another recipient, or from another sender, are another mail."""

    def words(device: Device) -> bytes:
        sender, recipient = envelope
        for said in (b"HELO x", b"MAIL FROM:<" + sender + b">", b"RCPT TO:<" + recipient + b">", b"DATA"):
            device.ask(said + b"\r\n")
        return device.ask(MAIL + b".\r\n")

    async with listening(box, **REPEATS) as listener:
        assert await taken_as(listener) != id_in(await talk(listener, words))
    assert stored(box) == [MAIL, MAIL]


async def test_recipients_in_another_order_are_the_same(box):
    """A repeat may name its recipients in another order."""

    def words(device: Device, *names: bytes) -> bytes:
        device.ask(b"HELO x\r\n")
        device.ask(b"MAIL FROM:<>\r\n")
        for name in names:
            device.ask(b"RCPT TO:<" + name + b"@contoso.com>\r\n")
        device.ask(b"DATA\r\n")
        return device.ask(MAIL + b".\r\n")

    async with listening(box, **REPEATS) as listener:
        first, second, fewer = [
            id_in(await talk(listener, lambda device, names=names: words(device, *names)))  # type: ignore[misc]
            for names in ((b"a", b"b"), (b"b", b"a"), (b"a",))
        ]
    assert first == second != fewer


async def test_a_mail_stamped_anew_is_another(box):
    """A repeat that the device gave another Date is taken again: rather two mails than a scan taken for another's."""
    async with listening(box, **REPEATS) as listener:
        ids = [await taken_as(listener, b"Date: %d\r\n" % second + MAIL) for second in (1, 2)]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("end", [State.FAILED, State.QUARANTINE])
async def test_a_failed_first_does_not_swallow_the_second(box, end):
    """Case 47: when the first job has failed, the same mail is taken anew, and from then on that one is the first."""
    async with listening(box, **REPEATS) as listener:
        first = await taken_as(listener)
        box.journal.fail_pending(first, NOW_S, "no PDF", end)
        files.move_aside(box.spool.jobs / first, box.spool.failed)
        second = await taken_as(listener)
        assert second != first
        assert await taken_as(listener) == second
    assert files.listing(box.spool.jobs) == (second,)


def send_it(box: Box, job_id: JobId) -> None:
    """Let a job have been sent."""
    for state in (State.READY, State.SENDING, State.SENT):
        box.journal.move(job_id, state, NOW_S)
    files.remove(box.spool.jobs / job_id)


def defer_it(box: Box, job_id: JobId) -> None:
    """Let a job wait for its upstream."""
    for state in (State.READY, State.DEFERRED):
        box.journal.move(job_id, state, NOW_S)


@pytest.mark.parametrize("become", [send_it, defer_it, lambda _box, _job_id: None])
async def test_a_restart_forgets_nothing(tmp_path, become: Callable[[Box, JobId], None]):
    """Case 47: a mail that was taken before a restart, sent meanwhile or not, is known after it."""
    ids = []
    for is_second in (False, True):
        with opened(config(tmp_path)) as box:
            box.recover()
            async with listening(box, **REPEATS) as listener:
                ids.append(await taken_as(listener))
            if not is_second:
                become(box, ids[0])
    assert ids[0] == ids[1]


async def test_a_job_that_is_nowhere_is_no_first(box):
    """A note of a job that neither journal nor spool knows makes no repeat: nothing is answered that is not ours."""
    async with listening(box, **REPEATS) as listener:
        first = await taken_as(listener)
        with box.database.transaction() as db:
            db.execute("DELETE FROM job WHERE id = ?", (first,))
        assert await taken_as(listener) == first  # its directory is there, and is adopted
        shutil.rmtree(box.spool.jobs / first)
        assert await taken_as(listener) != first


async def test_after_the_window_it_is_another(box):
    """The same mail after the window is a mail of its own."""
    async with listening(box, repeats=0.001) as listener:
        assert await taken_as(listener) != await taken_as(listener)


@pytest.mark.parametrize("name", ["taken", "note"])
async def test_a_journal_that_fails_makes_a_duplicate_at_worst(box, monkeypatch, name):
    """When repeats cannot be looked up or noted, the mail is taken, answered 250, and the fault is logged."""

    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Repeats, name, fail)
    with capture_logs() as logged:
        async with listening(box, **REPEATS) as listener:
            ids = [await taken_as(listener), await taken_as(listener)]
    assert len(set(ids)) == 2
    assert stored(box) == [MAIL, MAIL]
    assert [line["reason"] for line in logged if line["event"] == "local-fault"] == [
        "journal: database or disk is full"
    ] * 2


async def test_a_commit_that_fails_is_no_first(box, monkeypatch):
    """Case 47: a mail that we answered 451 is taken when it comes again."""
    real = files.commit_all

    def fail(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    async with listening(box, **REPEATS) as listener:
        monkeypatch.setattr(files, "commit_all", fail)
        assert (await talk(listener, send)).startswith(b"451")
        monkeypatch.setattr(files, "commit_all", real)
        await taken_as(listener)
    assert stored(box) == [MAIL]
